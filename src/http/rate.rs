//! Limits per minute: for questions by address and by key, for signing in by address.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::base::{Code, Fault};
use crate::config::Limits;

use super::address::bucket;
use super::problem::Refusal;

/// Calls after which counters that are full again are forgotten.
const SWEEP_EVERY: u32 = 4_096;

struct Limit<K: Hash + Eq + Clone> {
    limiter: Option<DefaultKeyedRateLimiter<K>>,
    calls: AtomicU32,
}

impl<K: Hash + Eq + Clone> Limit<K> {
    /// Zero means no limit.
    fn per_minute(count: u32) -> Self {
        Self {
            limiter: NonZeroU32::new(count).map(|n| RateLimiter::keyed(Quota::per_minute(n))),
            calls: AtomicU32::new(0),
        }
    }

    fn take(&self, key: &K) -> Result<(), Refusal> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        if self.calls.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            limiter.retain_recent();
        }
        limiter.check_key(key).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            let fault = Fault::new(Code::RateLimited, format!("too many requests; try again in {seconds} seconds"));
            Refusal { retry_after: Some(seconds.max(1)), ..fault.into() }
        })
    }
}

/// All limits of the front door.
pub struct Rates {
    ask_address: Limit<IpAddr>,
    ask_key: Limit<String>,
    sign_in: Limit<IpAddr>,
}

impl Rates {
    pub fn new(limits: &Limits) -> Self {
        Self {
            ask_address: Limit::per_minute(limits.ask_per_minute_address),
            ask_key: Limit::per_minute(limits.ask_per_minute_key),
            sign_in: Limit::per_minute(limits.sign_in_per_minute_address),
        }
    }

    /// A visitor's question. `key` names the site's public key.
    pub fn visitor_asks(&self, address: IpAddr, key: &str) -> Result<(), Refusal> {
        self.ask_address.take(&bucket(address))?;
        self.ask_key.take(&key.to_owned())
    }

    /// A program's question: it speaks for many people from one address.
    pub fn program_asks(&self, key: &str) -> Result<(), Refusal> {
        self.ask_key.take(&key.to_owned())
    }

    pub fn signs_in(&self, address: IpAddr) -> Result<(), Refusal> {
        self.sign_in.take(&bucket(address))
    }
}
