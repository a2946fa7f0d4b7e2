//! What every handler shares.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::base::Fault;
use crate::base::error::Outcome;
use crate::base::id::SiteId;
use crate::svc::auth::Actor;
use crate::svc::services::Services;
use crate::svc::site::{self, Site};

use super::access::Params;
use super::api::Remembered;
use super::assets::Assets;
use super::page::Handbook;
use super::rate::Rates;

/// What `app` is told about its surroundings.
#[derive(Debug, Clone)]
pub struct Options {
    /// `scheme://host[:port]` people use; stands in snippets.
    pub own_origin: String,
    /// Cancelled when the server stops: streams end, so that connections can.
    pub shutdown: CancellationToken,
}

/// Uploads whose bytes are held in memory at once.
const UPLOADS_AT_ONCE: usize = 4;

pub struct Shared {
    pub services: Arc<Services>,
    pub own_origin: String,
    pub shutdown: CancellationToken,
    pub trusted_proxies: Vec<IpAddr>,
    pub is_staging: bool,
    pub rates: Rates,
    /// Room for requests that run at once.
    pub room: Arc<Semaphore>,
    pub upload_room: Semaphore,
    pub assets: Assets,
    pub handbook: Handbook,
    pub remembered: Remembered,
}

impl Shared {
    pub fn new(services: Arc<Services>, options: Options) -> Self {
        let config = &services.config;
        Self {
            own_origin: options.own_origin.trim_end_matches('/').to_owned(),
            shutdown: options.shutdown,
            trusted_proxies: config
                .server
                .trusted_proxies
                .iter()
                .filter_map(|p| p.parse::<IpAddr>().ok())
                .map(|p| p.to_canonical())
                .collect(),
            is_staging: config.server.environment == "staging",
            rates: Rates::new(&config.limits),
            room: Arc::new(Semaphore::new((config.limits.requests_at_once.max(1)) as usize)),
            upload_room: Semaphore::new(UPLOADS_AT_ONCE),
            assets: Assets::load(),
            handbook: Handbook::load(),
            remembered: Remembered::default(),
            services,
        }
    }

    pub fn site_of(&self, id: SiteId) -> Outcome<Site> {
        site::list(&self.services.store)?
            .into_iter()
            .find(|site| site.id == id)
            .ok_or_else(|| Fault::not_found("such site any more"))
    }
}

/// Who is calling, and what the path is about; the gate puts it into every request of the API.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    pub actor: Option<Actor>,
    /// Token of the session cookie, when that is how the caller is known.
    pub session: Option<String>,
    /// The site of the path, or of the source or job in it.
    pub site: Option<Arc<Site>>,
    pub params: Params,
}

impl Caller {
    /// The site the call is about.
    pub fn site(&self) -> Outcome<&Site> {
        self.site.as_deref().ok_or_else(|| Fault::not_found("such site"))
    }

    pub fn is_operator(&self) -> bool {
        self.actor.as_ref().is_some_and(Actor::is_operator)
    }

    /// A numbered thing of the path; what cannot be read as a number is simply not there.
    pub fn id<T: FromStr>(&self, name: &str) -> Outcome<T> {
        self.params.get(name).parse().map_err(|_| Fault::not_found(format!("such {name}")))
    }

    /// Whether a row of this site may be shown in a listing.
    pub fn sees(&self, id: SiteId) -> bool {
        match &self.actor {
            Some(Actor::Key { site, .. }) => *site == id,
            Some(actor) => actor.is_operator(),
            None => false,
        }
    }
}
