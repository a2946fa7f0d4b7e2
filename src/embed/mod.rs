//! Texts to vectors: the tokenizer, the encoder, its threads, and where the model's files come from: our own, or a
//! folder of others (`import.rs`). And the cross-encoder, which reads question and passage together.
//!
//! Invariants: vectors have length one and come from the model whose [`ModelId`] is stored beside them; the tokenizer
//! that counts is the one that encodes; one text is computed by one thread, parallelism is across texts; every file of
//! a model is checked against its manifest before use.
//! Deliberately absent: downloads, GPU kernels, padding (texts of a batch are packed row after row, so that no mask can
//! be forgotten), and any thread pool shared with others.

mod body;
mod bundle;
mod cache;
#[cfg(feature = "model")]
mod compiled;
mod cross;
mod encoder;
mod error;
mod foreign;
mod geometry;
mod import;
mod int8;
mod kernels;
mod lanes;
mod loader;
mod manifest;
mod math;
#[cfg(feature = "model")]
mod pages;
mod pool;
mod tokenizer;
mod vocabulary;
mod weights;
mod words;

#[cfg(test)]
pub(crate) mod tests;

pub use bundle::Bundle;
pub use cross::{CrossEncoder, Judgement, Pair};
pub use encoder::Encoder;
pub use error::{EmbedError, Result};
pub use import::{ImportOptions, Imported};
pub use loader::{LoadState, Model, ModelHandle};
pub use manifest::{Companion, Manifest, ModelId, Pooling, Prefixes, Source};
pub use pool::EmbedPool;
pub use tokenizer::Tokenizer;
