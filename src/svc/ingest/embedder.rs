//! Works off the durable queue of texts to embed: passages first, then their sentences.
//!
//! A text whose vector is stored already is never embedded again, whichever site it is in. What the
//! queue holds survives a crash; what was embedded and not yet stored is embedded again.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::base::Fault;
use crate::base::error::Outcome;
use crate::base::id::{ChunkId, SiteId};
use crate::embed::EmbedError;
use crate::store::{Key, Snapshot, Store, Table};
use crate::svc::index::Indexes;
use crate::svc::knowledge::{self, Change, Chunk, Document, Op, QueueItem, VectorKey, evidence_texts};
use crate::svc::model::{Engine, ModelKey, Models, Stage, Switch};

/// Queue items worked on together; one store batch each time.
const ITEMS_MAX: usize = 24;
/// Pause after a failure, so that a broken model does not spin.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// How long a service that failed is left alone.
const PAUSE: Duration = Duration::from_secs(30);
/// How often is looked whether a model that is loading or paused is back.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

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
    models: Arc<Models>,
    wake: Notify,
    stopping: AtomicBool,
    /// Models that failed: until when they are left alone, and why.
    paused: Mutex<HashMap<ModelKey, (Instant, String)>>,
    pub tally: Tally,
}

struct Item {
    queue_key: Vec<u8>,
    site: SiteId,
    chunk: ChunkId,
    texts: Vec<String>,
    engine: Engine,
    priority: u8,
    /// Whether the site's new model answered when the queue was read: accepting and undoing change what a key means.
    accepted: bool,
}

/// What a look at the queue came to.
enum Step {
    Done,
    /// Nothing waits.
    Empty,
    /// What waits needs a model that is not there now.
    Blocked,
}

impl Embedder {
    pub fn new(store: Store, indexes: Arc<Indexes>, models: Arc<Models>) -> Arc<Self> {
        Arc::new(Self {
            store,
            indexes,
            models,
            wake: Notify::new(),
            stopping: AtomicBool::new(false),
            paused: Mutex::default(),
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

    /// Why a model makes no vectors at the moment, if it failed lately.
    #[must_use]
    pub fn failure(&self, model: ModelKey) -> Option<String> {
        let paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        paused.get(&model).map(|(_, reason)| reason.clone())
    }

    /// Runs until [`Embedder::stop`].
    pub async fn run(self: Arc<Self>) {
        // Without it there is next to nothing to do, and it takes moments only.
        let _ = self.models.built_in().ready().await;
        while !self.stopping.load(Ordering::Relaxed) {
            match self.step().await {
                Ok(Step::Done) => {}
                Ok(Step::Empty) => self.wake.notified().await,
                Ok(Step::Blocked) => {
                    let _ = tokio::time::timeout(LOOK_AGAIN, self.wake.notified()).await;
                }
                Err(fault) => {
                    tracing::error!(%fault, cause = ?fault.source, "embedding failed; it is tried again");
                    tokio::time::sleep(RETRY_AFTER).await;
                }
            }
        }
    }

    /// Embeds the next items of one model.
    async fn step(&self) -> Outcome<Step> {
        let (items, blocked) = self.next_items()?;
        let Some(engine) = items.first().map(|item| item.engine.clone()) else {
            return Ok(if blocked { Step::Blocked } else { Step::Empty });
        };
        let model = engine.key();
        let (mut keys, mut texts, mut own) = (Vec::new(), Vec::new(), Vec::new());
        {
            let snapshot = self.store.snapshot()?;
            let mut seen = std::collections::HashSet::new();
            for (text, priority) in items.iter().flat_map(|item| item.texts.iter().map(|text| (text, item.priority))) {
                let key = VectorKey::of(&model.id, text).into_bytes();
                if snapshot.get_raw(Table::Vectors, &key)?.is_none() && seen.insert(key.clone()) {
                    keys.push(key);
                    texts.push(text.clone());
                    own.push(priority == QueueItem::PASSAGE);
                }
            }
        }
        let mut vectors = Vec::new();
        let mut embedded = 0;
        for ((key, result), is_passage) in keys.into_iter().zip(engine.embed_passages(&texts).await).zip(own) {
            match result {
                Ok(vector) => {
                    embedded += u64::from(is_passage);
                    vectors.push((key, VectorKey::to_bytes(&vector)));
                }
                // Such a text fails every time; it stays searchable by words and must not hold up the others.
                Err(error @ (EmbedError::Panicked(_) | EmbedError::BadInput(_))) => {
                    tracing::error!(%error, "a text cannot be embedded; it is found by its words only");
                }
                Err(error @ EmbedError::Service(_)) => return self.pause(model, error, vectors).await,
                Err(error) => return Err(Fault::internal(error)),
            }
        }
        self.paused.lock().unwrap_or_else(PoisonError::into_inner).remove(&model);
        self.tally.embedded.fetch_add(embedded, Ordering::Relaxed);
        let passages = items.iter().filter(|item| item.priority == QueueItem::PASSAGE).count();
        self.keep(vectors, items).await?;
        self.tally.passages.fetch_add(passages as u64, Ordering::Relaxed);
        self.indexes.poke();
        Ok(Step::Done)
    }

    /// Leaves a model alone for a while; what it has done is kept, what is left stays queued.
    async fn pause(&self, model: ModelKey, error: EmbedError, vectors: Vec<(Vec<u8>, Vec<u8>)>) -> Outcome<Step> {
        tracing::warn!(%error, "texts wait for their vectors; it is tried again");
        let until = Instant::now() + PAUSE;
        self.paused.lock().unwrap_or_else(PoisonError::into_inner).insert(model, (until, error.to_string()));
        self.keep(vectors, Vec::new()).await?;
        Ok(Step::Blocked)
    }

    /// Stores vectors and takes items from the queue.
    async fn keep(&self, vectors: Vec<(Vec<u8>, Vec<u8>)>, items: Vec<Item>) -> Outcome<()> {
        self.store
            .write(move |batch| {
                for (key, bytes) in vectors {
                    // A text that was deleted meanwhile leaves nothing behind.
                    if knowledge::is_needed(batch, key.get(VectorKey::MODEL_BYTES..).unwrap_or_default())? {
                        batch.put_raw(Table::Vectors, key, bytes);
                    }
                }
                for item in items {
                    // Gone from the queue means that the document was changed meanwhile.
                    let is_gone = batch.get_raw(Table::EmbedQueue, &item.queue_key)?.is_none();
                    if is_gone || is_accepted(batch.get(item.site.to_key())?.as_ref()) != item.accepted {
                        continue;
                    }
                    batch.delete(Table::EmbedQueue, &item.queue_key);
                    if item.priority == QueueItem::PASSAGE {
                        let sequence = batch.next("outbox")?;
                        batch.put(Key::of(item.site).and(sequence), &Change { op: Op::Vector, chunk: item.chunk })?;
                    }
                }
                Ok::<_, Fault>(())
            })
            .await
    }

    /// The next items that need the same model, and whether others wait for a model that is not there.
    fn next_items(&self) -> Outcome<(Vec<Item>, bool)> {
        let snapshot = self.store.snapshot()?;
        let mut engines: HashMap<(SiteId, bool), Option<Engine>> = HashMap::new();
        let (mut chosen, mut blocked, mut failed) = (None, false, None);
        let mut keys = Vec::new();
        snapshot.visit(Table::EmbedQueue, &[], None, |key, _| {
            // Nothing writes other keys; one that cannot be read has nothing to say.
            let Some((priority, site, chunk)) = parse(key) else { return Ok(true) };
            let other = priority >= QueueItem::OTHER_PASSAGE;
            let engine = match engines.entry((site, other)) {
                std::collections::hash_map::Entry::Occupied(known) => known.get().clone(),
                std::collections::hash_map::Entry::Vacant(new) => match self.engine(site, other) {
                    Ok(found) => new.insert(found).clone(),
                    Err(fault) => {
                        failed = Some(fault);
                        return Ok(false);
                    }
                },
            };
            match engine {
                Some(engine) if *chosen.get_or_insert(engine.key()) == engine.key() => {
                    keys.push((key.to_vec(), priority, site, chunk, engine));
                }
                // Of another model: its turn comes when these are done.
                Some(_) => {}
                None => blocked = true,
            }
            Ok(keys.len() < ITEMS_MAX)
        })?;
        if let Some(fault) = failed {
            return Err(fault);
        }
        let mut items = Vec::new();
        for (queue_key, priority, site, chunk, engine) in keys {
            let texts = texts(&snapshot, site, chunk, priority)?;
            let accepted = is_accepted(snapshot.get(site.to_key())?.as_ref());
            items.push(Item { queue_key, site, chunk, texts, engine, priority, accepted });
        }
        Ok((items, blocked))
    }

    /// The model that makes a site's vectors, or those of the model it changes to; `None` while there is none.
    fn engine(&self, site: SiteId, other: bool) -> Outcome<Option<Engine>> {
        let key = if other {
            let Some(switch) = self.models.switch(site)? else { return Ok(None) };
            self.models.key(switch.other())?
        } else {
            self.models.key_of(site)?
        };
        let is_paused = {
            let paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
            paused.get(&key).is_some_and(|(until, _)| *until > Instant::now())
        };
        if is_paused { Ok(None) } else { self.models.get(key) }
    }
}

fn is_accepted(switch: Option<&Switch>) -> bool {
    switch.is_some_and(|switch| switch.stage == Stage::Accepted)
}

/// Priority, site and chunk of a queue key.
fn parse(key: &[u8]) -> Option<(u8, SiteId, ChunkId)> {
    let priority = *key.first()?;
    let site = u32::from_be_bytes(key.get(1..5)?.try_into().ok()?);
    let chunk = u64::from_be_bytes(key.get(5..13)?.try_into().ok()?);
    Some((priority, SiteId(site), ChunkId(chunk)))
}

/// The texts behind a queue entry; none when the chunk is gone, and the entry is just removed.
fn texts(snapshot: &Snapshot, site: SiteId, chunk: ChunkId, priority: u8) -> Outcome<Vec<String>> {
    let Some(stored) = knowledge::chunk(snapshot, site, chunk)? else { return Ok(Vec::new()) };
    let Some(document) = snapshot.get::<Document>(Key::of(site).and(stored.document))? else { return Ok(Vec::new()) };
    if matches!(priority, QueueItem::PASSAGE | QueueItem::OTHER_PASSAGE) {
        return Ok(vec![Chunk::passage(&document.title, &stored.section, &stored.text)]);
    }
    Ok(evidence_texts(&document, &stored))
}
