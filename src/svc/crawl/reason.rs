//! Why an address yielded no page, and why a whole crawl yielded none.

use crate::dial::DialError;
use crate::svc::extract::{RejectCode, Rejected};

/// Why one address yielded no page of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SkipReason {
    /// robots.txt asks not to read it.
    Robots,
    /// Outside the given folders.
    Excluded,
    /// The page asks not to be indexed.
    Noindex,
    /// Another address is the page's own choice.
    Canonical { of: String },
    /// It leads to a page that counts under another address.
    Duplicate { of: String },
    /// A redirect leaves the website.
    RedirectElsewhere { to: String },
    /// A redirect leads into a private network.
    PrivateAddress { to: String },
    /// The page sends its visitors on at once (meta refresh).
    Refresh { to: String },
    /// A feed names a page of another website.
    Elsewhere,
    /// Redirects without end.
    RedirectLoop,
    /// 404 or 410.
    NotFound { status: u16 },
    /// 401, 403 and the like.
    AccessDenied { status: u16 },
    /// 429 or 503, also after waiting.
    Busy { status: u16 },
    /// Any other status that is not a page.
    HttpError { status: u16 },
    /// No page type; `kind` is the word for people, such as "PDF".
    UnsupportedType { kind: String },
    /// More bytes than one page may have.
    TooLarge,
    /// The address is too long.
    UrlTooLong,
    /// Looks endless.
    Trap { what: &'static str },
    /// More links away from the start than wanted.
    TooDeep,
    /// The page limit was reached before.
    PageLimit,
    /// The request failed.
    Unreachable(DialError),
    /// The page came, but could not be read.
    Unreadable(Rejected),
}

impl SkipReason {
    /// Stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Robots => "robots",
            Self::Excluded => "excluded",
            Self::Noindex => "noindex",
            Self::Canonical { .. } => "canonical",
            Self::Duplicate { .. } => "duplicate_url",
            Self::RedirectElsewhere { .. } => "redirect_elsewhere",
            Self::PrivateAddress { .. } => "address_forbidden",
            Self::Refresh { .. } => "meta_refresh",
            Self::Elsewhere => "other_website",
            Self::RedirectLoop => "redirect_loop",
            Self::NotFound { .. } => "not_found",
            Self::AccessDenied { .. } => "access_denied",
            Self::Busy { .. } => "busy",
            Self::HttpError { .. } => "http_error",
            Self::UnsupportedType { .. } => "unsupported_type",
            Self::TooLarge => "too_large",
            Self::UrlTooLong => "url_too_long",
            Self::Trap { .. } => "trap",
            Self::TooDeep => "too_deep",
            Self::PageLimit => "page_limit",
            Self::Unreachable(error) => error.code(),
            Self::Unreadable(rejected) => rejected.code.as_str(),
        }
    }

    /// The address that is read in its place.
    #[must_use]
    pub fn of(&self) -> Option<&str> {
        match self {
            Self::Canonical { of } | Self::Duplicate { of } => Some(of),
            _ => None,
        }
    }

    /// English sentence for the report.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Robots => "robots.txt asks not to read it".to_owned(),
            Self::Excluded => "outside the folders that were chosen".to_owned(),
            Self::Noindex => "the page asks not to be indexed".to_owned(),
            Self::Canonical { of } => format!("the page names {of} as its own address, which is read"),
            Self::Duplicate { of } => format!("leads to {of}, which is read"),
            Self::RedirectElsewhere { to } => format!("redirects to {to}, another website"),
            Self::PrivateAddress { to } => format!("redirects to {to}, inside a private network"),
            Self::Refresh { to } => format!("sends its visitors on to {to} at once"),
            Self::Elsewhere => "belongs to another website; add that as a source of its own".to_owned(),
            Self::RedirectLoop => "redirects without end".to_owned(),
            Self::NotFound { status } => format!("does not exist (status {status})"),
            Self::AccessDenied { status } => format!("may not be read without signing in (status {status})"),
            Self::Busy { status } => {
                format!("the website was too busy, also after waiting (status {status}); crawl again later")
            }
            Self::HttpError { status } => format!("the website answered with status {status}"),
            Self::UnsupportedType { kind } => format!("not read yet: {kind}"),
            Self::TooLarge => "larger than one page may be".to_owned(),
            Self::UrlTooLong => "the address is too long".to_owned(),
            Self::Trap { what } => format!("looks like {what}"),
            Self::TooDeep => "too many links away from the start page".to_owned(),
            Self::PageLimit => "the page limit was reached; raise it to read this page".to_owned(),
            Self::Unreachable(error) => error.to_string(),
            Self::Unreadable(rejected) => rejected.reason.clone(),
        }
    }

    pub(super) fn of_dial(error: DialError) -> Self {
        match error {
            DialError::TooLarge { .. } => Self::TooLarge,
            other => Self::Unreachable(other),
        }
    }

    pub(super) fn of_rejected(rejected: Rejected) -> Self {
        match rejected.code {
            RejectCode::Binary => Self::UnsupportedType { kind: "binary file".to_owned() },
            RejectCode::TooLarge => Self::TooLarge,
            _ => Self::Unreadable(rejected),
        }
    }

    /// `None` for statuses that carry a page.
    pub(super) const fn of_status(status: u16) -> Option<Self> {
        match status {
            200 | 203 => None,
            404 | 410 => Some(Self::NotFound { status }),
            401 | 402 | 403 | 407 | 451 => Some(Self::AccessDenied { status }),
            429 | 503 => Some(Self::Busy { status }),
            _ => Some(Self::HttpError { status }),
        }
    }
}

/// Why a crawl yielded nothing. Every message says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CrawlError {
    /// Not an address.
    #[error("\"{typed}\" is not the address of a website; write for example www.example.de or https://www.example.de/")]
    Address { typed: String },
    /// The start page could not be fetched.
    #[error(transparent)]
    Unreachable(#[from] DialError),
    /// The start page belongs to another website.
    #[error("{from} redirects to another website, {to}; crawl that address if it is the right one")]
    OtherHost { from: String, to: String },
    /// robots.txt leaves nothing.
    #[error(
        "robots.txt of {host} forbids DialogEngine to read any page; allow it there with \"User-agent: DialogEngine\" and \"Allow: /\""
    )]
    RobotsForbid { host: String },
    /// robots.txt is broken, which means: stay away.
    #[error(
        "{url} could not be read ({detail}), so it is unknown what may be crawled; repair it (404 is fine: everything is allowed then) or try again later"
    )]
    RobotsUnavailable { url: String, detail: String },
    /// Pages without text of their own.
    #[error(
        "{start} shows its content only after running scripts, which are not run; ask for server-side rendering, or upload the content as files"
    )]
    OnlyScripts { start: String },
    /// The folders leave nothing.
    #[error(
        "{host} has {found} addresses, but none lies in the chosen folders ({folders}); check their spelling or leave them out"
    )]
    AllExcluded { host: String, found: usize, folders: String },
    /// The source is to be a feed and is none.
    #[error(
        "{url} is not a feed that can be read: {why}; give the address of an RSS or Atom feed, or add the website itself"
    )]
    NoFeed { url: String, why: String },
    /// Anything else.
    #[error("no page of {start} could be read: {why}; open the address in a browser and check it")]
    NoPages { start: String, why: String },
    /// Stopped from outside, or nobody listens any more.
    #[error("the crawl was stopped")]
    Cancelled,
}

impl CrawlError {
    /// Stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Address { .. } => "address_invalid",
            Self::Unreachable(error) => error.code(),
            Self::OtherHost { .. } => "other_host",
            Self::RobotsForbid { .. } => "robots",
            Self::RobotsUnavailable { .. } => "robots_unavailable",
            Self::OnlyScripts { .. } => "needs_javascript",
            Self::AllExcluded { .. } => "excluded",
            Self::NoFeed { .. } => "no_feed",
            Self::NoPages { .. } => "no_pages",
            Self::Cancelled => "cancelled",
        }
    }
}
