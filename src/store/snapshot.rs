//! Reading: a consistent view of one commit.

use std::ops::Bound;

use redb::{ReadableDatabase as _, ReadableTableMetadata as _};

use super::{StoreError, Table, Value, decode, prefix_end};

/// A consistent view of one commit. Keep it short-lived: it pins the pages it can see.
pub struct Snapshot {
    read: redb::ReadTransaction,
}

type Range<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

impl Snapshot {
    pub(super) fn new(db: &redb::Database) -> Result<Self, StoreError> {
        Ok(Self { read: db.begin_read().map_err(StoreError::engine)? })
    }

    /// The bytes under `key`.
    pub fn get_raw(&self, table: Table, key: impl AsRef<[u8]>) -> Result<Option<Vec<u8>>, StoreError> {
        let table = self.read.open_table(table.definition()).map_err(StoreError::engine)?;
        Ok(table.get(key.as_ref()).map_err(StoreError::engine)?.map(|v| v.value().to_vec()))
    }

    /// The value under `key`.
    pub fn get<V: Value>(&self, key: impl AsRef<[u8]>) -> Result<Option<V>, StoreError> {
        self.get_raw(V::TABLE, key)?.map(|bytes| decode(&bytes)).transpose()
    }

    /// Calls `visit(key, bytes)` for every key that starts with `prefix`, in order, beginning after
    /// `after` if given, until it returns `false`.
    pub fn visit(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        let table = self.read.open_table(table.definition()).map_err(StoreError::engine)?;
        let end = prefix_end(prefix);
        let start = after.map_or(Bound::Included(prefix), Bound::Excluded);
        let range: Range<'_> = (start, end.as_deref().map_or(Bound::Unbounded, Bound::Excluded));
        for row in table.range::<&[u8]>(range).map_err(StoreError::engine)? {
            let (key, value) = row.map_err(StoreError::engine)?;
            if !visit(key.value(), value.value())? {
                break;
            }
        }
        Ok(())
    }

    /// Decoded values under `prefix`, in key order, with the part of the key behind the prefix.
    pub fn list<V: Value>(&self, prefix: impl AsRef<[u8]>) -> Result<Vec<(Vec<u8>, V)>, StoreError> {
        let prefix = prefix.as_ref();
        let mut rows = Vec::new();
        self.visit(V::TABLE, prefix, None, |key, bytes| {
            rows.push((key[prefix.len()..].to_vec(), decode(bytes)?));
            Ok(true)
        })?;
        Ok(rows)
    }

    /// Number of keys that start with `prefix`; the whole table without walking it when empty.
    pub fn count(&self, table: Table, prefix: impl AsRef<[u8]>) -> Result<u64, StoreError> {
        let prefix = prefix.as_ref();
        if prefix.is_empty() {
            let table = self.read.open_table(table.definition()).map_err(StoreError::engine)?;
            return table.len().map_err(StoreError::engine);
        }
        let mut count = 0;
        self.visit(table, prefix, None, |_, _| {
            count += 1;
            Ok(true)
        })?;
        Ok(count)
    }

    /// The random name the store got when it was made.
    pub fn store_id(&self) -> Result<String, StoreError> {
        let bytes = self.get_raw(Table::Meta, super::table::STORE_ID_KEY)?.unwrap_or_default();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The present value of a counter (see [`super::Batch::next`]).
    pub fn counter(&self, name: &str) -> Result<u64, StoreError> {
        let bytes = self.get_raw(Table::Meta, name.as_bytes())?;
        Ok(bytes.and_then(|b| b.try_into().ok()).map_or(0, u64::from_be_bytes))
    }
}
