//! Binding, serving, draining.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures_util::StreamExt as _;
use poem::{Body, Endpoint, IntoResponse as _, Request, Response, Server};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::base::error::Outcome;
use crate::base::{Code, Fault};

use super::accept::{Gatekeeper, Register};
use super::{CONNECTIONS_PER_ADDRESS_MAX, DRAIN, Deadlines};

/// What a listener is told beside its address.
#[derive(Debug, Clone)]
pub struct Options {
    /// Addresses of reverse proxies: no cap per address for them.
    pub proxies: Vec<IpAddr>,
    pub connections_per_address_max: usize,
    pub(crate) deadlines: Deadlines,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            proxies: Vec::new(),
            connections_per_address_max: CONNECTIONS_PER_ADDRESS_MAX,
            deadlines: Deadlines::default(),
        }
    }
}

/// Takes the address, so that links can name the port before anything is served; port 0 picks a free one.
pub async fn bind(listen: &str) -> Outcome<TcpListener> {
    let listen: SocketAddr = listen.parse().map_err(|_| {
        Fault::new(Code::ConfigInvalid, format!("\"{listen}\" is no address to listen on; use one like 127.0.0.1:8080"))
    })?;
    TcpListener::bind(listen).await.map_err(|error| refused(listen, error))
}

/// Serves until `shutdown`, then drains.
pub async fn serve<E>(listener: TcpListener, endpoint: E, options: Options, shutdown: CancellationToken)
where
    E: Endpoint + 'static,
{
    let register = Arc::new(Register::default());
    let gatekeeper = Gatekeeper {
        listener,
        register: Arc::clone(&register),
        room: Gatekeeper::room(),
        deadlines: options.deadlines,
        uncapped: options.proxies.iter().map(IpAddr::to_canonical).collect(),
        per_address_max: options.connections_per_address_max,
    };
    let endpoint = Tracked { inner: endpoint, register };
    let stopped = async move { shutdown.cancelled().await };
    if let Err(error) =
        Server::new_with_acceptor(gatekeeper).run_with_graceful_shutdown(endpoint, stopped, Some(DRAIN)).await
    {
        tracing::error!(%error, "the listener ended");
    }
}

fn refused(listen: SocketAddr, error: io::Error) -> Fault {
    let detail = match error.kind() {
        io::ErrorKind::AddrInUse => format!(
            "port {} is in use by another program; stop it, or choose another with --listen {}:0 (0 picks a free port)",
            listen.port(),
            host(listen.ip())
        ),
        io::ErrorKind::PermissionDenied => format!(
            "port {} needs privileges; choose one above 1023 with --listen, or grant CAP_NET_BIND_SERVICE",
            listen.port()
        ),
        io::ErrorKind::AddrNotAvailable => format!(
            "{} is no address of this machine; use --listen 127.0.0.1:{} or 0.0.0.0:{1}",
            listen.ip(),
            listen.port()
        ),
        _ => format!("{listen} cannot be listened on: {error}; choose another address with --listen"),
    };
    Fault::new(Code::Unavailable, detail).with_source(error)
}

fn host(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    }
}

/// Tells the connection when a request is being answered.
struct Tracked<E> {
    inner: E,
    register: Arc<Register>,
}

impl<E: Endpoint> Endpoint for Tracked<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let busy = request
            .remote_addr()
            .as_socket_addr()
            .and_then(|peer| self.register.state(*peer))
            .map(|state| state.begin());
        let response = match self.inner.call(request).await {
            Ok(response) => response.into_response(),
            Err(error) => error.into_response(),
        };
        if !response.content_type().is_some_and(|t| t.starts_with("text/event-stream")) {
            return Ok(response);
        }
        // A stream is being answered until it ends.
        let (parts, body) = response.into_parts();
        let stream = body.into_bytes_stream().map(move |bytes| {
            let _ = &busy;
            bytes
        });
        Ok(Response::from_parts(parts, Body::from_bytes_stream(stream)))
    }
}
