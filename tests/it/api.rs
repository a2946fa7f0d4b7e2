//! The public contract over HTTP: upload to answer, resumable stream, idempotency, headers of every response.

use serde_json::{Value, json};

use crate::support::{Home, Reply};
use crate::support::{finished, key};

const TEXT: &str = "# Personalausweis\n\nDer Personalausweis kostet 37 Euro. Er gilt zehn Jahre.\n";

/// The events of a stream: id, name, data.
fn events(reply: &Reply) -> Vec<(u64, String, Value)> {
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(reply.headers["content-type"].starts_with("text/event-stream"));
    let text = reply.text().replace("\r\n", "\n");
    let field = |event: &str, name: &str| {
        event.lines().find_map(|l| l.strip_prefix(&format!("{name}:")).map(|v| v.trim().to_owned()))
    };
    text.split("\n\n")
        .filter_map(|e| {
            Some((field(e, "id")?.parse().ok()?, field(e, "event")?, serde_json::from_str(&field(e, "data")?).ok()?))
        })
        .collect()
}

#[test]
fn from_upload_to_answer_and_back() {
    let home = Home::with_site();
    let secret = key(&home, "stadt", "search,documents");
    let public = home.ok(&["site", "show", "stadt"])["public_key"].as_str().unwrap().to_owned();
    let server = home.serve().with_model();
    // The same Idempotency-Key: the same job, nothing twice.
    let bearer = format!("Bearer {secret}");
    let headers =
        [("Authorization", bearer.as_str()), ("Content-Type", "application/json"), ("Idempotency-Key", "eins")];
    let body = json!({"name": "ausweis.md", "text": TEXT, "url": "https://www.example.de/ausweis"}).to_string();
    let first = server.send("POST", "/api/v1/sites/stadt/documents", &headers, body.as_bytes());
    assert_eq!(first.status, 202, "{}", first.text());
    let again = server.send("POST", "/api/v1/sites/stadt/documents", &headers, body.as_bytes());
    assert_eq!(first.json(), again.json());
    let job = finished(&server, &secret, first.json()["job_id"].as_str().unwrap());
    assert_eq!((&job["state"], &job["result"]["documents"]), (&json!("done"), &json!(1)), "{job}");
    for field in ["phase", "done", "total", "errors"] {
        assert!(!job[field].is_null(), "{field}: {job}");
    }

    let found = server
        .call(
            "POST",
            "/api/v1/sites/stadt/search",
            &secret,
            &json!({"query": "Was kostet der Personalausweis", "explain": true}),
        )
        .json();
    let hit = &found["hits"][0];
    for field in ["document_id", "chunk_id", "title", "url", "section", "text", "score", "ranks"] {
        assert!(!hit[field].is_null(), "{field}: {found}");
    }

    let question = json!({"question": "Was kostet der Personalausweis?"});
    let answer = server.call("POST", "/api/v1/sites/stadt/ask", &public, &question).json();
    assert_eq!((&answer["outcome"], &answer["engine"]), (&json!("answered"), &json!("extractive")), "{answer}");
    assert!(answer["blocks"][0]["text"].as_str().unwrap().contains("37 Euro"), "{answer}");
    let citation = &answer["citations"][0];
    assert_eq!((&citation["n"], &citation["url"]), (&json!(1), &json!("https://www.example.de/ausweis")), "{answer}");
    let cited = |server: &crate::support::Server| {
        server
            .call(
                "GET",
                &format!("/api/v1/sites/stadt/citations/{}", citation["id"].as_str().unwrap()),
                &public,
                &Value::Null,
            )
            .json()
    };
    assert!(cited(&server)["passage"].as_str().unwrap().contains("37 Euro"));

    // The stream: in order, whole, and again from the middle.
    let streamed = server.call(
        "POST",
        "/api/v1/sites/stadt/ask",
        &public,
        &json!({"question": "Was kostet der Personalausweis?", "stream": true}),
    );
    let all = events(&streamed);
    let names: Vec<&str> = all.iter().map(|(_, name, _)| name.as_str()).collect();
    assert_eq!((names.first(), names.last()), (Some(&"meta"), Some(&"done")), "{names:?}");
    for name in ["block", "citation"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    assert!(all.windows(2).all(|pair| pair[0].0 < pair[1].0), "{all:?}");
    let meta = &all[0].2;
    let (dialog, turn, token) =
        (meta["dialog_id"].as_str().unwrap(), meta["turn_id"].as_str().unwrap(), meta["token"].as_str().unwrap());
    let visitor = format!("Bearer {public}");
    let path = format!("/api/v1/sites/stadt/dialogs/{dialog}");
    let middle = all[all.len() / 2].0.to_string();
    let resumed = server.send(
        "GET",
        &format!("{path}/turns/{turn}/events"),
        &[("Authorization", &visitor), ("X-Dialog-Token", token), ("Last-Event-ID", &middle)],
        b"",
    );
    let rest: Vec<_> = all
        .iter()
        .filter(|(id, ..)| id.to_string().parse::<u64>().unwrap() > middle.parse().unwrap())
        .map(|(id, name, _)| (*id, name.clone()))
        .collect();
    assert_eq!(events(&resumed).into_iter().map(|(id, name, _)| (id, name)).collect::<Vec<_>>(), rest);
    // After a restart the conversation and the passage are still there; the document need not be.
    server.stop();
    let server = home.serve();
    let reload = server.send("GET", &path, &[("Authorization", &visitor), ("X-Dialog-Token", token)], b"").json();
    assert_eq!(reload["turns"][0]["question"], "Was kostet der Personalausweis?", "{reload}");
    let document = hit["document_id"].as_str().unwrap();
    assert_eq!(
        server.call("DELETE", &format!("/api/v1/sites/stadt/documents/{document}"), &secret, &Value::Null).status / 100,
        2
    );
    assert!(cited(&server)["passage"].as_str().unwrap().contains("37 Euro"));
    let gone = server.call("POST", "/api/v1/sites/stadt/ask", &public, &question).json();
    assert_eq!(gone["outcome"], "refused", "{gone}");
    server.stop();
    home.is_sound();
}

#[test]
fn an_excluded_document_is_gone_at_once() {
    let home = Home::with_site();
    home.ok(&["ingest", "--site", "stadt", &home.write("f/ausweis.md", TEXT)]);
    let secret = key(&home, "stadt", "ask,search,documents");
    let server = home.serve();
    let search = || {
        server.call("POST", "/api/v1/sites/stadt/search", &secret, &json!({"query": "Personalausweis"})).json()["hits"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(search(), 1);
    for (excluded, hits) in [(true, 0), (false, 1), (true, 0)] {
        let reply =
            server.call("PATCH", "/api/v1/sites/stadt/documents/doc_1", &secret, &json!({"excluded": excluded}));
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(search(), hits);
    }
    let asked = server
        .call("POST", "/api/v1/sites/stadt/ask", &secret, &json!({"question": "Was kostet der Personalausweis?"}))
        .json();
    assert_eq!(asked["outcome"], "refused", "{asked}");
    // Reading the same file again does not take it back in.
    home.ok(&["ingest", "--site", "stadt", &home.path("f").display().to_string()]);
    assert_eq!(search(), 0);
    // Nor does a changed file.
    home.write("f/ausweis.md", TEXT.replace("37", "38"));
    home.ok(&["ingest", "--site", "stadt", &home.path("f").display().to_string()]);
    assert_eq!(search(), 0);
    // Nor with a copy beside it.
    home.write("f/kopie.md", TEXT.replace("37", "38"));
    home.ok(&["ingest", "--site", "stadt", &home.path("f").display().to_string()]);
    home.write("f/ausweis.md", TEXT.replace("37", "39"));
    home.ok(&["ingest", "--site", "stadt", &home.path("f").display().to_string()]);
    let hits = server.call("POST", "/api/v1/sites/stadt/search", &secret, &json!({"query": "Personalausweis"})).json();
    assert!(!hits.to_string().contains("39 Euro"), "{hits}");
}

#[test]
fn every_response_has_the_headers_of_the_contract() {
    let home = Home::with_site();
    let server = home.serve();
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/s/stadt"),
        ("GET", "/s/fehlt"),
        ("GET", "/console/"),
        ("GET", "/handbook"),
        ("GET", "/widget/v1.js"),
        ("GET", "/healthz/live"),
        ("GET", "/healthz/ready"),
        ("GET", "/health"),
        ("GET", "/api/v1/openapi.json"),
        ("GET", "/api/v1/sites"),
        ("GET", "/api/v1/nichts"),
        ("POST", "/api/v1/sites/stadt/ask"),
        ("GET", "/fehlt"),
        ("DELETE", "/"),
    ] {
        let reply = server.send(method, path, &[], b"");
        for header in [
            "x-content-type-options",
            "x-frame-options",
            "content-security-policy",
            "referrer-policy",
            "permissions-policy",
            "x-xss-protection",
        ] {
            // A page that may be embedded has frame-ancestors instead.
            let is_instead = header == "x-frame-options"
                && reply.headers.get("content-security-policy").is_some_and(|c| c.contains("frame-ancestors"));
            assert!(
                is_instead || reply.headers.contains_key(header),
                "{method} {path}: {header} is missing: {:?}",
                reply.headers
            );
        }
        assert_eq!(reply.headers["x-content-type-options"], "nosniff");
    }
    let is_live = server.send("GET", "/healthz/live", &[], b"");
    assert!(is_live.status == 200 && is_live.body.len() < 100, "{}", is_live.text());
}
