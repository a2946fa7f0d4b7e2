//! `model`: the embedding models of this installation.

use std::path::PathBuf;

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::base::clock::rfc3339;
use crate::base::error::Outcome;
use crate::base::{Code, Fault, Progress};
use crate::embed::{ImportOptions, LoadState, Pooling};
use crate::svc::model::{Added, BUILT_IN, Service, name_from};
use crate::svc::services::Services;
use crate::svc::{knowledge, site};

#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
enum Verb {
    /// Add a model of the BERT or XLM-RoBERTa family: a folder with config.json, tokenizer.json and model.safetensors or
    /// a .gguf file, or one of these weights files with the others beside it
    Import {
        /// The folder or file
        path: PathBuf,
        /// What it is called here; made from the path when absent
        #[arg(long)]
        name: Option<String>,
        /// How token vectors become one, where the files do not say: mean or cls
        #[arg(long, value_parser = ["mean", "cls"])]
        pooling: Option<String>,
        /// What is put before each question, such as "query: "
        #[arg(long)]
        query_prefix: Option<String>,
        /// What is put before each passage, such as "passage: "
        #[arg(long)]
        passage_prefix: Option<String>,
        /// Longest text in tokens; what is longer is cut
        #[arg(long)]
        max_tokens: Option<usize>,
    },
    /// Add an embedding service that speaks the OpenAI contract. Texts and questions of sites that use it are sent
    /// there: they leave this machine
    AddRemote {
        /// What it is called here
        name: String,
        /// Address of the service, such as https://api.example/v1
        #[arg(long)]
        url: String,
        /// What the service calls the model
        #[arg(long)]
        model: String,
        /// Length of its vectors
        #[arg(long)]
        dimensions: usize,
        /// Ask the service for vectors of this length; only some can shorten them
        #[arg(long)]
        shorten: bool,
        /// Environment variable of the server with the key
        #[arg(long, value_name = "VARIABLE", conflicts_with = "key_file")]
        key_env: Option<String>,
        /// File with the key
        #[arg(long, value_name = "FILE")]
        key_file: Option<PathBuf>,
        #[arg(long, default_value = "")]
        query_prefix: String,
        #[arg(long, default_value = "")]
        passage_prefix: String,
    },
    /// Let another model read a site beside the one it has, then compare both
    Switch {
        #[arg(long)]
        site: String,
        /// A name of `model list`
        #[arg(long, value_name = "NAME")]
        to: String,
        /// Questions to compare with, besides the titles of the site; JSON lines as in `eval run`
        #[arg(long, value_name = "FILE")]
        set: Option<String>,
        /// Use the new model at once when no figure is worse
        #[arg(long)]
        accept_if_not_worse: bool,
        /// Return at once
        #[arg(long)]
        no_wait: bool,
    },
    /// Use the new model of a site from now on
    Accept {
        #[arg(long)]
        site: String,
    },
    /// Use the old model of a site again
    Undo {
        #[arg(long)]
        site: String,
    },
    /// End a change of model: the one in use stays, the vectors of the other go
    Forget {
        #[arg(long)]
        site: String,
    },
    /// What a site uses, and how far a change is
    Status {
        #[arg(long)]
        site: String,
    },
    /// The models there are
    List,
    /// Remove an added model and its files
    Remove { name: String },
}

impl Args {
    /// Paths and files are the caller's: they are read or made absolute before a server sees them.
    pub(crate) fn prepare(&mut self) -> Outcome<()> {
        if let Verb::Import { path, name, .. } = &mut self.verb {
            *path = std::path::absolute(&*path)
                .map_err(|e| Fault::new(Code::BadRequest, format!("{} cannot be read: {e}", path.display())))?;
            let stem = if path.is_file() { path.file_stem() } else { path.file_name() };
            name.get_or_insert_with(|| name_from(&stem.unwrap_or_default().to_string_lossy()));
        }
        if let Verb::AddRemote { key_file: Some(file), .. } = &mut self.verb {
            *file = std::path::absolute(&*file)
                .map_err(|e| Fault::new(Code::BadRequest, format!("{} cannot be read: {e}", file.display())))?;
        }
        if let Verb::Switch { set: Some(set), .. } = &mut self.verb {
            *set = std::fs::read_to_string(&*set)
                .map_err(|e| Fault::new(Code::BadRequest, format!("{set} cannot be read: {e}")))?;
        }
        Ok(())
    }

    /// A change needs the workers when no server runs; so does what was waiting when the model was exchanged.
    pub(crate) const fn needs_workers(&self) -> bool {
        matches!(self.verb, Verb::Switch { .. } | Verb::Accept { .. } | Verb::Undo { .. })
    }

    pub(crate) async fn run(self, services: &Services, progress: &Progress) -> Outcome<Value> {
        match self.verb {
            Verb::Import { path, name, pooling, query_prefix, passage_prefix, max_tokens } => {
                let pooling = pooling.map(|pooling| if pooling == "cls" { Pooling::Cls } else { Pooling::Mean });
                let options = ImportOptions { pooling, query_prefix, passage_prefix, max_tokens };
                let (added, warning) = services.models.import(&path, &name.unwrap_or_default(), options).await?;
                let mut value = row(&added);
                value["reembedding_seconds"] = reembedding(services, &added)?;
                if let Some(warning) = warning {
                    value["warning"] = json!(warning);
                }
                Ok(value)
            }
            Verb::AddRemote {
                name,
                url,
                model,
                dimensions,
                shorten,
                key_env,
                key_file,
                query_prefix,
                passage_prefix,
            } => {
                let service = Service {
                    url,
                    model,
                    dimensions,
                    send_dimensions: shorten,
                    key_env,
                    key_file: key_file.map(|file| file.display().to_string()),
                    query_prefix,
                    passage_prefix,
                };
                let (added, warning) = services.models.add_service(&name, service).await?;
                let mut value = row(&added);
                value["note"] = json!("texts and questions of sites that use this model are sent to the service");
                if let Some(warning) = warning {
                    value["warning"] = json!(warning);
                }
                Ok(value)
            }
            Verb::Switch { site, to, set, accept_if_not_worse, no_wait } => {
                let site = site::find(&services.store, &site)?;
                let set = set.unwrap_or_default();
                let job = services.switches.begin(&site, &to, &set, accept_if_not_worse).await?;
                if no_wait {
                    return Ok(json!({"job_id": job.to_string()}));
                }
                super::content::wait(services, job, progress).await
            }
            Verb::Accept { site } => {
                let site = site::find(&services.store, &site)?;
                services.switches.accept(&site).await?;
                services.switches.status(&site)
            }
            Verb::Undo { site } => {
                let site = site::find(&services.store, &site)?;
                services.switches.undo(&site).await?;
                services.switches.status(&site)
            }
            Verb::Forget { site } => {
                let site = site::find(&services.store, &site)?;
                services.switches.forget(&site).await?;
                services.switches.status(&site)
            }
            Verb::Status { site } => services.switches.status(&site::find(&services.store, &site)?),
            Verb::List => {
                let mut rows = Vec::new();
                if let LoadState::Ready(model) = services.model.state() {
                    rows.push(json!({
                        "name": BUILT_IN,
                        "model": model.manifest.name,
                        "dimensions": model.manifest.dimensions,
                        "max_tokens": model.manifest.max_tokens,
                        "licence": model.manifest.licence,
                    }));
                }
                rows.extend(services.models.list()?.iter().map(row));
                Ok(json!({"models": rows}))
            }
            Verb::Remove { name } => {
                services.models.remove(&name).await?;
                Ok(json!({"removed": name}))
            }
        }
    }
}

fn row(model: &Added) -> Value {
    json!({
        "name": model.name,
        "id": model.id,
        "dimensions": model.dimensions,
        "max_tokens": model.max_tokens,
        "bytes": model.bytes,
        "tokens_per_second": model.tried.tokens_per_second.round(),
        "cosine_alike": model.tried.cosine_alike,
        "cosine_other": model.tried.cosine_other,
        "added_at": rfc3339(model.added_at),
        "service": model.service.as_ref().map(|service| &service.url),
    })
}

/// Seconds that embedding each site anew would take, by what the trial measured.
fn reembedding(services: &Services, model: &Added) -> Outcome<Value> {
    let snapshot = services.store.snapshot()?;
    let mut seconds = serde_json::Map::new();
    for site in site::list(&services.store)? {
        let tokens = knowledge::text_bytes(&snapshot, site.id)? as f64 / model.tried.bytes_per_token.max(1.0);
        seconds.insert(site.slug, json!((tokens / model.tried.tokens_per_second.max(1.0)).ceil()));
    }
    Ok(Value::Object(seconds))
}
