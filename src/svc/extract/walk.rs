//! From a tree to headings and blocks in reading order.

use scraper::ElementRef;

use super::assemble::Event;
use super::chrome::{Chrome, is_heading};
use super::{Block, tables, text};

/// Nesting read by shape; anything deeper is read as plain text (the markup scan refuses far deeper trees).
const DEPTH_MAX: usize = 1_600;
const EVENTS_MAX: usize = 50_000;

/// Line break kept through whitespace folding.
const BREAK: char = '\u{1}';

/// Collects events below one element.
pub struct Walker<'c> {
    chrome: &'c Chrome,
    /// What was read.
    pub events: Vec<Event>,
    line: String,
    level: u8,
    depth: usize,
}

impl<'c> Walker<'c> {
    /// An empty walker under the given rules.
    pub fn new(chrome: &'c Chrome) -> Self {
        Self { chrome, events: Vec::new(), line: String::new(), level: 1, depth: 0 }
    }

    /// Reads everything below `e`.
    pub fn run(mut self, e: ElementRef<'_>) -> Vec<Event> {
        self.children(e);
        self.flush();
        self.events
    }

    fn children(&mut self, e: ElementRef<'_>) {
        if self.depth > DEPTH_MAX || self.events.len() > EVENTS_MAX {
            return;
        }
        self.depth += 1;
        for child in e.children() {
            if let Some(text) = child.value().as_text() {
                push_text(&mut self.line, text);
            } else if let Some(child) = ElementRef::wrap(child)
                && !self.chrome.drops(child)
            {
                self.element(child);
            }
        }
        self.depth -= 1;
    }

    fn element(&mut self, e: ElementRef<'_>) {
        let name = e.value().name();
        match name {
            "br" => self.line.push(BREAK),
            "a" => {
                self.children(e);
                push_target(&mut self.line, e);
            }
            _ if is_heading(name) => self.heading(e, name.as_bytes()[1] - b'0'),
            "summary" => self.heading(e, (self.level + 1).min(7)),
            "button" => {
                if e.attr("aria-controls").is_some() && self.chrome.of(e).text > 8 {
                    self.heading(e, 7);
                }
            }
            "ul" | "ol" | "menu" => self.list(e, name == "ol"),
            "dl" => self.definitions(e),
            "table" => self.table(e),
            "pre" => {
                self.flush();
                let code = text::verbatim(&e.text().collect::<String>());
                let code = code.trim_matches('\n').trim_end();
                if !code.trim().is_empty() {
                    self.block(Block::Code { text: code.to_owned() });
                }
            }
            "blockquote" => {
                self.flush();
                let text = self.inline(e);
                if !text.is_empty() {
                    self.block(Block::Quote { text });
                }
            }
            _ if is_inline(name) => self.children(e),
            _ => {
                self.flush();
                self.children(e);
                self.flush();
            }
        }
    }

    fn heading(&mut self, e: ElementRef<'_>, level: u8) {
        self.flush();
        let text = self.inline(e).replace(BREAK, " ");
        let text = text.trim_end_matches(['¶', '#']).trim();
        if !text.is_empty() && text.chars().count() <= 300 {
            self.level = level.min(6);
            self.events.push(Event::Heading(level, text.to_owned()));
        } else if !text.is_empty() {
            self.block(Block::Paragraph { text: text.to_owned() });
        }
    }

    fn block(&mut self, block: Block) {
        self.events.push(Event::Block(block));
    }

    fn flush(&mut self) {
        let text = join_lines(&std::mem::take(&mut self.line));
        if text::weight(&text) > 0 {
            self.block(Block::Paragraph { text });
        }
    }

    fn list(&mut self, e: ElementRef<'_>, ordered: bool) {
        self.flush();
        // Cards and accordions are often list items: their headings and tables must stay what they are.
        let shaped = e
            .descendent_elements()
            .skip(1)
            .any(|d| is_heading(d.value().name()) || matches!(d.value().name(), "table" | "pre" | "dl" | "details"));
        if shaped {
            self.children_flushed(e);
            return;
        }
        let mut items = Vec::new();
        self.items(e, &mut items);
        if !items.is_empty() {
            self.block(Block::List { ordered, items });
        }
    }

    fn items(&mut self, e: ElementRef<'_>, items: &mut Vec<String>) {
        if self.depth > DEPTH_MAX {
            return;
        }
        self.depth += 1;
        for child in e.child_elements().filter(|c| !self.chrome.drops(*c)).collect::<Vec<_>>() {
            if matches!(child.value().name(), "ul" | "ol") {
                self.items(child, items);
                continue;
            }
            let mut line = String::new();
            let mut inner = Vec::new();
            self.gather(child, &mut line, Some(&mut inner), 0);
            let text = join_lines(&line);
            if text::weight(&text) > 0 {
                items.push(text);
            }
            for list in inner {
                self.items(list, items);
            }
        }
        self.depth -= 1;
    }

    fn children_flushed(&mut self, e: ElementRef<'_>) {
        for child in e.child_elements().filter(|c| !self.chrome.drops(*c)).collect::<Vec<_>>() {
            self.flush();
            self.children(child);
            self.flush();
        }
    }

    fn definitions(&mut self, e: ElementRef<'_>) {
        self.flush();
        let mut pairs: Vec<(String, Vec<ElementRef<'_>>)> = Vec::new();
        let grouped = e
            .child_elements()
            .flat_map(|c| if c.value().name() == "div" { c.child_elements().collect() } else { vec![c] });
        for part in grouped.filter(|p| !self.chrome.drops(*p)) {
            match part.value().name() {
                "dt" => {
                    let term = self.inline(part);
                    match pairs.last_mut() {
                        // Several terms may share one value.
                        Some((above, values)) if values.is_empty() => *above = format!("{above}, {term}"),
                        _ => pairs.push((term, Vec::new())),
                    }
                }
                "dd" => match pairs.last_mut() {
                    Some((_, values)) => values.push(part),
                    None => pairs.push((String::new(), vec![part])),
                },
                _ => {}
            }
        }
        let mut items = Vec::new();
        for (term, values) in pairs {
            let text = values.iter().map(|v| self.inline(*v)).filter(|v| !v.is_empty()).collect::<Vec<_>>().join("; ");
            if text.chars().count() > 400 && !term.is_empty() {
                if !items.is_empty() {
                    self.block(Block::List { ordered: false, items: std::mem::take(&mut items) });
                }
                self.events.push(Event::Heading(7, term));
                for value in values {
                    self.children(value);
                    self.flush();
                }
            } else if term.is_empty() || text.is_empty() {
                items.extend([term, text].into_iter().filter(|t| text::weight(t) > 0));
            } else {
                items.push(format!("{}: {text}", term.trim_end_matches(':')));
            }
        }
        if !items.is_empty() {
            self.block(Block::List { ordered: false, items });
        }
    }

    fn table(&mut self, e: ElementRef<'_>) {
        self.flush();
        for caption in e.child_elements().filter(|c| c.value().name() == "caption") {
            let text = self.inline(caption);
            if !text.is_empty() {
                self.block(Block::Paragraph { text });
            }
        }
        match tables::read(e, self) {
            Some((rows, header)) => self.block(Block::Table { rows, header }),
            None => {
                for cell in e.child_elements().filter(|c| c.value().name() != "caption").collect::<Vec<_>>() {
                    self.children(cell);
                    self.flush();
                }
            }
        }
    }

    /// The element's text as one line.
    pub fn inline(&self, e: ElementRef<'_>) -> String {
        let mut line = String::new();
        self.gather(e, &mut line, None, 0);
        join_lines(&line)
    }

    fn gather<'a>(
        &self,
        e: ElementRef<'a>,
        line: &mut String,
        mut lists: Option<&mut Vec<ElementRef<'a>>>,
        depth: usize,
    ) {
        if depth + self.depth > DEPTH_MAX {
            return;
        }
        for child in e.children() {
            if let Some(text) = child.value().as_text() {
                push_text(line, text);
                continue;
            }
            let Some(child) = ElementRef::wrap(child) else { continue };
            if self.chrome.drops(child) {
                continue;
            }
            let name = child.value().name();
            match name {
                "br" => line.push(BREAK),
                "ul" | "ol" if lists.is_some() => {
                    if let Some(lists) = lists.as_deref_mut() {
                        lists.push(child);
                    }
                }
                "li" | "dd" | "tr" => {
                    if !matches!(line.trim_end().chars().last(), None | Some(':' | ';' | ',' | BREAK)) {
                        line.push_str("; ");
                    }
                    self.gather(child, line, lists.as_deref_mut(), depth + 1);
                }
                _ if is_inline(name) => {
                    self.gather(child, line, lists.as_deref_mut(), depth + 1);
                    if name == "a" {
                        push_target(line, child);
                    }
                }
                _ => {
                    line.push(BREAK);
                    self.gather(child, line, lists.as_deref_mut(), depth + 1);
                    line.push(BREAK);
                }
            }
        }
    }
}

fn push_text(line: &mut String, text: &str) {
    line.extend(text.chars().map(|c| if c == BREAK { ' ' } else { c }));
}

/// Addresses behind links whose text does not show them.
fn push_target(line: &mut String, e: ElementRef<'_>) {
    let Some(href) = e.attr("href") else { return };
    let href = href.trim();
    let label: String = e.text().collect();
    let decode = |t: &str| percent_encoding::percent_decode_str(t).decode_utf8_lossy().trim().to_owned();
    if let Some(target) = href.strip_prefix("mailto:") {
        let address = decode(target.split('?').next().unwrap_or_default());
        let plain: String = label.split_whitespace().collect::<String>().to_lowercase();
        let shown = ["@", "(at)", "[at]", "(ät)"].iter().any(|at| plain.contains(at));
        if address.contains('@') && address.len() < 200 && !shown {
            line.extend([" (", address.as_str(), ")"]);
        }
    } else if let Some(target) = href.strip_prefix("tel:") {
        let (number, shown) = (text::digits(&decode(target)), text::digits(&label));
        // "+49 7631 801-0" and "07631 801-0" are the same number.
        let tail = |n: &str| n.chars().rev().take(6).collect::<String>();
        if number.len() >= 3 && !(shown.len() >= 3 && tail(&number) == tail(&shown)) {
            line.extend([" (", decode(target).as_str(), ")"]);
        }
    }
}

/// Joins lines broken by `<br>`: short ones get a comma, as in addresses.
fn join_lines(raw: &str) -> String {
    let mut out = String::new();
    for part in raw.split(BREAK) {
        let part = text::squash(part);
        if part.is_empty() {
            continue;
        }
        if !out.is_empty() {
            let last = out.chars().last().unwrap_or(' ');
            let short = out.rsplit(", ").next().is_some_and(|l| l.chars().count() <= 60);
            let new = !part.starts_with(|c: char| c.is_lowercase() || matches!(c, ',' | ';' | ')' | '.' | ':'));
            let comma = short && new && (last.is_alphanumeric() || matches!(last, ')' | '"' | '“'));
            out.push_str(if comma { ", " } else { " " });
        }
        out.push_str(&part);
    }
    out
}

fn is_inline(name: &str) -> bool {
    matches!(
        name,
        "a" | "abbr"
            | "acronym"
            | "b"
            | "bdi"
            | "bdo"
            | "big"
            | "cite"
            | "code"
            | "data"
            | "del"
            | "dfn"
            | "em"
            | "font"
            | "i"
            | "ins"
            | "kbd"
            | "label"
            | "mark"
            | "q"
            | "rp"
            | "rt"
            | "ruby"
            | "s"
            | "samp"
            | "small"
            | "span"
            | "strike"
            | "strong"
            | "sub"
            | "sup"
            | "time"
            | "tt"
            | "u"
            | "var"
            | "wbr"
            | "nobr"
            | "slot"
            | "button"
    ) || name.contains('-')
}
