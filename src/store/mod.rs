//! The truth. One redb file, one writer thread, snapshots for readers.
//!
//! Invariants:
//! * A write is answered only after its commit is on disk.
//! * A failed write closure leaves nothing behind: it works on an overlay that is dropped.
//! * Every value carries a version marker ([`codec`]); every table is in the [`Table`] catalogue.
//! * A file written by a newer schema is refused, never guessed at.
//!
//! Deliberately absent: redb's own types. Callers see [`Snapshot`], [`Batch`], keys and values as
//! bytes, so that another engine can stand behind the same face.

mod batch;
mod codec;
mod dump;
mod key;
mod snapshot;
mod table;
mod writer;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use batch::Batch;
pub use codec::{Value, decode, encode};
pub use key::{Key, prefix_end};
pub use snapshot::Snapshot;
pub use table::Table;

/// The schema this build reads and writes.
pub const SCHEMA: u32 = 1;

/// Free space below which the store takes no more content. redb cannot go on after a failed write, so that it must
/// never meet the end of the disk itself; the indexes need room for a merge, too.
pub const FREE_MIN: u64 = 64 * 1024 * 1024;
/// What is small and has to be kept also then (how a job ended, a conversation's turn) goes on down to here.
const FREE_LEAST: u64 = 8 * 1024 * 1024;

/// What can go wrong between us and the file.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(
        "the store {path} was written by a newer version (schema {found}, this binary knows {SCHEMA}); install that version again, or restore a backup made by this one"
    )]
    SchemaNewer { path: PathBuf, found: u32 },
    #[error("the store cannot be opened: {0}")]
    Open(#[source] Box<redb::Error>),
    #[error("the store failed: {0}")]
    Engine(#[source] Box<redb::Error>),
    #[error("a value in table {table} cannot be read: {reason}")]
    Corrupt { table: &'static str, reason: String },
    #[error("a value of {bytes} bytes is over the limit")]
    ValueTooLarge { bytes: usize },
    #[error("{free} bytes are free beside the store, {FREE_MIN} are kept")]
    DiskFull { free: u64 },
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    pub(crate) fn engine(error: impl Into<redb::Error>) -> Self {
        Self::Engine(Box::new(error.into()))
    }
}

impl From<StoreError> for crate::base::Fault {
    fn from(error: StoreError) -> Self {
        use crate::base::{Code, Fault};
        match error {
            StoreError::SchemaNewer { .. } => Fault::new(Code::SchemaNewer, error.to_string()),
            StoreError::ValueTooLarge { .. } => Fault::invalid(error.to_string()),
            StoreError::DiskFull { free } => Fault::new(
                Code::DiskFull,
                format!(
                    "the disk of the data folder is full ({} MB free, {} MB are needed): free space or enlarge it, then try again. Nothing was changed; questions are still answered",
                    free / 1_000_000,
                    FREE_MIN / 1_000_000
                ),
            ),
            other => Fault::new(
                Code::StoreFailed,
                "the store did not accept the change; nothing was changed. Check free disk space and the log",
            )
            .with_source(other),
        }
    }
}

/// An open store. Cheap to clone; the file closes when the last clone is dropped.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    db: Arc<redb::Database>,
    writer: writer::Writer,
}

impl Store {
    /// Opens or creates `store.redb` in `dir`. The caller holds the folder lock.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join("store.redb");
        let mut builder = redb::Database::builder();
        builder.set_cache_size(64 * 1024 * 1024);
        builder.set_repair_callback(|session| {
            tracing::info!(
                percent = session.progress() * 100.0,
                "the store was not closed cleanly and is being checked"
            );
        });
        let db = builder.create(&path).map_err(|e| StoreError::Open(Box::new(e.into())))?;
        table::prepare(&db, &path)?;
        let db = Arc::new(db);
        let writer = writer::Writer::start(Arc::clone(&db), dir.to_owned())?;
        Ok(Self { inner: Arc::new(Inner { db, writer }) })
    }

    /// A consistent view of the last commit.
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        Snapshot::new(&self.inner.db)
    }

    /// Runs `change` on the writer thread and returns once its effects are durable. Changes that
    /// arrive together share one commit. When `change` returns an error nothing of it is kept.
    pub async fn write<T, E, F>(&self, change: F) -> Result<T, E>
    where
        F: FnOnce(&mut Batch<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.inner.writer.submit(change, FREE_MIN).await
    }

    /// [`Store::write`] for small records that must not be lost when the disk is nearly full.
    pub async fn write_last<T, E, F>(&self, change: F) -> Result<T, E>
    where
        F: FnOnce(&mut Batch<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.inner.writer.submit(change, FREE_LEAST).await
    }

    /// [`Store::write_last`] for threads that are not async: start-up and the indexes, which have to go on when the disk
    /// is full.
    pub fn write_blocking<T, E, F>(&self, change: F) -> Result<T, E>
    where
        F: FnOnce(&mut Batch<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.inner.writer.submit_blocking(change, FREE_LEAST)
    }

    /// Every record as text, one line each, in key order: equal dumps mean equal content. For tests
    /// and comparisons; secrets are hashes in the store already.
    pub fn dump(&self) -> Result<Vec<String>, StoreError> {
        dump::dump(&self.snapshot()?)
    }
}
