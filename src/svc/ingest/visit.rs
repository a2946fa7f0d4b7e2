//! What crawls leave for the next one: versions and dates to ask with, and which pages were missed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::base::Fault;
use crate::base::clock::now_ms;
use crate::base::error::Outcome;
use crate::base::id::{DocumentId, JobId, SiteId, SourceId};
use crate::store::{Batch, Key, Snapshot, Store, Table, Value};
use crate::svc::crawl::Known;
use crate::svc::extract::READER;
use crate::svc::knowledge::{self, Document, Missed};

use super::source::{SourceUrl, UrlOutcome};

/// Reasons that leave open whether a page still exists: its website was busy or closed, or the crawl ended first.
const UNSURE: [&str; 21] = [
    "access_denied",
    "busy",
    "connect",
    "damaged",
    "dns",
    "duplicate_url",
    "empty",
    "http_error",
    "needs_javascript",
    "offline",
    "page_limit",
    "protected",
    "protocol",
    "proxy",
    "redirect_elsewhere",
    "redirect_loop",
    "reread",
    "timeout",
    "tls",
    "too_complex",
    "too_deep",
];
/// A crawl that misses more than half of what is known, and more than these few, is more likely wrong than right.
const MISSED_FEW: usize = 10;

/// One requested address as the last crawl saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// [`READER`] of then: what another version has read is read again.
    pub reader: u32,
    /// [`Document::content_hash`] of what was stored: under the same address there may be another text since.
    pub content_hash: String,
    pub known: Known,
}

impl Value for Visit {
    const TABLE: Table = Table::Visits;
}

/// What is known of an address, as long as its page is still searchable and was read by this version.
pub(super) fn recall(store: &Store, site: SiteId, source: SourceId, url: &str) -> Option<Known> {
    let snapshot = store.snapshot().ok()?;
    let visit: Visit = snapshot.get(Key::of(source).and(url)).ok()??;
    let document = knowledge::document_by_key(&snapshot, site, &visit.known.url).ok()??;
    let is_same = visit.reader == READER && visit.content_hash == document.content_hash;
    (is_same && !document.has_left()).then_some(visit.known)
}

/// Keeps what to ask with next time; pages that cannot be asked are forgotten.
pub(super) async fn remember(
    store: &Store,
    site: SiteId,
    source: SourceId,
    visits: Vec<(String, Option<Known>)>,
) -> Outcome<()> {
    store
        .write(move |batch| {
            for (url, known) in visits {
                let key = Key::of(source).and(url.as_str());
                let stored = match &known {
                    Some(known) => knowledge::content_hash(batch, site, &known.url)?,
                    None => None,
                };
                match known.zip(stored) {
                    Some((known, content_hash)) => batch.put(key, &Visit { reader: READER, content_hash, known })?,
                    None => batch.delete(Table::Visits, key),
                }
            }
            Ok(())
        })
        .await
}

/// The key of a feed among the visits: no address begins like that.
const FEED: &str = "feed ";

/// A feed as the last crawl saw it.
pub(super) fn recall_feed(store: &Store, source: SourceId) -> Option<Known> {
    let visit: Visit = store.snapshot().ok()?.get(Key::of(source).and(FEED)).ok()??;
    Some(visit.known)
}

/// Keeps what to ask a feed with next time; `None` forgets it.
pub(super) async fn remember_feed(store: &Store, source: SourceId, known: Option<Known>) -> Outcome<()> {
    if recall_feed(store, source) == known {
        return Ok(());
    }
    store
        .write(move |batch| {
            let key = Key::of(source).and(FEED);
            match known {
                Some(known) => batch.put(key, &Visit { reader: READER, content_hash: String::new(), known })?,
                None => batch.delete(Table::Visits, key),
            }
            Ok::<_, Fault>(())
        })
        .await
}

/// Forgets what is known of pages: the next crawl reads them whole.
pub(super) fn forget(batch: &mut Batch<'_>, source: SourceId, keys: &HashSet<String>) -> Outcome<()> {
    for (url, visit) in batch.list::<Visit>(Key::of(source))? {
        if keys.contains(&visit.known.url) {
            batch.delete(Table::Visits, Key::of(source).and(url.as_slice()));
        }
    }
    Ok(())
}

/// [`Document::content_hash`] of each page as the last crawl stored it.
pub(super) fn hashes(snapshot: &Snapshot, source: SourceId) -> Outcome<HashMap<String, String>> {
    let visits = snapshot.list::<Visit>(Key::of(source))?.into_iter().map(|(_, visit)| visit);
    Ok(visits.map(|visit| (visit.known.url, visit.content_hash)).collect())
}

/// What a finished crawl saw of a source.
pub(super) struct Crawled<'a> {
    pub job: JobId,
    pub rows: &'a [SourceUrl],
    /// Whether every address the website names was looked at.
    pub is_whole: bool,
}

/// Compares the documents of a source with what a finished crawl met. Rows say what became of those it did not meet.
///
/// A page counts as missed when the website says so (not found, robots, noindex, another canonical address …). When
/// nothing at all is said of it, no page leads to it any more; that is believed only of a whole crawl without doubtful
/// answers, since each of these may have led there.
pub(super) async fn note_missing(
    store: &Store,
    site: SiteId,
    source: SourceId,
    crawled: Crawled<'_>,
) -> Outcome<Vec<SourceUrl>> {
    let rows: HashMap<&str, &SourceUrl> = crawled.rows.iter().map(|row| (row.url.as_str(), row)).collect();
    let is_unsure = |row: &SourceUrl| row.code.as_deref().is_some_and(|code| UNSURE.contains(&code));
    let silence_counts = crawled.is_whole && !crawled.rows.iter().any(is_unsure);
    let is_met = |key: &str| rows.get(key).is_some_and(|row| row.code.is_none());
    let is_missed = |key: &str| rows.get(key).map_or(silence_counts, |row| row.code.is_some() && !is_unsure(row));
    let host = |key: &str| Url::parse(key).ok().and_then(|url| url.host_str().map(str::to_owned));
    let mut missed: Vec<(DocumentId, String, String)> = Vec::new();
    let mut moved: Vec<(DocumentId, String)> = Vec::new();
    let of_source = |document: &Document| document.source == Some(source);
    let documents = knowledge::documents(&store.snapshot()?, site, None, usize::MAX, of_source)?;
    let known = documents.iter().filter(|document| !document.has_left()).count();
    for document in documents {
        if !is_missed(&document.key) {
            continue;
        }
        // The same text under another address of the website, in a file, or on another website.
        let own = host(&document.key);
        let elsewhere = |alias: &&String| is_met(alias) || host(alias) != own;
        match document.aliases.iter().find(elsewhere) {
            Some(alias) => moved.push((document.id, alias.clone())),
            None if document.aliases.iter().all(|alias| is_missed(alias)) => {
                missed.push((document.id, document.key, document.title));
            }
            None => {}
        }
    }
    if missed.len() > MISSED_FEW && missed.len() * 2 > known {
        tracing::warn!(%source, missed = missed.len(), known, "most pages were missed; none is given up");
        return Ok(Vec::new());
    }
    let (job, now) = (crawled.job, now_ms());
    let work = Arc::new(missed);
    let marked = Arc::clone(&work);
    let outcomes = store
        .write(move |batch| {
            for (id, alias) in &moved {
                knowledge::move_to_alias(batch, site, *id, alias)?;
            }
            let marked = marked.iter().map(|(id, ..)| knowledge::mark_missing(batch, site, *id, job, now));
            let outcomes = marked.collect::<Outcome<Vec<Missed>>>()?;
            knowledge::delete_long_gone(batch, site, now)?;
            Ok::<_, Fault>(outcomes)
        })
        .await?;
    Ok(outcomes.into_iter().zip(work.iter()).filter_map(|(missed, (_, url, title))| row(missed, url, title)).collect())
}

/// The line of the report for a page that was not met.
fn row(missed: Missed, url: &str, title: &str) -> Option<SourceUrl> {
    let (outcome, code, reason) = match missed {
        Missed::Waiting => (
            UrlOutcome::Missed,
            "missed",
            "not found this time; it leaves the index if the next crawl does not find it either",
        ),
        Missed::Left => {
            (UrlOutcome::Gone, "gone", "not found twice in a row; it left the index and can be taken back for 30 days")
        }
        Missed::Settled => return None,
    };
    Some(SourceUrl {
        url: url.to_owned(),
        outcome,
        change: None,
        code: Some(code.to_owned()),
        reason: Some(reason.to_owned()),
        of: None,
        title: Some(title.to_owned()),
        chunks: None,
    })
}
