//! `key`: API keys for programs.

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::base::Fault;
use crate::base::clock::now_ms;
use crate::base::error::Outcome;
use crate::svc::auth::{self, Scope};
use crate::svc::services::Services;
use crate::svc::site;

#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
enum Verb {
    /// Make a key; it is shown this once
    Create {
        #[arg(long)]
        site: String,
        /// ask, search, documents, crawl, admin
        #[arg(long, value_delimiter = ',', required = true)]
        scope: Vec<String>,
        /// Days until it ends; without it the key does not end
        #[arg(long, value_name = "DAYS")]
        expires: Option<u64>,
    },
    /// Keys, without their secrets
    List {
        #[arg(long)]
        site: Option<String>,
    },
    /// End a key at once
    Delete { id: String },
}

impl Args {
    pub(crate) async fn run(self, services: &Services) -> Outcome<Value> {
        let store = &services.store;
        match self.verb {
            Verb::Create { site, scope, expires } => {
                let site = site::find(store, &site)?;
                let scopes = scope.iter().map(|s| s.parse::<Scope>()).collect::<Outcome<Vec<_>>>()?;
                let expires_at = expires.map(|days| now_ms().saturating_add(days.saturating_mul(86_400_000)));
                let key = auth::create_key(store, site.id, scopes, expires_at).await?;
                serde_json::to_value(key).map_err(Fault::internal)
            }
            Verb::List { site } => {
                let site = site.map(|slug| site::find(store, &slug)).transpose()?;
                let rows: Vec<Value> = auth::keys(store, site.map(|s| s.id))?.into_iter().map(|k| json!({"id": k.id, "site": k.site.to_string(), "scopes": k.scopes, "expires_at": k.expires_at})).collect();
                Ok(json!({"keys": rows}))
            }
            Verb::Delete { id } => {
                auth::delete_key(store, &id).await?;
                Ok(json!({"deleted": id}))
            }
        }
    }
}
