//! Files and websites that are not what they say, cannot be read, or are too much: each ends with a message that names
//! the mend, and nothing half-stored.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::support::{Home, Page, Ran, Website, article, finished, html, key, not_found};

const GOOD: &str = "# Personalausweis\n\nDer Personalausweis kostet 37 Euro.\n";

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
        ("plan.md", "damaged", "the PDF cannot be read"),
        ("binaer.txt", "binary", "binary data"),
        ("leer.md", "empty", ""),
        ("archiv.html", "damaged", "the Office file cannot be read"),
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
        &["plan.md", "the PDF cannot be read", "publish its content"],
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
            "Willkommen. <a href=/app>App</a> <a href=/buch.rtf>Buch</a> <a href=/weg>Weg</a> Das Rathaus hat montags geöffnet.",
        )),
        "/app" => html(
            "<!doctype html><html><head><title>App</title></head><body><noscript>Please enable JavaScript.</noscript><div id=app></div><script src=/a.js></script></body></html>",
        ),
        _ => not_found(),
    });
    let result = home.ok(&["crawl", &site.host, "--site", "stadt", "--allow-private", &site.host]);
    assert_eq!(result["skipped"], json!({"needs_javascript": 1, "unsupported_type": 1, "not_found": 1}), "{result}");
    let report = home.ok(&["source", "report", result["source_id"].as_str().unwrap()]);
    let row = |end: &str| {
        report["urls"].as_array().unwrap().iter().find(|u| u["url"].as_str().unwrap().ends_with(end)).unwrap().clone()
    };
    assert_eq!(
        (row("/app")["code"].as_str(), row("/buch.rtf")["reason"].as_str()),
        (Some("needs_javascript"), Some("not read yet: RTF")),
        "{report}"
    );
    assert!(!home.dump().join("\n").contains("enable JavaScript"));
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
    assert!(job["errors"].to_string().contains("the PDF cannot be read"), "{job}");
    // Nothing but the reason: who looks for the file is told.
    let listed = |state: &str| {
        let path = format!("/api/v1/sites/stadt/documents?state={state}");
        server.call("GET", &path, &key, &Value::Null).json()
    };
    assert_eq!(listed("indexed")["total"], 0);
    let failed = listed("failed");
    assert_eq!(
        (&failed["total"], &failed["documents"][0]["key"]),
        (&Value::from(1), &Value::from("plan.md")),
        "{failed}"
    );
    server.stop();
    home.is_sound();
}
