//! Addresses as typed, as compared and as stored. Pure text work; nothing is contacted.

use url::{Host, Url};

use super::CrawlError;

/// Query parameters that name the visit, not the page.
const TRACKING: [&str; 17] = [
    "gclid", "fbclid", "msclkid", "dclid", "gbraid", "wbraid", "yclid", "igshid", "srsltid", "mc_cid", "mc_eid", "_ga",
    "_gl", "_hsenc", "_hsmi", "zanpid", "wt_mc",
];
const TRACKING_PREFIXES: [&str; 5] = ["utm_", "pk_", "mtm_", "piwik_", "matomo_"];
const SESSIONS: [&str; 11] = [
    "phpsessid",
    "jsessionid",
    "sessionid",
    "session_id",
    "sessid",
    "aspsessionid",
    "cfid",
    "cftoken",
    "oscsid",
    "zenid",
    "xtcsid",
];
/// From this length on the value of `sid` or `s` is a session and no number of a page.
const SESSION_VALUE_MIN: usize = 16;

/// The addresses to try for what somebody typed, best first.
pub(super) fn candidates(typed: &str) -> Result<Vec<Url>, CrawlError> {
    let typed = typed.trim().trim_start_matches("//");
    let wrong = || CrawlError::Address { typed: typed.to_owned() };
    let texts = match typed.split_once("://") {
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") => {
            vec![typed.to_owned()]
        }
        Some(_) => return Err(wrong()),
        None => vec![format!("https://{typed}"), format!("http://{typed}")],
    };
    let mut urls = Vec::new();
    for text in texts {
        let url = Url::parse(&text).map_err(|_| wrong())?;
        // "info@example.de" parses as a user name; nobody means that.
        if url.host_str().is_none_or(str::is_empty) || !url.username().is_empty() {
            return Err(wrong());
        }
        urls.push(normalise(&url));
    }
    for url in urls.clone() {
        if let Some(Host::Domain(name)) = url.host()
            && !name.starts_with("www.")
            && name.contains('.')
        {
            let mut www = url.clone();
            if www.set_host(Some(&format!("www.{name}"))).is_ok() {
                urls.push(www);
            }
        }
    }
    Ok(urls)
}

/// One spelling per page: no fragment, user, tracking or session parameters; one percent-encoding.
#[must_use]
pub fn normalise(url: &Url) -> Url {
    let mut out = url.clone();
    out.set_fragment(None);
    // Cannot fail for http addresses with a host.
    let _ = out.set_username("");
    let _ = out.set_password(None);
    let kept: Option<String> = url.query().map(|query| {
        query.split('&').filter(|pair| !pair.is_empty() && !names_visit(pair)).collect::<Vec<_>>().join("&")
    });
    out.set_query(kept.as_deref().filter(|query| !query.is_empty()));
    let path = url.path();
    let cut = path.to_ascii_lowercase().find(";jsessionid=").map(|start| {
        let end = path[start + 1..].find(['/', ';']).map_or(path.len(), |i| start + 1 + i);
        format!("{}{}", &path[..start], &path[end..])
    });
    out.set_path(&same_percents(&without_session(cut.as_deref().unwrap_or(path))));
    if let Some(name) = out.host_str().and_then(|host| host.strip_suffix('.')).map(str::to_owned) {
        let _ = out.set_host(Some(&name));
    }
    out
}

/// Without a segment such as `(S(lit3py55t21z5v55vlm25s55))`: ASP.NET keeps sessions there.
fn without_session(path: &str) -> String {
    let is_session = |segment: &&str| {
        let inner = segment.strip_prefix("(S(").or_else(|| segment.strip_prefix("(s("));
        inner.and_then(|rest| rest.strip_suffix("))")).is_some_and(|id| id.bytes().all(|b| b.is_ascii_alphanumeric()))
    };
    path.split('/').filter(|segment| !is_session(segment)).collect::<Vec<_>>().join("/")
}

fn names_visit(pair: &str) -> bool {
    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
    let key = key.to_ascii_lowercase();
    TRACKING.contains(&key.as_str())
        || TRACKING_PREFIXES.iter().any(|prefix| key.starts_with(prefix))
        || SESSIONS.iter().any(|name| key.starts_with(name))
        || (matches!(key.as_str(), "sid" | "s")
            && value.len() >= SESSION_VALUE_MIN
            && value.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// Unreserved characters plain, all other escapes in upper case.
fn same_percents(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let code = rest.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code {
            Some(byte) if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') => {
                out.push(char::from(byte));
            }
            Some(_) => out.push_str(&rest[at..at + 3].to_ascii_uppercase()),
            None => out.push('%'),
        }
        rest = &rest[at + if code.is_some() { 3 } else { 1 }..];
    }
    out.push_str(rest);
    out
}

/// `www.`, scheme and the schemes' own ports do not make another host.
pub(super) fn same_site(a: &Url, b: &Url) -> bool {
    let bare = |url: &Url| url.host_str().map(|host| host.trim_end_matches('.').trim_start_matches("www.").to_owned());
    bare(a).is_some() && bare(a) == bare(b) && a.port() == b.port()
}

/// The website being read: the scheme, host and port that its start page ended on.
#[derive(Debug, Clone)]
pub(super) struct Site {
    origin: Url,
}

impl Site {
    pub(super) fn new(start: &Url) -> Self {
        let mut origin = start.clone();
        origin.set_path("/");
        origin.set_query(None);
        Self { origin }
    }

    /// `path` must begin with a slash.
    pub(super) fn join(&self, path: &str) -> Option<Url> {
        self.origin.join(path).ok()
    }

    pub(super) fn host(&self) -> &str {
        self.origin.host_str().unwrap_or_default()
    }

    /// The stored spelling of an address of this website; `None` for every other website.
    pub(super) fn adopt(&self, url: &Url) -> Option<Url> {
        if !matches!(url.scheme(), "http" | "https") || !same_site(url, &self.origin) {
            return None;
        }
        let mut out = normalise(url);
        out.set_scheme(self.origin.scheme()).ok()?;
        out.set_host(self.origin.host_str()).ok()?;
        out.set_port(self.origin.port()).ok()?;
        Some(out)
    }

    /// Requests to this machine need no pauses.
    pub(super) fn is_local(&self) -> bool {
        match self.origin.host() {
            Some(Host::Ipv4(v4)) => v4.is_loopback(),
            Some(Host::Ipv6(v6)) => v6.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            None => false,
        }
    }
}
