//! What the calls do.

use serde_json::{Value, json};

use crate::http::access::ROUTES;
use crate::svc::auth::Scope;

use super::*;

const QUESTION: &str = r#"{"question":"Was kostet der Personalausweis?"}"#;

#[tokio::test]
async fn asking_in_json_and_as_a_stream_that_goes_on() {
    let fixture = Fixture::start(roomy()).await;
    let key = fixture.a.public_key.clone();
    let reply = fixture.keyed(&key, "POST", "/sites/a/ask", QUESTION).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let answer = reply.json();
    let (dialog, token) =
        (answer["dialog_id"].as_str().unwrap().to_owned(), answer["token"].as_str().unwrap().to_owned());

    let next = json!({"question": "Und was soll ich mitbringen?", "dialog_id": dialog, "token": token, "stream": true})
        .to_string();
    let stream = fixture.keyed(&key, "POST", "/sites/a/ask", &next).await;
    assert!(stream.header("content-type").unwrap().starts_with("text/event-stream"));
    let events = stream.events();
    assert_eq!(events.iter().map(|e| e.0).collect::<Vec<_>>(), (1..=events.len() as u64).collect::<Vec<_>>());
    assert_eq!((events[0].1.as_str(), events.last().unwrap().1.as_str()), ("meta", "done"));
    assert_eq!(events[0].2["dialog_id"], json!(dialog));
    assert!(events[0].2.get("token").is_none(), "only a new dialog tells its token");

    let bearer = format!("Bearer {key}");
    let at = format!("/api/v1/sites/a/dialogs/{dialog}");
    let with = |token: &'static str| (("X-Dialog-Token", token), bearer.clone());
    let again = fixture
        .call(
            "GET",
            &format!("{at}/turns/2/events"),
            &[("Authorization", &bearer), ("X-Dialog-Token", &token), ("Last-Event-ID", "2")],
            "",
        )
        .await
        .events();
    assert_eq!(again, events[2..].to_vec());
    let turns = fixture.call("GET", &at, &[("Authorization", &bearer), ("X-Dialog-Token", &token)], "").await.json();
    assert_eq!(turns["turns"].as_array().unwrap().len(), 2);
    assert_eq!(turns["turns"][0]["answer"]["blocks"], answer["blocks"]);
    let (wrong, _) = with("wrong");
    for path in [at.clone(), format!("{at}/turns/2/events")] {
        assert_eq!(fixture.call("GET", &path, &[("Authorization", &bearer), wrong], "").await.status, 404, "{path}");
    }
    assert_eq!(
        fixture
            .call("DELETE", &format!("{at}/turns/2"), &[("Authorization", &bearer), ("X-Dialog-Token", &token)], "")
            .await
            .status,
        204
    );
    if let Some(citation) = answer["citations"].as_array().and_then(|c| c.first()) {
        let passage = fixture
            .keyed(&key, "GET", &format!("/sites/a/citations/{}", citation["id"].as_str().unwrap()), "")
            .await
            .json();
        assert!(passage["passage"].as_str().unwrap().contains("37 Euro"), "{passage}");
    }
}

#[tokio::test]
async fn bad_requests_name_what_is_wrong() {
    let fixture = Fixture::start(roomy()).await;
    let key = fixture.a.public_key.clone();
    let long = json!({"question": "x".repeat(5_000)}).to_string();
    let huge = json!({"question": "x".repeat(300_000)}).to_string();
    for (body, status, code) in [
        ("", 400, "bad_request"),
        ("{", 400, "bad_request"),
        ("[]", 400, "bad_request"),
        ("{}", 400, "bad_request"),
        (r#"{"question":["a"]}"#, 400, "bad_request"),
        (r#"{"question":"a","other":1}"#, 400, "bad_request"),
        (r#"{"question":"  "}"#, 400, "question_empty"),
        (r#"{"question":"a","dialog_id":"x"}"#, 422, "invalid"),
        (r#"{"question":"a","dialog_id":"x","token":"y"}"#, 404, "not_found"),
        (r#"{"question":"a","explain":true}"#, 403, "forbidden"),
        (&long, 413, "question_too_long"),
        (&huge, 413, "body_too_large"),
    ] {
        let reply = fixture.keyed(&key, "POST", "/sites/a/ask", body).await;
        let shown = &body[..body.len().min(60)];
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{shown}: {}", reply.text());
    }
    let bearer = format!("Bearer {key}");
    let path = "/api/v1/sites/a/ask";
    let json = ("Content-Type", "application/json");
    for (headers, status, code) in [
        (vec![("Content-Type", "text/plain")], 415, "unsupported_type"),
        (vec![], 415, "unsupported_type"),
        (vec![json, ("Content-Encoding", "gzip")], 415, "unsupported_type"),
    ] {
        let headers: Vec<_> = headers.into_iter().chain([("Authorization", bearer.as_str())]).collect();
        let reply = fixture.call("POST", path, &headers, QUESTION).await;
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{headers:?}: {}", reply.text());
    }
    let unknown = fixture.call("GET", "/api/v1/sites/zzz", &[("Cookie", &fixture.session().await)], "").await;
    assert_eq!(unknown.code(), "site_unknown");
}

#[tokio::test]
async fn web_pages_of_the_site_may_ask_and_others_may_not() {
    let fixture = Fixture::start(roomy()).await;
    let bearer = format!("Bearer {}", fixture.a.public_key);
    let preflight = [
        ("Origin", ORIGIN),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "authorization,content-type"),
    ];
    let reply = fixture.call("OPTIONS", "/api/v1/sites/a/ask", &preflight, "").await;
    assert_eq!((reply.status, reply.header("access-control-allow-origin")), (204, Some(ORIGIN)));
    assert!(reply.header("access-control-allow-headers").unwrap().contains("X-Dialog-Token"));
    for path in ["/api/v1/sites/a/search", "/api/v1/sites"] {
        let headers = [("Origin", ORIGIN), ("Access-Control-Request-Method", "POST")];
        let reply = fixture.call("OPTIONS", path, &headers, "").await;
        assert_eq!((reply.status, reply.header("access-control-allow-origin")), (403, None), "{path}");
    }
    // The widget on a page that is not listed must be able to read why it is refused.
    for (origin, path) in [("https://evil.example", "/api/v1/sites/a/ask"), (ORIGIN, "/api/v1/sites/b/ask")] {
        let headers = [("Origin", origin), ("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        let reply = fixture.call("POST", path, &headers, QUESTION).await;
        assert_eq!((reply.status, reply.header("access-control-allow-origin")), (403, Some(origin)), "{origin} {path}");
        assert!(!reply.text().contains("blocks"), "{origin} {path}");
    }
    let headers = [("Origin", ORIGIN), ("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let reply = fixture.call("POST", "/api/v1/sites/a/ask", &headers, QUESTION).await;
    assert_eq!((reply.status, reply.header("access-control-allow-origin")), (200, Some(ORIGIN)));
    let refused = fixture.call("POST", "/api/v1/sites/a/ask", &headers, "{}").await;
    assert_eq!(
        (refused.status, refused.header("access-control-allow-origin")),
        (400, Some(ORIGIN)),
        "the page must be able to read why"
    );
    let widget = fixture.call("GET", "/widget/v1.js", &[("Origin", "https://anywhere.example")], "").await;
    assert_eq!((widget.status, widget.header("access-control-allow-origin")), (200, Some("*")));
}

#[tokio::test]
async fn set_up_sign_in_and_out() {
    let fixture = Fixture::start(roomy()).await;
    let own = fixture.own();
    let json = ("Content-Type", "application/json");
    let token = auth::setup_link(&fixture.services.store, true).await.unwrap();
    let page = fixture.call("GET", &format!("/setup?token={token}%22%3E"), &[], "").await;
    assert_eq!((page.status, page.header("location")), (303, Some(format!("/console/#/setup/{token}").as_str())));
    let body = json!({"token": token, "email": "New@a.de", "password": PASSWORD}).to_string();
    let made = fixture.call("POST", "/api/v1/setup", &[json], &body).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(fixture.call("POST", "/api/v1/setup", &[json], &body).await.code(), "setup_token_invalid");
    let cookie = made.header("set-cookie").unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains("Secure"),
        "{cookie}"
    );

    let wrong = fixture.call("POST", "/api/v1/session", &[json], r#"{"email":"op@a.de","password":"wrong"}"#).await;
    assert_eq!((wrong.status, wrong.code().as_str()), (401, "credentials_wrong"));
    let body = json!({"email": "OP@a.de", "password": PASSWORD}).to_string();
    let signed_in = fixture.call("POST", "/api/v1/session", &[json, ("Origin", &own)], &body).await;
    assert_eq!((signed_in.status, signed_in.json()["user"]["email"].as_str()), (200, Some("op@a.de")));
    let cookie = signed_in.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let who = fixture.call("GET", "/api/v1/session", &[("Cookie", &cookie)], "").await;
    assert_eq!((who.status, who.json()["environment"].as_str()), (200, Some("production")));
    assert!(!who.text().contains("hash"));
    let make = json!({"name": "Stadt Müllheim"}).to_string();
    for (headers, status) in [
        (vec![("Cookie", cookie.as_str()), json], 403),
        (vec![("Cookie", cookie.as_str()), json, ("Sec-Fetch-Site", "cross-site")], 403),
        (vec![("Cookie", cookie.as_str()), ("Origin", own.as_str()), ("Content-Type", "text/plain")], 415),
        (vec![("Cookie", cookie.as_str()), json, ("Sec-Fetch-Site", "same-origin")], 201),
        (vec![("Cookie", cookie.as_str()), json, ("Origin", own.as_str())], 409),
    ] {
        let reply = fixture.call("POST", "/api/v1/sites", &headers, &make).await;
        assert_eq!(reply.status, status, "{headers:?}: {}", reply.text());
    }
    let out = fixture.call("DELETE", "/api/v1/session", &[("Cookie", &cookie), ("Origin", &own), json], "").await;
    assert!(out.status == 204 && out.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(fixture.call("GET", "/api/v1/session", &[("Cookie", &cookie)], "").await.status, 401);
}

#[tokio::test]
async fn the_console_lists_changes_and_explains() {
    let fixture = Fixture::start(roomy()).await;
    let (own, cookie) = (fixture.own(), fixture.session().await);
    let console = async |method: &str, path: &str, body: &str| {
        fixture
            .call(
                method,
                &format!("/api/v1{path}"),
                &[("Cookie", &cookie), ("Origin", &own), ("Content-Type", "application/json")],
                body,
            )
            .await
    };
    let sites = console("GET", "/sites", "").await.json();
    assert_eq!((sites["sites"][0]["slug"].as_str(), sites["sites"][0]["documents"].as_u64()), (Some("a"), Some(1)));
    let changed = console(
        "PATCH",
        "/sites/a",
        r#"{"name":"Neu","contact":{"phone":" 115 ","name":""},"links":{"imprint":"https://a.de/i"}}"#,
    )
    .await
    .json();
    assert_eq!(
        (changed["name"].as_str(), changed["contact"].clone(), changed["links"]["imprint"].as_str()),
        (Some("Neu"), json!({"phone": "115"}), Some("https://a.de/i"))
    );
    assert!(changed["snippet"].as_str().unwrap().contains(&format!("src=\"{own}/widget/v1.js\"")));
    let documents = console("GET", "/sites/a/documents?q=geb&state=indexed", "").await.json();
    let id = documents["documents"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(documents["total"], 1);
    assert_eq!(console("GET", "/sites/a/documents?state=excluded", "").await.json()["total"], 0);
    let document = console("GET", &format!("/sites/a/documents/{id}"), "").await.json();
    assert!(!document["chunks_list"].as_array().unwrap().is_empty());
    let hits = async || {
        console("POST", "/sites/a/search", r#"{"query":"Personalausweis","explain":true}"#).await.json()["hits"]
            .as_array()
            .unwrap()
            .len()
    };
    assert!(hits().await > 0);
    assert_eq!(
        console("PATCH", &format!("/sites/a/documents/{id}"), r#"{"excluded":true}"#).await.json()["state"],
        "excluded"
    );
    assert_eq!(hits().await, 0);
    console("PATCH", &format!("/sites/a/documents/{id}"), r#"{"excluded":false}"#).await;
    let explained = console("POST", "/sites/a/ask", r#"{"question":"Was kostet der Personalausweis?","explain":true}"#)
        .await
        .json();
    assert!(
        explained["explain"]["gate"]["threshold"].is_number()
            && !explained["explain"]["hits"].as_array().unwrap().is_empty(),
        "{explained}"
    );
    assert_eq!(console("DELETE", &format!("/sites/a/documents/{id}"), "").await.status, 204);
    assert_eq!(console("GET", &format!("/sites/a/documents/{id}"), "").await.status, 404);
    let source = console("POST", "/sites/a/sources", r#"{"url":"stadt.example","exclude":["/archiv/"]}"#).await;
    assert_eq!(source.status, 201, "{}", source.text());
    let source = source.json()["source_id"].as_str().unwrap().to_owned();
    assert_eq!(console("POST", &format!("/sources/{source}/crawl"), r#"{"include":["/a/"]}"#).await.status, 202);
    assert_eq!(console("POST", &format!("/sources/{source}/discover"), "{}").await.status, 202);
    assert_eq!(console("GET", "/sites/a/sources", "").await.json()["sources"][1]["include"], json!(["/a/"]));
    assert_eq!(console("GET", &format!("/sources/{source}/report"), "").await.json()["urls"], json!([]));
    let jobs = console("GET", "/jobs?site=a", "").await.json();
    assert_eq!(jobs["jobs"].as_array().unwrap().len(), 3);
    let cancelled = console("DELETE", &format!("/jobs/{}", fixture.job), "").await.json();
    assert_eq!((cancelled["state"].as_str(), cancelled["site"].as_str()), (Some("cancelled"), Some("a")));
    let followed = console("GET", &format!("/jobs/{}/events", fixture.job), "").await.events();
    assert_eq!(
        (followed.len(), followed[0].1.as_str(), followed[0].2["state"].as_str()),
        (1, "job", Some("cancelled"))
    );
}

#[tokio::test]
async fn two_editors_see_each_other_and_a_file_comes_back_as_it_was_sent() {
    let fixture = Fixture::start(roomy()).await;
    let key = fixture.key(&fixture.a, Scope::Documents).await;
    let call = async |method: &str, path: &str, body: &str| fixture.keyed(&key, method, path, body).await;
    let list = call("GET", "/sites/a/documents?format=text&language=de", "").await.json();
    assert_eq!((list["total"].as_u64(), list["facets"]["formats"]["text"].as_u64()), (Some(1), Some(1)), "{list}");
    assert_eq!(call("GET", "/sites/a/documents?text=Personalausweis", "").await.json()["total"], 1);
    assert_eq!(call("GET", "/sites/a/documents?text=Hallenbad", "").await.json()["total"], 0);
    let id = list["documents"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/sites/a/documents/{id}");
    let seen = call("GET", &format!("{path}/text"), "").await.json();
    assert!(seen["text"].as_str().unwrap().contains("37 Euro") && seen["original"].is_null(), "{seen}");
    let version = seen["version"].as_str().unwrap();

    let blind = call("PATCH", &path, r#"{"title":"Neu"}"#).await;
    assert_eq!((blind.status, blind.code().as_str()), (400, "bad_request"));
    let mine =
        json!({"title": "Neu", "text": "## Preise\n\nDer Ausweis kostet 41 Euro.", "version": version}).to_string();
    let saved = call("PATCH", &path, &mine).await;
    assert_eq!(saved.status, 200, "{}", saved.text());
    let saved = saved.json();
    assert_eq!((saved["title"].as_str(), saved["edited"]["text"].as_bool()), (Some("Neu"), Some(true)), "{saved}");
    assert_eq!(saved["chunks_list"][0]["section"], json!(["Preise"]));
    let late = call("PATCH", &path, &mine.replace("41", "42")).await;
    assert_eq!((late.status, late.code().as_str()), (409, "document_changed"), "{}", late.text());
    assert_eq!(call("GET", "/sites/a/documents?edited=true&text=41", "").await.json()["total"], 1);
    let both = call("GET", &format!("{path}/text"), "").await.json();
    assert!(both["original"]["text"].as_str().unwrap().contains("37 Euro"), "{both}");
    let version = saved["version"].as_str().unwrap();
    for (body, code) in [
        (json!({"text": " ", "version": version}), "invalid"),
        (json!({"title": "", "version": version}), "invalid"),
        (json!({"text": "x".repeat(200_001), "version": version}), "invalid"),
    ] {
        assert_eq!(call("PATCH", &path, &body.to_string()).await.code(), code);
    }
    let restored = call("PATCH", &path, &json!({"restore": true, "version": version}).to_string()).await.json();
    assert!(restored["edited"].is_null() && restored["title"] != "Neu", "{restored}");

    // What lies on this machine is not handed out; what was sent is, as it was.
    assert_eq!(call("GET", &format!("{path}/file"), "").await.status, 404);
    let sent =
        call("POST", "/sites/a/documents", r#"{"name":"brief \"1\".txt","text":"Die Turnhalle ist gesperrt."}"#).await;
    let ingest = &fixture.services.ingest;
    crate::svc::ingest::run_queued(ingest, &fixture.services.jobs).await;
    assert_eq!(sent.status, 202);
    let list = call("GET", "/sites/a/documents?q=brief", "").await.json();
    let id = list["documents"][0]["id"].as_str().unwrap_or_else(|| panic!("{list}"));
    let file = call("GET", &format!("/sites/a/documents/{id}/file"), "").await;
    assert_eq!((file.status, file.text().as_str()), (200, "Die Turnhalle ist gesperrt."));
    assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"brief _1_.txt\""));
    let other = fixture.key(&fixture.b, Scope::Documents).await;
    assert_eq!(fixture.keyed(&other, "GET", &format!("/sites/b/documents/{id}/file"), "").await.status, 404);
}

#[tokio::test]
async fn sending_documents() {
    let fixture = Fixture::start(roomy()).await;
    let key = fixture.key(&fixture.a, Scope::Documents).await;
    let bearer = format!("Bearer {key}");
    let path = "/api/v1/sites/a/documents";
    let headers =
        [("Authorization", bearer.as_str()), ("Content-Type", "application/json"), ("Idempotency-Key", "one")];
    let body = r##"{"name":"x.md","text":"# X\n\nText."}"##;
    let first = fixture.call("POST", path, &headers, body).await;
    assert_eq!(first.status, 202, "{}", first.text());
    let job = first.json()["job_id"].clone();
    let id = job.as_str().unwrap().to_owned();
    fixture.services.jobs.cancel(id.parse().unwrap()).await.unwrap();
    assert_eq!(
        fixture.call("POST", path, &headers, body).await.json()["job_id"],
        job,
        "the key makes it the same call"
    );
    let form = "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.html\"\r\nContent-Type: text/html\r\n\r\n<p>A</p>\r\n--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"b.txt\"\r\n\r\nB\r\n--X--\r\n";
    let sent = fixture
        .call("POST", path, &[("Authorization", &bearer), ("Content-Type", "multipart/form-data; boundary=X")], form)
        .await;
    assert_eq!((sent.status, sent.json()["job_id"].is_string()), (202, true), "{}", sent.text());
    for (body, code) in [
        (r#"{"name":"","text":""}"#, "invalid"),
        (r#"{"name":"a"}"#, "bad_request"),
        (r#"{"name":"a","text":"b","url":"javascript:1"}"#, "address_invalid"),
        (r#"{"name":"a","text":"b","x":1}"#, "bad_request"),
    ] {
        assert_eq!(fixture.keyed(&key, "POST", "/sites/a/documents", body).await.code(), code, "{body}");
    }
    let empty = fixture
        .call(
            "POST",
            path,
            &[("Authorization", &bearer), ("Content-Type", "multipart/form-data; boundary=X")],
            "--X--\r\n",
        )
        .await;
    assert_eq!(empty.status, 400, "{}", empty.text());
}

#[tokio::test]
async fn too_many_questions_and_sign_ins_have_to_wait() {
    let mut config = Config::default();
    config.limits.ask_per_minute_address = 2;
    config.limits.sign_in_per_minute_address = 1;
    config.limits.ask_per_minute_key = 4;
    let fixture = Fixture::start(config).await;
    let key = fixture.a.public_key.clone();
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(fixture.keyed(&key, "POST", "/sites/a/ask", "{}").await);
    }
    assert_eq!(seen.iter().map(|r| r.status).collect::<Vec<_>>(), [400, 400, 429]);
    assert!(seen[2].header("retry-after").unwrap().parse::<u64>().unwrap() >= 1 && seen[2].code() == "rate_limited");
    let page = fixture.call("GET", "/s/a?q=Was", &[], "").await;
    assert!(page.status == 200 && page.text().contains("warten"), "{}", page.text());
    let program = fixture.key(&fixture.a, Scope::Ask).await;
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(fixture.keyed(&program, "POST", "/sites/a/ask", "{}").await.status);
    }
    assert_eq!(statuses, [400, 400, 400, 400, 429]);
    let sign_in = async || {
        fixture
            .call(
                "POST",
                "/api/v1/session",
                &[("Content-Type", "application/json")],
                r#"{"email":"a@b.de","password":"x"}"#,
            )
            .await
            .status
    };
    assert_eq!((sign_in().await, sign_in().await), (401, 429));
}

#[tokio::test]
async fn pages_files_and_health() {
    let mut config = roomy();
    config.server.environment = "staging".into();
    let fixture = Fixture::start(config).await;
    let page = fixture.call("GET", "/s/a?q=Was%20kostet%20der%20Personalausweis%3F&lang=de", &[], "").await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let html = page.text();
    assert!(html.contains("Was kostet der Personalausweis?") && html.contains("class=\"answer "), "{html}");
    assert!(page.header("content-security-policy").unwrap().contains("script-src 'self'"));
    assert_eq!(page.header("x-robots-tag"), Some("noindex, nofollow"));
    let english = fixture.call("GET", "/s/a?lang=en", &[], "").await.text();
    assert!(english.contains("<html lang=\"en\">") && english.contains("Stadt A"));
    let hostile = fixture.call("GET", "/s/a?q=%3Cscript%3Ealert(1)%3C/script%3E", &[], "").await.text();
    assert!(!hostile.contains("<script>alert"), "{hostile}");

    for (path, kind) in [
        ("/console/", "text/html; charset=utf-8"),
        ("/assets/base.css", "text/css; charset=utf-8"),
        ("/assets/icon.svg", "image/svg+xml"),
        ("/widget/v1.js", "text/javascript; charset=utf-8"),
        ("/handbook/", "text/html; charset=utf-8"),
        ("/handbook/faults-and-mends", "text/html; charset=utf-8"),
        ("/api/openapi.json", "application/json"),
    ] {
        let whole = fixture.call("GET", path, &[], "").await;
        assert_eq!((whole.status, whole.header("content-type")), (200, Some(kind)), "{path}");
        let head = fixture.call("HEAD", path, &[], "").await;
        assert!(
            head.status == 200
                && head.body.is_empty()
                && head.header("content-length") == Some(whole.body.len().to_string().as_str()),
            "HEAD {path}: {head:?}"
        );
    }
    let script = fixture.call("GET", "/widget/v1.js", &[], "").await;
    let etag = script.header("etag").unwrap().to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"'));
    let same = fixture.call("GET", "/widget/v1.js", &[("If-None-Match", &etag)], "").await;
    assert!(same.status == 304 && same.body.is_empty());
    let packed = fixture.call("GET", "/widget/v1.js", &[("Accept-Encoding", "gzip, br")], "").await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let mut unpacked = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&packed.body[..]), &mut unpacked).unwrap();
    assert!(unpacked == script.body && packed.body.len() <= 10 * 1024);
    assert_eq!(fixture.call("GET", "/", &[], "").await.header("location"), Some("/s/a"));
    assert_eq!(
        fixture.call("GET", "/", &[("Cookie", &fixture.session().await)], "").await.header("location"),
        Some("/console/")
    );

    assert_eq!(fixture.call("GET", "/healthz/live", &[], "").await.status, 200);
    assert_eq!(
        fixture.call("GET", "/healthz/ready", &[], "").await.json(),
        json!({"status": "ready", "model": "absent"})
    );
    assert_eq!(fixture.call("GET", "/health", &[], "").await.json()["components"]["store"]["sites"], 2);
    let forwarded = [("X-Forwarded-For", "127.0.0.1")];
    assert_eq!(fixture.call("GET", "/health", &forwarded, "").await.status, 401);
    let key = format!("Bearer {}", fixture.key(&fixture.b, Scope::Ask).await);
    assert_eq!(fixture.call("GET", "/health", &[("Authorization", &key), forwarded[0]], "").await.status, 200);
    let public = format!("Bearer {}", fixture.a.public_key);
    assert_eq!(fixture.call("GET", "/health", &[("Authorization", &public), forwarded[0]], "").await.status, 401);
}

#[tokio::test]
async fn the_document_describes_every_call() {
    let fixture = Fixture::start(roomy()).await;
    let text = fixture.call("GET", "/api/openapi.json", &[], "").await.text();
    let document: Value = serde_json::from_str(&text).unwrap();
    let mut described: Vec<String> = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        described.extend(item.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase())));
    }
    // The document itself is the one call it does not describe.
    let mut known: Vec<String> =
        ROUTES.iter().map(|r| format!("{} {}", r.method, r.path)).filter(|r| !r.ends_with("/openapi.json")).collect();
    described.sort();
    known.sort();
    assert_eq!(described, known);
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/openapi.json");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(committed, &text).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(committed).unwrap_or_default(),
        text,
        "assets/openapi.json is not up to date: run this test with UPDATE_OPENAPI=1"
    );
}

#[tokio::test]
async fn a_site_says_its_model_and_refuses_steps_out_of_order() {
    let fixture = Fixture::start(roomy()).await;
    let admin = format!("Bearer {}", fixture.key(&fixture.a, Scope::Admin).await);
    let headers = [("Authorization", admin.as_str()), ("Content-Type", "application/json")];
    let state = fixture.call("GET", "/api/v1/sites/a/model", &headers, "").await.json();
    assert_eq!(state, json!({"model": "built-in", "models": ["built-in"], "remote": [], "switch": null}));
    for (body, status) in [
        (r#"{"action": "accept"}"#, 409),
        (r#"{"action": "undo"}"#, 409),
        (r#"{"action": "forget"}"#, 409),
        (r#"{"action": "switch"}"#, 422),
        (r#"{"action": "switch", "to": "unknown"}"#, 404),
        (r#"{"action": "switch", "to": "built-in"}"#, 409),
        (r#"{"action": "dance"}"#, 400),
    ] {
        let reply = fixture.call("POST", "/api/v1/sites/a/model", &headers, body).await;
        assert_eq!(reply.status, status, "{body}: {}", reply.text());
    }
}
