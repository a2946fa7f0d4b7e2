//! A model's `.gguf`: geometry and tensors. Read with candle; only rows of the word table are decoded here.

use std::io::Cursor;

use bytes::Bytes;
use candle_core::Device;
use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::Content;

use super::error::{EmbedError, Result};
use super::math::LANES;

/// Name of the file in a model's folder.
pub(super) const WEIGHTS_FILE: &str = "encoder.gguf";
/// `Q4_0`: 32 numbers as one f16 scale and 16 bytes of two.
const BLOCK_NUMBERS: usize = 32;
const BLOCK_BYTES: usize = 18;

/// Sizes of a BERT encoder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Geometry {
    pub(super) layers: usize,
    pub(super) hidden: usize,
    pub(super) inner: usize,
    pub(super) heads: usize,
    pub(super) positions: usize,
    pub(super) epsilon: f32,
}

/// An opened weights file.
pub(super) struct Weights {
    file: &'static str,
    bytes: Bytes,
    content: Content,
    pub(super) geometry: Geometry,
}

impl Weights {
    /// # Errors
    /// [`EmbedError::Malformed`] when the file is no GGUF or its sizes do not suit the encoder.
    pub(super) fn open(file: &'static str, bytes: Bytes) -> Result<Self> {
        let content = Content::read(&mut Cursor::new(&bytes)).map_err(|e| malformed(file, e))?;
        let number = |key: &str| -> Result<usize> {
            let value = content.metadata.get(key).ok_or_else(|| malformed(file, format!("{key} is missing")))?;
            Ok(value.to_u32().map_err(|e| malformed(file, e))? as usize)
        };
        let epsilon = content.metadata.get("bert.attention.layer_norm_epsilon").and_then(|v| v.to_f32().ok());
        let geometry = Geometry {
            layers: number("bert.block_count")?,
            hidden: number("bert.embedding_length")?,
            inner: number("bert.feed_forward_length")?,
            heads: number("bert.attention.head_count")?,
            positions: number("bert.context_length")?,
            epsilon: epsilon.unwrap_or(1e-12),
        };
        let Geometry { layers, hidden, inner, heads, positions, .. } = geometry;
        let head_fits = (1..=hidden).contains(&heads) && hidden % heads == 0 && (hidden / heads) % LANES == 0;
        let sizes_fit =
            hidden <= 4096 && inner % LANES == 0 && (1..=16_384).contains(&inner) && hidden % BLOCK_NUMBERS == 0;
        if !head_fits || !sizes_fit || !(1..=96).contains(&layers) || !(2..=8192).contains(&positions) {
            return Err(malformed(file, format!("{geometry:?} is not supported")));
        }
        Ok(Self { file, bytes, content, geometry })
    }

    /// A tensor in f32, row after row; `shape` is what it has to be.
    pub(super) fn dense(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let malformed = |e: candle_core::Error| self.malformed(e);
        let cursor = &mut Cursor::new(&self.bytes);
        let tensor = self.content.tensor(cursor, name, &Device::Cpu).map_err(malformed)?;
        if tensor.shape().dims() != shape {
            let reason = format!("{name} has shape {:?} instead of {shape:?}", tensor.shape().dims());
            return Err(self.malformed(reason));
        }
        let tensor = tensor.dequantize(&Device::Cpu).and_then(|t| t.flatten_all()).and_then(|t| t.to_vec1());
        tensor.map_err(malformed)
    }

    /// The word table, left in its file.
    pub(super) fn words(&self) -> Result<WordTable> {
        let hidden = self.geometry.hidden;
        let info = self.content.tensor_infos.get(WORDS).ok_or_else(|| self.malformed(format!("{WORDS} is missing")))?;
        let rows = match *info.shape.dims() {
            [rows, columns] if columns == hidden && info.ggml_dtype == GgmlDType::Q4_0 => rows,
            _ => return Err(self.malformed("the word table is not Q4_0")),
        };
        let row_bytes = hidden / BLOCK_NUMBERS * BLOCK_BYTES;
        let start = usize::try_from(self.content.tensor_data_offset + info.offset).map_err(|e| self.malformed(e))?;
        let end = rows.checked_mul(row_bytes).and_then(|length| start.checked_add(length));
        let end = end
            .filter(|end| *end <= self.bytes.len())
            .ok_or_else(|| self.malformed("the word table ends too early"))?;
        Ok(WordTable { bytes: self.bytes.slice(start..end), row_bytes, rows })
    }

    pub(super) fn malformed(&self, reason: impl ToString) -> EmbedError {
        malformed(self.file, reason)
    }
}

const WORDS: &str = "embeddings.word_embeddings.weight";

/// The rows of the word embedding in `Q4_0`, decoded one at a time.
pub(super) struct WordTable {
    bytes: Bytes,
    row_bytes: usize,
    rows: usize,
}

impl WordTable {
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Writes row `id` to `row`, which is one row long; `None` when there is no such row.
    pub(super) fn decode(&self, id: u32, row: &mut [f32]) -> Option<()> {
        let start = (id as usize).checked_mul(self.row_bytes)?;
        let blocks = self.bytes.get(start..start + self.row_bytes)?.as_chunks::<BLOCK_BYTES>().0;
        for (block, numbers) in blocks.iter().zip(row.as_chunks_mut::<BLOCK_NUMBERS>().0) {
            let scale = half(u16::from_le_bytes([block[0], block[1]]));
            let (low, high) = numbers.split_at_mut(BLOCK_NUMBERS / 2);
            for ((byte, low), high) in block[2..].iter().zip(low).zip(high) {
                *low = (f32::from(byte & 15) - 8.0) * scale;
                *high = (f32::from(byte >> 4) - 8.0) * scale;
            }
        }
        Some(())
    }
}

/// A 16-bit float. Infinities and NaN do not occur in scales and come out as large numbers.
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from(bits >> 10 & 0x1f);
    let fraction = f32::from(bits & 0x3ff);
    let magnitude =
        if exponent == 0 { fraction * 2f32.powi(-24) } else { (1024.0 + fraction) * 2f32.powi(exponent - 25) };
    sign * magnitude
}

#[allow(clippy::needless_pass_by_value)] // Taken by `map_err`.
fn malformed(file: &str, reason: impl ToString) -> EmbedError {
    EmbedError::Malformed { file: file.into(), reason: reason.to_string() }
}
