//! Bytes in, document out: what kind of file it is, its characters, its main content as sections, and its facts about
//! itself (title, language, date, canonical address, links).
//!
//! Invariants: never reads a file or the network; work is bounded by the input cap and by the node and depth limits;
//! text is NFC, whitespace-normalised and free of markup; every refusal names its cause and the mend;
//! files of foreign programs (PDF, Office, OpenDocument, books, mail) are read by another process under limits; a reader that
//! panics refuses its file and harms no other.
//! Text in pictures is recognised by a command of the operator's, if there is one (`ocr.rs`). Deliberately absent: chunking, storage. CPU-bound: call it on a blocking thread.

pub mod apart;
pub mod archive;
mod assemble;
mod charset;
mod chrome;
mod csv;
mod dates;
mod epub;
pub mod facts;
mod html;
mod json;
mod mail;
mod markdown;
mod meta;
pub mod ocr;
mod odf;
mod odf_table;
mod office;
mod pack;
mod pdf;
mod plain;
mod render;
mod report;
mod rows;
mod scan;
mod sniff;
mod tables;
mod tags;
mod text;
mod tree;
mod walk;
mod xml;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_data;
#[cfg(test)]
mod tests_html;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::base::limits::FILE_BYTES_MAX;

pub use plain::guess_url;
pub use report::Report;
pub use sniff::{bytes_max, is_foreign_type};

/// Raised when the same bytes give other text than before: what an older version has read is then read again.
pub const READER: u32 = 2;
/// Largest input read by default, in bytes.
pub const INPUT_BYTES_MAX: usize = 10 * 1024 * 1024;

/// One file or response body to read.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The bytes, decompressed.
    pub bytes: &'a [u8],
    /// The `Content-Type` header, when there was one.
    pub content_type: Option<&'a str>,
    /// The page's address or the file's path; addresses are the base of relative links.
    pub path_or_url: &'a str,
}

/// A document as read.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Extracted {
    /// Never empty: falls back to the file name.
    pub title: String,
    /// Two-letter code (`de`, `en`, …), from the text itself or from the page's own statement.
    pub language: Option<String>,
    /// `rel=canonical`, absolute where the base is known.
    pub canonical: Option<String>,
    /// The address the document itself states (front matter, `url:` line, `og:url`, saved-from comment).
    pub stated_url: Option<String>,
    /// `YYYY-MM-DD`.
    pub updated: Option<String>,
    /// In reading order; headings without text of their own have no section.
    pub sections: Vec<Section>,
    /// Every `http(s)` link of the whole page, absolute, in order, each address once.
    pub links: Vec<Link>,
    /// The page asks not to be indexed.
    pub noindex: bool,
    /// The page asks that its links are not followed.
    pub nofollow: bool,
    /// What was uncertain.
    pub warnings: Vec<Warning>,
    /// Parsed `application/ld+json` scripts, graphs and arrays flattened.
    pub jsonld: Vec<serde_json::Value>,
    /// Mostly links: an overview page, a poor answer by itself.
    pub is_link_list: bool,
    /// What was read of the file, and what was not.
    #[serde(default)]
    pub report: Report,
    /// What the document states, with where it stands.
    #[serde(default)]
    pub facts: Vec<facts::Fact>,
}

impl Extracted {
    /// The whole text, headings included, for display and duplicate detection.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        for section in &self.sections {
            if let Some(heading) = section.path.last() {
                out.push_str(heading);
                out.push('\n');
            }
            for block in &section.blocks {
                out.push_str(&block.to_text());
                out.push('\n');
            }
        }
        out
    }
}

/// The blocks under one heading.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Section {
    /// Headings from the outermost below the title to this one; empty for text right under the title.
    pub path: Vec<String>,
    /// In reading order, never empty.
    pub blocks: Vec<Block>,
}

/// A piece of text with a shape.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Block {
    /// Running text.
    Paragraph {
        /// One line.
        text: String,
    },
    /// List; definition lists arrive as `term: value` items.
    List {
        /// Numbered.
        ordered: bool,
        /// One line each; nested items follow their parent.
        items: Vec<String>,
    },
    /// Table with spans filled in.
    Table {
        /// All rows have the same number of cells.
        rows: Vec<Vec<String>>,
        /// The first row holds the column names.
        header: bool,
    },
    /// Quotation.
    Quote {
        /// One line.
        text: String,
    },
    /// Preformatted text, line breaks kept.
    Code {
        /// Verbatim.
        text: String,
    },
}

/// A link of the page.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Link {
    /// Absolute address.
    pub url: String,
    /// Link text, may be empty (pictures).
    pub text: String,
    /// `rel=nofollow` or `rel=sponsored`.
    pub nofollow: bool,
}

/// Something the editor may want to look at.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Warning {
    /// Stable code.
    pub code: Cow<'static, str>,
    /// English sentence.
    pub text: String,
}

impl Warning {
    pub(crate) fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { code: Cow::Borrowed(code), text: text.into() }
    }
}

/// Why a file was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectCode {
    /// A known type that is not read yet.
    UnsupportedType,
    /// No text at all.
    Binary,
    /// Shows its content only after running scripts.
    NeedsJavascript,
    /// Readable, but without text.
    Empty,
    /// More bytes than the cap.
    TooLarge,
    /// Nested too deep or too many elements.
    TooComplex,
    /// Characters could not be decoded.
    BadEncoding,
    /// Its reader could not make sense of it, or needed too much time or memory.
    Damaged,
    /// Behind a password.
    Protected,
}

impl RejectCode {
    /// Stable code as serialised.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnsupportedType => "unsupported_type",
            Self::Binary => "binary",
            Self::NeedsJavascript => "needs_javascript",
            Self::Empty => "empty",
            Self::TooLarge => "too_large",
            Self::TooComplex => "too_complex",
            Self::BadEncoding => "bad_encoding",
            Self::Damaged => "damaged",
            Self::Protected => "protected",
        }
    }
}

/// A refusal: code for programs, English sentence with the mend for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
#[error("{reason}")]
pub struct Rejected {
    /// Stable code.
    pub code: RejectCode,
    /// English sentence with the mend.
    pub reason: String,
}

impl Rejected {
    pub(crate) fn new(code: RejectCode, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }
}

/// Reads one file with the default input cap.
///
/// # Errors
/// See [`RejectCode`].
pub fn extract(input: Input<'_>) -> Result<Extracted, Rejected> {
    extract_capped(input, INPUT_BYTES_MAX)
}

/// Reads one file of at most `bytes_max` bytes.
///
/// # Errors
/// See [`RejectCode`].
pub fn extract_capped(input: Input<'_>, bytes_max: usize) -> Result<Extracted, Rejected> {
    // A reader that gives up by a panic refuses this file; it keeps nothing between files that could be left half done.
    catch_unwind(AssertUnwindSafe(|| read(input, bytes_max))).unwrap_or_else(|_| {
        tracing::error!(file = input.path_or_url, "the reader of a file panicked");
        Err(Rejected::new(
            RejectCode::Damaged,
            "the file cannot be read (its reader broke): save it again, or publish its content as a page",
        ))
    })
}

fn read(input: Input<'_>, bytes_max: usize) -> Result<Extracted, Rejected> {
    fail::fail_point!("extract-read");
    let kind = sniff::sniff(&input);
    let is_foreign = kind.as_ref().is_ok_and(|kind| kind.is_foreign());
    // Their bytes are mostly pictures and fonts.
    let bytes_max = if is_foreign { bytes_max.max(FILE_BYTES_MAX) } else { bytes_max };
    if input.bytes.len() > bytes_max {
        return Err(Rejected::new(
            RejectCode::TooLarge,
            format!("{} MB is over the limit of {} MB; split it", input.bytes.len() / 1_048_576, bytes_max / 1_048_576),
        ));
    }
    if let (Err(_), Some(ending)) = (&kind, sniff::picture(input.bytes))
        && ocr::is_on()
    {
        return ocr::picture(input, ending).map(|found| finish(found, input.path_or_url, "picture"));
    }
    match kind? {
        sniff::Kind::Pdf => {
            ocr::complete(input, apart::extract(input)).map(|found| finish(found, input.path_or_url, "pdf"))
        }
        kind if kind.is_foreign() => apart::extract(input),
        _ => extract_here(input),
    }
}

/// Reads a file in this process.
fn extract_here(input: Input<'_>) -> Result<Extracted, Rejected> {
    let kind = sniff::sniff(&input)?;
    let found = match kind {
        sniff::Kind::Pdf => pdf::read(input.bytes)?,
        sniff::Kind::Office => office::read(input.bytes)?,
        sniff::Kind::OpenDocument => odf::read(input.bytes)?,
        sniff::Kind::Epub => epub::read(input.bytes)?,
        sniff::Kind::Mail => mail::read(input.bytes)?,
        sniff::Kind::Archive => {
            return Err(Rejected::new(
                RejectCode::UnsupportedType,
                "not read here: a ZIP archive; upload it, or offer its files one by one",
            ));
        }
        _ => {
            let decoded = charset::decode(input.bytes, input.content_type, kind)?;
            let mut found = match kind {
                sniff::Kind::Html => html::read(&decoded.text, input.path_or_url)?,
                sniff::Kind::Markdown => markdown::read(&decoded.text, input.path_or_url)?,
                sniff::Kind::Csv => csv::read(&decoded.text),
                sniff::Kind::Json => json::read(&decoded.text)?,
                sniff::Kind::Xml => xml::read(&decoded.text)?,
                _ => plain::read(&decoded.text, input.path_or_url),
            };
            found.warnings.extend(decoded.warning);
            found
        }
    };
    if found.sections.is_empty() {
        return Err(Rejected::new(
            RejectCode::Empty,
            "the page holds no text: check that its content is not only pictures or loaded by scripts",
        ));
    }
    Ok(finish(found, input.path_or_url, kind.name()))
}

/// What every reader leaves to the end: a title, the language, the report.
fn finish(mut found: Extracted, path_or_url: &str, format: &str) -> Extracted {
    if found.title.is_empty() {
        found.title = text::title_from_name(path_or_url);
        found.warnings.push(Warning::new("no_title", "no title found; the file name is used"));
    }
    found.language = meta::language(&found);
    Report::complete(&mut found, format);
    // Web pages state more than their text: their reader has collected it.
    if format != sniff::Kind::Html.name() {
        found.facts = facts::collect(&found.title, &found.sections, None, path_or_url, &mut found.warnings);
    }
    found
}
