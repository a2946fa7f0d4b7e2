//! Cuts running text into sentences, for evidence and for chunks that would be too long.

/// Words that end in a full stop without ending a sentence, lower case, without the stop.
const ABBREVIATIONS: &[&str] = &[
    "abs", "abt", "allg", "art", "aufl", "bd", "bspw", "bzgl", "bzw", "ca", "co", "dr", "e.g", "ehem", "einschl",
    "etc", "evtl", "exkl", "f", "ff", "fr", "geb", "gem", "ggf", "ggfs", "gr", "hl", "hr", "i.e", "inkl", "insb", "jr",
    "kath", "lfd", "lt", "max", "min", "mind", "mio", "mr", "mrd", "mrs", "ms", "mtl", "no", "nr", "o", "p", "pos",
    "prof", "s", "sog", "sr", "st", "std", "str", "tel", "telef", "u", "usw", "v", "vgl", "vs", "zi", "zz", "zzgl",
    "z", "d", "a", "i", "h", "b",
];

/// Sentences of `text` in order, trimmed, never empty. A line break always ends a sentence.
#[must_use]
pub fn sentences(text: &str) -> Vec<&str> {
    text.lines().flat_map(split_line).collect()
}

fn split_line(line: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if !matches!(c, '.' | '!' | '?' | '…') {
            continue;
        }
        let mut end = at + c.len_utf8();
        // Closing quotes and brackets belong to the sentence.
        while let Some(&(next, closing)) = chars.peek() {
            if !matches!(closing, '"' | '“' | '”' | '»' | ')' | ']' | '.' | '!' | '?') {
                break;
            }
            end = next + closing.len_utf8();
            chars.next();
        }
        if is_end(line, at, c, end) {
            push(&mut parts, &line[start..end]);
            start = end;
        }
    }
    push(&mut parts, &line[start..]);
    parts
}

fn push<'a>(parts: &mut Vec<&'a str>, text: &'a str) {
    let text = text.trim();
    if text.chars().any(char::is_alphanumeric) {
        parts.push(text);
    }
}

fn is_end(line: &str, at: usize, stop: char, end: usize) -> bool {
    let rest = &line[end..];
    if !rest.starts_with(char::is_whitespace) {
        return rest.is_empty();
    }
    let Some(next) = rest.trim_start().chars().next() else { return true };
    if stop != '.' {
        return !next.is_lowercase();
    }
    let word = line[..at].rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    // "1. Samstag", "am 24. Dezember": an ordinal, unless a number ends the sentence ("um 12.30.").
    let is_ordinal = !word.is_empty() && word.len() <= 2 && word.bytes().all(|b| b.is_ascii_digit());
    let lower = word.to_lowercase();
    let is_initial = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
    let is_dotted = lower.contains('.') && lower.chars().all(|c| c == '.' || c.is_alphabetic());
    !(is_ordinal || is_initial || is_dotted || next.is_lowercase() || ABBREVIATIONS.contains(&lower.as_str()))
}
