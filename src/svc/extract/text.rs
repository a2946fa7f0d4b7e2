//! Small text helpers: whitespace, invisible characters, phrases, names from paths.

use unicode_normalization::UnicodeNormalization as _;

/// One line, NFC, without soft hyphens, zero-width and control characters.
pub fn squash(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    // What is dropped goes first: a letter may then meet a mark it had been kept apart from.
    for c in text.chars().filter(|c| !is_invisible(*c)).nfc() {
        match c {
            c if c.is_whitespace() || c.is_control() => gap = true,
            c => {
                if gap && !out.is_empty() {
                    out.push(' ');
                }
                gap = false;
                out.push(c);
            }
        }
    }
    out
}

/// Preformatted text: NFC, its line breaks and tabs kept, other invisible and control characters gone.
pub fn verbatim(text: &str) -> String {
    let kept = |c: &char| matches!(c, '\n' | '\t') || !(c.is_control() || is_invisible(*c));
    text.chars().filter(kept).nfc().collect()
}

const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// Letters and digits of `text`: a measure of how much is said.
pub fn weight(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphanumeric()).count()
}

/// Digits only, to compare telephone numbers.
pub fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Last path part without extension and with separators as spaces.
pub fn title_from_name(path_or_url: &str) -> String {
    let path = path_or_url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
    let stem = match name.rsplit_once('.') {
        Some((stem, ext)) if !stem.is_empty() && ext.len() <= 5 => stem,
        _ => &name,
    };
    let title = squash(&stem.replace(['_', '-', '+'], " "));
    if title.is_empty() { "Ohne Titel".to_owned() } else { title }
}

/// The title without the name of the site (` | Stadt X`, ` – Stadt X`); `site` is the stated site name.
pub fn strip_site(title: &str, site: Option<&str>) -> String {
    const SEPARATORS: [&str; 8] = [" | ", " – ", " — ", " - ", " :: ", " · ", " » ", " • "];
    const SITE_STARTS: [&str; 9] = [
        "stadt ",
        "gemeinde ",
        "landkreis ",
        "kreis ",
        "markt ",
        "verbandsgemeinde ",
        "city of ",
        "town of ",
        "willkommen",
    ];
    let title = squash(title);
    let Some(separator) = SEPARATORS.iter().find(|s| title.contains(**s)) else { return title };
    let parts: Vec<&str> = title.split(separator).map(str::trim).filter(|p| !p.is_empty()).collect();
    let is_site = |part: &str| site.is_some_and(|s| s.eq_ignore_ascii_case(part));
    // A bare hyphen also stands inside titles ("Hund - Anmeldung"): there only the last part goes.
    if *separator == " - " && parts.len() > 2 && !is_site(parts[0]) {
        return parts[..parts.len() - 1].join(" - ");
    }
    let first = parts.first().copied().unwrap_or_default();
    let lower = first.to_lowercase();
    if parts.len() > 1 && (is_site(first) || (site.is_none() && SITE_STARTS.iter().any(|s| lower.starts_with(s)))) {
        return parts.iter().rev().find(|p| !is_site(p)).copied().unwrap_or(first).to_owned();
    }
    if first.is_empty() { title } else { first.to_owned() }
}

/// Whether `text` holds one of `phrases` (given in lower case).
pub fn mentions(lower: &str, phrases: &[&str]) -> bool {
    phrases.iter().any(|p| lower.contains(p))
}
