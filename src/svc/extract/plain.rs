//! Plain text: paragraphs, lists and underlined headings; and addresses guessed from file names.

use super::assemble::{Event, assemble};
use super::markdown::split_front;
use super::{Block, Extracted, dates, text};

/// Reads a text file; never fails.
pub fn read(source: &str, _base: &str) -> Extracted {
    let (front, body) = split_front(source);
    let mut events = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    let all: Vec<&str> = body.lines().collect();
    let mut i = 0;
    while let Some(line) = all.get(i) {
        let under = all.get(i + 1).map_or("", |l| l.trim());
        if lines.is_empty() && is_short(line) && is_rule(under) {
            events.push(Event::Heading(if under.starts_with('=') { 1 } else { 2 }, text::squash(line)));
            i += 2;
            continue;
        }
        if let Some((level, heading)) = hashed(line) {
            paragraph(&mut lines, &mut events);
            events.push(Event::Heading(level, heading));
        } else if line.trim().is_empty() || is_rule(line.trim()) {
            paragraph(&mut lines, &mut events);
        } else {
            lines.push(line);
        }
        i += 1;
    }
    paragraph(&mut lines, &mut events);
    let heading = match events.first() {
        Some(Event::Heading(_, text)) => Some(text.clone()),
        _ => None,
    };
    // A short first line without a full stop is a title even when nothing underlines it.
    let opening = match events.first() {
        Some(Event::Block(Block::Paragraph { text }))
            if is_short(text) && events.len() > 1 && !text.ends_with(['.', ',', ';']) =>
        {
            Some(text.clone())
        }
        _ => None,
    };
    if heading.is_none() && opening.is_some() && front.title.is_none() {
        events.remove(0);
    }
    let title = front.title.clone().or(heading).or(opening).unwrap_or_default();
    Extracted {
        sections: assemble(events, &title),
        title,
        language: front.language,
        canonical: front.canonical,
        stated_url: front.url,
        updated: front.updated.or_else(|| dates::labelled(body)),
        ..Extracted::default()
    }
}

fn is_short(line: &str) -> bool {
    let count = line.trim().chars().count();
    (2..=100).contains(&count)
}

fn is_rule(line: &str) -> bool {
    line.len() >= 3 && (line.chars().all(|c| c == '=') || line.chars().all(|c| c == '-'))
}

fn hashed(line: &str) -> Option<(u8, String)> {
    let level = line.chars().take_while(|c| *c == '#').count();
    let rest = line.get(level..)?.strip_prefix(' ')?;
    ((1..=6).contains(&level) && !rest.trim().is_empty())
        .then(|| (u8::try_from(level).unwrap_or(6), text::squash(rest)))
}

fn paragraph(lines: &mut Vec<&str>, events: &mut Vec<Event>) {
    let lines = std::mem::take(lines);
    let item = |l: &str| {
        let t = l.trim_start();
        ["- ", "* ", "• ", "– "].iter().find_map(|m| t.strip_prefix(m)).map(text::squash)
    };
    let first = lines.iter().position(|l| item(l).is_some()).unwrap_or(lines.len());
    let (head, list) = lines.split_at(first);
    let joined = text::squash(&head.join(" "));
    if !joined.is_empty() {
        events.push(Event::Block(Block::Paragraph { text: joined }));
    }
    let mut items: Vec<String> = Vec::new();
    for line in list {
        match (item(line), items.last_mut()) {
            (Some(new), _) => items.push(new),
            (None, Some(above)) => *above = format!("{above} {}", text::squash(line)),
            (None, None) => {}
        }
    }
    items.retain(|i| text::weight(i) > 0);
    if !items.is_empty() {
        events.push(Event::Block(Block::List { ordered: false, items }));
    }
}

/// The address that `www_host_de_a_b.md` was most likely saved from; identifies a document, never shown as a link.
#[must_use]
pub fn guess_url(file_name: &str) -> Option<String> {
    const ENDINGS: [&str; 16] = [
        "de", "com", "org", "net", "eu", "at", "ch", "info", "io", "bayern", "berlin", "nrw", "koeln", "hamburg",
        "gov", "uk",
    ];
    let name = file_name.rsplit(['/', '\\']).next()?;
    let stem = match name.rsplit_once('.') {
        Some((stem, "md" | "markdown" | "html" | "htm" | "txt")) => stem,
        _ => name,
    };
    let rest =
        stem.strip_prefix("https_").or_else(|| stem.strip_prefix("http_")).unwrap_or(stem).trim_start_matches('_');
    let parts: Vec<&str> = rest.split('_').collect();
    if parts.first() != Some(&"www") {
        return None;
    }
    let end = parts.iter().skip(2).position(|p| ENDINGS.contains(&p.to_ascii_lowercase().as_str()))? + 2;
    if end > 4 || parts[..=end].iter().any(|p| p.is_empty() || !p.chars().all(|c| c.is_alphanumeric() || c == '-')) {
        return None;
    }
    let path: Vec<&str> = parts[end + 1..].iter().copied().filter(|p| !p.is_empty()).collect();
    Some(format!("https://{}/{}", parts[..=end].join(".").to_lowercase(), path.join("/")))
}
