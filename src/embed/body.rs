//! BERT's encoder (Devlin et al. 2018, arXiv:1810.04805) for CPUs: f32 weights, packed once at load; the word table stays
//! in the bundle as it is.
//!
//! Texts of a batch lie one after the other without padding: linear layers see all rows, attention sees one text at a
//! time. A text therefore has the same states alone and in company. Everything runs on the calling thread.

use std::ops::Range;
use std::sync::Arc;

use super::error::{EmbedError, Result};
use super::geometry::Geometry;
use super::int8::{LinearInt8, Steps};
use super::kernels::{self, Level};
use super::math::{Block, LANES, Rows};
use super::weights::Weights;
use super::words::WordTable;

/// Most tokens of one batch; bounds the working memory (about 40 kB per token, and the longest text's scores).
const BATCH_TOKENS_MAX: usize = 16_384;

struct Linear {
    weights: Packed,
    bias: Vec<f32>,
}

enum Packed {
    F32(Vec<Block>),
    Int8(LinearInt8),
}

/// What the layers compute in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    /// f32: the same vectors on every machine.
    F32,
    /// 8-bit integers where the processor has instructions for them: faster and smaller, odds differ a little.
    Int8,
}

struct Norm {
    gain: Vec<f32>,
    bias: Vec<f32>,
}

struct Layer {
    /// Queries, keys and values beside each other; the queries are already divided by the root of the head's size.
    attend: Linear,
    attend_out: Linear,
    attend_norm: Norm,
    widen: Linear,
    narrow: Linear,
    out_norm: Norm,
}

/// Turns token ids into one state per token. Immutable: threads share it.
pub(super) struct Body {
    pub(super) geometry: Geometry,
    max_tokens: usize,
    level: Level,
    entry: Arc<Entry>,
    layers: Vec<Arc<Layer>>,
}

/// What turns ids into the first layer's input.
struct Entry {
    words: Arc<WordTable>,
    /// `[positions, hidden]`, the type embedding of a single text already added.
    positions: Vec<f32>,
    norm: Norm,
}

/// Buffers that one call uses again in every layer and head.
#[derive(Default)]
struct Scratch {
    keys: Vec<Block>,
    values: Vec<Block>,
    scores: Vec<f32>,
    steps: Steps,
}

impl Body {
    /// Decodes the weights. `max_tokens`: longest text, at most the file's number of positions.
    pub(super) fn load(
        weights: &Weights,
        words: Arc<WordTable>,
        max_tokens: usize,
        precision: Precision,
    ) -> Result<Self> {
        let geometry = weights.geometry;
        let positions = weights.positions()?;
        Ok(Self {
            geometry,
            max_tokens: max_tokens.min(geometry.positions),
            level: kernels::level(),
            entry: Arc::new(Entry { words, positions, norm: load_norm(weights, "embeddings.LayerNorm")? }),
            layers: (0..geometry.layers)
                .map(|n| load_layer(weights, n, precision).map(Arc::new))
                .collect::<Result<_>>()?,
        })
    }

    /// The same body with other last layers; everything before them is shared. `weights` numbers its layers from 0.
    ///
    /// # Errors
    /// [`EmbedError::Malformed`] when the layers are of another shape, or as many as the body has.
    pub(super) fn with_last(&self, weights: &Weights) -> Result<Self> {
        let own = weights.geometry;
        let fits = own.layers < self.layers.len() && Geometry { layers: self.geometry.layers, ..own } == self.geometry;
        if !fits {
            return Err(weights.malformed(format!("{own:?} cannot end {:?}", self.geometry)));
        }
        let mut layers: Vec<_> = self.layers.iter().take(self.layers.len() - own.layers).cloned().collect();
        for number in 0..own.layers {
            layers.push(Arc::new(load_layer(weights, number, Precision::F32)?));
        }
        Ok(Self {
            geometry: self.geometry,
            max_tokens: self.max_tokens,
            level: self.level,
            entry: Arc::clone(&self.entry),
            layers,
        })
    }

    /// The rows of each text, and the states of all of them: `[tokens of all texts, hidden]`.
    ///
    /// # Errors
    /// [`EmbedError::BadInput`] for a text without ids or with too many, an id outside the vocabulary, or more than
    /// 16 384 tokens altogether.
    pub(super) fn states(&self, texts: &[&[u32]]) -> Result<(Vec<Range<usize>>, Vec<f32>)> {
        let spans = self.check(texts)?;
        if spans.is_empty() {
            return Ok((spans, Vec::new()));
        }
        let rows = spans.last().map_or(0, |span| span.end);
        let mut state = self.embed_words(texts, rows)?;
        let Geometry { hidden, inner, epsilon, .. } = self.geometry;
        let mut attend = vec![0.0; rows * hidden * 3];
        let mut mixed = vec![0.0; rows * hidden];
        let mut wide = vec![0.0; rows * inner];
        let mut scratch = Scratch::default();
        for layer in &self.layers {
            self.linear(&layer.attend, &state, &mut attend, &mut scratch.steps);
            for span in &spans {
                self.attention(span, &attend, &mut mixed, &mut scratch);
            }
            // The first third of `attend` is free again and takes the result.
            let sum = &mut attend[..rows * hidden];
            self.linear(&layer.attend_out, &mixed, sum, &mut scratch.steps);
            kernels::add_norm(self.level, sum, &state, &layer.attend_norm.gain, &layer.attend_norm.bias, epsilon);
            self.linear(&layer.widen, sum, &mut wide, &mut scratch.steps);
            kernels::gelu(self.level, &mut wide);
            self.linear(&layer.narrow, &wide, &mut state, &mut scratch.steps);
            kernels::add_norm(self.level, &mut state, sum, &layer.out_norm.gain, &layer.out_norm.bias, epsilon);
        }
        Ok((spans, state))
    }

    /// The rows of each text.
    fn check(&self, texts: &[&[u32]]) -> Result<Vec<Range<usize>>> {
        let mut end = 0;
        let mut spans = Vec::with_capacity(texts.len());
        for ids in texts {
            if ids.is_empty() || ids.len() > self.max_tokens {
                return Err(EmbedError::BadInput(format!(
                    "{} tokens; 1 to {} are allowed",
                    ids.len(),
                    self.max_tokens
                )));
            }
            spans.push(end..end + ids.len());
            end += ids.len();
        }
        if end > BATCH_TOKENS_MAX {
            return Err(EmbedError::BadInput(format!("{end} tokens at once; {BATCH_TOKENS_MAX} are allowed")));
        }
        Ok(spans)
    }

    /// Word, position and type embeddings, normalised: `[rows, hidden]`.
    fn embed_words(&self, texts: &[&[u32]], rows: usize) -> Result<Vec<f32>> {
        let hidden = self.geometry.hidden;
        let mut state = vec![0.0; rows * hidden];
        let mut positions = Vec::with_capacity(rows * hidden);
        let places = texts.iter().flat_map(|ids| ids.iter());
        for (id, row) in places.zip(state.chunks_exact_mut(hidden)) {
            self.entry
                .words
                .decode(*id, row)
                .ok_or_else(|| EmbedError::BadInput(format!("no token has the id {id}")))?;
        }
        for ids in texts {
            positions.extend_from_slice(&self.entry.positions[..ids.len() * hidden]);
        }
        let norm = &self.entry.norm;
        kernels::add_norm(self.level, &mut state, &positions, &norm.gain, &norm.bias, self.geometry.epsilon);
        Ok(state)
    }

    /// `out = input x weights + bias` for all rows.
    fn linear(&self, layer: &Linear, input: &[f32], out: &mut [f32], steps: &mut Steps) {
        let weights = match &layer.weights {
            Packed::F32(weights) => weights,
            Packed::Int8(weights) => return weights.multiply(input, &layer.bias, out, steps),
        };
        let width = layer.bias.len();
        let rows = out.len() / width;
        let columns = input.len() / rows;
        let left = Rows { data: input, rows, columns, stride: columns, offset: 0 };
        kernels::multiply(self.level, left, weights, &layer.bias, out, (width, 0));
    }

    /// Attention within one text, all heads, from `attend` (`[rows, 3 * hidden]`) to `mixed` (`[rows, hidden]`).
    fn attention(&self, span: &Range<usize>, attend: &[f32], mixed: &mut [f32], scratch: &mut Scratch) {
        let Geometry { hidden, heads, .. } = self.geometry;
        let (size, tokens) = (hidden / heads, span.len());
        let padded = tokens.next_multiple_of(LANES);
        let data = &attend[span.start * hidden * 3..span.end * hidden * 3];
        let mixed = &mut mixed[span.start * hidden..span.end * hidden];
        scratch.scores.resize(tokens * padded, 0.0);
        for head in 0..heads {
            let part = |third: usize| Rows {
                data,
                rows: tokens,
                columns: size,
                stride: hidden * 3,
                offset: third * hidden + head * size,
            };
            kernels::pack_rows(part(1), &mut scratch.keys);
            kernels::multiply(self.level, part(0), &scratch.keys, &[], &mut scratch.scores, (padded, 0));
            kernels::softmax(self.level, &mut scratch.scores, padded, tokens);
            kernels::pack_columns(part(2), tokens, &mut scratch.values);
            let weights = Rows { data: &scratch.scores, rows: tokens, columns: tokens, stride: padded, offset: 0 };
            kernels::multiply(self.level, weights, &scratch.values, &[], mixed, (hidden, head * size));
        }
    }
}

fn load_norm(weights: &Weights, name: &str) -> Result<Norm> {
    let hidden = [weights.geometry.hidden];
    Ok(Norm {
        gain: weights.dense(&format!("{name}.weight"), &hidden)?,
        bias: weights.dense(&format!("{name}.bias"), &hidden)?,
    })
}

/// `names` are layers of the same input whose outputs come to lie side by side; the first is scaled.
fn load_linear(
    weights: &Weights,
    names: &[String],
    (rows, columns): (usize, usize),
    scale: f32,
    precision: Precision,
) -> Result<Linear> {
    let mut matrix = Vec::with_capacity(names.len() * rows * columns);
    let mut bias = Vec::with_capacity(names.len() * rows);
    for name in names {
        matrix.extend(weights.dense(&format!("{name}.weight"), &[rows, columns])?);
        bias.extend(weights.dense(&format!("{name}.bias"), &[rows])?);
    }
    matrix.iter_mut().take(rows * columns).for_each(|w| *w *= scale);
    bias.iter_mut().take(rows).for_each(|b| *b *= scale);
    let view = Rows { data: &matrix, rows: bias.len(), columns, stride: columns, offset: 0 };
    let int8 = if precision == Precision::Int8 { LinearInt8::pack(view) } else { None };
    let packed = int8.map_or_else(
        || {
            let mut packed = Vec::new();
            kernels::pack_rows(view, &mut packed);
            Packed::F32(packed)
        },
        Packed::Int8,
    );
    Ok(Linear { weights: packed, bias })
}

fn load_layer(weights: &Weights, number: usize, precision: Precision) -> Result<Layer> {
    let Geometry { hidden, inner, heads, .. } = weights.geometry;
    let name = |part: &str| format!("encoder.layer.{number}.{part}");
    #[allow(clippy::cast_precision_loss)]
    let scale = 1.0 / ((hidden / heads) as f32).sqrt();
    let attend = ["query", "key", "value"].map(|part| name(&format!("attention.self.{part}")));
    let linear = |names: &[String], shape, scale| load_linear(weights, names, shape, scale, precision);
    Ok(Layer {
        attend: linear(&attend, (hidden, hidden), scale)?,
        attend_out: linear(&[name("attention.output.dense")], (hidden, hidden), 1.0)?,
        attend_norm: load_norm(weights, &name("attention.output.LayerNorm"))?,
        widen: linear(&[name("intermediate.dense")], (inner, hidden), 1.0)?,
        narrow: linear(&[name("output.dense")], (hidden, inner), 1.0)?,
        out_norm: load_norm(weights, &name("output.LayerNorm"))?,
    })
}
