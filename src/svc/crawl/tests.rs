//! Whole crawls against a handwritten, misbehaving server on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::format_collect,
    clippy::format_push_string,
    clippy::too_many_lines
)]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::{CrawlError, Event, Memory, Page, Plan, Report, crawl};
use crate::dial::{AllowPrivate, DialConfig, Dialer};

#[derive(Clone)]
pub(super) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    wait: Duration,
}

impl Reply {
    pub(super) fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), kind.to_owned())],
            body: body.into(),
            wait: Duration::ZERO,
        }
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

pub(super) fn page(title: &str, rest: &str) -> Reply {
    Reply::new(200, "text/html; charset=utf-8", html(title, rest))
}

fn html(title: &str, rest: &str) -> String {
    format!(
        "<!doctype html><html lang=de><head><title>{title}</title></head><body><main><h1>{title}</h1><p>Die Stadtverwaltung informiert auf dieser Seite über {title}. \
         Bitte bringen Sie Ihren Personalausweis mit, wenn Sie das Bürgerbüro besuchen.</p>{rest}</main></body></html>"
    )
}

pub(super) fn links(paths: &[&str]) -> String {
    paths.iter().map(|path| format!("<p><a href=\"{path}\">Seite {path}</a></p>")).collect()
}

pub(super) fn moved(to: impl Into<String>) -> Reply {
    Reply::new(302, "text/html", "").with("location", to)
}

pub(super) type Hits = Arc<Mutex<HashMap<String, usize>>>;

/// Answers each path by `answer(path, hit)`; hits count from 1. Unknown paths are for `answer` to refuse.
async fn serve(answer: impl Fn(&str, usize) -> Option<Reply> + Send + Sync + 'static) -> (String, Hits) {
    serve_asked(move |path, _, hit| answer(path, hit)).await
}

/// The same, with the request's headers.
pub(super) async fn serve_asked(
    answer: impl Fn(&str, &str, usize) -> Option<Reply> + Send + Sync + 'static,
) -> (String, Hits) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let hits: Hits = Arc::default();
    let (answer, counted) = (Arc::new(answer), hits.clone());
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let (answer, hits) = (answer.clone(), counted.clone());
            tokio::spawn(async move {
                let mut request = vec![0_u8; 8192];
                let Ok(n) = socket.read(&mut request).await else { return };
                let text = String::from_utf8_lossy(&request[..n]).into_owned();
                let Some(path) = text.strip_prefix("GET ").and_then(|rest| rest.split(' ').next()) else { return };
                let hit = {
                    let mut hits = hits.lock().unwrap();
                    let count = hits.entry(path.to_owned()).or_default();
                    *count += 1;
                    *count
                };
                let reply = answer(path, &text, hit).unwrap_or_else(|| Reply::new(404, "text/html", "nothing here"));
                tokio::time::sleep(reply.wait).await;
                let mut out = format!(
                    "HTTP/1.1 {} X\r\nconnection: close\r\ncontent-length: {}\r\n",
                    reply.status,
                    reply.body.len()
                );
                for (name, value) in &reply.headers {
                    out.push_str(&format!("{name}: {value}\r\n"));
                }
                out.push_str("\r\n");
                let _ = socket.write_all(out.as_bytes()).await;
                let _ = socket.write_all(&reply.body).await;
            });
        }
    });
    (host, hits)
}

pub(super) struct Outcome {
    pub(super) result: Result<Report, CrawlError>,
    pub(super) pages: BTreeMap<String, Page>,
    pub(super) skipped: BTreeMap<String, String>,
    pub(super) same: BTreeSet<String>,
}

impl Outcome {
    fn report(&self) -> &Report {
        self.result.as_ref().unwrap_or_else(|e| panic!("{e}: {:?}", self.skipped))
    }

    pub(super) fn paths(&self) -> Vec<String> {
        self.pages.keys().map(|url| url::Url::parse(url).unwrap()[url::Position::BeforePath..].to_owned()).collect()
    }

    fn why(&self, path: &str) -> Option<&str> {
        self.skipped
            .iter()
            .find(|(url, _)| url::Url::parse(url).unwrap()[url::Position::BeforePath..] == *path)
            .map(|(_, code)| code.as_str())
    }
}

pub(super) fn plan(host: &str) -> Plan {
    Plan {
        start: format!("http://{host}/"),
        max_pages: 100,
        allow: AllowPrivate::parse([host]).unwrap(),
        delay: Duration::from_secs(5),
        ..Plan::default()
    }
}

fn dialer() -> Dialer {
    let seconds = Duration::from_secs;
    Dialer::new(DialConfig { connect_timeout: seconds(2), request_timeout: seconds(2), ..DialConfig::default() })
        .unwrap()
}

async fn run(plan: &Plan) -> Outcome {
    run_knowing(plan, &|_| None).await
}

pub(super) async fn run_knowing(plan: &Plan, memory: &Memory<'_>) -> Outcome {
    let (sender, mut events) = mpsc::channel(4);
    let collect = tokio::spawn(async move {
        let (mut pages, mut skipped, mut same) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        while let Some(event) = events.recv().await {
            match event {
                Event::Found { .. } | Event::Hosts(_) => {}
                Event::Page(page) => assert!(pages.insert(page.url.clone(), *page).is_none(), "a page came twice"),
                Event::Skipped { url, reason } => {
                    assert!(!reason.text().is_empty());
                    assert!(skipped.insert(url.clone(), reason.code().to_owned()).is_none(), "{url} has two reasons");
                }
                Event::Same { url, .. } => assert!(same.insert(url), "a page came twice"),
            }
        }
        (pages, skipped, same)
    });
    let result = crawl(plan, &dialer(), memory, sender, &|| false).await;
    let (pages, skipped, same) = collect.await.unwrap();
    assert!(pages.keys().all(|url| !skipped.contains_key(url)), "an address is both page and skipped");
    if let Ok(report) = &result {
        assert_eq!(report.skipped.values().sum::<usize>(), skipped.len());
        assert_eq!(report.pages, pages.len() + same.len());
    }
    Outcome { result, pages, skipped, same }
}

#[tokio::test]
async fn a_website_full_of_surprises() {
    let (host, hits) = serve(|path, hit| {
        Some(match path {
            "/" => page("Start", &links(&[
                "/a", "/a#x", "/a?utm_source=x", "/loop1", "/private", "/away", "/gz", "/busy", "/slow", "/huge", "/buch.rtf", "/download", "/geheim/x", "/print",
                "/latin", "/app", "/noindex", "/noindex-header", "/missing", "/closed", "/moved", "/kalender?monat=1", "http://other.example/", "/bomb",
            ])),
            "/robots.txt" => Reply::new(200, "text/plain", "User-agent: *\nDisallow: /geheim/\n"),
            "/a" => page("Seite A", &links(&["/tief"])),
            "/tief" => page("Tief", ""),
            "/loop1" => moved("/loop2"),
            "/loop2" => moved("/loop1"),
            "/private" => moved("http://10.0.0.1/admin"),
            "/away" => moved("https://other.example/"),
            "/moved" => moved("/a"),
            "/gz" | "/bomb" => {
                let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
                packer.write_all(html("Gepackt", "").as_bytes()).unwrap();
                if path == "/bomb" {
                    packer.write_all(&vec![b' '; 8 << 20]).unwrap();
                }
                Reply::new(200, "text/html", packer.finish().unwrap()).with("content-encoding", "gzip")
            }
            "/busy" if hit == 1 => Reply::new(503, "text/html", "busy").with("retry-after", "1"),
            "/busy" => page("Wieder da", ""),
            "/slow" => Reply { wait: Duration::from_secs(10), ..page("Langsam", "") },
            "/huge" => page("Riesig", &"<p>viel Text</p>".repeat(200_000)),
            "/download" => Reply::new(200, "application/x-rar", "Rar!"),
            "/print" => Reply::new(200, "text/html", html("Druck", "").replace("</title>", "</title><link rel=canonical href=/a>")),
            "/latin" => Reply::new(200, "text/html; charset=iso-8859-1", html("M\u{fc}ll", "").chars().map(|c| u8::try_from(c).unwrap()).collect::<Vec<_>>()),
            "/app" => Reply::new(200, "text/html", "<html><head><title>App</title><script src=/app.js></script></head><body><div id=root></div><noscript>You need to enable JavaScript to run this app.</noscript></body></html>"),
            "/noindex" => Reply::new(200, "text/html", html("Versteckt", &links(&["/hinter"])).replace("</title>", "</title><meta name=robots content=noindex>")),
            "/hinter" => page("Dahinter", ""),
            "/noindex-header" => page("Auch", "").with("x-robots-tag", "noindex"),
            "/closed" => Reply::new(403, "text/html", "no"),
            _ => {
                let month: usize = path.strip_prefix("/kalender?monat=")?.parse().ok()?;
                page(&format!("Monat {month}"), &links(&[&format!("/kalender?monat={}", month + 1), &format!("/kalender?monat={}", month + 50)]))
            }
        })
    })
    .await;
    let start = Instant::now();
    let got = run(&Plan { max_bytes_per_page: 1 << 20, max_depth: 100, concurrency: 8, ..plan(&host) }).await;
    let report = got.report();
    assert!(start.elapsed() < Duration::from_secs(8), "no politeness toward this machine");
    assert_eq!(report.start_url, format!("http://{host}/"));
    for path in ["/", "/a", "/tief", "/gz", "/busy", "/latin", "/hinter", "/kalender?monat=1"] {
        assert!(got.paths().iter().any(|p| p == path), "{path}: {:?}", got.why(path));
    }
    let expected = [
        ("/loop1", "redirect_loop"),
        ("/private", "address_forbidden"),
        ("/away", "redirect_elsewhere"),
        ("/slow", "timeout"),
        ("/huge", "too_large"),
        ("/bomb", "too_large"),
        ("/buch.rtf", "unsupported_type"),
        ("/download", "unsupported_type"),
        ("/geheim/x", "robots"),
        ("/print", "canonical"),
        ("/app", "needs_javascript"),
        ("/noindex", "noindex"),
        ("/noindex-header", "noindex"),
        ("/missing", "not_found"),
        ("/closed", "access_denied"),
    ];
    for (path, code) in expected {
        assert_eq!(got.why(path), Some(code), "{path}");
    }
    let hits = hits.lock().unwrap();
    assert_eq!(
        hits.get("/a").copied().unwrap_or_default() + hits.get("/moved").copied().unwrap_or_default(),
        3,
        "/a once, /moved once and on to /a"
    );
    assert!(!hits.contains_key("/geheim/x") && !hits.contains_key("/buch.rtf"));
    assert!(report.skipped["trap"] >= 1 && got.paths().iter().filter(|p| p.starts_with("/kalender")).count() <= 24);
    assert!(got.pages[&format!("http://{host}/latin")].extracted.title.contains("Müll"));
}

#[tokio::test]
async fn sitemap_index_and_discovery() {
    let (host, hits) = serve(|path, _| {
        let urls = |paths: &[&str]| format!("<urlset>{}</urlset>", paths.iter().map(|p| format!("<url><loc>{p}</loc></url>")).collect::<String>());
        Some(match path {
            "/robots.txt" => Reply::new(200, "text/plain", "Sitemap: /maps/index.xml\n"),
            "/maps/index.xml" => Reply::new(200, "text/xml", "<sitemapindex><sitemap><loc>/maps/a.xml.gz</loc></sitemap><sitemap><loc>/maps/index.xml</loc></sitemap><sitemap><loc>b.xml</loc></sitemap></sitemapindex>"),
            "/maps/a.xml.gz" => {
                let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                packer.write_all(urls(&["/leben/1", "/leben/2", "/leben/3"]).as_bytes()).unwrap();
                Reply::new(200, "application/gzip", packer.finish().unwrap())
            }
            "/maps/b.xml" => Reply::new(200, "text/xml", urls(&["/amt/1", "/amt/2", "http://other.example/x"])),
            "/" | "/leben/1" | "/leben/2" | "/leben/3" | "/amt/1" | "/amt/2" => page(path, ""),
            _ => return None,
        })
    })
    .await;
    let found = run(&Plan { discover_only: true, ..plan(&host) }).await;
    let report = found.result.unwrap();
    assert_eq!((report.pages_found, report.urls.len(), report.pages), (6, 6, 0));
    assert!(!hits.lock().unwrap().contains_key("/amt/1"), "the sitemap was enough");

    let got = run(&Plan { include: vec!["/leben/".to_owned()], ..plan(&host) }).await;
    assert_eq!(got.paths(), ["/leben/1", "/leben/2", "/leben/3"]);
    assert_eq!((got.why("/amt/1"), got.why("/")), (Some("excluded"), Some("excluded")));

    let got = run(&Plan { include: vec!["/nirgends/".to_owned()], ..plan(&host) }).await;
    let error = got.result.unwrap_err();
    assert_eq!(error.code(), "excluded", "{error}");
}

#[tokio::test]
async fn limits_end_with_a_reason() {
    let (host, _) = serve(|path, _| {
        let n: usize = if path == "/" { 0 } else { path.strip_prefix("/s")?.parse().ok()? };
        Some(page(&format!("Seite {n}"), &links(&[&format!("/s{}", 2 * n + 1), &format!("/s{}", 2 * n + 2)])))
    })
    .await;
    let got = run(&Plan { max_depth: 2, ..plan(&host) }).await;
    assert_eq!((got.report().pages, got.report().skipped.get("too_deep")), (7, Some(&8)));
    let got = run(&Plan { max_pages: 5, ..plan(&host) }).await;
    assert_eq!(got.report().pages, 5);
    assert!(got.report().skipped["page_limit"] >= 4);
    let found = run(&Plan { discover_only: true, max_pages: 10, ..plan(&host) }).await.result.unwrap();
    assert!(found.urls.len() >= 10 && found.pages_found == found.urls.len());
}

#[tokio::test]
async fn canonicals_never_lose_a_page() {
    let canonical = |title: &str, to: &str| {
        Reply::new(
            200,
            "text/html",
            html(title, "").replace("</title>", &format!("</title><link rel=canonical href='{to}'>")),
        )
    };
    let (host, _) = serve(move |path, _| {
        Some(match path {
            "/" => page("Start", &links(&["/x", "/y", "/alt?id=1", "/tief/a", "/tief/b"])),
            "/x" => canonical("X", "/y"),
            "/y" => canonical("Y", "/x"),
            "/alt?id=1" => canonical("Alt", "/neu"),
            "/tief/a" => canonical("Tief A", "/"),
            "/tief/b" => canonical("Tief B", "http://other.example/"),
            _ => return None,
        })
    })
    .await;
    let got = run(&Plan { concurrency: 1, ..plan(&host) }).await;
    assert_eq!(got.paths(), ["/", "/neu", "/tief/a", "/tief/b", "/y"]);
    assert_eq!((got.why("/x"), got.report().skipped.len()), (Some("canonical"), 1));
}

#[tokio::test]
async fn nothing_is_an_error_that_says_why() {
    type Answer = fn(&str, usize) -> Option<Reply>;
    let cases: [(Answer, &str); 8] = [
        (|path, _| Some(moved(format!("https://other.invalid{path}"))), "other_host"),
        (
            |path, _| {
                Some(if path == "/robots.txt" {
                    Reply::new(200, "text/plain", "User-agent: *\nDisallow: /")
                } else {
                    page("Start", "")
                })
            },
            "robots",
        ),
        (
            |path, _| Some(if path == "/robots.txt" { Reply::new(500, "text/plain", "") } else { page("Start", "") }),
            "robots_unavailable",
        ),
        (
            |path, _| {
                (path == "/").then(|| Reply::new(200, "text/html", "<html><head><title>App</title><script src=/a.js></script></head><body><div id=app></div></body></html>"))
            },
            "needs_javascript",
        ),
        (|path, _| (path == "/").then(|| moved("https://other.example/")), "other_host"),
        (|path, _| (path == "/").then(|| moved("/")), "no_pages"),
        (|path, _| (path == "/").then(|| Reply::new(403, "text/html", "")), "no_pages"),
        (|_, _| None, "no_pages"),
    ];
    for (answer, code) in cases {
        let (host, _) = serve(answer).await;
        let error = run(&plan(&host)).await.result.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
    let plans = [
        (
            Plan {
                start: "http://127.0.0.1:1/".to_owned(),
                allow: AllowPrivate::parse(["127.0.0.1"]).unwrap(),
                ..Plan::default()
            },
            "connect",
        ),
        (Plan { start: "127.0.0.1:1".to_owned(), ..Plan::default() }, "address_forbidden"),
        (Plan { start: "no-such-name.invalid".to_owned(), ..Plan::default() }, "dns"),
        (Plan { start: "a b".to_owned(), ..Plan::default() }, "address_invalid"),
    ];
    for (plan, code) in plans {
        let error = run(&plan).await.result.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
}

#[tokio::test]
async fn without_scheme_both_are_tried_and_names_resolve() {
    let (host, _) = serve(|path, _| (path == "/").then(|| page("Start", ""))).await;
    let port = host.rsplit(':').next().unwrap();
    let dialer = crate::dial::tests::dialer_resolving_to([127, 0, 0, 1], DialConfig::default()).await;
    let name = format!("müllheim.test:{port}");
    let plan = Plan {
        start: name.clone(),
        delay: Duration::ZERO,
        allow: AllowPrivate::parse([name]).unwrap(),
        ..Plan::default()
    };
    let (sender, mut events) = mpsc::channel(100);
    let report = crawl(&plan, &dialer, &|_| None, sender, &|| false).await.unwrap();
    assert_eq!(report.start_url, format!("http://xn--mllheim-n2a.test:{port}/"));
    assert_eq!(report.pages, 1);
    events.close();
}

/// A job runs on any thread.
fn assert_send<T: Send>(_: &T) {}

#[tokio::test]
async fn a_stop_is_noticed_and_a_slow_reader_slows() {
    let (host, hits) = serve(|path, _| {
        let n: usize = if path == "/" { 0 } else { path.strip_prefix("/s")?.parse().ok()? };
        Some(page(&format!("Seite {n}"), &links(&[&format!("/s{}", n + 1), &format!("/s{}", n + 1000)])))
    })
    .await;
    let stop = AtomicBool::new(false);
    let is_stopped = || stop.load(Ordering::Relaxed);
    let (plan, dialer) = (Plan { max_depth: 1000, ..plan(&host) }, dialer());
    let (sender, _events) = mpsc::channel(2);
    let work = crawl(&plan, &dialer, &|_| None, sender, &is_stopped);
    assert_send(&work);
    let stopper = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        stop.store(true, Ordering::Relaxed);
    };
    let start = Instant::now();
    let (result, ()) = tokio::join!(work, stopper);
    assert_eq!(result.unwrap_err(), CrawlError::Cancelled);
    assert!(start.elapsed() < Duration::from_secs(2));
    assert!(hits.lock().unwrap().len() < 20, "the full channel held the crawl back");
}
