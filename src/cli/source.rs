//! `source`: the websites of a site, when they are read, and what became of each address.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::base::clock::rfc3339;
use crate::base::error::Outcome;
use crate::base::id::SourceId;
use crate::base::{Code, Fault, Progress, fsx};
use crate::svc::ingest::report::{self, Wanted};
use crate::svc::ingest::report_csv::{self, Reader};
use crate::svc::ingest::schedule;
use crate::svc::ingest::sign_in;
use crate::svc::ingest::source::{self, Change, UrlOutcome};
use crate::svc::ingest::watch;
use crate::svc::job::Kind;
use crate::svc::services::Services;
use crate::svc::site;

use super::content::{absolute, wait};

#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
enum Verb {
    /// Sources of a site
    List {
        #[arg(long)]
        site: String,
    },
    /// Make a folder of this machine a source, and read it; the configuration has to allow it
    AddFolder {
        path: String,
        /// Slug of the site
        #[arg(long)]
        site: String,
        /// Look for changes every so many seconds while the server runs
        #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "60")]
        watch: Option<u64>,
        /// Return at once with the number of the job
        #[arg(long)]
        no_wait: bool,
    },
    /// When it is read again by itself: hourly, daily, weekly, off, or cron such as "30 3 * * 1-5"
    Schedule {
        /// Such as src_1
        id: String,
        when: String,
    },
    /// Sign in there for its crawls, or no more
    SignIn {
        /// Such as src_1
        id: String,
        #[command(flatten)]
        options: super::sign_in::Options,
        /// Forget what was set
        #[arg(long)]
        off: bool,
    },
    /// What became of each address in the crawl under way, else in the last one
    Report(Lines),
}

#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
struct Lines {
    /// Such as src_1
    id: String,
    /// Only addresses that came to this
    #[arg(long)]
    outcome: Option<Came>,
    /// Only pages that are new or changed since the crawl before
    #[arg(long)]
    change: Option<Is>,
    /// Only addresses left out for this reason, such as robots
    #[arg(long, value_name = "CODE")]
    reason: Option<String>,
    /// Only lines with these words in address, title or reason
    #[arg(long, value_name = "WORDS", default_value = "")]
    search: String,
    /// Only addresses whose content counts under another one
    #[arg(long)]
    duplicates: bool,
    /// Most lines; all by default
    #[arg(long)]
    limit: Option<usize>,
    /// Begin behind this line: the `next_cursor` of the report before
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
    /// Write the lines to this file instead, for spreadsheet programs
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Language and separator of that file
    #[arg(long, default_value = "en")]
    locale: Locale,
}

#[derive(Debug, Clone, Copy, ValueEnum, Serialize, Deserialize)]
enum Came {
    Indexed,
    Unchanged,
    Duplicate,
    Skipped,
    Failed,
    Missed,
    Gone,
}

#[derive(Debug, Clone, Copy, ValueEnum, Serialize, Deserialize)]
enum Is {
    New,
    Changed,
}

#[derive(Debug, Clone, Copy, ValueEnum, Serialize, Deserialize)]
enum Locale {
    En,
    De,
}

impl Args {
    /// Paths are the caller's: they are read or made absolute before a server sees them.
    pub(crate) fn prepare(&mut self) -> Outcome<()> {
        match &mut self.verb {
            Verb::AddFolder { path, .. } => {
                *path = absolute(path)?;
                Ok(())
            }
            Verb::SignIn { options, .. } => options.prepare(),
            _ => Ok(()),
        }
    }

    /// Writes the file that was asked for.
    pub(crate) fn keep(&self, value: Value) -> Outcome<Value> {
        let Verb::Report(Lines { csv: Some(path), .. }) = &self.verb else { return Ok(value) };
        let text = value["csv"].as_str().unwrap_or_default();
        let full = std::path::absolute(path).and_then(|full| fsx::write_atomic(&full, text.as_bytes()).map(|()| full));
        let full = full.map_err(|error| {
            Fault::new(Code::BadRequest, format!("{} cannot be written: {error}; name another file", path.display()))
        })?;
        Ok(json!({"file": full.display().to_string(), "lines": value["lines"]}))
    }

    /// Whether jobs have to run for it.
    pub(crate) const fn needs_workers(&self) -> bool {
        matches!(self.verb, Verb::AddFolder { .. })
    }

    pub(crate) async fn run(self, services: &Services, progress: &Progress) -> Outcome<Value> {
        match self.verb {
            Verb::AddFolder { path, site, watch, no_wait } => {
                let site = site::find(&services.store, &site)?;
                let source = watch::add(&services.store, site.id, &path, watch, &services.ingest.folders).await?;
                let job = services.jobs.submit(site.id, Kind::Crawl { source: source.id }).await?;
                if no_wait {
                    Ok(json!({"job_id": job.to_string(), "source_id": source.id.to_string()}))
                } else {
                    wait(services, job, progress).await
                }
            }
            Verb::List { site } => {
                let site = site::find(&services.store, &site)?;
                Ok(json!({"sources": source::list(&services.store, site.id)?}))
            }
            Verb::Schedule { id, when } => {
                let source = schedule::set(&services.store, parse(&id)?, &when).await?;
                Ok(json!({
                    "source_id": source.id.to_string(),
                    "schedule": source.schedule,
                    "next_crawl": source.next_at.map(rfc3339),
                }))
            }
            Verb::SignIn { id, options, off } => {
                let (id, given) = (parse(&id)?, options.given());
                if given.is_none() && !off {
                    return Err(Fault::new(
                        Code::BadRequest,
                        "say how: --user with --password-file, --header with --value-file, or --off",
                    ));
                }
                sign_in::set(&services.store, id, given).await?;
                Ok(json!({"source_id": id.to_string(), "sign_in": sign_in::kind(&services.store, id)?}))
            }
            Verb::Report(lines) => lines.read(services),
        }
    }
}

impl Lines {
    fn read(self, services: &Services) -> Outcome<Value> {
        let wanted = Wanted {
            outcome: self.outcome.map(Into::into),
            change: self.change.map(|is| match is {
                Is::New => Change::New,
                Is::Changed => Change::Changed,
            }),
            code: self.reason,
            words: self.search,
            duplicates: self.duplicates,
            cursor: self.after,
            limit: self.limit,
        };
        let report = report::read(&services.store, &services.ingest.live, parse(&self.id)?, &wanted)?;
        if self.csv.is_none() {
            return serde_json::to_value(report).map_err(Fault::internal);
        }
        let reader = match self.locale {
            Locale::En => Reader::English,
            Locale::De => Reader::German,
        };
        let text = String::from_utf8(report_csv::csv(&report.urls, reader)?).map_err(Fault::internal)?;
        Ok(json!({"csv": text, "lines": report.urls.len()}))
    }
}

impl From<Came> for UrlOutcome {
    fn from(came: Came) -> Self {
        match came {
            Came::Indexed => Self::Indexed,
            Came::Unchanged => Self::Unchanged,
            Came::Duplicate => Self::Duplicate,
            Came::Skipped => Self::Skipped,
            Came::Failed => Self::Failed,
            Came::Missed => Self::Missed,
            Came::Gone => Self::Gone,
        }
    }
}

fn parse(id: &str) -> Outcome<SourceId> {
    id.parse().map_err(|error: crate::base::id::IdError| Fault::new(Code::BadRequest, error.to_string()))
}
