//! JSON, and files with a JSON value on each line.

use std::cell::Cell;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::assemble::assemble;
use super::tree::{self, NODES_MAX, Node};
use super::{Extracted, RejectCode, Rejected};

/// Reads a file.
///
/// # Errors
/// `TooComplex` for more than [`NODES_MAX`] values or nesting past 128, `Damaged` for what is no JSON.
pub fn read(source: &str) -> Result<Extracted, Rejected> {
    let left = Cell::new(NODES_MAX);
    let source = source.trim_start_matches('\u{feff}');
    let mut values = Vec::new();
    // One after the other: a file with a value on each line is read like a list of them.
    let mut spans = serde_json::Deserializer::from_str(source).into_iter::<IgnoredAny>();
    let mut from = 0;
    while let Some(span) = spans.next() {
        span.map_err(|error| refused(&error, false))?;
        let part = source.get(from..spans.byte_offset()).unwrap_or_default();
        from = spans.byte_offset();
        let mut reader = serde_json::Deserializer::from_str(part);
        values.push(Seed(&left).deserialize(&mut reader).map_err(|error| refused(&error, left.get() == 0))?);
    }
    let root = if values.len() == 1 { values.remove(0) } else { Node::List(values) };
    let (found, events) = tree::read(&root);
    Ok(Extracted { sections: assemble(events, &found.title), ..found })
}

fn refused(error: &serde_json::Error, is_full: bool) -> Rejected {
    if is_full || error.to_string().starts_with("recursion limit") {
        return Rejected::new(
            RejectCode::TooComplex,
            format!(
                "the JSON is nested too deep or holds more than {NODES_MAX} values: split it, or export it flatter"
            ),
        );
    }
    Rejected::new(RejectCode::Damaged, format!("the JSON breaks at {error}: export the file again"))
}

/// Reads one value and counts it.
#[derive(Clone, Copy)]
struct Seed<'a>(&'a Cell<usize>);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Node, D::Error> {
        match self.0.get().checked_sub(1) {
            Some(left) => self.0.set(left),
            None => return Err(D::Error::custom("too many values")),
        }
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Text(String::new()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Text(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Text(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Text(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Text(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            all.push(item);
        }
        Ok(Node::List(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Node, A::Error> {
        let mut all = Vec::new();
        while let Some(name) = fields.next_key::<String>()? {
            all.push((name, fields.next_value_seed(self)?));
        }
        Ok(Node::Fields(all))
    }
}
