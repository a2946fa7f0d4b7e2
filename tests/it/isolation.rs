//! Two sites in one server: nothing of one is seen with the keys, sessions or numbers of the other.

use serde_json::{Value, json};

use crate::support::{Home, Reply, Server};
use crate::support::{finished, key};

/// Stands in every document and question of the other site.
const SECRET: &str = "Quittenmarmelade";

/// `apfel` is the caller's site, `quitte` the other one.
struct Two {
    home: Home,
    server: Server,
    /// Secret key of `apfel` with every scope.
    own: String,
    /// Secret key of `quitte` with every scope.
    other: String,
    own_public: String,
    other_public: String,
}

impl Two {
    fn new() -> Self {
        let home = Home::new();
        let public = |slug: &str| home.ok(&["site", "create", slug])["public_key"].as_str().unwrap().to_owned();
        let (own_public, other_public) = (public("apfel"), public("quitte"));
        home.ok(&[
            "ingest",
            "--site",
            "apfel",
            &home.write(
                "a/apfel.md",
                "# Apfelernte\n\nDie Apfelernte beginnt im September und kostet 3 Euro je Korb.\n",
            ),
        ]);
        home.ok(&[
            "ingest",
            "--site",
            "quitte",
            &home.write(
                "q/quitte.md",
                format!("# {SECRET}\n\nDie {SECRET} kostet 5 Euro je Glas. Die {SECRET} gibt es im Oktober.\n"),
            ),
        ]);
        let all = "ask,search,documents,crawl,admin";
        let (own, other) = (key(&home, "apfel", all), key(&home, "quitte", all));
        let server = home.serve().with_model();
        Self { home, server, own, other, own_public, other_public }
    }
}

fn shows_nothing(name: &str, reply: &Reply) {
    assert!((400..500).contains(&reply.status), "{name}: {} {}", reply.status, reply.text());
    assert!(!reply.text().contains(SECRET), "{name}: {}", reply.text());
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table of cases")]
fn no_route_leads_into_another_site() {
    let two = Two::new();
    let server = &two.server;
    // What there is in the other site, made with its own key.
    let asked = server
        .call(
            "POST",
            "/api/v1/sites/quitte/ask",
            &two.other_public,
            &json!({"question": format!("Was kostet die {SECRET}?")}),
        )
        .json();
    assert_eq!(asked["outcome"], "answered", "{asked}");
    let (dialog, token, citation) = (
        asked["dialog_id"].as_str().unwrap(),
        asked["token"].as_str().unwrap(),
        asked["citations"][0]["id"].as_str().unwrap(),
    );
    let upload = server.call(
        "POST",
        "/api/v1/sites/quitte/documents",
        &two.other,
        &json!({"name": "noch.md", "text": format!("# Noch\n\nNoch mehr {SECRET}.")}),
    );
    let job = upload.json()["job_id"].as_str().unwrap().to_owned();
    assert_eq!(finished(server, &two.other, &job)["state"], "done");
    let source = server
        .call("POST", "/api/v1/sites/quitte/sources", &two.other, &json!({"url": format!("{SECRET}.de")}))
        .json()["source_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let document = server.call("GET", "/api/v1/sites/quitte/documents", &two.other, &Value::Null).json()["documents"]
        [0]["id"]
        .as_str()
        .unwrap()
        .to_owned();

    let of = |slug: &str, rest: &str| format!("/api/v1/sites/{slug}/{rest}");
    let question = json!({"question": format!("Was kostet die {SECRET}?")});
    let mut calls: Vec<(&str, String, Value)> = vec![
        ("GET", format!("/api/v1/jobs/{job}"), Value::Null),
        ("DELETE", format!("/api/v1/jobs/{job}"), Value::Null),
        ("GET", format!("/api/v1/jobs/{job}/events"), Value::Null),
        ("GET", format!("/api/v1/sources/{source}/report"), Value::Null),
        ("POST", format!("/api/v1/sources/{source}/crawl"), json!({})),
        ("POST", format!("/api/v1/sources/{source}/discover"), json!({})),
        ("GET", "/api/v1/sites/quitte".to_owned(), Value::Null),
        ("PATCH", "/api/v1/sites/quitte".to_owned(), json!({"name": "meins"})),
    ];
    // With the other's slug, and with the other's numbers below the own slug.
    for slug in ["quitte", "apfel"] {
        calls.extend([
            ("GET", of(slug, &format!("documents/{document}9")), Value::Null),
            ("GET", of(slug, &format!("dialogs/{dialog}")), Value::Null),
            ("DELETE", of(slug, &format!("dialogs/{dialog}/turns/1")), Value::Null),
            ("GET", of(slug, &format!("dialogs/{dialog}/turns/1/events")), Value::Null),
            ("GET", of(slug, &format!("citations/{citation}")), Value::Null),
            ("POST", of(slug, "ask"), json!({"question": "Und wann?", "dialog_id": dialog, "token": token})),
        ]);
    }
    calls.extend([
        ("POST", of("quitte", "ask"), question.clone()),
        ("GET", of("quitte", "public"), Value::Null),
        ("POST", of("quitte", "search"), json!({"query": SECRET})),
        ("GET", of("quitte", "documents"), Value::Null),
        ("GET", of("quitte", &format!("documents/{document}")), Value::Null),
        ("GET", of("quitte", &format!("documents/{document}/facts")), Value::Null),
        ("GET", of("apfel", &format!("documents/{document}/facts")), Value::Null),
        ("PATCH", of("quitte", &format!("documents/{document}")), json!({"excluded": true})),
        ("DELETE", of("quitte", &format!("documents/{document}")), Value::Null),
        ("POST", of("quitte", "documents"), json!({"name": "x", "text": "x"})),
        ("GET", of("quitte", "sources"), Value::Null),
        ("POST", of("quitte", "sources"), json!({"url": "x.de"})),
        ("GET", of("quitte", "snippet"), Value::Null),
        ("GET", of("apfel", &format!("documents/{document}")), Value::Null),
        ("PATCH", of("apfel", &format!("documents/{document}")), json!({"excluded": true})),
        ("DELETE", of("apfel", &format!("documents/{document}")), Value::Null),
    ]);
    for (method, path, body) in &calls {
        for (who, key) in [("secret key", &two.own), ("public key", &two.own_public)] {
            let bearer = format!("Bearer {key}");
            let content = if body.is_null() { String::new() } else { body.to_string() };
            let headers =
                [("Authorization", bearer.as_str()), ("Content-Type", "application/json"), ("X-Dialog-Token", token)];
            shows_nothing(
                &format!("{method} {path} with {who}"),
                &server.send(method, path, &headers, content.as_bytes()),
            );
        }
        let content = if body.is_null() { String::new() } else { body.to_string() };
        shows_nothing(
            &format!("{method} {path} without"),
            &server.send(
                method,
                path,
                &[("Content-Type", "application/json"), ("X-Dialog-Token", token)],
                content.as_bytes(),
            ),
        );
        shows_nothing(
            &format!("{method} {path} with a made-up session"),
            &server.send(
                method,
                path,
                &[
                    ("Cookie", "de_session=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
                    ("Content-Type", "application/json"),
                    ("X-Dialog-Token", token),
                ],
                content.as_bytes(),
            ),
        );
    }
    // Listings and answers of the own site know nothing of the other.
    for (method, path, body) in [
        ("GET", "/api/v1/sites".to_owned(), Value::Null),
        ("GET", "/api/v1/jobs".to_owned(), Value::Null),
        ("GET", "/api/v1/jobs?site=quitte".to_owned(), Value::Null),
        ("GET", of("apfel", "documents"), Value::Null),
        ("GET", of("apfel", "sources"), Value::Null),
        ("POST", of("apfel", "search"), json!({"query": "Marmelade im Oktober", "limit": 100, "explain": true})),
        ("POST", of("apfel", "ask"), json!({"question": "Was gibt es im Oktober?"})),
    ] {
        let reply = server.call(method, &path, &two.own, &body);
        assert_eq!(reply.status, 200, "{method} {path}: {}", reply.text());
        let text = reply.text();
        for leaked in [SECRET, "quitte", job.as_str()] {
            assert!(!text.contains(leaked), "{method} {path}: {leaked} in {text}");
        }
    }
    // Nothing of it was changed.
    let still = server.call("GET", &of("quitte", &format!("documents/{document}")), &two.other, &Value::Null).json();
    assert_eq!(still["state"], "indexed", "{still}");
    assert_eq!(server.call("GET", "/api/v1/sites/quitte", &two.other, &Value::Null).json()["name"], "quitte");
    let conversation = server.send(
        "GET",
        &of("quitte", &format!("dialogs/{dialog}")),
        &[("Authorization", &format!("Bearer {}", two.other_public)), ("X-Dialog-Token", token)],
        b"",
    );
    assert_eq!(conversation.json()["turns"].as_array().map(Vec::len), Some(1), "{}", conversation.text());
}

#[test]
fn a_conversation_belongs_to_whoever_holds_its_token() {
    let two = Two::new();
    let ask = |body: &Value| two.server.call("POST", "/api/v1/sites/quitte/ask", &two.other_public, body);
    let first = ask(&json!({"question": format!("Was kostet die {SECRET}?")})).json();
    let (dialog, token) = (first["dialog_id"].as_str().unwrap(), first["token"].as_str().unwrap());
    let path = format!("/api/v1/sites/quitte/dialogs/{dialog}");
    for wrong in ["", "x", &token[1..], &token.to_lowercase().replace('a', "b")] {
        for path in [path.clone(), format!("{path}/turns/1/events")] {
            let bearer = format!("Bearer {}", two.other_public);
            shows_nothing(
                &format!("{path} with {wrong:?}"),
                &two.server.send("GET", &path, &[("Authorization", &bearer), ("X-Dialog-Token", wrong)], b""),
            );
        }
        shows_nothing(wrong, &ask(&json!({"question": "Und?", "dialog_id": dialog, "token": wrong})));
    }
    shows_nothing("no token", &ask(&json!({"question": "Und?", "dialog_id": dialog})));
    // A visitor may not do what needs a scope, in the own site either.
    for (method, rest) in
        [("GET", "documents"), ("POST", "search"), ("GET", "sources"), ("GET", "snippet"), ("POST", "documents")]
    {
        let reply = two.server.call(
            method,
            &format!("/api/v1/sites/quitte/{rest}"),
            &two.other_public,
            &json!({"query": "x", "name": "x", "text": "x"}),
        );
        reply.is_problem(403, "forbidden", &["scope"]);
    }
    for path in ["/api/v1/sites", "/api/v1/jobs"] {
        two.server.call("GET", path, &two.other_public, &Value::Null).is_problem(403, "forbidden", &["only ask"]);
    }
    // The continued conversation goes on in the same place.
    let next = ask(&json!({"question": "Wann gibt es sie?", "dialog_id": dialog, "token": token})).json();
    assert_eq!((next["dialog_id"].as_str(), next["turn_id"].as_str()), (Some(dialog), Some("2")), "{next}");
    // A deleted key ends at once.
    let id = two.home.ok(&["key", "list", "--site", "quitte"])["keys"][0]["id"].as_str().unwrap().to_owned();
    two.home.ok(&["key", "delete", &id]);
    two.server.call("GET", "/api/v1/sites/quitte/documents", &two.other, &Value::Null).is_problem(
        401,
        "unauthorized",
        &["key"],
    );
}
