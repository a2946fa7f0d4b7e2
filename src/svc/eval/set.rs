//! Question sets: one JSON object per line.

use serde::{Deserialize, Serialize};

use crate::base::Fault;
use crate::base::error::Outcome;

const QUESTIONS_MAX: usize = 20_000;

/// A question with the documents that answer it; none means that the site cannot answer it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    pub question: String,
    #[serde(default)]
    pub documents: Vec<String>,
    /// Short texts a right answer holds.
    #[serde(default)]
    pub facts: Vec<String>,
    #[serde(default = "no_kind")]
    pub kind: String,
}

fn no_kind() -> String {
    "all".to_owned()
}

/// Reads a set, naming the line that is wrong.
pub fn parse(text: &str) -> Outcome<Vec<Item>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let items = lines
        .map(|(at, line)| {
            serde_json::from_str(line).map_err(|e| Fault::invalid(format!("line {} of the question set: {e}", at + 1)))
        })
        .collect::<Outcome<Vec<Item>>>()?;
    match items.len() {
        0 => Err(Fault::invalid(
            "the question set is empty; it has one JSON object per line: {\"question\", \"documents\", \"facts\", \"kind\"}",
        )),
        n if n > QUESTIONS_MAX => Err(Fault::invalid(format!("at most {QUESTIONS_MAX} questions"))),
        _ => Ok(items),
    }
}
