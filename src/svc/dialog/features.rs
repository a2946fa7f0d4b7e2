//! The figures the gate decides on. Named, so that training, explanation and `eval run --rows` agree.

use serde::Serialize;

use crate::lexical::Lang;
use crate::svc::index::language;
use crate::svc::retrieve::Found;

use super::Question;
use super::evidence::{Bag, Sentence, Term, Whole, covered, covered_of, ratio};
use super::question::Wanted;

/// A sentence further behind the best is as good as none.
const GAP_MAX: f32 = 0.06;
/// Margin of a document that is the only one found.
const MARGIN_ALONE: f32 = 0.05;

/// Each 0–1, a cosine, or a difference of cosines.
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
    /// What the weightiest word adds to the best similarity: little, when no passage is about it.
    pub rarest_adds: f32,
    /// The least any of the weighty words adds.
    pub least_adds: f32,
    /// Best sentence that holds what is wanted.
    pub met_sentence: f32,
    /// ... compared with the best of all, at most 0.
    pub met_gap: f32,
    /// Best sentence minus the mean of its passage: a fact, not only the topic.
    pub contrast: f32,
    /// Weighted share of the question's words in any of the passages.
    pub coverage_all: f32,
    /// Retrieval's score of the first document minus the second.
    pub margin: f32,
    /// Coverage, where page and question share a language; 1 elsewhere.
    pub coverage_same: f32,
    pub own_same: f32,
    pub unknown_same: f32,
    /// Log odds that no website could answer the question, between −6 and 6.
    pub off_topic: f32,
    /// Best window by the cross-encoder, log odds between −8 and 8; 0 where it has not looked.
    pub judged_window: f32,
    /// Best window of another passage.
    pub judged_other: f32,
    /// Best sentence.
    pub judged_sentence: f32,
    /// Best window of the passage that retrieval put first.
    pub judged_first: f32,
    /// Mean of the best three windows: one alone may be a mistake.
    pub judged_three: f32,
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

pub(super) fn measure(
    question: &Question,
    terms: &[Term],
    passages: &[Found],
    sentences: &[Sentence],
    whole: &Whole,
) -> Features {
    let all_cosines = &whole.all_cosines;
    let mut cosines: Vec<f32> = sentences.iter().filter_map(|s| s.cosine).collect();
    cosines.sort_by(|a, b| b.total_cmp(a));
    let passage_cosine = |p: &Found| p.ranks.vector.map_or(0.0, |r| r.score);
    let best_passage = passages.iter().map(passage_cosine).fold(0.0, f32::max);
    let mean = if all_cosines.is_empty() { 0.0 } else { all_cosines.iter().sum::<f32>() * ratio(1, all_cosines.len()) };
    let lead = sentences.first();
    let lead_passage = lead.map(|s| &passages[s.passage]);
    let lead_lang = lead_passage.map_or(Lang::Other, |p| language(&p.document.language));
    let text = lead_passage
        .map(|p| Bag::of(&format!("{} {} {}", p.document.title, p.chunk.section.join(" "), p.chunk.text), lead_lang));
    let head = lead_passage.map(|p| Bag::of(&format!("{} {}", p.document.title, p.chunk.section.join(" ")), lead_lang));
    let near: Vec<Bag> = passages
        .iter()
        .map(|p| {
            Bag::of(
                &format!("{} {} {}", p.document.title, p.chunk.section.join(" "), p.chunk.text),
                language(&p.document.language),
            )
        })
        .collect();
    let heaviest = terms.iter().map(|t| t.weight).fold(0.1, f32::max);
    let missing =
        terms.iter().filter(|t| !near.iter().take(3).any(|bag| bag.holds(t))).map(|t| t.weight).fold(0.0, f32::max);
    let beyond: Vec<&Term> = terms.iter().filter(|t| !head.as_ref().is_some_and(|h| h.holds(t))).collect();
    let weight: f32 = terms.iter().map(|t| t.weight).sum();
    let unknown: f32 = terms.iter().filter(|t| !t.known && t.official.is_empty()).map(|t| t.weight).sum();
    let mut found_cosines: Vec<(f32, &Sentence)> = sentences.iter().filter_map(|s| s.cosine.map(|c| (c, s))).collect();
    found_cosines.sort_by(|a, b| b.0.total_cmp(&a.0));
    let best_sentence = cosines.first().copied().unwrap_or(0.0);
    let met_sentence = found_cosines.iter().find(|(_, s)| s.met > 0.0).map_or(best_sentence - GAP_MAX, |(c, _)| *c);
    let own: Vec<f32> = lead.map_or_else(Vec::new, |lead| {
        sentences.iter().filter(|s| s.passage == lead.passage).filter_map(|s| s.cosine).collect()
    });
    let contrast = own.iter().copied().fold(0.0, f32::max) - own.iter().sum::<f32>() * ratio(1, own.len());
    let second = passages
        .first()
        .and_then(|first| passages.iter().find(|p| p.document.id != first.document.id).map(|p| first.score - p.score));
    let is_same = lead_lang == question.lang;
    let same = |value: f32, elsewhere: f32| if is_same { value } else { elsewhere };
    let coverage_passage = text.as_ref().map_or(0.0, |bag| covered(terms, |t| bag.holds(t)));
    let own_coverage = text.as_ref().map_or(0.0, |bag| covered_of(&beyond, |t| bag.holds(t)));
    let unknown = if weight > 0.0 { unknown / weight } else { 0.0 };
    Features {
        rarest_adds: whole.adds.first().copied().unwrap_or(0.0),
        least_adds: whole.adds.iter().copied().fold(f32::INFINITY, f32::min).min(0.1),
        met_sentence,
        met_gap: (met_sentence - best_sentence).max(-GAP_MAX),
        contrast,
        coverage_all: covered(terms, |t| near.iter().any(|bag| bag.holds(t))),
        margin: second.unwrap_or(MARGIN_ALONE),
        coverage_same: same(coverage_passage, 1.0),
        own_same: same(own_coverage, 1.0),
        unknown_same: same(unknown, 0.0),
        best_sentence,
        second_sentence: cosines.get(1).copied().unwrap_or(0.0),
        best_passage,
        passage_lift: best_passage - mean,
        coverage_passage,
        coverage_sentence: lead.map_or(0.0, |s| s.coverage),
        own_coverage,
        heaviest_missing: missing / heaviest,
        unknown,
        agreement: whole.agreement,
        met: sentences.iter().take(3).map(|s| s.met).fold(0.0, f32::max),
        wanted_known: f32::from(u8::from(question.wanted != Wanted::Any)),
        same_language: f32::from(u8::from(is_same)),
        sentence_lift: lead.and_then(|s| s.cosine).map_or(0.0, |c| c - lead_passage.map_or(0.0, passage_cosine)),
        question_words: ratio(terms.len().min(12), 12),
        ..Features::default()
    }
}

/// Log odds beyond this say nothing more.
const ODDS_MAX: f32 = 8.0;

/// Adds what the cross-encoder said of `windows` (log odds) and, through them, of sentences. No order matters.
pub(super) fn measure_judgement(features: &mut Features, sentences: &[Sentence], windows: &[f32]) {
    let best = |windows: &mut dyn Iterator<Item = f32>| windows.fold(-ODDS_MAX, f32::max).min(ODDS_MAX);
    let lead = sentences
        .iter()
        .filter(|s| s.window.is_some())
        .max_by(|a, b| a.window.unwrap_or_default().total_cmp(&b.window.unwrap_or_default()));
    let lead = lead.map(|s| s.passage);
    features.judged_window = best(&mut sentences.iter().filter_map(|s| s.window));
    features.judged_other = best(&mut sentences.iter().filter(|s| Some(s.passage) != lead).filter_map(|s| s.window));
    features.judged_sentence = best(&mut sentences.iter().filter_map(|s| s.judged));
    features.judged_first = best(&mut sentences.iter().filter(|s| s.passage == 0).filter_map(|s| s.window));
    let mut three: Vec<f32> = windows.iter().map(|odds| odds.clamp(-ODDS_MAX, ODDS_MAX)).collect();
    three.sort_by(|a, b| b.total_cmp(a));
    three.truncate(3);
    features.judged_three = three.iter().sum::<f32>() * ratio(1, three.len());
}
