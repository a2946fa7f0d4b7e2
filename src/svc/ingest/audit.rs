//! Does the knowledge match its sources, and do the indexes match the knowledge? Document by document, with a mend.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use crate::base::Fault;
use crate::base::error::Outcome;
use crate::base::id::{ChunkId, DocumentId, SiteId, SourceId};
use crate::store::Snapshot;
use crate::svc::index::Difference;
use crate::svc::job::{Jobs, Kind};
use crate::svc::knowledge::{self, Document, Filter, Origin, State};

use super::folder::modified_ms;
use super::source::{self, Source, SourceUrl, UrlOutcome};
use super::{Ingest, visit};

/// Findings that are told one by one; beyond them only how many there are.
const FINDINGS_MAX: usize = 1_000;

/// One thing that does not match.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// `missing`, `stale` or `surplus`.
    pub kind: &'static str,
    /// Where: `source`, `words` or `vectors`.
    pub place: &'static str,
    pub document: Option<String>,
    pub key: String,
    pub title: String,
    /// What is the case; English, for logs and the command line.
    pub detail: String,
    /// What the mend does: `index` looks the passages up again, `read` reads the document again, `source` reads its source.
    pub mend: &'static str,
    #[serde(skip)]
    source: Option<SourceId>,
}

/// What an audit came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Audit {
    pub documents: u64,
    pub missing: u64,
    pub stale: u64,
    pub surplus: u64,
    /// At most 1 000.
    pub findings: Vec<Finding>,
    #[serde(skip)]
    chunks: Vec<ChunkId>,
    #[serde(skip)]
    is_damaged: bool,
}

impl Audit {
    fn add(&mut self, finding: Finding) {
        match finding.kind {
            "missing" => self.missing += 1,
            "stale" => self.stale += 1,
            _ => self.surplus += 1,
        }
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }
}

impl Ingest {
    /// Compares indexes, documents and sources of a site. Waits until the indexes have applied what is stored.
    ///
    /// # Errors
    /// The store or an index cannot be read.
    pub async fn audit(&self, site: SiteId) -> Outcome<Audit> {
        self.indexes.caught_up(site).await?;
        let indexes = Arc::clone(&self.indexes);
        let differences =
            tokio::task::spawn_blocking(move || indexes.verify(site)).await.map_err(Fault::internal)??;
        let snapshot = self.store.snapshot()?;
        let sources = source::list(&self.store, site)?;
        tokio::task::spawn_blocking(move || {
            let mut audit = Audit::default();
            let documents = knowledge::documents(&snapshot, site, None, usize::MAX, |_| true)?;
            audit.documents = documents.len() as u64;
            compare_indexes(&snapshot, site, &differences, &mut audit)?;
            for source in &sources {
                compare_website(&snapshot, source, &documents, &mut audit)?;
            }
            for document in &documents {
                compare_file(document, &mut audit);
            }
            Ok(audit)
        })
        .await
        .map_err(Fault::internal)?
    }

    /// Mends what an audit found: passages are looked up again, files are read again, and the sources to be read again are
    /// returned, so that the caller queues them.
    ///
    /// # Errors
    /// The store or an index cannot be written.
    pub async fn mend(&self, site: SiteId, audit: &Audit) -> Outcome<(BTreeSet<SourceId>, Filter)> {
        let chunks = audit.chunks.clone();
        self.store.write(move |batch| knowledge::look_again(batch, site, &chunks)).await?;
        if audit.is_damaged {
            let indexes = Arc::clone(&self.indexes);
            tokio::task::spawn_blocking(move || indexes.rebuild(site)).await.map_err(Fault::internal)??;
        }
        self.indexes.caught_up(site).await?;
        let of = |mend: &'static str| audit.findings.iter().filter(move |finding| finding.mend == mend);
        let ids = of("read").filter_map(|finding| finding.document.as_ref()?.parse().ok()).collect();
        let sources: BTreeSet<SourceId> = of("source").filter_map(|finding| finding.source).collect();
        let keys = of("source").map(|finding| finding.key.clone()).collect();
        let stale = sources.clone();
        self.store.write(move |batch| stale.iter().try_for_each(|source| visit::forget(batch, *source, &keys))).await?;
        Ok((sources, Filter { ids: Some(ids), ..Filter::default() }))
    }

    /// An audit, and with `mend` what it set going: `{documents, missing, stale, surplus, findings[], mended?:{passages, jobs[]}}`.
    ///
    /// # Errors
    /// As [`Ingest::audit`] and [`Ingest::mend`].
    pub async fn audit_job(&self, jobs: &Jobs, site: SiteId, mend: bool) -> Outcome<Value> {
        let audit = self.audit(site).await?;
        let mut view = json!(audit);
        if mend {
            let (sources, filter) = self.mend(site, &audit).await?;
            let mut queued = Vec::new();
            for source in sources {
                queued.push(jobs.submit(site, Kind::Crawl { source }).await?.to_string());
            }
            if filter.ids.as_ref().is_some_and(|ids| !ids.is_empty()) {
                queued.push(jobs.submit(site, Kind::Reindex { filter }).await?.to_string());
            }
            view["mended"] = json!({"passages": audit.chunks.len(), "jobs": queued});
        }
        Ok(view)
    }
}

/// One finding per document, index and kind, however many passages differ.
fn compare_indexes(snapshot: &Snapshot, site: SiteId, differences: &[Difference], audit: &mut Audit) -> Outcome<()> {
    let mut found = BTreeMap::<(&'static str, &'static str, Option<DocumentId>), u64>::new();
    for difference in differences {
        let Some(number) = difference.chunk else {
            audit.is_damaged = true;
            *found.entry(("stale", difference.index, None)).or_default() += 1;
            continue;
        };
        let id = ChunkId(number);
        audit.chunks.push(id);
        let document = knowledge::chunk(snapshot, site, id)?.map(|chunk| chunk.document);
        let kind = if difference.kind == "different" { "stale" } else { difference.kind };
        *found.entry((kind, difference.index, document)).or_default() += 1;
    }
    for ((kind, place, id), passages) in found {
        let document = match id {
            Some(id) => knowledge::document(snapshot, site, id).ok(),
            None => None,
        };
        audit.add(Finding {
            kind,
            place,
            document: id.map(|id| id.to_string()),
            key: document.as_ref().map(|document| document.key.clone()).unwrap_or_default(),
            title: document.map(|document| document.title).unwrap_or_default(),
            detail: format!("{passages} passages of the index differ from the store"),
            mend: "index",
            source: None,
        });
    }
    Ok(())
}

fn finding(kind: &'static str, document: &Document, detail: impl Into<String>, mend: &'static str) -> Finding {
    Finding {
        kind,
        place: "source",
        document: Some(document.id.to_string()),
        key: document.key.clone(),
        title: document.title.clone(),
        detail: detail.into(),
        mend,
        source: document.source,
    }
}

/// Compares the documents of a website with what its last crawl saw.
fn compare_website(snapshot: &Snapshot, source: &Source, documents: &[Document], audit: &mut Audit) -> Outcome<()> {
    if source.last_crawl.is_none() {
        return Ok(());
    }
    let rows: HashMap<String, SourceUrl> = snapshot
        .list::<SourceUrl>(crate::store::Key::of(source.id))?
        .into_iter()
        .map(|(_, row)| (row.url.clone(), row))
        .collect();
    let seen = visit::hashes(snapshot, source.id)?;
    let of_source = documents.iter().filter(|document| document.source == Some(source.id) && document.origin.is_none());
    for document in of_source.filter(|document| !document.has_left()) {
        let changed_since = document.edited.as_ref().and_then(|edited| edited.source_changed_at);
        match rows.get(&document.key).map(|row| row.outcome) {
            _ if document.kept => {}
            None => audit.add(finding("surplus", document, "the last crawl did not meet it", "source")),
            Some(UrlOutcome::Missed | UrlOutcome::Gone | UrlOutcome::Failed | UrlOutcome::Skipped) => {
                audit.add(finding("surplus", document, "the last crawl could not read it", "source"));
            }
            Some(_) if changed_since.is_some() => {
                audit.add(finding("stale", document, "its website's text has changed since it was edited", "none"));
            }
            Some(_)
                if document.edited.is_none()
                    && seen.get(&document.key).is_some_and(|hash| *hash != document.content_hash) =>
            {
                audit.add(finding("stale", document, "it is not the text the last crawl saw", "source"));
            }
            Some(_) => {}
        }
    }
    let mut absent = HashMap::new();
    knowledge::visit_absent(snapshot, source.site, |line| {
        absent.insert(line.key.clone(), State::of_absent(&line));
    })?;
    for row in rows.values() {
        let was_read = matches!(row.outcome, UrlOutcome::Indexed | UrlOutcome::Unchanged | UrlOutcome::Duplicate);
        let is_there = knowledge::document_by_key(snapshot, source.site, &row.url)?.is_some();
        if was_read && !is_there && absent.get(&row.url) != Some(&State::Deleted) {
            audit.add(Finding {
                kind: "missing",
                place: "source",
                document: None,
                key: row.url.clone(),
                title: row.title.clone().unwrap_or_default(),
                detail: "the last crawl read it, and there is no document".to_owned(),
                mend: "source",
                source: Some(source.id),
            });
        }
    }
    Ok(())
}

/// Compares a document that was read from a file of this machine with the file.
fn compare_file(document: &Document, audit: &mut Audit) {
    let Some(Origin::File { path, modified_ms: known }) = &document.origin else { return };
    if document.has_left() {
        return;
    }
    let path = Path::new(path);
    if !path.is_file() {
        let mend = if document.source.is_some() { "source" } else { "none" };
        audit.add(finding("surplus", document, "its file is not there any more", mend));
    } else if modified_ms(path) != *known {
        audit.add(finding("stale", document, "its file has changed since it was read", "read"));
    }
}
