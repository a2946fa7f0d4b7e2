//! The extractive answer: the sentences that answer, short, in reading order, each with its citation.

use std::collections::BTreeSet;

use crate::base::clock::now_ms;
use crate::svc::knowledge::sentences;
use crate::svc::retrieve::Found;
use crate::svc::site::Site;

use super::answer::{Answer, Block, Citation, Outcome, Timings};
use super::evidence::{Evidence, Sentence, is_heading};
use super::question::Wanted;
use super::{CitedPassage, Question, wording};

/// Words of the answer's text; blocks beside it add a few.
const WORDS_MAX: usize = 95;
/// Passages an answer may draw from.
const SOURCES_MAX: usize = 2;
/// A further sentence must come this close to the best.
const MARGIN: f32 = 1.0;
/// A single line longer than this is cut at a word.
const LINE_WORDS_MAX: usize = 60;
const NEAREST_MAX: usize = 3;
/// Sentences and lines of an answer.
const CHOSEN_MAX: usize = 8;

/// Answers from the evidence, with the passages as they stand.
pub(super) fn answer(question: &Question, evidence: &Evidence) -> (Answer, Vec<CitedPassage>) {
    let chosen = choose(evidence);
    let mut sources: Vec<usize> = Vec::new();
    for sentence in &chosen {
        if !sources.contains(&sentence.passage) {
            sources.push(sentence.passage);
        }
    }
    let mut citations = Vec::new();
    let mut passages = Vec::new();
    let mut paragraphs = Vec::new();
    for (at, &source) in sources.iter().enumerate() {
        let mut own: Vec<&Sentence> = chosen.iter().filter(|s| s.passage == source).copied().collect();
        own.sort_by_key(|s| s.ord);
        let found = &evidence.passages[source];
        let quote = own.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join(" … ");
        paragraphs.push(paragraph(&own, found, at + 1));
        citations.push(citation(found, at + 1, &quote));
        passages.push(passage(found, &quote));
    }
    let mut blocks = vec![Block::Text { text: paragraphs.join("\n\n") }];
    if let Some(&first) = sources.first() {
        blocks.extend(contact(question, &evidence.passages[first], &chosen));
    }
    let answer = Answer {
        dialog_id: String::new(),
        turn_id: String::new(),
        outcome: Outcome::Answered,
        engine: "extractive".to_owned(),
        locale: question.locale.clone(),
        blocks,
        citations,
        suggestions: Vec::new(),
        timings_ms: Timings::default(),
    };
    (answer, passages)
}

/// The best sentences within the word limit; the best one is always there.
fn choose(evidence: &Evidence) -> Vec<&Sentence> {
    let best = evidence.sentences.iter().find(|s| !is_boilerplate(&s.text)).or(evidence.sentences.first());
    let Some(best) = best else { return Vec::new() };
    let mut chosen = vec![best];
    let mut words = word_count(&best.text);
    let mut seen: BTreeSet<String> = BTreeSet::from([plain(&best.text)]);
    let mut sources = vec![best.passage];
    // A line that announces a list says nothing without what follows it.
    if best.text.ends_with(':') || is_heading(&best.text) {
        for next in following(evidence, best) {
            words += word_count(&next.text);
            if words > WORDS_MAX {
                break;
            }
            seen.insert(plain(&next.text));
            chosen.push(next);
        }
    }
    for sentence in &evidence.sentences {
        let same = sentence.passage == best.passage;
        // Beside the best passage only another document with an equally good sentence is worth showing.
        let document = |s: &Sentence| evidence.passages.get(s.passage).map(|p| p.document.id);
        let margin = if same {
            MARGIN
        } else if document(sentence) == document(best) {
            MARGIN * 0.7
        } else {
            MARGIN / 4.0
        };
        if best.score - sentence.score > margin
            || chosen.len() >= CHOSEN_MAX
            || is_heading(&sentence.text)
            || sentence.text.ends_with(':')
            || is_boilerplate(&sentence.text)
        {
            continue;
        }
        if !sources.contains(&sentence.passage) && sources.len() >= SOURCES_MAX {
            continue;
        }
        let count = word_count(&sentence.text);
        if words + count > WORDS_MAX || !seen.insert(plain(&sentence.text)) {
            continue;
        }
        if !sources.contains(&sentence.passage) {
            sources.push(sentence.passage);
        }
        words += count;
        chosen.push(sentence);
    }
    chosen
}

/// Lines that layouts put under every page.
pub(super) fn is_boilerplate(text: &str) -> bool {
    let lower = text.to_lowercase();
    [
        "war diese seite hilfreich",
        "was this page helpful",
        "stand: ",
        "last updated",
        "zuletzt geändert",
        "seite drucken",
        "nach oben",
        "back to top",
    ]
    .iter()
    .any(|cue| lower.starts_with(cue))
}

fn following<'a>(evidence: &'a Evidence, of: &Sentence) -> Vec<&'a Sentence> {
    let mut next: Vec<&Sentence> =
        evidence.sentences.iter().filter(|s| s.passage == of.passage && s.ord > of.ord).collect();
    next.sort_by_key(|s| s.ord);
    next
}

fn word_count(text: &str) -> usize {
    text.split_whitespace().count().min(LINE_WORDS_MAX)
}

/// For telling near-duplicates: letters and digits only.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Sentences run on; list items and table rows stand on lines of their own.
fn paragraph(own: &[&Sentence], found: &Found, n: usize) -> String {
    let lines: Vec<&str> = found.chunk.text.lines().map(str::trim).collect();
    let mut text = String::new();
    for sentence in own {
        let cut = cut(&sentence.text);
        let is_item = cut.starts_with("- ") || cut.starts_with("• ") || starts_numbered(&cut);
        let is_line = lines.contains(&sentence.text.as_str()) && !sentence.text.ends_with(['.', '!', '?']);
        if is_item {
            let item = cut.trim_start_matches(['-', '•', ' ']);
            push_line(&mut text, &format!("- {} [{n}]", escape(item)));
        } else if is_line && (sentence.text.contains(": ") || sentence.text.contains(" | ")) && own.len() > 1 {
            push_line(&mut text, &format!("- {} [{n}]", escape(&cut)));
        } else {
            if text.ends_with(']') && !text.lines().last().is_some_and(|l| l.starts_with("- ")) {
                text.push(' ');
            } else if !text.is_empty() {
                text.push_str("\n\n");
            }
            text.push_str(&format!("{} [{n}]", escape(&cut)));
        }
    }
    text
}

fn push_line(text: &mut String, line: &str) {
    if !text.is_empty() {
        text.push_str(if text.lines().last().is_some_and(|l| l.starts_with("- ")) { "\n" } else { "\n\n" });
    }
    text.push_str(line);
}

fn starts_numbered(text: &str) -> bool {
    text.split_once(". ").is_some_and(|(n, _)| !n.is_empty() && n.len() <= 2 && n.bytes().all(|b| b.is_ascii_digit()))
}

/// "Tag: Dienstag; Zeit: 14–21 Uhr" reads better without the names of its columns.
pub(super) fn plain_row(text: &str) -> Option<String> {
    let (first, second) = text.split_once("; ")?;
    let ((name, day), (other, value)) = (first.split_once(": ")?, second.split_once(": ")?);
    let is_day = ["tag", "tage", "wochentag", "day", "days", "datum", "date", "wann", "when"]
        .contains(&name.trim_start_matches(['-', '•', ' ']).to_lowercase().as_str());
    let is_plain = !value.contains("; ") && other.split_whitespace().count() <= 2;
    (is_day && is_plain).then(|| format!("{day}: {value}"))
}

fn cut(text: &str) -> String {
    let row = plain_row(text);
    let text = row.as_deref().unwrap_or(text);
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.len() <= LINE_WORDS_MAX { words.join(" ") } else { format!("{} …", words[..LINE_WORDS_MAX].join(" ")) }
}

/// Page text must not become markup of the answer.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '*' | '_' | '`' | '[' | ']' | '<' | '>' | '#') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

fn citation(found: &Found, n: usize, quote: &str) -> Citation {
    Citation {
        id: String::new(),
        n,
        document_id: found.document.id.to_string(),
        key: found.document.key.clone(),
        title: found.document.title.clone(),
        url: found.document.url.clone(),
        quote: quote.to_owned(),
        section: found.chunk.section.clone(),
        updated_at: found.document.updated.clone(),
    }
}

fn passage(found: &Found, quote: &str) -> CitedPassage {
    CitedPassage {
        document_id: found.document.id.to_string(),
        title: found.document.title.clone(),
        url: found.document.url.clone(),
        section: found.chunk.section.clone(),
        quote: quote.to_owned(),
        passage: found.chunk.text.clone(),
        updated_at: found.document.updated.clone(),
        cited_at: now_ms(),
    }
}

/// Telephone and mail of the cited passage, when they are asked for or stand in the chosen sentences.
fn contact(question: &Question, found: &Found, chosen: &[&Sentence]) -> Option<Block> {
    let shown = chosen.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join("\n");
    let asked = matches!(question.wanted, Wanted::Phone | Wanted::Email | Wanted::Person);
    let source = if asked { found.chunk.text.as_str() } else { shown.as_str() };
    let phone = phones(source).into_iter().next();
    let email = emails(source).into_iter().next();
    (phone.is_some() || email.is_some()).then_some(Block::Contact {
        name: None,
        phone,
        email,
        url: None,
        citation: Some(1),
    })
}

/// Telephone numbers of a text: what follows "Tel." and the like, or reads like a number with area code.
#[must_use]
pub(super) fn phones(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines().flat_map(sentences) {
        let lower = line.to_lowercase();
        let named = ["tel", "fon", "phone", "ruf", "call", "mobil", "notdienst", "hotline", "nummer"]
            .iter()
            .any(|cue| lower.contains(cue));
        let mut run = String::new();
        for c in line.chars().chain(['\n']) {
            let joins = c.is_ascii_digit()
                || matches!(c, ' ' | '/' | '-' | '–' | '(' | ')')
                || (c == '+' && run.trim().is_empty());
            if joins && (!run.is_empty() || !matches!(c, ' ' | '/' | '-' | '–' | ')')) {
                run.push(c);
                continue;
            }
            let number = run.trim().trim_matches(|c| matches!(c, '-' | '–' | '/' | '(' | ' ')).to_owned();
            let digits = number.bytes().filter(u8::is_ascii_digit).count();
            let like_phone = number.starts_with('0') || number.starts_with('+');
            let short = named && (3..=6).contains(&digits) && number.starts_with('1');
            if (like_phone && (6..=16).contains(&digits)) || short {
                found.push(number);
            }
            run.clear();
        }
    }
    found
}

/// Mail addresses of a text.
#[must_use]
pub(super) fn emails(text: &str) -> Vec<String> {
    let edge = |c: char| !(c.is_alphanumeric());
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '(' | ')'));
    let trimmed = words.map(|w| w.trim_matches(edge).trim_start_matches("mailto:"));
    trimmed
        .filter(|w| {
            w.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'))
        })
        .map(str::to_owned)
        .collect()
}

/// Says that there is no answer, with the nearest pages and the site's contact.
pub(super) fn refusal(site: &Site, question: &Question, evidence: &Evidence) -> (Answer, Vec<CitedPassage>) {
    let mut seen = BTreeSet::new();
    let nearest: Vec<&Found> = evidence
        .passages
        .iter()
        .filter(|p| p.document.url.is_some() && seen.insert(p.document.id))
        .take(NEAREST_MAX)
        .collect();
    let has_contact = !site.contact.is_empty();
    let text =
        if evidence.passages.is_empty() && evidence.terms.iter().all(|t| !t.known) && seen.is_empty() && !has_contact {
            wording::nothing_read(&question.locale)
        } else {
            wording::refusal(&question.locale, !nearest.is_empty(), has_contact)
        };
    let mut blocks = vec![Block::Text { text }];
    for found in nearest {
        if let Some(url) = &found.document.url {
            blocks.push(Block::Link { title: found.document.title.clone(), url: url.clone(), description: None });
        }
    }
    if has_contact {
        let c = &site.contact;
        blocks.push(Block::Contact {
            name: c.name.clone(),
            phone: c.phone.clone(),
            email: c.email.clone(),
            url: c.url.clone(),
            citation: None,
        });
    }
    let answer = Answer {
        dialog_id: String::new(),
        turn_id: String::new(),
        outcome: Outcome::Refused,
        engine: "extractive".to_owned(),
        locale: question.locale.clone(),
        blocks,
        citations: Vec::new(),
        suggestions: Vec::new(),
        timings_ms: Timings::default(),
    };
    (answer, Vec::new())
}
