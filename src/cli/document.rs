//! `document`: what a site knows.

use clap::{Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::base::clock::rfc3339;
use crate::base::error::Outcome;
use crate::base::id::{DocumentId, SiteId};
use crate::base::{Code, Fault, Progress};
use crate::store::Store;
use crate::svc::job::Kind;
use crate::svc::knowledge::{self, Cursor, Filter, Listed, State, Why};
use crate::svc::services::Services;
use crate::svc::site;

use super::content::wait;

#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
enum Verb {
    /// Documents of a site, then pages and files without one
    List {
        #[arg(long)]
        site: String,
        #[arg(long, default_value_t = 100)]
        limit: usize,
        /// Begin behind this line: the `next` of the list before
        #[arg(long, value_name = "ID")]
        after: Option<String>,
        /// Only what this became of
        #[arg(long)]
        state: Option<StateName>,
        /// Only what has these letters in its title or address
        #[arg(long, value_name = "TEXT")]
        words: Option<String>,
    },
    /// One document with its passages
    Show {
        #[arg(long)]
        site: String,
        /// Such as doc_1, or the address of the page
        id: String,
    },
    /// What a document states: telephone numbers, opening hours, fees, deadlines and more, with where each was read
    Facts {
        #[arg(long)]
        site: String,
        id: String,
        /// Only this kind, such as phone
        #[arg(long)]
        kind: Option<String>,
    },
    /// Take a document out of search and answers
    Exclude {
        #[arg(long)]
        site: String,
        id: String,
    },
    /// Take an excluded document back in
    Include {
        #[arg(long)]
        site: String,
        id: String,
    },
    /// Delete a document with everything only it has; its source does not bring it back
    Delete {
        #[arg(long)]
        site: String,
        id: String,
    },
    /// Read documents again and embed their texts anew
    Reindex {
        #[arg(long)]
        site: String,
        /// Such as doc_1, or the address of a page; without any, all that fit
        ids: Vec<String>,
        /// Only what this became of
        #[arg(long)]
        state: Option<StateName>,
        /// Only what has these letters in its title or address
        #[arg(long, value_name = "TEXT")]
        words: Option<String>,
        /// Return at once with the number of the job
        #[arg(long)]
        no_wait: bool,
    },
    /// Let a deleted page or file come back with the next reading of its source
    Allow {
        #[arg(long)]
        site: String,
        /// Its address or path, as `document list --state deleted` shows it
        key: String,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StateName {
    Indexed,
    IndexedWithWarnings,
    Excluded,
    Gone,
    Failed,
    Deleted,
}

impl From<StateName> for State {
    fn from(name: StateName) -> Self {
        match name {
            StateName::Indexed => Self::Indexed,
            StateName::IndexedWithWarnings => Self::IndexedWithWarnings,
            StateName::Excluded => Self::Excluded,
            StateName::Gone => Self::Gone,
            StateName::Failed => Self::Failed,
            StateName::Deleted => Self::Deleted,
        }
    }
}

impl Args {
    /// Whether jobs have to run for it.
    pub(crate) const fn needs_workers(&self) -> bool {
        matches!(self.verb, Verb::Reindex { .. })
    }

    pub(crate) async fn run(self, services: &Services, progress: &Progress) -> Outcome<Value> {
        let store = &services.store;
        match self.verb {
            Verb::List { site, limit, after, state, words } => {
                let site = site::find(store, &site)?.id;
                let words = words.unwrap_or_default().to_lowercase();
                let filter = Filter { state: state.map(State::from), words, ..Filter::default() };
                list(store, site, &filter, after.as_deref(), limit.max(1))
            }
            Verb::Show { site, id } => show(store, resolve(store, &site, &id)?),
            Verb::Facts { site, id, kind } => {
                let (site, id) = resolve(store, &site, &id)?;
                let facts = knowledge::facts(&store.snapshot()?, site, id, kind.as_deref())?;
                Ok(json!({"document_id": id.to_string(), "total": facts.len(), "facts": facts}))
            }
            Verb::Exclude { site, id } => exclude(services, resolve(store, &site, &id)?, true).await,
            Verb::Include { site, id } => exclude(services, resolve(store, &site, &id)?, false).await,
            Verb::Delete { site, id } => {
                let (site, id) = resolve(store, &site, &id)?;
                let gone = services.ingest.delete(site, id).await?;
                services.indexes.caught_up(site).await?;
                Ok(json!({"deleted": gone.id.to_string(), "key": gone.key, "chunks": gone.chunks.len()}))
            }
            Verb::Reindex { site, ids, state, words, no_wait } => {
                let words = words.unwrap_or_default().to_lowercase();
                let mut filter = Filter { state: state.map(State::from), words, ..Filter::default() };
                if !ids.is_empty() {
                    let ids = ids.iter().map(|id| Ok(resolve(store, &site, id)?.1));
                    filter.ids = Some(ids.collect::<Outcome<_>>()?);
                }
                let site = site::find(store, &site)?.id;
                let job = services.jobs.submit(site, Kind::Reindex { filter }).await?;
                if no_wait { Ok(json!({"job_id": job.to_string()})) } else { wait(services, job, progress).await }
            }
            Verb::Allow { site, key } => {
                let site = site::find(store, &site)?.id;
                let allowed = store.write(move |batch| knowledge::allow(batch, site, &key)).await?;
                Ok(json!({"allowed": allowed.key}))
            }
        }
    }
}

/// A document by number, or by the address or path of its page or file.
fn resolve(store: &Store, slug: &str, id: &str) -> Outcome<(SiteId, DocumentId)> {
    let site = site::find(store, slug)?.id;
    if let Ok(id) = id.parse() {
        return Ok((site, id));
    }
    let found = knowledge::document_by_key(&store.snapshot()?, site, id)?;
    Ok((site, found.ok_or_else(|| Fault::not_found(format!("document \"{id}\" in this site")))?.id))
}

fn list(store: &Store, site: SiteId, filter: &Filter, after: Option<&str>, limit: usize) -> Outcome<Value> {
    let snapshot = store.snapshot()?;
    let after = match after.map(str::parse::<Cursor>) {
        None => Cursor::Start,
        Some(Ok(cursor)) => cursor,
        // Not a number: the address of a page.
        Some(Err(_)) => match knowledge::document_by_key(&snapshot, site, after.unwrap_or_default())? {
            Some(document) => Cursor::Document(document.id),
            None => return Err(Fault::new(Code::BadRequest, "`--after` takes the `next` of the list before")),
        },
    };
    let page = knowledge::list(&snapshot, site, filter, &after, limit)?;
    let rows: Vec<Value> = page.rows.iter().map(line).collect();
    Ok(json!({"total": page.total, "next": page.next.map(|cursor| cursor.to_string()), "documents": rows}))
}

fn line(listed: &Listed) -> Value {
    match listed {
        Listed::Document(d) => json!({
            "id": d.id.to_string(), "key": d.key, "title": d.title, "state": State::of(d).name(), "format": d.format().name(),
            "chunks": d.chunks.len(), "excluded": d.excluded, "gone": d.has_left(), "edited": d.edited.is_some(), "updated_at": d.updated,
        }),
        Listed::Absent(absent) => {
            let (code, reason) = match &absent.why {
                Why::Deleted => ("deleted", "an editor deleted it"),
                Why::Failed { code, reason } => (code.as_str(), reason.as_str()),
            };
            json!({
                "id": null, "key": absent.key, "title": absent.title, "state": State::of_absent(absent).name(),
                "code": code, "reason": reason, "at": rfc3339(absent.at),
            })
        }
    }
}

fn show(store: &Store, (site, id): (SiteId, DocumentId)) -> Outcome<Value> {
    let snapshot = store.snapshot()?;
    let document = knowledge::document(&snapshot, site, id)?;
    let mut chunks = Vec::new();
    for &chunk in &document.chunks {
        if let Some(c) = knowledge::chunk(&snapshot, site, chunk)? {
            chunks.push(json!({"id": chunk.to_string(), "section": c.section, "text": c.text}));
        }
    }
    Ok(json!({"document": document, "chunks": chunks}))
}

async fn exclude(services: &Services, (site, id): (SiteId, DocumentId), excluded: bool) -> Outcome<Value> {
    let document = services.store.write(move |batch| knowledge::set_excluded(batch, site, id, excluded)).await?;
    services.ingest.embedder.poke();
    services.indexes.caught_up(site).await?;
    Ok(json!({"id": document.id.to_string(), "key": document.key, "excluded": document.excluded}))
}
