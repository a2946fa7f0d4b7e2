//! Other sources than websites: feeds, single pages, and what `llms.txt` names.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::{Home, Website, article, html, not_found};

/// Path → outcome, or the code where there is one.
fn outcomes(home: &Home, crawled: &Value) -> BTreeMap<String, String> {
    let report = home.ok(&["source", "report", crawled["source_id"].as_str().unwrap()]);
    let said = |row: &Value| row["code"].as_str().or(row["outcome"].as_str()).unwrap().to_owned();
    let path = |row: &Value| {
        let url = url::Url::parse(row["url"].as_str().unwrap()).unwrap();
        if url.host_str() == Some("127.0.0.1") { url.path().to_owned() } else { url.to_string() }
    };
    report["urls"].as_array().unwrap().iter().map(|row| (path(row), said(row))).collect()
}

fn of(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(path, what)| ((*path).to_owned(), (*what).to_owned())).collect()
}

#[test]
fn the_entries_of_a_feed_are_its_pages_and_the_feed_is_asked_for_changes() {
    let home = Home::with_site();
    let entries = Arc::new(Mutex::new(vec!["/a", "/b", "http://other.example/c"]));
    let whole = Arc::new(Mutex::new(0));
    let (listed, sent) = (Arc::clone(&entries), Arc::clone(&whole));
    let site = Website::start(move |path| match path {
        "/feed.xml" => {
            *sent.lock().unwrap() += 1;
            let items: String =
                listed.lock().unwrap().iter().map(|link| format!("<item><link>{link}</link></item>")).collect();
            let body = format!("<rss version='2.0'><channel><link>/</link>{items}</channel></rss>").into_bytes();
            let tag = format!("\"{}\"", blake3::hash(&body).to_hex());
            (200, vec![("Content-Type", "application/rss+xml".to_owned()), ("ETag", tag)], body)
        }
        "/a" | "/b" | "/d" => {
            html(&article(path, &format!("Meldung {path} aus dem Rathaus. <a href=/weiter>Weiter</a>")))
        }
        "/weiter" => html(&article("Weiter", "Hierher führt nur ein Link, kein Eintrag.")),
        _ => not_found(),
    });
    let feed = format!("http://{}/feed.xml", site.host);
    let crawl = || home.ok(&["crawl", &feed, "--as", "feed", "--site", "stadt", "--allow-private", &site.host]);
    let first = crawl();
    assert_eq!(
        outcomes(&home, &first),
        of(&[("/a", "indexed"), ("/b", "indexed"), ("http://other.example/c", "other_website")])
    );
    let again = crawl();
    assert_eq!((&again["unchanged"], &again["embedded"]), (&json!(2), &json!(0)), "{again}");
    // What the feed forgets stays, what is new comes.
    *entries.lock().unwrap() = vec!["/d", "/b"];
    for _ in 0..3 {
        let later = crawl();
        assert_eq!((&later["missed"], &later["gone"]), (&json!(0), &json!(0)), "{later}");
    }
    let found = home.ok(&["document", "list", "--site", "stadt"]);
    assert_eq!(found["total"], 3, "{found}");

    home.fails(
        &[
            "crawl",
            &format!("http://{}/a", site.host),
            "--as",
            "feed",
            "--site",
            "stadt",
            "--allow-private",
            &site.host,
        ],
        "crawl_failed",
        &["neither RSS nor Atom"],
    );
}

#[test]
fn one_page_is_one_page_and_leaves_when_it_is_gone() {
    let home = Home::with_site();
    let is_there = Arc::new(Mutex::new(true));
    let shown = Arc::clone(&is_there);
    let site = Website::start(move |path| match path {
        "/satzung" if *shown.lock().unwrap() => {
            html(&article("Satzung", "Die Satzung gilt für alle Friedhöfe. <a href=/mehr>Mehr</a>"))
        }
        "/mehr" => html(&article("Mehr", "Das ist eine andere Seite.")),
        "/sitemap.xml" => (200, Vec::new(), format!("http://{}/mehr", "127.0.0.1").into_bytes()),
        _ => not_found(),
    });
    let page = format!("http://{}/satzung", site.host);
    let args = ["crawl", page.as_str(), "--as", "page", "--site", "stadt", "--allow-private", site.host.as_str()];
    let first = home.ok(&args);
    assert_eq!(outcomes(&home, &first), of(&[("/satzung", "indexed")]));
    assert_eq!(home.ok(&args)["unchanged"], 1);
    *is_there.lock().unwrap() = false;
    for _ in 0..2 {
        home.fails(&args, "crawl_failed", &["404"]);
    }
    let hits = home.ok(&["search", "--site", "stadt", "Satzung Friedhöfe"]);
    assert_eq!(hits["hits"], json!([]), "{hits}");
}

#[test]
fn what_llms_txt_names_is_read() {
    let home = Home::with_site();
    let text =
        |body: &str| (200, vec![("Content-Type", "text/plain; charset=utf-8".to_owned())], body.as_bytes().to_vec());
    let site = Website::start(move |path| match path {
        "/" => html(&article("Start", "Willkommen in der Stadt, hier finden Sie alles.")),
        "/llms.txt" => text("# Stadt\n\n- [Amt](/amt)\n- [Bad](/bad.html.md)\n- [Fern](http://other.example/x)\n"),
        "/llms-full.txt" => text("# Pass\n\n[Pass](/pass)\n"),
        "/amt" | "/bad.html" | "/pass" => html(&article(path, &format!("Auskunft über {path}, in einem ganzen Satz."))),
        _ => not_found(),
    });
    let crawled = home.ok(&["crawl", &site.host, "--site", "stadt", "--allow-private", &site.host]);
    let expected = [("/", "indexed"), ("/amt", "indexed"), ("/bad.html", "indexed"), ("/pass", "indexed")];
    assert_eq!(outcomes(&home, &crawled), of(&expected));
}
