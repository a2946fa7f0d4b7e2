//! The meaning index: usearch behind one lock, saved as one checksummed file.
//!
//! Invariants:
//! * Searching shares the lock, everything else holds it alone: usearch returns wrong hits or
//!   crashes when `add`, `remove` or `reserve` run beside a search.
//! * No more searches run at once than thread contexts are reserved; the others wait.
//! * Only finite, non-zero vectors of the right dimension get in.
//! * Bytes reach usearch only after length and BLAKE3 are verified: a flipped byte would crash it.
//!
//! Deliberately absent: usearch's own `save`, `load` and `view` of files.

mod file;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::{Condvar, Mutex, PoisonError, RwLock};

use usearch::{Index, IndexOptions, MetricKind, ScalarKind};

pub use file::{Loaded, Rejected};

/// Up to this many vectors every search is exact: it is as fast there and has recall 1.
pub const EXACT_MAX: usize = 8_000;
/// Searches that may run at once in one index.
const SEARCHES_MAX: usize = 16;
/// Beam of an approximate search; recall is paid for here (see `assets/handbook/performance.md`).
const EXPANSION_SEARCH: usize = 192;
const EXPANSION_ADD: usize = 128;
const CONNECTIVITY: usize = 16;

#[derive(Debug, thiserror::Error)]
pub enum VectorError {
    #[error("a vector of {found} dimensions does not fit an index of {expected}")]
    Dimensions { expected: usize, found: usize },
    #[error("a vector that is zero or not finite cannot be indexed")]
    Degenerate,
    #[error("the vector index failed while it should {operation}: {reason}")]
    Engine { operation: &'static str, reason: String },
    #[error("the vector index file cannot be written: {0}")]
    Io(#[from] std::io::Error),
}

/// A chunk key with its cosine similarity, 1 for equal direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    pub key: u64,
    pub cosine: f32,
}

struct State {
    index: Index,
    keys: HashSet<u64>,
    /// Vectors replaced or removed since the index was built; churn costs recall.
    removed: usize,
}

/// One site's vectors by chunk key. A cache: everything in it is derived from the store.
pub struct VectorIndex {
    dimensions: usize,
    state: RwLock<State>,
    running: Mutex<usize>,
    finished: Condvar,
}

fn engine(operation: &'static str, error: &impl std::fmt::Display) -> VectorError {
    VectorError::Engine { operation, reason: error.to_string() }
}

impl VectorIndex {
    /// An empty index for vectors of `dimensions` values.
    pub fn new(dimensions: usize) -> Result<Self, VectorError> {
        Ok(Self::with_state(dimensions, State { index: new_engine(dimensions)?, keys: HashSet::new(), removed: 0 }))
    }

    fn with_state(dimensions: usize, state: State) -> Self {
        Self { dimensions, state: RwLock::new(state), running: Mutex::new(0), finished: Condvar::new() }
    }

    /// Applies removals, then additions (an existing key is replaced). Vectors need not be normalised.
    pub fn apply(&self, upserts: &[(u64, Vec<f32>)], deletes: &[u64]) -> Result<(), VectorError> {
        for (_, vector) in upserts {
            self.check(vector)?;
        }
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        for key in deletes.iter().chain(upserts.iter().map(|(key, _)| key)) {
            if state.keys.remove(key) {
                state.index.remove(*key).map_err(|e| engine("remove a vector", &e))?;
                state.removed += 1;
            }
        }
        let needed = state.index.size() + upserts.len();
        if needed > state.index.capacity() {
            reserve(&state.index, needed.max(state.index.size() * 3 / 2))?;
        }
        for (key, vector) in upserts {
            state.index.add(*key, vector.as_slice()).map_err(|e| engine("add a vector", &e))?;
            state.keys.insert(*key);
        }
        Ok(())
    }

    /// The `limit` nearest vectors, best first; exact up to [`EXACT_MAX`] vectors.
    pub fn search(&self, query: &[f32], limit: usize) -> Result<Vec<Hit>, VectorError> {
        self.search_with(query, limit, self.len() <= EXACT_MAX)
    }

    /// The `limit` nearest vectors by comparing with every one.
    pub fn search_exact(&self, query: &[f32], limit: usize) -> Result<Vec<Hit>, VectorError> {
        self.search_with(query, limit, true)
    }

    fn search_with(&self, query: &[f32], limit: usize, exact: bool) -> Result<Vec<Hit>, VectorError> {
        self.check(query)?;
        let _permit = self.permit();
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let limit = limit.min(state.keys.len());
        if limit == 0 {
            return Ok(Vec::new());
        }
        let matches = if exact { state.index.exact_search(query, limit) } else { state.index.search(query, limit) }
            .map_err(|e| engine("search", &e))?;
        let pairs = matches.keys.iter().zip(&matches.distances);
        // Keys the map does not know are slots usearch is about to reuse.
        Ok(pairs
            .filter(|(key, distance)| state.keys.contains(key) && distance.is_finite())
            .map(|(&key, &distance)| Hit { key, cosine: 1.0 - distance })
            .collect())
    }

    /// The stored vector of a key.
    #[must_use]
    pub fn get(&self, key: u64) -> Option<Vec<f32>> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        if !state.keys.contains(&key) {
            return None;
        }
        let mut vector = vec![0.0_f32; self.dimensions];
        matches!(state.index.get(key, &mut vector), Ok(n) if n > 0).then_some(vector)
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.state.read().unwrap_or_else(PoisonError::into_inner).keys.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[must_use]
    pub fn contains(&self, key: u64) -> bool {
        self.state.read().unwrap_or_else(PoisonError::into_inner).keys.contains(&key)
    }

    /// All keys, ascending.
    #[must_use]
    pub fn keys(&self) -> Vec<u64> {
        let mut keys: Vec<u64> =
            self.state.read().unwrap_or_else(PoisonError::into_inner).keys.iter().copied().collect();
        keys.sort_unstable();
        keys
    }

    /// Whether so much was removed that a rebuild would find more (recall falls with churn).
    #[must_use]
    pub fn is_worn(&self) -> bool {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.keys.len() > EXACT_MAX && state.removed * 5 > state.keys.len()
    }

    /// Bytes the index holds in memory.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.state.read().unwrap_or_else(PoisonError::into_inner).index.memory_usage()
    }

    fn check(&self, vector: &[f32]) -> Result<(), VectorError> {
        if vector.len() != self.dimensions {
            return Err(VectorError::Dimensions { expected: self.dimensions, found: vector.len() });
        }
        let norm: f32 = vector.iter().map(|x| x * x).sum();
        if norm.is_finite() && norm > 0.0 { Ok(()) } else { Err(VectorError::Degenerate) }
    }

    fn permit(&self) -> Permit<'_> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let mut running =
            self.finished.wait_while(running, |n| *n >= SEARCHES_MAX).unwrap_or_else(PoisonError::into_inner);
        *running += 1;
        Permit(self)
    }
}

/// One of the thread contexts reserved in usearch.
struct Permit<'a>(&'a VectorIndex);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *self.0.running.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.finished.notify_one();
    }
}

fn new_engine(dimensions: usize) -> Result<Index, VectorError> {
    let options = IndexOptions {
        dimensions,
        metric: MetricKind::Cos,
        quantization: ScalarKind::F32,
        connectivity: CONNECTIVITY,
        expansion_add: EXPANSION_ADD,
        expansion_search: EXPANSION_SEARCH,
        multi: false,
    };
    let index = Index::new(&options).map_err(|e| engine("create", &e))?;
    reserve(&index, 64)?;
    Ok(index)
}

/// One context more than searches may run, for the writer.
fn reserve(index: &Index, capacity: usize) -> Result<(), VectorError> {
    index.reserve_capacity_and_threads(capacity, SEARCHES_MAX + 1).map_err(|e| engine("reserve", &e))
}
