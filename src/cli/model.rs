//! `model`: the embedding models of this installation.

use std::path::PathBuf;

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::base::clock::rfc3339;
use crate::base::error::Outcome;
use crate::base::{Code, Fault};
use crate::embed::{ImportOptions, LoadState, Pooling};
use crate::svc::model::{Added, BUILT_IN, name_from};
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
    /// The models there are
    List,
    /// Remove an added model and its files
    Remove { name: String },
}

impl Args {
    /// The path is the caller's: it is made absolute before a server sees it.
    pub(crate) fn prepare(&mut self) -> Outcome<()> {
        if let Verb::Import { path, name, .. } = &mut self.verb {
            *path = std::path::absolute(&*path)
                .map_err(|e| Fault::new(Code::BadRequest, format!("{} cannot be read: {e}", path.display())))?;
            let stem = if path.is_file() { path.file_stem() } else { path.file_name() };
            name.get_or_insert_with(|| name_from(&stem.unwrap_or_default().to_string_lossy()));
        }
        Ok(())
    }

    pub(crate) async fn run(self, services: &Services) -> Outcome<Value> {
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
