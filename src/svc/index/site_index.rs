//! The pair of indexes of one site.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::base::error::Outcome;
use crate::base::id::SiteId;
use crate::base::{Fault, fsx};
use crate::lexical::{self, WordIndex};
use crate::store::{Snapshot, Store};
use crate::svc::model::ModelKey;
use crate::vector::{Rejected, VectorIndex};

use super::apply;

/// The pair of indexes of one site.
pub struct SiteIndex {
    id: SiteId,
    vectors_path: PathBuf,
    /// With the model it names the file of the meaning index.
    store_id: String,
    words: WordIndex,
    held: RwLock<Held>,
    words_sequence: AtomicU64,
    vectors_sequence: AtomicU64,
    vectors_saved: AtomicU64,
    words_stale: AtomicBool,
    vectors_stale: AtomicBool,
    /// The file of the meaning index has not been looked at yet.
    vectors_unread: AtomicBool,
    /// The store's newest sequence when it was opened: a file beyond it tells of another history.
    newest: u64,
    /// One change at a time: the indexer's thread and a rebuild asked for must not mix.
    changing: Mutex<()>,
}

/// Vectors with the model that made them: they are exchanged together.
#[derive(Clone)]
pub struct Held {
    pub model: ModelKey,
    pub vectors: Arc<VectorIndex>,
}

/// Marks the shape of what is put into the word index; raise it when that changes.
const WORDS_SCHEMA: &str = "1";

impl SiteIndex {
    /// Opens the word index of `site` in `dir`. The meaning index, far larger, is left to
    /// [`SiteIndex::load`]. What is missing, damaged, of another model or of another store, or ahead of this one
    /// (an older store was put back), is built anew.
    pub(super) fn open(id: SiteId, dir: &Path, store: &Store, model: ModelKey) -> Outcome<Self> {
        let snapshot = store.snapshot()?;
        let (store_id, newest) = (snapshot.store_id()?, snapshot.counter("outbox")?);
        fsx::create_private_dir(dir).map_err(Fault::internal)?;
        let (words, words_sequence) =
            WordIndex::open(&dir.join("words"), &format!("{WORDS_SCHEMA} {store_id}")).map_err(Fault::internal)?;
        let words_sequence = words_sequence.filter(|sequence| is_usable(*sequence, newest));
        if words_sequence.is_none() {
            words.wipe().map_err(Fault::internal)?;
            tracing::info!(site = %id, "the word index is built anew from the store");
        }
        let vectors_path = dir.join("vectors.idx");
        Ok(Self {
            id,
            store_id,
            words,
            held: RwLock::new(Held {
                model,
                vectors: Arc::new(VectorIndex::new(model.dimensions).map_err(Fault::internal)?),
            }),
            words_sequence: AtomicU64::new(words_sequence.unwrap_or(0)),
            vectors_sequence: AtomicU64::new(0),
            vectors_saved: AtomicU64::new(0),
            words_stale: AtomicBool::new(words_sequence.is_none()),
            vectors_stale: AtomicBool::new(true),
            vectors_unread: AtomicBool::new(vectors_path.exists()),
            vectors_path,
            newest,
            changing: Mutex::new(()),
        })
    }

    #[must_use]
    pub fn id(&self) -> SiteId {
        self.id
    }

    #[must_use]
    pub fn words_sequence(&self) -> u64 {
        if self.words_stale.load(Ordering::Acquire) { 0 } else { self.words_sequence.load(Ordering::Acquire) }
    }

    #[must_use]
    pub fn vectors_sequence(&self) -> u64 {
        if self.vectors_stale.load(Ordering::Acquire) { 0 } else { self.vectors_sequence.load(Ordering::Acquire) }
    }

    /// What both files on disk have applied.
    pub(super) fn saved_sequence(&self) -> u64 {
        self.words_sequence().min(self.vectors_saved.load(Ordering::Acquire))
    }

    pub(super) fn is_current(&self, target: u64) -> bool {
        self.words_sequence() >= target && self.vectors_sequence() >= target
    }

    /// Whether the meaning index is still to be read from its file: a matter of moments, unlike a rebuild.
    #[must_use]
    pub fn is_loading(&self) -> bool {
        self.vectors_unread.load(Ordering::Acquire)
    }

    /// Best chunks by words.
    pub fn search_words(&self, query: &str, limit: usize) -> Outcome<Vec<lexical::Hit>> {
        self.words.search(query, limit).map_err(Fault::internal)
    }

    #[must_use]
    pub fn words(&self) -> &WordIndex {
        &self.words
    }

    /// The vectors that answer, and whose they are.
    #[must_use]
    pub fn held(&self) -> Held {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    #[must_use]
    pub fn vectors(&self) -> Arc<VectorIndex> {
        self.held().vectors
    }

    #[must_use]
    pub fn model(&self) -> ModelKey {
        self.held().model
    }

    fn hold(&self, held: Held) {
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = held;
    }

    /// Names model and store in the file of the meaning index.
    fn tag(&self, model: ModelKey) -> [u8; 32] {
        *blake3::Hasher::new().update(&model.id).update(self.store_id.as_bytes()).finalize().as_bytes()
    }

    /// Goes over to the stored vectors of another model; those held so far answer until the new ones are all there.
    pub(super) fn use_model(&self, store: &Store, model: ModelKey) -> Outcome<()> {
        let _guard = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.vectors_unread.store(false, Ordering::Release);
        self.rebuild_vectors(store, model)?;
        self.save_now()
    }

    /// The stored vectors of any model, as an index beside the one that answers.
    pub(super) fn vectors_of(&self, store: &Store, model: ModelKey) -> Outcome<VectorIndex> {
        self.gather(&store.snapshot()?, model)
    }

    /// Applies what the outbox holds beyond the applied sequences. True when something changed.
    pub(super) fn catch_up(&self, store: &Store) -> Outcome<bool> {
        let _guard = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.catch_up_locked(store).map(|(changed, _)| changed)
    }

    /// Brings the indexes up to date and hands over the very state of the store they are at, while
    /// nothing else can change them.
    pub(super) fn at_rest<T>(&self, store: &Store, look: impl FnOnce(&Snapshot) -> Outcome<T>) -> Outcome<T> {
        let _guard = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, snapshot) = self.catch_up_locked(store)?;
        look(&snapshot)
    }

    fn catch_up_locked(&self, store: &Store) -> Outcome<(bool, Snapshot)> {
        let mut changed = false;
        self.load_locked();
        let model = self.model();
        if self.words_stale.load(Ordering::Acquire) {
            self.rebuild_words(store)?;
            changed = true;
        }
        if self.vectors_stale.load(Ordering::Acquire) || self.vectors().is_worn() {
            self.rebuild_vectors(store, model)?;
            changed = true;
        }
        loop {
            let after = self.words_sequence().min(self.vectors_sequence());
            let snapshot = store.snapshot()?;
            let pending = apply::pending(&snapshot, self.id, after)?;
            if pending.chunks.is_empty() {
                // Nothing for this site: it is as current as the whole store.
                let target = snapshot.counter("outbox")?;
                self.words_sequence.fetch_max(target, Ordering::AcqRel);
                self.vectors_sequence.fetch_max(target, Ordering::AcqRel);
                return Ok((changed, snapshot));
            }
            let words = apply::words(&snapshot, self.id, &pending.chunks)?;
            if !words.is_empty() || pending.touches_words {
                self.words.apply(&words.upserts, &words.deletes, pending.upto).map_err(Fault::internal)?;
            }
            self.words_sequence.fetch_max(pending.upto, Ordering::AcqRel);
            fail::fail_point!("index-words-applied", |_| std::process::abort());
            let vectors = apply::vectors(&snapshot, self.id, model, &pending.chunks)?;
            self.vectors().apply(&vectors.upserts, &vectors.deletes).map_err(Fault::internal)?;
            self.vectors_sequence.fetch_max(pending.upto, Ordering::AcqRel);
            changed = true;
        }
    }

    pub(super) fn rebuild(&self, store: &Store) -> Outcome<()> {
        let _guard = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.vectors_unread.store(false, Ordering::Release);
        self.words.wipe().map_err(Fault::internal)?;
        self.rebuild_words(store)?;
        self.rebuild_vectors(store, self.model())?;
        self.save_now()
    }

    /// Reads the meaning index from its file, once, if that is to be trusted; otherwise it stays stale.
    pub(super) fn load(&self) {
        let _guard = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.load_locked();
    }

    fn load_locked(&self) {
        if !self.is_loading() {
            return;
        }
        let model = self.model();
        match VectorIndex::load(&self.vectors_path, &self.tag(model), model.dimensions) {
            Ok(loaded) if is_usable(loaded.sequence, self.newest) => {
                self.hold(Held { model, vectors: Arc::new(loaded.index) });
                self.vectors_sequence.store(loaded.sequence, Ordering::Release);
                self.vectors_saved.store(loaded.sequence, Ordering::Release);
                self.vectors_stale.store(false, Ordering::Release);
            }
            other => {
                if let Some(why) = other.err().filter(|why| !matches!(why, Rejected::Missing)) {
                    tracing::warn!(site = %self.id, %why, "the meaning index is built anew from the store");
                }
            }
        }
        self.vectors_unread.store(false, Ordering::Release);
    }

    fn rebuild_words(&self, store: &Store) -> Outcome<()> {
        let snapshot = store.snapshot()?;
        let upto = snapshot.counter("outbox")?;
        let live = apply::live_chunks(&snapshot, self.id)?;
        for part in live.chunks(apply::BATCH) {
            let words = apply::words(&snapshot, self.id, part)?;
            // The sequence is only claimed with the last part: a crash before leaves it at 0.
            self.words.apply(&words.upserts, &[], 0).map_err(Fault::internal)?;
        }
        self.words.apply(&[], &[], upto).map_err(Fault::internal)?;
        self.words_sequence.store(upto, Ordering::Release);
        self.words_stale.store(false, Ordering::Release);
        Ok(())
    }

    fn rebuild_vectors(&self, store: &Store, model: ModelKey) -> Outcome<()> {
        let snapshot = store.snapshot()?;
        let upto = snapshot.counter("outbox")?;
        let fresh = self.gather(&snapshot, model)?;
        self.hold(Held { model, vectors: Arc::new(fresh) });
        self.vectors_sequence.store(upto, Ordering::Release);
        self.vectors_stale.store(false, Ordering::Release);
        Ok(())
    }

    fn gather(&self, snapshot: &Snapshot, model: ModelKey) -> Outcome<VectorIndex> {
        let fresh = VectorIndex::new(model.dimensions).map_err(Fault::internal)?;
        for part in apply::live_chunks(snapshot, self.id)?.chunks(apply::BATCH) {
            let vectors = apply::vectors(snapshot, self.id, model, part)?;
            fresh.apply(&vectors.upserts, &[]).map_err(Fault::internal)?;
        }
        Ok(fresh)
    }

    /// Writes the meaning index if it has changed; the word index saves itself with every batch.
    pub(super) fn save(&self) -> Outcome<()> {
        let _guard = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.vectors_saved.load(Ordering::Acquire) == self.vectors_sequence.load(Ordering::Acquire) {
            return Ok(());
        }
        self.save_now()
    }

    fn save_now(&self) -> Outcome<()> {
        let sequence = self.vectors_sequence.load(Ordering::Acquire);
        let Held { model, vectors } = self.held();
        vectors.save(&self.vectors_path, &self.tag(model), sequence).map_err(Fault::internal)?;
        self.vectors_saved.store(sequence, Ordering::Release);
        Ok(())
    }
}

/// Sequence 0 is what an unfinished rebuild leaves.
fn is_usable(sequence: u64, newest: u64) -> bool {
    (1..=newest).contains(&sequence)
}
