//! Tests of the folder, one file per theme. They use the model in `models/`.

#![allow(clippy::cast_precision_loss)]

mod companions;
mod encoder;
mod files;
mod foreign;
mod kernels;
mod pool;
mod texts;
pub(crate) mod tiny;
mod tokenizer;

use std::path::PathBuf;

use super::bundle::Bundle;

/// The folder of the default model.
fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("models/multilingual-e5-small")
}

fn bundle() -> Bundle {
    Bundle::compiled().unwrap().unwrap_or_else(|| Bundle::from_dir(&folder()).unwrap())
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}
