//! The index file: `magic, header, keys, usearch bytes, BLAKE3 of all before`.
//!
//! usearch crashes on flipped bytes and adopts whatever dimensions a file names, so that everything
//! is checked here before it sees a byte.

use std::collections::HashSet;
use std::path::Path;
use std::sync::PoisonError;

use super::{State, VectorError, VectorIndex, engine, new_engine, reserve};
use crate::base::fsx;

const MAGIC: &[u8; 8] = b"DEVECT01";
const HASH_BYTES: usize = 32;
/// magic, tag, dimensions, sequence, keys, engine bytes
const HEADER_BYTES: usize = 8 + 32 + 8 + 8 + 8 + 8;

/// An index read from its file, with the outbox sequence it had applied when it was saved.
pub struct Loaded {
    pub index: VectorIndex,
    pub sequence: u64,
}

/// Why a file was not used. The caller rebuilds from the store.
#[derive(Debug, thiserror::Error)]
pub enum Rejected {
    #[error("there is no index file yet")]
    Missing,
    #[error("the index file is damaged: {0}")]
    Damaged(&'static str),
    #[error("the index file belongs to another model")]
    OtherModel,
    #[error(transparent)]
    Failed(#[from] VectorError),
}

impl VectorIndex {
    /// Writes the index atomically. `tag` names the model; `sequence` is the last outbox entry applied.
    pub fn save(&self, path: &Path, tag: &[u8; 32], sequence: u64) -> Result<(), VectorError> {
        let bytes = {
            let state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            let mut keys: Vec<u64> = state.keys.iter().copied().collect();
            keys.sort_unstable();
            let body = state.index.serialized_length();
            let mut bytes = Vec::with_capacity(HEADER_BYTES + keys.len() * 8 + body + HASH_BYTES);
            bytes.extend_from_slice(MAGIC);
            bytes.extend_from_slice(tag);
            for number in [self.dimensions as u64, sequence, keys.len() as u64, body as u64] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
            for key in &keys {
                bytes.extend_from_slice(&key.to_le_bytes());
            }
            let start = bytes.len();
            bytes.resize(start + body, 0);
            state.index.save_to_buffer(&mut bytes[start..]).map_err(|e| engine("save", &e))?;
            bytes
        };
        let hash = blake3::hash(&bytes);
        let mut bytes = bytes;
        bytes.extend_from_slice(hash.as_bytes());
        fail::fail_point!("vector-save", |_| std::process::abort());
        Ok(fsx::write_atomic(path, &bytes)?)
    }

    /// Reads an index file, refusing anything that is not exactly what [`VectorIndex::save`] wrote.
    pub fn load(path: &Path, tag: &[u8; 32], dimensions: usize) -> Result<Loaded, Rejected> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(Rejected::Missing),
            Err(error) => return Err(VectorError::Io(error).into()),
        };
        let content = bytes
            .len()
            .checked_sub(HASH_BYTES)
            .filter(|n| *n >= HEADER_BYTES)
            .ok_or(Rejected::Damaged("it is too short"))?;
        let (content, hash) = bytes.split_at(content);
        if blake3::hash(content).as_bytes() != hash {
            return Err(Rejected::Damaged("its checksum is wrong"));
        }
        let number = |at: usize| content.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes);
        if !content.starts_with(MAGIC) {
            return Err(Rejected::Damaged("it has another format"));
        }
        if &content[8..40] != tag || number(40) != dimensions as u64 {
            return Err(Rejected::OtherModel);
        }
        let (sequence, count, body) = (number(48), number(56), number(64));
        let keys_bytes = usize::try_from(count)
            .ok()
            .and_then(|n| n.checked_mul(8))
            .ok_or(Rejected::Damaged("its length is wrong"))?;
        let rest = &content[HEADER_BYTES..];
        if rest.len() as u64 != body.saturating_add(keys_bytes as u64) {
            return Err(Rejected::Damaged("its length is wrong"));
        }
        let (keys, body) = rest.split_at(keys_bytes);
        let keys: HashSet<u64> =
            keys.chunks_exact(8).filter_map(|b| b.try_into().ok()).map(u64::from_le_bytes).collect();
        let index = new_engine(dimensions)?;
        if !keys.is_empty() {
            index.load_from_buffer(body).map_err(|e| engine("load", &e))?;
            index.change_expansion_search(super::EXPANSION_SEARCH);
            index.change_expansion_add(super::EXPANSION_ADD);
            // After loading, capacity equals size and no thread contexts are reserved.
            reserve(&index, keys.len() + 64)?;
        }
        if index.size() != keys.len() || index.dimensions() != dimensions {
            return Err(Rejected::Damaged("its content does not fit its header"));
        }
        Ok(Loaded { index: VectorIndex::with_state(dimensions, State { index, keys, removed: 0 }), sequence })
    }
}
