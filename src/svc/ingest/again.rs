//! Reading documents again: files from their bytes, pages with the next crawl of their website; every text is embedded anew.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};

use crate::base::error::Outcome;
use crate::base::id::{DocumentId, SiteId, SourceId};
use crate::base::{Code, Fault, Progress, Report};
use crate::svc::extract;
use crate::svc::knowledge::{self, Document, Draft, Filter, Origin};

use super::{DRAFTS_MAX, FileError, Incoming, Ingest, folder, visit};

/// What reading again came to.
#[derive(Default)]
struct Tally {
    read: u64,
    later: u64,
    failed: Vec<FileError>,
}

impl Ingest {
    /// Reads the documents of a filter again. What cannot be read stays as it is.
    ///
    /// Result: `{documents, read, with_next_crawl, failed:[{path,code,reason}]}`.
    pub(super) async fn reindex(
        &self,
        site: SiteId,
        filter: &Filter,
        progress: &Progress,
    ) -> Outcome<(Value, Vec<FileError>)> {
        let mut documents =
            knowledge::documents(&self.store.snapshot()?, site, None, usize::MAX, |document| filter.takes(document))?;
        if documents.is_empty() {
            return Err(Fault::not_found("document that fits; look at the list with the same filter"));
        }
        let total = documents.len() as u64;
        self.forget_visits(&documents).await?;
        let started = Instant::now();
        let mut tally = Tally::default();
        let mut done = 0;
        while !documents.is_empty() {
            if progress.is_cancelled() {
                return Err(Fault::new(
                    Code::Cancelled,
                    format!("stopped after {done} of {total} documents; the others are as they were"),
                ));
            }
            let rest = documents.split_off(documents.len().min(DRAFTS_MAX));
            let group = std::mem::replace(&mut documents, rest);
            done += group.len() as u64;
            self.read_again(site, group, &mut tally).await?;
            let seconds_left = Some(started.elapsed().as_secs() * (total - done) / done.max(1));
            progress.report(Report { phase: "extract".into(), done, total, seconds_left, item: None });
        }
        self.settle(site, progress).await?;
        let Tally { read, later, failed } = tally;
        Ok((json!({"documents": total, "read": read, "with_next_crawl": later, "failed": failed}), failed))
    }

    async fn read_again(&self, site: SiteId, group: Vec<Document>, tally: &mut Tally) -> Outcome<()> {
        let ids: Vec<DocumentId> = group.iter().map(|document| document.id).collect();
        let is_page = |document: &Document| document.origin.is_none() && document.source.is_some();
        let (pages, files): (Vec<_>, Vec<_>) = group.into_iter().partition(is_page);
        tally.later += pages.len() as u64;
        let model = self.tokenizer().await;
        let blobs = Arc::clone(&self.blobs);
        let read = tokio::task::spawn_blocking(move || {
            files.iter().map(|file| draft_again(&blobs, file, model.as_deref())).collect::<Vec<_>>()
        })
        .await
        .map_err(Fault::internal)?;
        let mut drafts = Vec::new();
        for one in read {
            match one {
                Ok(draft) => drafts.push(draft),
                Err(error) => tally.failed.push(error),
            }
        }
        tally.read += drafts.len() as u64;
        self.store(drafts).await?;
        self.store
            .write(move |batch| ids.into_iter().try_for_each(|id| knowledge::embed_again(batch, site, id)))
            .await?;
        self.indexes.poke();
        self.embedder.poke();
        Ok(())
    }

    /// What a website says of pages that are to be read whole is not asked next time.
    async fn forget_visits(&self, documents: &[Document]) -> Outcome<()> {
        let mut pages = BTreeMap::<SourceId, HashSet<String>>::new();
        for document in documents.iter().filter(|document| document.origin.is_none()) {
            if let Some(source) = document.source {
                pages.entry(source).or_default().insert(document.key.clone());
            }
        }
        self.store
            .write(move |batch| pages.iter().try_for_each(|(source, keys)| visit::forget(batch, *source, keys)))
            .await
    }
}

fn draft_again(
    blobs: &super::Blobs,
    document: &Document,
    model: Option<&crate::embed::Model>,
) -> Result<Draft, FileError> {
    let failed = |code: &str, reason: String| FileError::new(document.key.clone(), code, reason);
    let (bytes, name, content_type, origin) = match &document.origin {
        Some(Origin::Blob { hash, name, content_type }) => {
            let bytes = blobs.get(hash).map_err(|fault| failed(fault.code.name(), fault.detail))?;
            (bytes, name.clone(), content_type.clone(), document.origin.clone())
        }
        Some(Origin::File { path, .. }) => {
            let (file, modified_ms) = (Path::new(path), folder::modified_ms(Path::new(path)));
            let bytes = folder::bytes_of(file).map_err(|(code, reason)| failed(code, reason))?;
            (bytes, document.key.clone(), None, Some(Origin::File { path: path.clone(), modified_ms }))
        }
        None => {
            return Err(failed(
                "not_found",
                "its bytes are not kept; send the file or archive it came from again".to_owned(),
            ));
        }
    };
    let incoming = Incoming {
        key: document.key.clone(),
        name,
        content_type,
        bytes,
        url: Some(document.key.clone()).filter(|key| key.starts_with("http://") || key.starts_with("https://")),
        origin,
    };
    let draft = Ingest::draft(document.site, &incoming, model)
        .map_err(|rejected: extract::Rejected| FileError::rejected(document.key.clone(), &rejected))?;
    Ok(Draft { source: document.source, ..draft })
}
