//! What could answer a question: the sentences of the best passages, each with its similarity, its
//! share of the question's weighty words, and whether it holds the kind of thing asked for.
//!
//! Passage similarity tells whether the topic is there, hardly whether the fact is; the best sentence
//! tells more (see `assets/handbook/evaluation.md`). Sentence vectors are stored ahead; those still
//! missing are computed for the few passages that matter.

use std::collections::HashMap;
use std::sync::Arc;

use crate::base::Fault;
use crate::base::error::Outcome;
use crate::base::id::SiteId;
use crate::lexical::{self, Lang, Token};
use crate::store::Table;
use crate::svc::index::language;
use crate::svc::knowledge::{VectorKey, evidence_texts, sentences};
use crate::svc::retrieve::{Found, Retrieved, Retriever, View, expand};

use super::Question;
pub use super::features::Features;

/// Sentences that may be embedded while a visitor waits.
const EMBED_NOW_MAX: usize = 24;
/// The heaviest words of the question are left out one at a time, to see what each adds.
const LEFT_OUT_MAX: usize = 3;
/// Passages in which that is looked at.
const NEAR: usize = 3;
/// How much a sentence loses with its passage's distance from the best.
pub(super) const BEHIND_WEIGHT: f32 = 20.0;
const LINK_LIST: f32 = -0.15;
const HEADING: f32 = -0.3;
const POINTER: f32 = -0.3;
/// A longer sentence says something besides.
const POINTER_CHARS_MAX: usize = 220;

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
    /// Log odds of the cross-encoder that this sentence carries the answer, and that the best window around it
    /// answers; absent where it has not looked.
    pub judged: Option<f32>,
    pub window: Option<f32>,
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
    /// Stems of what pages call it, for colloquial words.
    pub official: Vec<String>,
}

/// Everything the gate and the composer look at.
#[derive(Debug)]
pub struct Evidence {
    pub question: Question,
    pub passages: Vec<Found>,
    pub sentences: Vec<Sentence>,
    pub terms: Vec<Term>,
    pub features: Features,
    /// Whether the cross-encoder has read the best places.
    pub is_judged: bool,
}

/// Weighs the passages retrieval found.
pub async fn collect(
    retriever: &Retriever,
    site: SiteId,
    question: &Question,
    retrieved: Retrieved,
    passages_max: usize,
) -> Outcome<Evidence> {
    let Retrieved { found, query_vector, query, meant, view, .. } = retrieved;
    let all_cosines: Vec<f32> = found.iter().filter_map(|f| f.ranks.vector.map(|r| r.score)).collect();
    let agreement = agreement(&found);
    let passages: Vec<Found> = found.into_iter().take(passages_max).collect();
    let texts: Vec<Vec<String>> = passages.iter().map(|p| evidence_texts(&p.document, &p.chunk)).collect();
    let asked = query_vector.as_ref().zip(view.as_ref());
    let cosines = match asked {
        Some((query, view)) => sentence_cosines(retriever, view, query, &texts).await?,
        None => HashMap::new(),
    };
    // The question as retrieval understood it; the visitor's own text stays what is stored and shown.
    let mut question = question.clone();
    if query != question.text {
        question.reread(&query);
    }
    let terms = weigh_terms(&question, retriever.indexes.site(site)?.words());
    let adds = match asked {
        Some((vector, view)) => left_out(retriever, view, vector, &meant, &terms, &passages, &texts).await?,
        None => Vec::new(),
    };
    let off_topic = off_topic(retriever, asked, &meant).await;
    let weighing = move || weigh(question, terms, passages, &texts, &cosines, Whole { all_cosines, agreement, adds });
    let mut evidence = tokio::task::spawn_blocking(weighing).await.map_err(Fault::internal)?;
    evidence.features.off_topic = off_topic;
    if let Some(model) = retriever.models.built_in().get() {
        super::judge::judge(&model, &mut evidence).await;
    }
    Ok(evidence)
}

/// Cosines of the sentences, by text; stored vectors first, a few computed now.
async fn sentence_cosines(
    retriever: &Retriever,
    view: &View,
    query: &Arc<[f32]>,
    texts: &[Vec<String>],
) -> Outcome<HashMap<String, f32>> {
    let Some(engine) = &view.engine else { return Ok(HashMap::new()) };
    let mut cosines = HashMap::new();
    let mut missing = Vec::new();
    {
        let snapshot = retriever.store.snapshot()?;
        for text in texts.iter().flatten() {
            match snapshot.get_raw(Table::Vectors, VectorKey::of(&view.model.id, text))? {
                Some(bytes) => {
                    cosines.insert(text.clone(), view.cosine(query, &VectorKey::from_bytes(&bytes)));
                }
                None if missing.len() < EMBED_NOW_MAX => missing.push(text.clone()),
                None => {}
            }
        }
    }
    let computed = engine.embed_passages_now(&missing).await;
    for (text, vector) in missing.into_iter().zip(computed) {
        if let Ok(vector) = vector {
            cosines.insert(text, view.cosine(query, &vector));
        }
    }
    Ok(cosines)
}

/// What the heaviest words add to the best similarity, heaviest first.
async fn left_out(
    retriever: &Retriever,
    view: &View,
    query: &Arc<[f32]>,
    meant: &str,
    terms: &[Term],
    passages: &[Found],
    texts: &[Vec<String>],
) -> Outcome<Vec<f32>> {
    let Some(engine) = &view.engine else { return Ok(Vec::new()) };
    let mut heaviest: Vec<&Term> = terms.iter().collect();
    heaviest.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let rests: Vec<String> =
        heaviest.iter().take(LEFT_OUT_MAX).filter_map(|term| without(meant, &term.token.text)).collect();
    let vectors = engine.embed_queries(&rests).await;
    let mut near: Vec<Vec<f32>> = Vec::new();
    let snapshot = retriever.store.snapshot()?;
    for (passage, texts) in passages.iter().zip(texts).take(NEAR) {
        near.extend(view.vectors.get(passage.id.0));
        for text in texts {
            near.extend(
                snapshot
                    .get_raw(Table::Vectors, VectorKey::of(&view.model.id, text))?
                    .map(|bytes| VectorKey::from_bytes(&bytes)),
            );
        }
    }
    let best = |query: &[f32]| near.iter().map(|vector| view.cosine(query, vector)).fold(0.0, f32::max);
    let whole = best(query);
    Ok(vectors.into_iter().filter_map(Result::ok).map(|vector| whole - best(&vector)).collect())
}

/// Log odds that the question is none for a website. They are read from the built-in model's vector, whichever model the
/// site is searched with.
async fn off_topic(retriever: &Retriever, asked: Option<(&Arc<[f32]>, &View)>, meant: &str) -> f32 {
    if let Some((vector, _)) = asked.filter(|(_, view)| view.model == retriever.models.built_in_key()) {
        return super::topic::off_topic(vector);
    }
    let Some(model) = retriever.models.built_in().get().filter(|_| asked.is_some()) else { return 0.0 };
    model.pool.embed_query(meant).await.map_or(0.0, |vector| super::topic::off_topic(&vector))
}

/// The text without the first occurrence of a word (lower case); `None` when nothing would be left.
fn without(text: &str, word: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let at = lower.find(word).filter(|_| lower.len() == text.len())?;
    let rest = format!("{} {}", text.get(..at)?, text.get(at + word.len()..)?);
    let rest = rest.split_whitespace().collect::<Vec<_>>().join(" ");
    rest.chars().any(char::is_alphanumeric).then_some(rest)
}

/// What is known of all candidates together.
pub(super) struct Whole {
    pub all_cosines: Vec<f32>,
    pub agreement: f32,
    pub adds: Vec<f32>,
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
pub(super) fn ratio(part: usize, whole: usize) -> f32 {
    part as f32 / whole.max(1) as f32
}

fn weigh(
    question: Question,
    terms: Vec<Term>,
    passages: Vec<Found>,
    texts: &[Vec<String>],
    cosines: &HashMap<String, f32>,
    whole: Whole,
) -> Evidence {
    let mut all = Vec::new();
    for (at, passage) in passages.iter().enumerate() {
        let lang = language(&passage.document.language);
        let head = Bag::of(&format!("{} {}", passage.document.title, passage.chunk.section.join(" ")), lang);
        for (ord, (text, embedded)) in sentences(&passage.chunk.text).into_iter().zip(&texts[at]).enumerate() {
            let own = Bag::of(text, lang);
            let coverage = covered(&terms, |t| head.holds(t) || own.holds(t));
            let rest: Vec<&Term> = terms.iter().filter(|t| !head.holds(t)).collect();
            let own_coverage = covered_of(&rest, |t| own.holds(t));
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
                judged: None,
                window: None,
                score: 0.0,
            });
        }
    }
    let first = passages.first().map_or(0.0, |p| p.score);
    for sentence in &mut all {
        sentence.score = score(sentence, &passages[sentence.passage], first);
    }
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by(|&a, &b| all[b].score.total_cmp(&all[a].score).then(a.cmp(&b)));
    let sentences_by_score: Vec<Sentence> = order.into_iter().map(|i| all[i].clone()).collect();
    let features = super::features::measure(&question, &terms, &passages, &sentences_by_score, &whole);
    Evidence { question, passages, sentences: sentences_by_score, terms, features, is_judged: false }
}

/// How well a sentence answers. Cosines of this model lie between about .65 and .84; they are spread
/// to weigh as much as the shares. `first`: score of the best passage.
fn score(sentence: &Sentence, passage: &Found, first: f32) -> f32 {
    let cosine = sentence.cosine.or(passage.ranks.vector.map(|r| r.score - 0.02)).map_or(0.4, |c| (c - 0.65) / 0.15);
    let behind = (passage.score - first) * BEHIND_WEIGHT;
    let list = if passage.document.is_link_list { LINK_LIST } else { 0.0 };
    let bare = if is_heading(&sentence.text) { HEADING } else { 0.0 };
    let away = if is_pointer(&sentence.text) { POINTER } else { 0.0 };
    let own = cosine + 0.2 * sentence.coverage + 0.1 * sentence.own_coverage + 0.25 * sentence.met;
    own + behind + list + bare + away
}

/// A sentence that sends the reader to another page: it names all the question's words and answers none of it. One that
/// carries an address or a number to call does answer.
pub(super) fn is_pointer(text: &str) -> bool {
    let lower = text.to_lowercase();
    let points = [
        "finden sie auf",
        "finden sie unter",
        "finden sie hier",
        "erfahren sie",
        "lesen sie",
        "steht auf der seite",
        "stehen auf der seite",
        "weitere informationen",
        "nähere informationen",
        "mehr dazu",
        "siehe ",
        "you will find",
        "can be found on",
        "more information",
        "see the page",
        "read more",
    ];
    // An address, a number to call or a time is an answer, wherever else the sentence sends.
    points.iter().any(|cue| lower.contains(cue))
        && !text.contains('@')
        && !text.split(|c: char| !c.is_ascii_digit()).any(|digits| !digits.is_empty() && !is_year(digits))
        && text.chars().count() < POINTER_CHARS_MAX
}

/// "Schulanmeldung 2027" is the name of a page, not an answer.
fn is_year(digits: &str) -> bool {
    digits.len() == 4 && (digits.starts_with("19") || digits.starts_with("20"))
}

/// A line that names what follows and says nothing itself.
pub(super) fn is_heading(text: &str) -> bool {
    !text.ends_with(['.', '!', '?', '…'])
        && !text.contains(['@', ':', ';'])
        && text.split_whitespace().count() <= 5
        && !text.bytes().any(|b| b.is_ascii_digit())
        && !text.starts_with(['-', '•'])
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
        Term {
            token: token.clone(),
            weight: ((total + 1.0) / (n as f32 + 0.5)).ln().max(0.1),
            known: n > 0,
            official: official(&token.text, question.lang),
        }
    };
    question.terms.iter().map(weigh).collect()
}

fn official(word: &str, lang: Lang) -> Vec<String> {
    expand(word, lang).into_iter().map(|word| lexical::stem(&word.to_lowercase(), Lang::De)).collect()
}

/// The stems of a text, compound parts included.
pub(super) struct Bag(std::collections::HashSet<String>);

impl Bag {
    pub fn of(text: &str, lang: Lang) -> Self {
        let mut stems = std::collections::HashSet::new();
        for token in lexical::tokens(text, lang) {
            stems.extend(token.parts);
            stems.insert(token.stem);
        }
        Self(stems)
    }

    /// The word, or what pages call it.
    pub fn holds(&self, term: &Term) -> bool {
        self.has(&term.token) || term.official.iter().any(|stem| self.0.contains(stem))
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

pub(super) fn covered(terms: &[Term], has: impl Fn(&Term) -> bool) -> f32 {
    covered_of(&terms.iter().collect::<Vec<_>>(), has)
}

/// Weighted share of terms; 1 when there are none.
pub(super) fn covered_of(terms: &[&Term], has: impl Fn(&Term) -> bool) -> f32 {
    let total: f32 = terms.iter().map(|t| t.weight).sum();
    if total <= 0.0 {
        return 1.0;
    }
    terms.iter().filter(|t| has(t)).map(|t| t.weight).sum::<f32>() / total
}
