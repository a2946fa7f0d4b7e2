//! What is printed, for people and for programs.

use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::base::{Fault, Progress, Report};

/// Prints a result: one compact JSON line, or text for people.
pub(crate) fn value(value: &Value, text: &str, as_json: bool) {
    if as_json {
        println!("{value}");
    } else if !text.is_empty() {
        println!("{}", text.trim_end());
    }
}

/// Prints why something failed. The cause goes to standard error in any case.
pub(crate) fn fault(fault: &Fault, as_json: bool) {
    if as_json {
        println!(
            "{}",
            json!({"error": {"code": fault.code.name(), "title": fault.code.title(), "detail": fault.detail}})
        );
    } else {
        eprintln!("error: {}", fault.detail);
    }
    if let Some(source) = &fault.source {
        eprintln!("cause: {source}");
    }
}

/// A progress bar on standard error that follows the reports; plain lines where there is no terminal.
pub(crate) fn progress() -> Progress {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{msg:18} {bar:30} {pos}/{len} {prefix}") {
        bar.set_style(style);
    }
    let phase = Mutex::new(String::new());
    Progress::new(move |report: Report| {
        let mut phase = phase.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if *phase != report.phase {
            phase.clone_from(&report.phase);
            bar.set_message(label(&report.phase).to_owned());
            if bar.is_hidden() {
                eprintln!("{} …", label(&report.phase));
            }
        }
        bar.set_length(report.total);
        bar.set_position(report.done);
        bar.set_prefix(report.seconds_left.map(|s| format!("about {s} s left")).unwrap_or_default());
        if report.total > 0 && report.done >= report.total && report.phase == "vectors" {
            bar.finish_and_clear();
        }
    })
}

fn label(phase: &str) -> &str {
    match phase {
        "discover" => "Counting pages",
        "fetch" => "Reading pages",
        "words" => "Reading files",
        "vectors" => "Embedding",
        "questions" => "Asking questions",
        other => other,
    }
}

/// Lines `name  value`, aligned.
pub(crate) fn table(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    rows.iter().fold(String::new(), |text, (name, value)| format!("{text}{name:width$}  {value}\n"))
}
