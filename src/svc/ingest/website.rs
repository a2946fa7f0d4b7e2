//! Websites: the crawl engine's pages become documents, its skips become the report.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
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
use crate::svc::alike;
use crate::svc::crawl::{self, Claim, Event, Page, Plan, Reach, SignIn};
use crate::svc::knowledge::{self, Draft, HowAlike, Stored};

use super::live::Crawling;
use super::source::{self, Change, Failure, LastCrawl, Source, SourceUrl, UrlOutcome};
use super::work::SettledText;
use super::{DRAFTS_MAX, FileError, Ingest, Summary, sign_in, visit};

/// Pages in flight between crawler and store.
pub(super) const EVENTS_MAX: usize = 32;
/// Time between two requests to the same public host.
const DELAY: Duration = Duration::from_millis(200);
const CONCURRENCY: usize = 4;

impl Ingest {
    pub(super) fn plan(&self, source: &Source, discover_only: bool) -> Outcome<Plan> {
        let allow = AllowPrivate::parse(&source.allow_private).map_err(|e| Fault::invalid(e.to_string()))?;
        let sign_in = sign_in::secret(&self.store, source.id)?
            .map(|header| SignIn::new(&source.url, header))
            .transpose()
            .map_err(|error| crawl_fault(&error))?;
        let host = source.url.split("://").last().unwrap_or_default();
        let is_private = source.allow_private.iter().any(|allowed| host.starts_with(allowed.as_str()));
        Ok(Plan {
            start: source.url.clone(),
            reach: source.kind,
            feed: visit::recall_feed(&self.store, source.id),
            max_pages: source.pages_max.min(self.pages_max),
            max_depth: source.depth_max,
            max_bytes_per_page: DOCUMENT_BYTES_MAX,
            include: source.include.clone(),
            exclude: source.exclude.clone(),
            // A machine of one's own need not be spared.
            delay: if is_private { Duration::ZERO } else { DELAY },
            concurrency: CONCURRENCY,
            allow,
            sign_in,
            render: self.render.clone().filter(|_| !discover_only),
            discover_only,
            trusts_sitemap: source.sitemap.is_believed(),
        })
    }

    /// Reads a website into its site.
    pub(super) async fn crawl(
        &self,
        id: SourceId,
        job: JobId,
        progress: &Progress,
    ) -> Outcome<(Value, Vec<FileError>)> {
        let started = Instant::now();
        let embedded_before = self.embedder.tally.embedded.load(Ordering::Relaxed);
        let source = source::find(&self.store, id)?;
        let entry = self.live.begin(id, job);
        let crawling = Arc::clone(&entry.crawling);
        let plan = self.plan(&source, false)?;
        let (events, incoming) = mpsc::channel(EVENTS_MAX);
        let cancelled = || progress.is_cancelled();
        let memory = |url: &str| visit::recall(&self.store, source.site, id, url);
        let walk = crawl::crawl(&plan, &self.dialer, &memory, events, &cancelled);
        let (report, taken) = tokio::join!(walk, self.take_in(&source, incoming, &crawling, progress));
        let mut taken = taken?;
        // One page that is gone is all its source had: that is no failure to find a website.
        let is_only_page = source.kind == Reach::Page && matches!(&report, Err(crawl::CrawlError::NoPages { .. }));
        if (report.is_ok() || is_only_page) && !progress.is_cancelled() {
            let rows = crawling.rows();
            let crawled =
                visit::Crawled { job, rows: &rows, is_whole: report.as_ref().is_ok_and(|report| report.is_whole) };
            for row in visit::note_missing(&self.store, source.site, id, crawled).await? {
                crawling.note(row);
            }
            // Before anything waits for vectors: what repeats is not embedded for page after page.
            match self.settle_text(source.site, progress).await {
                Ok(settled) => taken.settled = settled,
                // What was read is told all the same.
                Err(fault) if fault.code == Code::Cancelled => {}
                Err(fault) => return Err(fault),
            }
            self.note_copies(source.site, &crawling)?;
            self.indexes.poke();
            self.embedder.poke();
        }
        if let Ok(report) = &report {
            visit::remember_feed(&self.store, id, report.feed.clone()).await?;
        }
        // Even a crawl that failed tells what it saw.
        let rows = crawling.rows();
        self.keep_report(id, &rows).await?;
        // Wherever it was when it was told to stop: that is no failure.
        if progress.is_cancelled() {
            return Err(Fault::new(
                Code::Cancelled,
                format!("stopped after {} pages; they stay", taken.summary.documents),
            ));
        }
        let report = match report {
            Ok(report) => report,
            Err(error) => {
                let fault = crawl_fault(&error);
                if error != crawl::CrawlError::Cancelled {
                    self.note_failure(id, fault.detail.clone()).await?;
                }
                return Err(fault);
            }
        };
        self.finish_summary(source.site, &mut taken.summary, progress, started, embedded_before).await?;
        let topics = self.group_topics_last(source.site, progress).await;
        let last = LastCrawl {
            started_at: crawling.started_at,
            finished_at: now_ms(),
            pages: taken.summary.documents,
            skipped: taken.skipped.clone(),
            hosts: crawling.hosts(),
        };
        let (right, wrong, believed) = (taken.right, taken.wrong, plan.trusts_sitemap);
        self.store
            .write(move |batch| {
                let mut source: Source =
                    batch.get(Key::of(id))?.ok_or_else(|| Fault::not_found(format!("source {id}")))?;
                source.last_crawl = Some(last);
                source.sitemap = source.sitemap.add(right, wrong, believed);
                source.failure = None;
                source.last_job = Some(job);
                Ok::<_, Fault>(batch.put(Key::of(id), &source)?)
            })
            .await?;
        let mut result = serde_json::to_value(&taken.summary).map_err(Fault::internal)?;
        if let Some(map) = result.as_object_mut() {
            map.insert("source_id".into(), json!(id.to_string()));
            map.insert("pages".into(), json!(report.pages));
            map.insert("skipped".into(), json!(taken.skipped));
            map.insert("start_url".into(), json!(report.start_url));
            for (name, change) in [("new", Change::New), ("changed", Change::Changed)] {
                map.insert(name.into(), json!(rows.iter().filter(|row| row.change == Some(change)).count()));
            }
            map.insert("repeated".into(), json!(taken.settled.repeated));
            map.insert("copies".into(), json!(taken.settled.copies));
            map.insert("topics".into(), json!(topics));
            for (name, outcome) in [("missed", UrlOutcome::Missed), ("gone", UrlOutcome::Gone)] {
                map.insert(name.into(), json!(rows.iter().filter(|row| row.outcome == outcome).count()));
            }
        }
        Ok((result, taken.summary.failed))
    }

    async fn take_in(
        &self,
        source: &Source,
        mut incoming: mpsc::Receiver<Event>,
        crawling: &Arc<Crawling>,
        progress: &Progress,
    ) -> Outcome<Taken> {
        let mut taken = Taken::new(Arc::clone(crawling));
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
                Event::Skipped { url, reason } => {
                    taken.skip(url, reason.code(), reason.text(), reason.of());
                }
                Event::Hosts(hosts) => crawling.note_hosts(hosts),
                Event::Page(page) => pages.push(*page),
                Event::Same { url, requested, known, claim } => {
                    taken.right += u64::from(claim == Some(Claim::Same));
                    if known.is_some() {
                        visit::remember(&self.store, source.site, source.id, vec![(requested.clone(), known)]).await?;
                    }
                    self.note_same(source, url, requested, &mut taken).await?;
                }
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
        model: Option<Arc<crate::embed::Model>>,
        taken: &mut Taken,
    ) -> Outcome<()> {
        let (site, id) = (source.site, source.id);
        let claims: Vec<Option<Claim>> = pages.iter().map(|page| page.claim).collect();
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
        for (((url, title, chunks), claim), stored) in about.into_iter().zip(claims).zip(self.store(drafts).await?) {
            if stored == Stored::Deleted {
                let FileError { path, code, reason } = FileError::deleted(url);
                taken.skip(path, &code, reason, None);
                continue;
            }
            taken.summary.count(stored);
            taken.judge(claim, stored);
            taken.page(url, stored, self.duplicate_of(site, stored)?, (title, chunks));
        }
        // Only now: a page that was remembered but not stored would never be read again.
        visit::remember(&self.store, site, id, visits).await
    }

    /// A page its website calls unchanged is what is stored.
    async fn note_same(&self, source: &Source, url: String, requested: String, taken: &mut Taken) -> Outcome<()> {
        let site = source.site;
        let Some(document) = knowledge::document_by_key(&self.store.snapshot()?, site, &url)? else {
            // It counts under another address than last time: the next crawl reads it whole.
            let why = "the page counts under another address now; the next crawl reads it".to_owned();
            taken.skip(url, "reread", why, None);
            return visit::remember(&self.store, site, source.id, vec![(requested, None)]).await;
        };
        let (id, title, chunks) = (document.id, document.title.clone(), document.chunks.len() as u64);
        let is_own = document.key == url;
        if document.missing.is_some() {
            self.store.write(move |batch| knowledge::mark_seen(batch, site, id)).await?;
        }
        let stored = if is_own { Stored::Unchanged(id) } else { Stored::Duplicate(id) };
        taken.summary.count(stored);
        taken.page(url, stored, self.duplicate_of(site, stored)?, (title, chunks));
        Ok(())
    }

    /// The key under which the text of a duplicate counts.
    fn duplicate_of(&self, site: SiteId, stored: Stored) -> Outcome<Option<String>> {
        let Stored::Duplicate(id) = stored else { return Ok(None) };
        Ok(knowledge::document(&self.store.snapshot()?, site, id).ok().map(|document| document.key))
    }

    /// Schedules fail with nobody watching: whoever looks later is told.
    async fn note_failure(&self, id: SourceId, detail: String) -> Outcome<()> {
        self.store
            .write(move |batch| {
                if let Some(mut source) = batch.get::<Source>(Key::of(id))? {
                    source.failure = Some(Failure { at: now_ms(), detail });
                    batch.put(Key::of(id), &source)?;
                }
                Ok::<_, Fault>(())
            })
            .await
    }

    /// Says of pages that repeat another one which it is.
    fn note_copies(&self, site: SiteId, crawling: &Crawling) -> Outcome<()> {
        let copies = alike::list(&self.store, site)?;
        let copies: HashMap<&str, &alike::Copy> = copies.iter().map(|c| (c.document.key.as_str(), c)).collect();
        for mut row in crawling.rows() {
            if matches!(row.outcome, UrlOutcome::Indexed | UrlOutcome::Unchanged)
                && let Some(copy) = copies.get(row.url.as_str())
            {
                let code = match copy.why {
                    HowAlike::Same => "near_duplicate",
                    HowAlike::Part => "part_of",
                };
                row.outcome = UrlOutcome::Duplicate;
                (row.code, row.of) = (Some(code.to_owned()), Some(copy.original.key.clone()));
                crawling.correct(row);
            }
        }
        Ok(())
    }

    /// Replaces the report of a source.
    async fn keep_report(&self, id: SourceId, rows: &[SourceUrl]) -> Outcome<()> {
        let mut fresh: BTreeMap<String, SourceUrl> = rows.iter().map(|row| (row.url.clone(), row.clone())).collect();
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

/// What one crawl came to so far.
struct Taken {
    summary: Summary,
    crawling: Arc<Crawling>,
    skipped: BTreeMap<String, u64>,
    /// Pages of which the sitemap said the truth, and an untruth.
    right: u64,
    wrong: u64,
    settled: SettledText,
}

impl Taken {
    fn new(crawling: Arc<Crawling>) -> Self {
        Self {
            summary: Summary::default(),
            crawling,
            skipped: BTreeMap::new(),
            right: 0,
            wrong: 0,
            settled: SettledText::default(),
        }
    }

    fn skip(&mut self, url: String, code: &str, text: String, of: Option<&str>) {
        *self.skipped.entry(code.to_owned()).or_default() += 1;
        self.crawling.note(SourceUrl {
            url,
            outcome: UrlOutcome::Skipped,
            change: None,
            code: Some(code.to_owned()),
            reason: Some(text),
            of: of.map(str::to_owned),
            title: None,
            chunks: None,
        });
    }

    /// Holds the sitemap's word against what came.
    fn judge(&mut self, claim: Option<Claim>, stored: Stored) {
        let is_same = matches!(stored, Stored::Unchanged(_) | Stored::Duplicate(_));
        match claim {
            Some(Claim::Same) if !is_same => self.wrong += 1,
            // A new date for an old text says nothing: pages are saved without being changed.
            Some(Claim::Newer) if is_same => {}
            Some(_) => self.right += 1,
            None => {}
        }
    }

    /// A page with its title and its number of passages; `of`: where a duplicate's text counts.
    fn page(&self, url: String, stored: Stored, of: Option<String>, (title, chunks): (String, u64)) {
        let (outcome, change) = match stored {
            Stored::New(_) => (UrlOutcome::Indexed, Some(Change::New)),
            Stored::Updated(_) => (UrlOutcome::Indexed, Some(Change::Changed)),
            Stored::Unchanged(_) => (UrlOutcome::Unchanged, None),
            Stored::Duplicate(_) | Stored::Deleted => (UrlOutcome::Duplicate, None),
        };
        let reason = of.as_ref().map(|key| format!("the same text as {key}"));
        let (title, chunks) = (Some(title), Some(chunks));
        self.crawling.note(SourceUrl { url, outcome, change, code: None, reason, of, title, chunks });
    }
}

pub(super) fn crawl_fault(error: &crawl::CrawlError) -> Fault {
    let code = if *error == crawl::CrawlError::Cancelled { Code::Cancelled } else { Code::CrawlFailed };
    Fault::new(code, error.to_string())
}
