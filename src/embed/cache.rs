//! The vectors of recent questions. Least recently used goes first.

use std::collections::HashMap;
use std::sync::Arc;

/// A bounded map from text to vector. Making room looks at every entry: at a thousand entries that is nothing beside
/// computing the vector that needs the room.
pub(super) struct Cache {
    capacity: usize,
    /// Counts uses; the smallest number in `entries` is the least recent.
    clock: u64,
    entries: HashMap<String, (u64, Arc<[f32]>)>,
}

impl Cache {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, clock: 0, entries: HashMap::new() }
    }

    pub(super) fn get(&mut self, text: &str) -> Option<Arc<[f32]>> {
        self.clock += 1;
        let (used, vector) = self.entries.get_mut(text)?;
        *used = self.clock;
        Some(Arc::clone(vector))
    }

    pub(super) fn put(&mut self, text: String, vector: Arc<[f32]>) {
        self.clock += 1;
        if self.entries.len() >= self.capacity && !self.entries.contains_key(&text) {
            let oldest = self.entries.iter().min_by_key(|(_, (used, _))| *used).map(|(text, _)| text.clone());
            if let Some(oldest) = oldest {
                self.entries.remove(&oldest);
            }
        }
        self.entries.insert(text, (self.clock, vector));
    }
}
