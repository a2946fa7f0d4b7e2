//! Documents that say nothing another does not say: they leave every search, keep their chunks, and come back at once when
//! an editor wants both or the other one goes or changes.

use serde::{Deserialize, Serialize};

use crate::base::Fault;
use crate::base::error::Outcome;
use crate::base::id::{DocumentId, SiteId};
use crate::store::{Batch, Key};

use super::Document;
use super::change::{announce, withdraw};

/// Whose copy a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyOf {
    pub document: DocumentId,
    pub why: HowAlike,
}

/// How it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HowAlike {
    /// Word for word the same, but for the date of the page and the like.
    Same,
    /// All of it stands in the other, which says a little more.
    Part,
}

/// Collapses a document into the one it repeats; whether that changed anything. What an editor excluded or wants apart, and
/// what is not searched anyway, stays as it is.
pub fn mark_copy(batch: &mut Batch<'_>, site: SiteId, id: DocumentId, of: CopyOf) -> Outcome<bool> {
    let (Some(mut document), Some(mut original)) =
        (batch.get::<Document>(Key::of(site).and(id))?, batch.get::<Document>(Key::of(site).and(of.document))?)
    else {
        return Ok(false);
    };
    if id == of.document || document.apart || !document.is_live() || !original.is_live() {
        return Ok(false);
    }
    withdraw(batch, &document)?;
    release_copies(batch, &mut document)?;
    document.copy_of = Some(of);
    batch.put(Key::of(site).and(id), &document)?;
    original.copies.push(id);
    batch.put(Key::of(site).and(original.id), &original)?;
    Ok(true)
}

/// Lets a copy stand for itself again. `apart`: an editor wants it so; it is never collapsed again.
pub fn release_copy(batch: &mut Batch<'_>, site: SiteId, id: DocumentId, apart: bool) -> Outcome<Document> {
    let mut document: Document =
        batch.get(Key::of(site).and(id))?.ok_or_else(|| Fault::not_found(format!("document {id} in this site")))?;
    leave_original(batch, &document)?;
    document.copy_of = None;
    document.apart |= apart;
    if document.is_live() {
        announce(batch, &document)?;
    }
    batch.put(Key::of(site).and(id), &document)?;
    Ok(document)
}

/// The document leaves or changes: its copies stand for themselves. The caller stores the document.
pub(super) fn release_copies(batch: &mut Batch<'_>, document: &mut Document) -> Outcome<()> {
    for id in std::mem::take(&mut document.copies) {
        let Some(mut copy) = batch.get::<Document>(Key::of(document.site).and(id))? else { continue };
        if copy.copy_of.is_some_and(|of| of.document == document.id) {
            copy.copy_of = None;
            if copy.is_live() {
                announce(batch, &copy)?;
            }
            batch.put(Key::of(copy.site).and(copy.id), &copy)?;
        }
    }
    Ok(())
}

/// Takes a document that goes or changes out of both ends of every such tie.
pub(super) fn untie(batch: &mut Batch<'_>, document: &Document) -> Outcome<()> {
    leave_original(batch, document)?;
    release_copies(batch, &mut document.clone())
}

fn leave_original(batch: &mut Batch<'_>, document: &Document) -> Outcome<()> {
    let Some(of) = document.copy_of else { return Ok(()) };
    let Some(mut original) = batch.get::<Document>(Key::of(document.site).and(of.document))? else { return Ok(()) };
    original.copies.retain(|id| *id != document.id);
    Ok(batch.put(Key::of(original.site).and(original.id), &original)?)
}
