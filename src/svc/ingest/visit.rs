//! What crawls leave for the next one: versions and dates to ask with, and which pages were missed.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::Fault;
use crate::base::clock::now_ms;
use crate::base::error::Outcome;
use crate::base::id::{DocumentId, SiteId, SourceId};
use crate::store::{Key, Store, Table, Value};
use crate::svc::crawl::Known;
use crate::svc::extract::READER;
use crate::svc::knowledge::{self, Document, Missed};

use super::source::{SourceUrl, UrlOutcome};

/// Reasons that leave open whether a page still exists: its website was busy or closed, or the crawl ended first.
const UNSURE: [&str; 12] = [
    "access_denied",
    "busy",
    "http_error",
    "connect",
    "dns",
    "offline",
    "page_limit",
    "protocol",
    "proxy",
    "timeout",
    "tls",
    "too_deep",
];
/// Above this share of such reasons (in percent) the whole crawl says nothing about pages it did not meet; a few never do.
const UNSURE_MAX_PERCENT: usize = 10;
const UNSURE_FEW: usize = 3;

/// One requested address as the last crawl saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// [`READER`] of then: what another version has read is read again.
    pub reader: u32,
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
    (visit.reader == READER && !document.has_left()).then_some(visit.known)
}

/// Keeps what to ask with next time; pages that cannot be asked are forgotten.
pub(super) async fn remember(store: &Store, source: SourceId, visits: Vec<(String, Option<Known>)>) -> Outcome<()> {
    store
        .write(move |batch| {
            for (url, known) in visits {
                let key = Key::of(source).and(url.as_str());
                match known {
                    Some(known) => batch.put(key, &Visit { reader: READER, known })?,
                    None => batch.delete(Table::Visits, key),
                }
            }
            Ok(())
        })
        .await
}

/// Compares the documents of a source with what a finished crawl met. Rows say what became of those it did not meet.
pub(super) async fn note_missing(
    store: &Store,
    site: SiteId,
    source: SourceId,
    rows: &[SourceUrl],
) -> Outcome<Vec<SourceUrl>> {
    let is_unsure = |row: &&SourceUrl| row.code.as_deref().is_some_and(|code| UNSURE.contains(&code));
    let unsure: HashSet<&str> = rows.iter().filter(is_unsure).map(|row| row.url.as_str()).collect();
    if rows.iter().any(|row| row.code.as_deref() == Some("page_limit"))
        || (unsure.len() > UNSURE_FEW && unsure.len() * 100 > rows.len() * UNSURE_MAX_PERCENT)
    {
        return Ok(Vec::new());
    }
    let met: HashSet<&str> = rows.iter().filter(|row| row.code.is_none()).map(|row| row.url.as_str()).collect();
    let mut missed: Vec<(DocumentId, String, String)> = Vec::new();
    let mut moved: Vec<(DocumentId, String)> = Vec::new();
    let of_source = |document: &Document| document.source == Some(source);
    for document in knowledge::documents(&store.snapshot()?, site, None, usize::MAX, of_source)? {
        if met.contains(document.key.as_str()) {
            continue;
        }
        if let Some(alias) = document.aliases.iter().find(|alias| met.contains(alias.as_str())) {
            if !unsure.contains(document.key.as_str()) {
                moved.push((document.id, alias.clone()));
            }
        } else if !unsure.contains(document.key.as_str()) {
            missed.push((document.id, document.key, document.title));
        }
    }
    let now = now_ms();
    let work = Arc::new(missed);
    let marked = Arc::clone(&work);
    let outcomes = store
        .write(move |batch| {
            for (id, alias) in &moved {
                knowledge::move_to_alias(batch, site, *id, alias)?;
            }
            let marked = marked.iter().map(|(id, ..)| knowledge::mark_missing(batch, site, *id, now));
            let outcomes = marked.collect::<Outcome<Vec<Missed>>>()?;
            knowledge::delete_long_gone(batch, site, now)?;
            Ok::<_, Fault>(outcomes)
        })
        .await?;
    let row = |(missed, (_, url, title)): (Missed, &(DocumentId, String, String))| {
        let (outcome, code) = match missed {
            Missed::Waiting => (UrlOutcome::Missed, "missed"),
            Missed::Left => (UrlOutcome::Gone, "gone"),
            Missed::Settled => return None,
        };
        let reason = match missed {
            Missed::Waiting => "not found this time; it leaves the index if the next crawl does not find it either",
            _ => "not found twice in a row; it left the index and can be taken back for 30 days",
        };
        Some(SourceUrl {
            url: url.clone(),
            outcome,
            code: Some(code.to_owned()),
            reason: Some(reason.to_owned()),
            title: Some(title.clone()),
            chunks: None,
        })
    };
    Ok(outcomes.into_iter().zip(work.iter()).filter_map(row).collect())
}
