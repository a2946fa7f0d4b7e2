//! One answer to one page: extraction on a blocking thread, robots directives of the headers, links of pages without text.

use scraper::{Html, Selector};
use url::Url;

use super::address::Site;
use super::fetch::{Got, NOT_MODIFIED};
use super::head::{self, Head};
use super::render::Renderer;
use super::{Known, SkipReason};
use crate::dial::{HeaderMap, HeaderValue, Response};
use crate::svc::extract::{self, Extracted, Input, RejectCode};

/// Links taken from one page.
const LINKS_MAX: usize = 5_000;

/// What one answer held.
pub(super) struct Seen {
    pub(super) url: Url,
    pub(super) status: u16,
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
    /// Addresses to walk on to; empty when the page asks not to follow them.
    pub(super) links: Vec<String>,
    pub(super) page: Result<Content, SkipReason>,
    /// The website was asked; otherwise it is only believed to be so.
    pub(super) was_asked: bool,
}

/// What a page holds.
pub(super) enum Content {
    Read(Box<Extracted>),
    /// What is known of it still holds; the address under which it counts.
    Same(String),
}

/// Reads an answer. `known`: what was asked with.
pub(super) async fn read(got: Got, known: Option<Known>, bytes_max: usize) -> Seen {
    let text = |name: &str| got.response.header(name).map(str::to_owned);
    let (etag, last_modified, content_type) = (text("etag"), text("last-modified"), text("content-type"));
    let header = Directives::of(got.response.headers.get_all("x-robots-tag").iter().filter_map(|v| v.to_str().ok()));
    if let (NOT_MODIFIED, Some(known)) = (got.response.status, known) {
        let links = if header.nofollow { Vec::new() } else { known.links };
        // The page is as it was; what the website asks of us may have changed.
        let page = if header.noindex { Err(SkipReason::Noindex) } else { Ok(Content::Same(known.url)) };
        let (etag, last_modified) = (known.etag, known.last_modified);
        return Seen { url: got.url, status: NOT_MODIFIED, etag, last_modified, links, page, was_asked: true };
    }
    let (url, status, body) = (got.url.clone(), got.response.status, got.response.body);
    let base = url.clone();
    let work = tokio::task::spawn_blocking(move || {
        let input = Input { bytes: &body, content_type: content_type.as_deref(), path_or_url: base.as_str() };
        let head = if is_html(content_type.as_deref(), &body) { head::read(&body, &base) } else { Head::default() };
        let (links, page) = match extract::extract_capped(input, bytes_max) {
            Ok(found) if header.noindex || found.noindex => (links_of(&found, header), Err(SkipReason::Noindex)),
            Ok(found) => (links_of(&found, header), Ok(Content::Read(Box::new(found)))),
            Err(rejected) => {
                let textless =
                    matches!(rejected.code, RejectCode::Empty | RejectCode::NeedsJavascript) && !header.nofollow;
                (if textless { bare_links(&body, &base) } else { Vec::new() }, Err(SkipReason::of_rejected(rejected)))
            }
        };
        place(head, links, page, header)
    });
    let (links, page) = work
        .await
        .unwrap_or_else(|_| (Vec::new(), Err(SkipReason::UnsupportedType { kind: "damaged page".to_owned() })));
    Seen { url, status, etag, last_modified, links, page, was_asked: true }
}

/// A page that needs JavaScript as it is after its scripts have run; any other page, and one that cannot be rendered, as it
/// was seen. `headers`: of its own answer, which still says whether it may be indexed.
pub(super) async fn rendered(
    mut seen: Seen,
    mut headers: HeaderMap,
    renderer: &Renderer,
    site: &Site,
    bytes_max: usize,
) -> Seen {
    let Err(SkipReason::Unreadable(rejected)) = &mut seen.page else { return seen };
    if rejected.code != RejectCode::NeedsJavascript {
        return seen;
    }
    match renderer.html(&seen.url, site).await {
        Ok(body) => {
            headers.insert("content-type", HeaderValue::from_static("text/html; charset=utf-8"));
            // Version and date are those of the page without its content.
            headers.remove("etag");
            headers.remove("last-modified");
            let response = Response { status: seen.status, headers, body };
            read(Got { url: seen.url, response }, None, bytes_max).await
        }
        Err(why) => {
            rejected.reason = format!("{}; {why}", rejected.reason);
            seen
        }
    }
}

/// A page as an earlier crawl saw it, when nobody needs to be asked.
pub(super) fn as_known(known: &Known) -> Option<Seen> {
    Some(Seen {
        url: Url::parse(&known.arrived).ok()?,
        status: NOT_MODIFIED,
        etag: known.etag.clone(),
        last_modified: known.last_modified.clone(),
        links: known.links.clone(),
        page: Ok(Content::Same(known.url.clone())),
        was_asked: false,
    })
}

/// Adds what the head says: where else to go, and that the page is only a way to another.
fn place(
    head: Head,
    mut links: Vec<String>,
    page: Result<Content, SkipReason>,
    header: Directives,
) -> (Vec<String>, Result<Content, SkipReason>) {
    let follows = match &page {
        Ok(Content::Read(found)) => !found.nofollow,
        Ok(Content::Same(_)) => true,
        // Of these it is not known whether their links may be followed, unless they have led on already.
        Err(_) => !links.is_empty(),
    };
    if follows && !header.nofollow {
        links.extend(head.links.into_iter().take(LINKS_MAX.saturating_sub(links.len())));
    }
    match (page, head.moved_to) {
        (Ok(_), Some(to)) => (links, Err(SkipReason::Refresh { to: to.into() })),
        (page, _) => (links, page),
    }
}

fn is_html(content_type: Option<&str>, body: &[u8]) -> bool {
    match content_type.map(str::to_ascii_lowercase) {
        Some(known) if known.contains("html") => true,
        Some(known) if !known.trim().is_empty() => false,
        _ => body.trim_ascii_start().starts_with(b"<"),
    }
}

fn links_of(found: &Extracted, header: Directives) -> Vec<String> {
    if found.nofollow || header.nofollow {
        return Vec::new();
    }
    found.links.iter().filter(|link| !link.nofollow).take(LINKS_MAX).map(|link| link.url.clone()).collect()
}

/// Start pages made of pictures, frames or a refresh still lead somewhere.
fn bare_links(body: &[u8], base: &Url) -> Vec<String> {
    let html = Html::parse_document(&String::from_utf8_lossy(body));
    let Ok(selector) =
        Selector::parse("a[href], area[href], frame[src], iframe[src], meta[http-equiv=refresh i][content]")
    else {
        return Vec::new();
    };
    let base = head::base(&html, base);
    html.select(&selector)
        .filter_map(|node| {
            let value = node.value();
            let refresh = value.attr("content").and_then(head::refresh).map(|(_, target)| target);
            value.attr("href").or_else(|| value.attr("src")).or(refresh)
        })
        .filter_map(|target| base.join(target).ok())
        .take(LINKS_MAX)
        .map(String::from)
        .collect()
}

/// What `X-Robots-Tag` asks of us.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Directives {
    pub(super) noindex: bool,
    pub(super) nofollow: bool,
}

impl Directives {
    pub(super) fn of<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let mut out = Self::default();
        for value in values {
            let value = value.to_ascii_lowercase();
            let rest = match value.split_once(':') {
                // "googlebot: noindex" is meant for somebody else.
                Some((agent, rest)) if !agent.contains(',') && agent.trim() != "unavailable_after" => {
                    if agent.trim() != "dialogengine" {
                        continue;
                    }
                    rest
                }
                _ => &value,
            };
            for word in rest.split(',').map(str::trim) {
                out.noindex |= matches!(word, "noindex" | "none");
                out.nofollow |= matches!(word, "nofollow" | "none");
            }
        }
        out
    }
}
