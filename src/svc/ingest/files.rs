//! Files that were sent together: read one after the other, each with its own result.

use std::time::Instant;

use serde::Serialize;
use serde_json::{Value, json};

use crate::base::error::Outcome;
use crate::base::id::SiteId;
use crate::base::{Code, Fault, Progress, Report};
use crate::svc::job::SentFile;
use crate::svc::knowledge::{self, Document, Origin};

use super::unpack::{self, Take};
use super::{FileError, Incoming, Ingest, Summary};

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Row {
    name: String,
    /// `new`, `updated`, `unchanged`, `duplicate` or `failed`.
    outcome: &'static str,
    document: Option<String>,
    /// Key of the document that has the same text.
    same_as: Option<String>,
    /// Why it failed, or why the first of those files of an archive did that could not be read.
    code: Option<String>,
    reason: Option<String>,
    chunks: u64,
}

impl Row {
    fn failed(name: &str, error: &FileError) -> Self {
        Self {
            name: name.to_owned(),
            outcome: "failed",
            document: None,
            same_as: None,
            code: Some(error.code.clone()),
            reason: Some(error.reason.clone()),
            chunks: 0,
        }
    }
}

impl Ingest {
    /// Takes in files that were sent. Result: `{documents, files:[{name, outcome, document?, same_as?, code?, reason?, chunks}]}`; when
    /// none could be read, the job has failed, and the errors say why for each.
    pub(super) async fn ingest_files(
        &self,
        site: SiteId,
        files: &[SentFile],
        progress: &Progress,
    ) -> (Outcome<Value>, Vec<FileError>) {
        let mut failed = Vec::new();
        let result = self.take_files(site, files, progress, &mut failed).await;
        (result, failed)
    }

    async fn take_files(
        &self,
        site: SiteId,
        files: &[SentFile],
        progress: &Progress,
        failed: &mut Vec<FileError>,
    ) -> Outcome<Value> {
        let started = Instant::now();
        let total = files.len() as u64;
        let mut rows = Vec::with_capacity(files.len());
        for (file, done) in files.iter().zip(0_u64..) {
            if progress.is_cancelled() {
                return Err(Fault::new(
                    Code::Cancelled,
                    format!("stopped after {done} of {total} files; what was read stays"),
                ));
            }
            let seconds_left = (done > 0).then(|| started.elapsed().as_secs() * (total - done) / done);
            let item = Some(file.name.clone());
            progress.report(Report { phase: "extract".into(), done, total, seconds_left, item });
            rows.push(self.ingest_file(site, file, progress, failed).await?);
        }
        progress.report(Report { phase: "words".into(), done: total, total, ..Report::default() });
        let documents = rows.iter().filter(|row| row.outcome != "failed").count();
        if documents == 0 {
            let reason = failed.first().map(|error| format!("{}: {}", error.path, error.reason)).unwrap_or_default();
            return Err(Fault::new(
                Code::NothingStored,
                format!("none of {total} files could be read; the first: {reason}"),
            ));
        }
        self.settle(site, progress).await?;
        Ok(json!({"files": rows, "documents": documents}))
    }

    /// Reads one file; an archive is one row, whatever it holds.
    async fn ingest_file(
        &self,
        site: SiteId,
        file: &SentFile,
        progress: &Progress,
        failed: &mut Vec<FileError>,
    ) -> Outcome<Row> {
        let bytes = match self.blobs.get(&file.blob) {
            Ok(bytes) => bytes,
            Err(fault) => {
                let error = FileError::new(file.name.clone(), fault.code.name(), fault.detail);
                failed.push(error.clone());
                return Ok(Row::failed(&file.name, &error));
            }
        };
        let was_there = knowledge::document_by_key(&self.store.snapshot()?, site, &file.name)?.is_some();
        let model = self.tokenizer().await;
        let (name, content_type) = (file.name.clone(), file.content_type.clone());
        let origin = Origin::Blob { hash: file.blob.clone(), name: name.clone(), content_type: content_type.clone() };
        let incoming = Incoming { key: name.clone(), name, content_type, bytes, url: None, origin: Some(origin) };
        let mut summary = Summary::default();
        let read = move |take: &mut Take<'_>| unpack::read(site, incoming, model.as_deref(), take);
        self.store_as_read(&mut summary, progress, read).await?;
        self.note_failed(site, None, summary.failed.clone()).await?;
        let first = summary.failed.first().cloned();
        failed.append(&mut summary.failed);
        if summary.documents == 0 {
            let empty =
                || FileError::new(file.name.clone(), "empty", "there is no file in it; look into it and send it again");
            return Ok(Row::failed(&file.name, &first.unwrap_or_else(empty)));
        }
        let snapshot = self.store.snapshot()?;
        let documents: Vec<Document> =
            summary.touched.iter().filter_map(|id| knowledge::document(&snapshot, site, *id).ok()).collect();
        let is_copy = summary.duplicates == summary.documents;
        let outcome = match was_there {
            _ if summary.unchanged == summary.documents => "unchanged",
            _ if is_copy => "duplicate",
            true => "updated",
            false => "new",
        };
        Ok(Row {
            name: file.name.clone(),
            outcome,
            document: documents.first().map(|document| document.id.to_string()),
            same_as: documents.first().filter(|_| is_copy).map(|document| document.key.clone()),
            code: first.as_ref().map(|error| error.code.clone()),
            reason: first.map(|error| format!("{}: {}", error.path, error.reason)),
            chunks: documents.iter().map(|document| document.chunks.len() as u64).sum(),
        })
    }
}
