//! A cheap look over the raw markup before it is parsed.
//!
//! The parser's work grows with depth times tags and, inside one tag, with the square of its attributes; hostile pages
//! are refused here, before any tree exists. Deliberately absent: correctness about what is valid HTML.

use super::{RejectCode, Rejected};

/// Deepest nesting parsed, in open elements.
const DEPTH_MAX: usize = 1_500;
/// Most tags parsed.
const TAGS_MAX: usize = 400_000;
/// Most attributes of one tag (counted as separators outside quotes).
const ATTRIBUTES_MAX: usize = 1_000;

/// Elements that never nest by being left open.
const FLAT: [&str; 31] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr", "p",
    "li", "td", "th", "tr", "dt", "dd", "option", "optgroup", "thead", "tbody", "tfoot", "colgroup", "rp", "rt",
    "path", "use",
];

/// Elements where HTML ignores a closing slash, so that `<div/>` nests.
const OPENS: [&str; 14] =
    ["div", "span", "section", "article", "ul", "ol", "dl", "table", "b", "i", "u", "font", "em", "strong"];

/// Passes markup that can be parsed in bounded time.
///
/// # Errors
/// `TooComplex`.
pub fn check(markup: &str) -> Result<(), Rejected> {
    let bytes = markup.as_bytes();
    let (mut at, mut depth, mut tags) = (0_usize, 0_usize, 0_usize);
    while let Some(open) = find(bytes, at, b'<') {
        let rest = &bytes[open..];
        if rest.starts_with(b"<!--") {
            at = find_text(bytes, open + 4, b"-->").unwrap_or(bytes.len());
            continue;
        }
        let closing = rest.get(1) == Some(&b'/');
        let name_at = open + 1 + usize::from(closing);
        let name: String = bytes[name_at.min(bytes.len())..]
            .iter()
            .take(24)
            .take_while(|b| b.is_ascii_alphanumeric() || **b == b'-')
            .map(|b| char::from(b.to_ascii_lowercase()))
            .collect();
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            at = open + 1;
            continue;
        }
        tags += 1;
        let (end, self_closed) = tag_end(bytes, name_at + name.len())?;
        at = end;
        if closing {
            depth = depth.saturating_sub(usize::from(!FLAT.contains(&name.as_str())));
        } else if matches!(name.as_str(), "script" | "style" | "textarea" | "title" | "noscript" | "iframe" | "xmp") {
            at = closing_of(bytes, at, &name);
        } else if (!self_closed || OPENS.contains(&name.as_str())) && !FLAT.contains(&name.as_str()) {
            depth += 1;
        }
        if depth > DEPTH_MAX || tags > TAGS_MAX {
            return Err(too_complex());
        }
    }
    Ok(())
}

fn too_complex() -> Rejected {
    Rejected::new(
        RejectCode::TooComplex,
        "the page's markup is nested too deep or has too many elements: split the page, or export it as plain HTML",
    )
}

fn find(bytes: &[u8], from: usize, needle: u8) -> Option<usize> {
    bytes.get(from..)?.iter().position(|b| *b == needle).map(|i| from + i)
}

fn find_text(bytes: &[u8], from: usize, needle: &[u8]) -> Option<usize> {
    bytes.get(from..)?.windows(needle.len()).position(|w| w == needle).map(|i| from + i)
}

fn closing_of(bytes: &[u8], from: usize, name: &str) -> usize {
    let mut at = from;
    while let Some(open) = find(bytes, at, b'<') {
        let rest = bytes.get(open + 2..).unwrap_or_default();
        if bytes.get(open + 1) == Some(&b'/')
            && rest.len() >= name.len()
            && rest[..name.len()].eq_ignore_ascii_case(name.as_bytes())
        {
            return open;
        }
        at = open + 1;
    }
    bytes.len()
}

/// Position after `>` and whether the tag closed itself.
fn tag_end(bytes: &[u8], from: usize) -> Result<(usize, bool), Rejected> {
    let (mut at, mut quote, mut gaps, mut last) = (from, 0_u8, 0_usize, 0_u8);
    while let Some(&b) = bytes.get(at) {
        at += 1;
        match b {
            _ if quote != 0 => {
                if b == quote {
                    quote = 0;
                }
                continue;
            }
            b'>' => return Ok((at, last == b'/')),
            b'"' | b'\'' if last == b'=' => quote = b,
            // Attributes may follow each other without a blank after a quote, so both count.
            b'=' | b'/' => gaps += 1,
            b if b.is_ascii_whitespace() && !last.is_ascii_whitespace() => gaps += 1,
            _ => {}
        }
        last = b;
        if gaps > ATTRIBUTES_MAX * 2 {
            return Err(too_complex());
        }
    }
    Ok((bytes.len(), false))
}
