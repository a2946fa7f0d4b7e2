//! `index` and `status`.

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::base::error::Outcome;
use crate::base::{Fault, Progress};
use crate::store::{Key, Table};
use crate::svc::knowledge::{self, Document, QueueItem};
use crate::svc::services::Services;
use crate::svc::site::{self, Site};

use super::content::wait;

#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
enum Verb {
    /// What the indexes hold
    Status {
        #[arg(long)]
        site: Option<String>,
    },
    /// Compare the indexes with the store; exit with 1 on a difference
    Verify {
        #[arg(long)]
        site: Option<String>,
    },
    /// Compare indexes, documents and sources, document by document; exit with 1 on a difference that is not mended
    Audit {
        #[arg(long)]
        site: Option<String>,
        /// Look up or read again what differs
        #[arg(long)]
        mend: bool,
    },
    /// Build the indexes anew from the store
    Rebuild {
        #[arg(long)]
        site: Option<String>,
        /// Embed every text anew
        #[arg(long)]
        reembed: bool,
    },
}

fn chosen(services: &Services, slug: Option<&str>) -> Outcome<Vec<Site>> {
    match slug {
        Some(slug) => Ok(vec![site::find(&services.store, slug)?]),
        None => site::list(&services.store),
    }
}

impl Args {
    /// Whether the result of a comparison names a difference that is left.
    pub(crate) fn found_differences(&self, value: &Value) -> bool {
        match self.verb {
            Verb::Verify { .. } => value["differences"].as_array().is_some_and(|list| !list.is_empty()),
            Verb::Audit { mend, .. } => !mend && value["differences"].as_u64().is_some_and(|n| n > 0),
            _ => false,
        }
    }

    pub(crate) async fn run(self, services: &Services, progress: &Progress) -> Outcome<Value> {
        match self.verb {
            Verb::Status { site } => {
                let mut sites = serde_json::Map::new();
                for site in chosen(services, site.as_deref())? {
                    services.indexes.caught_up(site.id).await?;
                    sites.insert(
                        site.slug,
                        serde_json::to_value(services.indexes.status(site.id)?).map_err(Fault::internal)?,
                    );
                }
                Ok(json!({"sites": sites}))
            }
            Verb::Verify { site } => {
                let mut differences = Vec::new();
                let mut checked = 0;
                for site in chosen(services, site.as_deref())? {
                    services.indexes.caught_up(site.id).await?;
                    checked += 1;
                    for difference in services.indexes.verify(site.id)? {
                        let mut row = serde_json::to_value(difference).map_err(Fault::internal)?;
                        row["site"] = json!(site.slug);
                        differences.push(row);
                    }
                }
                Ok(json!({"sites": checked, "differences": differences}))
            }
            Verb::Audit { site, mend } => {
                let (mut sites, mut differences) = (serde_json::Map::new(), 0);
                for site in chosen(services, site.as_deref())? {
                    let audit = services.ingest.audit_job(&services.jobs, site.id, mend).await?;
                    let count = |kind: &str| audit[kind].as_u64().unwrap_or_default();
                    differences += count("missing") + count("stale") + count("surplus");
                    for job in audit["mended"]["jobs"].as_array().into_iter().flatten() {
                        if let Some(Ok(job)) = job.as_str().map(str::parse) {
                            // Its end is told by the job; the next audit tells what is left.
                            let _ = wait(services, job, progress).await;
                        }
                    }
                    sites.insert(site.slug, audit);
                }
                Ok(json!({"sites": sites, "differences": differences}))
            }
            Verb::Rebuild { site, reembed } => {
                let mut rebuilt = Vec::new();
                for site in chosen(services, site.as_deref())? {
                    if reembed {
                        requeue(services, &site).await?;
                    }
                    let indexes = std::sync::Arc::clone(&services.indexes);
                    let id = site.id;
                    tokio::task::spawn_blocking(move || indexes.rebuild(id)).await.map_err(Fault::internal)??;
                    if reembed {
                        services.ingest.embedder.poke();
                        while knowledge::pending(&services.store.snapshot()?, id)? > 0 && services.model.get().is_some()
                        {
                            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                        }
                        services.indexes.caught_up(id).await?;
                    }
                    rebuilt.push(json!({"site": site.slug, "status": services.indexes.status(id)?}));
                }
                Ok(json!({"rebuilt": rebuilt}))
            }
        }
    }
}

/// Drops the vectors of a site's passages and queues them again.
async fn requeue(services: &Services, site: &Site) -> Outcome<()> {
    let (id, model) = (site.id, services.models.key_of(site.id)?.id);
    services
        .store
        .write(move |batch| {
            let documents = batch.list::<Document>(id.to_key())?.into_iter().map(|(_, document)| document);
            for document in documents.filter(Document::is_live) {
                for chunk in document.chunks {
                    if let Some(stored) = batch.get::<knowledge::Chunk>(Key::of(id).and(chunk))?
                        && let Ok(hash) = blake3_from_hex(&stored.text_hash)
                    {
                        batch.delete(Table::Vectors, knowledge::VectorKey::of_hash(&model, &hash));
                    }
                    batch.put_raw(Table::EmbedQueue, Key::of(QueueItem::PASSAGE).and(id).and(chunk), Vec::new());
                }
            }
            Ok(())
        })
        .await
}

fn blake3_from_hex(hex: &str) -> Result<[u8; 32], blake3::HexError> {
    blake3::Hash::from_hex(hex).map(|hash| *hash.as_bytes())
}

#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub(crate) struct StatusArgs {}

/// What the server is and has.
pub(crate) fn overview(services: &Services) -> Outcome<Value> {
    let mut sites = Vec::new();
    for site in site::list(&services.store)? {
        let counts = knowledge::counts(&services.store, site.id)?;
        sites.push(json!({"slug": site.slug, "name": site.name, "counts": counts, "questions": services.dialogs.count(&site)?}));
    }
    Ok(json!({"version": env!("CARGO_PKG_VERSION"), "model": services.model.state().as_str(), "sites": sites}))
}
