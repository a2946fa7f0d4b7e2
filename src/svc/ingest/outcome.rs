//! What an ingest or crawl came to, as the command line and the API say it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::base::id::DocumentId;
use crate::svc::extract::Rejected;
use crate::svc::job::JobError;
use crate::svc::knowledge::Stored;

/// Why one file was not taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileError {
    pub path: String,
    pub code: String,
    pub reason: String,
}

impl FileError {
    pub fn new(path: impl Into<String>, code: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), code: code.into(), reason: reason.into() }
    }

    /// What the report of a file or page says of one an editor deleted.
    pub fn deleted(path: impl Into<String>) -> Self {
        Self::new(path, "deleted", "an editor deleted it; allow it again under Documents, or send it again")
    }

    pub fn rejected(path: impl Into<String>, rejected: &Rejected) -> Self {
        Self::new(path, rejected.code.as_str(), rejected.reason.clone())
    }
}

impl From<FileError> for JobError {
    fn from(error: FileError) -> Self {
        Self { path: error.path, code: error.code, reason: error.reason }
    }
}

/// The public result of `ingest`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Distinct paths of this call that are in the site now, unchanged and duplicate ones included.
    pub documents: u64,
    /// Passages of those documents.
    pub chunks: u64,
    /// Texts put through the model by this call.
    pub embedded: u64,
    pub unchanged: u64,
    pub duplicates: u64,
    pub failed: Vec<FileError>,
    pub seconds: f64,
    #[serde(skip)]
    pub touched: BTreeSet<DocumentId>,
}

impl Summary {
    pub(crate) fn count(&mut self, stored: Stored) {
        let id = match stored {
            // It is not in the site, and whoever deleted it knows.
            Stored::Deleted => return,
            Stored::New(id) | Stored::Updated(id) => id,
            Stored::Unchanged(id) => {
                self.unchanged += 1;
                id
            }
            Stored::Duplicate(id) => {
                self.duplicates += 1;
                id
            }
        };
        self.documents += 1;
        self.touched.insert(id);
    }
}
