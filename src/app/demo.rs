//! The sample town, served as a real website: pages in the chrome of a municipal site, a sitemap,
//! a robots file. It is crawled over HTTP like any other.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use poem::http::{StatusCode, header};
use poem::{Endpoint, Request, Response};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "assets/demo/"]
#[include = "pages/*.html"]
#[include = "layout.html"]
#[include = "style.css"]
#[include = "robots.txt"]
struct Files;

/// The town's website.
pub struct Town {
    files: BTreeMap<String, (&'static str, String)>,
}

struct Page {
    meta: BTreeMap<String, String>,
    main: String,
}

impl Town {
    /// Renders the town for an address such as `http://127.0.0.1:4711`; `widget` is the line that
    /// embeds the dialog on every page.
    #[must_use]
    pub fn new(base: &str, widget: &str) -> Self {
        let text =
            |name: &str| Files::get(name).map(|f| String::from_utf8_lossy(&f.data).into_owned()).unwrap_or_default();
        let layout = text("layout.html");
        let mut files = BTreeMap::new();
        let mut sitemap = String::from(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
        );
        for name in Files::iter().filter(|n| n.starts_with("pages/")) {
            let Some(page) = parse(&text(&name)) else { continue };
            let path = page.value("path").to_owned();
            let _ = writeln!(sitemap, "<url><loc>{base}{path}</loc><lastmod>{}</lastmod></url>", page.value("date"));
            files.insert(path, ("text/html; charset=utf-8", render(&layout, &page, base, widget)));
        }
        sitemap.push_str("</urlset>\n");
        files.insert("/sitemap.xml".to_owned(), ("application/xml", sitemap));
        files.insert("/style.css".to_owned(), ("text/css; charset=utf-8", text("style.css")));
        files.insert(
            "/robots.txt".to_owned(),
            ("text/plain; charset=utf-8", text("robots.txt").replace("{{base}}", base)),
        );
        Self { files }
    }

    /// Number of pages.
    #[must_use]
    pub fn pages(&self) -> usize {
        self.files.values().filter(|(kind, _)| kind.starts_with("text/html")).count()
    }
}

impl Page {
    fn value(&self, key: &str) -> &str {
        self.meta.get(key).map_or("", String::as_str)
    }
}

/// A page file: a comment of `key: value` lines, then the main content.
fn parse(file: &str) -> Option<Page> {
    let (head, main) = file.trim_start().strip_prefix("<!--")?.split_once("-->")?;
    let meta = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(k, v)| (k.trim().to_owned(), v.trim().to_owned()))
        .collect();
    Some(Page { meta, main: main.to_owned() })
}

fn render(layout: &str, page: &Page, base: &str, widget: &str) -> String {
    let date = page.value("date");
    let german = date.split('-').rev().collect::<Vec<_>>().join(".");
    let crumbs = page.value("crumbs").split('>').map(|c| escape(c.trim())).collect::<Vec<_>>().join(" › ");
    let canonical = if page.value("canonical").is_empty() { page.value("path") } else { page.value("canonical") };
    let fill = [
        ("lang", page.value("lang").to_owned()),
        ("title", escape(page.value("title"))),
        ("path", page.value("path").to_owned()),
        ("date_de", german),
        ("date_iso", date.to_owned()),
        ("crumbs", crumbs),
        ("canonical", format!("{base}{canonical}")),
        ("jsonld", String::new()),
        ("widget", widget.to_owned()),
        ("main", page.main.clone()),
    ];
    fill.into_iter().fold(layout.to_owned(), |html, (key, value)| html.replace(&format!("{{{{{key}}}}}"), &value))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl Endpoint for Town {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let path = request.uri().path();
        let wanted = if path.len() > 1 { path.trim_end_matches('/') } else { path };
        Ok(match self.files.get(wanted) {
            Some((kind, body)) => Response::builder().header(header::CONTENT_TYPE, *kind).body(body.clone()),
            None => Response::builder()
                .status(StatusCode::NOT_FOUND)
                .header(header::CONTENT_TYPE, "text/html; charset=utf-8")
                .body("<!doctype html><title>404</title><h1>Seite nicht gefunden</h1>"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_town_is_whole() {
        let town = Town::new("http://127.0.0.1:1", "");
        assert!(town.pages() >= 72, "{}", town.pages());
        for (path, (kind, body)) in &town.files {
            assert!(!body.contains("{{"), "{path} has a placeholder left");
            if kind.starts_with("text/html") {
                assert!(body.contains("<h1"), "{path} has no heading");
            }
        }
        let english = town.files.keys().filter(|path| path.starts_with("/en/")).count();
        assert!(english >= 12, "{english} English pages");
    }

    #[test]
    fn links_of_the_town_lead_somewhere() {
        let town = Town::new("http://127.0.0.1:1", "");
        for (path, (_, body)) in &town.files {
            for link in body.split("href=\"/").skip(1).filter_map(|rest| rest.split('"').next()) {
                let target = format!("/{}", link.split(['#', '?']).next().unwrap_or_default());
                assert!(town.files.contains_key(&target), "{path} links to {target}");
            }
        }
    }
}
