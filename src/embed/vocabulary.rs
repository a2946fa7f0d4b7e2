//! `vocabulary.bin`: the pieces, their scores and the normaliser's table. models/convert.py writes it and documents it.
//!
//! The pieces are held in a finite-state transducer (about 3 MB) that is built while loading.

use std::io::Read as _;

use flate2::read::ZlibDecoder;
use fst::raw::Output;
use tokenizers::normalizers::Precompiled;

use super::error::{EmbedError, Result};

/// Name of the file in a model's folder.
pub(super) const VOCABULARY_FILE: &str = "vocabulary.bin";
const MAGIC: &[u8; 8] = b"DEVOC1\0\0";
/// Unpacked size past which a file is refused.
const BYTES_MAX: u64 = 64 << 20;

/// First token of every text, last token of every text, and the token of what no piece spells.
pub(super) const BEGIN: u32 = 0;
pub(super) const END: u32 = 2;
pub(super) const UNKNOWN: u32 = 3;
/// Marks no text may spell: they are left out of the search, so that "</s>" in a text is just these four characters.
const MARKS: [&[u8]; 5] = [b"<s>", b"<pad>", b"</s>", b"<unk>", b"<mask>"];

/// The tables of a Unigram tokenizer.
pub(super) struct Vocabulary {
    pub(super) charsmap: Precompiled,
    pieces: fst::Map<Vec<u8>>,
    /// Log probability by token id.
    scores: Vec<f32>,
    lowest: f64,
}

impl Vocabulary {
    /// # Errors
    /// [`EmbedError::Malformed`] when the file is not of this layout.
    pub(super) fn read(packed: &[u8]) -> Result<Self> {
        let mut raw = Vec::new();
        ZlibDecoder::new(packed).take(BYTES_MAX).read_to_end(&mut raw).map_err(malformed)?;
        let mut rest = raw.as_slice();
        if take(&mut rest, MAGIC.len())? != MAGIC {
            return Err(malformed("not a vocabulary of this version"));
        }
        let count = take_u32(&mut rest)?;
        let charsmap_bytes = take_u32(&mut rest)?;
        let charsmap = Precompiled::from(take(&mut rest, charsmap_bytes)?).map_err(malformed)?;
        let scores = take(&mut rest, count.checked_mul(4).ok_or_else(|| malformed("too many pieces"))?)?;
        let scores: Vec<f32> = scores.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        if count <= UNKNOWN as usize || scores.iter().any(|score| !score.is_finite()) {
            return Err(malformed("too few pieces, or a score that is no number"));
        }
        let mut pieces: Vec<(&[u8], u64)> = Vec::with_capacity(count);
        for id in 0..count as u64 {
            let length = take(&mut rest, 1)?[0];
            let piece = take(&mut rest, usize::from(length))?;
            if !MARKS.contains(&piece) {
                pieces.push((piece, id));
            }
        }
        pieces.sort_unstable();
        let mut builder = fst::MapBuilder::memory();
        builder.extend_iter(pieces).map_err(malformed)?;
        let lowest = f64::from(scores.iter().copied().fold(f32::INFINITY, f32::min));
        Ok(Self { charsmap, pieces: builder.into_map(), scores, lowest })
    }

    /// Score of a character that no piece spells: the penalty of `SentencePiece` below the rarest piece.
    pub(super) fn unknown_score(&self) -> f64 {
        self.lowest - 10.0
    }

    /// Calls `found(length in bytes, id, score)` for every piece that `text` begins with, shortest first.
    pub(super) fn prefixes(&self, text: &[u8], mut found: impl FnMut(usize, u32, f64)) {
        let fst = self.pieces.as_fst();
        let mut node = fst.root();
        let mut output = Output::zero();
        for (at, byte) in text.iter().enumerate() {
            let Some(index) = node.find_input(*byte) else {
                return;
            };
            let transition = node.transition(index);
            output = output.cat(transition.out);
            node = fst.node(transition.addr);
            if node.is_final() {
                let id = output.cat(node.final_output()).value();
                if let Ok(id) = u32::try_from(id) {
                    found(at + 1, id, f64::from(self.scores[id as usize]));
                }
            }
        }
    }

    /// Number of token ids, the marks included.
    pub(super) fn len(&self) -> usize {
        self.scores.len()
    }
}

#[allow(clippy::needless_pass_by_value)] // Taken by `map_err`.
fn malformed(reason: impl ToString) -> EmbedError {
    EmbedError::Malformed { file: VOCABULARY_FILE.into(), reason: reason.to_string() }
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8]> {
    rest.split_off(..count).ok_or_else(|| malformed("ends too early"))
}

fn take_u32(rest: &mut &[u8]) -> Result<usize> {
    let bytes = take(rest, 4)?;
    Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
}
