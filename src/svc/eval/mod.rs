//! Measuring answers: a question set against a site, retrieval and answers apart.
//!
//! Ranks are of distinct documents by best chunk, before the gate; in hybrid mode as the dialog sees them, that is
//! after the cross-encoder has read the first ones. A question without documents is
//! unanswerable. Definitions: hit@k and MRR as usual, nDCG@10 with binary gains (Järvelin, Kekäläinen
//! 2002).

mod names;
mod score;
mod set;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::base::error::Outcome;
use crate::base::{Fault, Progress, Report};
use crate::svc::dialog::{self, Dialogs, Given, Question, Verdict};
use crate::svc::retrieve::{Found, Mode, Retriever};
use crate::svc::site::Site;

pub use set::{Item, parse};

use names::Names;
use score::{Group, Judged};

/// Distinct documents that are ranked.
const RANKED: usize = 10;
/// Chunks fetched to fill them.
const CHUNKS: usize = 100;

/// Runs a question set. `with_features` adds the gate's features per question, for calibration.
pub async fn run(
    retriever: &Retriever,
    dialogs: &Dialogs,
    site: &Site,
    set: &[Item],
    mode: Mode,
    with_features: bool,
    progress: &Progress,
) -> Outcome<Value> {
    let mut judged = Vec::with_capacity(set.len());
    let mut rows = Vec::new();
    for (at, item) in set.iter().enumerate() {
        let one = judge(retriever, dialogs, site, item, mode).await?;
        if with_features {
            rows.push(json!({"question": item.question, "kind": item.kind, "answerable": !item.documents.is_empty(), "features": one.features, "score": one.gate_score, "answered": one.judged.answered, "rank": one.judged.rank, "first_right": one.judged.first_right, "fact_recall": one.judged.fact_recall, "text": one.text, "first": one.first}));
        }
        judged.push((item.kind.clone(), one.judged));
        progress.report(Report {
            phase: "questions".into(),
            done: at as u64 + 1,
            total: set.len() as u64,
            ..Report::default()
        });
    }
    let all = Group::of(judged.iter().map(|(_, j)| j));
    let mut kinds = BTreeMap::<String, Vec<&Judged>>::new();
    for (kind, one) in &judged {
        kinds.entry(kind.clone()).or_default().push(one);
    }
    let by_kind: serde_json::Map<String, Value> =
        kinds.into_iter().map(|(kind, list)| (kind, Group::of(list.into_iter()).to_json())).collect();
    let mut result = all.to_json();
    if let Some(map) = result.as_object_mut() {
        map.insert("mode".into(), json!(mode));
        map.insert("by_kind".into(), Value::Object(by_kind));
        map.insert("latency_ms".into(), score::latencies(judged.iter().map(|(_, j)| j)));
        if with_features {
            map.insert("rows".into(), Value::Array(rows));
        }
    }
    Ok(result)
}

struct One {
    judged: Judged,
    features: Value,
    gate_score: f32,
    text: String,
    first: Option<String>,
}

async fn judge(retriever: &Retriever, dialogs: &Dialogs, site: &Site, item: &Item, mode: Mode) -> Outcome<One> {
    let question = Question::read(&item.question, &site.locale);
    let retrieved = retriever.retrieve(site.id, &item.question, mode, CHUNKS).await?;
    let wanted = Names::of_set(&item.documents);
    let given = dialogs.answer(site, &question).await?;
    let mut found: Vec<&Found> = retrieved.found.iter().collect();
    if mode == Mode::Hybrid {
        let place = |found: &Found| given.ranked.iter().position(|id| *id == found.id).unwrap_or(usize::MAX);
        found.sort_by_key(|found| place(found));
    }
    let mut seen = std::collections::HashSet::new();
    let ranked: Vec<bool> =
        found.iter().filter(|f| seen.insert(f.document.id)).take(RANKED).map(|f| wanted.meets(&f.document)).collect();
    let Given { answer, decision, .. } = given;
    let answered = answer.outcome == Verdict::Answered;
    let first = answer.citations.first();
    let first_right = match first.filter(|_| answered) {
        Some(citation) => {
            let id = citation.document_id.parse().map_err(|_| Fault::invalid("a citation without a document"))?;
            crate::svc::knowledge::document(&retriever.store.snapshot()?, site.id, id).is_ok_and(|d| wanted.meets(&d))
        }
        None => false,
    };
    let shown = answer.blocks.iter().map(dialog::Block::visible).collect::<Vec<_>>().join("\n");
    let judged = Judged {
        answerable: !item.documents.is_empty(),
        relevant: item.documents.len(),
        rank: ranked.iter().position(|r| *r).map(|r| r + 1),
        ranked,
        answered,
        first_right,
        fact_recall: names::fact_recall(&item.facts, &shown),
        words: answer.words(),
        timings: answer.timings_ms,
    };
    Ok(One {
        judged,
        features: json!(decision.features),
        gate_score: decision.score,
        text: shown,
        first: first.map(|c| c.key.clone()),
    })
}
