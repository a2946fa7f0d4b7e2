//! Which texts are embedded, and who needs them: a vector lives as long as a passage of any site has its text.

use std::collections::BTreeSet;

use crate::base::Fault;
use crate::base::error::Outcome;
use crate::base::id::{ChunkId, DocumentId, SiteId};
use crate::store::{Batch, Key, Store, Table, prefix_end};

use super::change::announce;
use super::{Chunk, Document, VectorKey, sentences};

/// Sentences of one passage that get vectors of their own.
const SENTENCES_MAX: usize = 40;
const MODEL_BYTES: usize = VectorKey::MODEL_BYTES;
/// Counter that says that every stored passage is in the table of uses.
const COUNTED: &str = "text_uses_counted";
/// Documents whose uses are counted in one batch.
const DOCUMENTS_AT_ONCE: usize = 200;

/// What is embedded for each sentence of a passage: its page, its heading, the sentence.
#[must_use]
pub fn evidence_texts(document: &Document, chunk: &Chunk) -> Vec<String> {
    let head = chunk.section.last().filter(|h| **h != document.title);
    let head = head.map_or_else(|| document.title.clone(), |h| format!("{} – {h}", document.title));
    sentences(&chunk.text).into_iter().take(SENTENCES_MAX).map(|sentence| format!("{head}: {sentence}")).collect()
}

/// BLAKE3 of each text of a passage that is embedded: its own, and those of its sentences.
fn hashes(document: &Document, chunk: &Chunk) -> BTreeSet<[u8; 32]> {
    let mut hashes: BTreeSet<[u8; 32]> =
        evidence_texts(document, chunk).iter().map(|text| *blake3::hash(text.as_bytes()).as_bytes()).collect();
    hashes.extend(blake3::Hash::from_hex(&chunk.text_hash).ok().map(|hash| *hash.as_bytes()));
    hashes
}

/// Notes that a passage needs the vectors of its texts.
pub(super) fn claim(batch: &mut Batch<'_>, document: &Document, id: ChunkId, chunk: &Chunk) {
    for hash in hashes(document, chunk) {
        batch.put_raw(Table::TextUses, Key::of(&hash).and(document.site).and(id), Vec::new());
    }
}

/// Takes the needs of passages back, and deletes the vectors, of every model, that nobody needs any more.
pub(super) fn release(batch: &mut Batch<'_>, document: &Document, chunks: &[(ChunkId, Chunk)]) -> Outcome<()> {
    let mut released = BTreeSet::new();
    for (id, chunk) in chunks {
        for hash in hashes(document, chunk) {
            batch.delete(Table::TextUses, Key::of(&hash).and(document.site).and(*id));
            released.insert(hash);
        }
    }
    let models = models(batch)?;
    for hash in released {
        if !is_needed(batch, &hash)? {
            for model in &models {
                batch.delete(Table::Vectors, Key::of(model).and(&hash));
            }
        }
    }
    Ok(())
}

/// Embeds the texts of a document anew, and lets the indexes look at its passages again. Its passages are found by meaning
/// with their old vectors until the new ones are there.
pub fn embed_again(batch: &mut Batch<'_>, site: SiteId, id: DocumentId) -> Outcome<()> {
    let Some(document) = batch.get::<Document>(Key::of(site).and(id))? else { return Ok(()) };
    let models = models(batch)?;
    for &id in &document.chunks {
        let Some(chunk) = batch.get::<Chunk>(Key::of(site).and(id))? else { continue };
        for (hash, model) in
            hashes(&document, &chunk).iter().flat_map(|hash| models.iter().map(move |model| (hash, model)))
        {
            batch.delete(Table::Vectors, Key::of(model).and(hash));
        }
    }
    if document.is_live() { announce(batch, &document) } else { Ok(()) }
}

/// Whether a passage of any site has the text with this BLAKE3.
pub fn is_needed(batch: &Batch<'_>, hash: &[u8]) -> Outcome<bool> {
    Ok(!batch.scan(Table::TextUses, hash, 1)?.is_empty())
}

/// The models that have stored vectors.
fn models(batch: &Batch<'_>) -> Outcome<Vec<[u8; MODEL_BYTES]>> {
    let mut models = Vec::new();
    let mut from = Vec::new();
    while let Some(key) = batch.first_key(Table::Vectors, &from)? {
        let Some(model) = key.first_chunk::<MODEL_BYTES>() else { break };
        models.push(*model);
        let Some(behind) = prefix_end(model) else { break };
        from = behind;
    }
    Ok(models)
}

/// Fills the table of uses in a store from before there was one; does nothing otherwise. Comes before the workers.
pub fn count_uses(store: &Store) -> Outcome<()> {
    let mut keys = Vec::new();
    {
        let snapshot = store.snapshot()?;
        if snapshot.counter(COUNTED)? > 0 {
            return Ok(());
        }
        snapshot.visit(Table::Documents, &[], None, |key, _| {
            keys.push(key.to_vec());
            Ok(true)
        })?;
    }
    for group in keys.chunks(DOCUMENTS_AT_ONCE) {
        let group = group.to_vec();
        store.write_blocking(move |batch| {
            for key in group {
                let Some(document) = batch.get::<Document>(&key)? else { continue };
                for &id in &document.chunks {
                    if let Some(chunk) = batch.get::<Chunk>(Key::of(document.site).and(id))? {
                        claim(batch, &document, id, &chunk);
                    }
                }
            }
            Ok::<_, Fault>(())
        })?;
    }
    store.write_blocking(|batch| Ok::<_, Fault>(batch.next(COUNTED).map(drop)?))
}
