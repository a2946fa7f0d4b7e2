//! `import`: what another crawler has read, with the addresses of its pages.

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::base::error::Outcome;
use crate::base::{Code, Fault, Progress};
use crate::svc::job::{ImportFormat, Kind};
use crate::svc::services::Services;
use crate::svc::site;

use super::content;

#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
    /// Slug of the site
    #[arg(long, global = true, default_value = "")]
    site: String,
    /// Return at once with the number of the job
    #[arg(long, global = true)]
    no_wait: bool,
}

#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
enum Verb {
    /// A JSON export of Firecrawl: an array of pages, or {"data": [...]}
    Firecrawl { file: String },
    /// A folder of Markdown files named by their addresses, such as www_stadt_de_leben.md
    Scans {
        folder: String,
        /// Website of files whose names hold only the path, such as https://www.stadt.de
        #[arg(long, value_name = "URL")]
        base: Option<String>,
    },
}

impl Args {
    /// Paths are the caller's.
    pub(crate) fn prepare(&mut self) -> Outcome<()> {
        if self.site.is_empty() {
            return Err(Fault::new(Code::BadRequest, "name the site: --site SLUG"));
        }
        let (Verb::Firecrawl { file: path } | Verb::Scans { folder: path, .. }) = &mut self.verb;
        let full = std::fs::canonicalize(&*path)
            .map_err(|e| Fault::new(Code::BadRequest, format!("{path} cannot be read: {e}; check the path")))?;
        *path = full.display().to_string();
        Ok(())
    }

    pub(crate) async fn run(self, services: &Services, progress: &Progress) -> Outcome<Value> {
        let site = site::find(&services.store, &self.site)?;
        let (format, path, base) = match self.verb {
            Verb::Firecrawl { file } => (ImportFormat::Firecrawl, file, None),
            Verb::Scans { folder, base } => (ImportFormat::Scans, folder, base),
        };
        let job = services.jobs.submit(site.id, Kind::Import { format, path, base }).await?;
        if self.no_wait { Ok(json!({"job_id": job.to_string()})) } else { content::wait(services, job, progress).await }
    }
}
