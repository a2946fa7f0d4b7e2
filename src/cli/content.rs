//! `ingest`, `crawl`: how a site learns.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::base::error::Outcome;
use crate::base::id::JobId;
use crate::base::{Code, Fault, Progress, Report};
use crate::svc::crawl::Reach;
use crate::svc::ingest::sign_in;
use crate::svc::ingest::source::{self, NewSource};
use crate::svc::job::{Kind, State};
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

pub(crate) fn absolute(path: &str) -> Outcome<String> {
    let full = std::fs::canonicalize(path)
        .map_err(|e| Fault::new(Code::BadRequest, format!("{path} cannot be read: {e}; check the path")))?;
    Ok(full.display().to_string())
}

impl Ingest {
    pub(crate) fn prepare(&mut self) -> Outcome<()> {
        for path in &mut self.paths {
            *path = absolute(path)?;
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
