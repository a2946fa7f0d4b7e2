//! What an earlier crawl saw, so that the next asks for changes only (conditional requests, RFC 9110 section 13).

use serde::{Deserialize, Serialize};

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
}

impl Known {
    /// Whether there is anything to ask with.
    #[must_use]
    pub const fn can_ask(&self) -> bool {
        self.etag.is_some() || self.last_modified.is_some()
    }
}

/// Asked with each address before it is fetched.
pub type Memory<'a> = dyn Fn(&str) -> Option<Known> + Send + Sync + 'a;
