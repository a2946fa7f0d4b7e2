//! Times, memory, and the line a measure is printed as.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::{Map, Value, json};

/// Durations of one thing, measured many times.
#[derive(Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    pub fn push(&mut self, took: Duration) {
        self.0.push(took.as_secs_f64() * 1e3);
    }

    pub fn extend(&mut self, others: Samples) {
        self.0.extend(others.0);
    }

    /// Milliseconds that `share` (0 to 1) of the samples stay under; 0 without samples.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn percentile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let at = (share * sorted.len() as f64).ceil() as usize;
        sorted.get(at.saturating_sub(1)).copied().unwrap_or(0.0)
    }

    /// Runs `work` for every number below `count`; the first `warm` runs are not counted.
    pub fn measure<T>(
        warm: usize,
        count: usize,
        mut work: impl FnMut(usize) -> anyhow::Result<T>,
    ) -> anyhow::Result<Self> {
        let mut samples = Self::default();
        for number in 0..warm + count {
            let started = Instant::now();
            std::hint::black_box(work(number)?);
            if number >= warm {
                samples.push(started.elapsed());
            }
        }
        Ok(samples)
    }
}

/// Memory of a process in MB.
#[derive(Clone, Copy)]
pub struct Memory {
    /// Everything resident.
    pub resident: f64,
    /// The part that no file backs, which the system cannot take back.
    pub own: f64,
}

/// Memory of a running process.
pub fn memory(process: u32) -> anyhow::Result<Memory> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let value = |name: &str| -> anyhow::Result<f64> {
        let line = status.lines().find(|l| l.starts_with(name)).with_context(|| format!("no {name}"))?;
        let kb: f64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
        Ok(kb / 1024.0)
    };
    Ok(Memory { resident: value("VmRSS")?, own: value("RssAnon")? })
}

/// Prints one measure: a JSON line for machines, a table row for people.
pub fn report(measure: &str, case: &str, figures: &[(&str, f64)]) {
    let rounded = |x: f64| if x.abs() >= 100.0 { x.round() } else { (x * 1e3).round() / 1e3 };
    let mut object = Map::new();
    object.insert("measure".into(), json!(measure));
    object.insert("case".into(), json!(case));
    for (name, figure) in figures {
        object.insert((*name).into(), json!(rounded(*figure)));
    }
    let row: Vec<String> = figures.iter().map(|(name, figure)| format!("{name} {}", rounded(*figure))).collect();
    println!("{}", Value::Object(object));
    println!("| {measure} | {case} | {} |", row.join(" | "));
}
