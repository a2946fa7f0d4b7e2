//! Whatever comes in: the message names the mend, the exit code or status is right, nothing is lost
//! and nothing half-stored.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use serde_json::json;

use crate::support::{Home, Ran, key};

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
