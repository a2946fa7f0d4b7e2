//! What a site is about: its documents in groups that have names.
//!
//! Documents are placed by the mean of their passages' vectors, the folders of their address and the words of their title,
//! grouped per language ([`cluster`]), and named by the words that tell a group from the others ([`name`]). A group that
//! shares enough documents with an earlier one is that topic still: it keeps its number and what an editor made of it.
//!
//! Invariants: the same documents give the same topics; nothing is written when nothing changed; every change is a version
//! of its own, and an earlier one can be taken back.

mod cluster;
mod edit;
mod gather;
mod lineage;
mod name;
mod record;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::base::clock::now_ms;
use crate::base::error::Outcome;
use crate::base::id::{DocumentId, SiteId};
use crate::base::{Code, Fault, Progress, Report};
use crate::store::{Batch, Key, Snapshot, Store, Table, decode};
use crate::svc::knowledge::{self, Document};

pub use edit::{Change, change, restore};
pub use record::{Made, Topic, TopicSet};

/// A site with fewer documents than this has no topics.
const DOCUMENTS_MIN: usize = 8;
/// Documents that are grouped; those beyond have no topic.
const DOCUMENTS_MAX: usize = 50_000;
/// Versions that are kept.
const VERSIONS_MAX: usize = 20;
/// Suggestions for a visitor.
const SUGGESTIONS: usize = 4;
/// Longer titles are no suggestion.
const SUGGESTION_CHARS_MAX: usize = 80;
/// Phase of progress reports.
pub const PHASE: &str = "topics";

/// Groups a site's documents anew, unless they are as they were; the number of topics. `model` names the vectors.
///
/// # Errors
/// The store cannot be read or written; the work was cancelled.
pub async fn refresh(store: &Store, site: SiteId, model: [u8; 32], progress: &Progress) -> Outcome<usize> {
    let (reader, watcher) = (store.clone(), progress.clone());
    let built = tokio::task::spawn_blocking(move || build(&reader.snapshot()?, site, &model, &watcher));
    let Some(set) = built.await.map_err(Fault::internal)?? else {
        return Ok(latest(&store.snapshot()?, site)?.topics.len());
    };
    let count = set.topics.len();
    store.write(move |batch| put_version(batch, site, set)).await?;
    Ok(count)
}

/// The new set; `None` when the documents are those of the newest version.
fn build(snapshot: &Snapshot, site: SiteId, model: &[u8; 32], progress: &Progress) -> Outcome<Option<TopicSet>> {
    let old = latest(snapshot, site)?;
    let documents = knowledge::documents(snapshot, site, None, DOCUMENTS_MAX, Document::is_live)?;
    let fingerprint = fingerprint(&documents, model);
    if fingerprint == old.fingerprint {
        return Ok(None);
    }
    let mut set = TopicSet { fingerprint, next_id: old.next_id, pins: old.pins.clone(), ..TopicSet::default() };
    if documents.len() >= DOCUMENTS_MIN {
        let gathered = gather::gather(snapshot, &documents, model, &|done| step(progress, done, documents.len()))?;
        let groups = cluster::groups(&gathered.items);
        if progress.is_cancelled() {
            return Err(Fault::new(Code::Cancelled, "stopped; the topics are as they were"));
        }
        let named = name::name(&gathered, &groups);
        lineage::carry_on(&mut set, &old, named);
    }
    Ok(Some(set))
}

fn step(progress: &Progress, done: usize, total: usize) -> bool {
    progress.report(Report { phase: PHASE.into(), done: done as u64, total: total as u64, ..Report::default() });
    !progress.is_cancelled()
}

/// Tells whether topics have to be made anew: which documents there are, and what they say.
fn fingerprint(documents: &[Document], model: &[u8; 32]) -> String {
    let mut hash = blake3::Hasher::new();
    hash.update(model);
    for document in documents {
        hash.update(&document.id.to_key()).update(document.content_hash.as_bytes());
    }
    hash.finalize().to_hex().to_string()
}

/// The newest version; an empty set when there is none.
pub fn latest(snapshot: &Snapshot, site: SiteId) -> Outcome<TopicSet> {
    let mut newest = None;
    snapshot.visit(Table::Topics, &site.to_key(), None, |_, bytes| {
        newest = Some(bytes.to_vec());
        Ok(true)
    })?;
    Ok(newest.map(|bytes| decode(&bytes)).transpose()?.unwrap_or_default())
}

/// The versions that are kept, oldest first.
pub fn versions(snapshot: &Snapshot, site: SiteId) -> Outcome<Vec<TopicSet>> {
    Ok(snapshot.list::<TopicSet>(Key::of(site))?.into_iter().map(|(_, set)| set).collect())
}

/// Stores a set as the newest version and forgets the oldest.
fn put_version(batch: &mut Batch<'_>, site: SiteId, mut set: TopicSet) -> Outcome<()> {
    let rows = batch.list::<TopicSet>(Key::of(site))?;
    set.version = rows.last().map_or(0, |(_, last)| last.version) + 1;
    set.made_at = now_ms();
    for (_, old) in rows.iter().take((rows.len() + 1).saturating_sub(VERSIONS_MAX)) {
        batch.delete(Table::Topics, Key::of(site).and(old.version));
    }
    Ok(batch.put(Key::of(site).and(set.version), &set)?)
}

/// What a visitor may ask about: the page in the middle of each of the largest topics, by its title, in the visitor's
/// language where there is one.
pub fn suggestions(store: &Store, site: SiteId, locale: &str) -> Outcome<Vec<String>> {
    let snapshot = store.snapshot()?;
    let set = latest(&snapshot, site)?;
    titles(&snapshot, site, set.topics.iter(), locale, &BTreeSet::new())
}

/// The same for the topics of some documents, nearest first; these documents themselves are left out.
pub fn nearest(store: &Store, site: SiteId, documents: &[DocumentId], locale: &str) -> Outcome<Vec<String>> {
    let snapshot = store.snapshot()?;
    let set = latest(&snapshot, site)?;
    let mut order = Vec::<&Topic>::new();
    for id in documents {
        if let Some(topic) = set.topics.iter().find(|topic| topic.documents.contains(id))
            && !order.iter().any(|known| known.id == topic.id)
        {
            order.push(topic);
        }
    }
    titles(&snapshot, site, order.into_iter(), locale, &documents.iter().copied().collect())
}

fn titles<'a>(
    snapshot: &Snapshot,
    site: SiteId,
    topics: impl Iterator<Item = &'a Topic>,
    locale: &str,
    without: &BTreeSet<DocumentId>,
) -> Outcome<Vec<String>> {
    let mut found = Vec::<String>::new();
    for topic in topics.filter(|topic| !topic.hidden && topic.language == locale) {
        // The first may have been excluded since; the next are nearly as good.
        for id in topic.documents.iter().filter(|id| !without.contains(id)).take(3) {
            let Some(document) = snapshot.get::<Document>(Key::of(site).and(*id))? else { continue };
            let fits =
                document.is_live() && !document.is_link_list && document.title.chars().count() <= SUGGESTION_CHARS_MAX;
            if fits && !found.contains(&document.title) {
                found.push(document.title);
                break;
            }
        }
        if found.len() == SUGGESTIONS {
            break;
        }
    }
    Ok(found)
}
