//! What a job is.

use serde::{Deserialize, Serialize};

use crate::base::clock::UnixMs;
use crate::base::id::{JobId, SiteId, SourceId};
use crate::base::{Fault, Report};
use crate::store::{Table, Value};
use crate::svc::knowledge::Filter;

/// A unit of long work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    pub id: JobId,
    pub site: SiteId,
    pub kind: Kind,
    pub state: State,
    pub phase: String,
    pub done: u64,
    pub total: u64,
    #[serde(default)]
    pub seconds_left: Option<u64>,
    pub errors: Vec<JobError>,
    pub result: Option<serde_json::Value>,
    pub attempt: u32,
    pub not_before: UnixMs,
    pub created_at: UnixMs,
    pub updated_at: UnixMs,
}

impl Value for Job {
    const TABLE: Table = Table::Jobs;
}

/// What is to be done. Equal kinds for one site are the same work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Kind {
    /// Read files and folders of this machine.
    Ingest { paths: Vec<String> },
    /// Read what another crawler has read. `base`: the website of files whose names hold only the path.
    Import { format: ImportFormat, path: String, base: Option<String> },
    /// Read one text that was sent.
    Upload { name: String, content_type: Option<String>, url: Option<String>, blob: String },
    /// Read files that were sent together.
    Files { files: Vec<SentFile> },
    /// Read documents again and embed their texts anew.
    Reindex { filter: Filter },
    /// Compare indexes, documents and sources; with `mend`, put right what differs.
    Audit { mend: bool },
    /// Count the pages of a website.
    Discover { source: SourceId },
    /// Read a website.
    Crawl { source: SourceId },
    /// Leave out what repeats across the pages, and collapse pages that repeat others.
    Repeated,
    /// Group the documents by what they are about.
    Topics,
    /// Let another embedding model read a site and compare both. `set`: questions, a JSON object per line.
    SwitchModel { to: String, set: String, accept_if_not_worse: bool },
}

/// Whose files an import reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportFormat {
    /// A JSON export with Markdown or HTML per page.
    Firecrawl,
    /// A folder of Markdown files named by their addresses.
    Scans,
}

/// A file that was sent and is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentFile {
    pub name: String,
    pub content_type: Option<String>,
    /// BLAKE3 of its bytes, hexadecimal.
    pub blob: String,
}

impl Kind {
    /// Names of the files that were sent.
    #[must_use]
    pub fn files(&self) -> Vec<&str> {
        match self {
            Kind::Upload { name, .. } => vec![name],
            Kind::Files { files } => files.iter().map(|file| file.name.as_str()).collect(),
            _ => Vec::new(),
        }
    }

    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Kind::Ingest { .. } => "ingest",
            Kind::Import { .. } => "import",
            Kind::Upload { .. } | Kind::Files { .. } => "upload",
            Kind::Reindex { .. } => "reindex",
            Kind::Audit { .. } => "audit",
            Kind::Discover { .. } => "discover",
            Kind::Crawl { .. } => "crawl",
            Kind::Repeated => "repeated",
            Kind::Topics => "topics",
            Kind::SwitchModel { .. } => "switch_model",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
}

impl State {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Running => "running",
            State::Done => "done",
            State::Failed => "failed",
            State::Cancelled => "cancelled",
        }
    }

    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, State::Done | State::Failed | State::Cancelled)
    }
}

/// What went wrong with one part of the work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobError {
    pub path: String,
    pub code: String,
    pub reason: String,
}

impl From<&Fault> for JobError {
    fn from(fault: &Fault) -> Self {
        Self { path: String::new(), code: fault.code.name().to_owned(), reason: fault.detail.clone() }
    }
}

impl Job {
    pub(super) fn take(&mut self, report: Report) {
        (self.phase, self.done, self.total, self.seconds_left) =
            (report.phase, report.done, report.total, report.seconds_left);
        self.updated_at = crate::base::clock::now_ms();
    }
}
