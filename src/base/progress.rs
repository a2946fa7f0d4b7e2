//! How long work tells how far it is and learns that it should stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

/// One progress report. `total` grows while work is being discovered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// `discover`, `fetch`, `extract`, `words`, `vectors`, …
    pub phase: String,
    pub done: u64,
    pub total: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<u64>,
    /// What is being worked on, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
}

type Listener = dyn Fn(Report) + Send + Sync;

/// Handed to long work: reports go out, the wish to stop comes in.
#[derive(Clone)]
pub struct Progress {
    listener: Arc<Listener>,
    cancelled: Arc<AtomicBool>,
}

impl Progress {
    pub fn new(listener: impl Fn(Report) + Send + Sync + 'static) -> Self {
        Self { listener: Arc::new(listener), cancelled: Arc::default() }
    }

    /// Reports nowhere; for tests and for work nobody watches.
    #[must_use]
    pub fn silent() -> Self {
        Self::new(|_| ())
    }

    pub fn report(&self, report: Report) {
        (self.listener)(report);
    }

    /// Asks the work to stop at the next safe point.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}
