//! A model's weights by the names BERT has for them: from a GGUF or from safetensors, read with candle.
//!
//! Files of others call the same tensors differently: with the name of the model before it, or in the short names of
//! llama.cpp. That is settled here, once, so that [`super::body`] knows one set of names.

use std::io::Cursor;

use bytes::Bytes;
use candle_core::quantized::gguf_file::Content;
use candle_core::safetensors::{Load as _, SliceSafetensors};
use candle_core::{DType, Device};

use super::error::{EmbedError, Result};
use super::geometry::{Geometry, ModelConfig};
use super::manifest::Pooling;
use super::words::{Form, WordTable};

/// Name of the file in a folder of ours.
pub(super) const WEIGHTS_FILE: &str = "encoder.gguf";
/// Names of the files in the folder of an imported model.
pub(super) const SAFETENSORS_FILE: &str = "model.safetensors";
pub(super) const GGUF_FILE: &str = "model.gguf";

const WORDS: &str = "embeddings.word_embeddings.weight";
const TYPES: &str = "embeddings.token_type_embeddings.weight";
/// What may stand before the names.
const PREFIXES: [&str; 3] = ["", "bert.", "roberta."];
/// Largest word table that has to be decoded as a whole, in bytes.
const DECODED_BYTES_MAX: usize = 2 << 30;

/// An opened weights file.
pub(super) struct Weights {
    file: &'static str,
    bytes: Bytes,
    source: Source,
    names: Names,
    pub(super) geometry: Geometry,
}

enum Source {
    Gguf(Box<Content>),
    Safetensors,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    Prefixed(&'static str),
    LlamaCpp,
}

impl Names {
    fn of(has: impl Fn(&str) -> bool) -> Self {
        if has("token_embd.weight") {
            return Self::LlamaCpp;
        }
        let prefix = PREFIXES.into_iter().find(|prefix| has(&format!("{prefix}{WORDS}")));
        // Files of single layers have no words, and no prefix.
        Self::Prefixed(prefix.unwrap_or_default())
    }

    fn resolve(self, name: &str) -> String {
        match self {
            Self::Prefixed(prefix) => format!("{prefix}{name}"),
            Self::LlamaCpp => llama_name(name).unwrap_or_else(|| name.to_owned()),
        }
    }
}

/// llama.cpp's name of a tensor.
fn llama_name(name: &str) -> Option<String> {
    let (stem, kind) = name.rsplit_once('.')?;
    let short = match stem {
        "embeddings.word_embeddings" => "token_embd".to_owned(),
        "embeddings.position_embeddings" => "position_embd".to_owned(),
        "embeddings.token_type_embeddings" => "token_types".to_owned(),
        "embeddings.LayerNorm" => "token_embd_norm".to_owned(),
        _ => {
            let (number, part) = stem.strip_prefix("encoder.layer.")?.split_once('.')?;
            let part = match part {
                "attention.self.query" => "attn_q",
                "attention.self.key" => "attn_k",
                "attention.self.value" => "attn_v",
                "attention.output.dense" => "attn_output",
                "attention.output.LayerNorm" => "attn_output_norm",
                "intermediate.dense" => "ffn_up",
                "output.dense" => "ffn_down",
                "output.LayerNorm" => "layer_output_norm",
                _ => return None,
            };
            format!("blk.{number}.{part}")
        }
    };
    Some(format!("{short}.{kind}"))
}

impl Weights {
    /// Opens a GGUF. Its own metadata give the sizes; `config` gives them where it has none.
    ///
    /// # Errors
    /// [`EmbedError::Malformed`] when the file is no GGUF or its sizes do not suit the encoder.
    pub(super) fn open(file: &'static str, bytes: Bytes, config: Option<&ModelConfig>) -> Result<Self> {
        let content = Content::read(&mut Cursor::new(&bytes)).map_err(|e| malformed(file, e))?;
        let names = Names::of(|name| content.tensor_infos.contains_key(name));
        let types = content.tensor_infos.get(&names.resolve(TYPES)).and_then(|info| info.shape.dims().first().copied());
        let stated = Geometry::of_metadata(&content.metadata, types).map_err(|e| malformed(file, e))?;
        let geometry = match (stated, config) {
            (Some(geometry), _) => geometry,
            (None, Some(config)) => config.geometry().map_err(|e| malformed(file, e))?,
            (None, None) => {
                return Err(malformed(
                    file,
                    "it does not state its sizes (bert.block_count); put config.json beside it",
                ));
            }
        };
        Ok(Self { file, bytes, source: Source::Gguf(Box::new(content)), names, geometry })
    }

    /// Opens a safetensors file.
    ///
    /// # Errors
    /// [`EmbedError::Malformed`] when the file is none, or the configured sizes do not suit the encoder.
    pub(super) fn open_safetensors(file: &'static str, bytes: Bytes, config: &ModelConfig) -> Result<Self> {
        let names = {
            let opened = SliceSafetensors::new(&bytes).map_err(|e| malformed(file, e))?;
            Names::of(|name| opened.get(name).is_ok())
        };
        let geometry = config.geometry().map_err(|e| malformed(file, e))?;
        Ok(Self { file, bytes, source: Source::Safetensors, names, geometry })
    }

    /// A tensor in f32, row after row; `shape` is what it has to be.
    pub(super) fn dense(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let malformed = |e: candle_core::Error| self.malformed(e);
        let name = self.names.resolve(name);
        let tensor = match &self.source {
            Source::Gguf(content) => {
                // Before candle multiplies sizes that nobody has looked at.
                let stated = content.tensor_infos.get(&name).map(|info| info.shape.dims());
                if let Some(dims) = stated.filter(|dims| *dims != shape) {
                    return Err(self.malformed(format!("{name} has shape {dims:?} instead of {shape:?}")));
                }
                let tensor = content.tensor(&mut Cursor::new(&self.bytes), &name, &Device::Cpu);
                tensor.and_then(|tensor| tensor.dequantize(&Device::Cpu)).map_err(malformed)?
            }
            Source::Safetensors => {
                let opened = SliceSafetensors::new(&self.bytes).map_err(malformed)?;
                let tensor = opened.get(&name).and_then(|view| view.load(&Device::Cpu)).map_err(malformed)?;
                if !matches!(tensor.dtype(), DType::F32 | DType::F16 | DType::BF16) {
                    return Err(
                        self.malformed(format!("{name} is {:?}; f32, f16 and bf16 can be read", tensor.dtype()))
                    );
                }
                tensor.to_dtype(DType::F32).map_err(malformed)?
            }
        };
        if tensor.dims() != shape {
            return Err(self.malformed(format!("{name} has shape {:?} instead of {shape:?}", tensor.dims())));
        }
        tensor.flatten_all().and_then(|tensor| tensor.to_vec1()).map_err(malformed)
    }

    /// The position table from the first token on, `[positions, hidden]`, the type embedding of a single text added.
    pub(super) fn positions(&self) -> Result<Vec<f32>> {
        let Geometry { hidden, positions, first_position, types, .. } = self.geometry;
        let mut table = self.dense("embeddings.position_embeddings.weight", &[first_position + positions, hidden])?;
        table.drain(..first_position * hidden);
        let types = self.dense(TYPES, &[types, hidden])?;
        for row in table.chunks_exact_mut(hidden) {
            row.iter_mut().zip(&types).for_each(|(position, kind)| *position += kind);
        }
        Ok(table)
    }

    /// The word table, left in its file where rows can be decoded one at a time.
    pub(super) fn words(&self) -> Result<WordTable> {
        let hidden = self.geometry.hidden;
        let name = self.names.resolve(WORDS);
        let wrong_shape =
            |dims: &[usize]| self.malformed(format!("{name} has shape {dims:?} instead of [_, {hidden}]"));
        let (bytes, form, rows) = match &self.source {
            Source::Gguf(content) => {
                let info =
                    content.tensor_infos.get(&name).ok_or_else(|| self.malformed(format!("{name} is missing")))?;
                let rows = match *info.shape.dims() {
                    [rows, columns] if columns == hidden => rows,
                    ref dims => return Err(wrong_shape(dims)),
                };
                match Form::of_ggml(info.ggml_dtype) {
                    Some(form) => {
                        let start = content.tensor_data_offset.checked_add(info.offset);
                        let start = start.ok_or_else(|| self.malformed("the word table lies nowhere"))?;
                        (self.slice(start, (form, rows, hidden))?, form, rows)
                    }
                    None => (self.decoded(rows)?, Form::F32, rows),
                }
            }
            Source::Safetensors => {
                let opened = SliceSafetensors::new(&self.bytes).map_err(|e| self.malformed(e))?;
                let view = opened.get(&name).map_err(|e| self.malformed(e))?;
                let rows = match *view.shape() {
                    [rows, columns] if columns == hidden => rows,
                    ref dims => return Err(wrong_shape(dims)),
                };
                let dtype = DType::try_from(view.dtype()).map_err(|e| self.malformed(e))?;
                let form = Form::of_dtype(dtype)
                    .ok_or_else(|| self.malformed(format!("{name} is {dtype:?}; f32, f16 and bf16 can be read")))?;
                (self.bytes.slice_ref(view.data()), form, rows)
            }
        };
        // Of a file in memory only the words are needed later: a slice would keep the layers too.
        let bytes = if self.file == WEIGHTS_FILE { bytes } else { Bytes::copy_from_slice(&bytes) };
        WordTable::new(bytes, form, rows, hidden).ok_or_else(|| self.malformed("the word table ends too early"))
    }

    fn slice(&self, start: u64, (form, rows, columns): (Form, usize, usize)) -> Result<Bytes> {
        let start = usize::try_from(start).map_err(|e| self.malformed(e))?;
        let end = WordTable::bytes_of(form, rows, columns).and_then(|length| start.checked_add(length));
        let end = end
            .filter(|end| *end <= self.bytes.len())
            .ok_or_else(|| self.malformed("the word table ends too early"))?;
        Ok(self.bytes.slice(start..end))
    }

    /// The word table in f32, for forms whose rows do not lie apart.
    fn decoded(&self, rows: usize) -> Result<Bytes> {
        let hidden = self.geometry.hidden;
        let fits = WordTable::bytes_of(Form::F32, rows, hidden).is_some_and(|bytes| bytes <= DECODED_BYTES_MAX);
        if !fits {
            return Err(self.malformed("the word table is too large in this form; use a file with F16, Q8_0 or Q4_0"));
        }
        let table = self.dense(WORDS, &[rows, hidden])?;
        Ok(table.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>().into())
    }

    /// What the file itself says of pooling, where it says it.
    pub(super) fn stated_pooling(&self) -> Option<Pooling> {
        let Source::Gguf(content) = &self.source else { return None };
        match content.metadata.get("bert.pooling_type").and_then(|value| value.to_u32().ok()) {
            Some(1) => Some(Pooling::Mean),
            Some(2) => Some(Pooling::Cls),
            _ => None,
        }
    }

    pub(super) fn malformed(&self, reason: impl ToString) -> EmbedError {
        malformed(self.file, reason)
    }
}

#[allow(clippy::needless_pass_by_value)] // Taken by `map_err`.
fn malformed(file: &str, reason: impl ToString) -> EmbedError {
    EmbedError::Malformed { file: file.into(), reason: reason.to_string() }
}
