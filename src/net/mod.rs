//! Listeners: connections, their deadlines and their number. TLS will stand here, between accepting and guarding.
//!
//! Invariants: a connection that does not get on is closed, whatever it is waiting for; neither one address nor all of
//! them together can use up the sockets; an error of `accept` never spins; stopping ends within [`DRAIN`].

mod accept;
mod guard;
mod serve;

#[cfg(test)]
mod tests;

pub use serve::{Options, bind, serve};

use std::time::Duration;

/// Time until the head of a request must have arrived.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Time a connection may be silent between two requests.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);
/// Time a client may leave what we send unread.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Pause after `accept` failed, for example for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Open connections in all.
const CONNECTIONS_MAX: usize = 4_096;
/// Open connections of one address (of one /64 for IPv6).
const CONNECTIONS_PER_ADDRESS_MAX: usize = 128;
/// Time requests may take to end when the server stops.
const DRAIN: Duration = Duration::from_secs(10);

/// The deadlines, shorter in tests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadlines {
    pub head: Duration,
    pub idle: Duration,
    pub write: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { head: HEAD_TIMEOUT, idle: IDLE_TIMEOUT, write: WRITE_TIMEOUT }
    }
}
