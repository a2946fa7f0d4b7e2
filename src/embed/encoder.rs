//! Texts to vectors of length one: the states of [`Body`], pooled.

use std::sync::Arc;

use super::body::{Body, Precision};
use super::bundle::Bundle;
use super::error::{EmbedError, Result};
use super::manifest::{Pooling, QUERY_FILE};
use super::weights::Weights;
use super::words::WordTable;

/// Turns token ids into vectors of length one. Immutable: threads share it.
pub struct Encoder {
    body: Body,
    /// For questions, when the model has own last layers for them.
    query: Option<Body>,
    pooling: Pooling,
    vocabulary: usize,
    words: Arc<WordTable>,
}

impl Encoder {
    /// Decodes the weights; about 110 MB for the default model.
    ///
    /// # Errors
    /// [`EmbedError::Incomplete`] or [`EmbedError::Malformed`] when the bundle holds no encoder of a supported shape.
    pub fn load(bundle: &Bundle) -> Result<Self> {
        let manifest = bundle.manifest();
        let weights = bundle.weights()?;
        let geometry = weights.geometry;
        if geometry.hidden != manifest.dimensions || manifest.max_tokens > geometry.positions {
            return Err(weights.malformed(format!(
                "{geometry:?} does not suit {} dimensions, {} tokens",
                manifest.dimensions, manifest.max_tokens
            )));
        }
        let words = Arc::new(weights.words()?);
        let body = Body::load(&weights, Arc::clone(&words), manifest.max_tokens, Precision::F32)?;
        let query = match &manifest.query_encoder {
            Some(_) => Some(body.with_last(&Weights::open(QUERY_FILE, bundle.file(QUERY_FILE)?, None)?)?),
            None => None,
        };
        Ok(Self { body, query, pooling: manifest.pooling, vocabulary: words.rows(), words })
    }

    /// Length of a vector.
    pub fn dimensions(&self) -> usize {
        self.body.geometry.hidden
    }

    /// Number of token ids the word table has rows for.
    pub fn vocabulary_len(&self) -> usize {
        self.vocabulary
    }

    /// The word embeddings, for a second model over the same vocabulary.
    pub(super) fn words(&self) -> Arc<WordTable> {
        Arc::clone(&self.words)
    }

    /// The vector of one text, of length one.
    ///
    /// # Errors
    /// [`EmbedError::BadInput`] for no ids, too many, or one outside the vocabulary.
    pub fn embed(&self, ids: &[u32]) -> Result<Vec<f32>> {
        self.embed_one(&self.body, ids)
    }

    /// The vector of a question. Only the last layers differ, and only the question's side of the comparison: the
    /// vectors of passages stay as they are.
    ///
    /// # Errors
    /// As [`Encoder::embed`].
    pub fn embed_query(&self, ids: &[u32]) -> Result<Vec<f32>> {
        self.embed_one(self.query.as_ref().unwrap_or(&self.body), ids)
    }

    fn embed_one(&self, body: &Body, ids: &[u32]) -> Result<Vec<f32>> {
        let mut vectors = self.embed_texts(body, &[ids])?;
        vectors.pop().ok_or_else(|| EmbedError::BadInput("no text".into()))
    }

    /// The vectors of several texts, in their order.
    ///
    /// # Errors
    /// As [`Encoder::embed`]; also for more than 16 384 tokens altogether.
    pub fn embed_batch(&self, texts: &[Vec<u32>]) -> Result<Vec<Vec<f32>>> {
        self.embed_texts(&self.body, &texts.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    fn embed_texts(&self, body: &Body, texts: &[&[u32]]) -> Result<Vec<Vec<f32>>> {
        let hidden = self.dimensions();
        let (spans, states) = body.states(texts)?;
        spans.into_iter().map(|span| self.pool(&states[span.start * hidden..span.end * hidden])).collect()
    }

    /// One vector from the rows of one text.
    fn pool(&self, rows: &[f32]) -> Result<Vec<f32>> {
        let hidden = self.dimensions();
        let mut vector = vec![0.0_f32; hidden];
        let used = match self.pooling {
            Pooling::Mean => rows,
            Pooling::Cls => &rows[..hidden],
        };
        for row in used.chunks_exact(hidden) {
            vector.iter_mut().zip(row).for_each(|(v, x)| *v += x);
        }
        // The division of the mean cancels out against the length.
        let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
        if !length.is_normal() {
            return Err(EmbedError::BadInput("the vector has no length".into()));
        }
        for v in &mut vector {
            *v /= length;
        }
        Ok(vector)
    }
}
