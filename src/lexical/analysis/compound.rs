//! Splitting German compounds with the word list.
//!
//! A word is cut into parts that the list knows as modifiers (with a linking element) and one known head (with an
//! inflectional ending). Of all ways the cheapest is taken: few, long, productive parts. After: Koehn & Knight,
//! "Empirical Methods for Compound Splitting" (2003), with productivity counts in place of corpus frequencies.

use super::{fold, lexicon, stem};

/// Shorter words are never split.
const WORD_LETTERS_MIN: usize = 8;
/// Longer words are not worth the quadratic search.
const WORD_LETTERS_MAX: usize = 60;
const PART_LETTERS_MIN: usize = 3;
const LINKS: [&str; 9] = ["", "s", "es", "n", "en", "er", "e", "ns", "ens"];
const ENDINGS: [&str; 9] = ["", "e", "n", "en", "s", "es", "er", "ern", "ien"];
/// Heads that end names of places; such words are split only if they are known nouns.
const PLACE_HEADS: [&str; 10] = ["heim", "berg", "burg", "dorf", "furt", "hausen", "haven", "bach", "hagen", "leben"];
/// Nested splits of parts.
const DEPTH_MAX: usize = 3;

/// The parts of a compound, folded, larger parts before their own parts; empty if the word is not one.
///
/// `split_compound("Personalausweisnummer")` gives `personalausweis`, `personal`, `ausweis`, `nummer`.
#[must_use]
pub fn split_compound(word: &str) -> Vec<String> {
    let folded = stem::plain_vowels(&fold::fold(word));
    let folded = without_gender(&folded);
    let mut parts = Vec::new();
    collect(folded, DEPTH_MAX, &mut parts);
    parts
}

fn collect(word: &str, depth: usize, parts: &mut Vec<String>) {
    if depth == 0 {
        return;
    }
    for part in find(word).unwrap_or_default() {
        if !parts.iter().any(|p| p == part) {
            parts.push(part.to_owned());
        }
        collect(part, depth - 1, parts);
    }
}

/// The best split of a folded word into two or more parts.
pub fn find(word: &str) -> Option<Vec<&str>> {
    if !(WORD_LETTERS_MIN..=WORD_LETTERS_MAX).contains(&word.len()) || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return None;
    }
    if is_whole(word) {
        return None;
    }
    // best[i]: cheapest way to cover the first i letters with modifiers: cost, where the last part began, its letters.
    let mut best: Vec<Option<(f32, usize, usize)>> = vec![None; word.len() + 1];
    best[0] = Some((0.0, 0, 0));
    for start in 0..word.len() - PART_LETTERS_MIN {
        let Some((cost, ..)) = best[start] else {
            continue;
        };
        for end in start + PART_LETTERS_MIN..word.len() {
            let Some(part) = modifier_cost(&word[start..end]) else {
                continue;
            };
            for link in LINKS {
                let after = end + link.len();
                if after >= word.len() || !word[end..].starts_with(link) {
                    continue;
                }
                let cost = cost + part + link_cost(&word[start..end], link);
                if best[after].is_none_or(|(known, ..)| cost < known) {
                    best[after] = Some((cost, start, end));
                }
            }
        }
    }
    let (_, cut, head_end) = (PART_LETTERS_MIN..word.len())
        .filter_map(|cut| {
            let (cost, ..) = best[cut]?;
            let (head, end) = head_cost(&word[cut..])?;
            Some((cost + head, cut, cut + end))
        })
        .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))?;
    let head = &word[cut..head_end];
    if PLACE_HEADS.contains(&head) && !lexicon::get(&word[..head_end]).is_some_and(|e| e.is_attested) {
        return None;
    }
    let mut parts = vec![head];
    let mut position = cut;
    while position > 0 {
        let (_, start, end) = best[position]?;
        parts.push(&word[start..end]);
        position = start;
    }
    parts.reverse();
    Some(parts)
}

/// `burgermeisterinnen` without what makes it female, which would read as "Rinne".
fn without_gender(word: &str) -> &str {
    ["innen", "in"].iter().filter_map(|e| word.strip_suffix(e)).find(|base| base.ends_with("er")).unwrap_or(word)
}

/// Known as a whole, with or without an ending.
fn is_whole(word: &str) -> bool {
    lexicon::get(word).is_some_and(|e| e.is_verb)
        || ENDINGS.iter().any(|ending| word.strip_suffix(ending).and_then(lexicon::get).is_some_and(|e| e.is_whole))
}

/// Cost of a part with a productivity from 0 to 9: falls with letters and with productivity.
fn part_cost(letters: usize, productivity: u8) -> f32 {
    let length = f32::from(u8::try_from(letters.min(12)).unwrap_or(12));
    9.0 - 0.35 * length - 0.45 * f32::from(productivity)
}

fn modifier_cost(part: &str) -> Option<f32> {
    let entry = lexicon::get(part)?;
    // What only ever closes compounds may open one too if it is a long, clear noun.
    let productivity =
        entry.modifier.filter(|m| *m > 0).or(entry.head.filter(|h| *h > 0 && part.len() >= 6).map(|_| 0));
    let productivity = productivity.or((part.len() >= 7).then_some(0))?;
    Some(part_cost(part.len(), productivity))
}

/// Linking elements cost little, unlikely ones more; after -ung, -heit, -keit, -schaft, -ion, -tät an s is the rule.
fn link_cost(part: &str, link: &str) -> f32 {
    let takes_s = ["ung", "heit", "keit", "schaft", "ion", "tat", "ling"].iter().any(|e| part.ends_with(e));
    match (takes_s, link) {
        (true, "s") | (false, "") => 0.0,
        (true, _) => 2.0,
        (false, "s" | "n" | "en") => 0.3,
        (false, "e" | "es" | "er") => 0.6,
        (false, _) => 1.0,
    }
}

/// Cost of the last part, and where its base form ends.
fn head_cost(part: &str) -> Option<(f32, usize)> {
    let mut found: Option<(f32, usize)> = None;
    for ending in ENDINGS {
        let Some(base) = part.strip_suffix(ending) else {
            continue;
        };
        if base.len() < PART_LETTERS_MIN || (base.len() < 4 && ending.len() > 2) {
            continue;
        }
        let Some(entry) = lexicon::get(base) else {
            continue;
        };
        let productivity = match entry.head {
            Some(0) | None if base.len() < 6 => continue,
            Some(head) => head,
            None => 0,
        };
        let cost = part_cost(base.len(), productivity) + if ending.is_empty() { 0.0 } else { 0.4 };
        if found.is_none_or(|(known, _)| cost < known) {
            found = Some((cost, base.len()));
        }
    }
    found
}
