//! A website is read again: what is unchanged costs nothing, what is gone leaves, and comes back when asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::{Home, Page, Website, article, html, not_found};

/// Paths with their text; what is not in it is not found. An empty text stands for a busy website.
type Pages = Arc<Mutex<BTreeMap<&'static str, &'static str>>>;

fn website(pages: &Pages) -> Website {
    let pages = Arc::clone(pages);
    Website::start(move |path| {
        let pages = pages.lock().unwrap();
        let links: String = pages.keys().map(|path| format!("<a href='{path}'>Seite {path}</a> ")).collect();
        match pages.get(path) {
            Some(&"") => (503, vec![("Retry-After", "0".to_owned())], Vec::new()),
            Some(text) => tagged(html(&article(&format!("Seite {path}"), &format!("{text} {links}")))),
            None if path == "/" => tagged(html(&article("Start", &format!("Willkommen in der Stadt. {links}")))),
            None => not_found(),
        }
    })
}

fn tagged((status, mut headers, body): Page) -> Page {
    headers.push(("ETag", format!("\"{}\"", blake3::hash(&body).to_hex())));
    (status, headers, body)
}

struct Town {
    home: Home,
    site: Website,
    pages: Pages,
}

impl Town {
    fn new() -> Self {
        let pages: Pages = Arc::new(Mutex::new(BTreeMap::from([
            ("/bad", "Das Hallenbad hat montags geschlossen, sonst ab neun Uhr offen."),
            ("/hund", "Die Hundesteuer beträgt achtzig Euro im Jahr und wird im Mai fällig."),
            ("/pass", "Der Reisepass kostet siebzig Euro und ist zehn Jahre lang gültig."),
        ])));
        Self { home: Home::with_site(), site: website(&pages), pages }
    }

    fn crawl(&self) -> Value {
        self.home.ok(&["crawl", &self.site.host, "--site", "stadt", "--allow-private", &self.site.host])
    }

    fn found(&self, words: &str) -> bool {
        let hits = self.home.ok(&["search", "--site", "stadt", words]);
        let path = format!("/{}", words.to_lowercase());
        hits["hits"].as_array().unwrap().iter().any(|hit| hit["url"].as_str().unwrap().ends_with(&path))
    }

    fn outcome(&self, source: &Value, path: &str) -> Value {
        let report = self.home.ok(&["source", "report", source["source_id"].as_str().unwrap()]);
        let rows = report["urls"].as_array().unwrap();
        rows.iter()
            .find(|row| row["url"].as_str().unwrap().ends_with(path))
            .map_or(Value::Null, |r| r["outcome"].clone())
    }

    fn id(&self, path: &str) -> String {
        let list = self.home.ok(&["document", "list", "--site", "stadt"]);
        let rows = list["documents"].as_array().unwrap();
        let row = rows.iter().find(|row| row["key"].as_str().unwrap().ends_with(path)).unwrap();
        row["id"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_page_gone_twice_leaves_and_can_be_taken_back() {
    let town = Town::new();
    let first = town.crawl();
    assert_eq!(first["documents"], 4, "{first}");
    let again = town.crawl();
    assert_eq!(
        (&again["documents"], &again["unchanged"], &again["embedded"], &again["pages"]),
        (&json!(4), &json!(4), &json!(0), &json!(4)),
        "{again}"
    );

    town.pages.lock().unwrap().remove("/hund");
    let missed = town.crawl();
    assert_eq!(town.outcome(&missed, "/hund"), "missed");
    assert!(town.found("Hund"), "missed once, it waits");
    let gone = town.crawl();
    assert_eq!((town.outcome(&gone, "/hund"), &missed["missed"], &gone["gone"]), (json!("gone"), &json!(1), &json!(1)));
    assert!(!town.found("Hund") && town.found("Pass"));
    town.home.ok(&["index", "verify", "--site", "stadt"]);

    // An editor who wants it keeps it, however often the website is read.
    let id = town.id("/hund");
    town.home.ok(&["document", "include", "--site", "stadt", &id]);
    assert!(town.found("Hund"));
    town.crawl();
    town.crawl();
    assert!(town.found("Hund"));
    town.home.ok(&["index", "verify", "--site", "stadt"]);
}

#[test]
fn a_page_that_returns_is_found_again_and_a_busy_website_loses_nothing() {
    let town = Town::new();
    town.crawl();
    let text = town.pages.lock().unwrap().remove("/pass").unwrap();
    town.crawl();
    town.crawl();
    assert!(!town.found("Pass"));
    town.pages.lock().unwrap().insert("/pass", text);
    let back = town.crawl();
    assert!(town.found("Pass"), "{back}");

    // A page that answers "busy" may be there tomorrow.
    let text = town.pages.lock().unwrap().insert("/bad", "").unwrap();
    for _ in 0..3 {
        let busy = town.crawl();
        assert_eq!(town.outcome(&busy, "/bad"), "skipped", "{busy}");
    }
    assert!(town.found("Bad"));
    // A page that moves is found under its new address, and no longer under the old one.
    let mut pages = town.pages.lock().unwrap();
    pages.remove("/bad");
    pages.insert("/hallenbad", text);
    drop(pages);
    town.crawl();
    town.crawl();
    assert!(town.found("Hallenbad") && !town.found("Bad"));
    town.home.ok(&["index", "verify", "--site", "stadt"]);
}

#[test]
fn what_only_a_busy_page_leads_to_is_not_given_up() {
    let home = Home::with_site();
    let is_busy = Arc::new(Mutex::new(false));
    let busy = Arc::clone(&is_busy);
    let site = Website::start(move |path| match path {
        "/" => html(&article("Start", "Willkommen in der Stadt. <a href=/amt/>Ämter</a>")),
        "/amt/" if *busy.lock().unwrap() => (503, vec![("Retry-After", "0".to_owned())], Vec::new()),
        "/amt/" => {
            html(&article("Ämter", "Die Ämter der Stadt. <a href=/amt/bau>Bauamt</a> <a href=/amt/weg>Wegamt</a>"))
        }
        "/amt/bau" => html(&article("Bauamt", "Das Bauamt berät am Donnerstag bis achtzehn Uhr.")),
        "/amt/weg" if !*busy.lock().unwrap() => html(&article("Wegamt", "Das Wegamt zieht um und schließt danach.")),
        _ => not_found(),
    });
    let crawl = || home.ok(&["crawl", &site.host, "--site", "stadt", "--allow-private", &site.host]);
    assert_eq!(crawl()["documents"], 4);
    *is_busy.lock().unwrap() = true;
    for _ in 0..3 {
        let got = crawl();
        assert_eq!((&got["missed"], &got["gone"]), (&json!(0), &json!(0)), "{got}");
    }
    let hits = home.ok(&["search", "--site", "stadt", "Bauamt Donnerstag"]);
    assert!(hits["hits"][0]["url"].as_str().unwrap().ends_with("/amt/bau"), "{hits}");
}

#[test]
fn a_file_with_the_text_of_a_page_outlives_the_page() {
    let town = Town::new();
    town.crawl();
    let list = town.home.ok(&["document", "show", "--site", "stadt", &town.id("/hund")]);
    let title = list["document"]["title"].as_str().unwrap();
    let text = list["chunks"][0]["text"].as_str().unwrap();
    let file = town.home.write("hund.md", format!("# {title}\n\n{text}\n"));
    let taken = town.home.ok(&["ingest", "--site", "stadt", &file]);
    assert_eq!(taken["duplicates"], 1, "{taken}");
    town.pages.lock().unwrap().remove("/hund");
    for _ in 0..3 {
        town.crawl();
    }
    let hits = town.home.ok(&["search", "--site", "stadt", "Hundesteuer Mai"]);
    assert_eq!(hits["hits"][0]["key"], "hund.md", "{hits}");
}
