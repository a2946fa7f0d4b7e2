//! The cross-encoder: reads a question and a few sentences of a page together, and says whether they answer it.
//!
//! Question, headings and sentences go through one BERT encoder as one text (Nogueira, Cho 2019, arXiv:1901.04085), so
//! that each word of the question is compared with each word of the page. The first token's state gives the odds that
//! the sentences answer; the mean over a sentence's tokens gives the odds that this sentence carries the answer. It
//! shares the word table of the embedding model. `models/training` has its training, data and figures.

use std::sync::Arc;

use super::body::{Body, Precision};
use super::bundle::Bundle;
use super::error::{EmbedError, Result};
use super::manifest::CROSS_FILE;
use super::tokenizer::Tokenizer;
use super::weights::Weights;
use super::words::WordTable;

/// Tokens of question, headings, and of everything together; what is longer is cut off. As in training.
const QUESTION_TOKENS: usize = 64;
const HEADING_TOKENS: usize = 40;
const TOKENS_MAX: usize = 200;
/// Marks of `XLM-RoBERTa`: begin of text, end of a part.
const BEGIN: u32 = 0;
const END: u32 = 2;

/// A question beside a few sentences of a page.
#[derive(Debug, Clone)]
pub struct Pair {
    pub question: Arc<str>,
    /// Title and headings above the sentences.
    pub heading: String,
    /// In the order of the page.
    pub sentences: Vec<String>,
}

/// What the cross-encoder says of a pair. Log odds.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The sentences together answer the question.
    pub window: f32,
    /// Each of [`Pair::sentences`] carries the answer; shorter when some were cut off.
    pub sentences: Vec<f32>,
}

/// Immutable: threads share it.
pub struct CrossEncoder {
    body: Body,
    window: Head,
    sentence: Head,
}

struct Head {
    weight: Vec<f32>,
    bias: f32,
}

impl Head {
    fn load(weights: &Weights, name: &str) -> Result<Self> {
        let weight = weights.dense(&format!("{name}.weight"), &[1, weights.geometry.hidden])?;
        let bias = weights.dense(&format!("{name}.bias"), &[1])?;
        Ok(Self { weight, bias: bias.first().copied().unwrap_or_default() })
    }

    fn of(&self, state: &[f32]) -> f32 {
        self.bias + self.weight.iter().zip(state).map(|(w, s)| w * s).sum::<f32>()
    }
}

impl CrossEncoder {
    /// Decodes the weights, if the bundle has any. `words`: the table of the embedding model. With
    /// [`Precision::Int8`] odds differ from those of f32 by about a tenth.
    ///
    /// # Errors
    /// [`EmbedError::Malformed`] when the file is of no supported shape.
    pub(super) fn load(bundle: &Bundle, words: Arc<WordTable>, precision: Precision) -> Result<Option<Self>> {
        if bundle.manifest().cross_encoder.is_none() {
            return Ok(None);
        }
        let weights = Weights::open(CROSS_FILE, bundle.file(CROSS_FILE)?, None)?;
        if weights.geometry.hidden != bundle.manifest().dimensions || weights.geometry.positions < TOKENS_MAX {
            return Err(EmbedError::Malformed {
                file: CROSS_FILE.into(),
                reason: format!("{:?} does not suit the embedding model", weights.geometry),
            });
        }
        Ok(Some(Self {
            window: Head::load(&weights, "window")?,
            sentence: Head::load(&weights, "sentence")?,
            body: Body::load(&weights, words, TOKENS_MAX, precision)?,
        }))
    }

    /// Reads one pair, on the calling thread.
    ///
    /// # Errors
    /// [`EmbedError::BadInput`] when the tokenizer gives an id that the word table has not.
    pub fn judge(&self, tokenizer: &Tokenizer, pair: &Pair) -> Result<Judgement> {
        let (ids, spans) = encode(tokenizer, pair);
        let (_, states) = self.body.states(&[&ids])?;
        let hidden = self.body.geometry.hidden;
        let row = |at: usize| &states[at * hidden..(at + 1) * hidden];
        let mean = |span: &std::ops::Range<usize>| {
            span.clone().map(|at| self.sentence.of(row(at))).sum::<f32>() / span.len() as f32
        };
        Ok(Judgement { window: self.window.of(row(0)), sentences: spans.iter().map(mean).collect() })
    }
}

/// `<s> question </s></s> heading: sentences </s>`, and where each sentence lies; sentences without room are left out.
fn encode(tokenizer: &Tokenizer, pair: &Pair) -> (Vec<u32>, Vec<std::ops::Range<usize>>) {
    let bare = |text: &str, max: usize| {
        let mut ids = tokenizer.encode(text, max + 2);
        ids.pop();
        ids.into_iter().skip(1)
    };
    let mut ids = vec![BEGIN];
    ids.extend(bare(&pair.question, QUESTION_TOKENS));
    ids.extend([END, END]);
    ids.extend(bare(&format!("{}:", pair.heading), HEADING_TOKENS));
    let mut spans = Vec::with_capacity(pair.sentences.len());
    for sentence in &pair.sentences {
        let (start, room) = (ids.len(), (TOKENS_MAX - 1).saturating_sub(ids.len()));
        if room == 0 {
            break;
        }
        ids.extend(bare(sentence, room));
        if ids.len() > start {
            spans.push(start..ids.len());
        }
    }
    ids.push(END);
    (ids, spans)
}
