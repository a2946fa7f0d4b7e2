//! Where a browser's request comes from: own pages, a site's web pages, or somewhere that has no business here.

use poem::Request;
use poem::http::header;

use crate::svc::site::Site;

/// What the browser says about the page behind a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// No browser, or a browser that did not say.
    Unsaid,
    /// A page of this server.
    Own,
    /// A page of this origin.
    Foreign(String),
}

/// Reads `Origin`, or else `Sec-Fetch-Site`. Own is the configured origin and the name the request was sent to: cookies
/// are bound to that very name.
pub fn of(request: &Request, own_origin: &str) -> Origin {
    let text = |name| request.headers().get(name).and_then(|v| v.to_str().ok());
    let host = text(header::HOST).or_else(|| request.uri().authority().map(poem::http::uri::Authority::as_str));
    match text(header::ORIGIN) {
        Some(origin) if is_own(origin, own_origin, host) => Origin::Own,
        Some(origin) => Origin::Foreign(origin.to_ascii_lowercase()),
        None => match text(header::HeaderName::from_static("sec-fetch-site")) {
            Some("same-origin") => Origin::Own,
            _ => Origin::Unsaid,
        },
    }
}

pub(super) fn is_own(origin: &str, own_origin: &str, host: Option<&str>) -> bool {
    if origin.eq_ignore_ascii_case(own_origin) {
        return true;
    }
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let default_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    let bare = |name: &str| name.strip_suffix(default_port).unwrap_or(name).to_ascii_lowercase();
    !authority.is_empty() && host.is_some_and(|host| bare(host) == bare(authority))
}

/// Whether web pages of this origin may embed the site's dialog.
pub fn is_allowed(site: &Site, origin: &str) -> bool {
    site.origins.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
}
