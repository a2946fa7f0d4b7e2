//! The tokenizer of an imported model: its `tokenizer.json`, read by the `tokenizers` crate.
//!
//! Truncation and padding of the file are ignored: the encoder knows its own length, and packs texts without padding.
//! Marks of the model in a text are plain characters, as in ours.

use tokenizers::{Encoding, TruncationDirection};

use super::error::{EmbedError, Result};

/// Name of the file in a model's folder.
pub(super) const TOKENIZER_FILE: &str = "tokenizer.json";

pub(super) struct Foreign {
    inner: tokenizers::Tokenizer,
    /// Marks around a single text.
    marks: usize,
}

impl Foreign {
    /// # Errors
    /// [`EmbedError::Malformed`] when the file is none that the crate reads.
    pub(super) fn read(bytes: &[u8]) -> Result<Self> {
        let mut inner = tokenizers::Tokenizer::from_bytes(bytes).map_err(malformed)?;
        inner.with_truncation(None).map_err(malformed)?;
        inner.with_padding(None);
        inner.set_encode_special_tokens(true);
        let marks = inner.encode_fast("", true).map_err(malformed)?.len();
        Ok(Self { inner, marks })
    }

    pub(super) fn vocabulary_len(&self) -> usize {
        // Ids may have gaps: the largest decides how many rows are needed.
        let largest = self.inner.get_vocab(true).values().copied().max();
        largest.map_or(0, |id| id as usize + 1)
    }

    pub(super) fn count(&self, text: &str) -> usize {
        self.bare(text).map_or(0, |encoding| encoding.len())
    }

    pub(super) fn offsets(&self, text: &str) -> Vec<(usize, usize)> {
        let Ok(encoding) = self.inner.encode(text, false) else { return Vec::new() };
        let mut before = (0, 0);
        let step = |&(start, end): &(usize, usize)| {
            let start = boundary(text, start).max(before.0);
            before = (start, boundary(text, end).max(before.1).max(start));
            before
        };
        encoding.get_offsets().iter().map(step).collect()
    }

    pub(super) fn encode(&self, text: &str, max: usize) -> Vec<u32> {
        let encoded = self.bare(text).ok().and_then(|mut encoding| {
            encoding.truncate(max.saturating_sub(self.marks), 0, TruncationDirection::Right);
            self.inner.post_process(encoding, None, true).ok()
        });
        // Without ids the encoder refuses the text, which is what is to happen to one that cannot be read.
        encoded.map(|encoding| encoding.get_ids().to_vec()).unwrap_or_default()
    }

    fn bare(&self, text: &str) -> tokenizers::Result<Encoding> {
        self.inner.encode_fast(text, false)
    }
}

/// The next character boundary at or after a byte.
fn boundary(text: &str, mut byte: usize) -> usize {
    while byte < text.len() && !text.is_char_boundary(byte) {
        byte += 1;
    }
    byte.min(text.len())
}

fn malformed(reason: impl ToString) -> EmbedError {
    EmbedError::Malformed { file: TOKENIZER_FILE.into(), reason: reason.to_string() }
}
