//! What a website says again and again: learned from all its pages, left out of the documents that are stored already.
//!
//! Invariants: nothing is written when nothing changed; documents are cut anew in small batches, so that the job can be
//! stopped and goes on where it was; what an editor keeps stays kept.
//! Deliberately absent: reading markup. [`crate::svc::extract`] finds the main content of one page; this knows all of them.

mod home;
mod learn;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::base::error::Outcome;
use crate::base::id::{DocumentId, SiteId, SourceId};
use crate::base::{Code, Fault, Progress, Report};
use crate::store::{Key, Store, decode};
use crate::svc::knowledge::{self, Document, Part, Repeated};

/// Documents that share one store batch.
const BATCH: usize = 16;
/// Phase of progress reports.
pub const PHASE: &str = "repeated";

/// What [`refresh`] came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Refreshed {
    /// Parts that are left out now.
    pub parts: usize,
    /// Documents that were cut anew.
    pub documents: usize,
}

/// Learns what repeats on each website of a site and cuts the documents it concerns anew.
///
/// # Errors
/// The store cannot be read or written; the work was cancelled (what was done stays).
pub async fn refresh(store: &Store, site: SiteId, progress: &Progress) -> Outcome<Refreshed> {
    let sets = {
        let store = store.clone();
        tokio::task::spawn_blocking(move || learn::learn(&store.snapshot()?, site)).await.map_err(Fault::internal)??
    };
    let parts = sets.iter().flat_map(|(_, set)| &set.parts).filter(|part| !part.kept).count();
    store
        .write(move |batch| {
            for (source, set) in &sets {
                let key = Key::of(site).and(*source);
                if batch.get::<Repeated>(&key)?.unwrap_or_default() != *set {
                    batch.put(key, set)?;
                }
            }
            Ok::<_, Fault>(())
        })
        .await?;
    Ok(Refreshed { parts, documents: fit_all(store, site, progress).await? })
}

/// Cuts the documents anew that hold a part which should go, or lack one which should stay; how many.
async fn fit_all(store: &Store, site: SiteId, progress: &Progress) -> Outcome<usize> {
    let concerned = {
        let store = store.clone();
        tokio::task::spawn_blocking(move || concerned(&store, site)).await.map_err(Fault::internal)??
    };
    let total = concerned.len() as u64;
    let mut changed = 0;
    for (n, group) in concerned.chunks(BATCH).enumerate() {
        if progress.is_cancelled() {
            return Err(Fault::new(Code::Cancelled, "stopped; the next reading goes on with what repeats"));
        }
        progress.report(Report { phase: PHASE.into(), done: (n * BATCH) as u64, total, ..Report::default() });
        let group = group.to_vec();
        changed += store
            .write(move |batch| {
                let fitted = group.into_iter().map(|id| knowledge::fit_again(batch, site, id));
                Ok::<_, Fault>(fitted.collect::<Outcome<Vec<_>>>()?.into_iter().filter(|changed| *changed).count())
            })
            .await?;
    }
    Ok(changed)
}

/// Documents whose stored passages differ from what the sets say.
fn concerned(store: &Store, site: SiteId) -> Outcome<Vec<DocumentId>> {
    let snapshot = store.snapshot()?;
    let sets = sets(&snapshot, site)?;
    let mut found = Vec::new();
    for document in knowledge::documents(&snapshot, site, None, usize::MAX, |d| d.source.is_some())? {
        let set = sets.iter().find(|(source, _)| Some(*source) == document.source);
        let ids = set.map(|(_, set)| set.left_out_of(&document.key)).unwrap_or_default();
        if ids.is_empty() && document.left_out == 0 {
            continue;
        }
        let full = knowledge::full_text(&snapshot, &document)?;
        let wanted = knowledge::leave_out(&full, &ids);
        let stays = wanted.as_ref().map_or(full.as_slice(), |rest| rest.chunks.as_slice());
        let mut held = Vec::with_capacity(document.chunks.len());
        for &id in &document.chunks {
            held.extend(knowledge::chunk(&snapshot, site, id)?.map(|chunk| (chunk.section, chunk.text)));
        }
        if stays.len() != held.len()
            || stays.iter().zip(&held).any(|(a, (section, text))| a.section != *section || a.text != *text)
        {
            found.push(document.id);
        }
    }
    Ok(found)
}

/// What repeats on each website of a site.
pub fn sets(snapshot: &crate::store::Snapshot, site: SiteId) -> Outcome<Vec<(SourceId, Repeated)>> {
    let number = |key: Vec<u8>| key.try_into().map(u64::from_be_bytes).map_or(SourceId(0), SourceId);
    Ok(snapshot.list::<Repeated>(Key::of(site))?.into_iter().map(|(key, set)| (number(key), set)).collect())
}

/// What repeats on the websites of a site.
pub fn list(store: &Store, site: SiteId) -> Outcome<Vec<(SourceId, Part)>> {
    let sets = sets(&store.snapshot()?, site)?;
    Ok(sets.into_iter().flat_map(|(source, set)| set.parts.into_iter().map(move |part| (source, part))).collect())
}

/// Keeps a part on every page of its website, or lets it be left out again. [`refresh`] carries it out.
pub async fn keep(store: &Store, site: SiteId, source: SourceId, id: String, kept: bool) -> Outcome<Part> {
    store
        .write(move |batch| {
            let key = Key::of(site).and(source);
            let mut set: Repeated = batch.get(&key)?.unwrap_or_default();
            let part = set.parts.iter_mut().find(|part| part.id == id);
            let part =
                part.ok_or_else(|| Fault::not_found(format!("repeated part {id} of {source}; the list has them")))?;
            part.kept = kept;
            let part = part.clone();
            batch.put(key, &set)?;
            Ok(part)
        })
        .await
}

/// Sources that have documents, or a set from when they had.
fn sources_of(snapshot: &crate::store::Snapshot, site: SiteId) -> Outcome<BTreeSet<SourceId>> {
    let mut sources: BTreeSet<SourceId> = sets(snapshot, site)?.into_iter().map(|(source, _)| source).collect();
    snapshot.visit(crate::store::Table::Documents, &site.to_key(), None, |_, bytes| {
        sources.extend(decode::<Document>(bytes)?.source);
        Ok(true)
    })?;
    Ok(sources)
}
