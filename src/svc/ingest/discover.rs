//! How large a website is and how long reading it would take, before anything is read.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::base::error::Outcome;
use crate::base::id::SourceId;
use crate::base::{Fault, Progress, Report};
use crate::svc::crawl::{self, Event};
use crate::svc::knowledge;

use super::Ingest;
use super::source::{self, Source};
use super::website::{EVENTS_MAX, crawl_fault};

/// Passages of a page, until the site has pages of its own to tell.
const PASSAGES_PER_PAGE: f64 = 4.0;
/// A passage and all its sentences are about this many times the passage's tokens.
const TEXTS_PER_PASSAGE: f64 = 2.5;
/// Text of the length of a usual passage, embedded once to learn how fast this machine is.
const PROBE: &str = "Die Öffnungszeiten des Bürgerbüros finden Sie auf dieser Seite. ";

impl Ingest {
    /// Counts the pages of a website and its folders, without reading them into the site.
    pub(super) async fn discover(&self, id: SourceId, progress: &Progress) -> Outcome<Value> {
        let source = source::find(&self.store, id)?;
        let plan = self.plan(&source, true)?;
        let (events, mut incoming) = mpsc::channel(EVENTS_MAX);
        let cancelled = || progress.is_cancelled();
        let walk = crawl::crawl(&plan, &self.dialer, &|_| None, events, &cancelled);
        let watch = async {
            while let Some(event) = incoming.recv().await {
                if let Event::Found { found, fetched } = event {
                    progress.report(Report {
                        phase: "discover".into(),
                        done: fetched as u64,
                        total: found as u64,
                        ..Report::default()
                    });
                }
            }
        };
        let (report, ()) = tokio::join!(walk, watch);
        let report = report.map_err(|e| crawl_fault(&e))?;
        let mut folders = BTreeMap::<String, u64>::new();
        for url in report.urls.iter().filter_map(|u| url::Url::parse(u).ok()) {
            let first = url.path_segments().and_then(|mut s| s.next().map(str::to_owned)).unwrap_or_default();
            let is_folder = url.path_segments().is_some_and(|s| s.count() > 1);
            *folders.entry(if is_folder { format!("/{first}/") } else { "/".to_owned() }).or_default() += 1;
        }
        let pages = report.pages_found.max(report.urls.len());
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let expected_seconds = (pages as f64 * self.seconds_per_page(&source).await?).ceil() as u64;
        Ok(json!({
            "pages_found": pages,
            "folders": folders.into_iter().map(|(path, pages)| json!({"path": path, "pages": pages})).collect::<Vec<_>>(),
            "expected_seconds": expected_seconds,
            "start_url": report.start_url,
        }))
    }

    /// What a page takes from fetching to its last vector, measured on this machine.
    async fn seconds_per_page(&self, source: &Source) -> Outcome<f64> {
        let fetch = self.plan(source, true)?.delay.as_secs_f64();
        let Some(model) = self.tokenizer().await else { return Ok(fetch) };
        let counts = knowledge::counts(&self.store, source.site)?;
        let passages =
            if counts.documents > 0 { counts.chunks as f64 / counts.documents as f64 } else { PASSAGES_PER_PAGE };
        // Each time another text, so that nothing is answered from memory; the first pays for cold caches.
        let mut seconds = f64::INFINITY;
        for n in 0..3 {
            let started = Instant::now();
            let probe = format!("{n} {}", PROBE.repeat(9));
            model.pool.embed_passage_now(&probe).await.map_err(Fault::internal)?;
            seconds = seconds.min(started.elapsed().as_secs_f64());
        }
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as f64;
        Ok(fetch.max(passages * TEXTS_PER_PASSAGE * seconds / threads))
    }
}
