//! Pages that repeat another page: print versions, copies under tracking addresses, archived copies with another date.
//!
//! Candidates come from MinHash signatures in bands (Broder 1997; Indyk and Motwani 1998), so that no page is compared with
//! all others; every candidate is then compared word by word ([`same`]), since two pages made from one template resemble
//! each other and must stay two. The freshest page that is no print version counts.
//!
//! Invariants: nothing is written when nothing changed; a copy is undone when its original changes, goes or is no match any
//! more; what an editor took apart stays apart. Languages never mix.

mod same;
mod sign;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::base::error::Outcome;
use crate::base::id::{DocumentId, SiteId, SourceId};
use crate::base::{Code, Fault, Progress, Report};
use crate::store::{Snapshot, Store};
use crate::svc::knowledge::{self, CopyOf, Document, HowAlike, mark_copy, release_copy};
use crate::svc::repeat;

use same::Essence;
use sign::Signature;

/// Documents that share one store batch.
const BATCH: usize = 32;
/// Documents of one site that are compared; those beyond stand for themselves.
const DOCUMENTS_MAX: usize = 50_000;
/// Pairs of one bucket that are compared word by word.
const PAIRS_MAX: usize = 200;
/// Phase of progress reports.
pub const PHASE: &str = "copies";

/// A document that repeats another.
#[derive(Debug, Clone, PartialEq)]
pub struct Copy {
    pub document: Document,
    pub original: Document,
    pub why: HowAlike,
}

/// Finds copies anew and collapses them; how many documents changed.
///
/// # Errors
/// The store cannot be read or written; the work was cancelled (what was done stays).
pub async fn refresh(store: &Store, site: SiteId, progress: &Progress) -> Outcome<usize> {
    let planned = {
        let store = store.clone();
        tokio::task::spawn_blocking(move || plan(&store.snapshot()?, site)).await.map_err(Fault::internal)??
    };
    let total = planned.len() as u64;
    let mut changed = 0;
    // Those who leave first: who was somebody's original may become a copy.
    for (n, group) in planned.chunks(BATCH).enumerate() {
        if progress.is_cancelled() {
            return Err(Fault::new(Code::Cancelled, "stopped; the next reading goes on comparing pages"));
        }
        progress.report(Report { phase: PHASE.into(), done: (n * BATCH) as u64, total, ..Report::default() });
        let group = group.to_vec();
        changed += store
            .write(move |batch| {
                let mut changed = 0;
                for step in group {
                    changed += match step {
                        Step::Release(id) => release_copy(batch, site, id, false).map(|_| 1)?,
                        Step::Mark(id, of) => usize::from(mark_copy(batch, site, id, of)?),
                    };
                }
                Ok::<_, Fault>(changed)
            })
            .await?;
    }
    Ok(changed)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Release(DocumentId),
    Mark(DocumentId, CopyOf),
}

/// What has to change: releases first.
fn plan(snapshot: &Snapshot, site: SiteId) -> Outcome<Vec<Step>> {
    let documents: Vec<Document> = knowledge::documents(snapshot, site, None, DOCUMENTS_MAX, |d| {
        !d.excluded && !d.has_left() && !d.apart && !d.chunks.is_empty()
    })?;
    let repeated = repeat::sets(snapshot, site)?.into_iter().map(|(source, set)| (source, set.all())).collect();
    let wanted = find(snapshot, &documents, &repeated)?;
    let mut steps = Vec::new();
    let is_as_wanted = |d: &Document| d.copy_of == wanted.get(&d.id).copied();
    for document in knowledge::documents(snapshot, site, None, usize::MAX, |d| d.copy_of.is_some())? {
        if !is_as_wanted(&document) {
            steps.push(Step::Release(document.id));
        }
    }
    for document in documents.iter().filter(|d| !is_as_wanted(d)) {
        steps.extend(wanted.get(&document.id).map(|of| Step::Mark(document.id, *of)));
    }
    Ok(steps)
}

/// For each document that repeats another, which one. `repeated`: blocks that stand on most pages of a source.
fn find(
    snapshot: &Snapshot,
    documents: &[Document],
    repeated: &BTreeMap<SourceId, BTreeSet<String>>,
) -> Outcome<BTreeMap<DocumentId, CopyOf>> {
    let essence = |document: &Document| -> Outcome<Essence> {
        // What stands on every page tells no two of them apart, whichever keeps it.
        let full = knowledge::full_text(snapshot, document)?;
        let ids = document.source.and_then(|source| repeated.get(&source));
        let own = ids.and_then(|ids| knowledge::leave_out(&full, ids)).map_or(full, |rest| rest.chunks);
        Ok(Essence::of(&document.title, &document.language, &own))
    };
    let mut signed: Vec<Signature> = Vec::with_capacity(documents.len());
    for document in documents {
        signed.push(Signature::of(&essence(document)?));
    }
    let mut found = BTreeMap::<DocumentId, CopyOf>::new();
    // Equal words: one group, whose best page counts.
    let mut groups = HashMap::<&[u8; 32], Vec<usize>>::new();
    for (at, signature) in signed.iter().enumerate() {
        groups.entry(&signature.whole).or_default().push(at);
    }
    let mut heads: Vec<usize> = Vec::with_capacity(groups.len());
    for group in groups.into_values() {
        let Some(head) =
            group.iter().filter_map(|at| Some((*at, documents.get(*at)?))).min_by_key(|(_, d)| same::rank(d))
        else {
            continue;
        };
        heads.push(head.0);
        let copies = group.iter().filter_map(|at| documents.get(*at)).filter(|d| d.id != head.1.id);
        found.extend(copies.map(|d| (d.id, CopyOf { document: head.1.id, why: HowAlike::Same })));
    }
    heads.sort_unstable();
    for (a, b) in candidates(&signed, &heads) {
        let (Some(first), Some(second)) = (documents.get(a), documents.get(b)) else { continue };
        let (one, other) = (essence(first)?, essence(second)?);
        let (part, whole) = if one.len() <= other.len() {
            ((first, &one), (second, &other))
        } else {
            ((second, &other), (first, &one))
        };
        let is_free = |d: &Document| !found.contains_key(&d.id);
        if is_free(part.0) && is_free(whole.0) && same::may_fold(part.0, whole.0) && part.1.stands_in(whole.1) {
            found.insert(part.0.id, CopyOf { document: whole.0.id, why: HowAlike::Part });
        }
    }
    // Who repeats a page that repeats a third one repeats the third.
    let direct = found.clone();
    for of in found.values_mut() {
        while let Some(next) = direct.get(&of.document) {
            (of.document, of.why) = (next.document, HowAlike::Part);
        }
    }
    Ok(found)
}

/// Pairs whose signatures share a band, each once, the most alike of each bucket first.
fn candidates(signed: &[Signature], heads: &[usize]) -> Vec<(usize, usize)> {
    let mut pairs = std::collections::BTreeSet::new();
    for band in 0..sign::BANDS {
        let mut buckets = BTreeMap::<u64, Vec<usize>>::new();
        for &at in heads {
            if let Some(key) = signed.get(at).and_then(|signature| signature.band(band)) {
                buckets.entry(key).or_default().push(at);
            }
        }
        for bucket in buckets.into_values().filter(|bucket| bucket.len() > 1) {
            let all = bucket.iter().enumerate().flat_map(|(n, a)| bucket.iter().skip(n + 1).map(move |b| (*a, *b)));
            pairs.extend(all.take(PAIRS_MAX));
        }
    }
    pairs.into_iter().collect()
}

/// The copies of a site with their originals.
pub fn list(store: &Store, site: SiteId) -> Outcome<Vec<Copy>> {
    let snapshot = &store.snapshot()?;
    let mut copies = Vec::new();
    for document in knowledge::documents(snapshot, site, None, usize::MAX, |d| d.copy_of.is_some())? {
        if let Some(of) = document.copy_of {
            copies.push(Copy { original: knowledge::document(snapshot, site, of.document)?, why: of.why, document });
        }
    }
    Ok(copies)
}
