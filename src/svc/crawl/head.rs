//! What the head of a page says about where to go: a refresh, its other languages, the page after it.

use scraper::{Html, Selector};
use url::Url;

/// A head that is larger is cut.
const HEAD_BYTES_MAX: usize = 256 * 1024;
/// A refresh within this many seconds moves the visitor on; a later one lets them read.
const REFRESH_SECONDS_MAX: f32 = 10.0;
const LINKS_MAX: usize = 200;

/// What a head says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// Where visitors are sent at once.
    pub(super) moved_to: Option<Url>,
    /// Other languages (hreflang), next and previous page, and where a slow refresh leads.
    pub(super) links: Vec<String>,
}

/// Reads the head of an HTML page at `url`; of anything else there is nothing to say.
pub(super) fn read(body: &[u8], url: &Url) -> Head {
    let head = &body[..body.len().min(HEAD_BYTES_MAX)];
    let end = head.windows(5).position(|w| w.eq_ignore_ascii_case(b"<body")).unwrap_or(head.len());
    let head = String::from_utf8_lossy(&head[..end]);
    let Ok(selector) = Selector::parse("base[href], meta[http-equiv=refresh i][content], link[rel][href]") else {
        return Head::default();
    };
    if !head.contains('<') {
        return Head::default();
    }
    let (mut out, mut base) = (Head::default(), url.clone());
    for node in Html::parse_document(&head).select(&selector) {
        let node = node.value();
        match (node.name(), node.attr("href"), node.attr("content")) {
            ("base", Some(href), _) => base = url.join(href.trim()).unwrap_or(base),
            ("meta", _, Some(content)) => {
                let Some((seconds, target)) = refresh(content) else { continue };
                let Ok(target) = base.join(target) else { continue };
                // A page that reloads itself goes nowhere.
                if without_fragment(&target) == without_fragment(url) {
                    continue;
                }
                if seconds <= REFRESH_SECONDS_MAX {
                    out.moved_to.get_or_insert_with(|| target.clone());
                }
                out.links.push(target.into());
            }
            ("link", Some(href), _) => {
                let rel = node.attr("rel").unwrap_or_default().to_ascii_lowercase();
                let leads_on = rel.split_whitespace().any(|word| match word {
                    "alternate" => node.attr("hreflang").is_some(),
                    word => matches!(word, "next" | "prev"),
                });
                if leads_on && let Ok(target) = base.join(href.trim()) {
                    out.links.push(target.into());
                }
            }
            _ => {}
        }
    }
    out.links.truncate(LINKS_MAX);
    out
}

/// The base of the links of a page at `url`.
pub(super) fn base(html: &Html, url: &Url) -> Url {
    let named = Selector::parse("base[href]").ok().and_then(|selector| {
        let href = html.select(&selector).next()?.value().attr("href")?;
        url.join(href.trim()).ok()
    });
    named.unwrap_or_else(|| url.clone())
}

/// Seconds and target of `5; url='/x'` (HTML standard, "shared declarative refresh steps"); `None` without a target.
pub(super) fn refresh(content: &str) -> Option<(f32, &str)> {
    let (seconds, rest) = content.trim().split_once([';', ','])?;
    let seconds = seconds.trim().parse().ok()?;
    let rest = rest.trim_start();
    let target = match rest.get(..3) {
        Some(word) if word.eq_ignore_ascii_case("url") => rest[3..].trim_start().strip_prefix('=')?,
        _ => rest,
    };
    let target = target.trim().trim_matches(['\'', '"']).trim();
    (!target.is_empty()).then_some((seconds, target))
}

fn without_fragment(url: &Url) -> &str {
    url.as_str().split('#').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refreshes() {
        let cases = [
            ("0;url=/x", Some((0.0, "/x"))),
            (" 5 ; URL = '/a b' ", Some((5.0, "/a b"))),
            ("3, \"x\"", Some((3.0, "x"))),
            ("0.5;url=\"y\"", Some((0.5, "y"))),
            ("30", None),
            ("0;url=", None),
            ("bald;url=/x", None),
        ];
        for (content, expected) in cases {
            assert_eq!(refresh(content), expected, "{content}");
        }
    }

    #[test]
    fn heads() {
        let url = Url::parse("http://h/a/b").unwrap();
        let of = |head: &str| {
            read(format!("<!doctype html><html><head>{head}</head><BODY><link rel=next href=/no>").as_bytes(), &url)
        };
        let moved = |head: &str| of(head).moved_to.map(String::from);
        assert_eq!(
            moved("<base href=/c/><meta http-equiv=Refresh content='1;url=d'>").as_deref(),
            Some("http://h/c/d")
        );
        assert_eq!(moved("<meta http-equiv=refresh content='60;url=/d'>"), None, "time to read");
        assert_eq!(moved("<meta http-equiv=refresh content='0;url=/a/b#x'>"), None, "itself");
        assert_eq!(moved("<meta http-equiv=refresh content=30>"), None);
        assert_eq!(
            moved("<noscript><meta http-equiv=refresh content='0;url=/nojs'></noscript>"),
            None,
            "for other readers"
        );
        let links = of("<link rel=alternate hreflang=en href=/en/b><link rel=alternate type=application/rss+xml href=/feed><link rel='Next' href=?p=2><link rel=stylesheet href=/x.css>").links;
        assert_eq!(links, ["http://h/en/b", "http://h/a/b?p=2"]);
        assert_eq!(read(b"plain text", &url), Head::default());
    }
}
