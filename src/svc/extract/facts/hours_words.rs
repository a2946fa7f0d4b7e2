//! The words of a line of opening hours.

use super::calendar::Found;
use super::rule::Rule;
use super::week::{self, Interval};

static TOKENS: Rule = Rule::new(r"\p{L}[\p{L}.]*|\d+|[,;/&+|:()–—‑−-]");

/// Words between days and times that change nothing.
const FILLERS: [&str; 59] = [
    "von",
    "uhr",
    "jeweils",
    "und",
    "sowie",
    "bis",
    "vormittags",
    "nachmittags",
    "vormittag",
    "nachmittag",
    "vorm.",
    "nachm.",
    "morgens",
    "abends",
    "mittags",
    "from",
    "to",
    "and",
    "geöffnet",
    "open",
    "offen",
    "der",
    "am",
    "an",
    "den",
    "auch",
    "zusätzlich",
    "außerdem",
    "nur",
    "zeit",
    "zeiten",
    "uhrzeit",
    "öffnungszeiten",
    "öffnungszeit",
    "sprechzeiten",
    "sprechstunde",
    "tag",
    "wochentag",
    "hours",
    "opening",
    "h",
    "ab",
    "oder",
    "in",
    "zeit:",
    "daily",
    "täglich",
    "the",
    "on",
    "jeden",
    "every",
    "each",
    "ist",
    "telefonisch",
    "sind",
    "wir",
    "haben",
    "für",
    "sie",
];

/// What a word or sign of a line of opening hours is.
pub enum Token<'t> {
    Days(Vec<usize>, bool),
    Time(Interval, bool),
    Closed,
    Day,
    Range,
    Joint,
    Filler,
    Word(&'t str),
}

/// The line as tokens; `dates` are the days written in it.
pub fn tokens<'t>(text: &'t str, dates: &[Found]) -> Vec<Token<'t>> {
    let covers = |from: usize, to: usize, at: usize| from <= at && at < to;
    let spans = week::spans(text);
    let spans: Vec<_> = spans.into_iter().filter(|s| !dates.iter().any(|d| d.from < s.to && s.from < d.to)).collect();
    let mut tokens = Vec::new();
    let mut done = 0;
    for found in TOKENS.find_iter(text) {
        let at = found.start();
        if at < done {
            continue;
        }
        if let Some(date) = dates.iter().find(|d| covers(d.from, d.to, at)) {
            tokens.push(Token::Day);
            done = date.to;
            continue;
        }
        if let Some(span) = spans.iter().find(|s| covers(s.from, s.to, at)) {
            tokens.push(Token::Time(span.interval, span.is_sure));
            done = span.to;
            continue;
        }
        tokens.push(word(found.as_str()));
    }
    tokens
}

fn word(text: &str) -> Token<'_> {
    if let Some((day, is_short)) = week::day(text) {
        return Token::Days(vec![day], is_short);
    }
    let lower = text.to_lowercase();
    match lower.as_str() {
        "täglich" | "daily" => Token::Days((0..7).collect(), false),
        "weekdays" => Token::Days((0..5).collect(), false),
        "wochenende" | "wochenenden" | "weekends" | "weekend" => Token::Days(vec![5, 6], false),
        "geschlossen" | "closed" | "ruhetag" | "zu" => Token::Closed,
        "–" | "-" | "—" | "‑" | "−" | "bis" | "to" | "through" => Token::Range,
        "," | ";" | "/" | "&" | "+" | "|" | ":" | "(" | ")" | "und" | "u." | "u" | "and" | "sowie" => Token::Joint,
        _ if FILLERS.contains(&lower.as_str()) || FILLERS.contains(&lower.trim_end_matches('.')) => Token::Filler,
        _ => Token::Word(text),
    }
}
