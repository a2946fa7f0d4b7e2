//! The only door out: every request the program makes to another machine goes through a [`Dialer`].
//!
//! Invariants: an address is judged after resolving and is the address that is dialled (no second lookup); private,
//! local and reserved targets need an allowance that travels with the request; redirects are never followed here;
//! bodies are capped after decompression; a request ends at its deadline.
//! Where a proxy is the only way out, the rules hold as far as `proxy.rs` says.
//! Deliberately absent: cookies, retries, redirects (the caller decides and asks again).

mod allow;
mod error;
mod names;
mod proxy;
mod roots;
pub mod rules;
mod secret;

#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
mod tests_proxy;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use hickory_resolver::config::NameServerConfig;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH};
pub use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use url::{Host, Url};

pub use allow::AllowPrivate;
pub use error::DialError;
pub use proxy::ProxyConfig;
pub use secret::SecretHeader;

use names::Names;
use proxy::Proxies;

/// Idle connections kept per host.
const IDLE_PER_HOST_MAX: usize = 4;
/// So many lookups without an answer, and this machine's name servers are not asked about proxied names any more.
const UNANSWERED_MAX: usize = 5;
/// How long an idle connection is kept.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// What a dialer needs to know once.
#[derive(Debug, Clone)]
pub struct DialConfig {
    /// Every target but this machine fails with [`DialError::Offline`].
    pub offline: bool,
    /// Sent with every request.
    pub user_agent: String,
    /// For name, connection and TLS together.
    pub connect_timeout: Duration,
    /// For a whole request, body included, unless the request names its own.
    pub request_timeout: Duration,
    /// The way out, where it is not direct.
    pub proxies: ProxyConfig,
}

impl Default for DialConfig {
    fn default() -> Self {
        Self {
            offline: false,
            user_agent: "DialogEngine".to_owned(),
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(60),
            proxies: ProxyConfig::default(),
        }
    }
}

/// How one request is made.
#[derive(Debug, Clone)]
pub struct GetOptions {
    /// Cap for the decompressed body, in bytes.
    pub max_bytes: usize,
    /// Another cap for answers with such headers.
    pub max_bytes_of: fn(&HeaderMap) -> Option<usize>,
    /// `Accept` header.
    pub accept: Option<String>,
    /// `If-None-Match` header.
    pub if_none_match: Option<String>,
    /// `If-Modified-Since` header.
    pub if_modified_since: Option<String>,
    /// Signs in. Redirects are never followed here, so it goes to this address only.
    pub secret: Option<SecretHeader>,
    /// Deadline in place of the dialer's own.
    pub timeout: Option<Duration>,
    /// Judges status and headers; when false the body is not read and arrives empty.
    pub wanted: fn(u16, &HeaderMap) -> bool,
}

impl Default for GetOptions {
    fn default() -> Self {
        Self {
            max_bytes: 10 * 1024 * 1024,
            max_bytes_of: |_| None,
            accept: None,
            if_none_match: None,
            if_modified_since: None,
            secret: None,
            timeout: None,
            wanted: |_, _| true,
        }
    }
}

/// An answer, whatever its status; redirects arrive as they are.
#[derive(Debug, Clone)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers as received; `content-encoding` is gone when the body was decompressed.
    pub headers: HeaderMap,
    /// Decompressed.
    pub body: Bytes,
}

impl Response {
    /// A header as text; `None` when absent or not readable.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Makes requests. Cheap to clone; connections are shared by the clones.
#[derive(Debug, Clone)]
pub struct Dialer {
    /// Resolves to public addresses only.
    strict: Client,
    /// Used only for requests whose host and port carry an allowance. Its pool is keyed by scheme, host and port, so a
    /// connection made with an allowance never serves a request without one.
    open: Client,
    /// Used only for requests that go through a proxy; resolves the proxy's name alone.
    through: Option<Client>,
    proxies: Arc<Proxies>,
    names: Names,
    /// Why the environment's proxies cannot be used.
    misnamed: Option<DialError>,
    /// Lookups before a proxied request that nobody answered.
    unanswered: Arc<AtomicUsize>,
    config: DialConfig,
}

impl Dialer {
    /// # Errors
    /// [`DialError::Setup`] when the client cannot be built.
    pub fn new(config: DialConfig) -> Result<Self, DialError> {
        Self::with_server(config, None)
    }

    fn with_server(config: DialConfig, server: Option<NameServerConfig>) -> Result<Self, DialError> {
        let names = Names::new(config.offline, config.connect_timeout * 9 / 10, server)?;
        let tls = roots::client_config()?;
        let base = |names: Names| -> ClientBuilder {
            ClientBuilder::new()
                .tls_backend_preconfigured(tls.clone())
                .dns_resolver(names)
                .redirect(Policy::none())
                .no_proxy()
                .referer(false)
                .user_agent(&config.user_agent)
                .connect_timeout(config.connect_timeout)
                .pool_max_idle_per_host(IDLE_PER_HOST_MAX)
                .pool_idle_timeout(IDLE_MAX)
        };
        let build = |builder: ClientBuilder| builder.build().map_err(|e| DialError::Setup(e.to_string()));
        let open = build(base(names.with_private()))?;
        let strict = build(base(names.clone()))?;
        // Verbs that dial nothing work all the same; whoever dials is told.
        let (proxies, misnamed) = match Proxies::new(&config.proxies) {
            Ok(proxies) => (proxies, None),
            Err(error) => (Proxies::new(&ProxyConfig::default())?, Some(error)),
        };
        let through = if proxies.is_empty() {
            None
        } else {
            let ways = proxies.for_client()?;
            Some(build(ways.into_iter().fold(base(names.with_private()), ClientBuilder::proxy))?)
        };
        Ok(Self {
            strict,
            open,
            through,
            proxies: Arc::new(proxies),
            misnamed,
            names,
            unanswered: Arc::default(),
            config,
        })
    }

    /// True when only this machine may be reached.
    #[must_use]
    pub const fn is_offline(&self) -> bool {
        self.config.offline
    }

    /// Fetches one address without following redirects.
    ///
    /// # Errors
    /// See [`DialError`]; an HTTP error status is not an error here.
    pub async fn get(&self, url: &Url, allow: &AllowPrivate, opts: &GetOptions) -> Result<Response, DialError> {
        self.request(url, allow, opts, None).await
    }

    /// Sends JSON to one address, under the rules of [`Self::get`].
    ///
    /// # Errors
    /// See [`DialError`]; an HTTP error status is not an error here.
    pub async fn post_json(
        &self,
        url: &Url,
        allow: &AllowPrivate,
        json: String,
        opts: &GetOptions,
    ) -> Result<Response, DialError> {
        self.request(url, allow, opts, Some(json)).await
    }

    /// Judges an address as a request to it would be judged, without making one.
    ///
    /// # Errors
    /// [`DialError`], as of a request that is not made.
    pub async fn judge(&self, url: &Url, allow: &AllowPrivate) -> Result<(), DialError> {
        let host = named(url)?;
        let private = allow.permits(url);
        match literal(url) {
            Some(addr) => names::check(addr, &host, private, self.config.offline),
            None => self.judge_name(url, &host, private).await,
        }
    }

    async fn request(
        &self,
        url: &Url,
        allow: &AllowPrivate,
        opts: &GetOptions,
        json: Option<String>,
    ) -> Result<Response, DialError> {
        let host = named(url)?;
        let private = allow.permits(url);
        if let Some(addr) = literal(url) {
            // The HTTP client connects to literal addresses without asking the resolver.
            names::check(addr, &host, private, self.config.offline)?;
        }
        let after = opts.timeout.unwrap_or(self.config.request_timeout);
        if let Some(error) = self.misnamed.as_ref().filter(|_| !self.config.offline && !proxy::is_this_machine(url)) {
            return Err(error.clone());
        }
        let work = async {
            if let (Some(client), Some(proxy)) = (&self.through, self.proxies.of(url)) {
                self.judge_name(url, &host, private).await?;
                let answer = self.fetch(client, url, &host, opts, json).await;
                return through(answer, &host, &proxy::shown(proxy));
            }
            let client = if private { &self.open } else { &self.strict };
            self.fetch(client, url, &host, opts, json).await
        };
        tokio::time::timeout(after, work)
            .await
            .unwrap_or_else(|_| Err(DialError::Timeout { host: host.clone(), after }))
    }

    /// The rules for a name that the proxy will resolve. A name this machine cannot resolve is left to the proxy: behind
    /// one there often is no other name server.
    async fn judge_name(&self, url: &Url, host: &str, private: bool) -> Result<(), DialError> {
        if self.config.offline {
            return Err(DialError::Offline { host: host.to_owned() });
        }
        let Some(Host::Domain(name)) = url.host().filter(|_| !private) else { return Ok(()) };
        if proxy::is_local_name(name) {
            return Err(DialError::LocalName { host: host.to_owned() });
        }
        // Where nobody answers, not every page has to wait for that.
        if self.unanswered.load(Ordering::Relaxed) >= UNANSWERED_MAX {
            return Ok(());
        }
        let asked = Instant::now();
        let refusal = self.names.refusal(name).await;
        if refusal.is_none() && asked.elapsed() >= names::LOOKUP_MAX {
            self.unanswered.fetch_add(1, Ordering::Relaxed);
        }
        refusal.map_or(Ok(()), |refused| Err(with_port(refused, host)))
    }

    async fn fetch(
        &self,
        client: &Client,
        url: &Url,
        host: &str,
        opts: &GetOptions,
        json: Option<String>,
    ) -> Result<Response, DialError> {
        let failed = |e: &reqwest::Error| with_port(DialError::from_client(e, host, self.config.connect_timeout), host);
        let mut request = match json {
            Some(json) => client.post(url.clone()).header(CONTENT_TYPE, "application/json").body(json),
            None => client.get(url.clone()),
        };
        let conditions: [(HeaderName, &Option<String>); 3] = [
            (ACCEPT, &opts.accept),
            (IF_NONE_MATCH, &opts.if_none_match),
            (IF_MODIFIED_SINCE, &opts.if_modified_since),
        ];
        for (name, value) in conditions {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        if let Some((name, value)) = opts.secret.as_ref().map(SecretHeader::parts) {
            request = request.header(name, value);
        }
        let answer = request.send().await.map_err(|e| failed(&e))?;
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        let max_bytes = (opts.max_bytes_of)(&headers).unwrap_or(opts.max_bytes);
        let too_large = || DialError::TooLarge { host: host.to_owned(), max_bytes };
        if !(opts.wanted)(status, &headers) {
            return Ok(Response { status, headers, body: Bytes::new() });
        }
        // Present only when the body is not compressed.
        if answer.content_length().is_some_and(|n| n > max_bytes as u64) {
            return Err(too_large());
        }
        let mut body = BytesMut::new();
        let mut stream = answer.bytes_stream();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|e| failed(&e))?;
            if body.len() + chunk.len() > max_bytes {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response { status, headers, body: body.freeze() })
    }
}

/// Says that it was the proxy which failed.
fn through(answer: Result<Response, DialError>, host: &str, proxy: &str) -> Result<Response, DialError> {
    let failed =
        |detail: &str| DialError::Proxy { host: host.to_owned(), proxy: proxy.to_owned(), detail: detail.to_owned() };
    match answer {
        Ok(response) if response.status == 407 => Err(failed("it asks for user and password")),
        Err(DialError::Connect { detail, .. } | DialError::Dns { detail, .. }) => Err(failed(&detail)),
        other => other,
    }
}

/// The resolver knows no ports; the mend in the message needs one.
fn with_port(error: DialError, host: &str) -> DialError {
    match error {
        DialError::Forbidden { addr, .. } => DialError::Forbidden { host: host.to_owned(), addr },
        other => other,
    }
}

/// `host:port` as the allow list wants it; the port is left out when it is the scheme's own.
fn named(url: &Url) -> Result<String, DialError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(DialError::Address(format!("\"{url}\" is not an http or https address; write https://…")));
    }
    let host =
        url.host_str().ok_or_else(|| DialError::Address(format!("\"{url}\" has no host; write https://host/…")))?;
    Ok(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(v4) => Some(IpAddr::V4(v4)),
        Host::Ipv6(v6) => Some(IpAddr::V6(v6)),
        Host::Domain(_) => None,
    }
}
