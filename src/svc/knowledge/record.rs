//! The stored shapes.

use serde::{Deserialize, Serialize};

use crate::base::clock::UnixMs;
use crate::base::id::{ChunkId, DocumentId, JobId, SiteId, SourceId};
use crate::store::{Key, Table, Value};
use crate::svc::extract::Report;

use super::CopyOf;
use super::edit::Edited;

/// A page or file that was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "each is a mark of its own, and stored as one")]
pub struct Document {
    pub id: DocumentId,
    pub site: SiteId,
    /// Page URL, or path relative to the ingested folder.
    pub key: String,
    /// Keys of other pages or files with the same text.
    #[serde(default)]
    pub aliases: Vec<String>,
    pub title: String,
    /// What may be shown as a link. A URL guessed from a file name is not here.
    #[serde(default)]
    pub url: Option<String>,
    /// URL guessed from a file name: identifies the document, is never shown.
    #[serde(default)]
    pub url_guess: Option<String>,
    /// Two letters, `de` or `en` where known.
    pub language: String,
    #[serde(default)]
    pub source: Option<SourceId>,
    /// BLAKE3 of title and text, hexadecimal.
    pub content_hash: String,
    pub chunks: Vec<ChunkId>,
    #[serde(default)]
    pub excluded: bool,
    /// Date the page states, `YYYY-MM-DD`.
    #[serde(default)]
    pub updated: Option<String>,
    pub ingested_at: UnixMs,
    #[serde(default)]
    pub warnings: Vec<String>,
    /// What was read of the page or file, and what was not.
    #[serde(default)]
    pub report: Option<Report>,
    /// The page mostly lists links: it helps to find, it does not answer.
    #[serde(default)]
    pub is_link_list: bool,
    /// Its website did not have it when it was last read.
    #[serde(default)]
    pub missing: Option<Missing>,
    /// An editor wants it although its website no longer has it.
    #[serde(default)]
    pub kept: bool,
    /// Blocks that repeat across its website and are left out of its chunks (see [`super::Repeated`]).
    #[serde(default)]
    pub left_out: u32,
    /// It repeats another document and is searched under that one.
    #[serde(default)]
    pub copy_of: Option<CopyOf>,
    /// Documents that repeat this one.
    #[serde(default)]
    pub copies: Vec<DocumentId>,
    /// An editor wants it for itself although it repeats another.
    #[serde(default)]
    pub apart: bool,
    /// Where its bytes are; `None` for pages, which their website has.
    #[serde(default)]
    pub origin: Option<Origin>,
    /// An editor changed title or text.
    #[serde(default)]
    pub edited: Option<Edited>,
}

/// Where the bytes of a file are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Origin {
    /// It was sent and is kept.
    Blob { hash: String, name: String, content_type: Option<String> },
    /// It lies on this machine; `modified_ms`: when it was last changed before it was read.
    File { path: String, modified_ms: UnixMs },
}

/// Since when and how often a page was missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    pub since: UnixMs,
    /// Crawls in a row.
    pub crawls: u32,
    /// The last of them: a job that runs again counts once.
    #[serde(default)]
    pub job: Option<JobId>,
    /// When it left every search.
    pub left_at: Option<UnixMs>,
}

impl Document {
    /// Whether it left every search because its website no longer has it.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.missing.is_some_and(|missing| missing.left_at.is_some())
    }

    /// Changes with title and text: what an editor saw is still there when the version is the same.
    #[must_use]
    pub fn version(&self) -> &str {
        self.content_hash.get(..16).unwrap_or(&self.content_hash)
    }

    /// Whether searches find it.
    #[must_use]
    pub fn is_live(&self) -> bool {
        !self.excluded && !self.has_left() && self.copy_of.is_none()
    }
}

impl Value for Document {
    const TABLE: Table = Table::Documents;
}

/// A passage: what is searched, embedded and cited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chunk {
    pub document: DocumentId,
    /// Position in the document, from 0.
    pub ord: u32,
    /// Heading path under the title.
    pub section: Vec<String>,
    /// Lines: a paragraph, list item or table row each.
    pub text: String,
    /// See [`NewChunk::shape`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub shape: String,
    /// BLAKE3 of the text that is embedded (see [`Chunk::passage`]), hexadecimal.
    pub text_hash: String,
}

impl Value for Chunk {
    const TABLE: Table = Table::Chunks;
}

impl Chunk {
    /// The text that is embedded: where the passage stands, then the passage.
    #[must_use]
    pub fn passage(title: &str, section: &[String], text: &str) -> String {
        let mut passage = String::with_capacity(title.len() + text.len() + 64);
        passage.push_str(title);
        for heading in section.iter().filter(|h| h.as_str() != title) {
            passage.push_str(" – ");
            passage.push_str(heading);
        }
        passage.push('\n');
        passage.push_str(text);
        passage
    }
}

/// A chunk before it has a number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewChunk {
    pub section: Vec<String>,
    pub text: String,
    /// One letter per line of the text: `h` a heading, `p` running text, `l` a list item, `t` a table row; upper case where
    /// a block begins. Empty when unknown: each line counts as running text then.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub shape: String,
}

/// A change to searchable content, under site and sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub op: Op,
    pub chunk: ChunkId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// The chunk is to be found by its words.
    Words,
    /// The chunk's vector is stored: it is to be found by meaning.
    Vector,
    /// The chunk is not to be found any more.
    Delete,
}

impl Value for Change {
    const TABLE: Table = Table::Outbox;
}

/// Key of the embed queue: priority, site, chunk. The values are empty.
#[derive(Debug, Clone, Copy)]
pub struct QueueItem;

impl QueueItem {
    /// The passage itself.
    pub const PASSAGE: u8 = 0;
    /// The sentences of the passage, for the evidence gate.
    pub const SENTENCES: u8 = 1;
    /// Both once more for the other model of a site that changes its model; they come last.
    pub const OTHER_PASSAGE: u8 = 2;
    pub const OTHER_SENTENCES: u8 = 3;
    pub const ALL: [u8; 4] = [Self::PASSAGE, Self::SENTENCES, Self::OTHER_PASSAGE, Self::OTHER_SENTENCES];
}

/// Key of a stored vector: model, then BLAKE3 of the embedded text.
#[derive(Debug, Clone, Copy)]
pub struct VectorKey;

impl VectorKey {
    /// The model's part of a key, which comes first.
    pub const MODEL_BYTES: usize = 32;

    #[must_use]
    pub fn of(model: &[u8; 32], text: &str) -> Key {
        Self::of_hash(model, blake3::hash(text.as_bytes()).as_bytes())
    }

    #[must_use]
    pub fn of_hash(model: &[u8; 32], hash: &[u8; 32]) -> Key {
        Key::of(model).and(hash)
    }

    /// A vector as it is stored: f32, little endian.
    #[must_use]
    pub fn to_bytes(vector: &[f32]) -> Vec<u8> {
        vector.iter().flat_map(|x| x.to_le_bytes()).collect()
    }

    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Vec<f32> {
        bytes.chunks_exact(4).filter_map(|b| b.try_into().ok()).map(f32::from_le_bytes).collect()
    }
}
