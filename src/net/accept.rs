//! Accepting: caps, a register of the connections that live, and patience when the system has none left.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use poem::Addr;
use poem::http::uri::Scheme;
use poem::listener::Acceptor;
use poem::web::{LocalAddr, RemoteAddr};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::guard::{Guarded, State};
use super::{ACCEPT_PAUSE, CONNECTIONS_MAX, Deadlines};

/// The connections that live, by the client's address and port.
#[derive(Default)]
pub struct Register {
    live: Mutex<Live>,
}

#[derive(Default)]
struct Live {
    states: HashMap<SocketAddr, Arc<State>>,
    per_address: HashMap<IpAddr, usize>,
}

/// One line of the register; gone when dropped.
pub struct Registered {
    register: Arc<Register>,
    peer: SocketAddr,
    _permit: OwnedSemaphorePermit,
}

impl Register {
    pub fn state(&self, peer: SocketAddr) -> Option<Arc<State>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).states.get(&peer).cloned()
    }

    /// Enters a connection unless its address has too many.
    fn enter(
        self: &Arc<Self>,
        peer: SocketAddr,
        max: usize,
        permit: OwnedSemaphorePermit,
    ) -> Option<(Arc<State>, Registered)> {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let count = live.per_address.entry(bucket(peer.ip())).or_default();
        if *count >= max {
            return None;
        }
        *count += 1;
        let state = Arc::new(State::new());
        live.states.insert(peer, Arc::clone(&state));
        Some((state, Registered { register: Arc::clone(self), peer, _permit: permit }))
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut live = self.register.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.states.remove(&self.peer);
        let bucket = bucket(self.peer.ip());
        if let Some(count) = live.per_address.get_mut(&bucket) {
            *count -= 1;
            if *count == 0 {
                live.per_address.remove(&bucket);
            }
        }
    }
}

/// An IPv4 address, or the /64 an IPv6 customer owns.
fn bucket(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let mut octets = v6.octets();
            octets[8..].fill(0);
            IpAddr::from(octets)
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Accepts within the caps.
pub struct Gatekeeper {
    pub listener: TcpListener,
    pub register: Arc<Register>,
    pub room: Arc<Semaphore>,
    pub deadlines: Deadlines,
    /// Reverse proxies bring many people with one address.
    pub uncapped: Vec<IpAddr>,
    pub per_address_max: usize,
}

impl Gatekeeper {
    pub fn room() -> Arc<Semaphore> {
        Arc::new(Semaphore::new(CONNECTIONS_MAX))
    }
}

impl Acceptor for Gatekeeper {
    type Io = Guarded<Registered>;

    fn local_addr(&self) -> Vec<LocalAddr> {
        self.listener.local_addr().map(|a| LocalAddr(Addr::SocketAddr(a))).into_iter().collect()
    }

    async fn accept(&mut self) -> io::Result<(Self::Io, LocalAddr, RemoteAddr, Scheme)> {
        loop {
            // Full: further clients wait in the system's queue.
            let permit = Arc::clone(&self.room).acquire_owned().await.map_err(io::Error::other)?;
            let (stream, peer) = match self.listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let max = if self.uncapped.contains(&peer.ip().to_canonical()) { usize::MAX } else { self.per_address_max };
            let Some((state, registered)) = self.register.enter(peer, max, permit) else {
                tracing::debug!(%peer, "too many connections from one address");
                continue;
            };
            let local = stream.local_addr()?;
            let _ = stream.set_nodelay(true);
            let io = Guarded::new(stream, state, self.deadlines, registered);
            return Ok((io, LocalAddr(Addr::SocketAddr(local)), RemoteAddr(Addr::SocketAddr(peer)), Scheme::HTTP));
        }
    }
}
