//! Both models on known items: the title of a document is the question, the document the answer. That says how well a
//! model tells this site's texts apart without anybody having written questions; a set of real ones says more.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::base::error::Outcome;
use crate::base::{Code, Fault, Progress, Report};
use crate::svc::eval::{self, Item};
use crate::svc::retrieve::{Mode, Retriever, View};
use crate::svc::site::Site;

use super::Switches;
use super::measure::{items, spread};

/// Titles that are asked.
const ITEMS: usize = 300;
/// Chunks that are looked through for ten documents.
const CHUNKS: usize = 50;
const RANKED: usize = 10;
/// Differences below this are chance.
const TOLERANCE: f64 = 0.01;

#[derive(Debug, Clone, Copy, Default)]
struct Figures {
    items: usize,
    first: usize,
    five: usize,
    reciprocal: f64,
}

impl Figures {
    fn note(&mut self, rank: Option<usize>) {
        self.items += 1;
        if let Some(rank) = rank {
            self.first += usize::from(rank == 1);
            self.five += usize::from(rank <= 5);
            self.reciprocal += 1.0 / rank as f64;
        }
    }

    fn mrr(&self) -> f64 {
        self.reciprocal / self.items.max(1) as f64
    }

    fn to_json(self) -> Value {
        let share = |count: usize| count as f64 / self.items.max(1) as f64;
        json!({"items": self.items, "hit_at_1": share(self.first), "hit_at_5": share(self.five), "mrr_at_10": self.mrr()})
    }
}

/// `{old, new, worse}`; each model with `{meaning, both}` over titles, and `questions` when a set was given.
pub(super) async fn report(
    switches: &Switches,
    site: &Site,
    (old, new): (&View, &View),
    set: &[Item],
    progress: &Progress,
) -> Outcome<Value> {
    let documents = items(switches, site)?;
    let asked = spread(&documents, ITEMS);
    let mut sides = Vec::new();
    let mut worse = false;
    let mut before: Option<[f64; 3]> = None;
    for (side, view) in [old, new].into_iter().enumerate() {
        let retriever = switches.retriever.with_model(view.clone());
        let (mut meaning, mut both) = (Figures::default(), Figures::default());
        for (at, document) in asked.iter().enumerate() {
            if progress.is_cancelled() {
                return Err(Fault::new(Code::Cancelled, "stopped; the site keeps its model"));
            }
            for (mode, figures) in [(Mode::Vector, &mut meaning), (Mode::Hybrid, &mut both)] {
                figures.note(rank(&retriever, site, &document.title, document.id, mode).await?);
            }
            progress.report(Report {
                phase: "questions".into(),
                done: (side * asked.len() + at + 1) as u64,
                total: 2 * asked.len() as u64,
                ..Report::default()
            });
        }
        let mut row = json!({"meaning": meaning.to_json(), "both": both.to_json()});
        let mut right = 0.0;
        if !set.is_empty() {
            let run = eval::run(&retriever, &switches.dialogs(view), site, set, Mode::Hybrid, false, progress).await?;
            right = run["mrr_at_10"].as_f64().unwrap_or_default();
            let names =
                ["questions", "hit_at_1", "hit_at_5", "mrr_at_10", "first_citation_right", "wrong_refusal_rate"];
            row["questions"] = names.iter().map(|name| ((*name).to_owned(), run[*name].clone())).collect();
        }
        let now = [meaning.mrr(), both.mrr(), right];
        match before {
            Some(before) => worse = before.iter().zip(now).any(|(before, now)| now < before - TOLERANCE),
            None => before = Some(now),
        }
        sides.push(row);
    }
    let new = sides.pop();
    Ok(json!({"old": sides.pop(), "new": new, "worse": worse}))
}

/// The place of a document among those found, from 1, when it is one of the first ten.
async fn rank(
    retriever: &Retriever,
    site: &Site,
    title: &str,
    wanted: crate::base::id::DocumentId,
    mode: Mode,
) -> Outcome<Option<usize>> {
    let mut end = title.len().min(crate::base::limits::QUERY_BYTES_MAX);
    while !title.is_char_boundary(end) {
        end -= 1;
    }
    let retrieved = retriever.retrieve(site.id, &title[..end], mode, CHUNKS).await?;
    let mut seen = HashSet::new();
    let documents = retrieved.found.iter().map(|found| found.document.id).filter(|id| seen.insert(*id));
    Ok(documents.take(RANKED).position(|id| id == wanted).map(|at| at + 1))
}
