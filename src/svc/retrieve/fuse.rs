//! Fusing two ranked lists into one.

use std::collections::HashMap;

use crate::{lexical, vector};

use super::{Ranked, Ranks};

/// Damps the advantage of the first ranks.
const K: f32 = 20.0;
const WORDS_WEIGHT: f32 = 1.0;
const VECTOR_WEIGHT: f32 = 1.0;

/// A chunk with its fused score and where it came from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fused {
    pub key: u64,
    pub score: f32,
    pub ranks: Ranks,
}

/// Weighted reciprocal rank fusion. Ties go to the higher cosine, then to the smaller key, so that
/// equal input gives equal output.
#[must_use]
pub fn fuse(words: &[lexical::Hit], vectors: &[vector::Hit]) -> Vec<Fused> {
    let mut ranks = HashMap::<u64, Ranks>::new();
    for (at, hit) in words.iter().enumerate() {
        ranks.entry(hit.key).or_default().words = Some(Ranked { rank: at + 1, score: hit.score });
    }
    for (at, hit) in vectors.iter().enumerate() {
        ranks.entry(hit.key).or_default().vector = Some(Ranked { rank: at + 1, score: hit.cosine });
    }
    #[allow(clippy::cast_precision_loss)]
    let part = |ranked: Option<Ranked>, weight: f32| ranked.map_or(0.0, |r| weight / (K + r.rank as f32));
    let mut fused: Vec<Fused> = ranks.into_iter().map(|(key, ranks)| Fused { key, score: part(ranks.words, WORDS_WEIGHT) + part(ranks.vector, VECTOR_WEIGHT), ranks }).collect();
    let cosine = |f: &Fused| f.ranks.vector.map_or(-1.0, |r| r.score);
    fused.sort_by(|a, b| b.score.total_cmp(&a.score).then(cosine(b).total_cmp(&cosine(a))).then(a.key.cmp(&b.key)));
    fused
}
