//! Sizes of a BERT encoder: from a GGUF's metadata, or from a `config.json`.
//!
//! Deliberately absent: other activations, relative positions, factorised or rotary embeddings. What differs from
//! BERT is refused by name, since its vectors would be wrong without a sign of it.

use std::collections::HashMap;

use candle_core::quantized::gguf_file::Value;
use serde::Deserialize;

use super::math::LANES;

/// Numbers of a quantised block; rows of every kind are whole blocks.
pub(super) const BLOCK_NUMBERS: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Geometry {
    pub(super) layers: usize,
    pub(super) hidden: usize,
    pub(super) inner: usize,
    pub(super) heads: usize,
    /// Longest text in tokens.
    pub(super) positions: usize,
    /// Row of the position table that the first token gets: `RoBERTa` counts from behind its padding.
    pub(super) first_position: usize,
    /// Rows of the type table; a single text has type 0.
    pub(super) types: usize,
    pub(super) epsilon: f32,
}

/// What matters of a model's `config.json`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct ModelConfig {
    pub(super) model_type: String,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    max_position_embeddings: usize,
    #[serde(default = "one")]
    type_vocab_size: usize,
    #[serde(default = "small")]
    layer_norm_eps: f32,
    #[serde(default = "gelu")]
    hidden_act: String,
    #[serde(default)]
    pad_token_id: usize,
    #[serde(default = "absolute")]
    position_embedding_type: String,
    pub(super) vocab_size: usize,
}

fn one() -> usize {
    1
}

fn small() -> f32 {
    1e-12
}

fn gelu() -> String {
    "gelu".to_owned()
}

fn absolute() -> String {
    "absolute".to_owned()
}

impl ModelConfig {
    /// # Errors
    /// Why the text is no configuration of a model that can be computed here.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let config: Self = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        let is_known = matches!(config.model_type.as_str(), "bert" | "xlm-roberta" | "roberta" | "camembert");
        if !is_known {
            return Err(format!(
                "the model is of the family \"{}\"; BERT and XLM-RoBERTa can be used (bert, xlm-roberta, roberta, camembert)",
                config.model_type
            ));
        }
        if config.hidden_act != "gelu" {
            return Err(format!("its activation is \"{}\"; only gelu can be computed", config.hidden_act));
        }
        if config.position_embedding_type != "absolute" {
            return Err(format!(
                "its positions are \"{}\"; only absolute ones can be used",
                config.position_embedding_type
            ));
        }
        Ok(config)
    }

    /// # Errors
    /// Why the sizes do not suit the encoder.
    pub(super) fn geometry(&self) -> Result<Geometry, String> {
        let first_position = if self.model_type == "bert" { 0 } else { self.pad_token_id.saturating_add(1) };
        let positions = self.max_position_embeddings.checked_sub(first_position);
        Geometry {
            layers: self.num_hidden_layers,
            hidden: self.hidden_size,
            inner: self.intermediate_size,
            heads: self.num_attention_heads,
            positions: positions.ok_or("it has fewer positions than marks before the first")?,
            first_position,
            types: self.type_vocab_size,
            epsilon: self.layer_norm_eps,
        }
        .checked()
    }
}

impl Geometry {
    /// From the metadata of a GGUF, or `None` when it says nothing of sizes. Position tables of such files begin with
    /// the first token. `types`: rows of the type table, where the file has one.
    ///
    /// # Errors
    /// Why the sizes do not suit the encoder.
    pub(super) fn of_metadata(metadata: &HashMap<String, Value>, types: Option<usize>) -> Result<Option<Self>, String> {
        if !metadata.contains_key("bert.block_count") {
            return Ok(None);
        }
        let number = |key: &str| -> Result<usize, String> {
            let value = metadata.get(key).ok_or_else(|| format!("{key} is missing"))?;
            Ok(value.to_u32().map_err(|e| e.to_string())? as usize)
        };
        let epsilon = metadata.get("bert.attention.layer_norm_epsilon").and_then(|v| v.to_f32().ok());
        let geometry = Self {
            layers: number("bert.block_count")?,
            hidden: number("bert.embedding_length")?,
            inner: number("bert.feed_forward_length")?,
            heads: number("bert.attention.head_count")?,
            positions: number("bert.context_length")?,
            first_position: 0,
            types: types.unwrap_or(2),
            epsilon: epsilon.unwrap_or_else(small),
        };
        geometry.checked().map(Some)
    }

    fn checked(self) -> Result<Self, String> {
        let Self { layers, hidden, inner, heads, positions, first_position, types, epsilon } = self;
        let head_fits = (1..=hidden).contains(&heads) && hidden % heads == 0 && (hidden / heads) % LANES == 0;
        let sizes_fit =
            hidden <= 4096 && inner % LANES == 0 && (1..=16_384).contains(&inner) && hidden % BLOCK_NUMBERS == 0;
        let tables_fit = (2..=8192).contains(&positions) && first_position <= 16 && (1..=16).contains(&types);
        if !head_fits || !sizes_fit || !tables_fit || !(1..=96).contains(&layers) || !(0.0..0.1).contains(&epsilon) {
            return Err(format!(
                "{self:?} is not supported: heads of a multiple of {LANES} numbers, rows of a multiple of {BLOCK_NUMBERS}, at most \
                 4096 of them, at most 96 layers and 8192 positions"
            ));
        }
        Ok(self)
    }
}
