//! Writing: one closure's view of the open transaction. Puts and deletes go to an overlay and reach
//! the transaction only when the closure succeeds, so closures that share a commit cannot leave
//! half of themselves behind.

use std::collections::BTreeMap;
use std::ops::Bound;

use redb::{ReadableTable as _, WriteTransaction};

use super::{StoreError, Table, Value, decode, encode, prefix_end};

type Overlay = BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>;

/// What a write closure works on. Reads see the closure's own writes.
pub struct Batch<'tx> {
    write: &'tx WriteTransaction,
    overlay: Overlay,
}

impl<'tx> Batch<'tx> {
    pub(super) fn new(write: &'tx WriteTransaction) -> Self {
        Self { write, overlay: Overlay::new() }
    }

    pub fn get_raw(&self, table: Table, key: impl AsRef<[u8]>) -> Result<Option<Vec<u8>>, StoreError> {
        let key = key.as_ref();
        if let Some(pending) = self.overlay.get(&(table, key.to_vec())) {
            return Ok(pending.clone());
        }
        let table = self.write.open_table(table.definition()).map_err(StoreError::engine)?;
        Ok(table.get(key).map_err(StoreError::engine)?.map(|v| v.value().to_vec()))
    }

    pub fn get<V: Value>(&self, key: impl AsRef<[u8]>) -> Result<Option<V>, StoreError> {
        self.get_raw(V::TABLE, key)?.map(|bytes| decode(&bytes)).transpose()
    }

    pub fn put<V: Value>(&mut self, key: impl AsRef<[u8]>, value: &V) -> Result<(), StoreError> {
        let bytes = encode(value)?;
        self.put_raw(V::TABLE, key, bytes);
        Ok(())
    }

    pub fn put_raw(&mut self, table: Table, key: impl AsRef<[u8]>, bytes: Vec<u8>) {
        self.overlay.insert((table, key.as_ref().to_vec()), Some(bytes));
    }

    pub fn delete(&mut self, table: Table, key: impl AsRef<[u8]>) {
        self.overlay.insert((table, key.as_ref().to_vec()), None);
    }

    /// Keys and bytes under `prefix`, own writes included, at most `limit`.
    pub fn scan(
        &self,
        table: Table,
        prefix: impl AsRef<[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
        let prefix = prefix.as_ref();
        let end = prefix_end(prefix);
        let mut merged = BTreeMap::new();
        {
            let stored = self.write.open_table(table.definition()).map_err(StoreError::engine)?;
            let range: (Bound<&[u8]>, Bound<&[u8]>) =
                (Bound::Included(prefix), end.as_deref().map_or(Bound::Unbounded, Bound::Excluded));
            // The overlay may hide rows, so that many more are needed at most.
            let mut wanted = limit.saturating_add(self.overlay.len());
            for row in stored.range::<&[u8]>(range).map_err(StoreError::engine)? {
                if wanted == 0 {
                    break;
                }
                wanted -= 1;
                let (key, value) = row.map_err(StoreError::engine)?;
                merged.insert(key.value().to_vec(), Some(value.value().to_vec()));
            }
        }
        for ((_, key), value) in self
            .overlay
            .range((table, prefix.to_vec())..)
            .take_while(|((t, k), _)| *t == table && k.starts_with(prefix))
        {
            merged.insert(key.clone(), value.clone());
        }
        Ok(merged.into_iter().filter_map(|(k, v)| v.map(|v| (k, v))).take(limit).collect())
    }

    /// The first stored key at or behind `from`. The closure's own writes are not looked at.
    pub fn first_key(&self, table: Table, from: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let stored = self.write.open_table(table.definition()).map_err(StoreError::engine)?;
        let mut rows = stored.range::<&[u8]>(from..).map_err(StoreError::engine)?;
        Ok(rows.next().transpose().map_err(StoreError::engine)?.map(|(key, _)| key.value().to_vec()))
    }

    /// Decoded values under `prefix`, with the part of the key behind it.
    pub fn list<V: Value>(&self, prefix: impl AsRef<[u8]>) -> Result<Vec<(Vec<u8>, V)>, StoreError> {
        let skip = prefix.as_ref().len();
        self.scan(V::TABLE, prefix, usize::MAX)?
            .into_iter()
            .map(|(key, bytes)| Ok((key[skip..].to_vec(), decode(&bytes)?)))
            .collect()
    }

    /// Adds one to a named counter and returns it; the first value is 1. Numbers are never reused.
    pub fn next(&mut self, counter: &str) -> Result<u64, StoreError> {
        let last = self
            .get_raw(Table::Meta, counter.as_bytes())?
            .and_then(|b| b.try_into().ok())
            .map_or(0, u64::from_be_bytes);
        let next = last + 1;
        self.put_raw(Table::Meta, counter.as_bytes(), next.to_be_bytes().to_vec());
        Ok(next)
    }

    /// Moves the overlay into the transaction.
    pub(super) fn apply(self) -> Result<(), StoreError> {
        let mut rows = self.overlay.into_iter().peekable();
        while let Some(((table, _), _)) = rows.peek() {
            let current = *table;
            let mut stored = self.write.open_table(current.definition()).map_err(StoreError::engine)?;
            while let Some(((_, key), value)) = rows.next_if(|((t, _), _)| *t == current) {
                match value {
                    Some(bytes) => drop(stored.insert(key.as_slice(), bytes.as_slice()).map_err(StoreError::engine)?),
                    None => drop(stored.remove(key.as_slice()).map_err(StoreError::engine)?),
                }
            }
        }
        Ok(())
    }
}
