//! Documents and their chunks as the store keeps them, and the changes the indexes learn of.
//!
//! Invariants: a document, its chunks, the texts to embed and the outbox entries change in one
//! batch. Equal text in one site is one document; the keys of the others are its aliases. A chunk
//! number is never used twice. A vector is there only as long as a passage of any site has its text.

mod absent;
mod change;
mod copy;
mod edit;
mod facts;
mod listing;
mod missing;
mod outline;
mod record;
mod repeated;
mod sentence;
mod texts;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_change;
#[cfg(test)]
mod tests_repeated;

pub use absent::{Absent, Why, allow, forget_failure, note_failed, visit_absent};
pub use change::{Draft, Stored, delete, detach, fit_again, look_again, set_excluded, store_draft};
pub use copy::{CopyOf, HowAlike, mark_copy, release_copy};
pub use edit::{Edit, Edited, Wanted, drop_edit, edit, edit_of};
pub use facts::facts;
pub use listing::{Cursor, Facets, Filter, Format, Listed, Page, State, list};
pub use missing::{KEPT_FOR_MS, MISSES, Missed, delete_long_gone, mark_missing, mark_seen, move_to_alias, take_back};
pub use outline::{from_text, to_text};
pub use record::{Change, Chunk, Document, Missing, NewChunk, Op, Origin, QueueItem, VectorKey};
pub use repeated::{Blocks, FullText, Part, Remaining, Repeated, leave_out};
pub use sentence::sentences;
pub use texts::{count_uses, embed_again, evidence_texts, is_needed};

use crate::base::Fault;
use crate::base::error::Outcome;
use crate::base::id::{ChunkId, DocumentId, SiteId};
use crate::store::{Batch, Key, Snapshot, Store, StoreError, Table, decode};

/// How searchable a site is right now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    pub documents: u64,
    pub chunks: u64,
    pub excluded: u64,
    /// Documents whose website no longer has them.
    pub gone: u64,
    /// Documents that repeat another one.
    pub copies: u64,
    /// Chunks that wait for their vector.
    pub pending: u64,
}

/// Counts of one site.
pub fn counts(store: &Store, site: SiteId) -> Outcome<Counts> {
    let snapshot = store.snapshot()?;
    let mut counts = Counts { pending: pending(&snapshot, site)?, ..Counts::default() };
    snapshot.visit(Table::Documents, &site.to_key(), None, |_, bytes| {
        let document: Document = decode(bytes)?;
        counts.documents += 1;
        counts.excluded += u64::from(document.excluded);
        counts.gone += u64::from(document.has_left());
        counts.copies += u64::from(document.copy_of.is_some());
        counts.chunks += document.chunks.len() as u64;
        Ok(true)
    })?;
    Ok(counts)
}

/// Passages of a site that wait for their vector.
pub fn pending(snapshot: &Snapshot, site: SiteId) -> Result<u64, StoreError> {
    snapshot.count(Table::EmbedQueue, Key::of(QueueItem::PASSAGE).and(site))
}

/// Passages that wait for their vector, and passages that wait for those of their sentences.
pub fn pending_all(snapshot: &Snapshot, site: SiteId) -> Result<u64, StoreError> {
    Ok(pending(snapshot, site)? + snapshot.count(Table::EmbedQueue, Key::of(QueueItem::SENTENCES).and(site))?)
}

/// The same for the other model of a site that changes its model.
pub fn pending_other(snapshot: &Snapshot, site: SiteId) -> Result<u64, StoreError> {
    let count = |priority: u8| snapshot.count(Table::EmbedQueue, Key::of(priority).and(site));
    Ok(count(QueueItem::OTHER_PASSAGE)? + count(QueueItem::OTHER_SENTENCES)?)
}

/// Bytes of text that are embedded for a site: every passage, and its sentences once more.
pub fn text_bytes(snapshot: &Snapshot, site: SiteId) -> Result<u64, StoreError> {
    let mut bytes = 0;
    snapshot.visit(Table::Chunks, &site.to_key(), None, |_, value| {
        bytes += 2 * decode::<Chunk>(value)?.text.len() as u64;
        Ok(true)
    })?;
    Ok(bytes)
}

/// A document by number.
pub fn document(snapshot: &Snapshot, site: SiteId, id: DocumentId) -> Outcome<Document> {
    snapshot.get(Key::of(site).and(id))?.ok_or_else(|| Fault::not_found(format!("document {id} in this site")))
}

/// A document by key or alias, if there is one.
pub fn document_by_key(snapshot: &Snapshot, site: SiteId, key: &str) -> Outcome<Option<Document>> {
    match snapshot.get_raw(Table::DocumentKeys, Key::of(site).and(key))? {
        Some(id) => Ok(snapshot.get(Key::of(site).and(id.as_slice()))?),
        None => Ok(None),
    }
}

/// The content hash of the document under a key or alias, as the batch sees it.
pub fn content_hash(batch: &Batch<'_>, site: SiteId, key: &str) -> Outcome<Option<String>> {
    let Some(id) = batch.get_raw(Table::DocumentKeys, Key::of(site).and(key))? else { return Ok(None) };
    Ok(batch.get::<Document>(Key::of(site).and(id.as_slice()))?.map(|document| document.content_hash))
}

/// A chunk, if it is (still) there.
pub fn chunk(snapshot: &Snapshot, site: SiteId, id: ChunkId) -> Result<Option<Chunk>, StoreError> {
    snapshot.get(Key::of(site).and(id))
}

/// The passages of a document as they were read, repeated parts included.
pub fn full_text(snapshot: &Snapshot, document: &Document) -> Result<Vec<NewChunk>, StoreError> {
    if document.left_out > 0
        && let Some(full) = snapshot.get::<FullText>(Key::of(document.site).and(document.id))?
    {
        return Ok(full.chunks);
    }
    let mut chunks = Vec::with_capacity(document.chunks.len());
    for &id in &document.chunks {
        if let Some(Chunk { section, text, shape, .. }) = chunk(snapshot, document.site, id)? {
            chunks.push(NewChunk { section, text, shape });
        }
    }
    Ok(chunks)
}

/// Documents of a site in the order they came, beginning behind `after`.
pub fn documents(
    snapshot: &Snapshot,
    site: SiteId,
    after: Option<DocumentId>,
    limit: usize,
    mut wanted: impl FnMut(&Document) -> bool,
) -> Result<Vec<Document>, StoreError> {
    let prefix = site.to_key();
    let after = after.map(|id| Key::of(site).and(id).into_bytes());
    let mut found = Vec::new();
    snapshot.visit(Table::Documents, &prefix, after.as_deref(), |_, bytes| {
        let document: Document = decode(bytes)?;
        if wanted(&document) {
            found.push(document);
        }
        Ok(found.len() < limit)
    })?;
    Ok(found)
}
