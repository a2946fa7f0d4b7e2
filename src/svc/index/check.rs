//! Whether the indexes say what the store says.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::base::Fault;
use crate::base::error::Outcome;
use crate::store::{Snapshot, Store};
use crate::svc::knowledge::{self, VectorKey};

use super::{SiteIndex, apply};

/// One thing an index has wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `words` or `vectors`
    pub index: &'static str,
    /// `missing`, `surplus`, `different`, `damaged`
    pub kind: &'static str,
    pub chunk: Option<u64>,
    pub detail: String,
}

/// What `index status` shows of a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SiteStatus {
    pub chunks: u64,
    pub words: u64,
    pub vectors: u64,
    pub pending_vectors: u64,
    pub outbox_sequence: u64,
    pub words_sequence: u64,
    pub vectors_sequence: u64,
    pub vector_bytes: u64,
}

pub(super) fn status(store: &Store, index: &SiteIndex) -> Outcome<SiteStatus> {
    let snapshot = store.snapshot()?;
    Ok(SiteStatus {
        chunks: apply::live_chunks(&snapshot, index.id())?.len() as u64,
        words: index.words().len(),
        vectors: index.vectors().len() as u64,
        pending_vectors: knowledge::pending(&snapshot, index.id())?,
        outbox_sequence: snapshot.counter("outbox")?,
        words_sequence: index.words_sequence(),
        vectors_sequence: index.vectors_sequence(),
        vector_bytes: index.vectors().memory_bytes() as u64,
    })
}

pub(super) fn verify(store: &Store, index: &SiteIndex) -> Outcome<Vec<Difference>> {
    index.at_rest(store, |snapshot| compare_all(snapshot, index))
}

fn compare_all(snapshot: &Snapshot, index: &SiteIndex) -> Outcome<Vec<Difference>> {
    let model = index.model();
    let live = apply::live_chunks(snapshot, index.id())?;
    let mut differences = Vec::new();
    if let Err(error) = index.words().verify() {
        differences.push(Difference { index: "words", kind: "damaged", chunk: None, detail: error.to_string() });
    }
    let words = index.words().keys().map_err(Fault::internal)?;
    compare("words", live.iter().map(|c| c.0).collect(), words.into_iter().collect(), &mut differences);

    let vectors = index.vectors();
    let mut embedded = BTreeSet::new();
    for &id in &live {
        let Some(chunk) = knowledge::chunk(snapshot, index.id(), id)? else { continue };
        let Some(stored) = apply::stored_vector(snapshot, model, &chunk.text_hash)? else { continue };
        embedded.insert(id.0);
        if vectors.get(id.0).is_some_and(|held| VectorKey::to_bytes(&held) != VectorKey::to_bytes(&stored)) {
            differences.push(Difference {
                index: "vectors",
                kind: "different",
                chunk: Some(id.0),
                detail: "the indexed vector is not the stored one".to_owned(),
            });
        }
    }
    compare("vectors", embedded, vectors.keys().into_iter().collect(), &mut differences);
    Ok(differences)
}

fn compare(index: &'static str, expected: BTreeSet<u64>, found: BTreeSet<u64>, differences: &mut Vec<Difference>) {
    for &chunk in expected.difference(&found) {
        differences.push(Difference {
            index,
            kind: "missing",
            chunk: Some(chunk),
            detail: format!("chunk {chunk} is in the store and not in the index"),
        });
    }
    for &chunk in found.difference(&expected) {
        differences.push(Difference {
            index,
            kind: "surplus",
            chunk: Some(chunk),
            detail: format!("chunk {chunk} is in the index and not in the store"),
        });
    }
}
