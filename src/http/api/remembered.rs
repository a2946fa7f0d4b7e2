//! `Idempotency-Key`: what a client sends twice is done once.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

const KEPT_MAX: usize = 4_096;
const KEY_BYTES_MAX: usize = 200;

/// Answers already given, by caller and key, since the start of the process; the oldest are forgotten first.
#[derive(Default)]
pub struct Remembered(Mutex<(HashMap<String, serde_json::Value>, VecDeque<String>)>);

impl Remembered {
    pub fn get(&self, key: &str) -> Option<serde_json::Value> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.get(key).cloned()
    }

    pub fn put(&self, key: String, answer: serde_json::Value) {
        if key.len() > KEY_BYTES_MAX + 64 {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.0.insert(key.clone(), answer).is_none() {
            kept.1.push_back(key);
        }
        while kept.1.len() > KEPT_MAX {
            if let Some(oldest) = kept.1.pop_front() {
                kept.0.remove(&oldest);
            }
        }
    }
}
