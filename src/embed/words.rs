//! The word table: left as it lies in its file, rows are decoded as they are used.

use bytes::Bytes;
use candle_core::DType;
use candle_core::quantized::GgmlDType;

use super::geometry::BLOCK_NUMBERS;

/// How the numbers of a row lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// 32 numbers as one f16 scale and 16 bytes of two.
    Q4,
    /// 32 numbers as one f16 scale and 32 bytes.
    Q8,
    F16,
    Bf16,
    F32,
}

impl Form {
    /// The form of a tensor of a GGUF; `None` when rows cannot be decoded one at a time.
    pub(super) fn of_ggml(dtype: GgmlDType) -> Option<Self> {
        match dtype {
            GgmlDType::Q4_0 => Some(Self::Q4),
            GgmlDType::Q8_0 => Some(Self::Q8),
            GgmlDType::F16 => Some(Self::F16),
            GgmlDType::BF16 => Some(Self::Bf16),
            GgmlDType::F32 => Some(Self::F32),
            _ => None,
        }
    }

    pub(super) fn of_dtype(dtype: DType) -> Option<Self> {
        match dtype {
            DType::F16 => Some(Self::F16),
            DType::BF16 => Some(Self::Bf16),
            DType::F32 => Some(Self::F32),
            _ => None,
        }
    }

    /// Bytes of a row of `columns` numbers, a multiple of 32.
    const fn row_bytes(self, columns: usize) -> usize {
        match self {
            Self::Q4 => columns / BLOCK_NUMBERS * Q4_BYTES,
            Self::Q8 => columns / BLOCK_NUMBERS * Q8_BYTES,
            Self::F16 | Self::Bf16 => columns * 2,
            Self::F32 => columns * 4,
        }
    }
}

const Q4_BYTES: usize = 18;
const Q8_BYTES: usize = 34;

/// The rows of the word embedding.
pub(super) struct WordTable {
    bytes: Bytes,
    form: Form,
    row_bytes: usize,
    rows: usize,
}

impl WordTable {
    /// `None` when `bytes` are not `rows` rows of `columns` numbers.
    pub(super) fn new(bytes: Bytes, form: Form, rows: usize, columns: usize) -> Option<Self> {
        let row_bytes = form.row_bytes(columns);
        (rows.checked_mul(row_bytes)? == bytes.len()).then_some(Self { bytes, form, row_bytes, rows })
    }

    /// Bytes that `rows` rows take up, if that can be said.
    pub(super) fn bytes_of(form: Form, rows: usize, columns: usize) -> Option<usize> {
        rows.checked_mul(form.row_bytes(columns))
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Writes row `id` to `row`, which is one row long; `None` when there is no such row.
    pub(super) fn decode(&self, id: u32, row: &mut [f32]) -> Option<()> {
        let start = (id as usize).checked_mul(self.row_bytes)?;
        let bytes = self.bytes.get(start..start + self.row_bytes)?;
        match self.form {
            Form::Q4 => decode_q4(bytes, row),
            Form::Q8 => decode_q8(bytes, row),
            Form::F16 => {
                let halves = bytes.as_chunks::<2>().0;
                row.iter_mut().zip(halves).for_each(|(to, from)| *to = half(u16::from_le_bytes(*from)));
            }
            Form::Bf16 => {
                let halves = bytes.as_chunks::<2>().0;
                row.iter_mut()
                    .zip(halves)
                    .for_each(|(to, from)| *to = f32::from_bits(u32::from(u16::from_le_bytes(*from)) << 16));
            }
            Form::F32 => {
                row.iter_mut().zip(bytes.as_chunks::<4>().0).for_each(|(to, from)| *to = f32::from_le_bytes(*from));
            }
        }
        Some(())
    }
}

fn decode_q4(bytes: &[u8], row: &mut [f32]) {
    for (block, numbers) in bytes.as_chunks::<Q4_BYTES>().0.iter().zip(row.as_chunks_mut::<BLOCK_NUMBERS>().0) {
        let scale = half(u16::from_le_bytes([block[0], block[1]]));
        let (low, high) = numbers.split_at_mut(BLOCK_NUMBERS / 2);
        for ((byte, low), high) in block[2..].iter().zip(low).zip(high) {
            *low = (f32::from(byte & 15) - 8.0) * scale;
            *high = (f32::from(byte >> 4) - 8.0) * scale;
        }
    }
}

fn decode_q8(bytes: &[u8], row: &mut [f32]) {
    for (block, numbers) in bytes.as_chunks::<Q8_BYTES>().0.iter().zip(row.as_chunks_mut::<BLOCK_NUMBERS>().0) {
        let scale = half(u16::from_le_bytes([block[0], block[1]]));
        block[2..].iter().zip(numbers).for_each(|(byte, to)| *to = f32::from(byte.cast_signed()) * scale);
    }
}

/// A 16-bit float. Infinities and NaN do not occur in weights and come out as large numbers.
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from(bits >> 10 & 0x1f);
    let fraction = f32::from(bits & 0x3ff);
    let magnitude =
        if exponent == 0 { fraction * 2f32.powi(-24) } else { (1024.0 + fraction) * 2f32.powi(exponent - 25) };
    sign * magnitude
}
