//! Files that were sent, kept by their BLAKE3 as long as a document was read from them or a job may still read them.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use tokio::sync::{RwLock, RwLockReadGuard};

use crate::base::error::Outcome;
use crate::base::{Fault, fsx};
use crate::store::{Snapshot, Store, Table};
use crate::svc::job::{Job, Kind, State};

/// Digits of a BLAKE3 in hexadecimal.
const HASH_DIGITS: usize = 64;

/// The folder of kept files.
pub struct Blobs {
    dir: PathBuf,
    /// Read while a file is kept and not yet referred to, written while what nobody refers to is removed.
    gate: RwLock<()>,
}

impl Blobs {
    #[must_use]
    pub fn new(dir: PathBuf) -> Self {
        Self { dir, gate: RwLock::new(()) }
    }

    /// Hold it from keeping a file until a job refers to it: nothing is removed meanwhile.
    pub async fn arriving(&self) -> RwLockReadGuard<'_, ()> {
        self.gate.read().await
    }

    fn path(&self, hash: &str) -> PathBuf {
        self.dir.join(hash.get(..2).unwrap_or("00")).join(hash)
    }

    /// Stores bytes and returns their name.
    pub(super) fn put(&self, bytes: &[u8]) -> Outcome<String> {
        let hash = blake3::hash(bytes).to_hex().to_string();
        let path = self.path(&hash);
        if let Some(parent) = path.parent() {
            fsx::create_private_dir(parent).map_err(Fault::internal)?;
        }
        fsx::write_atomic(&path, bytes).map_err(Fault::internal)?;
        Ok(hash)
    }

    /// Reads bytes back and checks that they are what was stored.
    ///
    /// # Errors
    /// The file is gone or not what was stored.
    pub fn get(&self, hash: &str) -> Outcome<Vec<u8>> {
        let bytes = std::fs::read(self.path(hash)).map_err(|error| {
            Fault::new(crate::base::Code::NotFound, "the file that was sent is not kept any more; send it again")
                .with_source(error)
        })?;
        if blake3::hash(&bytes).to_hex().as_str() != hash {
            return Err(Fault::new(crate::base::Code::Internal, "a stored file is damaged; send it again"));
        }
        Ok(bytes)
    }

    /// Removes the files nobody refers to; how many.
    pub async fn sweep(&self, store: &Store) -> Outcome<usize> {
        let _alone = self.gate.write().await;
        let (dir, snapshot) = (self.dir.clone(), store.snapshot()?);
        tokio::task::spawn_blocking(move || remove_unused(&dir, &snapshot)).await.map_err(Fault::internal)?
    }
}

fn remove_unused(dir: &Path, snapshot: &Snapshot) -> Outcome<usize> {
    let awaited = awaited(snapshot)?;
    let mut removed = 0;
    for file in entries(dir).iter().flat_map(|folder| entries(folder)) {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.len() == HASH_DIGITS && !awaited.contains(&name) && snapshot.count(Table::BlobUses, &name)? == 0 {
            std::fs::remove_file(&file).map_err(Fault::internal)?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Files of jobs that have not read them, or may be tried again.
fn awaited(snapshot: &Snapshot) -> Outcome<HashSet<String>> {
    let jobs = snapshot.list::<Job>([])?.into_iter().map(|(_, job)| job).filter(|job| job.state != State::Done);
    Ok(jobs
        .flat_map(|job| match job.kind {
            Kind::Upload { blob, .. } => vec![blob],
            Kind::Files { files } => files.into_iter().map(|file| file.blob).collect(),
            _ => Vec::new(),
        })
        .collect())
}

/// What lies in a folder; nothing when there is none.
fn entries(dir: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(dir).map(|all| all.flatten().map(|entry| entry.path()).collect()).unwrap_or_default()
}
