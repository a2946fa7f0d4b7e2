//! Pages that need JavaScript, through a service that renders them; and what becomes of them when that misbehaves.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::{Home, Ran, Website, article, html, not_found};

const SHELL: &str = "<!doctype html><html><head><title>App</title><script src=/app.js></script></head><body><div id=root></div></body></html>";

/// A service on loopback: it is told the address of a page and answers with status and body. Keeps what it was sent.
fn service(answer: impl Fn(&str) -> (u16, String) + Send + Sync + 'static) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (kept, answer) = (Arc::clone(&seen), Arc::new(answer));
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
            std::thread::spawn(move || serve(stream, &kept, &*answer));
        }
    });
    (url, seen)
}

fn serve(mut stream: TcpStream, kept: &Mutex<Vec<String>>, answer: &(dyn Fn(&str) -> (u16, String) + Send + Sync)) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut line, mut length) = (String::new(), String::new(), 0);
    while reader.read_line(&mut line).is_ok_and(|n| n > 2) {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let asked: Value = serde_json::from_slice(&body).unwrap();
    kept.lock().unwrap().push(format!("{head}{asked}"));
    let (status, body) = answer(asked["url"].as_str().unwrap());
    let _ = write!(stream, "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
}

fn rendered(title: &str) -> String {
    let html = article(title, &format!("Was erst die Skripte zeigen: {title}, mit allem, was dazu gehört."));
    json!({"success": true, "data": {"html": html, "metadata": {"statusCode": 200}}}).to_string()
}

fn website(paths: &'static [&'static str]) -> Website {
    Website::start(move |path| match path {
        "/" => {
            let links: String = paths.iter().map(|path| format!("<a href={path}>{path}</a> ")).collect();
            html(&article("Start", &format!("Willkommen in der Stadt, hier stehen Anwendungen. {links}")))
        }
        path if paths.contains(&path) => html(SHELL),
        _ => not_found(),
    })
}

/// Crawls with a service; path → outcome or code, and path → reason.
fn crawl(home: &Home, site: &Website, settings: &[(&str, &str)]) -> BTreeMap<String, (String, String)> {
    let mut command = home.verb(&["crawl", &site.host, "--site", "stadt", "--allow-private", &site.host]);
    for (key, value) in settings {
        command.env(format!("DIALOGENGINE_CRAWL__{key}"), value);
    }
    command.env("RENDER_KEY_OF_TEST", "schluessel");
    let ran = Ran::of(&mut command);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let report = home.ok(&["source", "report", ran.json()["source_id"].as_str().unwrap()]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows = report["urls"].as_array().unwrap().iter();
    rows.map(|row| {
        let path = url::Url::parse(row["url"].as_str().unwrap()).unwrap().path().to_owned();
        (path, (row["code"].as_str().map_or_else(|| text(&row["outcome"]), str::to_owned), text(&row["reason"])))
    })
    .collect()
}

#[test]
fn a_page_of_scripts_is_marked_and_read_where_a_service_renders_it() {
    let (home, site) = (Home::with_site(), website(&["/app"]));
    assert_eq!(crawl(&home, &site, &[])["/app"].0, "needs_javascript");
    let (url, seen) = service(|_| (200, rendered("Terminvergabe")));
    let said = crawl(&home, &site, &[("RENDER_URL", &url), ("RENDER_KEY_ENV", "RENDER_KEY_OF_TEST")]);
    assert_eq!((said["/"].0.as_str(), said["/app"].0.as_str()), ("unchanged", "indexed"));
    let hits = home.ok(&["search", "--site", "stadt", "Terminvergabe"]);
    assert!(hits["hits"][0]["url"].as_str().unwrap().ends_with("/app"), "{hits}");
    let seen = seen.lock().unwrap();
    let asked = format!("{}", json!({"url": format!("http://{}/app", site.host), "formats": ["html"]}));
    assert_eq!(seen.len(), 1, "only pages that need it are handed out: {seen:?}");
    assert!(
        seen[0].starts_with("POST /v1/scrape ")
            && seen[0].to_ascii_lowercase().contains("authorization: bearer schluessel")
    );
    assert_eq!(seen[0].lines().last().unwrap().parse::<Value>().unwrap(), asked.parse::<Value>().unwrap());
}

#[test]
fn a_service_that_misbehaves_leaves_the_page_as_it_was() {
    let paths = &["/kaputt", "/quatsch", "/nein", "/leer", "/fremd", "/fehlt", "/langsam", "/gut"];
    let (home, site) = (Home::with_site(), website(paths));
    let (url, _) = service(|page| match page.rsplit('/').next().unwrap() {
        "kaputt" => (500, "{}".to_owned()),
        "quatsch" => (200, "<html>".to_owned()),
        "nein" => (200, json!({"success": false, "error": "no"}).to_string()),
        "leer" => (200, json!({"success": true, "data": {"html": " "}}).to_string()),
        "fremd" => {
            let html = article("Fremd", "Ein Text, der auf einer anderen Website steht und nicht hierher gehört.");
            (
                200,
                json!({"success": true, "data": {"html": html, "metadata": {"url": "https://other.example/"}}})
                    .to_string(),
            )
        }
        "fehlt" => {
            (200, json!({"success": true, "data": {"html": "<p>404</p>", "metadata": {"statusCode": 404}}}).to_string())
        }
        "langsam" => {
            std::thread::sleep(std::time::Duration::from_secs(4));
            (200, rendered("Langsam"))
        }
        _ => (200, rendered("Gut")),
    });
    let said = crawl(&home, &site, &[("RENDER_URL", &url), ("RENDER_SECONDS", "1")]);
    for (path, hint) in [
        ("/kaputt", "status 500"),
        ("/quatsch", "cannot be read"),
        ("/nein", "could not"),
        ("/leer", "no HTML"),
        ("/fremd", "another website"),
        ("/fehlt", "status 404"),
        ("/langsam", "took longer"),
    ] {
        let (code, reason) = &said[path];
        assert!(code == "needs_javascript" && reason.contains(hint), "{path}: {code} {reason}");
    }
    assert_eq!(said["/gut"].0, "indexed");
    assert!(
        home.ok(&["search", "--site", "stadt", "anderen Website"])["hits"]
            .as_array()
            .unwrap()
            .iter()
            .all(|hit| hit["title"] != "Fremd")
    );
}

#[test]
fn a_crawl_has_a_budget_of_rendered_pages() {
    let (home, site) = (Home::with_site(), website(&["/a", "/b", "/c"]));
    let (url, seen) = service(|page| (200, rendered(page)));
    let said = crawl(&home, &site, &[("RENDER_URL", &url), ("RENDER_PAGES", "2")]);
    let count = |code: &str| said.values().filter(|(is, _)| is == code).count();
    assert_eq!((count("indexed"), count("needs_javascript"), seen.lock().unwrap().len()), (3, 1, 2), "{said:?}");
    let mut command = home.verb(&["source", "list", "--site", "stadt"]);
    Ran::of(command.env("DIALOGENGINE_CRAWL__RENDER_URL", "nowhere"))
        .has_failed("config_invalid", &["crawl.render_url"]);
}
