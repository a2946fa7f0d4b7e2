//! The report of a crawl: what changed, page by page, as a file, and while the crawl runs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::{Value, json};

use crate::support::{Home, Page, Website, article, finished, html, key, not_found};

const TITLE: &str = "=HYPERLINK(&quot;http://evil.example&quot;)";

/// A town that changes between its crawls: `round` counts them.
fn town(round: &Arc<AtomicUsize>) -> Website {
    let round = Arc::clone(round);
    Website::start(move |path| {
        let now = round.load(Ordering::Relaxed);
        match path {
            "/" => html(&article(
                "Start",
                "Willkommen. <a href=/bad>Bad</a> <a href=/hund>Hund</a> <a href=/doppelt>Hund</a> <a href=/neu>Neu</a> <a href=/fehlt>Fehlt</a> <a href=/kaputt>Kaputt</a>",
            )),
            "/bad" => html(&article("Bad", &format!("Das Hallenbad öffnet um {} Uhr und schließt am Abend.", 8 + now))),
            "/hund" | "/doppelt" if now < 2 => html(&article(TITLE, "Die Hundesteuer beträgt achtzig Euro im Jahr.")),
            "/neu" if now > 0 => html(&article("Neu", "Seit heute gibt es einen Wochenmarkt am Rathaus.")),
            "/kaputt" => (500, Vec::new(), Vec::new()),
            _ => not_found(),
        }
    })
}

fn crawl(home: &Home, site: &Website) -> Value {
    home.ok(&["crawl", &site.host, "--site", "stadt", "--allow-private", &site.host])
}

#[test]
fn the_report_says_what_changed_and_where_content_stands_twice() {
    let (home, round) = (Home::with_site(), Arc::new(AtomicUsize::new(0)));
    let site = town(&round);
    let first = crawl(&home, &site);
    let id = first["source_id"].as_str().unwrap();
    let report = |more: &[&str]| home.ok(&[&["source", "report", id], more].concat());
    let whole = report(&[]);
    assert_eq!(whole["changes"], json!({"new": 3, "changed": 0, "unchanged": 0, "missed": 0, "gone": 0}), "{whole}");
    assert_eq!(whole["counts"], json!({"duplicate": 1, "indexed": 3, "skipped": 3}), "{whole}");
    assert_eq!(whole["skipped"], json!({"http_error": 1, "not_found": 2}));
    assert_eq!((&whole["state"], &whole["total"]), (&json!("idle"), &json!(7)));
    let host = &whole["hosts"][0];
    assert_eq!((&host["host"], &host["failed"]), (&json!(site.host), &json!(1)), "{host}");
    let twice = report(&["--duplicates"]);
    let row = &twice["urls"][0];
    assert_eq!(twice["total"], 1);
    assert_ne!(row["of"], row["url"]);
    assert!(row["of"].as_str().is_some_and(|of| of.ends_with("/hund") || of.ends_with("/doppelt")), "{row}");

    round.store(1, Ordering::Relaxed);
    let second = crawl(&home, &site);
    assert_eq!((&second["new"], &second["changed"]), (&json!(1), &json!(1)), "{second}");
    assert_eq!(report(&[])["changes"], json!({"new": 1, "changed": 1, "unchanged": 2, "missed": 0, "gone": 0}));
    let changed = report(&["--change", "changed"]);
    assert!(changed["urls"][0]["url"].as_str().unwrap().ends_with("/bad"), "{changed}");

    round.store(2, Ordering::Relaxed);
    crawl(&home, &site);
    // The address where the text stood counts; its double is one line less.
    assert_eq!(report(&[])["changes"]["missed"], 1);
    assert_eq!(report(&["--reason", "http_error"])["total"], 1);
    assert_eq!(report(&["--search", "HALLENBAD"])["total"], 0);
    assert_eq!(report(&["--search", "/BAD"])["total"], 1);
}

#[test]
fn the_report_comes_in_pages_and_as_a_file_that_calculates_nothing() {
    let (home, round) = (Home::with_site(), Arc::new(AtomicUsize::new(0)));
    let site = town(&round);
    let id = crawl(&home, &site)["source_id"].as_str().unwrap().to_owned();
    let path = home.path("bericht.csv");
    let kept = home.ok(&["source", "report", &id, "--csv", &path.display().to_string(), "--locale", "de"]);
    assert_eq!(kept["lines"], 7);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("\u{feff}Adresse;Ergebnis;") && text.contains(";Gibt es nicht;"), "{text}");
    assert!(!text.contains(";=HYPER") && !text.contains("\"=HYPER") && text.contains("'=HYPERLINK"), "{text}");

    let token = key(&home, "stadt", "crawl");
    let server = home.serve();
    let get = |query: &str| server.call("GET", &format!("/api/v1/sources/{id}/report{query}"), &token, &Value::Null);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = get(&format!("?limit=2&cursor={cursor}")).json();
        assert_eq!(page["total"], 7);
        seen.extend(page["urls"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(json!(seen), get("").json()["urls"]);
    get("?cursor=%25").is_problem(400, "bad_request", &["cursor"]);
    assert_eq!(get("?outcome=nothing").status, 400);
    let file = get(".csv");
    assert_eq!((file.status, file.headers["content-type"].as_str()), (200, "text/csv; charset=utf-8"));
    assert!(file.headers["content-disposition"].contains(&format!("crawl-{id}.csv")), "{:?}", file.headers);
    assert!(file.text().starts_with("\u{feff}url,outcome,") && file.text().lines().count() == 8, "{}", file.text());
}

#[test]
fn the_report_can_be_read_while_the_crawl_runs_and_tells_a_failure() {
    let home = Home::with_site();
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let held = Arc::clone(&gate);
    let site = Website::start(move |path| -> Page {
        match path {
            "/" => html(&article("Start", "Willkommen in der Stadt. <a href=/a>Amt</a> <a href=/zu>Zu</a>")),
            "/a" => html(&article("Amt", "Das Amt hat am Donnerstag bis achtzehn Uhr offen.")),
            "/zu" => {
                let open = held.0.lock().unwrap();
                drop(held.1.wait_while(open, |open| !*open).unwrap());
                html(&article("Zu", "Diese Seite kommt spät, aber sie kommt."))
            }
            _ => not_found(),
        }
    });
    let token = key(&home, "stadt", "crawl,documents");
    let server = home.serve();
    let begun = crawl_behind(&home, &site);
    let (source, job) = (begun["source_id"].as_str().unwrap(), begun["job_id"].as_str().unwrap());
    let report = || server.call("GET", &format!("/api/v1/sources/{source}/report"), &token, &Value::Null).json();
    let mut live = report();
    for _ in 0..600 {
        if live["changes"]["new"] == 2 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
        live = report();
    }
    assert_eq!((&live["state"], &live["job_id"]), (&json!("running"), &json!(job)), "{live}");
    assert_eq!((&live["changes"]["new"], &live["finished_at"]), (&json!(2), &Value::Null), "{live}");
    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
    assert_eq!(finished(&server, &token, job)["state"], "done");
    let after = report();
    assert_eq!((&after["state"], &after["changes"]["new"]), (&json!("idle"), &json!(3)), "{after}");
    assert!(after["finished_at"].is_string() && after["failure"].is_null());

    drop(site);
    let job = crawl_again(&server, source, &token);
    assert_eq!(finished(&server, &token, &job)["state"], "failed");
    let failed = report();
    assert!(failed["failure"]["detail"].as_str().unwrap().contains("did not accept a connection"), "{failed}");
}

/// Queues a crawl in the server that runs.
fn crawl_behind(home: &Home, site: &Website) -> Value {
    home.ok(&[
        "crawl",
        &format!("http://{}/", site.host),
        "--site",
        "stadt",
        "--allow-private",
        &site.host,
        "--no-wait",
    ])
}

fn crawl_again(server: &crate::support::Server, source: &str, token: &str) -> String {
    let queued = server.call("POST", &format!("/api/v1/sources/{source}/crawl"), token, &json!({})).json();
    queued["job_id"].as_str().unwrap().to_owned()
}
