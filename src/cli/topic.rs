//! `topic`: what a site is about.

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::base::clock::rfc3339;
use crate::base::error::Outcome;
use crate::base::id::{DocumentId, IdError, TopicId};
use crate::base::{Fault, Progress};
use crate::svc::job::Kind;
use crate::svc::services::Services;
use crate::svc::topic::{self, Change};
use crate::svc::{knowledge, site};

#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
enum Verb {
    /// Topics with the words that tell them apart, largest first
    List {
        #[arg(long)]
        site: String,
    },
    /// The pages of one topic, the most typical first
    Show {
        #[arg(long)]
        site: String,
        /// Such as topic_1
        id: String,
    },
    /// Group the pages anew, if there are other pages than last time
    Build {
        #[arg(long)]
        site: String,
    },
    /// Give a topic a name that stays
    Rename {
        #[arg(long)]
        site: String,
        id: String,
        name: String,
    },
    /// Keep a topic from visitors
    Hide {
        #[arg(long)]
        site: String,
        id: String,
    },
    /// Show a hidden topic again
    Unhide {
        #[arg(long)]
        site: String,
        id: String,
    },
    /// Put another topic into this one, for good
    Merge {
        #[arg(long)]
        site: String,
        id: String,
        other: String,
    },
    /// Make a topic of its own of some pages
    Split {
        #[arg(long)]
        site: String,
        id: String,
        name: String,
        /// Such as doc_1
        #[arg(required = true)]
        documents: Vec<String>,
    },
    /// Versions that can be taken back
    Versions {
        #[arg(long)]
        site: String,
    },
    /// Take an earlier version back
    Restore {
        #[arg(long)]
        site: String,
        version: u64,
    },
}

fn id(text: &str) -> Outcome<TopicId> {
    text.parse().map_err(|e: IdError| Fault::invalid(e.to_string()))
}

impl Args {
    pub(crate) async fn run(self, services: &Services, progress: &Progress) -> Outcome<Value> {
        let store = &services.store;
        let (slug, change) = match self.verb {
            Verb::List { site } => {
                let set = topic::latest(&store.snapshot()?, site::find(store, &site)?.id)?;
                return Ok(json!({"version": set.version, "topics": set.topics.iter().map(row).collect::<Vec<_>>()}));
            }
            Verb::Show { site, id: topic } => return show(services, &site, id(&topic)?),
            Verb::Build { site } => {
                let job = services.jobs.submit(site::find(store, &site)?.id, Kind::Topics).await?;
                return super::content::wait(services, job, progress).await;
            }
            Verb::Versions { site } => {
                let versions = topic::versions(&store.snapshot()?, site::find(store, &site)?.id)?;
                let rows = versions.iter().rev().map(
                    |set| json!({"version": set.version, "made_at": rfc3339(set.made_at), "made": set.made, "topics": set.topics.len()}),
                );
                return Ok(json!({"versions": rows.collect::<Vec<_>>()}));
            }
            Verb::Restore { site, version } => {
                let set = topic::restore(store, site::find(store, &site)?.id, version).await?;
                return Ok(json!({"restored": version, "topics": set.topics.len()}));
            }
            Verb::Rename { site, id: topic, name } => (site, Change::Rename { topic: id(&topic)?, name }),
            Verb::Hide { site, id: topic } => (site, Change::Hide { topic: id(&topic)?, hidden: true }),
            Verb::Unhide { site, id: topic } => (site, Change::Hide { topic: id(&topic)?, hidden: false }),
            Verb::Merge { site, id: topic, other } => (site, Change::Merge { topic: id(&topic)?, with: id(&other)? }),
            Verb::Split { site, id: topic, name, documents } => {
                let documents: Result<Vec<DocumentId>, IdError> = documents.iter().map(|id| id.parse()).collect();
                let documents = documents.map_err(|e| Fault::invalid(e.to_string()))?;
                (site, Change::Split { topic: id(&topic)?, documents, name })
            }
        };
        Ok(row(&topic::change(store, site::find(store, &slug)?.id, change).await?))
    }
}

fn row(topic: &topic::Topic) -> Value {
    json!({"id": topic.id.to_string(), "name": topic.name, "words": topic.words.join(", "), "language": topic.language,
        "documents": topic.documents.len(), "hidden": topic.hidden})
}

fn show(services: &Services, slug: &str, id: TopicId) -> Outcome<Value> {
    let snapshot = services.store.snapshot()?;
    let site = site::find(&services.store, slug)?.id;
    let set = topic::latest(&snapshot, site)?;
    let topic = set.topics.iter().find(|topic| topic.id == id);
    let topic = topic.ok_or_else(|| Fault::not_found(format!("topic {id}; `topic list` shows them")))?;
    let mut pages = Vec::with_capacity(topic.documents.len());
    for &id in &topic.documents {
        // Deleted since: the next grouping forgets it.
        if let Ok(document) = knowledge::document(&snapshot, site, id) {
            pages.push(json!({"id": id.to_string(), "title": document.title, "key": document.key}));
        }
    }
    let mut shown = row(topic);
    shown["pages"] = json!(pages);
    Ok(shown)
}
