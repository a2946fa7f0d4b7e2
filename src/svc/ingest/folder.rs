//! Files and folders of this machine.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::base::clock::{UnixMs, now_ms};
use crate::base::error::Outcome;
use crate::base::id::{SiteId, SourceId};
use crate::base::limits::{INGEST_FILES_MAX, KEY_BYTES_MAX};
use crate::base::{Code, Fault, Progress, Report};
use crate::embed::Model;
use crate::svc::knowledge::{Absent, Origin, Why};
use crate::svc::{extract, knowledge};

use super::unpack::{self, Take};
use super::{DRAFTS_MAX, FileError, Incoming, Ingest, Summary};

/// Folders this deep are followed.
const DEPTH_MAX: usize = 32;
/// Enough to tell what a file is.
const HEAD_BYTES: u64 = 64;

impl Ingest {
    /// Reads files and folders. The key of a document is its path relative to the folder given.
    pub(crate) async fn ingest_paths(&self, site: SiteId, paths: &[String], progress: &Progress) -> Outcome<Summary> {
        let started = Instant::now();
        let embedded_before = self.embedder.tally.embedded.load(Ordering::Relaxed);
        let files = list(paths)?;
        if files.is_empty() {
            return Err(Fault::new(
                Code::NothingStored,
                "there is no file in the paths given; hidden files are not read",
            ));
        }
        let model = self.tokenizer().await;
        let mut summary = Summary::default();
        let total = files.len() as u64;
        let mut files = files.into_iter().peekable();
        let mut done = 0;
        while files.peek().is_some() {
            if progress.is_cancelled() {
                return Err(Fault::new(
                    Code::Cancelled,
                    format!("stopped after {done} of {total} files; what was stored stays"),
                ));
            }
            let group: Vec<_> = files.by_ref().take(DRAFTS_MAX).collect();
            done += group.len() as u64;
            let model = model.clone();
            let read = move |take: &mut Take<'_>| read_all(site, &group, model.as_deref(), take);
            self.store_as_read(&mut summary, progress, read).await?;
            let seconds_left = Some(started.elapsed().as_secs() * (total - done) / done.max(1));
            progress.report(Report { phase: "words".into(), done, total, seconds_left, item: None });
        }
        self.note_failed(site, None, summary.failed.clone()).await?;
        self.settle_text(site, progress).await?;
        self.finish_summary(site, &mut summary, progress, started, embedded_before).await?;
        self.group_topics_last(site, progress).await;
        if summary.documents == 0 {
            let reason =
                summary.failed.first().map(|f| format!("; the first: {}: {}", f.path, f.reason)).unwrap_or_default();
            return Err(Fault::new(Code::NothingStored, format!("none of {total} files could be read{reason}")));
        }
        Ok(summary)
    }

    /// Keeps why files could not be read, until they can.
    pub(super) async fn note_failed(
        &self,
        site: SiteId,
        source: Option<SourceId>,
        failed: Vec<FileError>,
    ) -> Outcome<()> {
        if failed.is_empty() {
            return Ok(());
        }
        let now = now_ms();
        self.store
            .write(move |batch| {
                failed.into_iter().filter(|error| error.path.len() <= KEY_BYTES_MAX).try_for_each(|error| {
                    let title = error.path.rsplit('/').next().unwrap_or(&error.path).to_owned();
                    let why = Why::Failed { code: error.code, reason: error.reason };
                    let absent = Absent { key: error.path, title, why, at: now, source };
                    knowledge::note_failed(batch, site, &absent)
                })
            })
            .await
    }

    pub(super) async fn finish_summary(
        &self,
        site: SiteId,
        summary: &mut Summary,
        progress: &Progress,
        started: Instant,
        embedded_before: u64,
    ) -> Outcome<()> {
        self.settle(site, progress).await?;
        let snapshot = self.store.snapshot()?;
        for &id in &summary.touched {
            // A document may have been deleted meanwhile.
            if let Ok(document) = knowledge::document(&snapshot, site, id) {
                summary.chunks += document.chunks.len() as u64;
            }
        }
        summary.embedded = self.embedder.tally.embedded.load(Ordering::Relaxed) - embedded_before;
        summary.seconds = (started.elapsed().as_secs_f64() * 10.0).round() / 10.0;
        Ok(())
    }
}

/// A file with its document key.
pub(super) struct Found {
    pub path: PathBuf,
    pub key: String,
}

/// Reads files one after the other, those of archives too, until no more is wanted.
pub(super) fn read_all(site: SiteId, files: &[Found], model: Option<&Model>, take: &mut Take<'_>) {
    for file in files {
        let mut goes_on = true;
        match load(file) {
            Ok(incoming) => unpack::read(site, incoming, model, &mut |one| {
                goes_on = take(one);
                goes_on
            }),
            Err(error) => goes_on = take(Err(error)),
        }
        if !goes_on {
            return;
        }
    }
}

pub(super) fn load(file: &Found) -> Result<Incoming, FileError> {
    // Before the bytes: a change in between is seen next time.
    let modified_ms = modified_ms(&file.path);
    let bytes = bytes_of(&file.path).map_err(|(code, reason)| FileError::new(file.key.clone(), code, reason))?;
    let origin = Some(Origin::File { path: file.path.to_string_lossy().into_owned(), modified_ms });
    Ok(Incoming { key: file.key.clone(), name: file.key.clone(), content_type: None, bytes, url: None, origin })
}

/// When a file was last changed; 0 when nobody knows.
pub(super) fn modified_ms(path: &Path) -> UnixMs {
    let modified = std::fs::metadata(path).and_then(|meta| meta.modified()).ok();
    let since = modified.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok()).unwrap_or_default();
    UnixMs::try_from(since.as_millis()).unwrap_or_default()
}

/// The bytes of a file, or a code and a reason with the mend.
pub(super) fn bytes_of(path: &Path) -> Result<Vec<u8>, (&'static str, String)> {
    let unreadable = |e: std::io::Error| ("unreadable", format!("{e}; check that the file can be read"));
    let mut open = std::fs::File::open(path).map_err(unreadable)?;
    let size = open.metadata().map_err(unreadable)?.len();
    let mut bytes = Vec::new();
    // The first bytes tell how large the file may be.
    (&mut open).take(HEAD_BYTES).read_to_end(&mut bytes).map_err(unreadable)?;
    let most = extract::bytes_max(&bytes);
    if size > most as u64 {
        let reason = format!("{} MB is over the limit of {} MB; split the file", size / 1_048_576, most / 1_048_576);
        return Err(("too_large", reason));
    }
    open.take(most as u64).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

/// The files of paths and of the folders among them, in the order of their keys.
pub(super) fn list(paths: &[String]) -> Outcome<Vec<Found>> {
    let mut files = Vec::new();
    for path in paths.iter().map(Path::new) {
        let meta = std::fs::metadata(path)
            .map_err(|e| Fault::new(Code::BadRequest, format!("{} cannot be read: {e}", path.display())))?;
        if meta.is_dir() {
            walk(path, path, 0, &mut files)?;
        } else {
            let key = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            files.push(Found { path: path.to_owned(), key });
        }
    }
    files.sort_by(|a, b| a.key.cmp(&b.key).then_with(|| a.path.cmp(&b.path)));
    files.dedup_by(|a, b| a.path == b.path);
    tell_apart(&mut files);
    Ok(files)
}

/// Different files that would get one key get their whole path instead.
fn tell_apart(files: &mut [Found]) {
    let mut uses = std::collections::HashMap::<String, usize>::new();
    for file in files.iter() {
        *uses.entry(file.key.clone()).or_default() += 1;
    }
    for file in files.iter_mut().filter(|file| uses.get(&file.key).is_some_and(|n| *n > 1)) {
        file.key = file.path.to_string_lossy().trim_start_matches('/').to_owned();
    }
}

fn walk(root: &Path, dir: &Path, depth: usize, files: &mut Vec<Found>) -> Outcome<()> {
    let unreadable = |e: std::io::Error| Fault::new(Code::BadRequest, format!("{} cannot be read: {e}", dir.display()));
    if depth > DEPTH_MAX {
        return Err(Fault::invalid(format!("{} is more than {DEPTH_MAX} folders deep", dir.display())));
    }
    for entry in std::fs::read_dir(dir).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let path = entry.path();
        // Links are not followed: a folder may point to its parent.
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() {
            walk(root, &path, depth + 1, files)?;
        } else if kind.is_file() {
            if files.len() >= INGEST_FILES_MAX {
                return Err(Fault::invalid(format!(
                    "more than {INGEST_FILES_MAX} files; ingest the folders one by one"
                )));
            }
            let key = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            files.push(Found { path, key });
        }
    }
    Ok(())
}
