//! Composite keys: fixed-width numbers big-endian, text last, so that byte order is the order meant.

use crate::base::id::{ChunkId, DocumentId, JobId, SiteId, SourceId, UserId};

/// Builds a key part by part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Key(Vec<u8>);

/// A part of a key.
pub trait Part {
    fn push(&self, key: &mut Vec<u8>);
}

impl Key {
    #[must_use]
    pub fn of(part: impl Part) -> Self {
        Self::default().and(part)
    }

    #[must_use]
    pub fn and(mut self, part: impl Part) -> Self {
        part.push(&mut self.0);
        self
    }

    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl AsRef<[u8]> for Key {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

macro_rules! number_parts {
    ($($t:ty),+) => {$(impl Part for $t {
        fn push(&self, key: &mut Vec<u8>) { key.extend_from_slice(&self.0.to_be_bytes()); }
    })+};
}
number_parts!(SiteId, DocumentId, ChunkId, SourceId, JobId, UserId);

impl Part for u64 {
    fn push(&self, key: &mut Vec<u8>) {
        key.extend_from_slice(&self.to_be_bytes());
    }
}
impl Part for u8 {
    fn push(&self, key: &mut Vec<u8>) {
        key.push(*self);
    }
}
impl Part for &str {
    fn push(&self, key: &mut Vec<u8>) {
        key.extend_from_slice(self.as_bytes());
    }
}
impl Part for &[u8] {
    fn push(&self, key: &mut Vec<u8>) {
        key.extend_from_slice(self);
    }
}
impl<const N: usize> Part for &[u8; N] {
    fn push(&self, key: &mut Vec<u8>) {
        key.extend_from_slice(*self);
    }
}

/// The smallest key greater than every key that starts with `prefix`; `None` when there is none.
#[must_use]
pub fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Some(end);
        }
    }
    None
}
