//! Runs jobs: claims them one after the other, does the work, stores how it ended. A panic in a job
//! fails that job and nothing else.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::base::error::Outcome;
use crate::base::id::SiteId;
use crate::base::{Code, Fault, Progress};
use crate::svc::extract;
use crate::svc::job::{Job, JobError, Jobs, Kind};
use crate::svc::knowledge::Origin;
use crate::svc::{alike, knowledge, repeat, topic};

use super::unpack::{self, Take};
use super::{FileError, Incoming, Ingest, Summary, watch};

/// Work of a service that stands above this one.
pub type Above =
    Arc<dyn Fn(Job, Progress) -> Pin<Box<dyn Future<Output = Outcome<serde_json::Value>> + Send>> + Send + Sync>;

/// Jobs that run at once.
const AT_ONCE: usize = 2;

/// What looking at all pages of a site together came to.
#[derive(Debug, Clone, Copy, Default, serde::Serialize)]
pub(super) struct SettledText {
    pub repeated: repeat::Refreshed,
    /// Documents that repeat another one now.
    pub copies: u64,
}

/// Works off the queue until `stopping` is set; what runs then is finished or left to the next start.
pub async fn run_jobs(ingest: Arc<Ingest>, jobs: Arc<Jobs>, above: Above, stopping: Arc<AtomicBool>) {
    sweep(&ingest).await;
    let mut running = tokio::task::JoinSet::new();
    // A change of model mostly waits for vectors, for hours it may be: it takes no place from others.
    let mut patient = tokio::task::JoinSet::new();
    let mut silent = false;
    while !stopping.load(Ordering::Relaxed) {
        while running.try_join_next().is_some() {}
        while patient.try_join_next().is_some() {}
        if running.len() >= AT_ONCE {
            running.join_next().await;
            continue;
        }
        let claimed = jobs.claim().await;
        // A store that stays closed is reported once, not every second.
        let silence = std::mem::replace(&mut silent, claimed.is_err());
        match claimed {
            Ok(Some((job, progress))) => {
                let (ingest, jobs, above) = (Arc::clone(&ingest), Arc::clone(&jobs), Arc::clone(&above));
                let set = if matches!(job.kind, Kind::SwitchModel { .. }) { &mut patient } else { &mut running };
                set.spawn(async move { run_one(ingest, jobs, above, job, progress).await });
            }
            Ok(None) => jobs.wait().await,
            Err(fault) => {
                if !silence {
                    tracing::error!(%fault, cause = ?fault.source, "the job queue cannot be read");
                }
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
        }
    }
}

/// Runs what is queued to its end, one after the other.
#[cfg(test)]
pub async fn run_queued(ingest: &Arc<Ingest>, jobs: &Arc<Jobs>) {
    let above: Above = Arc::new(|_, _| Box::pin(async { Err(Fault::invalid("no test queues this")) }));
    while let Ok(Some((job, progress))) = jobs.claim().await {
        run_one(Arc::clone(ingest), Arc::clone(jobs), Arc::clone(&above), job, progress).await;
    }
}

async fn run_one(ingest: Arc<Ingest>, jobs: Arc<Jobs>, above: Above, job: Job, progress: Progress) {
    let id = job.id;
    let has_files = matches!(job.kind, Kind::Upload { .. } | Kind::Files { .. });
    let (worker, queue) = (Arc::clone(&ingest), Arc::clone(&jobs));
    let work = tokio::spawn(async move { dispatch(&worker, &queue, &above, &job, &progress).await });
    let (outcome, errors) = match work.await {
        Ok((Ok(result), errors)) => (Ok(result), errors),
        Ok((Err(fault), errors)) => {
            tracing::warn!(job = %id, %fault, cause = ?fault.source, "a job failed");
            (Err(fault), errors)
        }
        Err(panic) => (
            Err(Fault::new(Code::Internal, "the job stopped unexpectedly; the log has the cause").with_source(panic)),
            Vec::new(),
        ),
    };
    if let Err(fault) = jobs.finish(id, outcome, errors).await {
        tracing::error!(job = %id, %fault, cause = ?fault.source, "how a job ended could not be stored");
    }
    if has_files {
        sweep(&ingest).await;
    }
}

/// Removes kept files that nobody refers to any more.
async fn sweep(ingest: &Ingest) {
    if let Err(fault) = ingest.blobs.sweep(&ingest.store).await {
        tracing::warn!(%fault, cause = ?fault.source, "kept files could not be looked through");
    }
}

async fn dispatch(
    ingest: &Ingest,
    jobs: &Jobs,
    above: &Above,
    job: &Job,
    progress: &Progress,
) -> (Outcome<serde_json::Value>, Vec<JobError>) {
    let site = job.site;
    match &job.kind {
        Kind::Ingest { paths } => of_summary(ingest.ingest_paths(site, paths, progress).await),
        Kind::Import { format, path, base } => {
            of_summary(ingest.import(site, *format, (path, base.as_deref()), progress).await)
        }
        Kind::Upload { name, content_type, url, blob } => {
            of_summary(ingest.ingest_blob(site, name, content_type.clone(), url.clone(), blob, progress).await)
        }
        Kind::Files { files } => {
            let (result, failed) = ingest.ingest_files(site, files, progress).await;
            (result, failed.into_iter().map(JobError::from).collect())
        }
        Kind::Reindex { filter } => of_files(ingest.reindex(site, filter, progress).await),
        Kind::Audit { mend } => (ingest.audit_job(jobs, site, *mend).await, Vec::new()),
        Kind::Discover { source } => (ingest.discover(*source, progress).await, Vec::new()),
        Kind::SwitchModel { .. } => (above(job.clone(), progress.clone()).await, Vec::new()),
        Kind::Topics => {
            (ingest.group_topics(site, progress).await.map(|topics| serde_json::json!({"topics": topics})), Vec::new())
        }
        Kind::Repeated => (ingest.settle_all(site, progress).await, Vec::new()),
        Kind::Crawl { source } => of_files(match watch::folder_of(&ingest.store, *source) {
            Ok(Some(folder)) => ingest.read_folder(*source, folder, job.id, progress).await,
            Ok(None) => ingest.crawl(*source, job.id, progress).await,
            Err(fault) => Err(fault),
        }),
    }
}

fn of_files(outcome: Outcome<(serde_json::Value, Vec<FileError>)>) -> (Outcome<serde_json::Value>, Vec<JobError>) {
    match outcome {
        Ok((result, failed)) => (Ok(result), failed.into_iter().map(JobError::from).collect()),
        Err(fault) => (Err(fault), Vec::new()),
    }
}

fn of_summary(outcome: Outcome<Summary>) -> (Outcome<serde_json::Value>, Vec<JobError>) {
    match outcome {
        Ok(summary) => {
            let errors = summary.failed.iter().cloned().map(JobError::from).collect();
            (serde_json::to_value(&summary).map_err(Fault::internal), errors)
        }
        Err(fault) => (Err(fault), Vec::new()),
    }
}

impl Ingest {
    /// Leaves out what repeats and collapses copies, now that all pages are known: before anything waits for vectors, so
    /// that they are not made for nothing.
    pub(super) async fn settle_text(&self, site: SiteId, progress: &Progress) -> Outcome<SettledText> {
        let mut repeated = repeat::refresh(&self.store, site, progress).await?;
        let changed = alike::refresh(&self.store, site, progress).await?;
        if changed > 0 {
            // A page that kept a repeated part may be a copy now: another has to keep it.
            repeated.documents += repeat::refresh(&self.store, site, progress).await?.documents;
        }
        self.indexes.poke();
        self.embedder.poke();
        let copies = knowledge::counts(&self.store, site)?.copies;
        if changed > 0 {
            tracing::debug!(%site, changed, copies, "pages that repeat others were told apart anew");
        }
        Ok(SettledText { repeated, copies })
    }

    /// Groups the documents of a site anew; the number of topics.
    async fn group_topics(&self, site: SiteId, progress: &Progress) -> Outcome<usize> {
        // Without vectors, folders and words have to do.
        topic::refresh(&self.store, site, self.models.key_of(site)?.id, progress).await
    }

    /// The same at the end of other work, which is done whatever becomes of it.
    pub(super) async fn group_topics_last(&self, site: SiteId, progress: &Progress) -> Option<usize> {
        let grouped = self.group_topics(site, progress).await;
        grouped
            .inspect_err(|fault| tracing::warn!(%site, %fault, cause = ?fault.source, "the topics stay as they were"))
            .ok()
    }

    /// [`Ingest::settle_text`] as a job of its own: `{repeated: {parts, documents}, copies}`.
    async fn settle_all(&self, site: SiteId, progress: &Progress) -> Outcome<serde_json::Value> {
        let settled = self.settle_text(site, progress).await?;
        self.settle(site, progress).await?;
        serde_json::to_value(settled).map_err(Fault::internal)
    }

    /// Keeps sent bytes for the job that will read them; the job refers to them by their hash.
    pub fn keep(&self, bytes: &[u8]) -> Outcome<String> {
        let most = extract::bytes_max(bytes);
        if bytes.len() > most {
            return Err(Fault::new(
                Code::BodyTooLarge,
                format!("a file may have at most {} MB; split it", most / 1_048_576),
            ));
        }
        self.blobs.put(bytes)
    }

    async fn ingest_blob(
        &self,
        site: SiteId,
        name: &str,
        content_type: Option<String>,
        url: Option<String>,
        hash: &str,
        progress: &Progress,
    ) -> Outcome<Summary> {
        let started = Instant::now();
        let before = self.embedder.tally.embedded.load(Ordering::Relaxed);
        let bytes = self.blobs.get(hash)?;
        let origin = Origin::Blob { hash: hash.to_owned(), name: name.to_owned(), content_type: content_type.clone() };
        let model = self.tokenizer().await;
        let incoming = Incoming {
            key: url.clone().unwrap_or_else(|| name.to_owned()),
            name: name.to_owned(),
            content_type,
            bytes,
            url,
            origin: Some(origin),
        };
        let mut summary = Summary::default();
        let read = move |take: &mut Take<'_>| unpack::read(site, incoming, model.as_deref(), take);
        self.store_as_read(&mut summary, progress, read).await?;
        if progress.is_cancelled() {
            return Err(Fault::new(Code::Cancelled, "stopped; what was stored stays"));
        }
        self.note_failed(site, None, summary.failed.clone()).await?;
        if summary.documents == 0 {
            let reason = summary.failed.first().map_or("there is no file in it", |failed| failed.reason.as_str());
            return Err(Fault::new(Code::NothingStored, format!("{name}: {reason}")));
        }
        self.finish_summary(site, &mut summary, progress, started, before).await?;
        Ok(summary)
    }
}
