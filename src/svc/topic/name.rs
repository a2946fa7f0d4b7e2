//! Names for groups: words that are frequent in one and rare in the others (class-based TF-IDF, Grootendorst 2022).

use std::collections::HashMap;

use crate::base::id::DocumentId;

use super::gather::{Gathered, Word};

/// Words that make the name, and words that are listed with it.
const NAME_WORDS: usize = 3;
const WORDS: usize = 10;
/// Words that begin with the same letters say much the same.
const SAME_LETTERS: usize = 7;

/// A group with its name, before it is known which topic it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Named {
    pub name: String,
    pub words: Vec<String>,
    pub language: String,
    pub documents: Vec<DocumentId>,
}

pub(super) fn name(gathered: &Gathered, groups: &[Vec<usize>]) -> Vec<Named> {
    let counts: Vec<HashMap<Word, f32>> = groups.iter().map(|group| count(gathered, group)).collect();
    let mut totals = HashMap::<Word, f32>::new();
    for (word, weight) in counts.iter().flatten() {
        *totals.entry(*word).or_default() += weight;
    }
    let average = counts.iter().map(|c| c.values().sum::<f32>()).sum::<f32>() / counts.len().max(1) as f32;
    let mut named = Vec::<Named>::new();
    for (group, counts) in groups.iter().zip(&counts) {
        let size = group.len() as f32;
        let mut words: Vec<(Word, f32)> = counts
            .iter()
            .filter(|(word, _)| gathered.surfaces.get(**word as usize).is_some_and(|surface| !surface.is_empty()))
            .map(|(word, weight)| {
                (*word, weight / size * (1.0 + average / totals.get(word).copied().unwrap_or(1.0)).ln())
            })
            .collect();
        words.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let words = distinct(words.iter().filter_map(|(word, _)| gathered.surfaces.get(*word as usize)));
        let items = group.iter().filter_map(|at| gathered.items.get(*at));
        let language = items.clone().next().map(|item| item.language.clone()).unwrap_or_default();
        let one = Named {
            name: words.iter().take(NAME_WORDS).cloned().collect::<Vec<_>>().join(", "),
            words,
            language,
            documents: items.map(|item| item.id).collect(),
        };
        // Groups with one name are one topic.
        match named.iter_mut().find(|other| other.name == one.name && other.language == one.language) {
            Some(other) => other.documents.extend(one.documents),
            None => named.push(one),
        }
    }
    named
}

/// Summed weight of each word: in how many documents it stands, and how prominently.
fn count(gathered: &Gathered, group: &[usize]) -> HashMap<Word, f32> {
    let mut counts = HashMap::<Word, f32>::new();
    for (word, weight) in group.iter().filter_map(|at| gathered.items.get(*at)).flat_map(|item| &item.words) {
        *counts.entry(*word).or_default() += weight;
    }
    counts
}

/// The first words, without those that stand in an earlier one or are its beginning.
fn distinct<'a>(words: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut chosen = Vec::<String>::new();
    for word in words {
        let lower = word.to_lowercase();
        let same = |known: &String| {
            let known = known.to_lowercase();
            known.contains(&lower) || known.chars().take(SAME_LETTERS).eq(lower.chars().take(SAME_LETTERS))
        };
        if !chosen.iter().any(same) {
            let mut letters = word.chars();
            let first = letters.next().map(|c| c.to_uppercase().collect::<String>()).unwrap_or_default();
            chosen.push(first + letters.as_str());
        }
        if chosen.len() == WORDS {
            break;
        }
    }
    chosen
}
