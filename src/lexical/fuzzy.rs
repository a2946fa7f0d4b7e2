//! Words of the index that resemble a word of the question which the index does not contain.

use std::collections::BTreeMap;

use tantivy::query::FuzzyTermQuery;
use tantivy::schema::Field;
use tantivy::{Searcher, Term};

use super::statistics::document_frequency;

/// Shorter words have too many neighbours.
const LETTERS_MIN: usize = 5;
/// From this length on, two edits are allowed.
const LETTERS_TWO_EDITS: usize = 8;
/// Words the automaton may find before the search stops.
const CANDIDATES_MAX: usize = 2_000;
/// Longest word looked up; automata grow with length.
const LETTERS_MAX: usize = 40;

/// At most `limit` words of the given fields: first those fewest edits away (transposed neighbours are one edit), then
/// the more frequent; next, longer words that begin with `stem`.
pub fn similar(searcher: &Searcher, fields: &[Field], stem: &str, limit: usize) -> tantivy::Result<Vec<String>> {
    let letters = stem.chars().count();
    if !(LETTERS_MIN..=LETTERS_MAX).contains(&letters) {
        return Ok(Vec::new());
    }
    let edits = if letters >= LETTERS_TWO_EDITS { 2 } else { 1 };
    let mut candidates: BTreeMap<String, u64> = BTreeMap::new();
    let Some(first) = fields.first() else {
        return Ok(Vec::new());
    };
    for query in [
        FuzzyTermQuery::new(Term::from_field_text(*first, stem), edits, true),
        FuzzyTermQuery::new_prefix(Term::from_field_text(*first, stem), 0, true),
    ] {
        for segment in searcher.segment_readers() {
            for field in fields {
                let terms = segment.inverted_index(*field)?;
                let mut stream = terms.terms().search(query.automaton()?).into_stream()?;
                while candidates.len() < CANDIDATES_MAX && stream.advance() {
                    if let Ok(word) = std::str::from_utf8(stream.key()) {
                        candidates.entry(word.to_owned()).or_default();
                    }
                }
            }
        }
    }
    candidates.retain(|word, _| word.chars().all(char::is_alphabetic));
    for (word, frequency) in &mut candidates {
        for field in fields {
            *frequency = (*frequency).max(document_frequency(searcher, &Term::from_field_text(*field, word))?);
        }
    }
    let mut ranked: Vec<(usize, bool, u64, String)> = candidates
        .into_iter()
        .filter(|(_, frequency)| *frequency > 0)
        .map(|(word, frequency)| {
            let distance = strsim::osa_distance(stem, &word).min(usize::from(edits) + 1);
            // People seldom miss the first letter.
            (distance, word.chars().next() != stem.chars().next(), frequency, word)
        })
        .collect();
    ranked.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(b.2.cmp(&a.2)).then(a.3.cmp(&b.3)));
    // Words further away only help when there is none nearby.
    let nearest = ranked.first().map_or(0, |r| r.0);
    Ok(ranked.into_iter().filter(|r| r.0 == nearest).take(limit).map(|r| r.3).collect())
}
