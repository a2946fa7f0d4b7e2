//! Values are `[version][JSON]`. The marker lets a later build decode what an earlier one wrote;
//! JSON keeps values readable in a dump, and lets a field be added with a serde default without a
//! new version.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{StoreError, Table};
use crate::base::limits::VALUE_BYTES_MAX;

/// A type that is stored, and where.
pub trait Value: Serialize + DeserializeOwned {
    const TABLE: Table;
    /// Raised when the meaning or shape of a field changes in a way serde defaults cannot express.
    const VERSION: u8 = 1;

    /// Turns bytes of an older version into the present type. The default knows none.
    fn upgrade(version: u8, _json: &[u8]) -> Result<Self, String> {
        Err(format!("version {version} is not known to this binary"))
    }
}

/// Encodes a value with its version marker.
pub fn encode<V: Value>(value: &V) -> Result<Vec<u8>, StoreError> {
    let mut bytes = vec![V::VERSION];
    serde_json::to_writer(&mut bytes, value)
        .map_err(|e| StoreError::Corrupt { table: V::TABLE.name(), reason: e.to_string() })?;
    if bytes.len() > VALUE_BYTES_MAX {
        return Err(StoreError::ValueTooLarge { bytes: bytes.len() });
    }
    Ok(bytes)
}

/// Decodes a value of this or an older version.
pub fn decode<V: Value>(bytes: &[u8]) -> Result<V, StoreError> {
    let corrupt = |reason: String| StoreError::Corrupt { table: V::TABLE.name(), reason };
    let (&version, json) = bytes.split_first().ok_or_else(|| corrupt("empty value".to_owned()))?;
    if version == V::VERSION {
        serde_json::from_slice(json).map_err(|e| corrupt(e.to_string()))
    } else {
        V::upgrade(version, json).map_err(corrupt)
    }
}
