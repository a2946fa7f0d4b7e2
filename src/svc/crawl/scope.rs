//! Which addresses of the website are wanted, and which look like a trap. Decides on the address alone.

use std::collections::{HashMap, HashSet};

use percent_encoding::percent_decode_str;
use url::Url;

use super::SkipReason;
use crate::base::clock::this_year;
use crate::base::limits::KEY_BYTES_MAX;

/// Addresses of one shape (digits and values ignored) that are read.
const SHAPE_MAX: usize = 2_000;
/// Calendar views of one shape that are read.
const CALENDAR_MAX: usize = 24;
/// Years around this one of which calendars are read.
const YEARS_BACK: i16 = 10;
const YEARS_AHEAD: i16 = 3;
/// With more sets of parameters than this a path is a filtered list, of which so many addresses are read.
const FACET_SETS_MAX: usize = 6;
const FACETED_MAX: usize = 100;
/// Parameters that turn pages.
const PAGE_KEYS: [&str; 9] = ["page", "seite", "p", "pg", "paged", "offset", "start", "from", "limit"];
/// Segments behind which the number of a page stands.
const PAGE_SEGMENTS: [&str; 4] = ["page", "seite", "Seite", "p"];
const SEGMENTS_MAX: usize = 24;
const PARAMETERS_MAX: usize = 12;
/// The same path segment may occur this often.
const SEGMENT_REPEATS_MAX: usize = 3;

const CALENDAR_KEYS: [&str; 18] = [
    "year",
    "month",
    "day",
    "week",
    "date",
    "jahr",
    "monat",
    "tag",
    "woche",
    "kw",
    "datum",
    "cal_date",
    "caldate",
    "from_date",
    "start_date",
    "ical",
    "time",
    "timestamp",
];
const CALENDAR_WORDS: [&str; 9] = [
    "calendar",
    "kalender",
    "events",
    "event",
    "termine",
    "veranstaltungen",
    "veranstaltungskalender",
    "month",
    "monat",
];

/// File name endings that are known not to be read, with the word for people.
const KINDS: [(&str, &str); 29] = [
    ("rtf", "RTF"),
    ("zip", "archive"),
    ("gz", "archive"),
    ("7z", "archive"),
    ("rar", "archive"),
    ("jpg", "image"),
    ("jpeg", "image"),
    ("png", "image"),
    ("gif", "image"),
    ("webp", "image"),
    ("svg", "image"),
    ("ico", "image"),
    ("avif", "image"),
    ("tif", "image"),
    ("tiff", "image"),
    ("mp3", "audio"),
    ("ogg", "audio"),
    ("wav", "audio"),
    ("m4a", "audio"),
    ("mp4", "video"),
    ("webm", "video"),
    ("mov", "video"),
    ("avi", "video"),
    ("css", "style sheet"),
    ("js", "script"),
    ("ics", "calendar file"),
    ("vcf", "contact card"),
    ("exe", "program"),
    ("dmg", "program"),
];

/// Include and exclude rules plus counters against traps.
#[derive(Debug, Default)]
pub(super) struct Scope {
    include: Vec<Rule>,
    exclude: Vec<Rule>,
    shapes: HashMap<String, usize>,
    facets: HashMap<String, Facets>,
}

/// How one path is asked for with different sets of parameters.
#[derive(Debug, Default)]
struct Facets {
    sets: HashSet<String>,
    addresses: usize,
}

/// Path prefix that ends at a segment border, or a pattern in which `*` stands for anything.
#[derive(Debug)]
struct Rule(String);

impl Rule {
    fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let path = match text.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
            None => text,
        };
        if path.is_empty() {
            return None;
        }
        let path = percent_decode_str(path).decode_utf8_lossy();
        Some(Self(if path.starts_with(['/', '*']) { path.into_owned() } else { format!("/{path}") }))
    }

    fn matches(&self, path: &str) -> bool {
        if self.0.contains('*') {
            return glob(&self.0, path);
        }
        let prefix = self.0.trim_end_matches('/');
        path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
    }
}

impl Scope {
    pub(super) fn new(include: &[String], exclude: &[String]) -> Self {
        let rules = |list: &[String]| list.iter().filter_map(|text| Rule::new(text)).collect();
        Self { include: rules(include), exclude: rules(exclude), ..Self::default() }
    }

    /// Folders named by the rules: worth a visit even when nothing links to them.
    pub(super) fn folders(&self) -> Vec<String> {
        self.include
            .iter()
            .map(|rule| rule.0.split('*').next().unwrap_or("/").to_owned())
            .filter(|path| path.starts_with('/'))
            .collect()
    }

    /// Whether the given folders leave this address in.
    pub(super) fn includes(&self, url: &Url) -> bool {
        let mut path = percent_decode_str(url.path()).decode_utf8_lossy().into_owned();
        if let Some(query) = url.query() {
            path.push('?');
            path.push_str(query);
        }
        (self.include.is_empty() || self.include.iter().any(|rule| rule.matches(&path)))
            && !self.exclude.iter().any(|rule| rule.matches(&path))
    }

    /// Why the address itself rules the page out; independent of what was seen before.
    pub(super) fn refuse(&self, url: &Url) -> Option<SkipReason> {
        if url.as_str().len() > KEY_BYTES_MAX {
            return Some(SkipReason::UrlTooLong);
        }
        if !self.includes(url) {
            return Some(SkipReason::Excluded);
        }
        if let Some(kind) = kind_of_path(url.path()) {
            return Some(SkipReason::UnsupportedType { kind: kind.to_owned() });
        }
        let segments: Vec<&str> = url.path().split('/').filter(|s| !s.is_empty()).collect();
        if segments.len() > SEGMENTS_MAX || url.query().is_some_and(|q| q.split('&').count() > PARAMETERS_MAX) {
            return Some(SkipReason::Trap { what: "an endless address" });
        }
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for segment in &segments {
            let count = counts.entry(segment).or_default();
            *count += 1;
            if *count > SEGMENT_REPEATS_MAX {
                return Some(SkipReason::Trap { what: "the same folder again and again" });
            }
        }
        is_far_off(url).then_some(SkipReason::Trap { what: "a calendar far from today" })
    }

    /// A filtered list multiplies: each filter can be combined with each other. A list that is only turned page by page
    /// always has the same parameters.
    fn is_filter_trap(&mut self, url: &Url) -> bool {
        let mut keys: Vec<String> = url.query_pairs().map(|(key, _)| key.to_ascii_lowercase()).collect();
        keys.retain(|key| !PAGE_KEYS.contains(&key.as_str()));
        if keys.is_empty() {
            return false;
        }
        keys.sort_unstable();
        let facets = self.facets.entry(url.path().to_owned()).or_default();
        facets.sets.insert(keys.join("&"));
        facets.addresses += 1;
        facets.sets.len() > FACET_SETS_MAX && facets.addresses > FACETED_MAX
    }

    /// Counts the address under its shape; call once per address.
    pub(super) fn admit(&mut self, url: &Url) -> Option<SkipReason> {
        let is_calendar = is_calendar(url);
        let count = self.shapes.entry(shape(url)).or_default();
        *count += 1;
        let count = *count;
        if is_calendar && count > CALENDAR_MAX {
            return Some(SkipReason::Trap { what: "an endless calendar" });
        }
        if self.is_filter_trap(url) {
            return Some(SkipReason::Trap { what: "endless combinations of filters" });
        }
        (count > SHAPE_MAX).then_some(SkipReason::Trap { what: "too many addresses of one pattern" })
    }
}

/// The word for a file type that is known from the name alone not to be a page.
pub(super) fn kind_of_path(path: &str) -> Option<&'static str> {
    let ending = path.rsplit('/').next()?.rsplit_once('.')?.1.to_ascii_lowercase();
    KINDS.iter().find(|(known, _)| *known == ending).map(|(_, kind)| *kind)
}

/// Whether two addresses are pages of one list.
pub(super) fn turns_page(from: &Url, to: &Url) -> bool {
    let list = |url: &Url| {
        let mut is_number = false;
        let path: Vec<String> = url
            .path()
            .split('/')
            .filter(|segment| !segment.is_empty())
            .filter(|segment| {
                let follows = std::mem::replace(&mut is_number, PAGE_SEGMENTS.contains(segment));
                !(is_number || follows && segment.bytes().all(|b| b.is_ascii_digit()))
            })
            .map(str::to_owned)
            .collect();
        let is_page = |key: &str| PAGE_KEYS.contains(&key.to_ascii_lowercase().as_str());
        let query: Vec<_> =
            url.query_pairs().filter(|(key, _)| !is_page(key)).map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
        (path, query)
    };
    from != to && list(from) == list(to)
}

fn shape(url: &Url) -> String {
    let mut out = String::new();
    for c in url.path().chars() {
        if !c.is_ascii_digit() {
            out.push(c);
        } else if !out.ends_with('#') {
            out.push('#');
        }
    }
    let mut keys: Vec<String> = url.query_pairs().map(|(key, _)| key.into_owned()).collect();
    keys.sort_unstable();
    keys.dedup();
    format!("{out}?{}", keys.join("&"))
}

/// A calendar that can be turned for ever: a year that nobody asks about any more, or not yet.
fn is_far_off(url: &Url) -> bool {
    if !is_calendar(url) {
        return false;
    }
    let this = this_year();
    let path = url.path_segments().into_iter().flatten().map(str::to_owned);
    let years = path.chain(url.query_pairs().map(|(_, value)| value.into_owned())).filter(|part| datelike(part));
    let mut years = years.filter_map(|part| {
        part.split(|c: char| !c.is_ascii_digit())
            .find(|run| run.len() == 4 || run.len() == 8)?
            .get(..4)?
            .parse::<i16>()
            .ok()
    });
    years.any(|year| (1_000..3_000).contains(&year) && !(this - YEARS_BACK..=this + YEARS_AHEAD).contains(&year))
}

fn datelike(value: &str) -> bool {
    !value.is_empty()
        && value.chars().any(|c| c.is_ascii_digit())
        && value.chars().all(|c| c.is_ascii_digit() || "-./:T ".contains(c))
}

fn is_calendar(url: &Url) -> bool {
    let by_query = url.query_pairs().any(|(key, value)| {
        let key = key.to_ascii_lowercase();
        let inner = key.rsplit('[').next().unwrap_or(&key).trim_end_matches(']');
        CALENDAR_KEYS.contains(&inner) && datelike(&value)
    });
    let segments: Vec<&str> = url.path().split('/').filter(|s| !s.is_empty()).collect();
    let by_path = segments.last().is_some_and(|last| datelike(last))
        && segments.iter().any(|s| CALENDAR_WORDS.contains(&s.to_ascii_lowercase().as_str()));
    by_query || by_path
}

/// `*` stands for any run of characters; linear in the text for each star.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        if p < pattern.len() && pattern[p] == b'*' {
            star = Some((p, t));
            p += 1;
        } else if p < pattern.len() && pattern[p] == text[t] {
            p += 1;
            t += 1;
        } else if let Some((sp, st)) = star {
            p = sp + 1;
            t = st + 1;
            star = Some((sp, st + 1));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|b| *b == b'*')
}
