//! How documents look in answers of the API.

use serde_json::{Value, json};

use crate::base::clock::rfc3339;
use crate::base::error::Outcome;
use crate::base::id::{ChunkId, SiteId};
use crate::store::{Key, Snapshot, Table};
use crate::svc::extract::Report;
use crate::svc::knowledge::{
    self, Absent, Chunk, Document, Edit, Edited, Format, Listed, Origin, QueueItem, State, VectorKey, Why,
};

/// Passages of one answer.
pub(super) const PASSAGES_MAX: usize = 200;

/// A line of the list.
pub(super) fn listed(snapshot: &Snapshot, listed: &Listed) -> Outcome<Value> {
    match listed {
        Listed::Document(document) => row(snapshot, document),
        Listed::Absent(absent) => Ok(row_of_absent(absent)),
    }
}

/// A document without its passages.
pub(super) fn row(snapshot: &Snapshot, document: &Document) -> Outcome<Value> {
    let mut embedded = 0;
    for &chunk in &document.chunks {
        embedded += u64::from(!is_waiting(snapshot, document.site, chunk)?);
    }
    Ok(json!({
        "id": document.id.to_string(),
        "key": document.key,
        "title": document.title,
        "url": document.url,
        "language": document.language,
        "format": document.format().name(),
        "source_id": document.source.map(|id| id.to_string()),
        "chunks": document.chunks.len(),
        "embedded": embedded,
        "state": State::of(document).name(),
        "version": document.version(),
        "edited": document.edited.as_ref().map(edited),
        "has_file": matches!(document.origin, Some(Origin::Blob { .. })),
        "updated_at": document.updated,
        "ingested_at": rfc3339(document.ingested_at),
        "warnings": document.warnings,
        "notes": document.report.as_ref().map(|report| &report.notes),
        "outcome": document.report.as_ref().map(Report::outcome),
        "copy_of": document.copy_of.map(|of| of.document.to_string()),
        "missing_since": document.missing.map(|m| rfc3339(m.since)),
        "left_at": document.missing.and_then(|m| m.left_at).map(rfc3339),
    }))
}

fn row_of_absent(absent: &Absent) -> Value {
    let (code, reason) = match &absent.why {
        Why::Deleted => ("deleted", "deleted by an editor; its source does not bring it back"),
        Why::Failed { code, reason } => (code.as_str(), reason.as_str()),
    };
    json!({
        "id": null,
        "key": absent.key,
        "title": absent.title,
        "format": Format::of(&absent.key).name(),
        "source_id": absent.source.map(|id| id.to_string()),
        "chunks": 0,
        "embedded": 0,
        "state": State::of_absent(absent).name(),
        "code": code,
        "reason": reason,
        "at": rfc3339(absent.at),
        "warnings": [],
    })
}

fn edited(edited: &Edited) -> Value {
    json!({
        "at": rfc3339(edited.at),
        "by": edited.by,
        "title": edited.title,
        "text": edited.text,
        "source_changed_at": edited.source_changed_at.map(rfc3339),
    })
}

/// A document with passages from `from` on.
pub(super) fn detail(snapshot: &Snapshot, document: &Document, model: [u8; 32], from: usize) -> Outcome<Value> {
    let mut view = row(snapshot, document)?;
    let mut chunks = Vec::new();
    for &id in document.chunks.iter().skip(from).take(PASSAGES_MAX) {
        if let Some(chunk) = knowledge::chunk(snapshot, document.site, id)? {
            let embedded = has_vector(snapshot, model, &chunk)?;
            chunks.push(json!({"id": id.to_string(), "place": chunk.ord, "section": chunk.section, "text": chunk.text, "embedded": embedded}));
        }
    }
    view["chunks_list"] = json!(chunks);
    view["chunks_from"] = json!(from);
    view["also"] = json!(document.aliases);
    view["report"] = json!(document.report);
    Ok(view)
}

/// The text as an editor changes it, and what was read when an editor changed it.
pub(super) fn texts(snapshot: &Snapshot, document: &Document) -> Outcome<Value> {
    let mut chunks = Vec::with_capacity(document.chunks.len());
    for &id in &document.chunks {
        if let Some(chunk) = knowledge::chunk(snapshot, document.site, id)? {
            chunks.push(knowledge::NewChunk { section: chunk.section, text: chunk.text, shape: chunk.shape });
        }
    }
    let original = knowledge::edit_of(snapshot, document.site, document.id)?;
    let original = original
        .map(|Edit { original, .. }| json!({"title": original.title, "text": knowledge::to_text(&original.chunks)}));
    Ok(json!({
        "id": document.id.to_string(),
        "version": document.version(),
        "title": document.title,
        "text": knowledge::to_text(&chunks),
        "edited": document.edited.as_ref().map(edited),
        "original": original,
    }))
}

fn is_waiting(snapshot: &Snapshot, site: SiteId, chunk: ChunkId) -> Outcome<bool> {
    Ok(snapshot.get_raw(Table::EmbedQueue, Key::of(QueueItem::PASSAGE).and(site).and(chunk))?.is_some())
}

fn has_vector(snapshot: &Snapshot, model: [u8; 32], chunk: &Chunk) -> Outcome<bool> {
    let Ok(hash) = blake3::Hash::from_hex(&chunk.text_hash) else { return Ok(false) };
    Ok(snapshot.get_raw(Table::Vectors, VectorKey::of_hash(&model, hash.as_bytes()))?.is_some())
}
