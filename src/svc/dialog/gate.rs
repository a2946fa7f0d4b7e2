//! The evidence gate: answer or refuse.
//!
//! A logistic model over [`Features`], calibrated offline (`assets/gate/train`, with its data and
//! leave-one-site-out validation). Its weights are data, compiled in; the decision can be explained
//! feature by feature.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::evidence::{Evidence, Features};

/// With a cross-encoder and without one.
#[derive(Debug, Clone, Deserialize)]
struct Calibration {
    judged: Weights,
    unjudged: Weights,
}

/// Calibrated weights, by feature name.
#[derive(Debug, Clone, Deserialize)]
struct Weights {
    bias: f32,
    /// Probability from which the answer is given.
    threshold: f32,
    features: Vec<Weight>,
}

#[derive(Debug, Clone, Deserialize)]
struct Weight {
    /// A feature, or two joined by `*`.
    name: String,
    mean: f32,
    scale: f32,
    weight: f32,
}

/// What the gate decided and why.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Decision {
    pub answers: bool,
    /// Probability that the evidence answers the question.
    pub score: f32,
    pub threshold: f32,
    pub features: Features,
}

static WEIGHTS: OnceLock<Option<Calibration>> = OnceLock::new();

fn weights() -> Option<&'static Calibration> {
    WEIGHTS.get_or_init(|| serde_json::from_str(include_str!("../../../assets/gate/weights.json")).ok()).as_ref()
}

/// Decides whether the evidence answers the question. Without sentences there is nothing to say.
pub(super) fn decide(evidence: &Evidence) -> Decision {
    let features = evidence.features;
    let Some(calibration) = weights().filter(|_| !evidence.sentences.is_empty()) else {
        return Decision { features, ..Decision::default() };
    };
    let weights = if evidence.is_judged { &calibration.judged } else { &calibration.unjudged };
    let score = probability(weights, &features);
    Decision { answers: score >= weights.threshold, score, threshold: weights.threshold, features }
}

fn probability(weights: &Weights, features: &Features) -> f32 {
    let values = features.list();
    let value = |name: &str| values.iter().find(|(n, _)| n == name).map_or(0.0, |(_, v)| *v);
    let sum: f32 = weights
        .features
        .iter()
        .map(|w| {
            let raw: f32 = w.name.split('*').map(value).product();
            (raw - w.mean) / w.scale * w.weight
        })
        .sum();
    1.0 / (1.0 + (-(weights.bias + sum)).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiled_weights_are_whole() {
        let calibration = weights().expect("assets/gate/weights.json can be read");
        let known: Vec<String> = Features::default().list().into_iter().map(|(name, _)| name).collect();
        for weights in [&calibration.judged, &calibration.unjudged] {
            for weight in &weights.features {
                assert!(weight.scale > 0.0 && weight.weight.is_finite(), "{}", weight.name);
                assert!(
                    weight.name.split('*').all(|part| known.iter().any(|k| k == part)),
                    "{} is no feature",
                    weight.name
                );
            }
            assert!(weights.threshold > 0.0 && weights.threshold < 1.0);
        }
    }
}
