//! From judged questions to figures.

use serde_json::{Value, json};

use crate::svc::dialog::Timings;

/// One question, judged.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    pub answerable: bool,
    /// Documents that answer it.
    pub relevant: usize,
    /// Which of the first ten documents answer it.
    pub ranked: Vec<bool>,
    /// Rank of the first of them, from 1.
    pub rank: Option<usize>,
    pub answered: bool,
    pub first_right: bool,
    pub fact_recall: Option<f64>,
    pub words: usize,
    pub timings: Timings,
}

/// Figures of a group of questions. Rates are 0–1; a rate of nothing is null.
#[derive(Debug, Default)]
pub(super) struct Group {
    rows: Vec<Judged>,
}

#[allow(clippy::cast_precision_loss)]
fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_usize), |(sum, count), v| (sum + v, count + 1));
    (count > 0).then(|| (sum / count as f64 * 10_000.0).round() / 10_000.0)
}

fn truth(value: bool) -> f64 {
    f64::from(u8::from(value))
}

impl Group {
    pub fn of<'a>(rows: impl Iterator<Item = &'a Judged>) -> Self {
        Self { rows: rows.cloned().collect() }
    }

    pub fn to_json(&self) -> Value {
        let answerable: Vec<&Judged> = self.rows.iter().filter(|j| j.answerable).collect();
        let unanswerable: Vec<&Judged> = self.rows.iter().filter(|j| !j.answerable).collect();
        let answered: Vec<&&Judged> = answerable.iter().filter(|j| j.answered).collect();
        let refused: Vec<&Judged> = self.rows.iter().filter(|j| !j.answered).collect();
        let hit = |k: usize| mean(answerable.iter().map(|j| truth(j.rank.is_some_and(|r| r <= k))));
        let words: Vec<f64> = self.rows.iter().filter(|j| j.answered).map(|j| j.words as f64).collect();
        json!({
            "questions": self.rows.len(),
            "answerable": answerable.len(),
            "unanswerable": unanswerable.len(),
            "hit_at_1": hit(1),
            "hit_at_3": hit(3),
            "hit_at_5": hit(5),
            "hit_at_10": hit(10),
            "mrr_at_10": mean(answerable.iter().map(|j| j.rank.map_or(0.0, |r| 1.0 / r as f64))),
            "ndcg_at_10": mean(answerable.iter().map(|j| ndcg(j))),
            "fact_recall": mean(answered.iter().filter_map(|j| j.fact_recall)),
            "first_citation_right": mean(answered.iter().map(|j| truth(j.first_right))),
            "refusal_precision": mean(refused.iter().map(|j| truth(!j.answerable))),
            "refusal_recall": mean(unanswerable.iter().map(|j| truth(!j.answered))),
            "wrong_refusal_rate": mean(answerable.iter().map(|j| truth(!j.answered))),
            "answer_words_p50": percentile(&words, 0.50),
            "answer_words_p95": percentile(&words, 0.95),
        })
    }
}

/// nDCG@10 with binary gains.
#[allow(clippy::cast_precision_loss)]
fn ndcg(judged: &Judged) -> f64 {
    let gain = |rank: usize| 1.0 / (rank as f64 + 2.0).log2();
    let found: f64 = judged.ranked.iter().enumerate().filter(|(_, right)| **right).map(|(rank, _)| gain(rank)).sum();
    // Duplicates collapse into one document, so that fewer may exist than the set names.
    let possible = judged.relevant.min(10).min(judged.ranked.iter().filter(|r| **r).count().max(1));
    let ideal: f64 = (0..possible).map(gain).sum();
    if ideal > 0.0 { found / ideal } else { 0.0 }
}

/// Nearest-rank percentile.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn percentile(values: &[f64], p: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = ((sorted.len() as f64 * p).ceil() as usize).saturating_sub(1);
    sorted.get(at).copied()
}

pub(super) fn latencies<'a>(rows: impl Iterator<Item = &'a Judged>) -> Value {
    let timings: Vec<Timings> = rows.map(|j| j.timings).collect();
    let stage = |of: fn(&Timings) -> f64| {
        let values: Vec<f64> = timings.iter().map(of).collect();
        json!({"p50": percentile(&values, 0.5), "p95": percentile(&values, 0.95)})
    };
    json!({
        "embed": stage(|t| t.embed),
        "search": stage(|t| t.search),
        "evidence": stage(|t| t.evidence),
        "compose": stage(|t| t.compose),
        "total": stage(|t| t.embed + t.search + t.evidence + t.compose),
    })
}
