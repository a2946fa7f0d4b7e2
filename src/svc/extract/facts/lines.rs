//! The text as lines: what the rules read. A paragraph, a list item and a table row are one line each.

use url::Url;

use super::super::{Block, Section};
use super::Markup;
use super::rule::Rule;

/// Letters read for facts; what stands behind is searched, but yields none.
const BYTES_MAX: usize = 2 * 1024 * 1024;
/// Letters of one line that are read.
const LINE_BYTES_MAX: usize = 20_000;

/// A document as the rules see it.
pub struct Doc<'a> {
    pub title: &'a str,
    pub sections: &'a [Section],
    /// What its links are relative to.
    pub base: Option<&'a Url>,
    /// Where it was read.
    pub page: Option<&'a Url>,
    pub lines: Vec<Line<'a>>,
    /// Country calling code of numbers written without one.
    pub calling_code: &'static str,
    /// Of what is free of charge.
    pub currency: &'static str,
}

/// One line of text.
#[derive(Debug, Clone)]
pub struct Line<'a> {
    pub text: String,
    /// Headings above it.
    pub path: &'a [String],
    /// Place of its block in reading order.
    pub block: u32,
    /// Place among all lines.
    pub number: usize,
    /// What it is.
    pub shape: Shape,
}

/// What a line was in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Heading,
    Paragraph,
    Item,
    Row,
}

impl<'a> Doc<'a> {
    pub fn new(
        title: &'a str,
        sections: &'a [Section],
        (page, base): (Option<&'a Url>, Option<&'a Url>),
        markup: Option<&Markup>,
    ) -> Self {
        let mut lines = Vec::new();
        let mut bytes = 0;
        let mut at = 0_u32;
        let mut last: &[String] = &[];
        for section in sections {
            let mut push = |text: &str, at: u32, shape: Shape| {
                let text = cut(text, LINE_BYTES_MAX);
                bytes += text.len();
                // The last line of old pages: whose website it is.
                let is_footer = text.contains('©') || text.starts_with("Copyright");
                if bytes < BYTES_MAX && !text.trim().is_empty() && !is_footer {
                    lines.push(Line {
                        text: text.to_owned(),
                        path: &section.path,
                        block: at,
                        number: lines.len(),
                        shape,
                    });
                }
            };
            if at == 0 {
                push(title, at, Shape::Heading);
            }
            let known = section.path.iter().zip(last).take_while(|(a, b)| a == b).count();
            section.path[known..].iter().for_each(|heading| push(heading, at, Shape::Heading));
            last = &section.path;
            for block in &section.blocks {
                match block {
                    Block::Paragraph { text } | Block::Quote { text } => push(text, at, Shape::Paragraph),
                    Block::Code { text } => text.lines().for_each(|line| push(line, at, Shape::Paragraph)),
                    Block::List { items, .. } => items.iter().for_each(|item| push(item, at, Shape::Item)),
                    Block::Table { .. } => block.to_text().lines().for_each(|row| push(row, at, Shape::Row)),
                }
                at = at.saturating_add(1);
            }
        }
        let (calling_code, currency) = place(&lines, base, markup);
        Self { title, sections, base, page, lines, calling_code, currency }
    }

    /// Whether the title or a heading above the line speaks of one of `words` (lower case).
    pub fn is_under(&self, line: &Line<'_>, words: &[&str]) -> bool {
        line.path.iter().map(String::as_str).chain([self.title]).any(|heading| speaks_of(heading, words))
    }
}

static BRITISH: Rule = Rule::new(r"£|\+44\b|\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b");
static OTHERS: Rule = Rule::new(r"€|\bEuro\b|\+49\b|\b\d{5} \p{Lu}\p{Ll}");

/// Where the page is at home: what its numbers and prices leave unsaid.
fn place(lines: &[Line<'_>], base: Option<&Url>, markup: Option<&Markup>) -> (&'static str, &'static str) {
    const GERMAN: (&str, &str) = ("49", "EUR");
    const BRITAIN: (&str, &str) = ("44", "GBP");
    let language = markup.map_or("", |markup| markup.language.as_str()).to_lowercase();
    match (base.and_then(Url::host_str).and_then(|host| host.rsplit('.').next()), language.as_str()) {
        (Some("de"), _) | (_, "de-de") => GERMAN,
        (Some("at"), _) | (_, "de-at") => ("43", "EUR"),
        (Some("ch"), _) | (_, "de-ch") => ("41", "CHF"),
        (Some("uk"), _) | (_, "en-gb") => BRITAIN,
        (Some("ie"), _) | (_, "en-ie") => ("353", "EUR"),
        _ => {
            let british = lines.iter().filter(|line| BRITISH.is_match(&line.text)).count();
            let others = lines.iter().filter(|line| OTHERS.is_match(&line.text)).count();
            let is_english = language.starts_with("en");
            if british > others || (is_english && british >= others && others == 0) { BRITAIN } else { GERMAN }
        }
    }
}

/// Whether `text` holds one of `words` (lower case).
pub fn speaks_of(text: &str, words: &[&str]) -> bool {
    let lower = text.to_lowercase();
    words.iter().any(|word| lower.contains(word))
}

/// At most `bytes` of `text`, cut between letters.
pub fn cut(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The last `bytes` of `text`, cut between letters.
pub fn tail(text: &str, bytes: usize) -> &str {
    let mut start = text.len().saturating_sub(bytes);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

/// The sentence of `text` around the bytes `from..to`.
pub fn sentence(text: &str, from: usize, to: usize) -> (&str, &str) {
    let before = &text[..from];
    let start = before
        .rmatch_indices(['.', '!', '?', ';'])
        .find(|(at, _)| ends_sentence(before, *at))
        .map_or(0, |(at, _)| at + 1);
    let after = &text[to..];
    let end = after
        .match_indices(['.', '!', '?', ';'])
        .find(|(at, _)| ends_sentence(after, *at))
        .map_or(after.len(), |(at, _)| at);
    (before[start..].trim_start(), &after[..end])
}

/// Whether the sign at `at` ends a sentence: not behind a number or a short word ("1. März", "Abs. 2", "Tel. 0201").
fn ends_sentence(text: &str, at: usize) -> bool {
    if !text[at..].starts_with('.') {
        return true;
    }
    let word: String = text[..at].chars().rev().take_while(|c| c.is_alphanumeric()).collect();
    let next_is_gap = text[at + 1..].chars().next().is_none_or(char::is_whitespace);
    next_is_gap && word.chars().count() > 3 && !word.chars().all(|c| c.is_ascii_digit())
}
