//! Why a dial failed. Every message names the cause and the mend.

use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

/// Failure of one request. Clonable, so that a resolver's verdict can travel through the HTTP client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    /// The server may not leave the machine.
    #[error("{host} was not contacted: network.offline is true; set it to false to reach other machines")]
    Offline { host: String },
    /// The target is not on the public internet and nobody allowed it.
    #[error(
        "{host} is at {addr}, an address inside a private network, which is not contacted unless it is named: add --allow-private {host} if that is intended"
    )]
    Forbidden { host: String, addr: IpAddr },
    /// The name has no address, or the name server did not answer.
    #[error("the name {host} could not be resolved ({detail}); check its spelling and this machine's DNS servers")]
    Dns { host: String, detail: String },
    /// Nobody listens, or the network is down.
    #[error(
        "{host} did not accept a connection ({detail}); check that the website is up and reachable from this machine"
    )]
    Connect { host: String, detail: String },
    /// No trustworthy encrypted connection.
    #[error(
        "{host} offers no valid TLS connection ({detail}); check its certificate, or name its authority in SSL_CERT_FILE"
    )]
    Tls { host: String, detail: String },
    /// The way out is a proxy, and it did not let the request through.
    #[error(
        "the proxy {proxy} did not pass the request for {host} on ({detail}); check HTTPS_PROXY, HTTP_PROXY and NO_PROXY, and whether the proxy allows {host}"
    )]
    Proxy { host: String, proxy: String, detail: String },
    /// A name of the own network, which a proxy may reach although it is not the public internet.
    #[error(
        "{host} names a machine of the own network, which is not contacted unless it is named: add --allow-private {host} if that is intended"
    )]
    LocalName { host: String },
    /// A deadline passed.
    #[error("{host} took longer than {} s; try again later or raise network.request_timeout_seconds", .after.as_secs_f32())]
    Timeout { host: String, after: Duration },
    /// The body exceeds the cap, counted after decompression.
    #[error(
        "{host} sent more than {max_bytes} bytes for one address; raise the limit for pages or leave the address out"
    )]
    TooLarge { host: String, max_bytes: usize },
    /// The answer is not readable HTTP.
    #[error("{host} sent an answer that cannot be read ({detail}); check the website in a browser")]
    Protocol { host: String, detail: String },
    /// The address itself cannot be dialled.
    #[error("{0}")]
    Address(String),
    /// What the environment says of proxies cannot be used.
    #[error("{0}")]
    Proxies(String),
    /// The dialer could not be built.
    #[error("the network client cannot start ({0}); check SSL_CERT_FILE and network.user_agent")]
    Setup(String),
}

impl DialError {
    /// Stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Offline { .. } => "offline",
            Self::Forbidden { .. } | Self::LocalName { .. } => "address_forbidden",
            Self::Dns { .. } => "dns",
            Self::Connect { .. } => "connect",
            Self::Tls { .. } => "tls",
            Self::Proxy { .. } => "proxy",
            Self::Timeout { .. } => "timeout",
            Self::TooLarge { .. } => "too_large",
            Self::Protocol { .. } => "protocol",
            Self::Address(_) => "address_invalid",
            Self::Proxies(_) | Self::Setup(_) => "dial_setup",
        }
    }

    /// Sorts what the HTTP client reports into our kinds by the causes behind it.
    pub(super) fn from_client(error: &reqwest::Error, host: &str, connect_timeout: Duration) -> Self {
        let host = host.to_owned();
        let mut detail = error.to_string();
        let mut refused = error.is_connect();
        let mut cause: Option<&(dyn Error + 'static)> = error.source();
        while let Some(at) = cause {
            if let Some(own) = at.downcast_ref::<Self>() {
                return own.clone();
            }
            if let Some(tls) = peel(at).downcast_ref::<rustls::Error>() {
                return Self::Tls { host, detail: tls.to_string() };
            }
            if let Some(io) = at.downcast_ref::<std::io::Error>() {
                refused |= io.kind() == std::io::ErrorKind::ConnectionRefused;
            }
            detail = at.to_string();
            cause = at.source();
        }
        if error.is_timeout() {
            return Self::Timeout { host, after: connect_timeout };
        }
        if refused { Self::Connect { host, detail } } else { Self::Protocol { host, detail } }
    }
}

/// `io::Error` hides what it wraps from `source`, so it is opened by hand, layer by layer.
fn peel<'a>(mut error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    while let Some(inner) = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        error = inner;
    }
    error
}
