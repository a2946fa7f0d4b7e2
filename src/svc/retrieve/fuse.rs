//! Fusing two result lists into one.

use std::collections::HashMap;

use crate::{lexical, vector};

use super::{Ranked, Ranks};

/// What the best word match is worth, as a cosine. Cosines of one question lie within about 0.08.
const WORDS_WEIGHT: f32 = 0.03;
/// A chunk whose vector is missing counts as a little less similar than the last that was found.
const UNSEEN: f32 = 0.005;

/// A chunk with its fused score and where it came from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fused {
    pub key: u64,
    pub score: f32,
    pub ranks: Ranks,
}

/// Adds the cosine and the share of the best word score. `cosine` tells the similarity of chunks that
/// only words have found. Ties go to the smaller key, so that equal input gives equal output.
#[must_use]
pub fn fuse(words: &[lexical::Hit], vectors: &[vector::Hit], cosine: impl Fn(u64) -> Option<f32>) -> Vec<Fused> {
    let mut ranks = HashMap::<u64, Ranks>::new();
    for (at, hit) in words.iter().enumerate() {
        ranks.entry(hit.key).or_default().words = Some(Ranked { rank: at + 1, score: hit.score });
    }
    for (at, hit) in vectors.iter().enumerate() {
        ranks.entry(hit.key).or_default().vector = Some(Ranked { rank: at + 1, score: hit.cosine });
    }
    let most = words.first().map_or(1.0, |hit| hit.score).max(f32::MIN_POSITIVE);
    let least = vectors.last().map_or(0.0, |hit| hit.cosine - UNSEEN);
    let score = |key: u64, ranks: &Ranks| {
        let similar = ranks
            .vector
            .map(|r| r.score)
            .or_else(|| if vectors.is_empty() { None } else { cosine(key) })
            .unwrap_or(least);
        similar + WORDS_WEIGHT * ranks.words.map_or(0.0, |r| r.score / most)
    };
    let mut fused: Vec<Fused> =
        ranks.into_iter().map(|(key, ranks)| Fused { key, score: score(key, &ranks), ranks }).collect();
    fused.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.key.cmp(&b.key)));
    fused
}
