//! The report of a crawl, while it runs and afterwards.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::param::Query;
use poem_openapi::payload::Binary;
use poem_openapi::{ApiResponse, Enum, OpenApi};
use serde_json::json;

use crate::base::Fault;
use crate::base::error::Outcome;
use crate::base::id::SourceId;
use crate::http::state::{Caller, Shared};
use crate::svc::ingest::report::{self, Report, Wanted};
use crate::svc::ingest::report_csv::{self, Reader};
use crate::svc::ingest::source;

use super::{Reply, Tag, shape};

const LIMIT_DEFAULT: u32 = 500;
const LIMIT_MAX: u32 = 1_000;

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "snake_case")]
enum UrlOutcome {
    Indexed,
    Unchanged,
    Duplicate,
    Skipped,
    Failed,
    /// Known before, not met this time.
    Missed,
    /// Missed twice in a row: it left the index.
    Gone,
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "snake_case")]
enum Change {
    /// A page that was not known.
    New,
    /// A page with another text than before.
    Changed,
}

#[derive(Enum, Default, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "snake_case")]
enum Language {
    #[default]
    En,
    /// With semicolons, as German spreadsheet programs expect.
    De,
}

/// A file to keep.
#[derive(ApiResponse)]
enum Download {
    /// UTF-8 with a byte order mark.
    #[oai(status = 200, content_type = "text/csv; charset=utf-8")]
    File(Binary<Vec<u8>>, #[oai(header = "Content-Disposition")] String),
}

pub struct Reports(pub Arc<Shared>);

#[OpenApi]
impl Reports {
    /// What became of each address in the crawl under way, else in the last one: `{source_id, state, job_id?, started_at, finished_at, next_crawl?, failure?:{at,detail}, pages, skipped:{code:n}, counts:{outcome:n}, changes:{new,changed,unchanged,missed,gone}, duplicates, hosts:[{host,requests,failed,mean_ms,slowest_ms,is_slow}], total, next_cursor?, urls:[{url,outcome,change?,code?,reason?,of?,title?,chunks?}]}`.
    /// Sums are of the whole report, `total` of what matches. `duplicates` keeps the addresses whose content counts under another one (`of`), those of one together.
    #[oai(path = "/sources/:source/report", method = "get", operation_id = "report", tag = "Tag::Sources")]
    #[allow(clippy::too_many_arguments)]
    async fn report(
        &self,
        caller: Data<&Caller>,
        cursor: Query<Option<String>>,
        q: Query<Option<String>>,
        outcome: Query<Option<UrlOutcome>>,
        change: Query<Option<Change>>,
        code: Query<Option<String>>,
        duplicates: Query<Option<bool>>,
        limit: Query<Option<u32>>,
    ) -> Reply {
        let wanted = Wanted {
            outcome: outcome.0.map(Into::into),
            change: change.0.map(Into::into),
            code: code.0.filter(|code| !code.is_empty()),
            words: q.0.unwrap_or_default(),
            duplicates: duplicates.0.unwrap_or_default(),
            cursor: cursor.0,
            limit: Some(limit.0.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX) as usize),
        };
        Ok(shape(json!(self.read(caller.id("source")?, wanted).await?)))
    }

    /// All lines of the report as a CSV file. A cell that a spreadsheet program would calculate begins with an apostrophe.
    #[oai(path = "/sources/:source/report.csv", method = "get", operation_id = "reportCsv", tag = "Tag::Sources")]
    async fn csv(&self, caller: Data<&Caller>, locale: Query<Option<Language>>) -> poem::Result<Download> {
        let id: SourceId = caller.id("source")?;
        let reader = match locale.0.unwrap_or_default() {
            Language::En => Reader::English,
            Language::De => Reader::German,
        };
        let report = self.read(id, Wanted::default()).await?;
        let bytes = report_csv::csv(&report.urls, reader)?;
        Ok(Download::File(Binary(bytes), format!("attachment; filename=\"crawl-{id}.csv\"")))
    }
}

impl Reports {
    /// Walks all lines of a source: off the async workers.
    async fn read(&self, id: SourceId, wanted: Wanted) -> Outcome<Report> {
        let services = Arc::clone(&self.0.services);
        tokio::task::spawn_blocking(move || report::read(&services.store, &services.ingest.live, id, &wanted))
            .await
            .map_err(Fault::internal)?
    }
}

impl From<UrlOutcome> for source::UrlOutcome {
    fn from(outcome: UrlOutcome) -> Self {
        match outcome {
            UrlOutcome::Indexed => Self::Indexed,
            UrlOutcome::Unchanged => Self::Unchanged,
            UrlOutcome::Duplicate => Self::Duplicate,
            UrlOutcome::Skipped => Self::Skipped,
            UrlOutcome::Failed => Self::Failed,
            UrlOutcome::Missed => Self::Missed,
            UrlOutcome::Gone => Self::Gone,
        }
    }
}

impl From<Change> for source::Change {
    fn from(change: Change) -> Self {
        match change {
            Change::New => Self::New,
            Change::Changed => Self::Changed,
        }
    }
}
