//! The list of private targets a request may reach: `HOST` or `HOST:PORT`, matched on the text of the address.

use std::str::FromStr;

use url::{Host, Url};

use super::DialError;

/// Most entries of one list.
pub const ALLOW_ENTRIES_MAX: usize = 100;

/// Private targets that somebody named on purpose. Empty by default: nothing private is reachable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowPrivate(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    host: Host,
    port: Option<u16>,
}

impl AllowPrivate {
    /// The empty list.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Reads `HOST`, `HOST:PORT`, `[V6]`, `[V6]:PORT` entries; a bare `HOST` permits all its ports.
    ///
    /// # Errors
    /// [`DialError::Address`] names the entry that cannot be read.
    pub fn parse<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> Result<Self, DialError> {
        let entries = items.into_iter().map(|item| item.as_ref().parse()).collect::<Result<Vec<Entry>, _>>()?;
        if entries.len() > ALLOW_ENTRIES_MAX {
            return Err(DialError::Address(format!(
                "the list of private targets has more than {ALLOW_ENTRIES_MAX} entries; shorten it"
            )));
        }
        Ok(Self(entries))
    }

    /// Whether the host and port of this address were named.
    #[must_use]
    pub fn permits(&self, url: &Url) -> bool {
        let Some(host) = url.host() else { return false };
        let port = url.port_or_known_default();
        self.0.iter().any(|entry| same_host(&entry.host, &host) && (entry.port.is_none() || entry.port == port))
    }
}

fn same_host(entry: &Host, host: &Host<&str>) -> bool {
    match (entry, host) {
        (Host::Domain(a), Host::Domain(b)) => a.trim_end_matches('.') == b.trim_end_matches('.'),
        (Host::Ipv4(a), Host::Ipv4(b)) => a == b,
        (Host::Ipv6(a), Host::Ipv6(b)) => a == b,
        _ => false,
    }
}

impl FromStr for Entry {
    type Err = DialError;

    fn from_str(text: &str) -> Result<Self, DialError> {
        let wrong = || {
            DialError::Address(format!(
                "\"{text}\" is not HOST or HOST:PORT; write for example 127.0.0.1:8000 or intranet.example"
            ))
        };
        let text = text.trim();
        let bare_v6 = text.matches(':').count() > 1 && !text.starts_with('[');
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !bare_v6 && !port.ends_with(']') => (host, Some(port.parse().map_err(|_| wrong())?)),
            _ => (text, None),
        };
        let host = if bare_v6 { Host::parse(&format!("[{host}]")) } else { Host::parse(host) };
        Ok(Self { host: host.map_err(|_| wrong())?, port })
    }
}
