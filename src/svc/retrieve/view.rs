//! A model with the vectors it made: only together they tell what is alike.

use std::sync::Arc;

use crate::base::Fault;
use crate::base::error::Outcome;
use crate::svc::model::{Engine, ModelKey};
use crate::svc::site::Scale;
use crate::vector::{Hit, VectorIndex};

/// What a site is searched with. Its cosines are on the scale of the built-in model, whichever model made them: the
/// weights behind retrieval, the gate's included, were calibrated on that scale.
#[derive(Clone)]
pub struct View {
    /// Absent while the model is being loaded, or failed to.
    pub engine: Option<Engine>,
    pub model: ModelKey,
    pub vectors: Arc<VectorIndex>,
    pub scale: Scale,
}

impl View {
    /// Both are of length one and of this model.
    #[must_use]
    pub fn cosine(&self, a: &[f32], b: &[f32]) -> f32 {
        self.scale.of(a.iter().zip(b).map(|(x, y)| x * y).sum())
    }

    /// Best chunks by meaning. `query`: `[dimensions]`.
    pub fn search(&self, query: &[f32], limit: usize) -> Outcome<Vec<Hit>> {
        let hits = self.vectors.search(query, limit).map_err(Fault::internal)?;
        Ok(hits.into_iter().map(|hit| Hit { cosine: self.scale.of(hit.cosine), ..hit }).collect())
    }
}
