//! Days in running text: `01.03.2025`, `1. März`, `1.–3. Mai 2025`, `March 1, 2025`, `2025-03-01`.
//!
//! A year that is not written is inferred only within one range or list ("1. März bis 30. April 2025").

use super::rule::Rule;

/// A day; without a year it is one of every year, or of one the page does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    pub year: Option<i16>,
    pub month: i8,
    pub day: i8,
}

/// A day and the bytes it was written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    pub day: Day,
    pub from: usize,
    pub to: usize,
}

impl Day {
    fn new(year: Option<i16>, month: i8, day: i8) -> Option<Self> {
        // A leap year stands in for the unknown one, so that 29 February is a day.
        jiff::civil::Date::new(year.unwrap_or(2024), month, day).ok()?;
        (year.is_none_or(|year| (1900..2100).contains(&year))).then_some(Self { year, month, day })
    }

    /// `YYYY-MM-DD` or `--MM-DD`.
    pub fn iso(self) -> String {
        match self.year {
            Some(year) => format!("{year:04}-{:02}-{:02}", self.month, self.day),
            None => format!("--{:02}-{:02}", self.month, self.day),
        }
    }

    /// `MM-DD`.
    pub fn of_year(self) -> String {
        format!("{:02}-{:02}", self.month, self.day)
    }
}

/// Names of months with their numbers, longer ones first.
const MONTHS: [(&str, i8); 38] = [
    ("januar", 1),
    ("january", 1),
    ("jänner", 1),
    ("jan", 1),
    ("februar", 2),
    ("february", 2),
    ("feb", 2),
    ("märz", 3),
    ("maerz", 3),
    ("march", 3),
    ("mär", 3),
    ("mrz", 3),
    ("mar", 3),
    ("april", 4),
    ("apr", 4),
    ("mai", 5),
    ("may", 5),
    ("juni", 6),
    ("june", 6),
    ("jun", 6),
    ("juli", 7),
    ("july", 7),
    ("jul", 7),
    ("august", 8),
    ("aug", 8),
    ("september", 9),
    ("sept", 9),
    ("sep", 9),
    ("oktober", 10),
    ("october", 10),
    ("okt", 10),
    ("oct", 10),
    ("november", 11),
    ("nov", 11),
    ("dezember", 12),
    ("december", 12),
    ("dez", 12),
    ("dec", 12),
];

macro_rules! month {
    () => {
        r"(?:januar|january|jänner|jan|februar|february|feb|märz|maerz|march|mär|mrz|mar|april|apr|mai|may|juni|june|jun|juli|july|jul|august|aug|september|sept|sep|oktober|october|okt|oct|november|nov|dezember|december|dez|dec)"
    };
}

static ISO: Rule = Rule::new(r"\b((?:19|20)\d\d)-(\d\d)-(\d\d)(?:T(\d\d):(\d\d))?");
static NUMBERS: Rule = Rule::new(r"(\d{1,2})\.\s?(\d{1,2})\.(?:(\d\d)\b|\s?((?:19|20)\d\d)\b)?");
static DAY_MONTH: Rule = Rule::new(concat!(
    r"(?i)\b(\d{1,2})(\.|st|nd|rd|th)?\s?(?:of\s)?\b(",
    month!(),
    r")\b\.?,?(?:\s((?:19|20)\d\d)\b)?"
));
static MONTH_DAY: Rule =
    Rule::new(concat!(r"(?i)\b(", month!(), r")\b\.?\s(\d{1,2})(?:st|nd|rd|th)?\b(?:,?\s((?:19|20)\d\d)\b)?"));
/// Days before a day whose month is written once: "1. bis 3. Mai", "3., 10. und 17. Mai".
static EARLIER: Rule = Rule::new(r"(?:^|[^\d.])(\d{1,2})\.?\s?(?:[-–—]|bis(?:\szum)?|und|/|&|,|to|and|oder)\s?$");
static SHORT_CUE: Rule = Rule::new(r"(?i)\b(?:am|vom|bis|zum|ab|seit)\s$|\d\.\s?[-–—]\s?$");
static ENGLISH_CUE: Rule = Rule::new(r"(?i)\b(?:on|by|from|until|to|of|between|and|before|after|since|till|day,)\s$");
/// What joins the days of a range or a list.
static JOIN: Rule = Rule::new(
    r"(?i)^\s?(?:[-–—/,&]|,?\s?(?:bis(?:\s(?:zum|einschließlich))?|und|sowie|oder|to|and|until|till|through))\s?(?:(?:zum|am|vom|den)\s)?$",
);

/// The number of a month.
pub fn month(name: &str) -> Option<i8> {
    let name = name.to_lowercase();
    MONTHS.iter().find(|(known, _)| *known == name).map(|(_, number)| *number)
}

/// Every day written in `text`, in order.
pub fn find(text: &str) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut push = |day: Option<Day>, from: usize, to: usize| {
        let free = |f: &Found| to <= f.from || f.to <= from;
        if let Some(day) = day.filter(|_| found.iter().all(free)) {
            found.push(Found { day, from, to });
        }
    };
    for c in ISO.captures_iter(text) {
        let whole = c.get_match();
        push(Day::new(number(&c[1]), small(&c[2]), small(&c[3])), whole.start(), whole.end());
    }
    // "15.2., 15.5. und 15.8.": what goes on from a day is a day.
    let mut last: Option<usize> = None;
    for c in NUMBERS.captures_iter(text) {
        let whole = c.get_match();
        let year = c
            .get(4)
            .and_then(|y| number(y.as_str()))
            .or_else(|| c.get(3).and_then(|y| number::<i16>(y.as_str())).map(|y| 2000 + y));
        let goes_on = last.is_some_and(|last| last <= whole.start() && is_joined(&text[last..whole.start()]));
        let is_cued = goes_on || SHORT_CUE.is_match(&text[..whole.start()]);
        let is_sure = year.is_some() || is_cued || (c[1].len() == 2 && c[2].len() == 2);
        if is_sure && stands_alone(text, whole.start(), whole.end()) {
            last = Some(whole.end());
            push(Day::new(year, small(&c[2]), small(&c[1])), whole.start(), whole.end());
        }
    }
    for c in DAY_MONTH.captures_iter(text) {
        let whole = c.get_match();
        let year = c.get(4).and_then(|y| number(y.as_str()));
        let is_sure = c.get(2).is_some() || year.is_some() || c[3].len() > 3;
        let is_name = text[whole.end()..].starts_with('-') && text[whole.end() + 1..].starts_with(char::is_alphabetic);
        if is_sure && !is_name && c[3].starts_with(char::is_uppercase) {
            let month = month(&c[3]).unwrap_or_default();
            push(
                Day::new(year, month, small(&c[1])),
                whole.start(),
                whole.end().min(trimmed(text, whole.start(), whole.end())),
            );
        }
    }
    for c in MONTH_DAY.captures_iter(text) {
        let whole = c.get_match();
        let year = c.get(3).and_then(|y| number(y.as_str()));
        if (year.is_some() || ENGLISH_CUE.is_match(&text[..whole.start()])) && c[1].starts_with(char::is_uppercase) {
            push(Day::new(year, month(&c[1]).unwrap_or_default(), small(&c[2])), whole.start(), whole.end());
        }
    }
    found.sort_by_key(|f| f.from);
    complete(text, found)
}

/// Adds days written without their month, and years written once.
fn complete(text: &str, found: Vec<Found>) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::with_capacity(found.len());
    for one in found {
        let mut earlier = Vec::new();
        let mut from = one.from;
        let floor = all.last().map_or(0, |f: &Found| f.to);
        while let Some(c) = EARLIER.captures(&text[floor..from]) {
            let Some(digits) = c.get(1) else { break };
            let Some(day) = Day::new(one.day.year, one.day.month, small(digits.as_str())) else { break };
            if day.day >= one.day.day || earlier.len() > 10 || !text[floor + digits.end()..].starts_with('.') {
                break;
            }
            from = floor + digits.start();
            earlier.push(Found { day, from, to: floor + digits.end() });
        }
        all.extend(earlier.into_iter().rev());
        all.push(one);
    }
    for at in (1..all.len()).rev() {
        let (early, late) = (all[at - 1], all[at]);
        let Some(year) = late.day.year.filter(|_| early.day.year.is_none()) else { continue };
        if early.to <= late.from && is_joined(&text[early.to..late.from]) {
            let is_before = (early.day.month, early.day.day) <= (late.day.month, late.day.day);
            all[at - 1].day.year = is_before.then_some(year).or(Some(year - 1));
        }
    }
    all
}

/// Whether `gap` between two days makes them a range or a list.
pub fn is_joined(gap: &str) -> bool {
    JOIN.is_match(gap)
}

/// A day, and the time where there is one, of a statement to machines: `2025-05-10T19:30:00+02:00`.
pub fn stamp(text: &str) -> Option<(String, Option<String>)> {
    let c = ISO.captures(text.trim())?;
    let day = Day::new(number(&c[1]), small(&c[2]), small(&c[3]))?;
    let time = c.get(4).zip(c.get(5)).map(|(hour, minute)| format!("{}:{}", hour.as_str(), minute.as_str()));
    Some((day.iso(), time))
}

fn trimmed(text: &str, from: usize, to: usize) -> usize {
    from + text[from..to].trim_end_matches([',', ' ']).len()
}

/// Not part of a longer number, of a section number or of a version.
fn stands_alone(text: &str, from: usize, to: usize) -> bool {
    let before = text[..from].chars().next_back();
    let after = text[to..].chars().next();
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '§');
    !before.is_some_and(is_part) && !after.is_some_and(char::is_alphanumeric)
}

fn number<T: std::str::FromStr>(digits: &str) -> Option<T> {
    digits.parse().ok()
}

fn small(digits: &str) -> i8 {
    digits.parse().unwrap_or_default()
}
