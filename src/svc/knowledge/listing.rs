//! Every page and file of a site with what became of it, filtered and a part at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::base::error::Outcome;
use crate::base::id::{DocumentId, IdError, SiteId, SourceId};
use crate::store::{Snapshot, Table, decode};

use super::{Absent, Document, Origin, Why, visit_absent};

/// What became of a page or file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Indexed,
    /// Searchable, with something an editor should know.
    IndexedWithWarnings,
    /// An editor took it out of every search.
    Excluded,
    /// Its source no longer has it; it can be taken back for a while.
    Gone,
    /// It repeats another document, under which it is found.
    Copy,
    /// It cannot be read.
    Failed,
    /// An editor deleted it; its source does not bring it back.
    Deleted,
}

impl State {
    #[must_use]
    pub fn of(document: &Document) -> Self {
        match document {
            d if d.excluded => Self::Excluded,
            d if d.has_left() => Self::Gone,
            d if d.copy_of.is_some() => Self::Copy,
            d if d.chunks.is_empty() => Self::Failed,
            d if !d.warnings.is_empty() => Self::IndexedWithWarnings,
            _ => Self::Indexed,
        }
    }

    #[must_use]
    pub fn of_absent(absent: &Absent) -> Self {
        match absent.why {
            Why::Deleted => Self::Deleted,
            Why::Failed { .. } => Self::Failed,
        }
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Indexed => "indexed",
            Self::IndexedWithWarnings => "indexed_with_warnings",
            Self::Excluded => "excluded",
            Self::Gone => "gone",
            Self::Copy => "copy",
            Self::Failed => "failed",
            Self::Deleted => "deleted",
        }
    }
}

/// What kind of file a document was read from, as people call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Page,
    Pdf,
    Word,
    Sheet,
    Slides,
    Mail,
    Text,
    Other,
}

impl Format {
    /// Told by the ending of an address or file name.
    #[must_use]
    pub fn of(key: &str) -> Self {
        let is_address = key.starts_with("http://") || key.starts_with("https://");
        let name = key.split(['?', '#']).next().unwrap_or(key).rsplit('/').next().unwrap_or(key);
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
        match ending.as_str() {
            "pdf" => Self::Pdf,
            "doc" | "docx" | "odt" | "rtf" | "epub" => Self::Word,
            "xls" | "xlsx" | "ods" | "csv" | "tsv" => Self::Sheet,
            "ppt" | "pptx" | "odp" => Self::Slides,
            "eml" | "mbox" => Self::Mail,
            "md" | "markdown" | "txt" => Self::Text,
            "html" | "htm" | "xhtml" => Self::Page,
            _ if is_address => Self::Page,
            _ => Self::Other,
        }
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Pdf => "pdf",
            Self::Word => "word",
            Self::Sheet => "sheet",
            Self::Slides => "slides",
            Self::Mail => "mail",
            Self::Text => "text",
            Self::Other => "other",
        }
    }
}

impl Document {
    #[must_use]
    pub fn format(&self) -> Format {
        match &self.origin {
            Some(Origin::Blob { name, .. }) => Format::of(name),
            Some(Origin::File { .. }) | None => Format::of(&self.key),
        }
    }
}

/// What is wanted. Everything that is not given is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// [`State::Indexed`] takes those with warnings in.
    pub state: Option<State>,
    pub source: Option<SourceId>,
    pub language: Option<String>,
    pub format: Option<Format>,
    /// Stands in title or key, whatever the case of its letters.
    pub words: String,
    pub is_edited: bool,
    /// Only these documents, and nothing that has none.
    pub ids: Option<BTreeSet<DocumentId>>,
}

impl Filter {
    fn has_words(&self, title: &str, key: &str) -> bool {
        self.words.is_empty() || [title, key].iter().any(|text| text.to_lowercase().contains(&self.words))
    }

    /// Whether the document is wanted. The words of the filter are lower case.
    #[must_use]
    pub fn takes(&self, document: &Document) -> bool {
        let state = State::of(document);
        let has_state = self
            .state
            .is_none_or(|wanted| wanted == state || (wanted == State::Indexed && state == State::IndexedWithWarnings));
        has_state
            && self.ids.as_ref().is_none_or(|ids| ids.contains(&document.id))
            && self.source.is_none_or(|source| document.source == Some(source))
            && self.language.as_ref().is_none_or(|language| *language == document.language)
            && self.format.is_none_or(|format| format == document.format())
            && (!self.is_edited || document.edited.is_some())
            && self.has_words(&document.title, &document.key)
    }

    fn takes_absent(&self, absent: &Absent) -> bool {
        let state = State::of_absent(absent);
        // What was deleted is shown to who asks for it only.
        let has_state = self.state.map_or(state != State::Deleted, |wanted| wanted == state);
        has_state
            && self.ids.is_none()
            && self.language.is_none()
            && !self.is_edited
            && self.source.is_none_or(|source| absent.source == Some(source))
            && self.format.is_none_or(|format| format == Format::of(&absent.key))
            && self.has_words(&absent.title, &absent.key)
    }
}

/// Behind what a part of the list begins: documents come first, in the order they came, then what has none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Cursor {
    #[default]
    Start,
    Document(DocumentId),
    Absent(String),
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => Ok(()),
            Self::Document(id) => write!(f, "{id}"),
            Self::Absent(key) => write!(f, "key:{key}"),
        }
    }
}

impl FromStr for Cursor {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match text.strip_prefix("key:") {
            _ if text.is_empty() => Ok(Self::Start),
            Some(key) => Ok(Self::Absent(key.to_owned())),
            None => text.parse().map(Self::Document),
        }
    }
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq)]
pub enum Listed {
    Document(Box<Document>),
    Absent(Absent),
}

/// How many of what there are in the site, whatever is filtered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Facets {
    pub states: BTreeMap<&'static str, u64>,
    pub languages: BTreeMap<String, u64>,
    pub formats: BTreeMap<&'static str, u64>,
    pub sources: BTreeMap<String, u64>,
    pub edited: u64,
}

/// A part of the list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    pub rows: Vec<Listed>,
    /// Where the next part begins, when there is one.
    pub next: Option<Cursor>,
    /// How many lines the whole list has.
    pub total: u64,
    pub facets: Facets,
}

impl Facets {
    fn count(&mut self, document: &Document) {
        *self.states.entry(State::of(document).name()).or_default() += 1;
        *self.languages.entry(document.language.clone()).or_default() += 1;
        *self.formats.entry(document.format().name()).or_default() += 1;
        if let Some(source) = document.source {
            *self.sources.entry(source.to_string()).or_default() += 1;
        }
        self.edited += u64::from(document.edited.is_some());
    }
}

impl Page {
    fn take(&mut self, row: impl FnOnce() -> (Listed, Cursor), limit: usize, last: &mut Cursor) {
        if self.rows.len() < limit {
            let (row, cursor) = row();
            self.rows.push(row);
            *last = cursor;
        } else if self.next.is_none() {
            self.next = Some(last.clone());
        }
    }
}

/// At most `limit` lines behind `after`. Walks every document of the site: off the async workers.
pub fn list(snapshot: &Snapshot, site: SiteId, filter: &Filter, after: &Cursor, limit: usize) -> Outcome<Page> {
    let mut page = Page::default();
    let mut last = after.clone();
    snapshot.visit(Table::Documents, &site.to_key(), None, |_, bytes| {
        let document: Document = decode(bytes)?;
        page.facets.count(&document);
        if filter.takes(&document) {
            page.total += 1;
            let is_behind = match after {
                Cursor::Start => true,
                Cursor::Document(id) => document.id > *id,
                Cursor::Absent(_) => false,
            };
            if is_behind {
                let cursor = Cursor::Document(document.id);
                page.take(|| (Listed::Document(Box::new(document)), cursor), limit, &mut last);
            }
        }
        Ok(true)
    })?;
    visit_absent(snapshot, site, |absent| {
        *page.facets.states.entry(State::of_absent(&absent).name()).or_default() += 1;
        if filter.takes_absent(&absent) {
            page.total += 1;
            if !matches!(after, Cursor::Absent(key) if absent.key <= *key) {
                let cursor = Cursor::Absent(absent.key.clone());
                page.take(|| (Listed::Absent(absent), cursor), limit, &mut last);
            }
        }
    })?;
    Ok(page)
}
