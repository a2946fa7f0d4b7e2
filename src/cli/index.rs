//! `index` and `status`.

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::base::Fault;
use crate::base::error::Outcome;
use crate::store::{Key, Table};
use crate::svc::knowledge::{self, Document, QueueItem};
use crate::svc::services::Services;
use crate::svc::site::{self, Site};

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
    pub(crate) const fn is_verify(&self) -> bool {
        matches!(self.verb, Verb::Verify { .. })
    }

    pub(crate) async fn run(self, services: &Services) -> Outcome<Value> {
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
    let (id, model) = (site.id, services.indexes.model().id);
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
