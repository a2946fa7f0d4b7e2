//! Whatever comes in: the message names the mend, the exit code or status is right, nothing is lost
//! and nothing half-stored.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Home, Page, Ran, Website, article, html, not_found};

const GOOD: &str = "# Personalausweis\n\nDer Personalausweis kostet 37 Euro.\n";

#[test]
fn questions_and_sites_on_the_command_line() {
    let home = Home::with_site();
    let long = "a".repeat(100_000);
    let before = home.knowledge();
    let cases: &[(&[&str], &str, &[&str])] = &[
        (&["ask", "--site", "nirgends", "Was?"], "site_unknown", &["nirgends", "site list", "site create"]),
        (&["search", "--site", "nirgends", "Was"], "site_unknown", &["site create nirgends"]),
        (&["ingest", "--site", "nirgends", "."], "site_unknown", &["site create"]),
        (&["crawl", "example.de", "--site", "nirgends"], "site_unknown", &["site create"]),
        (&["document", "list", "--site", "nirgends"], "site_unknown", &["site create"]),
        (&["key", "create", "--site", "nirgends", "--scope", "ask"], "site_unknown", &["site create"]),
        (&["index", "verify", "--site", "nirgends"], "site_unknown", &["site create"]),
        (&["ask", "--site", "stadt", ""], "question_empty", &["type"]),
        (&["ask", "--site", "stadt", " \n?! "], "question_empty", &["type"]),
        (&["ask", "--site", "stadt", &long], "question_too_long", &["100000", "4000", "fewer words"]),
        (&["search", "--site", "stadt", " "], "question_empty", &["type"]),
        (&["search", "--site", "stadt", &long], "question_too_long", &["4000"]),
        (&["ingest", "--site", "stadt", "not-there"], "bad_request", &["not-there", "check the path"]),
        (&["document", "show", "--site", "stadt", "doc_99"], "not_found", &["doc_99"]),
        (&["document", "delete", "--site", "stadt", "fehlt.md"], "not_found", &["fehlt.md"]),
        (&["jobs", "show", "job_99"], "not_found", &["job_99"]),
        (&["jobs", "show", "kein"], "bad_request", &["kein"]),
        (&["site", "create", "stadt"], "conflict", &["stadt"]),
        (&["site", "create", "Nicht Gut!"], "invalid", &["Nicht Gut!"]),
        (&["key", "create", "--site", "stadt", "--scope", "alles"], "invalid", &["ask", "search", "documents"]),
        (&["eval", "run", "--site", "stadt", "--set", "fehlt.jsonl"], "bad_request", &["fehlt.jsonl"]),
    ];
    for (args, code, hints) in cases {
        home.fails(args, code, hints);
    }
    assert_eq!(home.knowledge(), before);
    home.is_sound();
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table of cases")]
fn http_requests() {
    let home = Home::with_site();
    let all = key(&home, "stadt", "ask,search,documents,crawl,admin");
    let server = home.serve();
    let bearer = format!("Bearer {all}");
    let auth = ("Authorization", bearer.as_str());
    let as_json = ("Content-Type", "application/json");
    let ask = "/api/v1/sites/stadt/ask";
    let question = |text: &str| json!({"question": text}).to_string().into_bytes();
    let long = question(&"ab ".repeat(33_000));
    let huge = question(&"a".repeat(300_000));
    let cases: Vec<(&str, &str, Vec<(&str, &str)>, Vec<u8>, u16, &str, &[&str])> = vec![
        (
            "POST",
            "/api/v1/sites/nirgends/ask",
            vec![auth, as_json],
            question("Was?"),
            403,
            "forbidden",
            &["another site"],
        ),
        ("POST", ask, vec![auth, as_json], question(""), 400, "question_empty", &["type"]),
        ("POST", ask, vec![auth, as_json], question("  ?!"), 400, "question_empty", &["type"]),
        ("POST", ask, vec![auth, as_json], long, 413, "question_too_long", &["fewer words"]),
        ("POST", ask, vec![auth, as_json], huge, 413, "body_too_large", &["256 KB"]),
        ("POST", ask, vec![auth, as_json], b"{\"question\": \"Wa".to_vec(), 400, "bad_request", &["openapi.json"]),
        ("POST", ask, vec![auth, as_json], b"[]".to_vec(), 400, "bad_request", &["openapi.json"]),
        ("POST", ask, vec![auth, as_json], b"\xff\xfe{}".to_vec(), 400, "bad_request", &[]),
        ("POST", ask, vec![auth, as_json], b"{\"question\": [1]}".to_vec(), 400, "bad_request", &["openapi.json"]),
        (
            "POST",
            ask,
            vec![auth, as_json],
            b"{\"question\":\"x\",\"nonsense\":1}".to_vec(),
            400,
            "bad_request",
            &["nonsense"],
        ),
        ("POST", ask, vec![auth, as_json], b"{}".to_vec(), 400, "bad_request", &["openapi.json"]),
        (
            "POST",
            ask,
            vec![auth, ("Content-Type", "text/plain")],
            question("Was?"),
            415,
            "unsupported_type",
            &["application/json"],
        ),
        (
            "POST",
            ask,
            vec![auth, ("Content-Type", "application/x-www-form-urlencoded")],
            b"question=x".to_vec(),
            415,
            "unsupported_type",
            &["application/json"],
        ),
        ("POST", ask, vec![auth], question("Was?"), 415, "unsupported_type", &["application/json"]),
        (
            "POST",
            ask,
            vec![auth, as_json, ("Content-Encoding", "gzip")],
            question("Was?"),
            415,
            "unsupported_type",
            &["as it is"],
        ),
        ("POST", ask, vec![as_json], question("Was?"), 401, "unauthorized", &["Authorization"]),
        (
            "POST",
            ask,
            vec![("Authorization", "Bearer pk_falsch"), as_json],
            question("Was?"),
            401,
            "unauthorized",
            &["unknown"],
        ),
        ("GET", ask, vec![auth], vec![], 405, "method_not_allowed", &["POST"]),
        ("GET", "/api/v1/nichts", vec![auth], vec![], 404, "not_found", &["openapi.json"]),
        (
            "POST",
            "/api/v1/sites/stadt/search",
            vec![auth, as_json],
            b"{\"query\":\"\"}".to_vec(),
            400,
            "question_empty",
            &["type"],
        ),
        (
            "POST",
            "/api/v1/sites/stadt/search",
            vec![auth, as_json],
            b"{\"query\":\"a\",\"mode\":\"x\"}".to_vec(),
            400,
            "bad_request",
            &["Mode"],
        ),
        ("GET", "/api/v1/jobs/job_99", vec![auth], vec![], 403, "forbidden", &["another site"]),
        ("GET", "/api/v1/sites/stadt/documents/doc_99", vec![auth], vec![], 404, "not_found", &["doc_99"]),
        (
            "POST",
            "/api/v1/sites/stadt/documents",
            vec![auth, as_json],
            b"{\"name\":\"\",\"text\":\"x\"}".to_vec(),
            422,
            "invalid",
            &["name"],
        ),
        (
            "POST",
            "/api/v1/sites/stadt/documents",
            vec![auth, as_json],
            b"{\"name\":\"a\",\"text\":\"x\",\"url\":\"javascript:1\"}".to_vec(),
            400,
            "address_invalid",
            &["https://"],
        ),
        (
            "POST",
            "/api/v1/sites/stadt/documents",
            vec![auth, as_json],
            b"{\"name\":".to_vec(),
            400,
            "bad_request",
            &["JSON"],
        ),
        (
            "POST",
            "/api/v1/sites/stadt/documents",
            vec![auth, ("Content-Type", "multipart/form-data; boundary=x")],
            b"--x--\r\n".to_vec(),
            400,
            "bad_request",
            &["file"],
        ),
        (
            "POST",
            "/api/v1/sites/stadt/sources",
            vec![auth, as_json],
            b"{\"url\":\"\"}".to_vec(),
            400,
            "address_invalid",
            &["example.de"],
        ),
        (
            "POST",
            "/api/v1/sites/stadt/sources",
            vec![auth, as_json],
            b"{\"url\":\"x.de\",\"allow_private\":[\"127.0.0.1\"]}".to_vec(),
            403,
            "forbidden",
            &["command line"],
        ),
    ];
    for (method, path, headers, body, status, code, hints) in &cases {
        let reply = server.send(method, path, headers, body);
        assert_eq!(
            reply.status,
            *status,
            "{method} {path} {}: {}",
            String::from_utf8_lossy(&body[..body.len().min(80)]),
            reply.text()
        );
        reply.is_problem(*status, code, hints);
    }
    // A body without a length that never ends is cut off, too.
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(stream, "POST {ask} HTTP/1.1\r\nHost: x\r\nAuthorization: {bearer}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
    let chunk = [b"8000\r\n".to_vec(), vec![b'a'; 0x8000], b"\r\n".to_vec()].concat();
    while stream.write_all(&chunk).is_ok() {
        let mut start = [0; 12];
        stream.set_read_timeout(Some(Duration::from_millis(30))).unwrap();
        if stream.read_exact(&mut start).is_ok() {
            assert_eq!(&start, b"HTTP/1.1 413");
            break;
        }
    }
    // It still answers.
    assert_eq!(server.call("POST", ask, &all, &json!({"question": "Hallo"})).status, 200);
    server.stop();
    home.is_sound();
}

#[test]
fn configuration() {
    let home = Home::new();
    let cases: &[(&str, &[&str])] = &[
        ("[server]\nlisen = \"127.0.0.1:1\"\n", &["server.lisen", "did you mean \"server.listen\"?", "bad.toml"]),
        ("[sever]\nlisten = \"127.0.0.1:1\"\n", &["sever.listen", "did you mean \"server.listen\"?"]),
        ("[limits]\ncrawl_page = 3\n", &["did you mean \"limits.crawl_pages\"?"]),
        ("[server]\nlisten = \"here\"\n", &["server.listen", "127.0.0.1:8080"]),
        ("[server]\nlisten = 8080\n", &["server.listen", "string"]),
        ("[logs]\nlevel = \"loud\"\n", &["logs.level", "warn"]),
        ("[server]\nlisten = \n", &["bad.toml"]),
    ];
    for (text, hints) in cases {
        let path = home.write("bad.toml", text);
        for verb in [&["config", "check"][..], &["site", "list"], &["serve"]] {
            home.run(&[verb, &["--config", &path]].concat()).has_failed("config_invalid", hints);
        }
    }
    home.fails(&["site", "list", "--config", "fehlt.toml"], "config_invalid", &["fehlt.toml", "--config"]);
    let ran = Ran::of(home.verb(&["site", "list"]).env("DIALOGENGINE_SERVER__LISTN", "x"));
    ran.has_failed("config_invalid", &["DIALOGENGINE_SERVER__LISTN", "did you mean \"server.listen\"?"]);
    assert!(!home.data.exists(), "nothing was made");
    // What the message sends people to works with a configuration that does not.
    let path = home.write("bad.toml", cases[0].0);
    let ran = Ran::of(&mut home.command(&["config", "default", "--config", &path]));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("listen = "));
}

#[test]
fn usage_is_exit_code_2() {
    let home = Home::new();
    let cases: &[&[&str]] = &[
        &["frage"],
        &["ask", "--site"],
        &["ask", "Was?"],
        &["ingest", "--site", "x"],
        &["search", "--site", "x", "a", "--mode", "guess"],
        &["search", "--site", "x", "a", "--limit", "many"],
        &["serve", "--port", "1"],
        &[],
    ];
    for args in cases {
        let ran = Ran::of(&mut home.command(args));
        assert_eq!(ran.code, Some(2), "{args:?} {}", ran.stderr);
        assert!(ran.stderr.contains("Usage") || ran.stderr.contains("--help"), "{args:?} {}", ran.stderr);
    }
    assert!(!home.data.exists());
}

#[test]
fn port_in_use() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    home.fails(
        &["serve", "--listen", &format!("127.0.0.1:{port}")],
        "unavailable",
        &[&port, "in use", "--listen 127.0.0.1:0"],
    );
    home.fails(
        &["serve", "--listen", "192.0.2.1:8080"],
        "unavailable",
        &["192.0.2.1", "no address of this machine", "--listen"],
    );
}

#[test]
fn files_that_are_not_what_they_say() {
    let home = Home::with_site();
    let pdf = [&b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"[..], &[0; 200]].concat();
    let binary = [b"Zeile eins\nZeile zwei\n".as_slice(), &[0, 1, 2, 3, 0, 255]].concat();
    home.write("f/gut.md", GOOD);
    home.write("f/plan.md", &pdf);
    home.write("f/binaer.txt", &binary);
    home.write("f/leer.md", "");
    home.write("f/archiv.html", b"PK\x03\x04word/document.xml and more");
    home.write("f/bild.png", b"\x89PNG\r\n\x1a\n0000");
    home.write("f/app.html", "<!doctype html><html><head><title>App</title></head><body><noscript>Please enable JavaScript to use this app.</noscript><div id=root></div><script src=a.js></script></body></html>");
    // Windows-1252 that calls itself UTF-8.
    home.write("f/gebuehr.html", b"<!doctype html><html><head><meta charset=utf-8><title>Geb\xfchren</title></head><body><main><h1>Geb\xfchren</h1><p>Die Geb\xfchr f\xfcr die Meldebescheinigung betr\xe4gt 9 Euro.</p></main></body></html>");
    let summary = home.ok(&["ingest", "--site", "stadt", &home.path("f").display().to_string()]);
    assert_eq!(summary["documents"], 2, "{summary}");
    let failed: std::collections::BTreeMap<&str, (&str, &str)> = summary["failed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| (f["path"].as_str().unwrap(), (f["code"].as_str().unwrap(), f["reason"].as_str().unwrap())))
        .collect();
    let expected: &[(&str, &str, &str)] = &[
        ("plan.md", "unsupported_type", "not read yet: PDF"),
        ("binaer.txt", "binary", "binary data"),
        ("leer.md", "empty", ""),
        ("archiv.html", "unsupported_type", "DOCX"),
        ("bild.png", "unsupported_type", "PNG"),
        ("app.html", "needs_javascript", "server"),
    ];
    assert_eq!(failed.len(), expected.len(), "{summary}");
    for (path, code, reason) in expected {
        let (found, text) = failed.get(path).unwrap_or_else(|| panic!("{path}: {summary}"));
        assert_eq!(found, code, "{path}: {text}");
        assert!(text.contains(reason), "{path}: {text}");
    }
    let hits = home.ok(&["search", "--site", "stadt", "Gebühr Meldebescheinigung"]);
    assert!(
        hits["hits"][0]["text"].as_str().unwrap().contains("Die Gebühr für die Meldebescheinigung beträgt"),
        "{hits}"
    );
    let everything = home.dump().join("\n").to_lowercase();
    for leaked in ["enable javascript", "%pdf", "zeile eins"] {
        assert!(!everything.contains(leaked), "{leaked}");
    }
    home.is_sound();
    // The same again with --strict says that not all could be read.
    let strict = home.run(&["ingest", "--strict", "--site", "stadt", &home.path("f").display().to_string()]);
    assert_eq!((strict.code, strict.json()["unchanged"].as_u64()), (Some(1), Some(2)), "{}", strict.stdout);
    // Nothing but bad files is a failure, and changes nothing.
    let before = home.knowledge();
    home.fails(
        &["ingest", "--site", "stadt", &home.path("f/plan.md").display().to_string()],
        "nothing_stored",
        &["plan.md", "not read yet: PDF", "web page"],
    );
    assert_eq!(home.knowledge(), before);
}

#[test]
fn html_of_50_megabytes() {
    let home = Home::with_site();
    let body = format!(
        "<!doctype html><html><body><main>{}</main></body></html>",
        "<p>Ein Absatz voller Wörter über die Stadt.</p>".repeat(1_100_000)
    );
    assert!(body.len() > 50_000_000);
    let big = home.write("big.html", &body);
    home.fails(
        &["ingest", "--site", "stadt", &big],
        "nothing_stored",
        &["big.html", "over the limit of 10 MB", "split"],
    );
    let page = body.into_bytes();
    let site = Website::start(move |path| match path {
        "/" => html(&article("Start", "Willkommen auf der Seite der Stadt. <a href=/gross>Ein großes Dokument</a>")),
        "/gross" => (200, vec![("Content-Type", "text/html".to_owned())], page.clone()),
        _ => not_found(),
    });
    let result = home.ok(&["crawl", &site.host, "--site", "stadt", "--allow-private", &site.host]);
    assert_eq!((&result["documents"], &result["skipped"]["too_large"]), (&json!(1), &json!(1)), "{result}");
    home.is_sound();
    let key = key(&home, "stadt", "documents");
    let server = home.serve();
    let upload = server.call(
        "POST",
        "/api/v1/sites/stadt/documents",
        &key,
        &json!({"name": "big.txt", "text": "Wort ".repeat(2_200_000)}),
    );
    upload.is_problem(413, "body_too_large", &["big.txt", "10 MB", "split"]);
}

/// A crawl that must fail, and leave everything as it was.
fn fails_to_crawl(name: &str, code: &str, hints: &[&str], serve: impl Fn(&str) -> Page + Send + Sync + 'static) {
    let home = Home::with_site();
    home.ok(&["ingest", "--site", "stadt", &home.write("f/gut.md", GOOD)]);
    let before = home.knowledge();
    let site = Website::start(serve);
    let ran = home.run(&["crawl", &site.host, "--site", "stadt", "--allow-private", &site.host]);
    assert_eq!(ran.code, Some(1), "{name}: {}", ran.stdout);
    ran.has_failed(code, hints);
    let without_sources =
        |lines: Vec<String>| lines.into_iter().filter(|l| !l.starts_with("sources ")).collect::<Vec<_>>();
    assert_eq!(without_sources(home.knowledge()), without_sources(before), "{name}");
    home.is_sound();
}

#[test]
fn websites_that_cannot_be_read() {
    fails_to_crawl("redirect loop", "crawl_failed", &["redirect"], |path| match path {
        "/robots.txt" => not_found(),
        "/a" => (302, vec![("Location", "/b".to_owned())], vec![]),
        _ => (302, vec![("Location", "/a".to_owned())], vec![]),
    });
    fails_to_crawl(
        "robots forbids all",
        "crawl_failed",
        &["robots.txt", "User-agent: DialogEngine", "Allow: /"],
        |path| match path {
            "/robots.txt" => {
                (200, vec![("Content-Type", "text/plain".to_owned())], b"User-agent: *\nDisallow: /\n".to_vec())
            }
            _ => html(&article("Geheim", "Das soll niemand lesen, so sagt es robots.txt.")),
        },
    );
    fails_to_crawl("only scripts", "crawl_failed", &["scripts", "server-side rendering"], |path| match path {
        "/" => html(
            "<!doctype html><html><head><title>App</title></head><body><noscript>You need to enable JavaScript to run this app.</noscript><div id=root></div><script src=/a.js></script></body></html>",
        ),
        _ => not_found(),
    });
    fails_to_crawl("server error", "crawl_failed", &["500", "browser"], |path| {
        if path == "/robots.txt" { not_found() } else { (500, vec![], b"oops".to_vec()) }
    });
    fails_to_crawl("only a PDF", "crawl_failed", &["PDF"], |path| {
        if path == "/" {
            (200, vec![("Content-Type", "application/pdf".to_owned())], b"%PDF-1.4".to_vec())
        } else {
            not_found()
        }
    });
}

#[test]
fn websites_that_cannot_be_reached() {
    let home = Home::with_site();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let cases: &[(&[&str], &str, &[&str])] = &[
        (&["crawl", &closed, "--site", "stadt", "--allow-private", &closed], "crawl_failed", &["127.0.0.1", "check"]),
        (&["crawl", &closed, "--site", "stadt"], "crawl_failed", &["--allow-private"]),
        (&["crawl", "http://10.1.2.3/", "--site", "stadt"], "crawl_failed", &["10.1.2.3", "--allow-private"]),
        (&["crawl", "http://[::1]:9/", "--site", "stadt"], "crawl_failed", &["--allow-private"]),
        (&["crawl", "http://[::ffff:127.0.0.1]/", "--site", "stadt"], "crawl_failed", &["--allow-private"]),
        (&["crawl", "http://0.0.0.0/", "--site", "stadt"], "crawl_failed", &["--allow-private"]),
        (&["crawl", "not an address", "--site", "stadt"], "address_invalid", &["example.de"]),
        (&["crawl", "ftp://example.de/", "--site", "stadt"], "crawl_failed", &["https://"]),
        (&["crawl", "", "--site", "stadt"], "address_invalid", &["example.de"]),
    ];
    for (args, code, hints) in cases {
        home.fails(args, code, hints);
    }
    let ran =
        Ran::of(home.verb(&["crawl", "example.de", "--site", "stadt"]).env("DIALOGENGINE_NETWORK__OFFLINE", "true"));
    ran.has_failed("crawl_failed", &["offline"]);
    assert!(home.knowledge().iter().all(|l| l.starts_with("sources ")));
    home.is_sound();
}

#[test]
fn a_page_that_needs_javascript_is_marked_among_others() {
    let home = Home::with_site();
    let site = Website::start(|path| match path {
        "/" => html(&article(
            "Start",
            "Willkommen. <a href=/app>App</a> <a href=/plan.pdf>Plan</a> <a href=/weg>Weg</a> Das Rathaus hat montags geöffnet.",
        )),
        "/app" => html(
            "<!doctype html><html><head><title>App</title></head><body><noscript>Please enable JavaScript.</noscript><div id=app></div><script src=/a.js></script></body></html>",
        ),
        "/plan.pdf" => (200, vec![("Content-Type", "application/pdf".to_owned())], b"%PDF-1.4".to_vec()),
        _ => not_found(),
    });
    let result = home.ok(&["crawl", &site.host, "--site", "stadt", "--allow-private", &site.host]);
    assert_eq!(result["skipped"], json!({"needs_javascript": 1, "unsupported_type": 1, "not_found": 1}), "{result}");
    let report = home.ok(&["source", "report", result["source_id"].as_str().unwrap()]);
    let row = |end: &str| {
        report["urls"].as_array().unwrap().iter().find(|u| u["url"].as_str().unwrap().ends_with(end)).unwrap().clone()
    };
    assert_eq!(
        (row("/app")["code"].as_str(), row("/plan.pdf")["reason"].as_str()),
        (Some("needs_javascript"), Some("not read yet: PDF")),
        "{report}"
    );
    assert!(!home.dump().join("\n").contains("enable JavaScript"));
}

/// A secret key of a site.
pub fn key(home: &Home, site: &str, scopes: &str) -> String {
    home.ok(&["key", "create", "--site", site, "--scope", scopes])["key"].as_str().map(str::to_owned).unwrap()
}

#[test]
fn uploads_that_cannot_be_read_leave_nothing() {
    let home = Home::with_site();
    let key = key(&home, "stadt", "documents,search");
    let server = home.serve();
    let boundary = [
        ("Authorization", format!("Bearer {key}")),
        ("Content-Type", "multipart/form-data; boundary=GRENZE".to_owned()),
    ];
    let headers: Vec<(&str, &str)> = boundary.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let form = b"--GRENZE\r\nContent-Disposition: form-data; name=\"file\"; filename=\"plan.md\"\r\nContent-Type: text/markdown\r\n\r\n%PDF-1.7 \0\0\r\n--GRENZE--\r\n";
    let accepted = server.send("POST", "/api/v1/sites/stadt/documents", &headers, form);
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    let id = accepted.json()["job_id"].as_str().unwrap().to_owned();
    let job = finished(&server, &key, &id);
    assert_eq!(job["state"], "failed", "{job}");
    assert!(job["errors"].to_string().contains("not read yet: PDF"), "{job}");
    let listed = server.call("GET", "/api/v1/sites/stadt/documents", &key, &Value::Null).json();
    assert_eq!(listed["total"], 0, "{listed}");
    server.stop();
    home.is_sound();
}

/// Waits for the end of a job.
pub fn finished(server: &crate::support::Server, key: &str, id: &str) -> Value {
    for _ in 0..300 {
        let job = server.call("GET", &format!("/api/v1/jobs/{id}"), key, &Value::Null).json();
        if matches!(job["state"].as_str(), Some("done" | "failed" | "cancelled")) {
            return job;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{id} does not end");
}
