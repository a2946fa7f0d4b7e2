//! Names to addresses: /etc/hosts first, then the system's name servers; every address passes the rules.
//!
//! Without usable /etc/resolv.conf the local machine is asked, as the C library does; a public server is never chosen
//! silently.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::config::{NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::{Name as DnsName, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use hickory_resolver::{Hosts, TokioResolver};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{DialError, rules};

/// Most addresses of one name that are tried.
const ADDRESSES_MAX: usize = 8;
/// How long this machine's own name servers may take to object to what a proxy will dial.
pub(super) const LOOKUP_MAX: Duration = Duration::from_secs(1);

/// Looks names up and drops every address the rules refuse.
#[derive(Clone)]
pub(super) struct Names {
    inner: Arc<Inner>,
    /// The request was allowed to reach private addresses of exactly this host.
    private: bool,
}

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Names").field("private", &self.private).finish_non_exhaustive()
    }
}

struct Inner {
    resolver: TokioResolver,
    hosts: Hosts,
    offline: bool,
    timeout: Duration,
}

impl Names {
    /// Strict: private addresses are refused. `server` replaces the system's name servers.
    pub(super) fn new(offline: bool, timeout: Duration, server: Option<NameServerConfig>) -> Result<Self, DialError> {
        let (config, mut options) = match server {
            Some(server) => (ResolverConfig::from_name_servers(vec![server]), ResolverOpts::default()),
            None => read_system_conf().unwrap_or_else(|_| {
                let local = NameServerConfig::udp_and_tcp(IpAddr::V4(Ipv4Addr::LOCALHOST));
                (ResolverConfig::from_name_servers(vec![local]), ResolverOpts::default())
            }),
        };
        options.timeout = options.timeout.min(timeout / 3);
        options.attempts = options.attempts.min(2);
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        *builder.options_mut() = options;
        let resolver = builder.build().map_err(|e| DialError::Setup(e.to_string()))?;
        let hosts = Hosts::from_system().unwrap_or_default();
        Ok(Self { inner: Arc::new(Inner { resolver, hosts, offline, timeout }), private: false })
    }

    /// Why a name that somebody else will resolve must not be asked for: one of its addresses, as far as this machine's own
    /// name servers tell in time, is none that may be dialled.
    pub(super) async fn refusal(&self, host: &str) -> Option<DialError> {
        let all = self.with_private();
        let found = tokio::time::timeout(LOOKUP_MAX, all.addresses(host)).await.ok()?.ok()?;
        found.into_iter().find_map(|addr| check(addr, host, self.private, self.inner.offline).err())
    }

    /// The same names for requests that carry an allowance for their host.
    pub(super) fn with_private(&self) -> Self {
        Self { inner: self.inner.clone(), private: true }
    }

    pub(super) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, DialError> {
        let mut found = self.inner.hosts_file(host);
        let bare = host.trim_end_matches('.');
        if found.is_empty() && (bare == "localhost" || bare.ends_with(".localhost")) {
            found = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
        }
        if found.is_empty() {
            if self.inner.offline {
                return Err(DialError::Offline { host: host.to_owned() });
            }
            let failed = |detail: String| DialError::Dns { host: host.to_owned(), detail };
            let answer = tokio::time::timeout(self.inner.timeout, self.inner.resolver.lookup_ip(host))
                .await
                .map_err(|_| failed("the DNS server does not answer".to_owned()))?
                .map_err(|e| {
                    failed(if e.is_no_records_found() {
                        "no such name, or no address for it".to_owned()
                    } else {
                        e.to_string()
                    })
                })?;
            found = answer.iter().collect();
        }
        let mut seen = BTreeSet::new();
        found.retain(|addr| seen.insert(*addr));
        found.truncate(ADDRESSES_MAX);
        let mut verdict = DialError::Dns { host: host.to_owned(), detail: "it has no address".to_owned() };
        found.retain(|addr| match check(*addr, host, self.private, self.inner.offline) {
            Ok(()) => true,
            Err(refused) => {
                verdict = refused;
                false
            }
        });
        if found.is_empty() { Err(verdict) } else { Ok(found) }
    }
}

impl Inner {
    fn hosts_file(&self, host: &str) -> Vec<IpAddr> {
        let Ok(name) = DnsName::from_utf8(host) else { return Vec::new() };
        [RecordType::A, RecordType::AAAA]
            .into_iter()
            .filter_map(|kind| self.hosts.lookup_static_host(&Query::query(name.clone(), kind)))
            .flat_map(|lookup| lookup.answers().iter().filter_map(|r| r.data.ip_addr()).collect::<Vec<_>>())
            .collect()
    }
}

/// The address rules for one address.
pub(super) fn check(addr: IpAddr, host: &str, private: bool, offline: bool) -> Result<(), DialError> {
    if offline && !rules::is_loopback(addr) {
        return Err(DialError::Offline { host: host.to_owned() });
    }
    if !private && !rules::is_public(addr) {
        return Err(DialError::Forbidden { host: host.to_owned(), addr });
    }
    Ok(())
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let names = self.clone();
        Box::pin(async move {
            let found = names.addresses(name.as_str()).await?;
            let addrs: Addrs = Box::new(found.into_iter().map(|addr| SocketAddr::new(addr, 0)));
            Ok(addrs)
        })
    }
}
