//! The records of a JSON export one by one, so that an export never has to fit into memory whole: an array, an object with the
//! array under `data`, or one record alone.

use std::fmt;
use std::io::Read;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Called with each record; answers false when no more is wanted.
type Take<'a> = dyn FnMut(Value) -> bool + 'a;

/// Reads records until the end, an error, or until `take` wants no more.
///
/// # Errors
/// What is no JSON, or neither array nor object. Records before it were taken.
pub(super) fn each(reader: impl Read, take: &mut Take<'_>) -> Result<(), serde_json::Error> {
    let mut is_over = false;
    let mut json = serde_json::Deserializer::from_reader(reader);
    let read = json.deserialize_any(Records { take, is_over: &mut is_over, is_top: true }).and_then(|()| json.end());
    if is_over { Ok(()) } else { read }
}

struct Records<'a, 'b> {
    take: &'a mut Take<'b>,
    /// No more is wanted.
    is_over: &'a mut bool,
    is_top: bool,
}

impl<'de> DeserializeSeed<'de> for Records<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl Records<'_, '_> {
    fn give<E: serde::de::Error>(&mut self, record: Value) -> Result<(), E> {
        if (self.take)(record) {
            return Ok(());
        }
        *self.is_over = true;
        Err(E::custom("stopped"))
    }
}

impl<'de> Visitor<'de> for Records<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of records, or an object with them under \"data\"")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(record) = list.next_element::<Value>()? {
            self.give::<A::Error>(record)?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let (mut record, mut had_data) = (Map::new(), false);
        while let Some(key) = map.next_key::<String>()? {
            if self.is_top && key == "data" {
                had_data = true;
                map.next_value_seed(Records { take: &mut *self.take, is_over: &mut *self.is_over, is_top: false })?;
            } else {
                record.insert(key, map.next_value::<Value>()?);
            }
        }
        if had_data {
            return Ok(());
        }
        if record.is_empty() {
            return Err(A::Error::custom("an empty object"));
        }
        self.give::<A::Error>(Value::Object(record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        let of = |text: &str| {
            let mut seen = Vec::new();
            let read = each(text.as_bytes(), &mut |record| {
                seen.push(record["n"].as_u64().unwrap_or_default());
                seen.len() < 3
            });
            (seen, read.is_ok())
        };
        for (text, seen, is_ok) in [
            (r#"[{"n":1},{"n":2}]"#, vec![1, 2], true),
            (r#"{"success":true,"data":[{"n":1},{"n":2}],"next":null}"#, vec![1, 2], true),
            (r#"{"data":{"n":1}}"#, vec![1], true),
            (r#"{"n":1}"#, vec![1], true),
            (r#"[{"n":1},{"n":2},{"n":3},{"n":4}]"#, vec![1, 2, 3], true),
            (r#"[{"n":1},{"n":2"#, vec![1], false),
            (r#"[{"n":1}] x"#, vec![1], false),
            ("[]", vec![], true),
            ("{}", vec![], false),
            ("7", vec![], false),
            ("", vec![], false),
        ] {
            assert_eq!(of(text), (seen, is_ok), "{text}");
        }
        let deep = format!("[{}1{}]", "[".repeat(10_000), "]".repeat(10_000));
        assert!(!of(&deep).1, "nesting has a limit");
    }
}
