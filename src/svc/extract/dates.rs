//! Dates in statements like `2026-03-12T08:00`, `12.03.2026`, `12. März 2026`, `March 12, 2026`.

const MONTHS: [(&str, i8); 24] = [
    ("januar", 1),
    ("jänner", 1),
    ("january", 1),
    ("februar", 2),
    ("february", 2),
    ("märz", 3),
    ("march", 3),
    ("april", 4),
    ("mai", 5),
    ("may", 5),
    ("juni", 6),
    ("june", 6),
    ("juli", 7),
    ("july", 7),
    ("august", 8),
    ("september", 9),
    ("oktober", 10),
    ("october", 10),
    ("november", 11),
    ("dezember", 12),
    ("december", 12),
    ("sept", 9),
    ("okt", 10),
    ("dez", 12),
];

/// Labels before the date of the last change, strongest first.
const LABELS: [&str; 14] = [
    "letzte änderung",
    "zuletzt aktualisiert",
    "zuletzt geändert",
    "letzte aktualisierung",
    "aktualisiert am",
    "aktualisiert:",
    "geändert am",
    "stand:",
    "stand vom",
    "(stand ",
    "last updated",
    "last modified",
    "last change",
    "updated on",
];

/// `YYYY-MM-DD` of the first date within the first characters of `text`.
pub fn parse(text: &str) -> Option<String> {
    let words: Vec<String> = text
        .chars()
        .take(80)
        .collect::<String>()
        .to_lowercase()
        .split(|c: char| !(c.is_alphanumeric()))
        .filter(|w| !w.is_empty())
        .map(str::to_owned)
        .collect();
    (0..words.len()).find_map(|i| at(&words[i..]))
}

fn at(words: &[String]) -> Option<String> {
    let word = |i: usize| words.get(i).map_or("", String::as_str);
    // Times may be glued to the day: "12t08".
    let number = |i: usize| -> Option<i16> {
        let w = word(i);
        let digits: String = w.chars().take_while(char::is_ascii_digit).collect();
        let rest = &w[digits.len()..];
        (rest.is_empty() || matches!(rest, "st" | "nd" | "rd" | "th") || rest.starts_with('t'))
            .then(|| digits.parse().ok())?
    };
    let month = |i: usize| -> Option<i16> {
        let w = word(i);
        let full = MONTHS.iter().find(|(name, _)| *name == w || (w.chars().count() == 3 && name.starts_with(w)));
        full.map(|(_, m)| i16::from(*m))
    };
    let first = number(0);
    let tries = [
        (first, number(1), number(2)),    // 2026 03 12
        (number(2), number(1), first),    // 12 03 2026
        (number(2), month(1), first),     // 12 März 2026
        (number(2), month(0), number(1)), // March 12 2026
    ];
    tries.into_iter().find_map(|(y, m, d)| check(y?, m?, d?))
}

fn check(year: i16, month: i16, day: i16) -> Option<String> {
    if !(1990..2100).contains(&year) {
        return None;
    }
    let date = jiff::civil::Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    Some(date.to_string())
}

/// The date behind a label such as "Stand:" anywhere in `text`.
pub fn labelled(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    LABELS.iter().find_map(|label| {
        lower.match_indices(label).find_map(|(i, _)| {
            let tail: String = lower[i + label.len()..].chars().take(30).collect();
            parse(&tail)
        })
    })
}
