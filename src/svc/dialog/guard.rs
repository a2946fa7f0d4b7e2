//! Before anything is searched: limits, and what is not a question to the site.

use crate::base::error::Outcome;
use crate::base::limits::QUESTION_BYTES_MAX;
use crate::base::{Code, Fault};
use crate::svc::site::Site;

use super::answer::{Answer, Block, Outcome as Verdict, Timings};
use super::{Question, wording};

/// The question, trimmed and without control characters, if it is within the limits.
pub(super) fn check(question: &str) -> Outcome<String> {
    if question.len() > QUESTION_BYTES_MAX {
        return Err(Fault::new(
            Code::QuestionTooLong,
            format!(
                "the question has {} bytes, at most {QUESTION_BYTES_MAX} are allowed; ask in fewer words",
                question.len()
            ),
        ));
    }
    let cleaned: String = question.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let cleaned = cleaned.split_whitespace().collect::<Vec<_>>().join(" ");
    if !cleaned.chars().any(char::is_alphanumeric) {
        return Err(Fault::new(Code::QuestionEmpty, "the question is empty; type what you would like to know"));
    }
    Ok(cleaned)
}

const GREETINGS: &[&str] = &[
    "hallo",
    "guten tag",
    "guten morgen",
    "guten abend",
    "grüß gott",
    "gruess gott",
    "moin",
    "servus",
    "hi",
    "hello",
    "good morning",
    "good evening",
    "hey",
];
const THANKS: &[&str] = &["danke", "vielen dank", "danke schön", "dankeschön", "thanks", "thank you", "super danke"];
const IDENTITY: &[&str] = &[
    "wer bist du",
    "wer sind sie",
    "bist du ein mensch",
    "bist du ein roboter",
    "sind sie ein mensch",
    "sind sie ein roboter",
    "who are you",
    "are you a robot",
    "are you human",
    "are you a human",
    "was bist du",
    "was kannst du",
    "what can you do",
];

/// Answers greetings and questions about the assistant itself from the site's settings.
pub(super) fn small_talk(site: &Site, question: &Question) -> Option<Answer> {
    let plain = question.text.to_lowercase();
    let plain = plain.trim_matches(|c: char| !c.is_alphanumeric());
    let is = |list: &[&str]| list.contains(&plain);
    let text = if is(GREETINGS) {
        wording::welcome(site, &question.locale)
    } else if is(THANKS) {
        wording::thanks(&question.locale)
    } else if is(IDENTITY) {
        wording::disclosure(site, &question.locale)
    } else {
        return None;
    };
    Some(Answer {
        dialog_id: String::new(),
        turn_id: String::new(),
        outcome: Verdict::Answered,
        engine: "curated".to_owned(),
        locale: question.locale.clone(),
        blocks: vec![Block::Text { text }],
        citations: Vec::new(),
        suggestions: site.suggestions.clone(),
        timings_ms: Timings::default(),
    })
}
