//! Pages that show their content only after running scripts, through a service that runs them: `POST /v1/scrape
//! {url, formats: ["html"]}`, the contract of Firecrawl and of what is compatible with it.
//!
//! Invariants: only addresses that may be dialled from here are handed out; no secret of a website is; a crawl has a
//! budget; a service that fails leaves the page as it was found, with the reason.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::address::Site;
use crate::dial::{AllowPrivate, DialError, Dialer, GetOptions, SecretHeader};

const PATH: &str = "/v1/scrape";
/// JSON makes HTML longer: quotes and line breaks are two characters there.
const JSON_FACTOR: usize = 2;

/// Where pages are rendered.
#[derive(Debug, Clone)]
pub struct Render {
    url: Url,
    /// Whoever runs the server named the service, so it may be inside.
    allow: AllowPrivate,
    key: Option<SecretHeader>,
    timeout: Duration,
    /// Pages of one crawl.
    pages_max: usize,
}

impl Render {
    /// `url`: of the service, with or without the path. `key`: sent as a bearer token.
    ///
    /// # Errors
    /// [`DialError::Address`] when address or key cannot be used.
    pub fn new(url: &str, key: Option<&str>, timeout: Duration, pages_max: usize) -> Result<Self, DialError> {
        let wrong =
            || DialError::Address(format!("\"{url}\" is not an http or https address; write http://127.0.0.1:3002"));
        let mut at = Url::parse(url.trim()).map_err(|_| wrong())?;
        let host = at.host_str().filter(|_| matches!(at.scheme(), "http" | "https")).ok_or_else(wrong)?;
        let port = at.port_or_known_default().ok_or_else(wrong)?;
        let allow = AllowPrivate::parse([format!("{host}:{port}")])?;
        if !at.path().ends_with("/scrape") {
            at.set_path(&format!("{}{PATH}", at.path().trim_end_matches('/')));
        }
        let key = key.map(|key| SecretHeader::new("authorization", &format!("Bearer {key}"))).transpose()?;
        Ok(Self { url: at, allow, key, timeout, pages_max })
    }
}

/// One crawl's use of the service.
pub(super) struct Renderer {
    render: Render,
    dialer: Dialer,
    allow: AllowPrivate,
    pages_left: AtomicUsize,
    bytes_max: usize,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    success: bool,
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    html: Option<String>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Metadata {
    status_code: Option<u16>,
    url: Option<String>,
}

impl Renderer {
    pub(super) fn new(render: &Render, dialer: Dialer, allow: AllowPrivate, bytes_max: usize) -> Arc<Self> {
        let pages_left = AtomicUsize::new(render.pages_max);
        Arc::new(Self { render: render.clone(), dialer, allow, pages_left, bytes_max })
    }

    /// The page as it is after its scripts have run; or, in words for the report, why it is not known.
    pub(super) async fn html(&self, page: &Url, site: &Site) -> Result<Bytes, String> {
        let taken = self.pages_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if taken.is_err() {
            return Err(format!(
                "{} pages were rendered, which is the limit of one crawl (crawl.render_pages)",
                self.render.pages_max
            ));
        }
        // The service looks the name up again; what may not be dialled from here it is not told at all.
        self.dialer.judge(page, &self.allow).await.map_err(|error| error.to_string())?;
        let body = json!({"url": page.as_str(), "formats": ["html"]}).to_string();
        let opts = GetOptions {
            max_bytes: self.bytes_max.saturating_mul(JSON_FACTOR),
            secret: self.render.key.clone(),
            timeout: Some(self.render.timeout),
            ..GetOptions::default()
        };
        let answer = self.dialer.post_json(&self.render.url, &self.render.allow, body, &opts).await;
        let answer = answer.map_err(|error| error.to_string())?;
        if answer.status != 200 {
            return Err(format!("the service that renders pages answered with status {}", answer.status));
        }
        let read: Answer = serde_json::from_slice(&answer.body)
            .map_err(|_| "the service that renders pages sent an answer that cannot be read".to_owned())?;
        let data = read.data.filter(|_| read.success).ok_or("the service that renders pages could not")?;
        if let Some(status) = data.metadata.status_code.filter(|status| *status >= 400) {
            return Err(format!("to the service that renders pages the website answered with status {status}"));
        }
        let ended = data.metadata.url.as_deref().and_then(|url| Url::parse(url).ok());
        if ended.is_some_and(|url| site.adopt(&url).is_none()) {
            return Err("its scripts lead to another website".to_owned());
        }
        let html =
            data.html.filter(|html| !html.trim().is_empty()).ok_or("the service that renders pages sent no HTML")?;
        if html.len() > self.bytes_max {
            return Err("the rendered page is larger than one page may be".to_owned());
        }
        Ok(Bytes::from(html))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_pages_are_rendered() {
        let at = |url: &str| {
            Render::new(url, Some("k"), Duration::from_secs(1), 1).map(|render| render.url.to_string()).ok()
        };
        for (url, expected) in [
            ("http://127.0.0.1:3002", Some("http://127.0.0.1:3002/v1/scrape")),
            ("https://api.example/base/", Some("https://api.example/base/v1/scrape")),
            ("https://api.example/v2/scrape", Some("https://api.example/v2/scrape")),
            ("127.0.0.1:3002", None),
            ("ftp://a.example", None),
            ("", None),
        ] {
            assert_eq!(at(url).as_deref(), expected, "{url}");
        }
        assert!(Render::new("http://a.example", Some("a\nb"), Duration::from_secs(1), 1).is_err());
    }
}
