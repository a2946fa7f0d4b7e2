//! The Markdown subset of answers as data for the page: paragraphs, lists, bold, links, citation markers. No HTML ever.

/// A run of text in one style.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Span {
    pub text: String,
    pub bold: bool,
    pub href: String,
    /// Number of the source, 0 for none.
    pub cite: u32,
}

/// Paragraphs and the list behind them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    pub paragraphs: Vec<Vec<Span>>,
    pub items: Vec<Vec<Span>>,
    pub ordered: bool,
}

/// Reads an answer's text. Each part is paragraphs followed by at most one list.
pub fn parts(text: &str) -> Vec<Part> {
    let mut parts = vec![Part::default()];
    let mut paragraph = String::new();
    for line in text.lines().chain([""]) {
        let line = line.trim();
        let item = item(line);
        if line.is_empty() || item.is_some() {
            if !paragraph.is_empty() {
                let spans = spans(&std::mem::take(&mut paragraph));
                part(&mut parts, |p| p.items.is_empty()).paragraphs.push(spans);
            }
            if let Some((ordered, text)) = item {
                let target = part(&mut parts, |p| p.items.is_empty() || p.ordered == ordered);
                target.ordered = ordered;
                target.items.push(spans(text));
            }
        } else {
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(line);
        }
    }
    parts.retain(|p| *p != Part::default());
    parts
}

/// The last part if it fits, else a new one.
fn part(parts: &mut Vec<Part>, fits: impl Fn(&Part) -> bool) -> &mut Part {
    if !parts.last().is_some_and(fits) {
        parts.push(Part::default());
    }
    let last = parts.len() - 1;
    &mut parts[last]
}

fn item(line: &str) -> Option<(bool, &str)> {
    if let Some(rest) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
        return Some((false, rest));
    }
    let (number, rest) = line.split_once(". ")?;
    let is_number = !number.is_empty() && number.len() <= 2 && number.bytes().all(|b| b.is_ascii_digit());
    is_number.then_some((true, rest))
}

/// Reads one line's styles; what is not closed is plain text.
pub fn spans(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut plain = String::new();
    let mut bold = false;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        if c == '\\' && after.starts_with(|n: char| n.is_ascii_punctuation()) {
            plain.push_str(&after[..1]);
            rest = &after[1..];
        } else if c == '*' && after.starts_with('*') && (bold || after[1..].contains("**")) {
            flush(&mut spans, &mut plain, bold);
            bold = !bold;
            rest = &after[1..];
        } else if let Some((span, behind)) = (c == '[').then(|| bracket(after, bold)).flatten() {
            flush(&mut spans, &mut plain, bold);
            spans.push(span);
            rest = behind;
        } else {
            plain.push(c);
            rest = after;
        }
    }
    flush(&mut spans, &mut plain, bold);
    spans
}

fn flush(spans: &mut Vec<Span>, plain: &mut String, bold: bool) {
    if !plain.is_empty() {
        spans.push(Span { text: std::mem::take(plain), bold, ..Span::default() });
    }
}

/// A marker `[3]` or a link `[text](https://…)`, behind its opening bracket.
fn bracket(rest: &str, bold: bool) -> Option<(Span, &str)> {
    let (inside, behind) = rest.split_once(']')?;
    if let Some((target, after)) = behind.strip_prefix('(').and_then(|b| b.split_once(')')) {
        return is_web(target)
            .then(|| (Span { text: inside.to_owned(), bold, href: target.to_owned(), cite: 0 }, after));
    }
    let is_number = (1..=3).contains(&inside.len()) && inside.bytes().all(|b| b.is_ascii_digit());
    let cite = inside.parse().ok().filter(|n| is_number && *n > 0)?;
    Some((Span { text: inside.to_owned(), cite, ..Span::default() }, behind))
}

/// Only addresses of web pages become links.
pub fn is_web(address: &str) -> bool {
    matches!(url::Url::parse(address), Ok(u) if matches!(u.scheme(), "http" | "https"))
}
