//! Telephone and fax numbers: `0201 / 88-12345`, `+49 (0) 201 …`, `Tel. 0201 88-0, Fax -99`.

use super::lines::{Doc, tail};
use super::rule::Rule;
use super::sink::Sink;
use super::value::{Role, Stated};

static NUMBERS: Rule = Rule::new(r"(?:\+|\(\+|\b00|\(?\b0\s?)[\d(][\d\s()/.\-–‑]{3,26}\d");
static DATE: Rule = Rule::new(r"^\d{1,2}\.\s?\d{1,2}\.(?:\s?\d{2,4})?");
static MORE: Rule = Rule::new(
    r"(?i)^\s?[,;/|]?\s?(?:oder|or|und|and|,|/|bzw\.?)?\s?(?:(?:tele)?fax|tel|telefon)?[.:]{0,2}\s?[-–]\s?(\d{1,5})\b",
);
static LABELS: Rule = Rule::new(
    r"(?i)(tele)?fax|mobil|handy|cell|tel\b|tele?fon|\bfon\b|phone|\bruf|hotline|durchwahl|zentrale|servicenummer|call|(?-i:\b[TFM]\b[:.]?\s{0,2}$)|☎|📞|anruf|unter|sekretariat|iban|\bbic\b|konto|\bblz\b|zeichen|\baz\b|nummer|\bnr\b|\bust\b|isbn|steuer|kennung|\bid\b|gläubiger|bankleitzahl|plz|kunden|vorgang|rechnung|\bhr[ab]\b",
);
/// Labels behind which no telephone number stands; a bare "…nummer" is one unless it dials.
const OTHER: [&str; 20] = [
    "iban",
    "bic",
    "konto",
    "blz",
    "zeichen",
    "az",
    "nummer",
    "nr",
    "ust",
    "isbn",
    "steuer",
    "kennung",
    "id",
    "gläubiger",
    "bankleitzahl",
    "plz",
    "kunden",
    "vorgang",
    "rechnung",
    "hrb",
];

/// A number in a text.
pub struct Number {
    pub e164: String,
    pub role: Option<Role>,
    pub from: usize,
    pub to: usize,
}

/// Reads the numbers of the text.
pub fn read(doc: &Doc<'_>, sink: &mut Sink) {
    let code = doc.calling_code;
    for line in &doc.lines {
        let dials = doc.is_under(line, &["telefon", "kontakt", "phone", "contact", "ansprechpartner", "ruf", "fax"]);
        for number in find(&line.text, code, dials) {
            let role = number.role.unwrap_or(Role::Phone);
            let label = tail(&line.text[..number.from], 80);
            sink.text(
                Stated::Phone { number: number.e164, role },
                line,
                Some(label),
                &line.text[number.from..number.to],
            );
        }
    }
}

/// What the words before a number call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    Absent,
    /// No telephone number: an account, a file reference.
    Other,
    Dials(Role),
}

/// Numbers in `text`. `dials`: the text stands where numbers of telephones are expected.
pub fn find(text: &str, code: &str, dials: bool) -> Vec<Number> {
    let mut found: Vec<Number> = Vec::new();
    let mut done = 0;
    for candidate in NUMBERS.find_iter(text) {
        let (from, mut to) = (candidate.start(), candidate.end());
        let before = &text[done.min(from)..from];
        done = to;
        if is_part(before, &text[to..]) || DATE.is_match(&text[from..to]) {
            continue;
        }
        // Two numbers side by side: the second begins with a zero of its own.
        let second = text[from + 1..to].find(" 0").map(|at| from + 1 + at);
        let is_whole = |at: &usize| digits(&text[from..*at]).len() >= 6 && digits(&text[*at..to]).len() >= 6;
        if let Some(at) = second.filter(is_whole) {
            (to, done) = (at, at);
        }
        let written = &text[from..to];
        let label = label(tail(before, 40));
        let Some(e164) = e164(written, code).filter(|_| label != Label::Other) else { continue };
        let own = if let Label::Dials(role) = label { Some(role) } else { None };
        if own.is_none() && !is_plain(written, &e164, dials || !found.is_empty()) {
            continue;
        }
        // "Tel.: 0201 1 oder 0201 2": the role goes on; a mobile number tells itself.
        let inherited = found.last().filter(|last| from - last.to < 12).and_then(|last| last.role);
        let role = match own.or(inherited) {
            Some(Role::Fax) => Some(Role::Fax),
            _ if is_mobile(&e164) => Some(Role::Mobile),
            other => other,
        };
        let base = e164.clone();
        found.push(Number { e164, role, from, to });
        while let Some(c) = MORE.captures(&text[done..]) {
            let Some(more) = extension(&base, written, &c[1]) else { break };
            let role = if c[0].to_lowercase().contains("fax") { Some(Role::Fax) } else { role };
            let (from, end) = (done + c.get(1).map_or(0, |m| m.start()), done + c[0].len());
            found.push(Number { e164: more, role, from, to: end });
            done = end;
        }
    }
    found
}

/// Whether the number is part of something longer.
fn is_part(before: &str, after: &str) -> bool {
    let is_label = ["l.", "n.", "x.", "r."].iter().any(|end| before.ends_with(end));
    let is_glued = before.ends_with(|c: char| c.is_alphanumeric() || ".,-/+_".contains(c)) && !is_label;
    is_glued || after.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '€' | '%' | '@'))
}

/// Whether a number that nothing calls one is one by its shape. "0 62 22" may be anything.
fn is_plain(written: &str, e164: &str, dials: bool) -> bool {
    let is_split = written.contains([' ', '/', '-', '(', '–']) && !written.starts_with("0 ");
    let has_code = written.starts_with('+') || written.starts_with("00") || written.starts_with("(+");
    is_split && (e164.len() >= 11 || (e164.len() >= 9 && (dials || has_code)))
}

fn label(before: &str) -> Label {
    let Some(last) = LABELS.find_iter(before).last() else { return Label::Absent };
    let word = last.as_str().to_lowercase();
    let letter = word.trim_end_matches([':', '.', ' ']);
    let ahead = before[..last.start()].to_lowercase();
    let role = match word.as_str() {
        w if w.contains("fax") => Role::Fax,
        "mobil" | "handy" | "cell" => Role::Mobile,
        // "Rufnummer", "Telefonnummer", "Fax-Nr." dial, other numbers do not.
        "nummer" | "nr" => {
            let kinds = ["tel", "fon", "ruf", "service", "phone", "fax", "mobil", "handy"];
            match kinds.iter().find(|kind| tail(&ahead, 14).contains(**kind)) {
                Some(_) if tail(&ahead, 14).contains("fax") => Role::Fax,
                Some(_) => Role::Phone,
                None => return Label::Other,
            }
        }
        w if OTHER.contains(&w) => return Label::Other,
        // Letters of business cards: "T", "F", "M".
        _ if letter == "f" => Role::Fax,
        _ if letter == "m" => Role::Mobile,
        _ => Role::Phone,
    };
    Label::Dials(role)
}

/// E.164 of a number as people write it; `None` when it is none.
pub fn e164(written: &str, code: &str) -> Option<String> {
    let squeezed: String = written.replace("(0)", "").chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    let (rest, own) = match squeezed.strip_prefix('+').or_else(|| squeezed.strip_prefix("00")) {
        Some(rest) => (rest.to_owned(), true),
        None => (format!("{code}{}", squeezed.strip_prefix('0')?), false),
    };
    // "+49 0201 …" has one zero too many.
    let rest = match rest.strip_prefix("490") {
        Some(tail) => format!("49{tail}"),
        None => rest,
    };
    let is_all_digits = rest.chars().all(|c| c.is_ascii_digit());
    let length = if own { 8..=15 } else { 7..=14 };
    (is_all_digits && length.contains(&rest.len()) && !rest.starts_with('0')).then(|| format!("+{rest}"))
}

/// Whether the number is of a mobile network of Germany, Austria, Switzerland or Britain.
pub fn is_mobile(e164: &str) -> bool {
    ["+4915", "+4916", "+4917", "+436", "+4175", "+4176", "+4177", "+4178", "+4179", "+447"]
        .iter()
        .any(|prefix| e164.starts_with(prefix))
}

/// "0201 88-123 oder -124": the number with another extension.
fn extension(base: &str, written: &str, other: &str) -> Option<String> {
    let own = written.rsplit(['-', '–']).next().filter(|own| own.len() < written.len()).map(digits)?;
    (!own.is_empty() && own.len() <= 5).then(|| format!("{}{other}", &base[..base.len().saturating_sub(own.len())]))
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}
