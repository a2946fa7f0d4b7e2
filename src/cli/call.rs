//! Verbs that work on data: carried out here, or in the server that has the data folder.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::app::{self, local};
use crate::base::error::Outcome;
use crate::base::{Code, Fault, Progress};
use crate::config::Config;
use crate::svc::services::Services;

use super::{
    content, document, eval, import, index, jobs, key, model, output, query, repeated, site, source, topic, user,
};

/// How long a verb waits for another process to let go of the data folder.
const PATIENCE: Duration = Duration::from_secs(10);

/// Every verb that works on data.
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Call {
    /// Ask a site a question
    Ask(query::Ask),
    /// Search a site
    Search(query::Search),
    /// Read files and folders into a site
    Ingest(content::Ingest),
    /// Read what another crawler has read into a site
    Import(import::Args),
    /// Read a website into a site
    Crawl(content::Crawl),
    /// List and inspect sources
    Source(source::Args),
    /// Create, list and show sites
    Site(site::Args),
    /// List, show, exclude, delete documents and let them back
    Document(document::Args),
    /// What stands on most pages of a website and is left out
    Repeated(repeated::Args),
    /// What a site is about
    Topic(topic::Args),
    /// Accounts and the set-up link
    User(user::Args),
    /// API keys
    Key(key::Args),
    /// Embedding models: add, list, remove; change the model of a site
    Model(model::Args),
    /// Look after the indexes
    Index(index::Args),
    /// Long work: list, show, cancel, retry
    Jobs(jobs::Args),
    /// Measure answers against a question set
    Eval(eval::Args),
    /// What the server is and has
    Status(index::StatusArgs),
}

impl Call {
    /// Carries the verb out on running services.
    pub(crate) async fn carry_out(self, services: &Arc<Services>, progress: &Progress) -> Outcome<Value> {
        match self {
            Call::Ask(args) => args.run(services).await,
            Call::Search(args) => args.run(services).await,
            Call::Ingest(args) => args.run(services, progress).await,
            Call::Import(args) => args.run(services, progress).await,
            Call::Crawl(args) => args.run(services, progress).await,
            Call::Source(args) => args.run(services, progress).await,
            Call::Site(args) => args.run(services).await,
            Call::Document(args) => args.run(services, progress).await,
            Call::Repeated(args) => args.run(services, progress).await,
            Call::Topic(args) => args.run(services, progress).await,
            Call::User(args) => args.run(services).await,
            Call::Key(args) => args.run(services).await,
            Call::Model(args) => args.run(services, progress).await,
            Call::Index(args) => args.run(services, progress).await,
            Call::Jobs(args) => args.run(services).await,
            Call::Eval(args) => args.run(services, progress).await,
            Call::Status(_) => index::overview(services),
        }
    }

    /// Paths and files are the caller's: they are read or made absolute before a server sees them.
    fn prepare(&mut self) -> Outcome<()> {
        match self {
            Call::Ingest(args) => args.prepare(),
            Call::Crawl(args) => args.prepare(),
            Call::Import(args) => args.prepare(),
            Call::Source(args) => args.prepare(),
            Call::User(args) => args.prepare(),
            Call::Model(args) => args.prepare(),
            Call::Eval(args) => args.prepare(),
            _ => Ok(()),
        }
    }

    /// Verbs that need the workers when no server runs.
    const fn needs_workers(&self) -> bool {
        match self {
            Call::Ingest(_) | Call::Import(_) | Call::Crawl(_) | Call::Index(_) => true,
            Call::Repeated(_) | Call::Topic(_) => true,
            Call::Document(args) => args.needs_workers(),
            Call::Model(args) => args.needs_workers(),
            Call::Source(args) => args.needs_workers(),
            _ => false,
        }
    }

    fn show(&self, value: &Value) -> String {
        match self {
            Call::Ask(_) => query::show_answer(value),
            Call::Search(_) => query::show_hits(value),
            Call::Ingest(_) | Call::Import(_) | Call::Crawl(_) => content::show_summary(value),
            Call::Eval(_) => eval::show(value),
            _ => show_tree(value, 0),
        }
    }

    /// Files are written as the caller, not as the server that made them.
    fn keep(&self, value: Value) -> Outcome<Value> {
        match self {
            Call::Source(args) => args.keep(value),
            _ => Ok(value),
        }
    }

    /// The exit code of a result that is not an error.
    fn exit(&self, value: &Value) -> ExitCode {
        let failed = match self {
            Call::Ingest(args) => args.strict && value["failed"].as_array().is_some_and(|f| !f.is_empty()),
            Call::Index(args) => args.found_differences(value),
            Call::Eval(_) => value["worse_than_baseline"].as_bool().unwrap_or(false),
            _ => false,
        };
        ExitCode::from(u8::from(failed))
    }
}

/// Runs a verb: in the server if one runs, here otherwise.
pub(crate) async fn run(mut call: Call, config: Config, as_json: bool) -> Result<ExitCode, Fault> {
    call.prepare()?;
    let progress = output::progress();
    let data_dir = std::path::PathBuf::from(&config.server.data_dir);
    let request = serde_json::to_value(&call).map_err(Fault::internal)?;
    let outcome = match local::call(&data_dir, &request, &progress).await {
        Some(outcome) => outcome,
        None => here(call.clone(), config, &progress).await,
    };
    let value = call.keep(outcome?)?;
    output::value(&value, &call.show(&value), as_json);
    Ok(call.exit(&value))
}

async fn here(call: Call, config: Config, progress: &Progress) -> Outcome<Value> {
    let workers = call.needs_workers();
    let running = app::build(config, PATIENCE, workers)?;
    // A one-shot verb asks with the whole product, not with what happens to be loaded yet.
    let _ = running.services.model.ready().await;
    let services = Arc::clone(&running.services);
    // Nor with indexes that are still being loaded or built anew.
    for site in site_list(&services)? {
        let _ = services.models.ready(site).await;
        services.indexes.caught_up(site).await?;
    }
    let outcome = call.carry_out(&services, progress).await;
    drop(services);
    running.stop().await;
    outcome
}

fn site_list(services: &Services) -> Outcome<Vec<crate::base::id::SiteId>> {
    Ok(crate::svc::site::list(&services.store)?.into_iter().map(|site| site.id).collect())
}

/// What the server does with a request that came through the local socket.
pub(crate) fn dispatcher(services: Arc<Services>) -> local::Dispatch {
    Arc::new(move |request, progress| {
        let services = Arc::clone(&services);
        Box::pin(async move {
            let call: Call = serde_json::from_value(request).map_err(|e| {
                Fault::new(
                    Code::BadRequest,
                    format!("the running server does not know this verb; is it another version? ({e})"),
                )
            })?;
            call.carry_out(&services, &progress).await
        })
    })
}

/// Any JSON as indented text.
fn show_tree(value: &Value, depth: usize) -> String {
    let pad = "  ".repeat(depth);
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| match value {
                Value::Object(m) if !m.is_empty() => format!("{pad}{key}:\n{}", show_tree(value, depth + 1)),
                Value::Array(a) if !a.is_empty() && a.iter().any(Value::is_object) => {
                    format!("{pad}{key}:\n{}", show_tree(value, depth + 1))
                }
                other => format!("{pad}{key}: {}\n", scalar(other)),
            })
            .collect(),
        Value::Array(items) => items.iter().map(|item| format!("{pad}-\n{}", show_tree(item, depth + 1))).collect(),
        other => format!("{pad}{}\n", scalar(other)),
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "–".to_owned(),
        Value::Array(items) => items.iter().map(scalar).collect::<Vec<_>>().join(", "),
        Value::Object(_) => String::new(),
        other => other.to_string(),
    }
}
