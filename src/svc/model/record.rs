//! The stored shape of an added model.

use serde::{Deserialize, Serialize};

use crate::base::clock::UnixMs;
use crate::base::error::Outcome;
use crate::base::{Code, Fault};
use crate::store::{Table, Value};

use super::remote::Service;

/// What the model that comes with the program is called.
pub const BUILT_IN: &str = "built-in";
const NAME_BYTES_MAX: usize = 63;

/// An embedding model that was added to this installation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Added {
    pub name: String,
    /// Hexadecimal; vectors are stored under it.
    pub id: String,
    /// Length of a vector.
    pub dimensions: usize,
    /// Longest text in tokens.
    pub max_tokens: usize,
    /// Size of its files.
    pub bytes: u64,
    pub tried: Tried,
    /// How the service is asked; absent for a model in the data folder.
    #[serde(default)]
    pub service: Option<Service>,
    pub added_at: UnixMs,
}

/// What trying a model said.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tried {
    /// On this machine, all threads together.
    pub tokens_per_second: f64,
    /// Bytes of German text per token.
    pub bytes_per_token: f64,
    /// Cosine of two sentences that say the same.
    pub cosine_alike: f32,
    /// Cosine of two sentences that have nothing to do with each other.
    pub cosine_other: f32,
}

impl Value for Added {
    const TABLE: Table = Table::Models;
}

impl Added {
    /// The key of its vectors.
    #[must_use]
    pub fn key(&self) -> ModelKey {
        let id = blake3::Hash::from_hex(&self.id).map_or([0; 32], |hash| *hash.as_bytes());
        ModelKey { id, dimensions: self.dimensions }
    }
}

/// The model whose vectors are meant: the id they are stored under, and their length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ModelKey {
    pub id: [u8; 32],
    pub dimensions: usize,
}

/// A name that can be a folder's: lower-case letters, digits, hyphens, dots and underscores, beginning with a letter or digit.
pub(super) fn check_name(name: &str) -> Outcome<()> {
    let is_known = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"-_.".contains(&c);
    let begins = name.bytes().next().is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if !begins || name.len() > NAME_BYTES_MAX || !name.bytes().all(is_known) {
        return Err(Fault::invalid(format!(
            "\"{name}\" cannot be a model's name: use 1 to {NAME_BYTES_MAX} lower-case letters, digits, hyphens, dots and underscores; say --name"
        )));
    }
    if name == BUILT_IN {
        return Err(Fault::new(
            Code::Conflict,
            format!("\"{BUILT_IN}\" is the model of the program; choose another --name"),
        ));
    }
    Ok(())
}

/// A name made from a folder's or file's.
#[must_use]
pub fn name_from(text: &str) -> String {
    let name: String = text
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' })
        .take(NAME_BYTES_MAX)
        .collect();
    name.trim_matches(['-', '.', '_']).to_owned()
}
