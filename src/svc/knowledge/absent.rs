//! Pages and files without a document, and why: an editor deleted them, or they cannot be read.

use serde::{Deserialize, Serialize};

use crate::base::Fault;
use crate::base::clock::UnixMs;
use crate::base::error::Outcome;
use crate::base::id::{SiteId, SourceId};
use crate::store::{Batch, Key, Snapshot, StoreError, Table, Value, decode};

/// A page or file without a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absent {
    /// As [`super::Document::key`].
    pub key: String,
    pub title: String,
    pub why: Why,
    pub at: UnixMs,
    #[serde(default)]
    pub source: Option<SourceId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Why {
    /// An editor deleted it: its source does not bring it back.
    Deleted,
    /// The last attempt to read it failed.
    Failed { code: String, reason: String },
}

impl Value for Absent {
    const TABLE: Table = Table::Absent;
}

/// Notes that a file could not be read. What an editor deleted stays deleted.
pub fn note_failed(batch: &mut Batch<'_>, site: SiteId, absent: &Absent) -> Outcome<()> {
    if !is_deleted(batch, site, &absent.key)? {
        batch.put(Key::of(site).and(absent.key.as_str()), absent)?;
    }
    Ok(())
}

pub(super) fn note_deleted(
    batch: &mut Batch<'_>,
    site: SiteId,
    (key, title): (&str, &str),
    source: SourceId,
    at: UnixMs,
) -> Outcome<()> {
    let absent = Absent { key: key.to_owned(), title: title.to_owned(), why: Why::Deleted, at, source: Some(source) };
    Ok(batch.put(Key::of(site).and(key), &absent)?)
}

/// Whether an editor deleted the page or file and has not asked for it since.
pub(super) fn is_deleted(batch: &Batch<'_>, site: SiteId, key: &str) -> Outcome<bool> {
    let absent = batch.get::<Absent>(Key::of(site).and(key))?;
    Ok(absent.is_some_and(|absent| absent.why == Why::Deleted))
}

/// The file that could not be read is not there any more.
pub fn forget_failure(batch: &mut Batch<'_>, site: SiteId, key: &str) -> Outcome<()> {
    if is_deleted(batch, site, key)? { Ok(()) } else { clear(batch, site, key) }
}

/// The page or file has a document (again).
pub(super) fn clear(batch: &mut Batch<'_>, site: SiteId, key: &str) -> Outcome<()> {
    let key = Key::of(site).and(key);
    if batch.get_raw(Table::Absent, &key)?.is_some() {
        batch.delete(Table::Absent, key);
    }
    Ok(())
}

/// Lets a deleted page or file come back with the next reading of its source, and forgets a failure.
pub fn allow(batch: &mut Batch<'_>, site: SiteId, key: &str) -> Outcome<Absent> {
    let at = Key::of(site).and(key);
    let absent = batch
        .get::<Absent>(&at)?
        .ok_or_else(|| Fault::not_found(format!("deleted or failed page or file \"{key}\" in this site")))?;
    batch.delete(Table::Absent, at);
    Ok(absent)
}

/// Calls `visit` for each page or file of a site without a document, in the order of their keys.
pub fn visit_absent(snapshot: &Snapshot, site: SiteId, mut visit: impl FnMut(Absent)) -> Result<(), StoreError> {
    snapshot.visit(Table::Absent, &site.to_key(), None, |_, bytes| {
        visit(decode(bytes)?);
        Ok(true)
    })
}
