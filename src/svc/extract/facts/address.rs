//! Postal addresses: `Rathausplatz 1, 45127 Essen`.

use super::lines::{Doc, Line};
use super::rule::Rule;
use super::sink::Sink;
use super::value::Stated;

static TOWN: Rule = Rule::new(
    r"(?:^|[\s,;|·(–-])(?:D\s?[-–]\s?)?(\d{5}|(?:A|CH)-\d{4})\s+(\p{Lu}[\p{L}.\-/]*(?:\s(?:am|an|der|im|in|bei|ob|vor|v\.|d\.|a\.|i\.|b\.|\p{Lu}[\p{L}.\-]*|\([\p{L}. ]{2,20}\)))*)",
);
static STREET: Rule = Rule::new(
    r"(\p{Lu}[\p{L}.\-’']*(?:\s(?:\p{L}[\p{L}.\-’']*|\d{1,2}\.))*?\s?\d{1,4}\s?(?:[a-zA-Z]\b)?(?:\s?[-–/+]\s?\d{1,4}\s?(?:[a-zA-Z]\b)?)?|Postfach\s[\d ]{1,12}\d)\s?$",
);
static KNOWN: Rule = Rule::new(
    r"(?i)(?:str\.|straße|strasse|weg|platz|allee|gasse|ring|damm|ufer|markt|hof|graben|berg|chaussee|steig|stieg|pfad|wall|tor|brücke|anger|park|feld|garten|gärten|promenade|zeile|kamp|haus|postfach|\b(?:am|an|im|auf|in|zum|zur|unter|bei|beim|hinter|vor)\b)",
);

static BRITISH: Rule = Rule::new(
    r"(?:^|[\s,;|(])(\d{1,4}[a-zA-Z]?(?:\s\p{Lu}[\p{L}'’.]*){1,5}|(?:\p{Lu}[\p{L}'’.]*\s){1,5}(?:Street|Road|Lane|Avenue|Square|Hill|Way|Close|Place|Drive|Row|Court|Hall)),\s(?:\p{Lu}[\p{L}'’.\- ]*,\s)?(\p{Lu}[\p{L}'’\-]*(?:\s(?:\p{Lu}[\p{L}'’\-]*|upon|on|in|under|le|the|of|by))*),?\s([A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2})\b",
);

static ROOM: Rule = Rule::new(
    r"(?i)^\s?(?:zimmer|zi\.|raum|etage|gebäude|eingang|block|stand|haus [a-z\d]|\d{1,2}\. (?:og|obergeschoss|stock|etage)|eg\b|erdgeschoss|hinterhaus)",
);

/// Words streets begin with.
const OPENERS: [&str; 7] = ["Am", "An", "Im", "Auf", "Zum", "Zur", "Unter"];
static COMPOUND: Rule = Rule::new(r"^\p{Lu}\p{Ll}{2,}(?:straße|strasse|str\.|weg|platz|allee|gasse)$");

/// Small words inside of names of streets.
const INNER: [&str; 14] =
    ["der", "den", "dem", "die", "des", "am", "an", "im", "in", "von", "zum", "zur", "alten", "vor"];
/// Words behind a town that are not part of its name.
const BEHIND: [&str; 33] = [
    "telefon",
    "tel",
    "tel.",
    "fax",
    "telefax",
    "e-mail",
    "email",
    "mail",
    "mobil",
    "deutschland",
    "germany",
    "öffnungszeiten",
    "zimmer",
    "raum",
    "karte",
    "kontakt",
    "montag",
    "homepage",
    "internet",
    "web",
    "www",
    "anfahrt",
    "adresse",
    "eingang",
    "frau",
    "herr",
    "die",
    "der",
    "sprechzeiten",
    "ust",
    "phone",
    "website",
    "ot",
];
/// Small words that never end a name.
const SMALL: [&str; 12] = ["am", "an", "der", "im", "in", "bei", "ob", "vor", "v.", "d.", "a.", "i."];

/// Reads the addresses of the text.
pub fn read(doc: &Doc<'_>, sink: &mut Sink) {
    for line in &doc.lines {
        if doc.calling_code == "44" {
            british(line, sink);
        }
        for c in TOWN.captures_iter(&line.text) {
            let (Some(postcode), Some(town)) = (c.get(1), c.get(2)) else { continue };
            let Some(town) = town_name(town.as_str()) else { continue };
            let street = street(&line.text[..c.get_match().start() + usize::from(c[0].starts_with(','))]);
            // Without a street it must stand by itself, not in running text ("Gebiet 45127 Essen").
            let is_alone = street.is_none()
                && (c.get_match().start() == 0 || line.text[..c.get_match().start()].ends_with([',', ':']));
            if street.is_some() || (is_alone && line.text.len() < 200) {
                let from = street.as_ref().map_or(postcode.start(), |(_, at)| *at);
                let written = &line.text[from..c.get_match().end()];
                let stated = Stated::Address {
                    street: street.map(|(street, _)| street),
                    postcode: postcode.as_str().trim_start_matches(|c: char| !c.is_ascii_digit()).to_owned(),
                    town,
                };
                let label = line.text[..from].rsplit(['.', ';']).next();
                sink.text(stated, line, label, written);
            }
        }
    }
}

fn town_name(written: &str) -> Option<String> {
    let mut words: Vec<&str> = Vec::new();
    for word in written.split(' ') {
        let lower = word.to_lowercase();
        let is_sentence_end = word.ends_with('.') && word.chars().count() > 4;
        let is_small = SMALL.contains(&lower.as_str()) && !words.is_empty();
        if BEHIND.contains(&lower.trim_end_matches(['.', ':', ','])) && !is_small {
            break;
        }
        words.push(word);
        if is_sentence_end || words.len() == 6 {
            break;
        }
    }
    while words
        .last()
        .is_some_and(|word| SMALL.contains(&word.to_lowercase().as_str()) && word.starts_with(char::is_lowercase))
    {
        words.pop();
    }
    let town = words.join(" ");
    let town = town.trim_end_matches(['.', ',', '-', '/']).to_owned();
    (town.chars().count() >= 2).then_some(town)
}

/// The street at the end of what stands before the postcode, and where it begins.
fn street(before: &str) -> Option<(String, usize)> {
    let mut before = before;
    // A room or a floor may stand between: "Rathausplatz 1, Zimmer 3, 45127 Essen".
    for _ in 0..3 {
        before = before.trim_end_matches([' ', ',', ';', '|', '·', '-', '–', '(']);
        if let Some(open) = before.rfind('(').filter(|_| before.ends_with(')')) {
            before = &before[..open];
            continue;
        }
        let break_at = before.char_indices().rfind(|(_, c)| matches!(c, ',' | ';' | '|' | '·' | ':' | '('));
        let start = break_at.map_or(0, |(at, c)| at + c.len_utf8());
        let part = &before[start..];
        if start > 0 && ROOM.is_match(part) {
            before = &before[..start];
            continue;
        }
        let found = STREET.captures(part)?.get(1)?;
        let cut = sentence_part(found.as_str());
        let name = found.as_str()[cut..].trim();
        let is_street = name.split(' ').count() <= 2 || KNOWN.is_match(name);
        return (is_street && !ROOM.is_match(name)).then(|| (name.to_owned(), start + found.start() + cut));
    }
    None
}

/// Where the street begins in a text that may be a sentence: "Besuchen Sie uns am Markt 1".
fn sentence_part(text: &str) -> usize {
    let words: Vec<(usize, &str)> = text
        .split(' ')
        .scan(0, |at, word| {
            let here = *at;
            *at += word.len() + 1;
            Some((here, word))
        })
        .collect();
    let is_small = |word: &str| INNER.contains(&word);
    let is_strange = |word: &str| word.starts_with(char::is_lowercase) && !is_small(word) && word.chars().count() > 1;
    // Behind a name: "Erika Muster Am Anger 9", "Erika Muster Hauptstraße 9".
    let named = words.iter().rposition(|(_, word)| OPENERS.contains(word)).filter(|at| *at > 0);
    let street = words.iter().rposition(|(_, word)| COMPOUND.is_match(word)).filter(|at| *at > 1);
    if let Some(at) = named.or(street) {
        return words[at].0;
    }
    if words.len() <= 6 && !words.iter().any(|(_, word)| is_strange(word)) {
        return 0;
    }
    // Behind the last word that no street has in it, from the next capital on.
    let last = words.iter().rposition(|(_, word)| is_strange(word)).map_or(words.len().saturating_sub(4), |at| at + 1);
    words[last..].iter().find(|(_, word)| word.starts_with(char::is_uppercase)).map_or(text.len(), |(at, _)| *at)
}

/// `2 Mill Lane, Little Wexcombe SN8 3XY`.
fn british(line: &Line<'_>, sink: &mut Sink) {
    for c in BRITISH.captures_iter(&line.text) {
        let stated =
            Stated::Address { street: Some(c[1].to_owned()), town: c[2].to_owned(), postcode: c[3].to_owned() };
        sink.text(stated, line, None, c[0].trim());
    }
}
