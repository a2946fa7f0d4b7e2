//! Events in text: lists and tables of days with names, cards of a day under a heading, and days with a time at which
//! something begins.

use super::super::Block;
use super::calendar::{self, Found};
use super::date::{self, Class};
use super::lines::{Doc, Line, Shape, speaks_of, tail};
use super::rule::Rule;
use super::sink::Sink;
use super::value::Stated;
use super::week;

/// Headings under which days are those of events.
const HEADINGS: [&str; 14] = [
    "termine",
    "veranstaltung",
    "programm",
    "kalender",
    "events",
    "führungen",
    "konzerte",
    "vorstellungen",
    "what's on",
    "what’s on",
    "open days",
    "dates for",
    "fixtures",
    "talks",
];
/// Columns that name what takes place.
const NAMES: [&str; 10] =
    ["veranstaltung", "titel", "event", "thema", "was", "name", "programm", "kurs", "anlass", "what"];

static START: Rule = Rule::new(
    r"(?i)^\W{0,4}(?:(?:um|ab|at|von|from|beginn:?|start:?|einlass:?|zeit:|uhrzeit:)\s)?(\d{1,2})(?:[:.](\d{2}))?\s?(uhr|h\b|a\.?m\b\.?|p\.?m\b\.?)?(?:\s?(?:-|–|bis|to)\s?\d{1,2}(?:[:.]\d\d)?\s?(uhr|h\b|a\.?m\b|p\.?m\b)?)?",
);

/// Reads the events of the text.
pub fn read(doc: &Doc<'_>, sink: &mut Sink) {
    claim_known(doc, sink);
    table(doc, sink);
    for line in doc.lines.iter().filter(|line| matches!(line.shape, Shape::Item | Shape::Paragraph)) {
        let is_listed = line.path.iter().rev().take(2).any(|heading| speaks_of(heading, &HEADINGS))
            || (line.path.len() < 2 && speaks_of(doc.title, &HEADINGS));
        item(doc, line, is_listed, sink);
    }
    // The same event once more, in a sentence about it.
    claim_known(doc, sink);
}

/// Days of events that are known are no facts of their own.
fn claim_known(doc: &Doc<'_>, sink: &mut Sink) {
    let mut known: Vec<String> = Vec::new();
    for fact in sink.facts() {
        if let Stated::Event { start, end, .. } = &fact.stated {
            known.extend(start.get(..10).map(str::to_owned));
            known.extend(end.clone());
        }
    }
    for line in &doc.lines {
        for found in calendar::find(&line.text) {
            let is_known = |day: &String| {
                *day == found.day.iso() || (found.day.year.is_none() && day.get(5..) == Some(&found.day.of_year()))
            };
            if known.iter().any(is_known) {
                sink.claim(line, found.from, found.to);
            }
        }
    }
}

/// Rows with a day, and with a name or a time of their own.
fn table(doc: &Doc<'_>, sink: &mut Sink) {
    let blocks = doc.sections.iter().flat_map(|section| &section.blocks);
    for (at, block) in blocks.enumerate() {
        let Block::Table { rows, header } = block else { continue };
        let head = rows.first().filter(|_| *header);
        let is_name = |cell: &String| NAMES.iter().any(|name| cell.to_lowercase().starts_with(name));
        let named = head.and_then(|head| head.iter().position(is_name));
        let lines: Vec<&Line<'_>> =
            doc.lines.iter().filter(|line| line.block as usize == at && line.shape == Shape::Row).collect();
        for (row, line) in rows.iter().skip(usize::from(*header)).zip(lines) {
            let Some((when, found)) =
                row.iter().enumerate().find_map(|(at, cell)| only_day(cell).map(|found| (at, found)))
            else {
                continue;
            };
            let time = row.iter().enumerate().find_map(|(at, cell)| {
                let from = if at == when { found.1 } else { 0 };
                time(&cell[from..]).map(|time| (at, time))
            });
            let is_listed =
                line.path.iter().any(|heading| speaks_of(heading, &HEADINGS)) || speaks_of(doc.title, &HEADINGS);
            if named.is_none() && time.is_none() && !is_listed {
                continue;
            }
            let is_free = |column: usize| column != when && time.is_none_or(|(at, _)| at != column || at == when);
            let texts = || {
                (0..row.len()).filter(|column| {
                    is_free(*column) && row[*column].chars().filter(|c| c.is_alphabetic()).count() >= 3
                })
            };
            let Some(name) = named.filter(|column| !row[*column].is_empty()).or_else(|| texts().next()) else {
                continue;
            };
            let name = row[name].clone();
            // Tables of fees by day, of collections and of deadlines.
            if !calendar::find(&name).is_empty() || speaks_of(&name, &["€", "frist", "schluss", "euro"]) {
                continue;
            }
            for day in calendar::find(&line.text) {
                sink.claim(line, day.from, day.to);
            }
            let start = start(found.0, time.map(|(_, time)| time));
            sink.text(Stated::Event { start, name, end: found.2.map(|end| end.day.iso()) }, line, None, &line.text);
        }
    }
}

/// A cell that is a day with a year, perhaps with its weekday, its end and a time; where the days end.
fn only_day(cell: &str) -> Option<(Found, usize, Option<Found>)> {
    let days = calendar::find(cell);
    let first = *days.first()?;
    let last = *days.last()?;
    let is_range = days.len() == 2 && is_range(&cell[first.to..last.from]);
    let ahead = cell[..first.from].trim_matches(|c: char| !c.is_alphanumeric());
    let is_clean = ahead.is_empty() || week::day(ahead.trim_end_matches(',')).is_some();
    let rest = cell[last.to..].chars().filter(|c| c.is_alphabetic()).count();
    (first.day.year.is_some() && (days.len() == 1 || is_range) && is_clean && rest <= 12).then_some((
        first,
        last.to,
        is_range.then_some(last),
    ))
}

/// A line that is an event: with its name before or behind the day, or in the heading above.
fn item(doc: &Doc<'_>, line: &Line<'_>, is_listed: bool, sink: &mut Sink) {
    let text = line.text.as_str();
    let days = calendar::find(text);
    let Some(first) = days.first().copied().filter(|f| f.day.year.is_some() && !sink.is_claimed(line, f.from)) else {
        return;
    };
    if date::classify(doc, line, first.from, first.to, None) != Class::Date {
        return;
    }
    let end = days.get(1).filter(|next| is_range(&text[first.to..next.from])).copied();
    // Several days are a list of days, not an event.
    if days.len() > 1 + usize::from(end.is_some()) && days[1..].iter().any(|day| !sink.is_claimed(line, day.from)) {
        return;
    }
    let last = end.unwrap_or(first);
    let ahead = text[..first.from].trim_end();
    let (weekday, before) = without_weekday(ahead);
    let after = &text[last.to..];
    let time = time(after);
    let is_alone = before.is_empty();
    let has_colon = before.ends_with([':', '–', '-', '|']);
    // A period that begins at an hour is no event ("vom 1. März 8 Uhr an gesperrt").
    let is_sentence = !is_alone && !has_colon;
    let name = if is_alone {
        let rest = START.captures(after).filter(|_| time.is_some()).map_or(after, |c| &after[c.get_match().end()..]);
        let behind = first_part(rest);
        if is_name(behind) { Some(behind) } else { time.and_then(|_| heading(doc, line)) }
    } else if has_colon {
        Some(before.trim_end_matches(|c: char| !c.is_alphanumeric() && !matches!(c, ')' | '“' | '"')))
            .filter(|name| is_name(name))
    } else {
        heading(doc, line)
    };
    let is_event = if is_sentence {
        time.is_some()
            && end.is_none()
            && (weekday || is_listed)
            && !speaks_of(text, &["geschlossen", "closed", "gesperrt", "schließt"])
    } else {
        time.is_some() || is_listed && line.shape == Shape::Item && (is_alone || has_colon)
    };
    // The hour under the title is that at which the page was published.
    let is_byline = is_alone && line.path.is_empty() && line.block < 2 && !weekday;
    let Some(name) = name.filter(|_| is_event && !is_byline) else { return };
    if is_label(name) {
        return;
    }
    sink.claim(line, first.from, last.to);
    let stated = Stated::Event {
        start: start(first, time.filter(|_| end.is_none())),
        name: name.to_owned(),
        end: end.map(|end| end.day.iso()),
    };
    sink.text(stated, line, None, text);
}

fn is_range(gap: &str) -> bool {
    calendar::is_joined(gap)
        && !gap.contains([',', '/', '&'])
        && !["und", "and", "oder", "sowie"].iter().any(|word| gap.contains(word))
}

/// "Termin: 5. Mai 2025, 14 Uhr" names nothing.
fn is_label(name: &str) -> bool {
    speaks_of(
        name,
        &[
            "stand",
            "aktualis",
            "frist",
            "schluss",
            "meldung",
            "deadline",
            "updated",
            "published",
            "veröffentlicht",
            "gültig",
        ],
    )
}

/// Whether the text ends with a day of the week, and the text without it and without small words.
fn without_weekday(text: &str) -> (bool, &str) {
    let mut rest = text.trim_end_matches([',', ' ', '(']);
    let mut weekday = false;
    while let Some(word) = rest.rsplit([' ', '(']).next() {
        let is_day = week::day(word).is_some();
        if !is_day
            && !matches!(
                word.to_lowercase().as_str(),
                "am" | "on"
                    | "den"
                    | "dem"
                    | "der"
                    | "vom"
                    | "nächster"
                    | "termin:"
                    | "datum:"
                    | "date:"
                    | "wann:"
                    | "when:"
            )
            || word.is_empty()
        {
            break;
        }
        weekday |= is_day;
        rest = rest[..rest.len() - word.len()].trim_end_matches([',', ' ', '(']);
    }
    (weekday, rest)
}

fn first_part(text: &str) -> &str {
    let trimmed =
        text.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '„' | '"' | '“' | '(' | ')' | '»' | '«'));
    let end = trimmed.find([',', '|', ';', ':']).or_else(|| trimmed.find(". ")).unwrap_or(trimmed.len());
    trimmed[..end].trim()
}

fn is_name(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    (4..=120).contains(&letters) && text.starts_with(|c: char| c.is_uppercase() || !c.is_alphabetic())
}

/// The heading of a card, or the title where the heading is that of the list.
fn heading<'d>(doc: &'d Doc<'_>, line: &'d Line<'_>) -> Option<&'d str> {
    let own = line.path.last().map(String::as_str).filter(|heading| {
        !speaks_of(heading, &HEADINGS) && !speaks_of(heading, &["wann", "wo ", "ort", "zeit", "datum", "anmeld"])
    });
    own.or(Some(doc.title)).map(|name| tail(name, 120)).filter(|name| is_name(name))
}

fn time(text: &str) -> Option<u16> {
    let c = START.captures(text).filter(|c| c.get(2).is_some() || c.get(3).is_some() || c.get(4).is_some())?;
    let part = |n: usize| c.get(n).map_or("", |m| m.as_str());
    let half = part(3).chars().next().map(|c| c.to_ascii_lowercase()).filter(|c| matches!(c, 'a' | 'p'));
    week::minutes(part(1), part(2), half)
}

fn start(found: Found, time: Option<u16>) -> String {
    let day = found.day.iso();
    match time {
        Some(minutes) => format!("{day}T{:02}:{:02}", minutes / 60, minutes % 60),
        None => day,
    }
}
