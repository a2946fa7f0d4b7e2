//! What could answer a question: the sentences of the best passages, each with its similarity, its
//! share of the question's weighty words, and whether it holds the kind of thing asked for.
//!
//! Passage similarity tells whether the topic is there, hardly whether the fact is; the best sentence
//! tells more (see `assets/handbook/evaluation.md`). Sentence vectors are stored ahead; those still
//! missing are computed for the few passages that matter.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use crate::base::Fault;
use crate::base::error::Outcome;
use crate::base::id::SiteId;
use crate::lexical::{self, Lang, Token};
use crate::store::Table;
use crate::svc::index::language;
use crate::svc::ingest::evidence_texts;
use crate::svc::knowledge::{VectorKey, sentences};
use crate::svc::retrieve::{Found, Retrieved, Retriever};

use super::Question;

/// Sentences that may be embedded while a visitor waits.
const EMBED_NOW_MAX: usize = 24;

/// A sentence of a passage.
#[derive(Debug, Clone)]
pub struct Sentence {
    /// Which passage, as an index into [`Evidence::passages`].
    pub passage: usize,
    /// Which line or sentence of the passage.
    pub ord: usize,
    pub text: String,
    /// Cosine of question and "title – heading: sentence"; absent while vectors are missing.
    pub cosine: Option<f32>,
    /// Weighted share of the question's words in sentence, heading and title, 0–1.
    pub coverage: f32,
    /// Weighted share of the words that title and headings do not have already, 0–1.
    pub own_coverage: f32,
    /// Whether the sentence holds what is wanted.
    pub met: f32,
    /// What the composer sorts by.
    pub score: f32,
}

/// A question's words with their weight: rare words weigh more.
#[derive(Debug, Clone)]
pub struct Term {
    pub token: Token,
    /// Inverse document frequency, at least 0; unknown words have the highest.
    pub weight: f32,
    pub known: bool,
}

/// Everything the gate and the composer look at.
#[derive(Debug)]
pub struct Evidence {
    pub question: Question,
    pub passages: Vec<Found>,
    pub sentences: Vec<Sentence>,
    pub terms: Vec<Term>,
    pub features: Features,
}

/// What the gate decides on, each 0–1 or a cosine. Named, so that training and explanation agree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Features {
    pub best_sentence: f32,
    pub second_sentence: f32,
    pub best_passage: f32,
    /// Best passage cosine minus the mean of all candidates.
    pub passage_lift: f32,
    /// Weighted share of the question's words in the best passage with title and headings.
    pub coverage_passage: f32,
    /// The same in the best sentence with title and heading.
    pub coverage_sentence: f32,
    /// Share of the words beyond title and headings that the best passage holds.
    pub own_coverage: f32,
    /// Weight of the heaviest word of the question that the best passages do not hold, 0–1.
    pub heaviest_missing: f32,
    /// Weighted share of words that stand nowhere on the site.
    pub unknown: f32,
    /// Documents both halves have in their first five.
    pub agreement: f32,
    /// Whether the best sentences hold what is wanted.
    pub met: f32,
    pub wanted_known: f32,
    /// Whether question and best passage are in the same language.
    pub same_language: f32,
    /// Best sentence minus the passage it stands in: a fact beyond the topic.
    pub sentence_lift: f32,
    pub question_words: f32,
}

impl Features {
    /// Names and values in a fixed order.
    #[must_use]
    pub fn list(&self) -> Vec<(String, f32)> {
        match serde_json::to_value(self) {
            #[allow(clippy::cast_possible_truncation)]
            Ok(serde_json::Value::Object(map)) => {
                map.into_iter().map(|(name, value)| (name, value.as_f64().unwrap_or_default() as f32)).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Weighs the passages retrieval found.
pub async fn collect(
    retriever: &Retriever,
    site: SiteId,
    question: &Question,
    retrieved: Retrieved,
    passages_max: usize,
) -> Outcome<Evidence> {
    let Retrieved { found, query_vector, .. } = retrieved;
    let all_cosines: Vec<f32> = found.iter().filter_map(|f| f.ranks.vector.map(|r| r.score)).collect();
    let agreement = agreement(&found);
    let passages: Vec<Found> = found.into_iter().take(passages_max).collect();
    let texts: Vec<Vec<String>> = passages.iter().map(|p| evidence_texts(&p.document, &p.chunk)).collect();
    let cosines = match &query_vector {
        Some(query) => sentence_cosines(retriever, query, &texts).await?,
        None => HashMap::new(),
    };
    let question = question.clone();
    let retriever = retriever.clone();
    tokio::task::spawn_blocking(move || {
        weigh(&retriever, site, question, passages, &texts, &cosines, &all_cosines, agreement)
    })
    .await
    .map_err(Fault::internal)?
}

/// Cosines of the sentences, by text; stored vectors first, a few computed now.
async fn sentence_cosines(
    retriever: &Retriever,
    query: &Arc<[f32]>,
    texts: &[Vec<String>],
) -> Outcome<HashMap<String, f32>> {
    let Some(model) = retriever.model.get() else { return Ok(HashMap::new()) };
    let mut cosines = HashMap::new();
    let mut missing = Vec::new();
    {
        let snapshot = retriever.store.snapshot()?;
        for text in texts.iter().flatten() {
            match snapshot.get_raw(Table::Vectors, VectorKey::of(model.id.as_bytes(), text))? {
                Some(bytes) => {
                    cosines.insert(text.clone(), cosine(query, &VectorKey::from_bytes(&bytes)));
                }
                None if missing.len() < EMBED_NOW_MAX => missing.push(text.clone()),
                None => {}
            }
        }
    }
    let computed = futures_util::future::join_all(missing.iter().map(|text| model.pool.embed_passage_now(text))).await;
    for (text, vector) in missing.into_iter().zip(computed) {
        if let Ok(vector) = vector {
            cosines.insert(text, cosine(query, &vector));
        }
    }
    Ok(cosines)
}

/// Both are of length one, so that the product is the cosine.
fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn agreement(found: &[Found]) -> f32 {
    let first = |rank: fn(&Found) -> Option<usize>| -> std::collections::HashSet<_> {
        found.iter().filter(|f| rank(f).is_some_and(|r| r <= 5)).map(|f| f.document.id).collect()
    };
    let words = first(|f| f.ranks.words.map(|r| r.rank));
    let vectors = first(|f| f.ranks.vector.map(|r| r.rank));
    let shared = words.intersection(&vectors).count();
    let least = words.len().min(vectors.len()).max(1);
    ratio(shared, least)
}

#[allow(clippy::cast_precision_loss)]
fn ratio(part: usize, whole: usize) -> f32 {
    part as f32 / whole.max(1) as f32
}

#[allow(clippy::too_many_arguments)]
fn weigh(
    retriever: &Retriever,
    site: SiteId,
    question: Question,
    passages: Vec<Found>,
    texts: &[Vec<String>],
    cosines: &HashMap<String, f32>,
    all_cosines: &[f32],
    agreement: f32,
) -> Outcome<Evidence> {
    let index = retriever.indexes.site(site)?;
    let terms = weigh_terms(&question, index.words());
    let mut all = Vec::new();
    for (at, passage) in passages.iter().enumerate() {
        let lang = language(&passage.document.language);
        let head = Bag::of(&format!("{} {}", passage.document.title, passage.chunk.section.join(" ")), lang);
        for (ord, (text, embedded)) in sentences(&passage.chunk.text).into_iter().zip(&texts[at]).enumerate() {
            let own = Bag::of(text, lang);
            let coverage = covered(&terms, |t| head.has(t) || own.has(t));
            let rest: Vec<&Term> = terms.iter().filter(|t| !head.has(&t.token)).collect();
            let own_coverage = covered_of(&rest, |t| own.has(t));
            let met = question.wanted.met_by(text);
            let cosine = cosines.get(embedded).copied();
            all.push(Sentence {
                passage: at,
                ord,
                text: text.to_owned(),
                cosine,
                coverage,
                own_coverage,
                met,
                score: 0.0,
            });
        }
    }
    for sentence in &mut all {
        sentence.score = score(sentence, &passages[sentence.passage]);
    }
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by(|&a, &b| all[b].score.total_cmp(&all[a].score).then(a.cmp(&b)));
    let sentences_by_score: Vec<Sentence> = order.into_iter().map(|i| all[i].clone()).collect();
    let features = features(&question, &terms, &passages, &sentences_by_score, all_cosines, agreement);
    Ok(Evidence { question, passages, sentences: sentences_by_score, terms, features })
}

/// How well a sentence answers. Cosines of this model lie between about .73 and .92; they are spread
/// to weigh as much as the shares.
fn score(sentence: &Sentence, passage: &Found) -> f32 {
    let cosine = sentence.cosine.or(passage.ranks.vector.map(|r| r.score - 0.02)).map_or(0.4, |c| (c - 0.75) / 0.15);
    let lift = passage.score * 4.0;
    let archive = if passage.document.is_link_list { -0.15 } else { 0.0 };
    cosine + 0.35 * sentence.coverage + 0.2 * sentence.own_coverage + 0.25 * sentence.met + lift + archive
}

fn weigh_terms(question: &Question, words: &lexical::WordIndex) -> Vec<Term> {
    #[allow(clippy::cast_precision_loss)]
    let total = (words.len().max(1)) as f32;
    let frequency = |token: &Token| {
        let own = words.document_frequency(&token.stem);
        // A compound is as common as its rarest known part when it stands nowhere itself.
        if own > 0 {
            own
        } else {
            token.parts.iter().map(|p| words.document_frequency(p)).filter(|n| *n > 0).min().unwrap_or(0)
        }
    };
    #[allow(clippy::cast_precision_loss)]
    let weigh = |token: &Token| {
        let n = frequency(token);
        Term { token: token.clone(), weight: ((total + 1.0) / (n as f32 + 0.5)).ln().max(0.1), known: n > 0 }
    };
    question.terms.iter().map(weigh).collect()
}

/// The stems of a text, compound parts included.
struct Bag(std::collections::HashSet<String>);

impl Bag {
    fn of(text: &str, lang: Lang) -> Self {
        let mut stems = std::collections::HashSet::new();
        for token in lexical::tokens(text, lang) {
            stems.extend(token.parts);
            stems.insert(token.stem);
        }
        Self(stems)
    }

    /// The word itself, or every part of a compound, or nearly the word.
    fn has(&self, token: &Token) -> bool {
        if self.0.contains(&token.stem) {
            return true;
        }
        if !token.parts.is_empty() && token.parts.iter().any(|p| p.chars().count() >= 4 && self.0.contains(p)) {
            return true;
        }
        let length = token.stem.chars().count();
        length >= 5
            && !token.is_number
            && self.0.iter().any(|stem| {
                stem.chars().count().abs_diff(length) <= 1
                    && strsim::damerau_levenshtein(stem, &token.stem)
                        <= usize::from(length >= 8) + usize::from(length >= 6)
            })
    }
}

fn covered(terms: &[Term], has: impl Fn(&Token) -> bool) -> f32 {
    covered_of(&terms.iter().collect::<Vec<_>>(), has)
}

/// Weighted share of terms; 1 when there are none.
fn covered_of(terms: &[&Term], has: impl Fn(&Token) -> bool) -> f32 {
    let total: f32 = terms.iter().map(|t| t.weight).sum();
    if total <= 0.0 {
        return 1.0;
    }
    terms.iter().filter(|t| has(&t.token)).map(|t| t.weight).sum::<f32>() / total
}

fn features(
    question: &Question,
    terms: &[Term],
    passages: &[Found],
    sentences: &[Sentence],
    all_cosines: &[f32],
    agreement: f32,
) -> Features {
    let mut cosines: Vec<f32> = sentences.iter().filter_map(|s| s.cosine).collect();
    cosines.sort_by(|a, b| b.total_cmp(a));
    let passage_cosine = |p: &Found| p.ranks.vector.map_or(0.0, |r| r.score);
    let best_passage = passages.iter().map(passage_cosine).fold(0.0, f32::max);
    let mean = if all_cosines.is_empty() { 0.0 } else { all_cosines.iter().sum::<f32>() * ratio(1, all_cosines.len()) };
    let lead = sentences.first();
    let lead_passage = lead.map(|s| &passages[s.passage]);
    let lead_lang = lead_passage.map_or(Lang::Other, |p| language(&p.document.language));
    let whole = lead_passage
        .map(|p| Bag::of(&format!("{} {} {}", p.document.title, p.chunk.section.join(" "), p.chunk.text), lead_lang));
    let head = lead_passage.map(|p| Bag::of(&format!("{} {}", p.document.title, p.chunk.section.join(" ")), lead_lang));
    let near: Vec<Bag> = passages
        .iter()
        .take(3)
        .map(|p| {
            Bag::of(
                &format!("{} {} {}", p.document.title, p.chunk.section.join(" "), p.chunk.text),
                language(&p.document.language),
            )
        })
        .collect();
    let heaviest = terms.iter().map(|t| t.weight).fold(0.1, f32::max);
    let missing =
        terms.iter().filter(|t| !near.iter().any(|bag| bag.has(&t.token))).map(|t| t.weight).fold(0.0, f32::max);
    let beyond: Vec<&Term> = terms.iter().filter(|t| !head.as_ref().is_some_and(|h| h.has(&t.token))).collect();
    let weight: f32 = terms.iter().map(|t| t.weight).sum();
    let unknown: f32 = terms.iter().filter(|t| !t.known).map(|t| t.weight).sum();
    Features {
        best_sentence: cosines.first().copied().unwrap_or(0.0),
        second_sentence: cosines.get(1).copied().unwrap_or(0.0),
        best_passage,
        passage_lift: best_passage - mean,
        coverage_passage: whole.as_ref().map_or(0.0, |bag| covered(terms, |t| bag.has(t))),
        coverage_sentence: lead.map_or(0.0, |s| s.coverage),
        own_coverage: whole.as_ref().map_or(0.0, |bag| covered_of(&beyond, |t| bag.has(t))),
        heaviest_missing: missing / heaviest,
        unknown: if weight > 0.0 { unknown / weight } else { 0.0 },
        agreement,
        met: sentences.iter().take(3).map(|s| s.met).fold(0.0, f32::max),
        wanted_known: f32::from(u8::from(question.wanted != super::question::Wanted::Any)),
        same_language: f32::from(u8::from(lead_lang == question.lang)),
        sentence_lift: lead.and_then(|s| s.cosine).map_or(0.0, |c| c - lead_passage.map_or(0.0, passage_cosine)),
        question_words: ratio(terms.len().min(12), 12),
    }
}
