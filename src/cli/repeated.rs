//! `repeated`: parts that stand on most pages of a website, and pages that repeat another.

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::base::error::Outcome;
use crate::base::{Fault, Progress};
use crate::svc::job::Kind;
use crate::svc::services::Services;
use crate::svc::{alike, repeat, site};

#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
enum Verb {
    /// What is left out of all pages but one, most frequent first
    List {
        #[arg(long)]
        site: String,
    },
    /// Have a part on every page again
    Keep {
        #[arg(long)]
        site: String,
        /// As in the list
        id: String,
    },
    /// Leave a kept part out again
    Ignore {
        #[arg(long)]
        site: String,
        id: String,
    },
    /// Pages that repeat another page; `document include` takes one back in for good
    Copies {
        #[arg(long)]
        site: String,
    },
    /// Learn anew from the pages as they are stored
    Learn {
        #[arg(long)]
        site: String,
    },
}

impl Args {
    pub(crate) async fn run(self, services: &Services, progress: &Progress) -> Outcome<Value> {
        let (site, part) = match self.verb {
            Verb::List { site } => {
                let site = site::find(&services.store, &site)?;
                let parts = repeat::list(&services.store, site.id)?.into_iter();
                let rows = parts.map(|(source, part)| json!({"source": source.to_string(), "part": part}));
                return Ok(json!({"parts": rows.collect::<Vec<_>>()}));
            }
            Verb::Copies { site } => {
                let site = site::find(&services.store, &site)?;
                let copies = alike::list(&services.store, site.id)?;
                let rows = copies.iter().map(|copy| {
                    json!({"id": copy.document.id.to_string(), "key": copy.document.key, "title": copy.document.title,
                        "why": copy.why, "duplicate_of": copy.original.key})
                });
                return Ok(json!({"copies": rows.collect::<Vec<_>>()}));
            }
            Verb::Keep { site, id } => (site, Some((id, true))),
            Verb::Ignore { site, id } => (site, Some((id, false))),
            Verb::Learn { site } => (site, None),
        };
        let site = site::find(&services.store, &site)?;
        if let Some((id, kept)) = part {
            // The same text may repeat on two websites of the site; it is one wish.
            let sources: Vec<_> =
                repeat::list(&services.store, site.id)?.into_iter().filter(|(_, part)| part.id == id).collect();
            if sources.is_empty() {
                return Err(Fault::not_found(format!("repeated part {id}; `repeated list` shows them")));
            }
            for (source, part) in sources {
                repeat::keep(&services.store, site.id, source, part.id, kept).await?;
            }
        }
        let job = services.jobs.submit(site.id, Kind::Repeated).await?;
        super::content::wait(services, job, progress).await
    }
}
