//! From a question to a tantivy query. Built by hand from analysed words; nothing the visitor types is syntax.

use tantivy::query::{BooleanQuery, BoostQuery, DisjunctionMaxQuery, Occur, Query, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{Searcher, Term};

use super::analysis::{self, Lang};
use super::fuzzy;
use super::index::Fields;
use super::statistics::document_frequency;

/// Content words of a question that are looked up; the rest is ignored.
const WORDS_MAX: usize = 48;
/// Characters of a question that are analysed.
const QUESTION_CHARS_MAX: usize = 4_000;
/// Similar words taken for one unknown word.
const SIMILAR_MAX: usize = 3;
/// Weight of a similar word.
const SIMILAR_WEIGHT: f32 = 0.5;
/// Elements that link two words of the question to one compound of the index.
const LINKS: [&str; 5] = ["", "s", "n", "e", "es"];

/// Weights of the fields, and of what is derived from the question's words. Chosen on German help pages, whose
/// titles were the questions (see `tests/relevance.rs`); title, section and address could not be measured there.
#[derive(Clone, Copy, Debug)]
pub struct Weights {
    pub title: f32,
    pub section: f32,
    pub body: f32,
    pub parts: f32,
    pub url: f32,
    /// A part of a compound of the question.
    pub query_parts: f32,
    /// Two words of the question written as one.
    pub joined: f32,
    /// Share of the lesser readings of a word that counts.
    pub tie: f32,
    /// The stem of a word in the language the question is probably not in.
    pub other_language: f32,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            title: 1.6,
            section: 1.0,
            body: 1.0,
            parts: 0.2,
            url: 0.4,
            query_parts: 0.7,
            joined: 1.0,
            tie: 0.3,
            other_language: 0.9,
        }
    }
}

/// A word to look up, and its weight.
type Weighted = (String, f32);

/// The query for a question; `None` if it holds no word.
pub fn build(
    searcher: &Searcher,
    fields: &Fields,
    weights: &Weights,
    question: &str,
) -> tantivy::Result<Option<BooleanQuery>> {
    let mut groups = groups(question);
    // A word asked for twice is not twice as important.
    let mut seen: Vec<String> = Vec::new();
    groups.retain(|group| {
        let is_new = !seen.contains(&group.stem);
        seen.push(group.stem.clone());
        is_new
    });
    let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
    for group in groups {
        let readings: Vec<Box<dyn Query>> = expand(searcher, fields, weights, group)?
            .into_iter()
            .map(|words| {
                let terms = words.iter().flat_map(|(word, weight)| {
                    fields.weighted(weights).into_iter().filter(|(_, boost)| *boost > 0.0).map(move |(field, boost)| {
                        let term = TermQuery::new(Term::from_field_text(field, word), IndexRecordOption::WithFreqs);
                        (Occur::Should, Box::new(BoostQuery::new(Box::new(term), boost * weight)) as Box<dyn Query>)
                    })
                });
                Box::new(BooleanQuery::new(terms.collect())) as Box<dyn Query>
            })
            .collect();
        if !readings.is_empty() {
            clauses.push((Occur::Should, Box::new(DisjunctionMaxQuery::with_tie_breaker(readings, weights.tie))));
        }
    }
    Ok((!clauses.is_empty()).then(|| BooleanQuery::new(clauses)))
}

/// One word of the question: alternative stems, parts, and the spellings it forms with its successor.
#[derive(Debug, Default)]
struct Group {
    stem: String,
    /// Stems in another language.
    others: Vec<String>,
    parts: Vec<String>,
    joined: Vec<String>,
    is_number: bool,
}

fn push(list: &mut Vec<String>, word: String) {
    if !word.is_empty() && !list.contains(&word) {
        list.push(word);
    }
}

/// The content words of a question. When its language is unsure, each word counts in both languages.
fn groups(question: &str) -> Vec<Group> {
    let end = question.char_indices().nth(QUESTION_CHARS_MAX).map_or(question.len(), |(i, _)| i);
    let question = &question[..end];
    let lang = analysis::detect(question);
    let german = analysis::tokens(question, Lang::De);
    let english = analysis::tokens(question, Lang::En);
    let is_stopword = |i: usize| match lang {
        Lang::De => german[i].is_stopword,
        Lang::En => english[i].is_stopword,
        Lang::Other => german[i].is_stopword || english[i].is_stopword,
    };
    let mut content: Vec<usize> = (0..german.len()).filter(|i| !is_stopword(*i)).collect();
    if content.is_empty() {
        // "Was ist das?" still deserves the best guess.
        content = (0..german.len()).collect();
    }
    content.truncate(WORDS_MAX);
    let mut groups: Vec<Group> = Vec::with_capacity(content.len());
    for (place, &i) in content.iter().enumerate() {
        let mut group = Group { is_number: german[i].is_number, ..Group::default() };
        // The documents may be in either language, whatever the question is in; names and loan words meet this way.
        let mine = if lang == Lang::En { &english[i] } else { &german[i] };
        group.stem.clone_from(&mine.stem);
        // Entries in a language that is neither are not stemmed.
        for other in [&german[i].stem, &english[i].stem, &analysis::fold(&german[i].text)] {
            if *other != group.stem {
                push(&mut group.others, other.clone());
            }
        }
        for part in &german[i].parts {
            push(&mut group.parts, part.clone());
        }
        if let Some(&next) = content.get(place + 1)
            && next == i + 1
            && !german[i].is_number
            && !german[next].is_number
        {
            for link in LINKS {
                let joined = format!("{}{link}{}", german[i].text, german[next].text);
                if joined.chars().count() <= analysis::WORD_CHARS_MAX {
                    push(&mut group.joined, analysis::stem(&joined, Lang::De));
                }
            }
        }
        groups.push(group);
    }
    groups
}

/// The readings of a question word that occur in the index, each the words it consists of: the word itself, its
/// stem in the other language, its parts together, two words joined; or, if there are none, similar words.
fn expand(
    searcher: &Searcher,
    fields: &Fields,
    weights: &Weights,
    group: Group,
) -> tantivy::Result<Vec<Vec<Weighted>>> {
    let is_known = |word: &str| -> tantivy::Result<bool> {
        for field in fields.text() {
            if document_frequency(searcher, &Term::from_field_text(field, word))? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    };
    let mut found: Vec<Vec<Weighted>> = Vec::new();
    if is_known(&group.stem)? {
        found.push(vec![(group.stem.clone(), 1.0)]);
    }
    for other in &group.others {
        if is_known(other)? {
            found.push(vec![(other.clone(), weights.other_language)]);
        }
    }
    let mut parts: Vec<Weighted> = Vec::new();
    for part in &group.parts {
        if is_known(part)? {
            parts.push((part.clone(), weights.query_parts));
        }
    }
    if !parts.is_empty() {
        found.push(parts);
    }
    if found.is_empty() && !group.is_number {
        for stem in std::iter::once(&group.stem).chain(&group.others) {
            for word in fuzzy::similar(searcher, &fields.text(), stem, SIMILAR_MAX)? {
                found.push(vec![(word, SIMILAR_WEIGHT)]);
            }
        }
    }
    // A joined spelling does not excuse a misspelt single word.
    for joined in group.joined {
        if is_known(&joined)? {
            found.push(vec![(joined, weights.joined)]);
        }
    }
    Ok(found)
}
