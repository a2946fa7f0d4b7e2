//! `ingest`, `crawl`, `document`: what a site knows.

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::base::error::Outcome;
use crate::base::id::{DocumentId, JobId};
use crate::base::{Code, Fault, Progress, Report};
use crate::svc::crawl::Reach;
use crate::svc::ingest::sign_in;
use crate::svc::ingest::source::{self, NewSource};
use crate::svc::job::{Kind, State};
use crate::svc::knowledge;
use crate::svc::services::Services;
use crate::svc::site;

#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub(crate) struct Ingest {
    /// Files and folders
    #[arg(required = true)]
    paths: Vec<String>,
    /// Slug of the site
    #[arg(long)]
    site: String,
    /// Return at once with the number of the job
    #[arg(long)]
    no_wait: bool,
    /// Exit with 1 when a file could not be read
    #[arg(long)]
    pub strict: bool,
}

impl Ingest {
    pub(crate) fn prepare(&mut self) -> Outcome<()> {
        for path in &mut self.paths {
            let full = std::fs::canonicalize(&*path)
                .map_err(|e| Fault::new(Code::BadRequest, format!("{path} cannot be read: {e}; check the path")))?;
            *path = full.display().to_string();
        }
        Ok(())
    }

    pub(crate) async fn run(self, services: &Services, progress: &Progress) -> Outcome<Value> {
        let site = site::find(&services.store, &self.site)?;
        let job = services.jobs.submit(site.id, Kind::Ingest { paths: self.paths }).await?;
        if self.no_wait { Ok(json!({"job_id": job.to_string()})) } else { wait(services, job, progress).await }
    }
}

#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub(crate) struct Crawl {
    /// Address of the website, such as example.de
    url: String,
    /// What is at the address: a website, a feed (RSS or Atom) whose entries are read, or one page
    #[arg(long = "as", value_name = "KIND", default_value = "website")]
    #[serde(default)]
    kind: SourceKind,
    /// Slug of the site
    #[arg(long)]
    site: String,
    /// Only these folders, such as /leben/ (may be repeated)
    #[arg(long)]
    include: Vec<String>,
    /// Not these folders (may be repeated)
    #[arg(long)]
    exclude: Vec<String>,
    /// Most pages to read
    #[arg(long)]
    max_pages: Option<usize>,
    /// Most links to follow one after the other
    #[arg(long)]
    max_depth: Option<usize>,
    /// HOST[:PORT] on a private address that may be dialled (may be repeated)
    #[arg(long, value_name = "HOST[:PORT]")]
    allow_private: Vec<String>,
    #[command(flatten)]
    #[serde(default)]
    sign_in: super::sign_in::Options,
    /// Return at once with the number of the job
    #[arg(long)]
    no_wait: bool,
}

#[derive(Debug, Clone, Copy, Default, clap::ValueEnum, Serialize, Deserialize)]
enum SourceKind {
    #[default]
    Website,
    Feed,
    Page,
}

impl From<SourceKind> for Reach {
    fn from(kind: SourceKind) -> Self {
        match kind {
            SourceKind::Website => Self::Website,
            SourceKind::Feed => Self::Feed,
            SourceKind::Page => Self::Page,
        }
    }
}

impl Crawl {
    pub(crate) fn prepare(&mut self) -> Outcome<()> {
        self.sign_in.prepare()
    }

    pub(crate) async fn run(self, services: &Services, progress: &Progress) -> Outcome<Value> {
        let site = site::find(&services.store, &self.site)?;
        let new = NewSource {
            url: self.url,
            kind: self.kind.into(),
            include: self.include,
            exclude: self.exclude,
            pages_max: self.max_pages,
            depth_max: self.max_depth,
            allow_private: self.allow_private,
        };
        let source = source::create(&services.store, site.id, new, services.config.limits.crawl_pages as usize).await?;
        if let Some(sign_in) = self.sign_in.given() {
            sign_in::set(&services.store, source.id, Some(sign_in)).await?;
        }
        let job = services.jobs.submit(site.id, Kind::Crawl { source: source.id }).await?;
        if self.no_wait {
            Ok(json!({"job_id": job.to_string(), "source_id": source.id.to_string()}))
        } else {
            wait(services, job, progress).await
        }
    }
}

/// Follows a job to its end and returns its result.
pub(crate) async fn wait(services: &Services, id: JobId, progress: &Progress) -> Outcome<Value> {
    loop {
        let job = services.jobs.get(id)?;
        progress.report(Report {
            phase: job.phase.clone(),
            done: job.done,
            total: job.total,
            seconds_left: job.seconds_left,
            item: None,
        });
        match job.state {
            State::Done => return Ok(job.result.unwrap_or_default()),
            State::Cancelled => {
                return Err(Fault::new(Code::Cancelled, format!("{id} was stopped; `jobs retry {id}` goes on")));
            }
            State::Failed => {
                let last = job.errors.last();
                let code =
                    last.and_then(|e| Code::ALL.iter().copied().find(|c| c.name() == e.code)).unwrap_or(Code::Internal);
                return Err(Fault::new(code, last.map_or_else(|| format!("{id} failed"), |e| e.reason.clone())));
            }
            State::Queued if services.jobs.is_stalled() => {
                return Err(Fault::new(
                    Code::StoreFailed,
                    format!(
                        "{id} is queued, but the store cannot be written; see the log, free disk space and start again"
                    ),
                ));
            }
            State::Queued | State::Running => {}
        }
        match services.jobs.watch(id) {
            Some(mut changes) => {
                let _ = tokio::time::timeout(std::time::Duration::from_secs(1), changes.changed()).await;
            }
            None => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    }
}

#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub(crate) struct DocumentArgs {
    #[command(subcommand)]
    verb: DocumentVerb,
}

#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
enum DocumentVerb {
    /// Documents of a site
    List {
        #[arg(long)]
        site: String,
        #[arg(long, default_value_t = 100)]
        limit: usize,
        /// Begin behind this document: the `next` of the list before
        #[arg(long, value_name = "ID")]
        after: Option<String>,
    },
    /// One document with its passages
    Show {
        #[arg(long)]
        site: String,
        /// Such as doc_1, or the address of the page
        id: String,
    },
    /// Take a document out of search and answers
    Exclude {
        #[arg(long)]
        site: String,
        id: String,
    },
    /// Take an excluded document back in
    Include {
        #[arg(long)]
        site: String,
        id: String,
    },
    /// Delete a document with its passages
    Delete {
        #[arg(long)]
        site: String,
        id: String,
    },
}

impl DocumentArgs {
    pub(crate) async fn run(self, services: &Services) -> Outcome<Value> {
        let store = &services.store;
        let resolve = |slug: &str, id: &str| -> Outcome<(site::Site, DocumentId)> {
            let site = site::find(store, slug)?;
            let found = match id.parse() {
                Ok(id) => id,
                Err(_) => {
                    knowledge::document_by_key(&store.snapshot()?, site.id, id)?
                        .ok_or_else(|| Fault::not_found(format!("document \"{id}\" in this site")))?
                        .id
                }
            };
            Ok((site, found))
        };
        match self.verb {
            DocumentVerb::List { site, limit, after } => {
                let (site, after) = match after {
                    Some(id) => resolve(&site, &id).map(|(site, id)| (site, Some(id)))?,
                    None => (site::find(store, &site)?, None),
                };
                let limit = limit.max(1);
                // One more than shown tells whether there is more.
                let mut documents =
                    knowledge::documents(&store.snapshot()?, site.id, after, limit.saturating_add(1), |_| true)?;
                let has_more = documents.len() > limit;
                documents.truncate(limit);
                let next = documents.last().filter(|_| has_more).map(|document| document.id.to_string());
                let total = knowledge::counts(store, site.id)?.documents;
                let rows: Vec<Value> = documents.iter().map(|d| json!({"id": d.id.to_string(), "key": d.key, "title": d.title, "chunks": d.chunks.len(), "excluded": d.excluded, "gone": d.has_left(), "updated_at": d.updated})).collect();
                Ok(json!({"total": total, "next": next, "documents": rows}))
            }
            DocumentVerb::Show { site, id } => {
                let (site, id) = resolve(&site, &id)?;
                let snapshot = store.snapshot()?;
                let document = knowledge::document(&snapshot, site.id, id)?;
                let mut chunks = Vec::new();
                for &chunk in &document.chunks {
                    if let Some(c) = knowledge::chunk(&snapshot, site.id, chunk)? {
                        chunks.push(json!({"id": chunk.to_string(), "section": c.section, "text": c.text}));
                    }
                }
                Ok(json!({"document": document, "chunks": chunks}))
            }
            DocumentVerb::Exclude { site, id } => exclude(services, resolve(&site, &id)?, true).await,
            DocumentVerb::Include { site, id } => exclude(services, resolve(&site, &id)?, false).await,
            DocumentVerb::Delete { site, id } => {
                let (site, id) = resolve(&site, &id)?;
                let gone = store.write(move |batch| knowledge::delete(batch, site.id, id)).await?;
                services.indexes.caught_up(site.id).await?;
                Ok(json!({"deleted": gone.id.to_string(), "key": gone.key, "chunks": gone.chunks.len()}))
            }
        }
    }
}

async fn exclude(services: &Services, (site, id): (site::Site, DocumentId), excluded: bool) -> Outcome<Value> {
    let document = services.store.write(move |batch| knowledge::set_excluded(batch, site.id, id, excluded)).await?;
    services.ingest.embedder.poke();
    services.indexes.caught_up(site.id).await?;
    Ok(json!({"id": document.id.to_string(), "key": document.key, "excluded": document.excluded}))
}

pub(crate) fn show_summary(value: &Value) -> String {
    if let Some(job) = value["job_id"].as_str() {
        return format!("{job} is queued; `dialogengine jobs show {job}` tells how far it is");
    }
    let mut text = format!(
        "{} documents, {} passages ({} unchanged, {} duplicates), {} texts embedded, {} s\n",
        value["documents"],
        value["chunks"],
        value["unchanged"],
        value["duplicates"],
        value["embedded"],
        value["seconds"]
    );
    for (reason, count) in value["skipped"].as_object().into_iter().flatten() {
        text.push_str(&format!("  skipped {count}: {reason}\n"));
    }
    for (name, what) in [
        ("missed", "not found this time; the next crawl decides"),
        ("gone", "not found twice in a row: out of search; `document include` takes them back for 30 days"),
    ] {
        if let Some(count) = value[name].as_u64().filter(|count| *count > 0) {
            text.push_str(&format!("  {count} pages {what}\n"));
        }
    }
    for failed in value["failed"].as_array().into_iter().flatten() {
        text.push_str(&format!(
            "  not read: {}: {}\n",
            failed["path"].as_str().unwrap_or_default(),
            failed["reason"].as_str().unwrap_or_default()
        ));
    }
    text
}
