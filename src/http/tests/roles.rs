//! Every call in every role.

use crate::http::access::{Access, ROUTES, Route};
use crate::svc::auth::Scope;

use super::*;

fn path(fixture: &Fixture, route: &Route) -> String {
    let filled = route.path.replace("{site}", "a").replace("{source}", &fixture.source).replace("{job}", &fixture.job);
    let filled = filled
        .replace("{dialog}", "nobody")
        .replace("{turn}", "1")
        .replace("{citation}", "nothing")
        .replace("{part}", "none")
        .replace("{topic}", "topic_999")
        .replace("{version}", "999")
        .replace("{document}", "doc_999");
    format!("/api/v1{filled}")
}

fn assert_dressed(reply: &Reply, label: &str) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("x-xss-protection", "0"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{label}: {name}");
    }
    assert!(reply.header("content-security-policy").is_some_and(|v| v.starts_with("default-src 'none'")), "{label}");
    assert!(reply.header("permissions-policy").is_some() && reply.header("x-request-id").is_some(), "{label}");
    assert!(reply.header("strict-transport-security").is_none(), "{label}: HSTS without TLS");
    if reply.status >= 400 {
        assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{label}: {}", reply.text());
        let body = reply.json();
        for field in ["type", "title", "status", "code", "detail", "request_id"] {
            assert!(!body[field].is_null(), "{label}: {field} is missing in {body}");
        }
        assert_eq!(body["request_id"].as_str(), reply.header("x-request-id"), "{label}");
        assert_eq!(body["status"], reply.status, "{label}");
    }
}

/// What a role gets: a refusal with this status, or anything but a refusal.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Gets {
    Refused(u16),
    Through,
}
use Gets::{Refused, Through};

fn expected(access: Access, role: &str) -> Gets {
    match (access, role) {
        (_, "foreign page") => Refused(403),
        (Access::Open, _) | (_, "session") => Through,
        (_, "nobody" | "unknown key" | "expired session") => Refused(401),
        (_, "session without origin") => Refused(403),
        (Access::Visitor, "own public key") => Through,
        (Access::Listing, "wrong scope" | "other site's key" | "own admin key") => Through,
        (Access::Operator, _) => Refused(403),
        (_, "own admin key") => Through,
        _ => Refused(403),
    }
}

#[tokio::test]
async fn every_call_in_every_role() {
    let fixture = Fixture::start(roomy()).await;
    let own = fixture.own();
    let bearer = |key: &str| format!("Bearer {key}");
    let (public_a, public_b) = (bearer(&fixture.a.public_key), bearer(&fixture.b.public_key));
    let (ask, search) =
        (bearer(&fixture.key(&fixture.a, Scope::Ask).await), bearer(&fixture.key(&fixture.a, Scope::Search).await));
    let (admin_a, admin_b) =
        (bearer(&fixture.key(&fixture.a, Scope::Admin).await), bearer(&fixture.key(&fixture.b, Scope::Admin).await));
    for route in ROUTES {
        let wrong = if route.access == Access::Visitor { &search } else { &ask };
        let session = fixture.session().await;
        let is_safe = route.method == poem::http::Method::GET;
        let roles: Vec<(&str, Vec<(&str, &str)>)> = vec![
            ("nobody", vec![]),
            ("unknown key", vec![("Authorization", "Bearer pk_unknown")]),
            ("expired session", vec![("Cookie", "de_session=gone"), ("Origin", &own)]),
            ("own public key", vec![("Authorization", &public_a)]),
            ("other site's public key", vec![("Authorization", &public_b)]),
            ("wrong scope", vec![("Authorization", wrong)]),
            ("own admin key", vec![("Authorization", &admin_a)]),
            ("other site's key", vec![("Authorization", &admin_b)]),
            ("session without origin", vec![("Cookie", &session)]),
            ("foreign page", vec![("Authorization", &public_a), ("Origin", "https://evil.example")]),
            ("foreign page", vec![("Cookie", &session), ("Origin", "null")]),
            ("session", vec![("Cookie", &session), ("Origin", &own)]),
        ];
        for (role, mut headers) in roles {
            if role == "session without origin" && is_safe {
                continue;
            }
            // Jobs never end here: their stream is looked at elsewhere.
            let streams_for_ever = route.path.ends_with("{job}/events") && expected(route.access, role) == Through;
            if streams_for_ever {
                continue;
            }
            headers.push(("Content-Type", "application/json"));
            let label = format!("{} {} as {role}", route.method, route.path);
            let body = if is_safe { "" } else { "{}" };
            let reply = fixture.call(route.method.as_str(), &path(&fixture, route), &headers, body).await;
            assert_dressed(&reply, &label);
            match expected(route.access, role) {
                Refused(status) => assert_eq!(reply.status, status, "{label}: {}", reply.text()),
                // The set-up token of these empty requests is wrong; that is no matter of roles.
                Through => assert!(
                    !matches!(reply.status, 401 | 403 | 405 | 500) || reply.code() == "setup_token_invalid",
                    "{label}: {} {}",
                    reply.status,
                    reply.text()
                ),
            }
            if role == "foreign page" {
                assert_eq!(reply.code(), "origin_forbidden", "{label}");
                // Only what visitors call tells a foreign page that it is refused.
                let readable = reply.header("access-control-allow-origin").is_some();
                assert!(!readable || route.access == Access::Visitor, "{label}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_not_in_the_table_does_not_exist() {
    let fixture = Fixture::start(roomy()).await;
    for (method, path, status) in [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v1", 404),
        ("GET", "/api/v1/", 404),
        ("GET", "/api/v2/sites", 404),
        ("GET", "/api/v1/sites/a/ask", 405),
        ("PUT", "/api/v1/sites", 405),
        ("GET", "/api/v1/sites//public", 404),
        ("GET", "/api/v1/sites/a/ask/", 404),
        ("TRACE", "/", 405),
        ("POST", "/s/a", 405),
        ("GET", "/nothing", 404),
        ("GET", "/s/unknown", 404),
        ("GET", "/assets/../Cargo.toml", 404),
        ("GET", "/assets/console/index.html", 404),
        ("GET", "/console/nothing.js", 404),
        ("GET", "/handbook/nothing", 404),
    ] {
        let reply = fixture.call(method, path, &[], "").await;
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.text());
        assert_dressed(&reply, &format!("{method} {path}"));
        assert_eq!(reply.header("allow").is_some(), status == 405, "{method} {path}");
    }
    let page = fixture.call("GET", "/nothing", &[("Accept", "text/html"), ("Accept-Language", "en-GB")], "").await;
    assert!(page.status == 404 && page.text().contains("<html lang=\"en\">"), "{}", page.text());
}
