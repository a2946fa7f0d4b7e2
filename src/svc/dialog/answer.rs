//! The public shape of an answer (DESIGN "Public contract"); stored as it was given.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Answered,
    Clarify,
    #[default]
    Refused,
    Error,
}

/// Milliseconds per stage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timings {
    pub embed: f64,
    pub search: f64,
    pub evidence: f64,
    pub compose: f64,
    pub total: f64,
}

/// An answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub dialog_id: String,
    pub turn_id: String,
    pub outcome: Outcome,
    /// `extractive` here; generators come later.
    pub engine: String,
    pub locale: String,
    pub blocks: Vec<Block>,
    pub citations: Vec<Citation>,
    pub suggestions: Vec<String>,
    pub timings_ms: Timings,
}

/// A typed part of an answer. Text is a Markdown subset; markers `[n]` point to citations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Block {
    Text {
        text: String,
    },
    Contact {
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        phone: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        email: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        url: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        citation: Option<usize>,
    },
    Link {
        title: String,
        url: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<String>,
    },
    Notice {
        tone: String,
        text: String,
    },
    Question {
        text: String,
        options: Vec<String>,
    },
}

impl Block {
    /// Everything a reader sees of the block, for counting words and finding facts.
    #[must_use]
    pub fn visible(&self) -> String {
        let join = |parts: &[&Option<String>]| parts.iter().filter_map(|p| p.as_deref()).collect::<Vec<_>>().join(" ");
        match self {
            Block::Text { text } | Block::Notice { text, .. } => text.clone(),
            Block::Contact { name, phone, email, url, .. } => join(&[name, phone, email, url]),
            Block::Link { title, description, .. } => format!("{title} {}", description.as_deref().unwrap_or_default()),
            Block::Question { text, options } => format!("{text} {}", options.join(" ")),
        }
    }
}

/// Where a statement stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Citation {
    pub id: String,
    /// The number in the text.
    pub n: usize,
    pub document_id: String,
    /// Document key, for measuring; the same as the URL for web pages.
    pub key: String,
    pub title: String,
    pub url: Option<String>,
    pub quote: String,
    pub section: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
}

impl Answer {
    /// Words a visitor reads.
    #[must_use]
    pub fn words(&self) -> usize {
        self.blocks
            .iter()
            .map(|block| {
                block
                    .visible()
                    .split_whitespace()
                    .filter(|w| w.chars().any(char::is_alphanumeric) && !is_marker(w))
                    .count()
            })
            .sum()
    }
}

fn is_marker(word: &str) -> bool {
    word.strip_prefix('[')
        .and_then(|w| w.trim_end_matches(['.', ',']).strip_suffix(']'))
        .is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
}
