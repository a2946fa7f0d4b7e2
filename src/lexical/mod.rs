//! Word search: German and English text analysis, and one word index per site.
//!
//! * [`WordIndex`] is a tantivy directory. It is a cache: the store is the truth, an outbox feeds it, and whatever looks
//!   wrong at [`WordIndex::open`] is wiped so that the caller fills it again.
//! * The analysis functions ([`tokens`], [`stem`], [`split_compound`], …) are the same for indexing, for queries and for
//!   whoever else compares words (the evidence gate).
//!
//! Invariants: a text is analysed the same way in documents and questions; user text never reaches a query parser; the
//! score of a search depends on the living entries only, never on how they are spread over segments.
//! Deliberately absent: the text itself (nothing is stored but keys), phrase search, synonyms.

mod analysis;
mod fuzzy;
mod index;
mod query;
mod sealed;
mod statistics;
#[cfg(test)]
mod tests;

pub use analysis::{Lang, Token, detect, fold, is_stopword, split_compound, stem, tokens};
pub use index::WordIndex;

/// One searchable chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The chunk's key; an upsert replaces the entry with the same key.
    pub key: u64,
    /// The document the chunk belongs to; carried for callers, not indexed.
    pub doc: u64,
    /// Language of the text; decides stemming and compound splitting.
    pub lang: Lang,
    pub title: String,
    /// Headings above the chunk, joined.
    pub section: String,
    pub body: String,
    /// Words of the address, separated by blanks.
    pub url_words: String,
}

/// One result of [`WordIndex::search`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    pub key: u64,
    /// Sum of weighted BM25 scores; comparable within one search only.
    pub score: f32,
}

/// What can go wrong in the word index.
#[derive(Debug, thiserror::Error)]
pub enum LexicalError {
    /// The folder cannot be read or written.
    #[error("word index folder: {0}")]
    Io(#[from] std::io::Error),
    /// The index reported an error.
    #[error("word index: {0}")]
    Index(#[from] tantivy::TantivyError),
    /// Files differ from what was written, or contradict each other.
    #[error("word index is damaged: {0}")]
    Damaged(String),
}
