//! Pages their website no longer has: missed once they wait, missed twice in a row they leave every search, and for a
//! while an editor can take them back.

use crate::base::Fault;
use crate::base::clock::UnixMs;
use crate::base::error::Outcome;
use crate::base::id::{DocumentId, JobId, SiteId};
use crate::store::{Batch, Key, Table};

use super::change::{announce, delete_all, withdraw};
use super::copy::release_copies;
use super::{Document, Missing};

/// Crawls in a row that must have missed a page before it leaves the index.
pub const MISSES: u32 = 2;
/// How long a page that left can be taken back.
pub const KEPT_FOR_MS: UnixMs = 30 * 24 * 60 * 60 * 1000;

/// What became of a document that a crawl did not meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// The next crawl decides.
    Waiting,
    /// It left the index with this crawl.
    Left,
    /// It left earlier, or an editor wants it kept.
    Settled,
}

/// Notes that the crawl of a job has not met the document.
pub fn mark_missing(batch: &mut Batch<'_>, site: SiteId, id: DocumentId, job: JobId, now: UnixMs) -> Outcome<Missed> {
    let Some(mut document) = batch.get::<Document>(Key::of(site).and(id))? else { return Ok(Missed::Settled) };
    if document.kept || document.has_left() {
        return Ok(Missed::Settled);
    }
    let mut missing = document.missing.unwrap_or(Missing { since: now, crawls: 0, job: None, left_at: None });
    if missing.job != Some(job) {
        missing.crawls += 1;
    }
    missing.job = Some(job);
    let missed = if missing.crawls >= MISSES { Missed::Left } else { Missed::Waiting };
    if missed == Missed::Left {
        if document.is_live() {
            withdraw(batch, &document)?;
        }
        release_copies(batch, &mut document)?;
        missing.left_at = Some(now);
    }
    document.missing = Some(missing);
    batch.put(Key::of(site).and(id), &document)?;
    Ok(missed)
}

/// Notes that the document is on its website (again).
pub fn mark_met(batch: &mut Batch<'_>, document: &mut Document) -> Outcome<()> {
    let had_left = document.has_left();
    document.missing = None;
    if had_left && document.is_live() {
        announce(batch, document)?;
    }
    Ok(())
}

/// Deletes what left before `now` minus the time it can be taken back; how many. What an editor excluded stays: it would come
/// back included.
pub fn delete_long_gone(batch: &mut Batch<'_>, site: SiteId, now: UnixMs) -> Outcome<usize> {
    let gone: Vec<Document> = batch
        .list::<Document>(Key::of(site))?
        .into_iter()
        .map(|(_, document)| document)
        .filter(|d| !d.excluded && d.missing.and_then(|m| m.left_at).is_some_and(|left| left + KEPT_FOR_MS < now))
        .collect();
    for document in &gone {
        delete_all(batch, document)?;
    }
    Ok(gone.len())
}

/// Takes a document that left back in; from now on it stays, whatever its website says.
pub fn take_back(batch: &mut Batch<'_>, site: SiteId, id: DocumentId) -> Outcome<Document> {
    let mut document: Document =
        batch.get(Key::of(site).and(id))?.ok_or_else(|| Fault::not_found(format!("document {id} in this site")))?;
    document.kept = true;
    mark_met(batch, &mut document)?;
    batch.put(Key::of(site).and(id), &document)?;
    Ok(document)
}

/// The page under the document's own key is gone, but another with the same text is there: that one counts now.
pub fn move_to_alias(batch: &mut Batch<'_>, site: SiteId, id: DocumentId, alias: &str) -> Outcome<()> {
    let Some(mut document) = batch.get::<Document>(Key::of(site).and(id))? else { return Ok(()) };
    let Some(at) = document.aliases.iter().position(|known| known == alias) else { return Ok(()) };
    batch.delete(Table::DocumentKeys, Key::of(site).and(document.key.as_str()));
    if document.has_left() {
        mark_met(batch, &mut document)?;
    }
    let alias = document.aliases.remove(at);
    let old = std::mem::replace(&mut document.key, alias);
    document.url = Some(document.key.clone()).filter(|key| key.starts_with("http"));
    if !same_host(&document.key, &old) {
        // A file, or a page of another website: its own next crawl claims it.
        document.source = None;
    }
    document.missing = None;
    Ok(batch.put(Key::of(site).and(id), &document)?)
}

/// Notes that a document which was missed is on its website.
pub fn mark_seen(batch: &mut Batch<'_>, site: SiteId, id: DocumentId) -> Outcome<()> {
    let Some(mut document) = batch.get::<Document>(Key::of(site).and(id))? else { return Ok(()) };
    mark_met(batch, &mut document)?;
    Ok(batch.put(Key::of(site).and(id), &document)?)
}

fn same_host(one: &str, other: &str) -> bool {
    let host = |key: &str| url::Url::parse(key).ok().and_then(|url| url.host_str().map(str::to_owned));
    host(one) == host(other)
}
