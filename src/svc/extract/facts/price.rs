//! Prices and fees: `12,50 €`, `EUR 1.234,00`, `10 bis 20 Euro`, `kostenfrei`.

use super::lines::{Doc, Line, Shape, sentence, tail};
use super::rule::Rule;
use super::sink::Sink;
use super::value::Stated;

macro_rules! amount {
    () => {
        r"(\d{1,3}(?:[. ]\d{3})+(?:,\d{1,2})?|\d{1,3}(?:,\d{3})+\.\d{2}|\d{1,7}(?:[.,]\d{1,2}\b)?)"
    };
}

static BEHIND: Rule = Rule::new(concat!(
    r"(?i)",
    amount!(),
    r"(?:\s?,\s?(?:--?|–|—))?\s?(€|euro?s?\b|eur\b|cent\b|ct\b|chf\b|£|us-dollar\b|\$)"
));
static AHEAD: Rule = Rule::new(concat!(r"(€|\bEUR\b|\bEuro\b|£|\bCHF\b|\$)\s?", amount!(), r"(?:,\s?(?:--?|–|—))?"));
/// The lower end of a range, in front of an amount.
static LOWER: Rule = Rule::new(concat!(
    r"(?i)(?:^|[^\d.,§])",
    amount!(),
    r"(?:\s?,\s?(?:--?|–|—))?\s?(?:-|–|—|bis(?:\szu)?|und|/|to)\s?$"
));
/// The upper end of a range, behind an amount with its sign in front.
static UPPER: Rule = Rule::new(concat!(r"^\s?(?:-|–|—|bis(?:\szu)?|to)\s?", amount!(), r"\b"));
static LARGE: Rule = Rule::new(r"(?i)^\s?(?:mio|mill?ion|mrd|milli?ard|tsd|tausend|thousand|billion|bn\b|m\b|k\b)");
static FREE: Rule = Rule::new(
    r"(?i)\b(?:kostenlos(?:e[nrms]?)?|kostenfrei(?:e[nrms]?)?|gebührenfrei(?:e[nrms]?)?|beitragsfrei|unentgeltlich(?:e[nrms]?)?|gratis|free of charge|(?:for|is|are) free\b|eintritt(?:\sist)?:?\sfrei|freie[rnm]? eintritt|(?:kinder|jugendliche|schüler|mitglieder|begleitperson(?:en)?)[^,;.|]{0,40}\s(?:haben\s)?frei(?:en eintritt)?(?:$|[,;.])|(?:under \d+s?|children|members|carers?|infants|babies)[^,;.|]{0,25}\s?(?:are |go |: ?)?free\b|free (?:entry|admission)|admission(?: is)?:? free|no (?:charge|fee)s?\b|(?:fallen |entstehen )?keine (?:gebühr(?:en)?|kosten) ?(?:an|erhoben)?)",
);
static NOT_FREE: Rule = Rule::new(r"(?i)\b(?:nicht|nie|not|weder|no longer|nicht mehr)\s(?:\p{L}+\s)?$");
/// What is free here is not what the page is about.
static OTHER_FREE: Rule = Rule::new(
    r"(?i)^\s?(?:hotline|rufnummer|telefon|servicenummer|parkpl|parken|wlan|w-lan|adobe|reader|download|software|app\b|newsletter|aus dem|ansprechbar)",
);
/// Sums that are no price: turnover, income, fines, subsidies.
static OTHER: Rule = Rule::new(
    r"(?i)(?:bußgeld|geldbuße|geldstrafe|einkommen|freibetrag|vermögen|umsatz|haushalt|invest|fördersumme|gesamtkosten|baukosten|schulden|verdien|grenze|\bfine of)\P{L}?[^.!?]{0,60}$",
);

/// Reads the prices of the text.
pub fn read(doc: &Doc<'_>, sink: &mut Sink) {
    for line in &doc.lines {
        for (cents, currency, from, to) in find(&line.text) {
            let label = label(line, from, to);
            let stated = Stated::Price { cents, currency: currency.to_owned() };
            sink.text(stated, line, Some(&label), &line.text[from..to]);
        }
        for free in FREE.find_iter(&line.text) {
            let (before, after) = (&line.text[..free.start()], &line.text[free.end()..]);
            if !NOT_FREE.is_match(before) && !OTHER_FREE.is_match(after) {
                let label = label(line, free.start(), free.end());
                sink.text(Stated::Price { cents: 0, currency: doc.currency.into() }, line, Some(&label), free.as_str());
            }
        }
    }
}

/// Amounts in `text`: cents, currency, bytes.
pub fn find(text: &str) -> Vec<(u64, &'static str, usize, usize)> {
    let mut found: Vec<(u64, &'static str, usize, usize)> = Vec::new();
    for c in AHEAD.captures_iter(text) {
        let (whole, sign, digits) = (c.get_match(), &c[1], &c[2]);
        let Some(currency) = currency(sign) else { continue };
        // "5 € 10" has its sign behind the five.
        let is_behind = text[..whole.start()].trim_end().ends_with(|c: char| c.is_ascii_digit() || c == '-');
        if is_behind || LARGE.is_match(&text[whole.end()..]) || OTHER.is_match(tail(&text[..whole.start()], 90)) {
            continue;
        }
        let Some(cents) = cents(digits) else { continue };
        found.push((cents, currency, whole.start(), whole.end()));
        if let Some(upper) = UPPER.captures(&text[whole.end()..])
            && let Some(cents) = self::cents(&upper[1])
        {
            found.push((cents, currency, whole.end(), whole.end() + upper[0].len()));
        }
    }
    for c in BEHIND.captures_iter(text) {
        let (whole, digits, sign) = (c.get_match(), &c[1], &c[2]);
        let is_free = found.iter().all(|f| whole.end() <= f.2 || f.3 <= whole.start());
        let Some(currency) = currency(sign).filter(|_| is_free) else { continue };
        let is_part = text[..whole.start()].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | ','));
        if is_part || OTHER.is_match(tail(&text[..whole.start()], 90)) {
            continue;
        }
        let Some(mut cents) = cents(digits) else { continue };
        if matches!(sign.to_lowercase().as_str(), "cent" | "ct") {
            cents /= 100;
        }
        if let Some(lower) = LOWER.captures(&text[..whole.start()])
            && let (Some(low), Some(place)) = (self::cents(&lower[1]), lower.get(1))
            && low < cents
            && !is_other_number(&text[..place.start()])
        {
            found.push((low, currency, place.start(), whole.start()));
        }
        found.push((cents, currency, whole.start(), whole.end()));
    }
    found.sort_by_key(|f| f.2);
    found
}

/// Whether the number behind counts something else: "§ 3 und 5 €", "im Jahr 2024 / 25 €".
fn is_other_number(before: &str) -> bool {
    let word: String = before.trim_end().chars().rev().take_while(|c| !c.is_whitespace()).collect();
    let word: String = word.chars().rev().collect::<String>().to_lowercase();
    ["§", "nr.", "abs.", "absatz", "nummer", "jahr", "seite", "stufe", "zone", "tarif", "klasse"]
        .contains(&word.as_str())
}

fn currency(sign: &str) -> Option<&'static str> {
    match sign.to_lowercase().as_str() {
        "€" | "eur" | "euro" | "euros" | "cent" | "ct" => Some("EUR"),
        "£" => Some("GBP"),
        "chf" | "fr." => Some("CHF"),
        "$" | "us-dollar" => Some("USD"),
        _ => None,
    }
}

/// Hundredths of an amount as people write it: `1.234,50`, `12,5`, `12.50`.
pub fn cents(digits: &str) -> Option<u64> {
    let digits: String = digits.chars().filter(|c| !c.is_whitespace()).collect();
    let mark = digits.rfind(['.', ',']);
    let (whole, part) = match mark {
        // Three digits behind the last sign are thousands.
        Some(at) if digits.len() - at - 1 == 3 => (digits.as_str(), ""),
        Some(at) => (&digits[..at], &digits[at + 1..]),
        None => (digits.as_str(), ""),
    };
    let whole: u64 = whole.chars().filter(char::is_ascii_digit).collect::<String>().parse().ok()?;
    let part: u64 = match part.len() {
        0 => 0,
        1 => part.parse::<u64>().ok()? * 10,
        2 => part.parse().ok()?,
        _ => return None,
    };
    whole.checked_mul(100)?.checked_add(part)
}

/// What the price is for: the row or the sentence without the price; for a bare price the heading.
fn label(line: &Line<'_>, from: usize, to: usize) -> String {
    let (before, after) =
        if line.shape == Shape::Row { (&line.text[..from], &line.text[to..]) } else { sentence(&line.text, from, to) };
    let text = if before.chars().filter(|c| c.is_alphabetic()).count() > 2 { tail(before, 120) } else { after };
    if text.chars().any(char::is_alphabetic) { text.to_owned() } else { line.path.last().cloned().unwrap_or_default() }
}
