//! The way out through a company's proxy: `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, with the rules curl made customary.
//!
//! A proxy resolves names itself, so the address rules hold as far as they can: literal addresses, names of this machine
//! and of local networks, and whatever this machine's own name servers tell in time.

use hyper_util::client::proxy::matcher::Matcher;
use url::{Host, Url};

use super::DialError;

/// Name endings that never belong to the public internet (RFC 6761, RFC 6762, RFC 8375, and what routers hand out).
const LOCAL_ENDINGS: [&str; 8] = ["localhost", "local", "internal", "intranet", "lan", "home", "corp", "home.arpa"];
/// Values as the environment has them; empty means none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProxyConfig {
    /// Proxy for `https` addresses, `http://[user:password@]host:port`.
    pub https: String,
    /// Proxy for `http` addresses.
    pub http: String,
    /// Hosts reached directly: names with their subdomains, addresses, networks; `*` for all.
    pub no: String,
}

impl ProxyConfig {
    /// Reads `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, or their lower-case spellings.
    #[must_use]
    pub fn from_env() -> Self {
        let read = |name: &str| {
            [name.to_owned(), name.to_lowercase()]
                .iter()
                .find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))
                .unwrap_or_default()
        };
        Self { https: read("HTTPS_PROXY"), http: read("HTTP_PROXY"), no: read("NO_PROXY") }
    }
}

/// Which proxy serves which address.
#[derive(Debug)]
pub(super) struct Proxies {
    matcher: Matcher,
    https: Option<Url>,
    http: Option<Url>,
}

impl Proxies {
    /// # Errors
    /// [`DialError::Setup`] when a value is no address of an HTTP proxy.
    pub(super) fn new(config: &ProxyConfig) -> Result<Self, DialError> {
        let https = parse("HTTPS_PROXY", &config.https)?;
        let http = parse("HTTP_PROXY", &config.http)?;
        let text = |url: &Option<Url>| url.as_ref().map(Url::to_string).unwrap_or_default();
        let matcher = Matcher::builder().https(text(&https)).http(text(&http)).no(config.no.clone()).build();
        Ok(Self { matcher, https, http })
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.https.is_none() && self.http.is_none()
    }

    /// The proxy for an address; `None` when it is reached directly. This machine always is.
    pub(super) fn of(&self, url: &Url) -> Option<&Url> {
        if self.is_empty() || is_this_machine(url) {
            return None;
        }
        let target = url.as_str().parse().ok()?;
        self.matcher.intercept(&target)?;
        if url.scheme() == "https" { self.https.as_ref() } else { self.http.as_ref() }
    }

    /// The proxies as the HTTP client wants them. Which requests go through is decided by [`Proxies::of`].
    pub(super) fn for_client(&self) -> Result<Vec<reqwest::Proxy>, DialError> {
        let setup = |e: reqwest::Error| DialError::Setup(e.to_string());
        let https = self.https.iter().map(|url| reqwest::Proxy::https(url.clone()).map_err(setup));
        let http = self.http.iter().map(|url| reqwest::Proxy::http(url.clone()).map_err(setup));
        https.chain(http).collect()
    }
}

/// `host:port` is a common way to write it; the scheme is then `http`.
fn parse(name: &str, value: &str) -> Result<Option<Url>, DialError> {
    let value = value.trim();
    if value.is_empty() {
        return Ok(None);
    }
    let whole = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    match Url::parse(&whole) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.host().is_some() => Ok(Some(url)),
        _ => Err(DialError::Proxies(format!(
            "{name} is not the address of an HTTP proxy; write http://host:port, with user:password@ before the host if it wants them"
        ))),
    }
}

/// Without user and password, for messages.
pub(super) fn shown(proxy: &Url) -> String {
    let host = proxy.host_str().unwrap_or_default();
    proxy.port_or_known_default().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

pub(super) fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(v4)) => v4.is_loopback() || v4.is_unspecified(),
        Some(Host::Ipv6(v6)) => super::rules::is_loopback(v6.into()) || v6.is_unspecified(),
        Some(Host::Domain(name)) => has_ending(name, "localhost"),
        None => false,
    }
}

/// Whether a name can only mean a machine of the own network: no dot, or an ending the internet does not have.
pub(super) fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_lowercase();
    !name.contains('.') || LOCAL_ENDINGS.iter().any(|ending| has_ending(&name, ending))
}

fn has_ending(name: &str, ending: &str) -> bool {
    let name = name.trim_end_matches('.');
    name.strip_suffix(ending).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
