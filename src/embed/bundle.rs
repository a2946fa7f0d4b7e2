//! The files of one model, checked: from the program itself or from a folder.
//!
//! A bundle that exists is whole: every file named by the manifest is present and has the checksum it promises.
//! A compiled-in file is borrowed from the program, never copied.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::base::fsx;

use super::error::{EmbedError, Result};
use super::geometry::ModelConfig;
use super::manifest::{MANIFEST_FILE, Manifest};
use super::weights::{GGUF_FILE, SAFETENSORS_FILE, WEIGHTS_FILE, Weights};

/// Largest model file read into memory.
pub(super) const FILE_BYTES_MAX: u64 = 4 << 30;
/// Sizes of an imported model.
pub(super) const CONFIG_FILE: &str = "config.json";

/// A model's manifest and files.
#[derive(Clone)]
pub struct Bundle {
    manifest: Manifest,
    files: BTreeMap<String, Bytes>,
}

impl Bundle {
    /// The model compiled into this program, if it was built with one. Not yet checked: [`Bundle::verify`] is.
    ///
    /// # Errors
    /// [`EmbedError::Malformed`] when the compiled-in manifest is unreadable.
    pub fn compiled() -> Result<Option<Self>> {
        #[cfg(feature = "model")]
        {
            let files =
                super::compiled::FILES.iter().map(|(name, content)| ((*name).to_owned(), Bytes::from_static(content)));
            Self::assemble(files.collect()).map(Some)
        }
        #[cfg(not(feature = "model"))]
        Ok(None)
    }

    /// The licence notice of the compiled-in model.
    pub fn compiled_notice() -> Option<&'static str> {
        #[cfg(feature = "model")]
        {
            Some(super::compiled::NOTICE)
        }
        #[cfg(not(feature = "model"))]
        None
    }

    /// Reads `manifest.toml` and the files it names from a folder. Other files are ignored.
    ///
    /// # Errors
    /// [`EmbedError::Incomplete`] for a missing, unreadable or oversized file, [`EmbedError::Malformed`] for a bad manifest.
    pub fn from_dir(folder: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        let manifest = read(folder, MANIFEST_FILE)?;
        let parsed = parse(&manifest)?;
        files.insert(MANIFEST_FILE.to_owned(), manifest);
        for (name, _) in parsed.all_files() {
            files.insert(name.to_owned(), read(folder, name)?);
        }
        Self::assemble(files)
    }

    /// A bundle of files in memory; the manifest is written for them.
    ///
    /// # Errors
    /// [`EmbedError::Malformed`] when the manifest says what [`Manifest::parse`] refuses.
    pub(super) fn of_files(manifest: &Manifest, mut files: BTreeMap<String, Bytes>) -> Result<Self> {
        let text = toml::to_string(manifest)
            .map_err(|e| EmbedError::Malformed { file: MANIFEST_FILE.into(), reason: e.to_string() })?;
        files.insert(MANIFEST_FILE.to_owned(), text.into_bytes().into());
        Self::assemble(files)
    }

    /// Writes every file into `folder`, which exists and is empty; the manifest last, and all of it to the disk.
    ///
    /// # Errors
    /// [`EmbedError::Incomplete`] for the file that could not be written.
    pub fn write_to(&self, folder: &Path) -> Result<()> {
        let last = self.files.get_key_value(MANIFEST_FILE);
        for (name, content) in self.files.iter().filter(|(name, _)| *name != MANIFEST_FILE).chain(last) {
            fsx::write_atomic(&folder.join(name), content)
                .map_err(|e| EmbedError::Incomplete { file: name.clone(), reason: format!("not written: {e}") })?;
        }
        Ok(())
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files.values().map(|content| content.len() as u64).sum()
    }

    fn assemble(files: BTreeMap<String, Bytes>) -> Result<Self> {
        let manifest = files.get(MANIFEST_FILE).ok_or_else(|| missing(MANIFEST_FILE))?;
        let manifest = parse(manifest)?;
        Ok(Self { manifest, files })
    }

    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The content of a file the manifest names; shared, not copied.
    ///
    /// # Errors
    /// [`EmbedError::Incomplete`] when there is none.
    pub fn file(&self, name: &str) -> Result<Bytes> {
        self.files.get(name).cloned().ok_or_else(|| missing(name))
    }

    fn has(&self, name: &str) -> bool {
        self.manifest.files.contains_key(name)
    }

    /// Opens the weights, in whichever form they are there.
    pub(super) fn weights(&self) -> Result<Weights> {
        if self.has(WEIGHTS_FILE) {
            return Weights::open(WEIGHTS_FILE, self.file(WEIGHTS_FILE)?, None);
        }
        let config = if self.has(CONFIG_FILE) {
            Some(ModelConfig::parse(&self.file(CONFIG_FILE)?).map_err(config_malformed)?)
        } else {
            None
        };
        if self.has(GGUF_FILE) {
            return Weights::open(GGUF_FILE, self.file(GGUF_FILE)?, config.as_ref());
        }
        let config = config.ok_or_else(|| missing(CONFIG_FILE))?;
        Weights::open_safetensors(SAFETENSORS_FILE, self.file(SAFETENSORS_FILE)?, &config)
    }

    /// Compares every file with its checksum; at most a few tenths of a second for the default model.
    ///
    /// # Errors
    /// [`EmbedError::Checksum`] for the first file that differs, [`EmbedError::Incomplete`] for one that is not there.
    pub fn verify(&self) -> Result<()> {
        for (name, expected) in self.manifest.all_files() {
            let found = hex(&Sha256::digest(&self.file(name)?));
            if !found.eq_ignore_ascii_case(expected) {
                return Err(EmbedError::Checksum { file: name.to_owned(), expected: expected.to_owned(), found });
            }
        }
        Ok(())
    }
}

pub(super) fn config_malformed(reason: String) -> EmbedError {
    EmbedError::Malformed { file: CONFIG_FILE.into(), reason }
}

fn parse(manifest: &[u8]) -> Result<Manifest> {
    let text = str::from_utf8(manifest)
        .map_err(|e| EmbedError::Malformed { file: MANIFEST_FILE.into(), reason: format!("not UTF-8: {e}") })?;
    Manifest::parse(text)
}

pub(super) fn read(folder: &Path, name: &str) -> Result<Bytes> {
    let incomplete = |reason: String| EmbedError::Incomplete { file: folder.join(name).display().to_string(), reason };
    let file = fs::File::open(folder.join(name)).map_err(|e| incomplete(e.to_string()))?;
    let mut content = Vec::new();
    let read = file.take(FILE_BYTES_MAX + 1).read_to_end(&mut content).map_err(|e| incomplete(e.to_string()))?;
    if read as u64 > FILE_BYTES_MAX {
        return Err(incomplete(format!("larger than {FILE_BYTES_MAX} bytes")));
    }
    Ok(content.into())
}

fn missing(name: &str) -> EmbedError {
    EmbedError::Incomplete { file: name.to_owned(), reason: "no such file".into() }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
