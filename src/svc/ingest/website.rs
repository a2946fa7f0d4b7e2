//! Websites: the crawl engine's pages become documents, its skips become the report.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::base::clock::now_ms;
use crate::base::error::Outcome;
use crate::base::id::{JobId, SiteId, SourceId};
use crate::base::limits::DOCUMENT_BYTES_MAX;
use crate::base::{Code, Fault, Progress, Report};
use crate::dial::AllowPrivate;
use crate::store::{Key, Table};
use crate::svc::crawl::{self, Event, Page, Plan};
use crate::svc::knowledge::{self, Draft, Stored};

use super::source::{self, LastCrawl, Source, SourceUrl, UrlOutcome};
use super::{DRAFTS_MAX, FileError, Ingest, Summary, visit};

/// Pages in flight between crawler and store.
const EVENTS_MAX: usize = 32;
/// Time between two requests to the same public host.
const DELAY: Duration = Duration::from_millis(200);
const CONCURRENCY: usize = 4;
/// Passages of a page, until the site has pages of its own to tell.
const PASSAGES_PER_PAGE: f64 = 4.0;
/// A passage and all its sentences are about this many times the passage's tokens.
const TEXTS_PER_PASSAGE: f64 = 2.5;
/// Text of the length of a usual passage, embedded once to learn how fast this machine is.
const PROBE: &str = "Die Öffnungszeiten des Bürgerbüros finden Sie auf dieser Seite. ";

impl Ingest {
    fn plan(&self, source: &Source, discover_only: bool) -> Outcome<Plan> {
        let allow = AllowPrivate::parse(&source.allow_private).map_err(|e| Fault::invalid(e.to_string()))?;
        let host = source.url.split("://").last().unwrap_or_default();
        let is_private = source.allow_private.iter().any(|allowed| host.starts_with(allowed.as_str()));
        Ok(Plan {
            start: source.url.clone(),
            max_pages: source.pages_max.min(self.pages_max),
            max_depth: source.depth_max,
            max_bytes_per_page: DOCUMENT_BYTES_MAX,
            include: source.include.clone(),
            exclude: source.exclude.clone(),
            // A machine of one's own need not be spared.
            delay: if is_private { Duration::ZERO } else { DELAY },
            concurrency: CONCURRENCY,
            allow,
            discover_only,
        })
    }

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

    /// Reads a website into its site.
    pub(super) async fn crawl(
        &self,
        id: SourceId,
        job: JobId,
        progress: &Progress,
    ) -> Outcome<(Value, Vec<FileError>)> {
        let started = Instant::now();
        let started_at = now_ms();
        let embedded_before = self.embedder.tally.embedded.load(Ordering::Relaxed);
        let source = source::find(&self.store, id)?;
        let plan = self.plan(&source, false)?;
        let (events, incoming) = mpsc::channel(EVENTS_MAX);
        let cancelled = || progress.is_cancelled();
        let memory = |url: &str| visit::recall(&self.store, source.site, id, url);
        let walk = crawl::crawl(&plan, &self.dialer, &memory, events, &cancelled);
        let (report, taken) = tokio::join!(walk, self.take_in(&source, incoming, progress));
        let mut taken = taken?;
        if let Ok(report) = &report
            && !progress.is_cancelled()
        {
            let crawled = visit::Crawled { job, rows: &taken.rows, is_whole: report.is_whole };
            let missed = visit::note_missing(&self.store, source.site, id, crawled).await?;
            taken.rows.extend(missed);
            self.indexes.poke();
        }
        // Even a crawl that failed tells what it saw.
        self.keep_report(id, &taken.rows).await?;
        let report = report.map_err(|e| crawl_fault(&e))?;
        if progress.is_cancelled() {
            return Err(Fault::new(
                Code::Cancelled,
                format!("stopped after {} pages; they stay", taken.summary.documents),
            ));
        }
        self.finish_summary(source.site, &mut taken.summary, progress, started, embedded_before).await?;
        let last =
            LastCrawl { started_at, finished_at: now_ms(), pages: taken.summary.documents, skipped: taken.skipped() };
        self.store
            .write(move |batch| {
                let mut source: Source =
                    batch.get(Key::of(id))?.ok_or_else(|| Fault::not_found(format!("source {id}")))?;
                source.last_crawl = Some(last);
                source.last_job = Some(job);
                Ok::<_, Fault>(batch.put(Key::of(id), &source)?)
            })
            .await?;
        let mut result = serde_json::to_value(&taken.summary).map_err(Fault::internal)?;
        if let Some(map) = result.as_object_mut() {
            map.insert("source_id".into(), json!(id.to_string()));
            map.insert("pages".into(), json!(report.pages));
            map.insert("skipped".into(), json!(taken.skipped()));
            map.insert("start_url".into(), json!(report.start_url));
            for (name, outcome) in [("missed", UrlOutcome::Missed), ("gone", UrlOutcome::Gone)] {
                map.insert(name.into(), json!(taken.rows.iter().filter(|row| row.outcome == outcome).count()));
            }
        }
        Ok((result, taken.summary.failed))
    }

    async fn take_in(
        &self,
        source: &Source,
        mut incoming: mpsc::Receiver<Event>,
        progress: &Progress,
    ) -> Outcome<Taken> {
        let mut taken = Taken::default();
        let model = self.tokenizer().await;
        let mut pages = Vec::new();
        while let Some(event) = incoming.recv().await {
            match event {
                Event::Found { found, fetched } => progress.report(Report {
                    phase: "fetch".into(),
                    done: fetched as u64,
                    total: found as u64,
                    ..Report::default()
                }),
                Event::Skipped { url, reason } => taken.skip(url, reason.code(), &reason.text()),
                Event::Page(page) => pages.push(*page),
                Event::Same { url, requested } => self.note_same(source, url, requested, &mut taken).await?,
            }
            // What has piled up is stored together; a lone page is not kept waiting.
            if !pages.is_empty() && (pages.len() >= DRAFTS_MAX || incoming.is_empty()) {
                self.store_pages(source, std::mem::take(&mut pages), model.clone(), &mut taken).await?;
            }
        }
        self.store_pages(source, pages, model, &mut taken).await?;
        Ok(taken)
    }

    async fn store_pages(
        &self,
        source: &Source,
        pages: Vec<Page>,
        model: Option<std::sync::Arc<crate::embed::Model>>,
        taken: &mut Taken,
    ) -> Outcome<()> {
        let (site, id) = (source.site, source.id);
        let visits = pages.iter().map(|page| (page.requested.clone(), page.known.clone())).collect();
        let drafts = tokio::task::spawn_blocking(move || {
            let draft = |page: Page| Draft {
                source: Some(id),
                ..Ingest::draft_of(site, page.url.clone(), Some(page.url), &page.extracted, model.as_deref())
            };
            pages.into_iter().map(draft).collect::<Vec<_>>()
        })
        .await
        .map_err(Fault::internal)?;
        let about: Vec<(String, String, u64)> =
            drafts.iter().map(|d| (d.key.clone(), d.title.clone(), d.chunks.len() as u64)).collect();
        for ((url, title, chunks), stored) in about.into_iter().zip(self.store(drafts).await?) {
            taken.summary.count(stored);
            let outcome = match stored {
                Stored::New(_) | Stored::Updated(_) => UrlOutcome::Indexed,
                Stored::Unchanged(_) => UrlOutcome::Unchanged,
                Stored::Duplicate(_) => UrlOutcome::Duplicate,
            };
            let reason = self.duplicate_of(site, stored)?;
            taken.rows.push(SourceUrl { url, outcome, code: None, reason, title: Some(title), chunks: Some(chunks) });
        }
        // Only now: a page that was remembered but not stored would never be read again.
        visit::remember(&self.store, site, id, visits).await
    }

    /// A page its website calls unchanged is what is stored.
    async fn note_same(&self, source: &Source, url: String, requested: String, taken: &mut Taken) -> Outcome<()> {
        let site = source.site;
        let Some(document) = knowledge::document_by_key(&self.store.snapshot()?, site, &url)? else {
            // It counts under another address than last time: the next crawl reads it whole.
            taken.skip(url, "reread", "the page counts under another address now; the next crawl reads it");
            return visit::remember(&self.store, site, source.id, vec![(requested, None)]).await;
        };
        let (id, title, chunks) = (document.id, document.title.clone(), document.chunks.len() as u64);
        let is_own = document.key == url;
        if document.missing.is_some() {
            self.store.write(move |batch| knowledge::mark_seen(batch, site, id)).await?;
        }
        let stored = if is_own { Stored::Unchanged(id) } else { Stored::Duplicate(id) };
        taken.summary.count(stored);
        let outcome = if is_own { UrlOutcome::Unchanged } else { UrlOutcome::Duplicate };
        let reason = self.duplicate_of(site, stored)?;
        taken.rows.push(SourceUrl { url, outcome, code: None, reason, title: Some(title), chunks: Some(chunks) });
        Ok(())
    }

    fn duplicate_of(&self, site: SiteId, stored: Stored) -> Outcome<Option<String>> {
        let Stored::Duplicate(id) = stored else { return Ok(None) };
        let document = knowledge::document(&self.store.snapshot()?, site, id).ok();
        Ok(document.map(|d| format!("the same text as {}", d.key)))
    }

    /// Replaces the report of a source.
    async fn keep_report(&self, id: SourceId, rows: &[SourceUrl]) -> Outcome<()> {
        let mut fresh = BTreeMap::<String, SourceUrl>::new();
        for row in rows {
            // Two rows only come together when a page of ours was missed: that is the news.
            let is_news = matches!(row.outcome, UrlOutcome::Missed | UrlOutcome::Gone);
            if is_news || !fresh.contains_key(&row.url) {
                fresh.insert(row.url.clone(), row.clone());
            }
        }
        self.store
            .write(move |batch| {
                // What is as it was is not written again: most pages of most crawls.
                for (_, old) in batch.list::<SourceUrl>(Key::of(id))? {
                    match fresh.get(&old.url) {
                        Some(row) if *row == old => drop(fresh.remove(&old.url)),
                        Some(_) => {}
                        None => batch.delete(Table::SourceUrls, Key::of(id).and(old.url.as_str())),
                    }
                }
                for (url, row) in &fresh {
                    batch.put(Key::of(id).and(url.as_str()), row)?;
                }
                Ok::<_, Fault>(())
            })
            .await
    }
}

#[derive(Default)]
struct Taken {
    summary: Summary,
    rows: Vec<SourceUrl>,
    skipped: BTreeMap<String, u64>,
}

impl Taken {
    fn skip(&mut self, url: String, code: &str, text: &str) {
        *self.skipped.entry(code.to_owned()).or_default() += 1;
        self.rows.push(SourceUrl {
            url,
            outcome: UrlOutcome::Skipped,
            code: Some(code.to_owned()),
            reason: Some(text.to_owned()),
            title: None,
            chunks: None,
        });
    }

    fn skipped(&self) -> BTreeMap<String, u64> {
        self.skipped.clone()
    }
}

fn crawl_fault(error: &crawl::CrawlError) -> Fault {
    Fault::new(Code::CrawlFailed, error.to_string())
}
