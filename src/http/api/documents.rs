//! Documents: list, look into, change, leave out, delete, ask for again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use poem::web::Data;
use poem::{Body, Request};
use poem_openapi::param::{Header, Query};
use poem_openapi::payload::{Attachment, AttachmentType, Json};
use poem_openapi::{Enum, Object, OpenApi};
use serde_json::{Value, json};

use crate::base::error::Outcome;
use crate::base::id::{DocumentId, SiteId, SourceId};
use crate::base::{Code, Fault};
use crate::http::state::{Caller, Shared};
use crate::store::Snapshot;
use crate::svc::auth::Actor;
use crate::svc::ingest::edit::Change;
use crate::svc::job::Kind;
use crate::svc::knowledge::{self, Cursor, Document, Filter, Format, Origin, State};
use crate::svc::services::Services;

use super::{Accepted, Done, Reply, Tag, document_rows as rows, shape, upload};

const LIMIT_DEFAULT: u32 = 25;
const LIMIT_MAX: u32 = 200;
/// Best passages whose documents a search in the texts shows.
const TEXT_HITS_MAX: usize = 500;
/// How long a change may take to show in searches before the answer goes out without waiting on.
const SHOWN_WITHIN: Duration = Duration::from_secs(2);

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "snake_case")]
pub(super) enum StateName {
    /// Everything but what was deleted.
    All,
    /// Searchable, with or without warnings.
    Indexed,
    IndexedWithWarnings,
    Excluded,
    /// Its source no longer has it; it can be taken back for a while.
    Gone,
    /// It repeats another document, under which it is found.
    Copy,
    Failed,
    /// An editor deleted it; its source does not bring it back.
    Deleted,
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "snake_case")]
pub(super) enum FormatName {
    Page,
    Pdf,
    Word,
    Sheet,
    Slides,
    Mail,
    Text,
    Other,
}

/// Changes to a document. Title and text need the version they were made from.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct DocumentPatch {
    /// Out of every search, or back in.
    excluded: Option<bool>,
    /// In place of the title that was read.
    title: Option<String>,
    /// In place of the text that was read: a line for each paragraph, `##` before a heading.
    text: Option<String>,
    /// true: what was read last is the document again.
    restore: Option<bool>,
    /// `version` of the document the change was made from; the header `If-Match` may say it instead.
    version: Option<String>,
}

/// Which documents to read again; all of them when nothing is given.
#[derive(Object, Default)]
#[oai(deny_unknown_fields)]
struct ReindexRequest {
    /// Such as `doc_1`.
    ids: Option<Vec<String>>,
    state: Option<StateName>,
    source: Option<String>,
    language: Option<String>,
    format: Option<FormatName>,
    /// Stands in title or address.
    q: Option<String>,
}

/// What an audit does besides looking.
#[derive(Object, Default)]
#[oai(deny_unknown_fields)]
struct AuditRequest {
    /// true: what differs is looked up or read again.
    mend: Option<bool>,
}

/// A page or file that may come back.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct AllowRequest {
    /// `key` of the list.
    key: String,
}

pub struct Documents(pub Arc<Shared>);

#[OpenApi]
#[allow(clippy::too_many_arguments)] // each is a parameter of the address
impl Documents {
    /// Every page and file in the order they came, then those without a document: `{documents:[{id?,key,title,url,language,format,source_id?,chunks,embedded,state,outcome?,version,edited?,has_file,updated_at?,ingested_at,warnings[],notes[]?:{code,text},copy_of?,missing_since?,left_at?,code?,reason?}], next_cursor?, total, facets:{states,languages,formats,sources,edited}}`.
    #[oai(path = "/sites/:site/documents", method = "get", operation_id = "documents", tag = "Tag::Documents")]
    async fn list(
        &self,
        caller: Data<&Caller>,
        cursor: Query<Option<String>>,
        /// Stands in title or address.
        q: Query<Option<String>>,
        /// Words of the text.
        text: Query<Option<String>>,
        state: Query<Option<StateName>>,
        source: Query<Option<String>>,
        language: Query<Option<String>>,
        format: Query<Option<FormatName>>,
        /// true: only what an editor changed.
        edited: Query<Option<bool>>,
        limit: Query<Option<u32>>,
    ) -> Reply {
        let site = caller.site()?.id;
        let after: Cursor = cursor
            .0
            .unwrap_or_default()
            .parse()
            .map_err(|_| Fault::new(Code::BadRequest, "the cursor is not one of ours; begin without it"))?;
        let limit = limit.0.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX) as usize;
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let filter = Filter {
            state: state.0.and_then(state_of),
            source: given(source.0).map(|id| source_id(&id)).transpose()?,
            language: given(language.0),
            format: format.0.map(format_of),
            words: q.0.unwrap_or_default().trim().to_lowercase(),
            is_edited: edited.0.unwrap_or_default(),
            ids: None,
        };
        let text = given(text.0);
        let services = Arc::clone(&self.0.services);
        // Walks all documents of the site: off the async workers.
        let view = tokio::task::spawn_blocking(move || {
            let ids = text.map(|text| with_text(&services, site, &text)).transpose()?;
            let snapshot = services.store.snapshot()?;
            let page = knowledge::list(&snapshot, site, &Filter { ids, ..filter }, &after, limit)?;
            let lines = page.rows.iter().map(|listed| rows::listed(&snapshot, listed)).collect::<Outcome<Vec<_>>>()?;
            let next = page.next.map(|cursor| cursor.to_string());
            Ok::<_, Fault>(json!({"documents": lines, "next_cursor": next, "total": page.total, "facets": page.facets}))
        });
        Ok(shape(view.await.map_err(Fault::internal)??))
    }

    /// Takes in a text (JSON) or up to 100 files (multipart): `{job_id}`. The job's result for files is
    /// `{documents, files:[{name, outcome, document?, same_as?, code?, reason?, chunks}]}` with outcome `new`, `updated`, `unchanged`,
    /// `duplicate` or `failed`. With the same `Idempotency-Key` the same answer comes again and nothing is done twice.
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

    /// Lets a page or file that an editor deleted come back with the next reading of its source; forgets a failure.
    #[oai(
        path = "/sites/:site/documents/allow",
        method = "post",
        operation_id = "allowDocument",
        tag = "Tag::Documents"
    )]
    async fn allow(&self, caller: Data<&Caller>, body: Json<AllowRequest>) -> poem::Result<Done> {
        let (site, key) = (caller.site()?.id, body.0.key);
        self.0.services.store.write(move |batch| knowledge::allow(batch, site, &key).map(drop)).await?;
        Ok(Done::Done)
    }

    /// Reads documents again and embeds their texts anew: `{job_id}`. Files are read from their bytes, pages with the next crawl. The
    /// job's result is `{documents, read, with_next_crawl, failed:[{path,code,reason}]}`.
    #[oai(path = "/sites/:site/documents/reindex", method = "post", operation_id = "reindex", tag = "Tag::Documents")]
    async fn reindex(&self, caller: Data<&Caller>, body: Json<ReindexRequest>) -> poem::Result<Accepted> {
        let body = body.0;
        let number = |id: String| id.parse().map_err(|_| Fault::not_found(format!("document \"{id}\"")));
        let filter = Filter {
            state: body.state.and_then(state_of),
            source: body.source.map(|id| source_id(&id)).transpose()?,
            language: body.language,
            format: body.format.map(format_of),
            words: body.q.unwrap_or_default().trim().to_lowercase(),
            is_edited: false,
            ids: body.ids.map(|ids| ids.into_iter().map(number).collect::<Outcome<_>>()).transpose()?,
        };
        self.queue(&caller, Kind::Reindex { filter }).await
    }

    /// Compares indexes, documents and sources: `{job_id}`; the job's result is `{documents, missing, stale, surplus,
    /// findings:[{kind, place, document?, key, title, detail, mend}], mended?:{passages, jobs[]}}`.
    #[oai(path = "/sites/:site/audit", method = "post", operation_id = "audit", tag = "Tag::Documents")]
    async fn audit(&self, caller: Data<&Caller>, body: Json<AuditRequest>) -> poem::Result<Accepted> {
        self.queue(&caller, Kind::Audit { mend: body.0.mend.unwrap_or_default() }).await
    }

    /// A document with up to 200 passages, beginning at `from`: the row, `chunks_from, chunks_list:[{id, place, section[], text, embedded}],
    /// also[]` and `report` (what was read: `{format, pages?, pages_without_text[]?, pages_unread[]?, sections, tables, characters,
    /// notes:[{code, text}]?}`; null for what was read before there were reports). `outcome` is `indexed` or `indexed_with_warnings`.
    #[oai(path = "/sites/:site/documents/:document", method = "get", operation_id = "document", tag = "Tag::Documents")]
    async fn get(&self, caller: Data<&Caller>, from: Query<Option<u32>>) -> Reply {
        Ok(shape(self.detail(&caller, from.0.unwrap_or_default() as usize)?))
    }

    /// The text as it can be changed, and what was read: `{id, version, title, text, edited?, original?:{title, text}}`.
    #[oai(
        path = "/sites/:site/documents/:document/text",
        method = "get",
        operation_id = "documentText",
        tag = "Tag::Documents"
    )]
    async fn text(&self, caller: Data<&Caller>) -> Reply {
        let (snapshot, document) = self.find(&caller)?;
        Ok(shape(rows::texts(&snapshot, &document)?))
    }

    /// The file that was sent, as it was sent.
    #[oai(
        path = "/sites/:site/documents/:document/file",
        method = "get",
        operation_id = "documentFile",
        tag = "Tag::Documents"
    )]
    async fn file(&self, caller: Data<&Caller>) -> poem::Result<Attachment<Vec<u8>>> {
        let (_, document) = self.find(&caller)?;
        let Some(Origin::Blob { hash, name, .. }) = document.origin else {
            return Err(Fault::not_found("kept file of this document; its original is where it was read").into());
        };
        let ingest = Arc::clone(&self.0.services.ingest);
        let bytes = tokio::task::spawn_blocking(move || ingest.blobs.get(&hash)).await.map_err(Fault::internal)??;
        // Quotes and path separators have no place in a header.
        let name: String =
            name.chars().map(|c| if matches!(c, '"' | '\\' | '/') || c.is_control() { '_' } else { c }).collect();
        // Never shown in the page: what a file holds is not ours.
        Ok(Attachment::new(bytes).attachment_type(AttachmentType::Attachment).filename(name))
    }

    /// Changes title or text, takes a document out of every search or back in. Another's change meanwhile is not overwritten:
    /// 409 `document_changed`.
    #[oai(
        path = "/sites/:site/documents/:document",
        method = "patch",
        operation_id = "updateDocument",
        tag = "Tag::Documents"
    )]
    async fn update(
        &self,
        caller: Data<&Caller>,
        #[oai(name = "If-Match")] seen: Header<Option<String>>,
        body: Json<DocumentPatch>,
    ) -> Reply {
        let (site, id) = (caller.site()?.id, caller.id::<DocumentId>("document")?);
        let services = &self.0.services;
        let body = body.0;
        let is_restored = body.restore.unwrap_or_default();
        if body.title.is_some() || body.text.is_some() || is_restored {
            let seen = seen.0.map(|tag| tag.trim_matches('"').to_owned());
            let version = body.version.or(seen).ok_or_else(|| {
                Fault::new(
                    Code::BadRequest,
                    "send the `version` of the document you saw, so that nobody's change is lost",
                )
            })?;
            if is_restored {
                services.ingest.drop_edit(site, id, version).await?;
            } else {
                let change = Change { version, title: body.title, text: body.text, by: name_of(&caller) };
                services.ingest.edit(site, id, change).await?;
            }
        }
        if let Some(excluded) = body.excluded {
            services.store.write(move |batch| knowledge::set_excluded(batch, site, id, excluded)).await?;
        }
        self.spread(site).await;
        Ok(shape(self.detail(&caller, 0)?))
    }

    /// Deletes a document with everything only it has. Its source does not bring it back.
    #[oai(
        path = "/sites/:site/documents/:document",
        method = "delete",
        operation_id = "deleteDocument",
        tag = "Tag::Documents"
    )]
    async fn delete(&self, caller: Data<&Caller>) -> poem::Result<Done> {
        let (site, id) = (caller.site()?.id, caller.id::<DocumentId>("document")?);
        self.0.services.ingest.delete(site, id).await?;
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

    fn detail(&self, caller: &Caller, from: usize) -> Outcome<Value> {
        let (snapshot, document) = self.find(caller)?;
        let model = self.0.services.models.key_of(document.site)?.id;
        rows::detail(&snapshot, &document, model, from)
    }

    async fn queue(&self, caller: &Caller, kind: Kind) -> poem::Result<Accepted> {
        let job = self.0.services.jobs.submit(caller.site()?.id, kind).await?;
        Ok(Accepted::Queued(shape(json!({"job_id": job.to_string()}))))
    }

    /// The document of the path, with the state of the store it was found in.
    fn find(&self, caller: &Caller) -> Outcome<(Snapshot, Document)> {
        let snapshot = self.0.services.store.snapshot()?;
        let document = knowledge::document(&snapshot, caller.site()?.id, caller.id("document")?)?;
        Ok((snapshot, document))
    }
}

/// Who is named beside a change.
fn name_of(caller: &Caller) -> String {
    match &caller.actor {
        Some(Actor::Operator(user)) => user.email.clone(),
        Some(Actor::Key { id, .. }) => format!("key {id}"),
        _ => String::new(),
    }
}

fn source_id(text: &str) -> Outcome<SourceId> {
    text.parse().map_err(|_| Fault::not_found(format!("source \"{text}\"")))
}

/// Documents whose passages have the words.
fn with_text(services: &Services, site: SiteId, words: &str) -> Outcome<BTreeSet<DocumentId>> {
    let snapshot = services.store.snapshot()?;
    let mut found = BTreeSet::new();
    for hit in services.indexes.site(site)?.search_words(words, TEXT_HITS_MAX)? {
        let chunk = knowledge::chunk(&snapshot, site, crate::base::id::ChunkId(hit.key))?;
        found.extend(chunk.map(|chunk| chunk.document));
    }
    Ok(found)
}

pub(super) const fn state_of(name: StateName) -> Option<State> {
    match name {
        StateName::All => None,
        StateName::Indexed => Some(State::Indexed),
        StateName::IndexedWithWarnings => Some(State::IndexedWithWarnings),
        StateName::Excluded => Some(State::Excluded),
        StateName::Gone => Some(State::Gone),
        StateName::Copy => Some(State::Copy),
        StateName::Failed => Some(State::Failed),
        StateName::Deleted => Some(State::Deleted),
    }
}

pub(super) const fn format_of(name: FormatName) -> Format {
    match name {
        FormatName::Page => Format::Page,
        FormatName::Pdf => Format::Pdf,
        FormatName::Word => Format::Word,
        FormatName::Sheet => Format::Sheet,
        FormatName::Slides => Format::Slides,
        FormatName::Mail => Format::Mail,
        FormatName::Text => Format::Text,
        FormatName::Other => Format::Other,
    }
}
