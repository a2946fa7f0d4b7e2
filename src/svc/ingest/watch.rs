//! Folders as sources: read again where size or time of a file differ, and watched by looking every few seconds.
//!
//! Invariants: a folder is named on the command line only, and lies in one the configuration allows, whenever it is read; links
//! are not followed; what is gone leaves as pages do, after two looks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::base::clock::now_ms;
use crate::base::error::Outcome;
use crate::base::id::{DocumentId, JobId, SiteId, SourceId};
use crate::base::{Code, Fault, Progress, Report};
use crate::store::{Batch, Key, Snapshot, Store, Table, decode};
use crate::svc::job::{Jobs, Kind};
use crate::svc::knowledge::{self, Draft, Missed, Stored};

use super::folder::{Found, list, modified_ms, read_all};
use super::source::{self, LastCrawl, NewSource, Source};
use super::unpack::Take;
use super::{DRAFTS_MAX, FileError, Ingest, Summary};

/// Seconds between two looks at a folder, at least.
pub const WATCH_SECONDS_MIN: u64 = 5;
/// A stop is noticed this fast.
const TICK: Duration = Duration::from_millis(250);
/// A folder that lost more than half of its files, and more than these few, is more likely not mounted than emptied.
const GONE_FEW: usize = 10;

/// The folder of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folder {
    pub path: String,
    /// Begins the keys of its documents.
    pub name: String,
    /// Seconds between two looks; `None`: it is read when asked for, or by its schedule.
    pub watch_seconds: Option<u64>,
}

impl crate::store::Value for Folder {
    const TABLE: Table = Table::Folders;
}

/// A file as it was when it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Look {
    size: u64,
    modified_ms: u64,
}

impl crate::store::Value for Look {
    const TABLE: Table = Table::FolderFiles;
}

/// Makes a folder a source of a site, or changes how often it is looked at. `allowed`: folders of the configuration.
///
/// # Errors
/// The folder cannot be read, or is not in one that is allowed.
pub async fn add(
    store: &Store,
    site: SiteId,
    path: &str,
    watch_seconds: Option<u64>,
    allowed: &[PathBuf],
) -> Outcome<Source> {
    let path = permitted(Path::new(path), allowed)?;
    if watch_seconds.is_some_and(|seconds| seconds < WATCH_SECONDS_MIN) {
        return Err(Fault::invalid(format!("a folder is looked at every {WATCH_SECONDS_MIN} seconds at most")));
    }
    let address = url::Url::from_directory_path(&path)
        .map_err(|()| Fault::invalid(format!("{} is not an absolute path", path.display())))?;
    let made = source::create(store, site, NewSource { url: address.to_string(), ..NewSource::default() }, 1).await?;
    let id = made.id;
    let last = path.file_name().map_or_else(|| "folder".to_owned(), |name| name.to_string_lossy().into_owned());
    let whole = path.to_string_lossy().into_owned();
    store
        .write(move |batch| {
            // Another folder of this name: its documents must not be taken for those of this one.
            let others = batch.list::<Folder>([])?.into_iter().filter(|(key, _)| key.as_slice() != id.to_key());
            let is_taken = others.into_iter().any(|(_, folder)| folder.name == last);
            let name = if is_taken { whole.trim_start_matches('/').to_owned() } else { last };
            Ok::<_, Fault>(batch.put(Key::of(id), &Folder { path: whole, name, watch_seconds })?)
        })
        .await?;
    Ok(made)
}

/// The folder of a source, if it is one.
pub fn folder_of(store: &Store, id: SourceId) -> Outcome<Option<Folder>> {
    Ok(store.snapshot()?.get(Key::of(id))?)
}

/// The folder without links, if the configuration allows it.
fn permitted(path: &Path, allowed: &[PathBuf]) -> Outcome<PathBuf> {
    let real = path.canonicalize().map_err(|error| {
        Fault::new(
            Code::BadRequest,
            format!("{} cannot be read: {error}; check the path and its rights", path.display()),
        )
    })?;
    let is_allowed = allowed.iter().filter_map(|root| root.canonicalize().ok()).any(|root| real.starts_with(root));
    if !is_allowed {
        return Err(Fault::new(
            Code::Forbidden,
            format!(
                "{} lies in no folder the configuration allows; add it to `folders` under [ingest] in config.toml",
                real.display()
            ),
        ));
    }
    if !real.is_dir() {
        return Err(Fault::new(Code::BadRequest, format!("{} is not a folder", real.display())));
    }
    Ok(real)
}

/// What a look at a folder found, beside what was known.
struct Looked {
    /// New or changed, with their looks.
    fresh: Vec<(Found, Look)>,
    unchanged: Vec<String>,
    /// Keys that were known and are not there.
    gone: Vec<String>,
}

impl Looked {
    /// Whether so much is gone that the folder itself is in doubt.
    fn is_doubtful(&self) -> bool {
        self.gone.len() > GONE_FEW && self.gone.len() > self.unchanged.len() + self.fresh.len()
    }

    fn has_news(&self) -> bool {
        !self.fresh.is_empty() || (!self.gone.is_empty() && !self.is_doubtful())
    }
}

fn look(snapshot: &Snapshot, source: &Source, folder: &Folder, allowed: &[PathBuf]) -> Outcome<Looked> {
    let (site, source) = (source.site, source.id);
    let root = permitted(Path::new(&folder.path), allowed)?;
    let mut known = BTreeMap::<String, Look>::new();
    let prefix = source.to_key();
    snapshot.visit(Table::FolderFiles, &prefix, None, |key, bytes| {
        known.insert(String::from_utf8_lossy(&key[prefix.len()..]).into_owned(), decode(bytes)?);
        Ok(true)
    })?;
    let mut looked = Looked { fresh: Vec::new(), unchanged: Vec::new(), gone: Vec::new() };
    for mut found in list(&[root.to_string_lossy().into_owned()])? {
        found.key = format!("{}/{}", folder.name, found.key);
        // A file that went while we looked is gone next time.
        let Ok(meta) = std::fs::metadata(&found.path) else { continue };
        let now = Look { size: meta.len(), modified_ms: modified_ms(&found.path) };
        match known.remove(&found.key) {
            // One that has no document, and no reason why not, is to be read: somebody allowed it again.
            Some(before) if before == now && is_settled(snapshot, site, &found.key)? => {
                looked.unchanged.push(found.key);
            }
            _ => looked.fresh.push((found, now)),
        }
    }
    looked.gone = known.into_keys().collect();
    Ok(looked)
}

fn is_settled(snapshot: &Snapshot, site: SiteId, file: &str) -> Outcome<bool> {
    let absent = snapshot.get_raw(Table::Absent, Key::of(site).and(file))?;
    Ok(absent.is_some() || !documents_of(snapshot, site, file)?.is_empty())
}

impl Ingest {
    /// Reads what is new or changed in the folder of a source, and notes what is gone.
    ///
    /// Result as of a crawl: `{source_id, documents, chunks, embedded, unchanged, duplicates, failed, missed, gone, seconds}`.
    pub(super) async fn read_folder(
        &self,
        id: SourceId,
        folder: Folder,
        job: JobId,
        progress: &Progress,
    ) -> Outcome<(Value, Vec<FileError>)> {
        let (started, started_at) = (Instant::now(), now_ms());
        let embedded_before = self.embedder.tally.embedded.load(Ordering::Relaxed);
        let source = source::find(&self.store, id)?;
        let site = source.site;
        let (snapshot, allowed) = (self.store.snapshot()?, self.folders.clone());
        let looked = tokio::task::spawn_blocking(move || look(&snapshot, &source, &folder, &allowed))
            .await
            .map_err(Fault::internal)??;
        let is_doubtful = looked.is_doubtful();
        let Looked { fresh, unchanged, gone } = looked;
        let mut summary = Summary::default();
        self.note_unchanged(site, &unchanged, &mut summary).await?;
        let (total, mut done) = (fresh.len() as u64, 0);
        let mut fresh = fresh.into_iter().peekable();
        while fresh.peek().is_some() {
            if progress.is_cancelled() {
                return Err(Fault::new(
                    Code::Cancelled,
                    format!("stopped after {done} of {total} files; what was read stays"),
                ));
            }
            let group: Vec<_> = fresh.by_ref().take(DRAFTS_MAX).collect();
            done += group.len() as u64;
            self.read_group(site, id, group, &mut summary, progress).await?;
            let seconds_left = Some(started.elapsed().as_secs() * (total - done) / done.max(1));
            progress.report(Report { phase: "words".into(), done, total, seconds_left, item: None });
        }
        if is_doubtful {
            tracing::warn!(source = %id, gone = gone.len(), "most files of a folder are gone; none is given up");
        }
        let gone = if is_doubtful { Vec::new() } else { gone };
        let (missed, left) = self.note_gone(site, id, job, gone).await?;
        let last = LastCrawl {
            started_at,
            finished_at: now_ms(),
            pages: summary.documents,
            skipped: BTreeMap::new(),
            hosts: Vec::new(),
        };
        self.store
            .write(move |batch| {
                let mut source: Source =
                    batch.get(Key::of(id))?.ok_or_else(|| Fault::not_found(format!("source {id}")))?;
                (source.last_crawl, source.last_job) = (Some(last), Some(job));
                Ok::<_, Fault>(batch.put(Key::of(id), &source)?)
            })
            .await?;
        self.finish_summary(site, &mut summary, progress, started, embedded_before).await?;
        let mut result = json!(summary);
        for (name, value) in [("source_id", json!(id.to_string())), ("missed", json!(missed)), ("gone", json!(left))] {
            result[name] = value;
        }
        Ok((result, summary.failed))
    }

    async fn read_group(
        &self,
        site: SiteId,
        id: SourceId,
        group: Vec<(Found, Look)>,
        summary: &mut Summary,
        progress: &Progress,
    ) -> Outcome<()> {
        let model = self.tokenizer().await;
        let looks: Vec<(String, Look)> = group.iter().map(|(found, look)| (found.key.clone(), *look)).collect();
        let read = move |take: &mut Take<'_>| {
            let files: Vec<Found> = group.into_iter().map(|(found, _)| found).collect();
            let mut take = |one: Result<Draft, FileError>| take(one.map(|draft| Draft { source: Some(id), ..draft }));
            read_all(site, &files, model.as_deref(), &mut take);
        };
        let before = summary.failed.len();
        self.store_as_read(summary, progress, read).await?;
        if progress.is_cancelled() {
            return Err(Fault::new(Code::Cancelled, "stopped; what was read stays"));
        }
        let failed = summary.failed.get(before..).unwrap_or_default().to_vec();
        self.note_failed(site, Some(id), failed).await?;
        // Only now: a file that was noted but not stored would never be read.
        self.store
            .write(move |batch| {
                looks
                    .into_iter()
                    .try_for_each(|(key, look)| Ok::<_, Fault>(batch.put(Key::of(id).and(key.as_str()), &look)?))
            })
            .await
    }

    /// Files that are as they were are there: a document that was missed is not missed any more.
    async fn note_unchanged(&self, site: SiteId, keys: &[String], summary: &mut Summary) -> Outcome<()> {
        let mut met: Vec<DocumentId> = Vec::new();
        let snapshot = self.store.snapshot()?;
        for key in keys {
            for key in documents_of(&snapshot, site, key)? {
                let Some(document) = knowledge::document_by_key(&snapshot, site, &key)? else { continue };
                let is_own = document.key == key;
                summary.count(if is_own { Stored::Unchanged(document.id) } else { Stored::Duplicate(document.id) });
                if document.missing.is_some() {
                    met.push(document.id);
                }
            }
        }
        drop(snapshot);
        if met.is_empty() {
            return Ok(());
        }
        self.store.write(move |batch| met.into_iter().try_for_each(|id| knowledge::mark_seen(batch, site, id))).await
    }

    /// How many files were missed once, and how many left.
    async fn note_gone(&self, site: SiteId, source: SourceId, job: JobId, keys: Vec<String>) -> Outcome<(u64, u64)> {
        let mut gone = Vec::with_capacity(keys.len());
        let snapshot = self.store.snapshot()?;
        for key in keys {
            let documents = documents_of(&snapshot, site, &key)?;
            gone.push((key, documents));
        }
        drop(snapshot);
        self.store
            .write(move |batch| {
                let (mut missed, mut left) = (0, 0);
                for (file, keys) in gone {
                    knowledge::forget_failure(batch, site, &file)?;
                    let mut is_waiting = false;
                    for key in keys {
                        match miss(batch, site, job, &key)? {
                            Missed::Waiting => is_waiting = true,
                            Missed::Left => left += 1,
                            Missed::Settled => {}
                        }
                    }
                    missed += u64::from(is_waiting);
                    if !is_waiting {
                        batch.delete(Table::FolderFiles, Key::of(source).and(file.as_str()));
                    }
                }
                Ok::<_, Fault>((missed, left))
            })
            .await
    }
}

/// Keys of the documents of a file: its own, and of an archive those of the files in it.
fn documents_of(snapshot: &Snapshot, site: SiteId, file: &str) -> Outcome<Vec<String>> {
    let own = Key::of(site).and(file);
    let mut keys: Vec<String> =
        snapshot.get_raw(Table::DocumentKeys, own)?.map(|_| file.to_owned()).into_iter().collect();
    let below = Key::of(site).and(file).and("/").into_bytes();
    let skip = site.to_key().len();
    snapshot.visit(Table::DocumentKeys, &below, None, |key, _| {
        keys.push(String::from_utf8_lossy(key.get(skip..).unwrap_or_default()).into_owned());
        Ok(true)
    })?;
    Ok(keys)
}

/// Notes that a file is not there.
fn miss(batch: &mut Batch<'_>, site: SiteId, job: JobId, key: &str) -> Outcome<Missed> {
    let Some(id) = batch.get_raw(Table::DocumentKeys, Key::of(site).and(key))? else { return Ok(Missed::Settled) };
    let at = Key::of(site).and(id.as_slice());
    let Some(document) = batch.get::<knowledge::Document>(at)? else { return Ok(Missed::Settled) };
    if document.key != key {
        knowledge::detach(batch, document, key)?;
        return Ok(Missed::Settled);
    }
    // Another file has the same text: it stands for the document from now on.
    if let Some(alias) = document.aliases.first() {
        knowledge::move_to_alias(batch, site, document.id, alias)?;
        return Ok(Missed::Settled);
    }
    knowledge::mark_missing(batch, site, document.id, job, now_ms())
}

/// Looks at watched folders until `stopping` is set, and queues the reading of those with news.
pub async fn run_watches(ingest: Arc<Ingest>, jobs: Arc<Jobs>, stopping: Arc<AtomicBool>) {
    let mut looked_at = BTreeMap::<SourceId, Instant>::new();
    while !stopping.load(Ordering::Relaxed) {
        if let Err(fault) = look_around(&ingest, &jobs, &mut looked_at).await {
            tracing::warn!(%fault, "the watched folders could not be looked at");
        }
        tokio::time::sleep(TICK).await;
    }
}

async fn look_around(ingest: &Arc<Ingest>, jobs: &Jobs, looked_at: &mut BTreeMap<SourceId, Instant>) -> Outcome<()> {
    let folders = ingest.store.snapshot()?.list::<Folder>([])?;
    for (key, folder) in folders {
        let Some(id) = key.first_chunk().map(|bytes| SourceId(u64::from_be_bytes(*bytes))) else { continue };
        let Some(seconds) = folder.watch_seconds else { continue };
        if looked_at.get(&id).is_some_and(|at| at.elapsed() < Duration::from_secs(seconds)) {
            continue;
        }
        looked_at.insert(id, Instant::now());
        let source = source::find(&ingest.store, id)?;
        let site = source.site;
        let (snapshot, allowed) = (ingest.store.snapshot()?, ingest.folders.clone());
        let looked = tokio::task::spawn_blocking(move || look(&snapshot, &source, &folder, &allowed)).await;
        match looked.map_err(Fault::internal)? {
            Ok(looked) if looked.has_news() => {
                jobs.submit(site, Kind::Crawl { source: id }).await?;
            }
            Ok(_) => {}
            Err(fault) => tracing::warn!(source = %id, %fault, "a watched folder could not be looked at"),
        }
    }
    Ok(())
}
