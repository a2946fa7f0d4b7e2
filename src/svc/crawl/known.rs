//! What an earlier crawl saw, so that the next asks for changes only (conditional requests, RFC 9110 section 13).

use serde::{Deserialize, Serialize};

use super::lastmod::was_over;
use crate::base::clock::UnixMs;

/// One address as an earlier crawl saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// `ETag` as it was received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// `Last-Modified` as it was received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// Where the request ended after redirects. An answer "not modified" from elsewhere says nothing.
    pub arrived: String,
    /// Where the page counted.
    pub url: String,
    /// Where it led: an unchanged page sends no links.
    pub links: Vec<String>,
    /// When it changed, as its sitemap wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lastmod: Option<String>,
    /// When the website was last asked for it, as far as that matters to `lastmod`.
    #[serde(default)]
    pub read_at: UnixMs,
}

/// What a sitemap says of a page that was read before. Its answer shows whether that is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// It has not changed since it was read.
    Same,
    /// It has another date than then.
    Newer,
}

impl Known {
    /// Whether it is of use to the next crawl.
    #[must_use]
    pub const fn is_useful(&self) -> bool {
        self.can_ask() || self.lastmod.is_some()
    }

    /// What a sitemap with this date says.
    pub(super) fn claim(&self, listed: Option<&str>) -> Option<Claim> {
        let (listed, known) = (listed?, self.lastmod.as_deref()?);
        if listed != known {
            return Some(Claim::Newer);
        }
        was_over(known, self.read_at).then_some(Claim::Same)
    }

    /// Whether there is anything to ask with.
    #[must_use]
    pub const fn can_ask(&self) -> bool {
        self.etag.is_some() || self.last_modified.is_some()
    }
}

/// Asked with each address before it is fetched.
pub type Memory<'a> = dyn Fn(&str) -> Option<Known> + Send + Sync + 'a;
