//! Signing in at a website: its pages are read, and the secret goes nowhere else and comes back nowhere.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::support::{Home, article, key};

const PASSWORD: &str = "Gartenzaun-4711";
/// `amt:Gartenzaun-4711`
const BASIC: &str = "Basic YW10OkdhcnRlbnphdW4tNDcxMQ==";

/// Path → status, header lines, body.
type Serve = dyn Fn(&str, bool) -> (u16, String, String) + Send + Sync;

/// A server that keeps what it was sent. `serve` is told the path and whether the secret came with it. Ends with the test.
fn serve(
    serve: impl Fn(&str, bool) -> (u16, String, String) + Send + Sync + 'static,
) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let (kept, serve): (_, Arc<Serve>) = (Arc::clone(&heads), Arc::new(serve));
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (kept, serve) = (Arc::clone(&kept), Arc::clone(&serve));
            std::thread::spawn(move || answer(stream, &kept, &*serve));
        }
    });
    (host, heads)
}

fn answer(mut stream: TcpStream, heads: &Mutex<Vec<String>>, serve: &Serve) {
    let (mut head, mut line) = (String::new(), String::new());
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while reader.read_line(&mut line).is_ok_and(|n| n > 2) {
        head.push_str(&line);
        line.clear();
    }
    let path = head.split(' ').nth(1).unwrap_or("/").to_owned();
    let signed = head.contains(BASIC);
    heads.lock().unwrap().push(head);
    let (status, more, body) = serve(&path, signed);
    let _ = write!(
        stream,
        "HTTP/1.1 {status} X\r\nConnection: close\r\n{more}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
}

fn html(title: &str, text: &str) -> (u16, String, String) {
    (200, "Content-Type: text/html; charset=utf-8\r\n".to_owned(), article(title, text))
}

#[test]
fn an_intranet_is_read_and_its_secret_stays_there() {
    let (other, other_heads) = serve(|_, _| html("Fremd", "Eine fremde Website, die gern Geheimnisse hätte."));
    let foreign = other.clone();
    let (intra, heads) = serve(move |path, signed| match path {
        "/robots.txt" => {
            (200, "Content-Type: text/plain\r\n".to_owned(), format!("Sitemap: http://{foreign}/sitemap.xml\n"))
        }
        _ if !signed => (401, "WWW-Authenticate: Basic realm=x\r\n".to_owned(), String::new()),
        "/" => html(
            "Intranet",
            &format!(
                "Willkommen im Intranet. <a href=/dienst>Dienst</a> <a href=/weg>Weg</a> <a href='http://{foreign}/x'>Fremd</a>"
            ),
        ),
        "/dienst" => html("Dienst", "Die Dienstanweisung regelt die Vertretung im Urlaub."),
        "/weg" => (302, format!("Location: http://{foreign}/fang\r\n"), String::new()),
        _ => (404, String::new(), String::new()),
    });
    let home = Home::with_site();
    let file = home.write("kennwort", format!("{PASSWORD}\n"));
    let start = format!("http://{intra}/");
    let allow = ["--allow-private", intra.as_str(), "--allow-private", other.as_str()];
    home.fails(&[&["crawl", &start, "--site", "stadt"][..], &allow].concat(), "crawl_failed", &["401"]);
    let args = ["crawl", start.as_str(), "--site", "stadt", "--user", "amt", "--password-file", file.as_str()];
    let crawled = home.ok(&[&args[..], &allow].concat());
    assert_eq!((&crawled["documents"], &crawled["skipped"]["redirect_elsewhere"]), (&json!(2), &json!(1)), "{crawled}");

    // The foreign host was asked for its sitemap, without the secret.
    let seen = other_heads.lock().unwrap().join("\n").to_ascii_lowercase();
    assert!(seen.contains("/sitemap.xml") && !seen.contains("authorization") && !seen.contains("/fang"), "{seen}");
    assert!(heads.lock().unwrap().iter().any(|head| head.contains(BASIC)));

    let id = crawled["source_id"].as_str().unwrap();
    let mut said = String::new();
    for args in [
        &["source", "list", "--site", "stadt"][..],
        &["source", "report", id],
        &["jobs", "list"],
        &["document", "list", "--site", "stadt"],
    ] {
        said.push_str(&home.run(args).stdout);
    }
    let token = key(&home, "stadt", "crawl");
    let server = home.serve();
    let listed = server.call("GET", "/api/v1/sites/stadt/sources", &token, &json!(null));
    assert_eq!(listed.json()["sources"][0]["sign_in"], "basic");
    let change = |body: serde_json::Value| server.call("PATCH", &format!("/api/v1/sources/{id}"), &token, &body);
    let changed = change(json!({"sign_in": {"kind": "header", "name": "X-Token", "value": PASSWORD}}));
    assert_eq!(changed.json()["sign_in"], "header");
    let refused = change(json!({"sign_in": {"kind": "header", "name": "Host", "value": PASSWORD}}));
    refused.is_problem(422, "invalid", &["host"]);
    said.push_str(&[listed.text(), changed.text(), refused.text()].concat());
    for secret in [PASSWORD, &BASIC[6..]] {
        assert!(!said.contains(secret), "{said}");
    }
    assert_eq!(change(json!({"sign_in": {"kind": "none"}})).json()["sign_in"], json!(null));
    drop(server);
    home.fails(&[&["crawl", &start, "--site", "stadt"][..], &allow].concat(), "crawl_failed", &["401"]);
}
