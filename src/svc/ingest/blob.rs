//! Files that were sent, kept by their BLAKE3 until their job has read them.

use std::path::{Path, PathBuf};

use crate::base::error::Outcome;
use crate::base::{Fault, fsx};

fn path(dir: &Path, hash: &str) -> PathBuf {
    dir.join(hash.get(..2).unwrap_or("00")).join(hash)
}

/// Stores bytes and returns their name.
pub(super) fn put(dir: &Path, bytes: &[u8]) -> Outcome<String> {
    let hash = blake3::hash(bytes).to_hex().to_string();
    let path = path(dir, &hash);
    if let Some(parent) = path.parent() {
        fsx::create_private_dir(parent).map_err(Fault::internal)?;
    }
    fsx::write_atomic(&path, bytes).map_err(Fault::internal)?;
    Ok(hash)
}

/// Reads bytes back and checks that they are what was stored.
pub(super) fn get(dir: &Path, hash: &str) -> Outcome<Vec<u8>> {
    let bytes = std::fs::read(path(dir, hash)).map_err(Fault::internal)?;
    if blake3::hash(&bytes).to_hex().as_str() != hash {
        return Err(Fault::new(crate::base::Code::Internal, "a stored file is damaged; send it again"));
    }
    Ok(bytes)
}
