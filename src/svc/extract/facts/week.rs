//! Days of the week and times of the day.

use super::rule::Rule;

/// Short names as they are given out, Monday first.
pub const DAYS: [&str; 7] = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];

const NAMES: [&[&str]; 7] = [
    &["montag", "montags", "monday", "mondays", "mo", "mon"],
    &["dienstag", "dienstags", "tuesday", "tuesdays", "di", "tu", "tue", "tues"],
    &["mittwoch", "mittwochs", "wednesday", "wednesdays", "mi", "we", "wed"],
    &["donnerstag", "donnerstags", "thursday", "thursdays", "do", "th", "thu", "thur", "thurs"],
    &["freitag", "freitags", "friday", "fridays", "fr", "fri"],
    &["samstag", "samstags", "sonnabend", "sonnabends", "saturday", "saturdays", "sa", "sat"],
    &["sonntag", "sonntags", "sunday", "sundays", "so", "su", "sun"],
];

/// A day of the week, 0 for Monday, and whether its name was shortened.
pub fn day(word: &str) -> Option<(usize, bool)> {
    let bare = word.trim_end_matches('.');
    let lower = bare.to_lowercase();
    let at = NAMES.iter().position(|names| names.contains(&lower.as_str()))?;
    let is_short = lower.chars().count() < 6;
    // "so", "do" and "we" are words of their own.
    (!is_short || bare.starts_with(char::is_uppercase)).then_some((at, is_short))
}

/// The days from one to another, over the end of the week if need be.
pub fn span(from: usize, to: usize) -> Vec<usize> {
    let length = (to + 7 - from) % 7;
    (0..=length).map(|step| (from + step) % 7).collect()
}

/// Minutes of a day from one to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval {
    pub from: u16,
    pub to: u16,
}

impl Interval {
    pub fn overlaps(self, other: Self) -> bool {
        self.from < other.to && other.from < self.to
    }
}

/// Opening hours of a week.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Week {
    times: Vec<(usize, Interval)>,
}

impl Week {
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    pub fn add(&mut self, day: usize, interval: Interval) {
        if !self.times.contains(&(day, interval)) {
            self.times.push((day, interval));
        }
    }

    /// Whether another time of that day is in the way.
    pub fn is_taken(&self, day: usize, interval: Interval) -> bool {
        self.times.iter().any(|(d, known)| *d == day && known.overlaps(interval) && *known != interval)
    }

    pub fn has_day(&self, day: usize) -> bool {
        self.times.iter().any(|(d, _)| *d == day)
    }

    /// `Mo 08:00-12:00`, by day and time.
    pub fn written(&self) -> Vec<String> {
        let mut times = self.times.clone();
        times.sort_unstable();
        times.iter().map(|(day, i)| format!("{} {}-{}", DAYS[*day], clock(i.from), clock(i.to))).collect()
    }
}

fn clock(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// A span of time and the bytes it was written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub interval: Interval,
    pub from: usize,
    pub to: usize,
    /// Written so that it can be nothing else: with "Uhr", minutes or a half of the day.
    pub is_sure: bool,
}

static SPANS: Rule = Rule::new(
    r"(?ix)\b(\d{1,2})(?:\s?[:.]\s?(\d\d))?\s?(uhr|h\b|a\.?\s?m\b\.?|p\.?\s?m\b\.?|noon)?\s?
      (?:[-–—‑−]{1,2}|bis(?:\szu)?|to|until|till)\s?
      (\d{1,2})(?:\s?[:.]\s?(\d\d))?\s?(uhr|h\b|a\.?\s?m\b\.?|p\.?\s?m\b\.?|noon|midnight)?",
);

/// Every span of time in `text`.
pub fn spans(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    for c in SPANS.captures_iter(text) {
        let whole = c.get_match();
        let part = |n: usize| c.get(n).map_or("", |m| m.as_str());
        let half = |n: usize| part(n).chars().next().map(|c| c.to_ascii_lowercase()).filter(|c| matches!(c, 'a' | 'p'));
        let (first, second) = (half(3), half(6));
        let to = minutes(part(4), part(5), second);
        // "9–5 pm" begins in the morning, "1–5 pm" does not.
        let borrowed = first
            .or_else(|| second.filter(|_| part(3).is_empty()))
            .filter(|_| first.is_some() || number(part(1)) < number(part(4)) || number(part(1)) == 12);
        let from = minutes(part(1), part(2), if first.is_some() { first } else { borrowed });
        let next = text[whole.end()..].chars().next();
        let is_part = next.is_some_and(|c| c.is_alphanumeric() || matches!(c, '€' | '%' | '/'))
            || text[..whole.start()].ends_with(['.', ',', ':', '-', '–', '§', '/', '+']);
        let is_day = part(2).is_empty() && part(5).is_empty() && part(6).is_empty() && next == Some('.');
        if let (Some(from), Some(to)) = (from, to)
            && from < to
            && !is_part
            && !is_day
        {
            let is_sure = [2, 3, 5, 6].iter().any(|n| !part(*n).is_empty());
            let end = whole.start() + whole.as_str().trim_end().len();
            found.push(Span { interval: Interval { from, to }, from: whole.start(), to: end, is_sure });
        }
    }
    found
}

fn number(digits: &str) -> u16 {
    digits.parse().unwrap_or(u16::MAX)
}

/// Minutes since midnight.
pub fn minutes(hour: &str, minute: &str, half: Option<char>) -> Option<u16> {
    let mut hour: u16 = hour.parse().ok()?;
    let minute: u16 = if minute.is_empty() { 0 } else { minute.parse().ok()? };
    match half {
        Some(_) if hour > 12 || hour == 0 => return None,
        Some('p') if hour < 12 => hour += 12,
        Some('a') if hour == 12 => hour = 0,
        _ => {}
    }
    (hour <= 24 && minute < 60 && (hour < 24 || minute == 0)).then_some(hour * 60 + minute)
}
