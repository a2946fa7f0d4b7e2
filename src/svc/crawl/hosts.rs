//! How the hosts of a crawl answer: told to whoever runs the website, since slow and failing hosts explain missing pages.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

/// Hosts that are kept apart; a crawl meets few besides its own.
const HOSTS_MAX: usize = 50;
/// A host whose answers take this long on average is slow, in milliseconds.
const SLOW_MS: u64 = 2_000;

/// How one host answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// `host` or `host:port`.
    pub host: String,
    /// Requests sent, repetitions included.
    pub requests: u64,
    /// Without an answer, or answered with a fault of the server (429, 5xx).
    pub failed: u64,
    /// Average time until an answer was complete, in milliseconds.
    pub mean_ms: u64,
    /// The longest of them.
    pub slowest_ms: u64,
    /// Slow on average.
    pub is_slow: bool,
}

#[derive(Default)]
struct Tally {
    requests: u64,
    failed: u64,
    total_ms: u64,
    slowest_ms: u64,
}

/// Counts as requests end.
#[derive(Default)]
pub(super) struct Hosts(Mutex<BTreeMap<String, Tally>>);

impl Hosts {
    pub(super) fn note(&self, url: &Url, took: Duration, failed: bool) {
        let name = url.host_str().unwrap_or_default();
        let name = url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= HOSTS_MAX && !hosts.contains_key(&name) {
            return;
        }
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let tally = hosts.entry(name).or_default();
        tally.requests += 1;
        tally.failed += u64::from(failed);
        tally.total_ms = tally.total_ms.saturating_add(took_ms);
        tally.slowest_ms = tally.slowest_ms.max(took_ms);
    }

    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The hosts so far, by name.
    pub(super) fn list(&self) -> Vec<Host> {
        let hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let view = |(name, tally): (&String, &Tally)| {
            let mean_ms = tally.total_ms / tally.requests.max(1);
            Host {
                host: name.clone(),
                requests: tally.requests,
                failed: tally.failed,
                mean_ms,
                slowest_ms: tally.slowest_ms,
                is_slow: mean_ms >= SLOW_MS,
            }
        };
        hosts.iter().map(view).collect()
    }
}
