//! Documents: list, look into, leave out, delete.

use std::sync::Arc;
use std::time::Duration;

use poem::web::Data;
use poem::{Body, Request};
use poem_openapi::param::{Header, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Enum, Object, OpenApi};
use serde_json::{Value, json};

use crate::base::clock::rfc3339;
use crate::base::error::Outcome;
use crate::base::id::{ChunkId, DocumentId, SiteId};
use crate::base::{Code, Fault};
use crate::http::state::{Caller, Shared};
use crate::store::{Key, Snapshot, Table};
use crate::svc::extract::Report;
use crate::svc::knowledge::{self, Document, QueueItem};

use super::{Accepted, Done, Reply, Tag, shape, upload};

const LIMIT_DEFAULT: u32 = 25;
const LIMIT_MAX: u32 = 200;
/// How long a change may take to show in searches before the answer goes out without waiting on.
const SHOWN_WITHIN: Duration = Duration::from_secs(2);

#[derive(Enum, Default, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "snake_case")]
enum State {
    #[default]
    All,
    Indexed,
    Excluded,
    /// Its website no longer has it; it can be taken back for a while.
    Gone,
    /// It repeats another document, under which it is found.
    Copy,
    Failed,
}

/// Changes to a document.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct DocumentPatch {
    /// Out of every search, or back in.
    excluded: bool,
}

pub struct Documents(pub Arc<Shared>);

#[OpenApi]
impl Documents {
    /// Documents in the order they came: `{documents:[{id,key,title,url,language,chunks,embedded,state,outcome?,updated_at?,ingested_at,warnings[],copy_of?,source_id?,missing_since?,left_at?}], next_cursor?, total}`.
    #[oai(path = "/sites/:site/documents", method = "get", operation_id = "documents", tag = "Tag::Documents")]
    async fn list(
        &self,
        caller: Data<&Caller>,
        cursor: Query<Option<String>>,
        q: Query<Option<String>>,
        state: Query<Option<State>>,
        limit: Query<Option<u32>>,
    ) -> Reply {
        let site = caller.site()?.id;
        let after = match cursor.0.as_deref().filter(|c| !c.is_empty()) {
            Some(cursor) => Some(
                cursor
                    .parse::<DocumentId>()
                    .map_err(|_| Fault::new(Code::BadRequest, "the cursor is not one of ours; begin without it"))?,
            ),
            None => None,
        };
        let limit = limit.0.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX) as usize;
        let wanted = state.0.unwrap_or_default();
        let words = q.0.unwrap_or_default().to_lowercase();
        let services = Arc::clone(&self.0.services);
        // Walks all documents of the site: off the async workers.
        let view = tokio::task::spawn_blocking(move || {
            let snapshot = services.store.snapshot()?;
            let matches = |d: &Document| {
                (wanted == State::All || state_of(d) == wanted)
                    && (words.is_empty()
                        || d.title.to_lowercase().contains(&words)
                        || d.key.to_lowercase().contains(&words))
            };
            let mut total = 0_u64;
            let mut page = Vec::new();
            let mut has_more = false;
            knowledge::documents(&snapshot, site, None, 1, |document| {
                if matches(document) {
                    total += 1;
                    if after.is_none_or(|after| document.id > after) {
                        if page.len() < limit { page.push(document.clone()) } else { has_more = true }
                    }
                }
                false
            })?;
            let next_cursor = page.last().filter(|_| has_more).map(|d| d.id.to_string());
            let rows = page.iter().map(|d| row(&snapshot, d)).collect::<Outcome<Vec<_>>>()?;
            Ok::<_, Fault>(json!({"documents": rows, "next_cursor": next_cursor, "total": total}))
        });
        Ok(shape(view.await.map_err(Fault::internal)??))
    }

    /// Takes in a text (JSON) or files (multipart): `{job_id}`, and `job_ids` when there are several. With the same
    /// `Idempotency-Key` the same answer comes again and nothing is done twice.
    #[oai(path = "/sites/:site/documents", method = "post", operation_id = "upload", tag = "Tag::Documents")]
    async fn upload(
        &self,
        caller: Data<&Caller>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        request: &Request,
        body: Body,
    ) -> poem::Result<Accepted> {
        upload::take(&self.0, &caller, key.0, request, body).await
    }

    /// A document with its passages: the row, `chunks_list:[{id, section[], text, embedded}]` and `report` (what was read: `{format,
    /// pages?, pages_without_text[]?, pages_unread[]?, sections, tables, characters, notes:[{code, text}]?}`; null for what was read
    /// before there were reports). `outcome` is `indexed` or `indexed_with_warnings`.
    #[oai(path = "/sites/:site/documents/:document", method = "get", operation_id = "document", tag = "Tag::Documents")]
    async fn get(&self, caller: Data<&Caller>) -> Reply {
        Ok(shape(self.detail(&caller)?))
    }

    /// Takes a document out of every search, or back in.
    #[oai(
        path = "/sites/:site/documents/:document",
        method = "patch",
        operation_id = "updateDocument",
        tag = "Tag::Documents"
    )]
    async fn update(&self, caller: Data<&Caller>, body: Json<DocumentPatch>) -> Reply {
        let (site, id, excluded) = (caller.site()?.id, caller.id::<DocumentId>("document")?, body.excluded);
        self.0.services.store.write(move |batch| knowledge::set_excluded(batch, site, id, excluded)).await?;
        self.spread(site).await;
        Ok(shape(self.detail(&caller)?))
    }

    /// Deletes a document.
    #[oai(
        path = "/sites/:site/documents/:document",
        method = "delete",
        operation_id = "deleteDocument",
        tag = "Tag::Documents"
    )]
    async fn delete(&self, caller: Data<&Caller>) -> poem::Result<Done> {
        let (site, id) = (caller.site()?.id, caller.id::<DocumentId>("document")?);
        self.0.services.store.write(move |batch| knowledge::delete(batch, site, id)).await?;
        self.spread(site).await;
        Ok(Done::Done)
    }
}

impl Documents {
    /// Tells indexes and embedder; whoever searches next should find what they were just told.
    async fn spread(&self, site: SiteId) {
        let services = &self.0.services;
        services.ingest.embedder.poke();
        let _ = tokio::time::timeout(SHOWN_WITHIN, services.indexes.caught_up(site)).await;
    }

    fn detail(&self, caller: &Caller) -> Outcome<Value> {
        let site = caller.site()?.id;
        let snapshot = self.0.services.store.snapshot()?;
        let document = knowledge::document(&snapshot, site, caller.id("document")?)?;
        let mut view = row(&snapshot, &document)?;
        let mut chunks = Vec::with_capacity(document.chunks.len());
        for &id in &document.chunks {
            if let Some(chunk) = knowledge::chunk(&snapshot, site, id)? {
                chunks.push(json!({"id": id.to_string(), "section": chunk.section, "text": chunk.text, "embedded": is_embedded(&snapshot, site, id)?}));
            }
        }
        view["chunks_list"] = json!(chunks);
        view["also"] = json!(document.aliases);
        view["report"] = json!(document.report);
        Ok(view)
    }
}

fn state_of(document: &Document) -> State {
    match document {
        d if d.excluded => State::Excluded,
        d if d.has_left() => State::Gone,
        d if d.copy_of.is_some() => State::Copy,
        d if d.chunks.is_empty() => State::Failed,
        _ => State::Indexed,
    }
}

fn is_embedded(snapshot: &Snapshot, site: SiteId, chunk: ChunkId) -> Outcome<bool> {
    Ok(snapshot.get_raw(Table::EmbedQueue, Key::of(QueueItem::PASSAGE).and(site).and(chunk))?.is_none())
}

fn row(snapshot: &Snapshot, document: &Document) -> Outcome<Value> {
    let mut embedded = 0;
    for &chunk in &document.chunks {
        embedded += u64::from(is_embedded(snapshot, document.site, chunk)?);
    }
    let state = match state_of(document) {
        State::Excluded => "excluded",
        State::Gone => "gone",
        State::Copy => "copy",
        State::Failed => "failed",
        State::All | State::Indexed => "indexed",
    };
    Ok(json!({
        "id": document.id.to_string(),
        "key": document.key,
        "title": document.title,
        "url": document.url,
        "language": document.language,
        "chunks": document.chunks.len(),
        "embedded": embedded,
        "state": state,
        "updated_at": document.updated,
        "ingested_at": rfc3339(document.ingested_at),
        "warnings": document.warnings,
        "outcome": document.report.as_ref().map(Report::outcome),
        "source_id": document.source.map(|id| id.to_string()),
        "copy_of": document.copy_of.map(|of| of.document.to_string()),
        "missing_since": document.missing.map(|m| rfc3339(m.since)),
        "left_at": document.missing.and_then(|m| m.left_at).map(rfc3339),
    }))
}
