//! The logical dump: what the store says, independent of how the engine lays it out.

use std::fmt::Write as _;

use super::{Snapshot, StoreError, Table};

pub(super) fn dump(snapshot: &Snapshot) -> Result<Vec<String>, StoreError> {
    let mut lines = Vec::new();
    for &table in Table::ALL {
        snapshot.visit(table, &[], None, |key, bytes| {
            // Two stores with equal content have different names.
            if table == Table::Meta && key == super::table::STORE_ID_KEY {
                return Ok(true);
            }
            let mut line = format!("{} {} ", table.name(), hex(key));
            match bytes.split_first().map(|(version, rest)| (version, std::str::from_utf8(rest))) {
                Some((version, Ok(json))) if json.starts_with(['{', '[', '"']) => {
                    let _ = write!(line, "v{version} {json}");
                }
                _ => line.push_str(&hex(bytes)),
            }
            lines.push(line);
            Ok(true)
        })?;
    }
    Ok(lines)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
