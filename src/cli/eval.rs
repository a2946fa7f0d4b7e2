//! `eval run`: figures of a question set, compared with a baseline.

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::error::Outcome;
use crate::base::{Code, Fault, Progress};
use crate::svc::services::Services;
use crate::svc::{eval, site};

/// Figures that must not fall (`true`) or rise (`false`) against the baseline.
const COMPARED: &[(&str, bool)] = &[
    ("hit_at_5", true),
    ("ndcg_at_10", true),
    ("first_citation_right", true),
    ("refusal_recall", true),
    ("wrong_refusal_rate", false),
];
/// Differences below this are noise of rounding.
const TOLERANCE: f64 = 0.005;

#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
enum Verb {
    /// Ask every question of a set
    Run {
        #[arg(long)]
        site: String,
        /// JSON lines: question, documents, facts, kind
        #[arg(long, value_name = "FILE")]
        set: String,
        /// hybrid, words or vector
        #[arg(long, default_value = "hybrid", value_parser = ["hybrid", "words", "vector"])]
        mode: String,
        /// An earlier result; exit with 1 when this one is worse
        #[arg(long, value_name = "FILE")]
        baseline: Option<String>,
        /// Add the gate's features and the answer of every question
        #[arg(long)]
        rows: bool,
    },
}

impl Args {
    /// Reads the files here: a server need not see them.
    pub(crate) fn prepare(&mut self) -> Outcome<()> {
        let Verb::Run { set, baseline, .. } = &mut self.verb;
        for file in std::iter::once(set).chain(baseline.as_mut()) {
            *file = std::fs::read_to_string(&*file)
                .map_err(|e| Fault::new(Code::BadRequest, format!("{file} cannot be read: {e}")))?;
        }
        Ok(())
    }

    pub(crate) async fn run(self, services: &Services, progress: &Progress) -> Outcome<Value> {
        let Verb::Run { site, set, mode, baseline, rows } = self.verb;
        let site = site::find(&services.store, &site)?;
        let set = eval::parse(&set)?;
        let mut result =
            eval::run(&services.retriever, &services.dialogs, &site, &set, super::query::mode(&mode), rows, progress)
                .await?;
        if let Some(baseline) = baseline {
            let last = baseline.lines().rfind(|l| !l.trim().is_empty()).unwrap_or_default();
            let before: Value = serde_json::from_str(last)
                .map_err(|e| Fault::invalid(format!("the baseline is not a result of eval run: {e}")))?;
            let worse: Vec<Value> = COMPARED
                .iter()
                .filter(|(name, higher)| is_worse(&before[*name], &result[*name], *higher))
                .map(|(name, _)| Value::from(*name))
                .collect();
            result["worse_than_baseline"] = Value::Bool(!worse.is_empty());
            result["worse"] = Value::Array(worse);
        }
        Ok(result)
    }
}

fn is_worse(before: &Value, now: &Value, higher_is_better: bool) -> bool {
    match (before.as_f64(), now.as_f64()) {
        (Some(before), Some(now)) if higher_is_better => now < before - TOLERANCE,
        (Some(before), Some(now)) => now > before + TOLERANCE,
        (Some(_), None) => true,
        _ => false,
    }
}

pub(crate) fn show(value: &Value) -> String {
    let names = [
        "questions",
        "answerable",
        "unanswerable",
        "hit_at_1",
        "hit_at_3",
        "hit_at_5",
        "hit_at_10",
        "mrr_at_10",
        "ndcg_at_10",
        "fact_recall",
        "first_citation_right",
        "refusal_precision",
        "refusal_recall",
        "wrong_refusal_rate",
        "answer_words_p50",
        "answer_words_p95",
    ];
    let mut text = super::output::table(&names.map(|name| (name, value[name].to_string())));
    for (kind, group) in value["by_kind"].as_object().into_iter().flatten() {
        text.push_str(&format!(
            "{kind:12} n {:>4}  hit@5 {}  first citation {}  refused {} / wrongly {}\n",
            group["questions"],
            group["hit_at_5"],
            group["first_citation_right"],
            group["refusal_recall"],
            group["wrong_refusal_rate"]
        ));
    }
    text
}
