//! Whether two pages say the same, word by word. Only what a page says of itself may differ: its own date, "print this
//! page", its own address. Any other number, name or word makes two pages of them.

use std::cmp::Reverse;

use crate::svc::knowledge::{Document, NewChunk};

/// A shorter page that stands in a longer one has at least this share of its words …
const PART_PERCENT: usize = 85;
/// … and so many of its own.
const PART_WORDS_MIN: usize = 25;

/// Beginnings of lines that date the page, lower case. What follows them may only be a date.
const DATED: [&str; 26] = [
    "stand",
    "zuletzt geändert",
    "zuletzt aktualisiert",
    "zuletzt bearbeitet",
    "letzte änderung",
    "letzte aktualisierung",
    "aktualisiert",
    "geändert",
    "archiviert",
    "archivierte fassung",
    "gedruckt",
    "ausgedruckt",
    "druckdatum",
    "abgerufen",
    "veröffentlicht",
    "erstellt",
    "last updated",
    "last modified",
    "last changed",
    "last reviewed",
    "updated",
    "modified",
    "printed",
    "archived",
    "retrieved",
    "published",
];
/// Words of dates besides numbers.
const DATE_WORDS: [&str; 48] = [
    "am",
    "um",
    "den",
    "der",
    "vom",
    "uhr",
    "on",
    "at",
    "the",
    "of",
    "utc",
    "pm",
    "montag",
    "dienstag",
    "mittwoch",
    "donnerstag",
    "freitag",
    "samstag",
    "sonntag",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "januar",
    "februar",
    "märz",
    "april",
    "mai",
    "juni",
    "juli",
    "august",
    "september",
    "oktober",
    "november",
    "dezember",
    "january",
    "february",
    "march",
    "may",
    "june",
    "july",
    "october",
    "december",
    "jänner",
    "th",
];
/// Whole lines that are about the page as a thing.
const TOOLS: [&str; 22] = [
    "druckversion",
    "druckansicht",
    "seite drucken",
    "diese seite drucken",
    "drucken",
    "druckfassung",
    "zurück",
    "zurück zur seite",
    "nach oben",
    "seite empfehlen",
    "seite teilen",
    "fenster schließen",
    "archivierte fassung",
    "print",
    "print version",
    "print this page",
    "printable version",
    "back",
    "back to top",
    "share this page",
    "close window",
    "archived copy",
];
/// Beginnings of lines that give the page's own address.
const ADDRESS: [&str; 6] = ["quelle: http", "url: http", "source: http", "adresse: http", "http://", "https://"];
/// Words of a title that name the kind of copy.
const TITLE_WORDS: [&str; 12] = [
    "druckversion",
    "druckansicht",
    "druckfassung",
    "druck",
    "archiv",
    "archiviert",
    "archivierte",
    "fassung",
    "print",
    "printable",
    "archive",
    "archived",
];
/// Parts of addresses of copies.
const COPY_PATHS: [&str; 12] = [
    "print",
    "druck",
    "drucken",
    "druckversion",
    "druckansicht",
    "archiv",
    "archive",
    "archiviert",
    "archived",
    "alt",
    "old",
    "copy",
];

/// The words of a page without what it says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Essence {
    /// Language and title.
    head: String,
    lines: Vec<Vec<String>>,
}

impl Essence {
    /// Of title, language and passages.
    pub fn of(title: &str, language: &str, chunks: &[NewChunk]) -> Self {
        let mut lines = Vec::new();
        let mut before: &[String] = &[];
        for NewChunk { section, text, .. } in chunks {
            if section.as_slice() != before {
                lines.extend(section.iter().filter(|heading| !before.contains(heading)).map(|heading| words(heading)));
                before = section;
            }
            lines.extend(text.lines().filter(|line| !is_furniture(line)).map(words));
        }
        lines.retain(|line| !line.is_empty());
        let title: Vec<String> =
            words(title).into_iter().filter(|word| !TITLE_WORDS.contains(&word.as_str())).collect();
        Self { head: format!("{language} {}", title.join(" ")), lines }
    }

    pub fn head(&self) -> &str {
        &self.head
    }

    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().flatten().map(String::as_str)
    }

    pub fn len(&self) -> usize {
        self.lines.iter().map(Vec::len).sum()
    }

    pub fn digest(&self) -> [u8; 32] {
        let mut hash = blake3::Hasher::new();
        hash.update(self.head.as_bytes());
        for word in self.words() {
            hash.update(b"\n").update(word.as_bytes());
        }
        *hash.finalize().as_bytes()
    }

    /// Whether every line of this page stands in the other, in the same order, and is most of it.
    pub fn stands_in(&self, other: &Self) -> bool {
        let is_most = self.len() * 100 >= other.len() * PART_PERCENT && self.len() >= PART_WORDS_MIN;
        let mut rest = other.lines.iter();
        self.head == other.head && is_most && self.lines.iter().all(|line| rest.any(|held| held == line))
    }
}

/// Words in lower case without the punctuation around them. Signs stay: `-5`, `<5` and `12,50` say something.
fn words(line: &str) -> Vec<String> {
    let around = |c: char| matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '(' | ')' | '[' | ']' | '…') || is_quote(c);
    let bare = line.split_whitespace().map(|word| word.trim_matches(around).to_lowercase());
    bare.filter(|word| !matches!(word.as_str(), "" | "-" | "–" | "—" | "|" | "•" | "*")).collect()
}

const fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '„' | '“' | '”' | '‚' | '‘' | '’' | '»' | '«')
}

fn is_furniture(line: &str) -> bool {
    let line = line.trim().trim_start_matches(['-', '–', '•', '(', '[']).trim_start().to_lowercase();
    let bare = line.trim_end_matches(['.', ':', '!', ')', ']']).trim_end();
    if TOOLS.contains(&bare)
        || (ADDRESS.iter().any(|start| line.starts_with(start)) && line.split_whitespace().count() <= 2)
    {
        return true;
    }
    DATED.iter().filter_map(|start| line.strip_prefix(start)).any(|rest| {
        // "Stand der Technik" and "updatedness" go on otherwise.
        let is_apart = rest.starts_with([':', ' ', '.']);
        let mut parts = rest.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).peekable();
        let has_date = rest.chars().any(|c| c.is_ascii_digit());
        is_apart && has_date && parts.all(|part| part.bytes().all(|b| b.is_ascii_digit()) || DATE_WORDS.contains(&part))
    })
}

/// Whether the longer page may stand for the shorter one: it must not be the older of the two, nor call itself a copy.
pub(super) fn may_fold(part: &Document, whole: &Document) -> bool {
    let is_fresher = match (&part.updated, &whole.updated) {
        (Some(part), Some(whole)) => part > whole,
        _ => false,
    };
    !is_fresher && oddness(whole) <= oddness(part)
}

/// The page that counts comes first: no print or archive address, freshest, shortest address, first seen.
pub(super) fn rank(document: &Document) -> impl Ord + use<> {
    (oddness(document), Reverse(document.updated.clone()), address(document).len(), document.id)
}

fn address(document: &Document) -> &str {
    document.url.as_deref().unwrap_or(&document.key)
}

/// How many things of address and title speak of a copy.
fn oddness(document: &Document) -> usize {
    let address = address(document).to_lowercase();
    let (path, query) = address.split_once('?').unwrap_or((&address, ""));
    let steps = path.split(['/', '.', '-', '_']).filter(|step| COPY_PATHS.contains(step)).count();
    let asked = query.split('&').filter(|part| !part.is_empty()).count();
    let titled = words(&document.title).iter().filter(|word| TITLE_WORDS.contains(&word.as_str())).count();
    steps + asked + titled
}
