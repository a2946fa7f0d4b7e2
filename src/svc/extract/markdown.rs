//! Markdown with optional front matter, read through the same walker as HTML.

use super::assemble::{Event, assemble};
use super::{Extracted, Rejected, dates, html, text};

const FRONT_LINES_MAX: usize = 100;

/// Statements before the text.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Front {
    pub title: Option<String>,
    pub url: Option<String>,
    pub canonical: Option<String>,
    pub updated: Option<String>,
    pub language: Option<String>,
    pub noindex: bool,
}

impl Front {
    /// Takes `key: value`; false when the key says nothing to us.
    pub fn take(&mut self, key: &str, value: &str) -> bool {
        let value = value.trim().trim_matches(['"', '\'', '<', '>']).trim();
        let filled = || (!value.is_empty()).then(|| value.to_owned());
        let address = || (value.starts_with("http://") || value.starts_with("https://")).then(|| value.to_owned());
        match key.trim().to_ascii_lowercase().as_str() {
            "title" | "titel" => self.title = filled(),
            "url" | "source" | "source_url" | "permalink" | "link" | "quelle" => {
                self.url = address().or(self.url.take());
            }
            "canonical" | "canonical_url" => self.canonical = address(),
            "updated" | "modified" | "lastmod" | "last_modified" | "stand" => self.updated = dates::parse(value),
            "date" | "datum" => self.updated = self.updated.take().or_else(|| dates::parse(value)),
            "lang" | "language" | "sprache" => {
                self.language = filled().map(|l| l.chars().take(2).collect::<String>().to_lowercase());
            }
            "noindex" => self.noindex = value == "true",
            _ => return false,
        }
        true
    }
}

/// Reads a Markdown file.
///
/// # Errors
/// `TooComplex` for hostile nesting.
pub fn read(source: &str, base: &str) -> Result<Extracted, Rejected> {
    let (front, body) = split_front(source);
    let options = pulldown_cmark::Options::ENABLE_TABLES
        | pulldown_cmark::Options::ENABLE_STRIKETHROUGH
        | pulldown_cmark::Options::ENABLE_TASKLISTS
        | pulldown_cmark::Options::ENABLE_FOOTNOTES;
    let mut markup = String::with_capacity(body.len() * 3 / 2);
    pulldown_cmark::html::push_html(&mut markup, pulldown_cmark::Parser::new_ext(body, options));
    let link_base = front.url.as_deref().unwrap_or(base);
    let (events, meta) = html::read_fragment(&markup, link_base)?;
    let heading = events.iter().find_map(|e| match e {
        Event::Heading(level, text) if *level <= 2 => Some(text.clone()),
        _ => None,
    });
    let title = front.title.clone().map(|t| text::squash(&t)).or(heading).unwrap_or_default();
    let updated = front.updated.clone().or_else(|| dates::labelled(body));
    Ok(Extracted {
        sections: assemble(events, &title),
        title,
        language: front.language,
        canonical: front.canonical,
        stated_url: front.url,
        updated,
        links: meta.links,
        noindex: front.noindex,
        jsonld: meta.jsonld,
        ..Extracted::default()
    })
}

/// Front matter between `---` (or `+++`) lines, and the rest.
pub fn split_front(source: &str) -> (Front, &str) {
    let mut front = Front::default();
    let fence = if source.starts_with("+++") { "+++" } else { "---" };
    let mut lines = source.split_inclusive('\n');
    if lines.next().is_some_and(|l| l.trim_end() == fence) {
        let mut at = source.find('\n').map_or(source.len(), |i| i + 1);
        for line in lines.take(FRONT_LINES_MAX) {
            at += line.len();
            if line.trim_end() == fence || line.trim_end() == "..." {
                return (front, &source[at..]);
            }
            if let Some((key, value)) = line.split_once([':', '=']) {
                front.take(key, value);
            }
        }
        return (Front::default(), source);
    }
    plain_front(source, front)
}

/// Bare `url: https://…` lines at the very top, as plain exports write them.
fn plain_front(source: &str, mut front: Front) -> (Front, &str) {
    let mut at = 0;
    for line in source.split_inclusive('\n').take(10) {
        let taken = line.trim().is_empty()
            || line.split_once(':').is_some_and(|(key, value)| {
                let bare = key.trim().trim_start_matches("<!--").trim();
                !key.starts_with(char::is_whitespace)
                    && !value.trim().is_empty()
                    && front.take(bare, value.trim().trim_end_matches("-->"))
            });
        if !taken {
            break;
        }
        at += line.len();
    }
    (front, &source[at..])
}
