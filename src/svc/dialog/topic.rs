//! Whether any organisation's website could answer a question, told from the question alone: weather, jokes, sums, small talk
//! with the machine. One feature of the gate among others; it decides nothing by itself.

use std::sync::OnceLock;

use serde::Deserialize;

/// Log odds beyond this say nothing more.
const ODDS_MAX: f32 = 6.0;

/// Logistic model over the question's vector, `[dimensions]`; made by `models/training/off_topic.py`.
#[derive(Debug, Deserialize)]
struct OffTopic {
    bias: f32,
    weights: Vec<f32>,
}

static MODEL: OnceLock<Option<OffTopic>> = OnceLock::new();

fn model() -> Option<&'static OffTopic> {
    MODEL.get_or_init(|| serde_json::from_str(include_str!("../../../assets/gate/off_topic.json")).ok()).as_ref()
}

/// Log odds that the question is none for a website, between −6 and 6; 0 for vectors of another model.
pub(super) fn off_topic(question: &[f32]) -> f32 {
    let Some(model) = model().filter(|model| model.weights.len() == question.len()) else { return 0.0 };
    let sum: f32 = model.weights.iter().zip(question).map(|(weight, value)| weight * value).sum();
    (model.bias + sum).clamp(-ODDS_MAX, ODDS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiled_weights_are_whole_and_foreign_vectors_say_nothing() {
        let model = model().expect("assets/gate/off_topic.json can be read");
        assert!(model.weights.len() == 384 && model.weights.iter().all(|weight| weight.is_finite()));
        assert!(off_topic(&[1.0; 3]).abs() < f32::EPSILON);
        assert!(off_topic(&[9.0; 384]).abs() <= ODDS_MAX);
    }
}
