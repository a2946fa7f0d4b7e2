//! Data without a layout of its own (JSON, XML): names become headings, lists of records become tables, long values paragraphs.

use std::borrow::Cow;

use super::assemble::Event;
use super::rows::Rows;
use super::{Block, Extracted, Warning, html, text};

/// Values one file may hold.
pub const NODES_MAX: usize = 500_000;
/// Headings and blocks that are kept.
const EVENTS_MAX: usize = 50_000;
/// Longest value that stands beside its name, and in a cell of a table, in characters.
const BESIDE_CHARS_MAX: usize = 400;
/// Columns of a table of records; records with more are sections.
const COLUMNS_MAX: usize = 30;
/// More numbers than this in a row are measurements or coordinates.
const NUMBERS_MAX: usize = 12;

/// Names whose value is what the record is called.
const TITLES: [&str; 9] =
    ["title", "titel", "name", "bezeichnung", "headline", "heading", "überschrift", "ueberschrift", "label"];
/// Names whose value is the text itself.
const PROSE: [&str; 12] = [
    "p",
    "para",
    "text",
    "absatz",
    "content",
    "inhalt",
    "body",
    "description",
    "beschreibung",
    "abstract",
    "value",
    "#",
];

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    Text(String),
    List(Vec<Node>),
    /// In the file's order; a name may come again.
    Fields(Vec<(String, Node)>),
}

/// A document of a tree.
pub fn read(root: &Node) -> (Extracted, Vec<Event>) {
    let mut shape = Shape::default();
    let title = match root {
        Node::Fields(fields) => name_of(fields).unwrap_or_default(),
        _ => String::new(),
    };
    match root {
        Node::Fields(fields) => shape.fields(fields, 1),
        Node::List(items) => shape.list("", items, 1),
        Node::Text(text) => shape.prose(text),
    }
    if shape.numbers > 0 {
        let text = format!("{} lists of mere numbers (measurements, coordinates) were left out", shape.numbers);
        shape.warnings.push(Warning::new("numbers_cut", text));
    }
    if shape.is_full() {
        shape
            .warnings
            .push(Warning::new("blocks_cut", format!("what follows the first {EVENTS_MAX} parts was left out")));
    }
    (Extracted { title, warnings: shape.warnings, ..Extracted::default() }, shape.events)
}

#[derive(Default)]
struct Shape {
    events: Vec<Event>,
    warnings: Vec<Warning>,
    numbers: usize,
}

impl Shape {
    fn is_full(&self) -> bool {
        self.events.len() >= EVENTS_MAX
    }

    fn push(&mut self, event: Event) {
        if !self.is_full() {
            self.events.push(event);
        }
    }

    fn heading(&mut self, level: u8, name: &str) {
        let name = text::squash(name);
        if !name.is_empty() {
            self.push(Event::Heading(level.min(6), name.chars().take(200).collect()));
        }
    }

    fn fields(&mut self, fields: &[(String, Node)], level: u8) {
        let mut beside = Rows::default();
        let mut rest = fields;
        while let Some(((key, node), after)) = rest.split_first() {
            if self.is_full() {
                break;
            }
            // In XML a list is the same name again.
            let run = 1 + after.iter().take_while(|(next, _)| next == key).count();
            if run > 1 {
                let items: Vec<&Node> = rest[..run].iter().map(|(_, node)| node).collect();
                self.flush(&mut beside);
                self.items(key, &items, level);
                rest = &rest[run..];
                continue;
            }
            rest = after;
            let is_prose = PROSE.contains(&key.to_lowercase().as_str());
            match node {
                Node::Text(value) if value.trim().is_empty() => {}
                Node::Text(value) if !is_prose && is_short(value) => {
                    beside.push([Cow::Owned(pretty(key)), Cow::Borrowed(value.as_str())]);
                }
                Node::Text(value) => {
                    self.flush(&mut beside);
                    if !is_prose {
                        self.heading(level, &pretty(key));
                    }
                    self.prose(value);
                }
                Node::List(items) => {
                    self.flush(&mut beside);
                    self.list(key, items, level);
                }
                Node::Fields(inner) => {
                    self.flush(&mut beside);
                    self.heading(level, &name_of(inner).unwrap_or_else(|| pretty(key)));
                    self.fields(inner, level.saturating_add(1));
                }
            }
        }
        self.flush(&mut beside);
    }

    fn flush(&mut self, beside: &mut Rows) {
        let rows = std::mem::take(beside);
        if let Some(Block::Table { rows, .. }) = rows.finish(false, &mut self.warnings) {
            self.push(Event::Block(Block::Table { rows, header: false }));
        }
    }

    fn list(&mut self, key: &str, items: &[Node], level: u8) {
        self.items(key, &items.iter().collect::<Vec<_>>(), level);
    }

    fn items(&mut self, key: &str, items: &[&Node], level: u8) {
        if items.len() > NUMBERS_MAX && items.iter().all(|item| is_number(item)) {
            self.numbers += 1;
            return;
        }
        let texts: Vec<&str> = items
            .iter()
            .filter_map(|item| match item {
                Node::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        if texts.len() == items.len() {
            if PROSE.contains(&key.to_lowercase().as_str()) {
                for text in texts {
                    self.prose(text);
                }
                return;
            }
            let items: Vec<String> = texts.iter().map(|text| text::squash(text)).filter(|t| !t.is_empty()).collect();
            if !items.is_empty() {
                self.heading(level, &pretty(key));
                self.push(Event::Block(Block::List { ordered: false, items }));
            }
            return;
        }
        if let Some(rows) = table(items) {
            self.heading(level, &pretty(key));
            if let Some(block) = rows.finish(true, &mut self.warnings) {
                self.push(Event::Block(block));
            }
            return;
        }
        for (at, item) in items.iter().enumerate() {
            match item {
                _ if self.is_full() => break,
                Node::Text(text) => self.prose(text),
                Node::List(inner) => self.list(key, inner, level.saturating_add(1)),
                Node::Fields(inner) => {
                    let name = name_of(inner).unwrap_or_else(|| format!("{} {}", pretty(key), at + 1));
                    self.heading(level, &name);
                    self.fields(inner, level.saturating_add(1));
                }
            }
        }
    }

    /// A text of its own; what a web editor wrote into it is read as a web page.
    fn prose(&mut self, value: &str) {
        let is_markup = value.contains("</") || value.contains("<br") || value.contains("<p>");
        if is_markup && let Ok((events, _)) = html::read_fragment(value, "") {
            for event in events {
                self.push(event);
            }
            return;
        }
        for part in value.replace("\r\n", "\n").split("\n\n") {
            let text = text::squash(part);
            if !text.is_empty() {
                self.push(Event::Block(Block::Paragraph { text }));
            }
        }
    }
}

fn is_short(value: &str) -> bool {
    value.len() <= BESIDE_CHARS_MAX && !value.contains("\n\n") && !value.contains("</")
}

fn is_number(node: &Node) -> bool {
    match node {
        Node::Text(text) => text.parse::<f64>().is_ok(),
        Node::List(items) => items.iter().all(is_number),
        Node::Fields(_) => false,
    }
}

/// `opening_hours` as people write it.
fn pretty(key: &str) -> String {
    text::squash(&key.trim_start_matches(['@', '#', '$']).replace('_', " "))
}

fn name_of(fields: &[(String, Node)]) -> Option<String> {
    let named = |wanted: &str| {
        fields.iter().find_map(|(key, node)| match node {
            Node::Text(text) if key.to_lowercase() == wanted && text.chars().count() <= 200 => Some(text::squash(text)),
            _ => None,
        })
    };
    TITLES.iter().find_map(|wanted| named(wanted)).filter(|name| !name.is_empty())
}

/// Records of short values as a table; `None` when they hold more than that.
fn table(items: &[&Node]) -> Option<Rows> {
    let mut names: Vec<String> = Vec::new();
    let mut records = Vec::with_capacity(items.len());
    for item in items {
        let Node::Fields(fields) = item else { return None };
        let mut record: Vec<(usize, String)> = Vec::new();
        flatten("", fields, 0, &mut names, &mut record)?;
        records.push(record);
    }
    let mut rows = Rows::default();
    rows.push(names.iter().map(|name| Cow::Borrowed(name.as_str())));
    for record in records {
        let mut cells = vec![Cow::Borrowed(""); names.len()];
        for (at, value) in record {
            cells[at] = Cow::Owned(value);
        }
        if !rows.push(cells) {
            break;
        }
    }
    Some(rows)
}

fn flatten(
    before: &str,
    fields: &[(String, Node)],
    depth: usize,
    names: &mut Vec<String>,
    record: &mut Vec<(usize, String)>,
) -> Option<()> {
    if depth > 2 {
        return None;
    }
    for (key, node) in fields {
        let name = format!("{before}{}", pretty(key));
        let value = match node {
            Node::Text(text) if is_short(text) => text.clone(),
            Node::List(_) if is_number(node) => continue,
            Node::List(items) => {
                let texts = items.iter().map(|item| match item {
                    Node::Text(text) => Some(text.as_str()),
                    _ => None,
                });
                texts.collect::<Option<Vec<_>>>()?.join(", ")
            }
            Node::Fields(inner) => {
                flatten(&format!("{name} "), inner, depth + 1, names, record)?;
                continue;
            }
            Node::Text(_) => return None,
        };
        if value.chars().count() > BESIDE_CHARS_MAX {
            return None;
        }
        let at = names.iter().position(|known| *known == name).unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        });
        // The same name twice in one record is a list of its own.
        if names.len() > COLUMNS_MAX || record.iter().any(|(taken, _)| *taken == at) {
            return None;
        }
        record.push((at, value));
    }
    Some(())
}
