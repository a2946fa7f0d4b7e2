//! Files for browsers, compiled in: ETag, gzip made once, GET and HEAD.

use std::collections::HashMap;
use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use poem::http::{HeaderValue, StatusCode, header};
use poem::{Request, Response};
use rust_embed::Embed;

#[derive(Embed)]
#[folder = "assets/web"]
#[include = "*.js"]
#[include = "*.css"]
#[include = "*.html"]
#[include = "*.svg"]
#[include = "*.png"]
#[include = "*.ico"]
#[include = "*.woff2"]
struct Web;

struct Asset {
    bytes: Bytes,
    /// Only where it is smaller.
    gzip: Option<Bytes>,
    etag: String,
    content_type: &'static str,
}

/// All files, by their path below `assets/web`.
pub struct Assets(HashMap<String, Asset>);

impl Assets {
    pub fn load() -> Self {
        Self(Web::iter().filter_map(|path| Some((path.to_string(), asset(&path, Web::get(&path)?.data)))).collect())
    }

    /// Answers a GET or HEAD, or `None` when there is no such file.
    pub fn respond(&self, request: &Request, path: &str) -> Option<Response> {
        let asset = self.0.get(path)?;
        let text = |name| request.headers().get(name).and_then(|v: &HeaderValue| v.to_str().ok()).unwrap_or_default();
        let is_widget = path.starts_with("widget/");
        // Browsers ask again each time; the answer is mostly 304. Embedding pages may keep the widget for a little while.
        let caching = if is_widget { "public, max-age=300" } else { "no-cache" };
        let mut response = Response::builder()
            .header(header::ETAG, &asset.etag)
            .header(header::CACHE_CONTROL, caching)
            .header(header::VARY, "Accept-Encoding");
        if is_widget {
            response = response
                .header(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")
                .header("Cross-Origin-Resource-Policy", "cross-origin");
        }
        if text(header::IF_NONE_MATCH)
            .split(',')
            .any(|tag| tag.trim().trim_start_matches("W/") == asset.etag || tag.trim() == "*")
        {
            return Some(response.status(StatusCode::NOT_MODIFIED).finish());
        }
        let accepts_gzip = text(header::ACCEPT_ENCODING).split(',').any(|e| {
            e.trim().split(';').next() == Some("gzip") && !e.contains("q=0,") && !e.trim_end().ends_with("q=0")
        });
        response = response.content_type(asset.content_type);
        Some(match &asset.gzip {
            Some(gzip) if accepts_gzip => response.header(header::CONTENT_ENCODING, "gzip").body(gzip.clone()),
            _ => response.body(asset.bytes.clone()),
        })
    }
}

fn asset(path: &str, data: std::borrow::Cow<'static, [u8]>) -> Asset {
    let bytes = match data {
        std::borrow::Cow::Borrowed(data) => Bytes::from_static(data),
        std::borrow::Cow::Owned(data) => Bytes::from(data),
    };
    let hash = blake3::hash(&bytes).to_hex();
    Asset { gzip: gzip(&bytes), etag: format!("\"{}\"", &hash.as_str()[..20]), content_type: content_type(path), bytes }
}

fn gzip(bytes: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).ok()?;
    let packed = encoder.finish().ok()?;
    (packed.len() < bytes.len()).then(|| Bytes::from(packed))
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}
