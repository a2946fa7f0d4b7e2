//! From the outbox to what the indexes are to hold: chunks are looked up in the store, so that the
//! outbox only says where to look.

use std::collections::{BTreeSet, HashMap};

use crate::base::error::Outcome;
use crate::base::id::{ChunkId, DocumentId, SiteId};
use crate::lexical::{Entry, Lang};
use crate::store::{Key, Snapshot, StoreError, Table, decode};
use crate::svc::knowledge::{self, Change, Chunk, Document, Op, VectorKey};
use crate::svc::model::ModelKey;

/// Chunks that are applied together.
pub(super) const BATCH: usize = 4_000;

/// Chunks the outbox names behind a sequence.
pub(super) struct Pending {
    pub chunks: Vec<ChunkId>,
    pub upto: u64,
    pub touches_words: bool,
}

/// What one index is to take in and to forget.
pub(super) struct Delta<T> {
    pub upserts: Vec<T>,
    pub deletes: Vec<u64>,
}

impl<T> Delta<T> {
    pub fn is_empty(&self) -> bool {
        self.upserts.is_empty() && self.deletes.is_empty()
    }
}

pub(super) fn pending(snapshot: &Snapshot, site: SiteId, after: u64) -> Result<Pending, StoreError> {
    let mut pending = Pending { chunks: Vec::new(), upto: after, touches_words: false };
    let mut chunks = BTreeSet::new();
    let start = Key::of(site).and(after).into_bytes();
    snapshot.visit(Table::Outbox, &site.to_key(), Some(&start), |key, bytes| {
        let change: Change = decode(bytes)?;
        pending.upto = key.get(4..12).and_then(|b| b.try_into().ok()).map_or(pending.upto, u64::from_be_bytes);
        pending.touches_words |= change.op != Op::Vector;
        chunks.insert(change.chunk);
        Ok(chunks.len() < BATCH)
    })?;
    pending.chunks = chunks.into_iter().collect();
    Ok(pending)
}

/// Looks documents up once per batch.
struct Lookup<'a> {
    snapshot: &'a Snapshot,
    site: SiteId,
    documents: HashMap<DocumentId, Option<Document>>,
}

impl<'a> Lookup<'a> {
    fn new(snapshot: &'a Snapshot, site: SiteId) -> Self {
        Self { snapshot, site, documents: HashMap::new() }
    }

    /// The chunk with its document, when it is there and searches may find it.
    fn live(&mut self, id: ChunkId) -> Result<Option<(Chunk, &Document)>, StoreError> {
        let Some(chunk) = knowledge::chunk(self.snapshot, self.site, id)? else { return Ok(None) };
        if !self.documents.contains_key(&chunk.document) {
            let document = self.snapshot.get(Key::of(self.site).and(chunk.document))?;
            self.documents.insert(chunk.document, document);
        }
        let document = self.documents.get(&chunk.document).and_then(Option::as_ref);
        Ok(document.filter(|d| d.is_live()).map(|d| (chunk, d)))
    }
}

pub(super) fn words(snapshot: &Snapshot, site: SiteId, chunks: &[ChunkId]) -> Result<Delta<Entry>, StoreError> {
    let mut lookup = Lookup::new(snapshot, site);
    let mut delta = Delta { upserts: Vec::new(), deletes: Vec::new() };
    for &id in chunks {
        match lookup.live(id)? {
            Some((chunk, document)) => delta.upserts.push(entry(id, chunk, document)),
            None => delta.deletes.push(id.0),
        }
    }
    Ok(delta)
}

fn entry(id: ChunkId, chunk: Chunk, document: &Document) -> Entry {
    Entry {
        key: id.0,
        doc: document.id.0,
        lang: language(&document.language),
        title: document.title.clone(),
        section: chunk.section.join(" "),
        body: chunk.text,
        url_words: document.url.as_deref().or(document.url_guess.as_deref()).map(url_words).unwrap_or_default(),
    }
}

/// The language the analysers know for a two-letter code.
pub(crate) fn language(code: &str) -> Lang {
    match code {
        "de" => Lang::De,
        "en" => Lang::En,
        _ => Lang::Other,
    }
}

/// The words of a URL's path: `/leben/abfall/rest-muell.html` says `leben abfall rest muell`.
fn url_words(url: &str) -> String {
    let path = url::Url::parse(url).map_or_else(|_| url.to_owned(), |u| u.path().to_owned());
    let path =
        path.rsplit_once('.').map_or(path.as_str(), |(stem, end)| if end.len() <= 5 { stem } else { path.as_str() });
    path.split(|c: char| !c.is_alphanumeric()).filter(|w| w.len() > 2).collect::<Vec<_>>().join(" ")
}

pub(super) fn vectors(
    snapshot: &Snapshot,
    site: SiteId,
    model: ModelKey,
    chunks: &[ChunkId],
) -> Outcome<Delta<(u64, Vec<f32>)>> {
    let mut lookup = Lookup::new(snapshot, site);
    let mut delta = Delta { upserts: Vec::new(), deletes: Vec::new() };
    for &id in chunks {
        let vector = match lookup.live(id)? {
            Some((chunk, _)) => stored_vector(snapshot, model, &chunk.text_hash)?,
            None => None,
        };
        match vector {
            Some(vector) => delta.upserts.push((id.0, vector)),
            None => delta.deletes.push(id.0),
        }
    }
    Ok(delta)
}

/// The vector of a passage, if it has been embedded with this model.
pub(super) fn stored_vector(
    snapshot: &Snapshot,
    model: ModelKey,
    text_hash: &str,
) -> Result<Option<Vec<f32>>, StoreError> {
    let Ok(hash) = blake3::Hash::from_hex(text_hash) else { return Ok(None) };
    let bytes = snapshot.get_raw(Table::Vectors, VectorKey::of_hash(&model.id, hash.as_bytes()))?;
    Ok(bytes.map(|b| VectorKey::from_bytes(&b)).filter(|v| v.len() == model.dimensions))
}

/// Every chunk that is to be found, ascending.
pub(super) fn live_chunks(snapshot: &Snapshot, site: SiteId) -> Result<Vec<ChunkId>, StoreError> {
    let mut live = Vec::new();
    snapshot.visit(Table::Documents, &site.to_key(), None, |_, bytes| {
        let document: Document = decode(bytes)?;
        if document.is_live() {
            live.extend(document.chunks);
        }
        Ok(true)
    })?;
    live.sort_unstable();
    Ok(live)
}
