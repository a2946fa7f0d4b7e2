//! What the cross-encoder says of the best places: a few windows of neighbouring sentences are read together with the
//! question. A window that answers lifts its sentences and its passage; a passage that only shares the topic sinks.

use std::sync::Arc;

use crate::embed::{Judgement, Model, Pair};
use crate::svc::retrieve::Found;

use super::compose::is_boilerplate;
use super::evidence::{BEHIND_WEIGHT, Evidence, is_heading};

/// Windows that are read, and how many of them may lie in one passage.
const WINDOWS: usize = 6;
const PER_PASSAGE: usize = 2;
/// Neighbours on each side of the sentence a window is built around.
const AROUND: usize = 1;

/// What the judgement is worth beside retrieval's score (a cosine) and beside the sentence's own score.
const PASSAGE_WEIGHT: f32 = 0.06;
const SENTENCE_WEIGHT: f32 = 0.8;
/// Log odds of what was not read.
const UNREAD: f32 = -3.0;

/// Neighbouring sentences of a passage, by their numbers, ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    passage: usize,
    first: usize,
    last: usize,
}

/// Reads the best windows and notes the result at sentences and passages. Without a cross-encoder nothing changes.
pub(super) async fn judge(model: &Model, evidence: &mut Evidence) {
    if !model.pool.has_judge() {
        return;
    }
    let question: Arc<str> = evidence.question.text.as_str().into();
    let windows = windows(evidence);
    let pairs = windows.iter().map(|window| pair(&question, evidence, *window));
    let judgements = futures_util::future::join_all(pairs.map(|pair| model.pool.judge(pair))).await;
    // Half a judgement would pass for a bad one: the gate then goes by the other features.
    let judgements = match judgements.into_iter().collect::<Result<Vec<Judgement>, _>>() {
        Ok(judgements) => judgements,
        Err(error) => {
            tracing::warn!(%error, "the passages could not be judged");
            return;
        }
    };
    let odds: Vec<f32> = judgements.iter().map(|judgement| judgement.window).collect();
    for (window, judgement) in windows.into_iter().zip(judgements) {
        note(evidence, window, &judgement);
    }
    evidence.is_judged = evidence.sentences.iter().any(|s| s.window.is_some());
    if evidence.is_judged {
        super::features::measure_judgement(&mut evidence.features, &evidence.sentences, &odds);
        reorder(evidence);
    }
}

/// Puts passages and sentences in the order in which they answer.
fn reorder(evidence: &mut Evidence) {
    let mut best = vec![UNREAD; evidence.passages.len()];
    for sentence in &evidence.sentences {
        best[sentence.passage] = best[sentence.passage].max(sentence.window.unwrap_or(UNREAD));
    }
    let first = |passages: &[Found]| passages.iter().map(|p| p.score).fold(f32::MIN, f32::max);
    let before: Vec<f32> = evidence.passages.iter().map(|p| p.score).collect();
    let first_before = first(&evidence.passages);
    for (passage, best) in evidence.passages.iter_mut().zip(&best) {
        passage.score += PASSAGE_WEIGHT * probability(*best);
    }
    let first_now = first(&evidence.passages);
    for sentence in &mut evidence.sentences {
        // How far its passage is behind the best was part of its score, and has changed.
        let (old, new) =
            (before[sentence.passage] - first_before, evidence.passages[sentence.passage].score - first_now);
        sentence.score += (new - old) * BEHIND_WEIGHT;
        sentence.score += SENTENCE_WEIGHT * probability(sentence.judged.unwrap_or(UNREAD));
    }
    let mut order: Vec<usize> = (0..evidence.passages.len()).collect();
    order.sort_by(|&a, &b| evidence.passages[b].score.total_cmp(&evidence.passages[a].score).then(a.cmp(&b)));
    let mut place = vec![0; order.len()];
    for (new, &old) in order.iter().enumerate() {
        place[old] = new;
    }
    for sentence in &mut evidence.sentences {
        sentence.passage = place[sentence.passage];
    }
    evidence.passages = order.into_iter().map(|old| evidence.passages[old].clone()).collect();
    evidence.sentences.sort_by(|a, b| b.score.total_cmp(&a.score).then((a.passage, a.ord).cmp(&(b.passage, b.ord))));
}

fn probability(odds: f32) -> f32 {
    1.0 / (1.0 + (-odds).exp())
}

/// The windows around the best sentences; a sentence that lies in a window already needs no other.
fn windows(evidence: &Evidence) -> Vec<Window> {
    let mut windows: Vec<Window> = Vec::new();
    for sentence in &evidence.sentences {
        if windows.len() >= WINDOWS {
            break;
        }
        let own = windows.iter().filter(|w| w.passage == sentence.passage);
        let is_read = own.clone().any(|w| (w.first..=w.last).contains(&sentence.ord));
        if is_read || own.count() >= PER_PASSAGE || is_heading(&sentence.text) || is_boilerplate(&sentence.text) {
            continue;
        }
        let end = evidence.sentences.iter().filter(|s| s.passage == sentence.passage).map(|s| s.ord).max();
        windows.push(Window {
            passage: sentence.passage,
            first: sentence.ord.saturating_sub(AROUND),
            last: (sentence.ord + AROUND).min(end.unwrap_or(sentence.ord)),
        });
    }
    windows
}

fn pair(question: &Arc<str>, evidence: &Evidence, window: Window) -> Pair {
    let passage = &evidence.passages[window.passage];
    let title = &passage.document.title;
    let heading = match passage.chunk.section.last().filter(|heading| *heading != title) {
        Some(heading) => format!("{title} – {heading}"),
        None => title.clone(),
    };
    let mut own: Vec<_> = evidence
        .sentences
        .iter()
        .filter(|s| s.passage == window.passage && (window.first..=window.last).contains(&s.ord))
        .collect();
    own.sort_by_key(|s| s.ord);
    Pair { question: Arc::clone(question), heading, sentences: own.into_iter().map(|s| s.text.clone()).collect() }
}

fn note(evidence: &mut Evidence, window: Window, judgement: &Judgement) {
    for sentence in &mut evidence.sentences {
        let Some(at) = sentence.ord.checked_sub(window.first).filter(|_| sentence.passage == window.passage) else {
            continue;
        };
        if let Some(&odds) = judgement.sentences.get(at) {
            sentence.judged = Some(sentence.judged.map_or(odds, |before| before.max(odds)));
            sentence.window = Some(sentence.window.map_or(judgement.window, |before| before.max(judgement.window)));
        }
    }
}

#[cfg(test)]
mod tests;
