//! `user`: accounts and the set-up link.

use std::path::PathBuf;

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::base::error::Outcome;
use crate::base::{Code, Fault};
use crate::svc::auth::{self, NewUser};
use crate::svc::services::Services;

#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
enum Verb {
    /// Make an account
    Create {
        email: String,
        /// The account may do everything
        #[arg(long, required = true)]
        operator: bool,
        /// File whose first line is the password
        #[arg(long, value_name = "FILE")]
        password_file: PathBuf,
        /// Read from the file before the verb is carried out
        #[arg(skip)]
        password: String,
    },
    /// Accounts
    List,
    /// Print a fresh one-time link that makes an account
    SetupLink,
}

impl Args {
    /// Reads the password here: a server need not see the file.
    pub(crate) fn prepare(&mut self) -> Outcome<()> {
        if let Verb::Create { password_file, password, .. } = &mut self.verb {
            let text = std::fs::read_to_string(&*password_file).map_err(|e| {
                Fault::new(Code::BadRequest, format!("{} cannot be read: {e}", password_file.display()))
            })?;
            text.lines().next().unwrap_or_default().clone_into(password);
        }
        Ok(())
    }

    pub(crate) async fn run(self, services: &Services) -> Outcome<Value> {
        let store = &services.store;
        match self.verb {
            Verb::Create { email, password, .. } => {
                let user = auth::create_operator(store, NewUser { email, password, name: None, locale: None }).await?;
                Ok(json!({"id": user.id.to_string(), "email": user.email, "role": "operator"}))
            }
            Verb::List => {
                let rows: Vec<Value> = auth::users(store)?
                    .into_iter()
                    .map(|u| json!({"id": u.id.to_string(), "email": u.email}))
                    .collect();
                Ok(json!({"users": rows}))
            }
            Verb::SetupLink => {
                let token = auth::setup_link(store, true).await?;
                Ok(json!({"link": setup_address(&services.config.server, &token), "valid_hours": 24}))
            }
        }
    }
}

/// The address of the set-up page with its token.
pub(crate) fn setup_address(server: &crate::config::Server, token: &str) -> String {
    format!("{}/setup?token={token}", base_address(server))
}

/// The address people use.
pub(crate) fn base_address(server: &crate::config::Server) -> String {
    if server.public_url.is_empty() {
        format!("http://{}", server.listen)
    } else {
        server.public_url.trim_end_matches('/').to_owned()
    }
}
