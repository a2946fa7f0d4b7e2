//! Crawls under way, so that their reports can be read before they end. In memory: a crawl that dies with the process is
//! begun anew, and so is its report.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::base::clock::{UnixMs, now_ms};
use crate::base::id::{JobId, SourceId};
use crate::svc::crawl::Host;

use super::source::{SourceUrl, UrlOutcome};

/// The crawls under way, one per source.
#[derive(Default)]
pub struct Live(Mutex<HashMap<SourceId, Arc<Crawling>>>);

/// One crawl and what it has seen so far.
pub struct Crawling {
    pub job: JobId,
    pub started_at: UnixMs,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    rows: BTreeMap<String, SourceUrl>,
    hosts: Vec<Host>,
}

/// Ends the entry with the crawl, however that ends.
pub(super) struct Entry<'a> {
    live: &'a Live,
    source: SourceId,
    pub(super) crawling: Arc<Crawling>,
}

impl Live {
    pub(super) fn begin(&self, source: SourceId, job: JobId) -> Entry<'_> {
        let crawling = Arc::new(Crawling { job, started_at: now_ms(), seen: Mutex::default() });
        lock(&self.0).insert(source, Arc::clone(&crawling));
        Entry { live: self, source, crawling }
    }

    /// The crawl of a source, if one is under way.
    pub fn of(&self, source: SourceId) -> Option<Arc<Crawling>> {
        lock(&self.0).get(&source).cloned()
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        let mut live = lock(&self.live.0);
        // Two jobs may read one source at once: the later of them keeps its entry.
        if live.get(&self.source).is_some_and(|crawling| Arc::ptr_eq(crawling, &self.crawling)) {
            live.remove(&self.source);
        }
    }
}

impl Crawling {
    /// Adds a line. Two lines of one address only come together when a page of ours was missed: that is the news.
    pub(super) fn note(&self, row: SourceUrl) {
        let is_news = matches!(row.outcome, UrlOutcome::Missed | UrlOutcome::Gone);
        let mut seen = lock(&self.seen);
        if is_news || !seen.rows.contains_key(&row.url) {
            seen.rows.insert(row.url.clone(), row);
        }
    }

    /// Puts a line in the place of the one with its address.
    pub(super) fn correct(&self, row: SourceUrl) {
        lock(&self.seen).rows.insert(row.url.clone(), row);
    }

    pub(super) fn note_hosts(&self, hosts: Vec<Host>) {
        lock(&self.seen).hosts = hosts;
    }

    /// What was seen so far.
    pub fn rows(&self) -> Vec<SourceUrl> {
        lock(&self.seen).rows.values().cloned().collect()
    }

    pub fn hosts(&self) -> Vec<Host> {
        lock(&self.seen).hosts.clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
