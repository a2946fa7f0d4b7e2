//! `jobs`: long work.

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::base::error::Outcome;
use crate::base::id::{IdError, JobId};
use crate::base::{Code, Fault};
use crate::svc::services::Services;
use crate::svc::site;

#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
enum Verb {
    /// Jobs, newest first
    List {
        #[arg(long)]
        site: Option<String>,
    },
    /// One job
    Show { id: String },
    /// Stop a job
    Cancel { id: String },
    /// Queue a failed or cancelled job again
    Retry { id: String },
}

fn id(text: &str) -> Outcome<JobId> {
    text.parse().map_err(|e: IdError| Fault::new(Code::BadRequest, e.to_string()))
}

impl Args {
    pub(crate) async fn run(self, services: &Services) -> Outcome<Value> {
        let jobs = &services.jobs;
        match self.verb {
            Verb::List { site } => {
                let site = site.map(|slug| site::find(&services.store, &slug)).transpose()?;
                Ok(json!({"jobs": jobs.list(site.map(|s| s.id))?}))
            }
            Verb::Show { id: job } => Ok(json!(jobs.get(id(&job)?)?)),
            Verb::Cancel { id: job } => Ok(json!(jobs.cancel(id(&job)?).await?)),
            Verb::Retry { id: job } => Ok(json!(jobs.retry(id(&job)?).await?)),
        }
    }
}
