//! One face for whatever makes vectors: a model in this process, or a service that is asked.

use std::sync::Arc;

use futures_util::future::join_all;

use crate::embed::{EmbedError, Model};

use super::record::ModelKey;
use super::remote::Remote;

/// A vector, or why there is none.
pub type Embedded = Result<Arc<[f32]>, EmbedError>;

/// Makes vectors of length one. Cheap to clone.
#[derive(Clone)]
pub enum Engine {
    Local(Arc<Model>),
    Remote(Arc<Remote>),
}

impl Engine {
    /// The key of its vectors.
    #[must_use]
    pub fn key(&self) -> ModelKey {
        match self {
            Self::Local(model) => ModelKey { id: *model.id.as_bytes(), dimensions: model.manifest.dimensions },
            Self::Remote(remote) => remote.key(),
        }
    }

    /// The vector of a question.
    ///
    /// # Errors
    /// What the model says; [`EmbedError::Service`] when the service cannot be asked.
    pub async fn embed_query(&self, text: &str) -> Embedded {
        match self {
            Self::Local(model) => model.pool.embed_query(text).await,
            Self::Remote(remote) => only(remote.embed_queries(&[text.to_owned()]).await),
        }
    }

    /// The vectors of several questions, in their order.
    pub async fn embed_queries(&self, texts: &[String]) -> Vec<Embedded> {
        match self {
            Self::Local(model) => join_all(texts.iter().map(|text| model.pool.embed_query(text))).await,
            Self::Remote(remote) => remote.embed_queries(texts).await,
        }
    }

    /// The vectors of passages that are worked off behind, in their order.
    pub async fn embed_passages(&self, texts: &[String]) -> Vec<Embedded> {
        match self {
            Self::Local(model) => join_all(texts.iter().map(|text| model.pool.embed_passage(text))).await,
            Self::Remote(remote) => remote.embed_passages(texts, true).await,
        }
    }

    /// The vectors of passages somebody waits for, in their order.
    pub async fn embed_passages_now(&self, texts: &[String]) -> Vec<Embedded> {
        match self {
            Self::Local(model) => join_all(texts.iter().map(|text| model.pool.embed_passage_now(text))).await,
            Self::Remote(remote) => remote.embed_passages(texts, false).await,
        }
    }
}

fn only(mut embedded: Vec<Embedded>) -> Embedded {
    embedded.pop().unwrap_or_else(|| Err(EmbedError::BadInput("no text".into())))
}
