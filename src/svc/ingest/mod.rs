//! Getting knowledge in: files, texts and websites become documents with chunks; the indexes and the
//! embedder learn of them from the store.
//!
//! Invariants: a document is stored whole or not at all; what cannot be read is named with its reason;
//! running the same work again changes nothing.

mod again;
pub mod audit;
mod blob;
mod chunk;
mod discover;
pub mod edit;
mod embedder;
mod files;
mod folder;
mod import;
mod import_json;
pub mod live;
mod outcome;
pub mod report;
pub mod report_csv;
mod report_words;
pub mod schedule;
pub mod sign_in;
pub mod source;
mod unpack;
mod visit;
pub mod watch;
mod website;
mod work;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_schedule;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use crate::base::error::Outcome;
use crate::base::id::SiteId;
use crate::base::{Code, Fault, Progress, Report};
use crate::dial::Dialer;
use crate::embed::{Model, ModelHandle};
use crate::store::Store;
use crate::svc::crawl::Render;
use crate::svc::extract::{Extracted, Input, Rejected, Warning, extract, guess_url};
use crate::svc::index::Indexes;
use crate::svc::knowledge::{self, Draft, NewChunk, Origin, Stored, store_draft};
use crate::svc::model::{Lookup, Models};

pub use blob::Blobs;
pub use embedder::{Embedder, Tally};
pub use live::Live;
pub use outcome::{FileError, Summary};
pub use schedule::run_schedules;
#[cfg(test)]
pub use work::run_queued;
pub use work::{Above, run_jobs};

/// Drafts that share one store batch.
const DRAFTS_MAX: usize = 16;

/// Everything ingesting needs.
pub struct Ingest {
    pub store: Store,
    pub indexes: Arc<Indexes>,
    pub embedder: Arc<Embedder>,
    /// The model that comes with the program: its tokenizer measures passages.
    pub model: ModelHandle,
    pub models: Arc<Models>,
    pub dialer: Arc<Dialer>,
    pub blobs: Arc<Blobs>,
    /// Folders of this machine that may be sources.
    pub folders: Vec<PathBuf>,
    /// Most pages one crawl may read.
    pub pages_max: usize,
    /// Where pages that need JavaScript are rendered.
    pub render: Option<Render>,
    /// Crawls under way.
    pub live: Live,
}

/// A file or page on its way in.
pub(crate) struct Incoming {
    pub key: String,
    pub name: String,
    pub content_type: Option<String>,
    pub bytes: Vec<u8>,
    pub url: Option<String>,
    /// Where the bytes stay.
    pub origin: Option<Origin>,
}

impl Ingest {
    /// Tokenizer of the default model; waits while it is being loaded. `None` without a model.
    pub(crate) async fn tokenizer(&self) -> Option<Arc<Model>> {
        self.model.ready().await.ok()
    }

    /// Reads bytes into a draft. CPU-bound: run it off the async workers.
    pub(crate) fn draft(site: SiteId, incoming: &Incoming, model: Option<&Model>) -> Result<Draft, Rejected> {
        let extracted = extract(Input {
            bytes: &incoming.bytes,
            content_type: incoming.content_type.as_deref(),
            path_or_url: &incoming.name,
        })?;
        let draft = Self::draft_of(site, incoming.key.clone(), incoming.url.clone(), &extracted, model);
        Ok(Draft { origin: incoming.origin.clone(), ..draft })
    }

    /// Passages of an extracted document, and how many were cut off over the limit.
    fn chunks_of(extracted: &Extracted, model: Option<&Model>) -> (Vec<NewChunk>, usize) {
        // Without a model, words are counted: about 1.6 pieces each in German.
        let count =
            |text: &str| model.map_or_else(|| text.split_whitespace().count() * 8 / 5, |m| m.tokenizer.count(text));
        chunk::chunks(extracted, &count)
    }

    /// Cuts an extracted document into passages.
    pub(crate) fn draft_of(
        site: SiteId,
        key: String,
        url: Option<String>,
        extracted: &Extracted,
        model: Option<&Model>,
    ) -> Draft {
        let (chunks, cut) = Self::chunks_of(extracted, model);
        let mut report = extracted.report.clone();
        if cut > 0 {
            let text = format!("{cut} passages beyond the limit were left out");
            report.notes.push(Warning { code: "passages_cut".into(), text });
        }
        let warnings = report.notes.iter().map(|note| note.text.clone()).collect();
        let name = key.rsplit('/').next().unwrap_or(&key).to_owned();
        Draft {
            site,
            title: if extracted.title.is_empty() { name.clone() } else { extracted.title.clone() },
            // A crawled page's own address wins: what a page says of itself is often wrong, and is shown as a link.
            url: url
                .or_else(|| extracted.stated_url.clone())
                .or_else(|| extracted.canonical.clone().filter(|c| c.starts_with("http"))),
            url_guess: guess_url(&name),
            key,
            language: extracted.language.clone().unwrap_or_else(|| "de".to_owned()),
            source: None,
            updated: extracted.updated.clone(),
            warnings,
            report: Some(report),
            facts: extracted.facts.clone(),
            is_link_list: extracted.is_link_list,
            origin: None,
            chunks,
        }
    }

    /// Stores drafts together and tells indexes and embedder.
    pub(crate) async fn store(&self, drafts: Vec<Draft>) -> Outcome<Vec<Stored>> {
        if drafts.is_empty() {
            return Ok(Vec::new());
        }
        fail::fail_point!("ingest-before-store", |_| std::process::abort());
        let stored = self
            .store
            .write(move |batch| drafts.into_iter().map(|draft| store_draft(batch, draft)).collect::<Outcome<Vec<_>>>())
            .await?;
        fail::fail_point!("ingest-after-store", |_| std::process::abort());
        self.indexes.poke();
        self.embedder.poke();
        Ok(stored)
    }

    /// Waits until words and vectors of a site are all there, reporting how far it is.
    pub(crate) async fn settle(&self, site: SiteId, progress: &Progress) -> Outcome<()> {
        self.indexes.caught_up(site).await?;
        let missing = |reason: &str| {
            Fault::new(
                Code::ModelMissing,
                format!("everything can be found by its words, not yet by its meaning: {reason}"),
            )
        };
        let model = self.models.key_of(site)?;
        match self.models.ready_key(model).await? {
            // A build without a model: words are all there will be.
            Lookup::Absent => return Ok(()),
            Lookup::Failed(reason) => return Err(missing(&reason)),
            Lookup::Ready(_) | Lookup::Loading => {}
        }
        let total = knowledge::pending_all(&self.store.snapshot()?, site)?;
        let started = Instant::now();
        loop {
            if progress.is_cancelled() {
                return Err(Fault::new(Code::Cancelled, "stopped; what was stored stays, and vectors follow"));
            }
            let pending = knowledge::pending_all(&self.store.snapshot()?, site)?;
            let done = total.saturating_sub(pending);
            let seconds_left = (done > 0).then(|| started.elapsed().as_secs() * pending / done);
            progress.report(Report {
                phase: "vectors".into(),
                done,
                total: total.max(pending),
                seconds_left,
                item: None,
            });
            if pending == 0 {
                break;
            }
            if let Some(reason) = self.embedder.failure(model) {
                return Err(missing(&reason));
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
        self.indexes.caught_up(site).await
    }
}
