//! The word and meaning indexes of every site, fed from the outbox.
//!
//! Invariants:
//! * An index is a cache. What it holds is what the store's live chunks say, nothing else: applying a
//!   change means looking the chunk up in the store, so that replaying a change twice is harmless.
//! * Each index knows the outbox sequence it has applied. At start it is replayed from there, or built
//!   anew when its file is missing, damaged or from another model.
//! * One thread changes indexes. Readers never wait for it longer than one batch.
//!
//! Deliberately absent: writes to indexes by anybody else.

mod apply;
mod check;
mod site_index;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::base::error::Outcome;
use crate::base::id::SiteId;
use crate::store::{Key, Store, Table};
use crate::svc::model::{ModelKey, Models};
use crate::vector::VectorIndex;

pub(crate) use apply::language;
pub use check::{Difference, SiteStatus};
pub use site_index::{Held, SiteIndex};

/// Vectors are saved when nothing has changed for this long.
const SAVE_AFTER: Duration = Duration::from_secs(20);
/// How often the thread looks for work it was not told of.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// All indexes of the data folder.
pub struct Indexes {
    shared: Arc<Shared>,
    wake: SyncSender<()>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    store: Store,
    dir: PathBuf,
    models: Arc<Models>,
    sites: RwLock<HashMap<SiteId, Arc<SiteIndex>>>,
    applied: watch::Sender<u64>,
    stopping: AtomicBool,
}

impl Indexes {
    /// Opens the indexes of every site below `dir` and starts the thread that keeps them up to date.
    /// Word indexes are loaded before this returns; meaning indexes are read behind it, and what must be rebuilt is rebuilt.
    pub fn open(store: Store, dir: &Path, models: Arc<Models>) -> Outcome<Self> {
        let shared = Arc::new(Shared {
            store,
            dir: dir.to_owned(),
            models,
            sites: RwLock::default(),
            applied: watch::channel(0).0,
            stopping: AtomicBool::new(false),
        });
        for site in crate::svc::site::list(&shared.store)? {
            shared.site(site.id)?;
        }
        let (wake, woken) = sync_channel(1);
        let worker = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("indexer".to_owned())
            .spawn(move || run(&worker, &woken))
            .map_err(crate::base::Fault::internal)?;
        Ok(Self { shared, wake, thread: Mutex::new(Some(thread)) })
    }

    /// The indexes of one site; made when the site is new.
    pub fn site(&self, site: SiteId) -> Outcome<Arc<SiteIndex>> {
        self.shared.site(site)
    }

    /// Goes over to the vectors of the model the site has now; blocks until they are all there.
    pub fn follow_model(&self, site: SiteId) -> Outcome<()> {
        let model = self.shared.models.key_of(site)?;
        let index = self.shared.site(site)?;
        self.shared.telling(|| index.use_model(&self.shared.store, model))
    }

    /// The stored vectors of any model, as an index beside the one that answers; blocks while it is built.
    pub fn vectors_of(&self, site: SiteId, model: ModelKey) -> Outcome<VectorIndex> {
        self.shared.site(site)?.vectors_of(&self.shared.store, model)
    }

    /// Tells the thread that the outbox has grown.
    pub fn poke(&self) {
        // A full channel means it has been told already.
        let _ = self.wake.try_send(());
    }

    /// Waits until everything committed so far can be found.
    pub async fn caught_up(&self, site: SiteId) -> Outcome<()> {
        let target = self.shared.store.snapshot()?.counter("outbox")?;
        let index = self.shared.site(site)?;
        let mut applied = self.shared.applied.subscribe();
        self.poke();
        while index.words_sequence() < target || index.vectors_sequence() < target {
            if applied.changed().await.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Waits until the meaning index of a site has been read from its file; not for a rebuild.
    pub async fn loaded(&self, site: SiteId) -> Outcome<()> {
        let index = self.shared.site(site)?;
        let mut applied = self.shared.applied.subscribe();
        self.poke();
        while index.is_loading() {
            if applied.changed().await.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Compares both indexes of a site with the store.
    pub fn verify(&self, site: SiteId) -> Outcome<Vec<Difference>> {
        let index = self.shared.site(site)?;
        self.shared.telling(|| check::verify(&self.shared.store, &index))
    }

    /// What `index status` shows.
    pub fn status(&self, site: SiteId) -> Outcome<SiteStatus> {
        check::status(&self.shared.store, &*self.shared.site(site)?)
    }

    /// Builds both indexes of a site anew from the store.
    pub fn rebuild(&self, site: SiteId) -> Outcome<()> {
        let index = self.shared.site(site)?;
        self.shared.telling(|| index.rebuild(&self.shared.store))
    }

    /// Saves what is not saved and stops the thread.
    pub fn close(&self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        self.poke();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Indexes {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn site(&self, id: SiteId) -> Outcome<Arc<SiteIndex>> {
        if let Some(found) = self.sites.read().unwrap_or_else(PoisonError::into_inner).get(&id) {
            return Ok(Arc::clone(found));
        }
        let mut sites = self.sites.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = sites.get(&id) {
            return Ok(Arc::clone(found));
        }
        let model = self.models.key_of(id)?;
        let opened = Arc::new(SiteIndex::open(id, &self.dir.join(id.to_string()), &self.store, model)?);
        sites.insert(id, Arc::clone(&opened));
        Ok(opened)
    }

    /// Tells who waits that an index may have moved, also when the work failed.
    fn telling<T>(&self, work: impl FnOnce() -> T) -> T {
        let done = work();
        self.applied.send_modify(|n| *n += 1);
        done
    }

    fn all(&self) -> Vec<Arc<SiteIndex>> {
        self.sites.read().unwrap_or_else(PoisonError::into_inner).values().map(Arc::clone).collect()
    }
}

fn run(shared: &Shared, woken: &Receiver<()>) {
    let mut changed_at: Option<Instant> = None;
    let mut seen = None;
    loop {
        let stopping = shared.stopping.load(Ordering::Relaxed);
        match step(shared, &mut seen) {
            Ok(true) => changed_at = Some(Instant::now()),
            Ok(false) => {}
            Err(fault) => {
                tracing::error!(%fault, cause = ?fault.source, "an index could not be brought up to date; it is tried again");
            }
        }
        if changed_at.is_some_and(|at| stopping || at.elapsed() > SAVE_AFTER) {
            for site in shared.all() {
                if let Err(fault) = site.save().and_then(|()| trim(shared, &site)) {
                    tracing::error!(%fault, cause = ?fault.source, "an index could not be saved; it will be rebuilt from the store");
                }
            }
            changed_at = None;
        }
        if stopping {
            return;
        }
        if matches!(woken.recv_timeout(LOOK_EVERY), Err(RecvTimeoutError::Disconnected)) {
            return;
        }
    }
}

/// Applies what is new to every site. True when something was. A site that fails holds up no other.
fn step(shared: &Shared, seen: &mut Option<u64>) -> Outcome<bool> {
    // Reading files takes moments and comes before any rebuild.
    for site in shared.all().iter().filter(|site| site.is_loading()) {
        shared.telling(|| site.load());
    }
    let target = shared.store.snapshot()?.counter("outbox")?;
    if *seen == Some(target) && shared.all().iter().all(|s| s.is_current(target)) {
        return Ok(false);
    }
    // A site made since the start is indexed from its first document on, not from its first search.
    for site in crate::svc::site::list(&shared.store)? {
        shared.site(site.id)?;
    }
    let (mut changed, mut failed) = (false, None);
    for site in shared.all() {
        match shared.telling(|| site.catch_up(&shared.store)) {
            Ok(did) => changed |= did,
            Err(fault) => failed = failed.or(Some(fault)),
        }
    }
    match failed {
        Some(fault) => Err(fault),
        None => {
            *seen = Some(target);
            Ok(changed)
        }
    }
}

/// Drops outbox entries that both saved indexes have applied.
fn trim(shared: &Shared, site: &SiteIndex) -> Outcome<()> {
    let upto = site.saved_sequence();
    let id = site.id();
    let prefix = Key::of(id).into_bytes();
    let old: Vec<Vec<u8>> = {
        let snapshot = shared.store.snapshot()?;
        let mut old = Vec::new();
        snapshot.visit(Table::Outbox, &prefix, None, |key, _| {
            let sequence = key.get(4..12).and_then(|b| b.try_into().ok()).map_or(u64::MAX, u64::from_be_bytes);
            let done = sequence <= upto;
            if done {
                old.push(key.to_vec());
            }
            Ok(done && old.len() < 50_000)
        })?;
        old
    };
    if old.is_empty() {
        return Ok(());
    }
    shared.store.write_blocking(move |batch| {
        for key in &old {
            batch.delete(Table::Outbox, key);
        }
        Ok(())
    })
}
