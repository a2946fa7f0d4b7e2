//! From what somebody typed to a website: which scheme, which host, which robots.txt, and its first page.

use url::Url;

use super::address::{self, Site};
use super::fetch::{Fetcher, Got};
use super::robots::{Robots, RobotsError};
use super::{CrawlError, SkipReason};
use crate::dial::DialError;

/// Moves between scheme and `www.` that one start may take.
const MOVES_MAX: usize = 5;

/// Where the walk begins.
pub(super) struct Start {
    pub(super) site: Site,
    pub(super) robots: Robots,
    pub(super) url: Url,
    /// The start page itself, or why it is none; a sitemap may still lead on.
    pub(super) first: Result<Got, SkipReason>,
}

/// Tries the candidates until a host answers.
pub(super) async fn find(fetcher: &Fetcher, typed: &str) -> Result<Start, CrawlError> {
    let mut failure: Option<DialError> = None;
    let mut unknown: Option<String> = None;
    for url in address::candidates(typed)? {
        let is_guess = url.host_str().is_some_and(|host| host.starts_with("www.")) && !typed.contains("www.");
        let skip = match &unknown {
            // A name without an address has none for the other scheme either.
            Some(host) => url.host_str() == Some(host),
            None => is_guess && failure.is_some(),
        };
        if skip {
            continue;
        }
        // That the guess before was wrong says nothing about the host.
        fetcher.forget_hosts();
        match open(fetcher, &url).await {
            Ok(start) => return Ok(start),
            Err(CrawlError::Unreachable(error)) => {
                // Neither the other scheme nor www. would mend these.
                if matches!(
                    error,
                    DialError::Offline { .. }
                        | DialError::Forbidden { .. }
                        | DialError::LocalName { .. }
                        | DialError::Address(_)
                ) {
                    return Err(error.into());
                }
                if matches!(error, DialError::Dns { .. }) {
                    unknown = url.host_str().map(str::to_owned);
                }
                failure = Some(worse(failure, error));
            }
            Err(other) => return Err(other),
        }
    }
    Err(failure.map_or_else(|| CrawlError::Address { typed: typed.to_owned() }, CrawlError::Unreachable))
}

/// The failure that tells more: a refused port 80 says nothing when port 443 had a bad certificate.
fn worse(before: Option<DialError>, now: DialError) -> DialError {
    match before {
        Some(before @ DialError::Dns { .. }) => before,
        Some(before) if matches!(now, DialError::Connect { .. } | DialError::Dns { .. }) => before,
        _ => now,
    }
}

async fn open(fetcher: &Fetcher, url: &Url) -> Result<Start, CrawlError> {
    let mut url = url.clone();
    for _ in 0..MOVES_MAX {
        let robots = Robots::fetch(fetcher, &url).await.map_err(|error| match error {
            RobotsError::Dial(error) => CrawlError::Unreachable(error),
            RobotsError::Broken(error) => error,
        })?;
        if !robots.allows(&url) {
            return Ok(Start { site: Site::new(&url), robots, url, first: Err(SkipReason::Robots) });
        }
        let hop = |to: &Url| (!address::same_site(&url, to)).then(|| fetcher.elsewhere(to));
        match fetcher.page(&url, None, hop).await {
            Err(SkipReason::RedirectElsewhere { to } | SkipReason::PrivateAddress { to }) => {
                return Err(CrawlError::OtherHost { from: url.to_string(), to });
            }
            Err(SkipReason::Unreachable(error)) => return Err(error.into()),
            Err(reason) => return Ok(Start { site: Site::new(&url), robots, url, first: Err(reason) }),
            Ok(got) if got.url.origin() == url.origin() => {
                let final_url = got.url.clone();
                let first = if robots.allows(&final_url) { Ok(got) } else { Err(SkipReason::Robots) };
                return Ok(Start { site: Site::new(&final_url), robots, url: final_url, first });
            }
            // Another scheme or www.: that host's robots.txt counts.
            Ok(got) => url = got.url,
        }
    }
    Ok(Start { site: Site::new(&url), robots: Robots::default(), url, first: Err(SkipReason::RedirectLoop) })
}
