//! `manifest.toml` of a model: which files belong to it, how its vectors are made, and the id they are stored under.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::error::{EmbedError, Result};

/// Name of the file in a model's folder.
pub(super) const MANIFEST_FILE: &str = "manifest.toml";
/// Names of the files that may stand beside the encoder.
pub(super) const CROSS_FILE: &str = "cross-encoder.gguf";
pub(super) const QUERY_FILE: &str = "query-encoder.gguf";

/// What a model is. Unknown keys are refused: a key this version does not know may change the vectors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub name: String,
    /// Length of a vector.
    pub dimensions: usize,
    /// Longest input in tokens, the two marks around it included.
    pub max_tokens: usize,
    pub pooling: Pooling,
    pub normalise: Normalise,
    pub licence: String,
    /// BCP 47 tags, for people to read.
    #[serde(default)]
    pub languages: Vec<String>,
    pub prefixes: Prefixes,
    /// File name to lowercase hexadecimal SHA-256.
    pub files: BTreeMap<String, String>,
    /// The cross-encoder over the same vocabulary, if there is one. Not part of the id: it makes no vectors.
    #[serde(default)]
    pub cross_encoder: Option<Companion>,
    /// Own last layers for questions, if there are any. Not part of the id: what is stored are vectors of passages.
    #[serde(default)]
    pub query_encoder: Option<Companion>,
    #[serde(default)]
    pub sources: Vec<Source>,
}

/// A file beside the encoder, trained for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Companion {
    pub sha256: String,
    /// How it came to be, for people to read.
    #[serde(default)]
    pub source: String,
}

/// How token vectors become one text vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// The mean over all tokens, the marks included.
    Mean,
    /// The vector of the first token.
    Cls,
}

/// What happens to a pooled vector. Only length one is supported: everything after it counts on cosines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Normalise {
    L2,
}

/// What is put before a text, by its role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prefixes {
    #[serde(default)]
    pub query: String,
    #[serde(default)]
    pub passage: String,
}

/// A package the files were made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub package: String,
    pub version: String,
    pub sha256: String,
}

/// Names the vectors of one model: two models share it exactly when they give the same vectors for the same texts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelId([u8; 32]);

impl ModelId {
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for ModelId {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ModelId({self})")
    }
}

impl Manifest {
    /// # Errors
    /// [`EmbedError::Malformed`] for text that is no manifest or promises what the encoder cannot do.
    pub fn parse(text: &str) -> Result<Self> {
        let malformed = |reason: String| EmbedError::Malformed { file: MANIFEST_FILE.into(), reason };
        let manifest: Self = toml::from_str(text).map_err(|e| malformed(e.message().to_owned()))?;
        if !(3..=8192).contains(&manifest.max_tokens) || !(16..=4096).contains(&manifest.dimensions) {
            return Err(malformed("dimensions or max_tokens are out of range".into()));
        }
        if manifest.files.keys().any(|file| file.contains(['/', '\\']) || file.starts_with('.')) {
            return Err(malformed("a file name with a path".into()));
        }
        Ok(manifest)
    }

    /// Every file with its checksum.
    pub fn all_files(&self) -> impl Iterator<Item = (&str, &str)> {
        let companions = [(CROSS_FILE, &self.cross_encoder), (QUERY_FILE, &self.query_encoder)];
        let companions = companions.into_iter().filter_map(|(name, file)| Some((name, file.as_ref()?.sha256.as_str())));
        self.files.iter().map(|(name, sum)| (name.as_str(), sum.as_str())).chain(companions)
    }

    /// Everything that shapes a vector, hashed: file checksums, prefixes, pooling, normalisation, length limit. Name,
    /// licence, languages and sources are left out: correcting them must not cost a re-embedding.
    pub fn id(&self) -> ModelId {
        let mut hasher = blake3::Hasher::new_derive_key("dialogengine 2026 embedding model id v1");
        let mut field = |text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        for (file, sum) in &self.files {
            field(file);
            field(&sum.to_ascii_lowercase());
        }
        field(&self.prefixes.query);
        field(&self.prefixes.passage);
        field(&format!("{:?} {:?} {} {}", self.pooling, self.normalise, self.dimensions, self.max_tokens));
        ModelId(*hasher.finalize().as_bytes())
    }
}
