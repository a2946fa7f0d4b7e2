//! Works off the durable queue of texts to embed: passages first, then their sentences.
//!
//! A text whose vector is stored already is never embedded again, whichever site it is in. What the
//! queue holds survives a crash; what was embedded and not yet stored is embedded again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Notify;

use crate::base::Fault;
use crate::base::error::Outcome;
use crate::base::id::{ChunkId, SiteId};
use crate::embed::{EmbedError, Model, ModelHandle};
use crate::store::{Key, Snapshot, Store, Table};
use crate::svc::index::Indexes;
use crate::svc::knowledge::{self, Change, Chunk, Document, Op, QueueItem, VectorKey, evidence_texts};

/// Queue items worked on together; one store batch each time.
const ITEMS_MAX: usize = 24;
/// Pause after a failure, so that a broken model does not spin.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// What the embedder has done since the start.
#[derive(Debug, Default)]
pub struct Tally {
    /// Passages put through the model; those whose vector was known do not count.
    pub embedded: AtomicU64,
    /// Passages whose vector became available.
    pub passages: AtomicU64,
}

/// The queue's worker.
pub struct Embedder {
    store: Store,
    indexes: Arc<Indexes>,
    model: ModelHandle,
    wake: Notify,
    stopping: AtomicBool,
    pub tally: Tally,
}

struct Item {
    queue_key: Vec<u8>,
    site: SiteId,
    chunk: ChunkId,
    texts: Vec<String>,
    is_passage: bool,
}

impl Embedder {
    pub fn new(store: Store, indexes: Arc<Indexes>, model: ModelHandle) -> Arc<Self> {
        Arc::new(Self {
            store,
            indexes,
            model,
            wake: Notify::new(),
            stopping: AtomicBool::new(false),
            tally: Tally::default(),
        })
    }

    /// Tells the worker that the queue has grown.
    pub fn poke(&self) {
        self.wake.notify_one();
    }

    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.poke();
    }

    /// Runs until [`Embedder::stop`].
    pub async fn run(self: Arc<Self>) {
        let model = match self.model.ready().await {
            Ok(model) => model,
            Err(error) => {
                tracing::warn!(%error, "texts are searchable by words only");
                return;
            }
        };
        while !self.stopping.load(Ordering::Relaxed) {
            match self.step(&model).await {
                Ok(true) => {}
                Ok(false) => self.wake.notified().await,
                Err(fault) => {
                    tracing::error!(%fault, cause = ?fault.source, "embedding failed; it is tried again");
                    tokio::time::sleep(RETRY_AFTER).await;
                }
            }
        }
    }

    /// Embeds the next items. False when the queue is empty.
    async fn step(&self, model: &Arc<Model>) -> Outcome<bool> {
        let items = self.next_items()?;
        if items.is_empty() {
            return Ok(false);
        }
        let mut vectors = Vec::new();
        let mut embedded = 0;
        let mut running = FuturesUnordered::new();
        {
            let snapshot = self.store.snapshot()?;
            let mut seen = std::collections::HashSet::new();
            for (text, is_passage) in
                items.iter().flat_map(|item| item.texts.iter().map(|text| (text, item.is_passage)))
            {
                let key = VectorKey::of(model.id.as_bytes(), text).into_bytes();
                if snapshot.get_raw(Table::Vectors, &key)?.is_none() && seen.insert(key.clone()) {
                    let model = Arc::clone(model);
                    let text = text.clone();
                    running.push(async move {
                        model.pool.embed_passage(&text).await.map(|vector| (key, vector, is_passage))
                    });
                }
            }
        }
        while let Some(result) = running.next().await {
            let (key, vector, is_passage) = match result {
                Ok(embedded) => embedded,
                // Such a text fails every time; it stays searchable by words and must not hold up the others.
                Err(error @ (EmbedError::Panicked(_) | EmbedError::BadInput(_))) => {
                    tracing::error!(%error, "a text cannot be embedded; it is found by its words only");
                    continue;
                }
                Err(error) => return Err(Fault::internal(error)),
            };
            embedded += u64::from(is_passage);
            vectors.push((key, VectorKey::to_bytes(&vector)));
        }
        self.tally.embedded.fetch_add(embedded, Ordering::Relaxed);
        let passages = items.iter().filter(|item| item.is_passage).count();
        let model_bytes = model.id.as_bytes().len();
        self.store
            .write(move |batch| {
                for (key, bytes) in vectors {
                    // A text that was deleted meanwhile leaves nothing behind.
                    if knowledge::is_needed(batch, key.get(model_bytes..).unwrap_or_default())? {
                        batch.put_raw(Table::Vectors, key, bytes);
                    }
                }
                for item in items {
                    // Gone from the queue means that the document was changed meanwhile.
                    if batch.get_raw(Table::EmbedQueue, &item.queue_key)?.is_none() {
                        continue;
                    }
                    batch.delete(Table::EmbedQueue, &item.queue_key);
                    if item.is_passage {
                        let sequence = batch.next("outbox")?;
                        batch.put(Key::of(item.site).and(sequence), &Change { op: Op::Vector, chunk: item.chunk })?;
                    }
                }
                Ok::<_, Fault>(())
            })
            .await?;
        self.tally.passages.fetch_add(passages as u64, Ordering::Relaxed);
        self.indexes.poke();
        Ok(true)
    }

    fn next_items(&self) -> Outcome<Vec<Item>> {
        let snapshot = self.store.snapshot()?;
        let mut keys = Vec::new();
        snapshot.visit(Table::EmbedQueue, &[], None, |key, _| {
            keys.push(key.to_vec());
            Ok(keys.len() < ITEMS_MAX)
        })?;
        Ok(keys
            .into_iter()
            .map(|key| item(&snapshot, key))
            .collect::<Outcome<Vec<_>>>()?
            .into_iter()
            .flatten()
            .collect())
    }
}

/// The texts behind a queue key; a key that cannot be read any more has none and is just removed.
fn item(snapshot: &Snapshot, queue_key: Vec<u8>) -> Outcome<Option<Item>> {
    let (Some(&priority), Some(site), Some(chunk)) = (
        queue_key.first(),
        queue_key.get(1..5).and_then(|b| b.try_into().ok()).map(u32::from_be_bytes),
        queue_key.get(5..13).and_then(|b| b.try_into().ok()).map(u64::from_be_bytes),
    ) else {
        return Ok(None);
    };
    let (site, chunk) = (SiteId(site), ChunkId(chunk));
    let is_passage = priority == QueueItem::PASSAGE;
    let mut texts = Vec::new();
    if let Some(stored) = knowledge::chunk(snapshot, site, chunk)?
        && let Some(document) = snapshot.get::<Document>(Key::of(site).and(stored.document))?
    {
        if is_passage {
            texts.push(Chunk::passage(&document.title, &stored.section, &stored.text));
        } else {
            texts.extend(evidence_texts(&document, &stored));
        }
    }
    Ok(Some(Item { queue_key, site, chunk, texts, is_passage }))
}
