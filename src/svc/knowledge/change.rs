//! Changes to documents, each one batch: document, chunks, queue and outbox together.

use crate::base::Fault;
use crate::base::clock::now_ms;
use crate::base::error::Outcome;
use crate::base::id::{ChunkId, DocumentId, SiteId, SourceId};
use crate::base::limits::KEY_BYTES_MAX;
use crate::store::{Batch, Key, Table};
use crate::svc::extract::Report;
use crate::svc::extract::facts::Fact;

use super::copy::{release_copies, release_copy, untie};
use super::edit::{Edited, Original, Reading, forget, is_original, take_reading};
use super::facts::{drop_facts, keep_facts};
use super::missing::{mark_met, take_back};
use super::repeated::{FullText, Remaining, remaining};
use super::{Change, Chunk, Document, Missing, NewChunk, Op, Origin, QueueItem, absent, texts};

/// A document ready to be stored.
#[derive(Debug, Clone)]
pub struct Draft {
    pub site: SiteId,
    pub key: String,
    pub title: String,
    pub url: Option<String>,
    pub url_guess: Option<String>,
    pub language: String,
    pub source: Option<SourceId>,
    pub updated: Option<String>,
    pub warnings: Vec<String>,
    pub report: Option<Report>,
    pub is_link_list: bool,
    /// Where its bytes are, when they are within reach.
    pub origin: Option<Origin>,
    pub chunks: Vec<NewChunk>,
    pub facts: Vec<Fact>,
}

/// What became of a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    New(DocumentId),
    Updated(DocumentId),
    Unchanged(DocumentId),
    /// Same text as another document of the site; this key is now its alias.
    Duplicate(DocumentId),
    /// An editor deleted this page or file and has not asked for it since: nothing was stored.
    Deleted,
}

impl Draft {
    /// The draft that gives the document again, with the text it was read with.
    pub(super) fn of(document: &Document, original: &Original) -> Self {
        let document = document.clone();
        Self {
            site: document.site,
            key: document.key,
            title: original.title.clone(),
            url: document.url,
            url_guess: document.url_guess,
            language: document.language,
            source: document.source,
            updated: document.updated,
            warnings: document.warnings,
            report: document.report,
            is_link_list: document.is_link_list,
            origin: document.origin,
            chunks: original.chunks.clone(),
            facts: original.facts.clone(),
        }
    }

    pub(super) fn content_hash(&self) -> String {
        let mut hash = blake3::Hasher::new();
        hash.update(self.title.as_bytes());
        for chunk in &self.chunks {
            for heading in &chunk.section {
                hash.update(b"\x01").update(heading.as_bytes());
            }
            hash.update(b"\x02").update(chunk.text.as_bytes());
        }
        hash.finalize().to_hex().to_string()
    }
}

/// Stores a draft: new, changed, unchanged or duplicate. What an editor deleted stays away when it only comes because its
/// source has it (`draft.source`), and comes back when it is sent.
pub fn store_draft(batch: &mut Batch<'_>, mut draft: Draft) -> Outcome<Stored> {
    if draft.key.is_empty() || draft.key.len() > KEY_BYTES_MAX {
        return Err(Fault::invalid(format!("a document key has 1 to {KEY_BYTES_MAX} bytes")));
    }
    let site = draft.site;
    if draft.source.is_some() && absent::is_deleted(batch, site, &draft.key)? {
        return Ok(Stored::Deleted);
    }
    absent::clear(batch, site, &draft.key)?;
    let mut own = lookup(batch, Table::DocumentKeys, Key::of(site).and(draft.key.as_str()), site)?;
    let mut has_news = false;
    if let Some(document) = own.as_mut().filter(|document| document.edited.is_some() && document.key == draft.key) {
        has_news = matches!(take_reading(batch, document, &mut draft)?, Reading::Changed);
    }
    let hash = draft.content_hash();
    let twin = lookup(batch, Table::DocumentHashes, Key::of(site).and(hash.as_str()), site)?;

    let mut carried = Carried::default();
    if let Some(mut document) = own {
        let is_primary = document.key == draft.key;
        carried.excluded = document.excluded && is_primary;
        if document.content_hash == hash || (!is_primary && is_original(batch, &document, &hash)?) {
            // The text is known; only what stands around it may have changed.
            let before = document.clone();
            if is_primary {
                document.url = draft.url;
                document.updated = draft.updated;
                document.source = draft.source.or(document.source);
                set_origin(batch, &mut document, draft.origin);
            }
            if document.key == draft.key {
                keep_facts(batch, site, document.id, draft.facts)?;
            }
            mark_met(batch, &mut document)?;
            if document != before || has_news {
                batch.put(Key::of(site).and(document.id), &document)?;
            }
            return Ok(match (is_primary, has_news) {
                (false, _) => Stored::Duplicate(document.id),
                (true, true) => Stored::Updated(document.id),
                (true, false) => Stored::Unchanged(document.id),
            });
        }
        if !is_primary {
            detach(batch, document, &draft.key)?;
        } else if document.edited.is_some() || (twin.is_none() && document.aliases.is_empty()) {
            document.missing = None;
            return replace(batch, &document, draft, hash).map(|document| Stored::Updated(document.id));
        } else {
            remove_primary(batch, document)?;
        }
    }
    if let Some(mut document) = twin {
        batch.put_raw(Table::DocumentKeys, Key::of(site).and(draft.key.as_str()), document.id.to_key().to_vec());
        if !document.aliases.contains(&draft.key) {
            document.aliases.push(draft.key);
        }
        mark_met(batch, &mut document)?;
        batch.put(Key::of(site).and(document.id), &document)?;
        return Ok(Stored::Duplicate(document.id));
    }
    let id = DocumentId(batch.next("document")?);
    insert(batch, id, draft, hash, carried).map(|document| Stored::New(document.id))
}

fn lookup(batch: &Batch<'_>, table: Table, key: Key, site: SiteId) -> Outcome<Option<Document>> {
    match batch.get_raw(table, key)? {
        Some(id) => Ok(batch.get(Key::of(site).and(id.as_slice()))?),
        None => Ok(None),
    }
}

/// Puts a draft in the place of a document. The new passages come before the old ones go, so that the vectors of texts both
/// have stay.
pub(super) fn replace(batch: &mut Batch<'_>, old: &Document, draft: Draft, hash: String) -> Outcome<Document> {
    batch.delete(Table::DocumentHashes, Key::of(old.site).and(old.content_hash.as_str()));
    untie(batch, old)?;
    let carried = Carried {
        aliases: old.aliases.clone(),
        excluded: old.excluded,
        missing: old.missing,
        kept: old.kept,
        apart: old.apart,
        edited: old.edited.clone(),
    };
    let document = insert(batch, old.id, draft, hash, carried)?;
    if old.origin != document.origin {
        release_blob(batch, old);
        claim_blob(batch, &document);
    }
    drop_chunks(batch, old)?;
    Ok(document)
}

/// What stays with a document whatever is read of it.
#[derive(Default)]
struct Carried {
    aliases: Vec<String>,
    excluded: bool,
    missing: Option<Missing>,
    kept: bool,
    apart: bool,
    edited: Option<Edited>,
}

fn insert(batch: &mut Batch<'_>, id: DocumentId, draft: Draft, hash: String, carried: Carried) -> Outcome<Document> {
    let site = draft.site;
    let rest = match &carried.edited {
        // What an editor wrote stands as it was written.
        Some(edited) if edited.text => None,
        _ => remaining(batch, site, draft.source, &draft.key, &draft.chunks)?,
    };
    let (shown, left_out) = match rest {
        Some(Remaining { chunks, left_out }) => {
            batch.put(Key::of(site).and(id), &FullText { chunks: draft.chunks })?;
            (chunks, left_out)
        }
        None => {
            batch.delete(Table::FullTexts, Key::of(site).and(id));
            (draft.chunks, 0)
        }
    };
    let mut document = Document {
        id,
        site,
        key: draft.key,
        aliases: carried.aliases,
        title: draft.title,
        url: draft.url,
        url_guess: draft.url_guess,
        language: draft.language,
        source: draft.source,
        content_hash: hash,
        chunks: Vec::with_capacity(shown.len()),
        excluded: carried.excluded,
        updated: draft.updated,
        ingested_at: now_ms(),
        warnings: draft.warnings,
        report: draft.report,
        is_link_list: draft.is_link_list,
        missing: carried.missing,
        kept: carried.kept,
        left_out,
        copy_of: None,
        copies: Vec::new(),
        apart: carried.apart,
        origin: draft.origin,
        edited: carried.edited,
    };
    for (ord, new) in shown.into_iter().enumerate() {
        let chunk = put_chunk(batch, &document, ord, new)?;
        document.chunks.push(chunk);
    }
    batch.put_raw(Table::DocumentKeys, Key::of(site).and(document.key.as_str()), id.to_key().to_vec());
    batch.put_raw(Table::DocumentHashes, Key::of(site).and(document.content_hash.as_str()), id.to_key().to_vec());
    claim_blob(batch, &document);
    if document.is_live() {
        announce(batch, &document)?;
    }
    batch.put(Key::of(site).and(id), &document)?;
    keep_facts(batch, site, id, draft.facts)?;
    Ok(document)
}

fn set_origin(batch: &mut Batch<'_>, document: &mut Document, origin: Option<Origin>) {
    if document.origin != origin && origin.is_some() {
        release_blob(batch, document);
        document.origin = origin;
        claim_blob(batch, document);
    }
}

fn claim_blob(batch: &mut Batch<'_>, document: &Document) {
    if let Some(Origin::Blob { hash, .. }) = &document.origin {
        let key = Key::of(hash.as_str()).and(document.site).and(document.id);
        batch.put_raw(Table::BlobUses, key, Vec::new());
    }
}

fn release_blob(batch: &mut Batch<'_>, document: &Document) {
    if let Some(Origin::Blob { hash, .. }) = &document.origin {
        batch.delete(Table::BlobUses, Key::of(hash.as_str()).and(document.site).and(document.id));
    }
}

fn put_chunk(batch: &mut Batch<'_>, document: &Document, ord: usize, new: NewChunk) -> Outcome<ChunkId> {
    let id = ChunkId(batch.next("chunk")?);
    let passage = Chunk::passage(&document.title, &new.section, &new.text);
    let chunk = Chunk {
        document: document.id,
        ord: u32::try_from(ord).map_err(Fault::internal)?,
        section: new.section,
        text: new.text,
        shape: new.shape,
        text_hash: blake3::hash(passage.as_bytes()).to_hex().to_string(),
    };
    batch.put(Key::of(document.site).and(id), &chunk)?;
    texts::claim(batch, document, id, &chunk);
    Ok(id)
}

/// Cuts a stored document as its source's repeated parts say now; whether that changed anything. Chunks that stay as they
/// are keep their numbers, and nothing of them is embedded again.
pub fn fit_again(batch: &mut Batch<'_>, site: SiteId, id: DocumentId) -> Outcome<bool> {
    let Some(mut document) = batch.get::<Document>(Key::of(site).and(id))? else { return Ok(false) };
    if document.edited.as_ref().is_some_and(|edited| edited.text) {
        return Ok(false);
    }
    let mut held = Vec::with_capacity(document.chunks.len());
    for &chunk in &document.chunks {
        if let Some(stored) = batch.get::<Chunk>(Key::of(site).and(chunk))? {
            held.push((chunk, stored));
        }
    }
    let plain = |c: &Chunk| NewChunk { section: c.section.clone(), text: c.text.clone(), shape: c.shape.clone() };
    let full = match batch.get::<FullText>(Key::of(site).and(id))? {
        Some(full) => full.chunks,
        None => held.iter().map(|(_, chunk)| plain(chunk)).collect(),
    };
    let rest = remaining(batch, site, document.source, &document.key, &full)?;
    let left_out = rest.as_ref().map_or(0, |rest| rest.left_out);
    let shown = rest.map_or_else(|| full.clone(), |rest| rest.chunks);
    if shown.iter().eq(held.iter().map(|(_, chunk)| plain(chunk)).collect::<Vec<_>>().iter()) {
        return Ok(false);
    }
    if left_out > 0 {
        batch.put(Key::of(site).and(id), &FullText { chunks: full })?;
    } else {
        batch.delete(Table::FullTexts, Key::of(site).and(id));
    }
    let (mut chunks, mut fresh) = (Vec::with_capacity(shown.len()), Vec::new());
    for (ord, new) in shown.into_iter().enumerate() {
        let same = held.iter().position(|(_, chunk)| chunk.section == new.section && chunk.text == new.text);
        match same.map(|at| held.remove(at)) {
            Some((id, mut chunk)) => {
                (chunk.ord, chunk.shape) = (u32::try_from(ord).map_err(Fault::internal)?, new.shape);
                batch.put(Key::of(site).and(id), &chunk)?;
                chunks.push(id);
            }
            None => {
                let id = put_chunk(batch, &document, ord, new)?;
                fresh.push(id);
                chunks.push(id);
            }
        }
    }
    for (chunk, _) in &held {
        withdraw_chunk(batch, site, *chunk)?;
        batch.delete(Table::Chunks, Key::of(site).and(*chunk));
    }
    texts::release(batch, &document, &held)?;
    if document.is_live() {
        for chunk in fresh {
            announce_chunk(batch, site, chunk)?;
        }
    }
    (document.chunks, document.left_out) = (chunks, left_out);
    batch.put(Key::of(site).and(id), &document)?;
    Ok(true)
}

/// Makes a document's chunks searchable: by words now, by meaning when the queue has been worked off.
pub(super) fn announce(batch: &mut Batch<'_>, document: &Document) -> Outcome<()> {
    document.chunks.iter().try_for_each(|&chunk| announce_chunk(batch, document.site, chunk))
}

fn announce_chunk(batch: &mut Batch<'_>, site: SiteId, chunk: ChunkId) -> Outcome<()> {
    append(batch, site, Op::Words, chunk)?;
    // While a site changes its model, what arrives is embedded for both.
    let changes = batch.get_raw(Table::ModelSwitches, site.to_key())?.is_some();
    for priority in QueueItem::ALL.into_iter().take(if changes { 4 } else { 2 }) {
        batch.put_raw(Table::EmbedQueue, Key::of(priority).and(site).and(chunk), Vec::new());
    }
    Ok(())
}

pub(super) fn withdraw(batch: &mut Batch<'_>, document: &Document) -> Outcome<()> {
    document.chunks.iter().try_for_each(|&chunk| withdraw_chunk(batch, document.site, chunk))
}

fn withdraw_chunk(batch: &mut Batch<'_>, site: SiteId, chunk: ChunkId) -> Outcome<()> {
    append(batch, site, Op::Delete, chunk)?;
    for priority in QueueItem::ALL {
        batch.delete(Table::EmbedQueue, Key::of(priority).and(site).and(chunk));
    }
    Ok(())
}

fn append(batch: &mut Batch<'_>, site: SiteId, op: Op, chunk: ChunkId) -> Outcome<()> {
    let sequence = batch.next("outbox")?;
    Ok(batch.put(Key::of(site).and(sequence), &Change { op, chunk })?)
}

/// Lets the indexes look at passages again, whatever they hold of them now.
pub fn look_again(batch: &mut Batch<'_>, site: SiteId, chunks: &[ChunkId]) -> Outcome<()> {
    chunks.iter().try_for_each(|chunk| append(batch, site, Op::Words, *chunk))
}

fn drop_chunks(batch: &mut Batch<'_>, document: &Document) -> Outcome<()> {
    withdraw(batch, document)?;
    let mut gone = Vec::with_capacity(document.chunks.len());
    for &id in &document.chunks {
        if let Some(chunk) = batch.get::<Chunk>(Key::of(document.site).and(id))? {
            gone.push((id, chunk));
        }
        batch.delete(Table::Chunks, Key::of(document.site).and(id));
    }
    texts::release(batch, document, &gone)
}

/// Takes `alias` away from a document whose text it no longer shares.
pub fn detach(batch: &mut Batch<'_>, mut document: Document, alias: &str) -> Outcome<()> {
    document.aliases.retain(|a| a != alias);
    batch.delete(Table::DocumentKeys, Key::of(document.site).and(alias));
    Ok(batch.put(Key::of(document.site).and(document.id), &document)?)
}

/// The document's own page has other text now; its aliases keep the old text under the first of them.
fn remove_primary(batch: &mut Batch<'_>, mut document: Document) -> Outcome<()> {
    if document.aliases.is_empty() {
        return delete_all(batch, &document);
    }
    batch.delete(Table::DocumentKeys, Key::of(document.site).and(document.key.as_str()));
    document.key = document.aliases.remove(0);
    document.url = Some(document.key.clone()).filter(|k| k.starts_with("http://") || k.starts_with("https://"));
    Ok(batch.put(Key::of(document.site).and(document.id), &document)?)
}

pub(super) fn delete_all(batch: &mut Batch<'_>, document: &Document) -> Outcome<()> {
    drop_chunks(batch, document)?;
    batch.delete(Table::FullTexts, Key::of(document.site).and(document.id));
    untie(batch, document)?;
    forget(batch, document)?;
    release_blob(batch, document);
    for key in document.aliases.iter().chain([&document.key]) {
        batch.delete(Table::DocumentKeys, Key::of(document.site).and(key.as_str()));
    }
    batch.delete(Table::DocumentHashes, Key::of(document.site).and(document.content_hash.as_str()));
    batch.delete(Table::Documents, Key::of(document.site).and(document.id));
    drop_facts(batch, document.site, document.id);
    Ok(())
}

/// Deletes a document with its chunks, and the vectors of texts that no other document has. What came from a source is
/// remembered by its key, so that the next reading does not bring it back (see [`super::allow`]).
pub fn delete(batch: &mut Batch<'_>, site: SiteId, id: DocumentId) -> Outcome<Document> {
    let document: Document =
        batch.get(Key::of(site).and(id))?.ok_or_else(|| Fault::not_found(format!("document {id} in this site")))?;
    delete_all(batch, &document)?;
    if let Some(source) = document.source {
        let now = now_ms();
        for key in document.aliases.iter().chain([&document.key]) {
            absent::note_deleted(batch, site, (key, &document.title), source, now)?;
        }
    }
    Ok(document)
}

/// Takes a document out of every search, or back in; back in also when it left because its website no longer has it, or
/// because it repeats another document.
pub fn set_excluded(batch: &mut Batch<'_>, site: SiteId, id: DocumentId, excluded: bool) -> Outcome<Document> {
    let mut document: Document =
        batch.get(Key::of(site).and(id))?.ok_or_else(|| Fault::not_found(format!("document {id} in this site")))?;
    if document.excluded != excluded {
        let was_live = document.is_live();
        document.excluded = excluded;
        match (was_live, document.is_live()) {
            (true, false) => withdraw(batch, &document)?,
            (false, true) => announce(batch, &document)?,
            _ => {}
        }
        if excluded {
            release_copies(batch, &mut document)?;
        }
        batch.put(Key::of(site).and(id), &document)?;
    }
    if !excluded && document.copy_of.is_some() {
        document = release_copy(batch, site, id, true)?;
    }
    if !excluded && document.has_left() {
        return take_back(batch, site, id);
    }
    Ok(document)
}
