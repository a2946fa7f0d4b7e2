//! What editors put in place of what was read. It stays through every later reading, says when the website's own text has
//! changed meanwhile, and can be dropped.

use serde::{Deserialize, Serialize};

use crate::base::clock::{UnixMs, now_ms};
use crate::base::error::Outcome;
use crate::base::id::{DocumentId, SiteId};
use crate::base::{Code, Fault};
use crate::store::{Batch, Key, Snapshot, Table, Value};
use crate::svc::extract::facts::Fact;

use super::change::{Draft, replace};
use super::facts::kept_facts;
use super::{Document, FullText, NewChunk};

/// Most text of an original that is kept beside an edit, in bytes.
const ORIGINAL_BYTES_MAX: usize = 1024 * 1024;

/// An editor's title and text, with what was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Edit {
    pub title: Option<String>,
    pub chunks: Option<Vec<NewChunk>>,
    pub original: Original,
}

/// What was read last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Original {
    pub title: String,
    /// [`Draft::content_hash`] of what was read.
    pub hash: String,
    pub chunks: Vec<NewChunk>,
    #[serde(default)]
    pub facts: Vec<Fact>,
}

impl Value for Edit {
    const TABLE: Table = Table::Edits;
}

/// Shown with the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    pub at: UnixMs,
    /// E-mail address of the editor, or the name of the key.
    pub by: String,
    pub title: bool,
    pub text: bool,
    /// When a reading first found another text than the one that was edited.
    #[serde(default)]
    pub source_changed_at: Option<UnixMs>,
}

/// A change an editor wants. `None` leaves a part as it is.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    pub title: Option<String>,
    pub chunks: Option<Vec<NewChunk>>,
    pub by: String,
}

/// The edit of a document, if there is one.
pub fn edit_of(snapshot: &Snapshot, site: SiteId, id: DocumentId) -> Outcome<Option<Edit>> {
    Ok(snapshot.get(Key::of(site).and(id))?)
}

/// Puts an editor's title or text in place of what was read.
///
/// # Errors
/// [`Code::DocumentChanged`] when the document is not the `version` the editor saw; [`Code::Invalid`] when another document
/// has the very same text, or the original is too large to be kept beside the edit.
pub fn edit(batch: &mut Batch<'_>, site: SiteId, id: DocumentId, version: &str, wanted: Wanted) -> Outcome<Document> {
    let document = seen(batch, site, id, version)?;
    let mut edit = match batch.get::<Edit>(Key::of(site).and(id))? {
        Some(edit) => edit,
        None => Edit { title: None, chunks: None, original: original(batch, &document)? },
    };
    edit.title = wanted.title.or(edit.title).filter(|title| *title != edit.original.title);
    edit.chunks = wanted.chunks.or(edit.chunks).filter(|chunks| *chunks != edit.original.chunks);
    if edit.title.is_none() && edit.chunks.is_none() {
        if document.edited.is_none() {
            return Ok(document);
        }
        return restore(batch, document, edit.original);
    }
    let edited = Edited {
        at: now_ms(),
        by: wanted.by,
        title: edit.title.is_some(),
        text: edit.chunks.is_some(),
        source_changed_at: None,
    };
    let mut draft = Draft::of(&document, &edit.original);
    apply(&edit, &mut draft);
    let hash = draft.content_hash();
    let twin = batch.get_raw(Table::DocumentHashes, Key::of(site).and(hash.as_str()))?;
    if twin.is_some_and(|twin| twin != id.to_key()) {
        return Err(Fault::invalid(
            "another document has exactly this text already; change it, or delete one of the two",
        ));
    }
    batch.put(Key::of(site).and(id), &edit)?;
    let document = replace(batch, &Document { edited: Some(edited), ..document }, draft, hash)?;
    // The page is known by the text it has on its website, too.
    batch.put_raw(Table::DocumentHashes, Key::of(site).and(edit.original.hash.as_str()), id.to_key().to_vec());
    Ok(document)
}

/// Drops the edit: what was read last is the document again.
///
/// # Errors
/// [`Code::DocumentChanged`] as for [`edit()`]; [`Code::NotFound`] when there is no edit.
pub fn drop_edit(batch: &mut Batch<'_>, site: SiteId, id: DocumentId, version: &str) -> Outcome<Document> {
    let document = seen(batch, site, id, version)?;
    let edit = batch
        .get::<Edit>(Key::of(site).and(id))?
        .ok_or_else(|| Fault::not_found(format!("edit of document {id}; it is as it was read")))?;
    restore(batch, document, edit.original)
}

fn restore(batch: &mut Batch<'_>, document: Document, original: Original) -> Outcome<Document> {
    batch.delete(Table::Edits, Key::of(document.site).and(document.id));
    let draft = Draft::of(&document, &original);
    replace(batch, &Document { edited: None, ..document }, draft, original.hash)
}

fn seen(batch: &Batch<'_>, site: SiteId, id: DocumentId, version: &str) -> Outcome<Document> {
    let document: Document =
        batch.get(Key::of(site).and(id))?.ok_or_else(|| Fault::not_found(format!("document {id} in this site")))?;
    if document.version() == version {
        return Ok(document);
    }
    let by = document.edited.as_ref().map(|edited| format!(" by {}", edited.by)).unwrap_or_default();
    Err(Fault::new(
        Code::DocumentChanged,
        format!(
            "the document was changed{by} since you opened it; nothing was saved. Compare your text with version {} and send it again with that version",
            document.version()
        ),
    ))
}

fn original(batch: &Batch<'_>, document: &Document) -> Outcome<Original> {
    let mut chunks = Vec::with_capacity(document.chunks.len());
    if let Some(full) = batch.get::<FullText>(Key::of(document.site).and(document.id))? {
        chunks = full.chunks;
    } else {
        for &id in &document.chunks {
            if let Some(chunk) = batch.get::<super::Chunk>(Key::of(document.site).and(id))? {
                chunks.push(NewChunk { section: chunk.section, text: chunk.text, shape: chunk.shape });
            }
        }
    }
    if chunks.iter().map(|chunk| chunk.text.len()).sum::<usize>() > ORIGINAL_BYTES_MAX {
        return Err(Fault::invalid(format!(
            "a document of more than {} MB cannot be edited; split it, and upload the parts",
            ORIGINAL_BYTES_MAX / 1_048_576
        )));
    }
    let facts = kept_facts(batch, document.site, document.id)?;
    Ok(Original { title: document.title.clone(), hash: document.content_hash.clone(), chunks, facts })
}

/// Puts what an editor wrote into what was read.
fn apply(edit: &Edit, draft: &mut Draft) {
    if let Some(title) = &edit.title {
        draft.title.clone_from(title);
    }
    if let Some(chunks) = &edit.chunks {
        draft.chunks.clone_from(chunks);
        // What was read may be just what the editor corrected: no facts are better than wrong ones.
        draft.facts.clear();
    }
}

/// What a reading of an edited document means.
pub(super) enum Reading {
    /// The page is as it was when it was edited.
    Same,
    /// The website's text has changed: what is kept of it has been replaced.
    Changed,
}

/// Takes in a reading of the page an editor changed: keeps it as the original, and turns the draft into what the editor wants.
pub(super) fn take_reading(batch: &mut Batch<'_>, document: &mut Document, draft: &mut Draft) -> Outcome<Reading> {
    let at = Key::of(document.site).and(document.id);
    let Some(mut edit) = batch.get::<Edit>(&at)? else { return Ok(Reading::Same) };
    let hash = draft.content_hash();
    let is_same = hash == edit.original.hash;
    if edit.original.facts != draft.facts {
        edit.original.facts.clone_from(&draft.facts);
        batch.put(&at, &edit)?;
    }
    if !is_same {
        batch.delete(Table::DocumentHashes, Key::of(document.site).and(edit.original.hash.as_str()));
        batch.put_raw(Table::DocumentHashes, Key::of(document.site).and(hash.as_str()), document.id.to_key().to_vec());
        edit.original.hash = hash;
        edit.original.title.clone_from(&draft.title);
        // A text too large to be kept leaves the one before; the next reading after the edit is dropped mends it.
        if draft.chunks.iter().map(|chunk| chunk.text.len()).sum::<usize>() <= ORIGINAL_BYTES_MAX {
            edit.original.chunks.clone_from(&draft.chunks);
        }
        batch.put(&at, &edit)?;
        if let Some(edited) = &mut document.edited {
            edited.source_changed_at.get_or_insert(now_ms());
        }
    }
    apply(&edit, draft);
    Ok(if is_same { Reading::Same } else { Reading::Changed })
}

/// Whether a draft is what was read of an edited document.
pub(super) fn is_original(batch: &Batch<'_>, document: &Document, hash: &str) -> Outcome<bool> {
    let edit = batch.get::<Edit>(Key::of(document.site).and(document.id))?;
    Ok(edit.is_some_and(|edit| edit.original.hash == hash))
}

/// Forgets the edit of a document that goes.
pub(super) fn forget(batch: &mut Batch<'_>, document: &Document) -> Outcome<()> {
    let at = Key::of(document.site).and(document.id);
    if let Some(edit) = batch.get::<Edit>(&at)? {
        batch.delete(Table::DocumentHashes, Key::of(document.site).and(edit.original.hash.as_str()));
        batch.delete(Table::Edits, at);
    }
    Ok(())
}
