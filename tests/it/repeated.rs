//! A website whose pages carry teasers, a cookie notice and a footer inside their main content.

use serde_json::{Value, json};

use crate::support::{Home, Website, html, not_found};

const COOKIES: &str = "Diese Website verwendet Kekse zur Reichweitenmessung. Sie können widersprechen.";
const OFFICE: &str = "Fragen beantwortet das Bürgerbüro unter der Telefonnummer 09999 4711.";
const PAGES: usize = 40;

/// A page with its own text between what stands on all of them; the office names itself on one.
fn page(n: usize) -> String {
    let title = if n == 7 { "Bürgerbüro".to_owned() } else { format!("Leistung {n}") };
    format!(
        "<!doctype html><html lang=de><head><title>{title}</title></head><body><main><h1>{title}</h1>\
         <h2>Aktuelles</h2><ul><li>Eisbahn öffnet am Wochenende</li><li>Flohmarkt auf dem Festplatz</li></ul>\
         <h2>Beschreibung</h2><p>Die Dienstleistung mit der Kennung K{n}X kostet {n} Euro und wird im Zimmer {n} erbracht.</p>\
         <p>{OFFICE}</p><h2>Hinweis</h2><p>{COOKIES}</p></main></body></html>"
    )
}

fn website() -> Website {
    Website::start(|path| match path {
        "/" => {
            let links: String = (1..=PAGES).map(|n| format!("<a href=/leistung/{n}>Leistung {n}</a> ")).collect();
            html(&format!(
                "<!doctype html><html lang=de><head><title>Start</title></head><body><main><h1>Start</h1><p>Willkommen in der Stadt. {links}</p></main></body></html>"
            ))
        }
        path => {
            match path.strip_prefix("/leistung/").and_then(|n| n.parse().ok()).filter(|n| (1..=PAGES).contains(n)) {
                Some(n) => html(&page(n)),
                None => not_found(),
            }
        }
    })
}

fn hits(home: &Home, words: &str) -> Vec<String> {
    let found = home.ok(&["search", "--site", "stadt", "--mode", "words", words, "--limit", "50"]);
    found["hits"].as_array().unwrap().iter().map(|hit| hit["text"].as_str().unwrap().to_owned()).collect()
}

fn with(hits: &[String], text: &str) -> usize {
    hits.iter().filter(|hit| hit.contains(text)).count()
}

#[test]
fn what_stands_on_every_page_is_found_once_and_can_be_restored() {
    let (home, site) = (Home::with_site(), website());
    let crawl = || home.ok(&["crawl", &site.host, "--site", "stadt", "--allow-private", &site.host]);
    let first = crawl();
    assert_eq!(first["documents"], PAGES + 1, "{first}");
    assert_eq!(first["repeated"], json!({"parts": 3, "documents": PAGES}), "{first}");
    let again = crawl();
    assert_eq!((&again["unchanged"], &again["embedded"]), (&json!(PAGES + 1), &json!(0)), "{again}");
    assert_eq!(again["repeated"], json!({"parts": 3, "documents": 0}), "{again}");

    // Of each part one page keeps it; the telephone number where one would look for it.
    assert_eq!(with(&hits(&home, "Kekse Reichweitenmessung"), COOKIES), 1);
    assert_eq!(with(&hits(&home, "Eisbahn Wochenende"), "Eisbahn"), 1);
    let phone = home.ok(&["search", "--site", "stadt", "Telefonnummer Bürgerbüro"]);
    assert!(phone["hits"][0]["text"].as_str().unwrap().contains(OFFICE), "{phone}");
    assert_eq!(phone["hits"][0]["title"], "Bürgerbüro", "{phone}");
    // What is a page's own stays whole.
    let own = hits(&home, "K23X");
    assert!(own[0].contains("kostet 23 Euro") && !own[0].contains(COOKIES), "{own:?}");
    home.is_sound();

    let parts = home.ok(&["repeated", "list", "--site", "stadt"]);
    let part = |text: &str| -> Value {
        let all = parts["parts"].as_array().unwrap();
        all.iter().map(|p| p["part"].clone()).find(|p| p["text"].as_str().unwrap().contains(text)).unwrap()
    };
    let cookies = part("Kekse");
    assert_eq!((&cookies["pages"], &cookies["of"]), (&json!(PAGES), &json!(PAGES + 1)), "{cookies}");
    assert_ne!(cookies["example"], cookies["home"]);
    let id = cookies["id"].as_str().unwrap();
    home.ok(&["repeated", "keep", "--site", "stadt", id]);
    assert_eq!(with(&hits(&home, "Kekse Reichweitenmessung"), COOKIES), PAGES);
    home.is_sound();
    // Kept is kept, however often the website is read.
    assert_eq!(crawl()["repeated"], json!({"parts": 2, "documents": 0}));
    home.ok(&["repeated", "ignore", "--site", "stadt", id]);
    assert_eq!(with(&hits(&home, "Kekse Reichweitenmessung"), COOKIES), 1);
    home.fails(&["repeated", "keep", "--site", "stadt", "nothing"], "not_found", &["repeated list"]);
}

#[test]
fn print_views_and_archived_copies_are_found_once() {
    let home = Home::with_site();
    let text = "<p>Die Kita Regenbogen liegt am Stadtpark und hat 86 Plätze in vier Gruppen, davon 24 in der Krippe.</p>\
        <p>Geöffnet ist von 7:00 bis 17:00 Uhr, in den Ferien bis 15:00 Uhr, an 25 Tagen im Jahr gar nicht.</p>";
    let page = |title: &str, more: &str| {
        format!(
            "<!doctype html><html lang=de><head><title>{title}</title></head><body><main><h1>{title}</h1>{more}</main></body></html>"
        )
    };
    let (kita, print) =
        (page("Kita Regenbogen", text), page("Kita Regenbogen", &format!("{text}<p>Seite drucken</p>")));
    let other = page("Kita Sonnenschein", &text.replace("Regenbogen", "Sonnenschein"));
    let site = Website::start(move |path| match path {
        "/" => html(&page(
            "Start",
            "<p>Willkommen. <a href=/kita>Kita</a> <a href=/kita/druckversion>Drucken</a> <a href=/kita2>Kita</a></p>",
        )),
        "/kita" => html(&kita),
        "/kita/druckversion" => html(&print),
        "/kita2" => html(&other),
        _ => not_found(),
    });
    let crawl = || home.ok(&["crawl", &site.host, "--site", "stadt", "--allow-private", &site.host]);
    let first = crawl();
    assert_eq!((&first["documents"], &first["copies"]), (&json!(4), &json!(1)), "{first}");
    let found = || {
        let hits = home.ok(&["search", "--site", "stadt", "Kita Plätze Gruppen"]);
        let hits = hits["hits"].as_array().unwrap().iter().map(|hit| hit["key"].as_str().unwrap().to_owned());
        hits.filter(|key| key.contains("/kita"))
            .map(|key| key.rsplit_once(&site.host).unwrap().1.to_owned())
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(found().into_iter().collect::<Vec<_>>(), ["/kita", "/kita2"]);
    home.is_sound();
    let report = home.ok(&["source", "report", first["source_id"].as_str().unwrap()]);
    let rows = report["urls"].as_array().unwrap();
    let row = rows.iter().find(|row| row["url"].as_str().unwrap().ends_with("druckversion")).unwrap();
    assert_eq!((&row["outcome"], &row["code"]), (&json!("duplicate"), &json!("near_duplicate")), "{row}");
    assert!(row["of"].as_str().unwrap().ends_with("/kita"), "{row}");
    let again = crawl();
    assert_eq!(
        (&again["unchanged"], &again["embedded"], &again["copies"]),
        (&json!(4), &json!(0), &json!(1)),
        "{again}"
    );

    let copies = home.ok(&["repeated", "copies", "--site", "stadt"]);
    assert_eq!(copies["copies"][0]["why"], "same", "{copies}");
    home.ok(&["document", "include", "--site", "stadt", copies["copies"][0]["id"].as_str().unwrap()]);
    assert_eq!(found().len(), 3);
    assert_eq!(crawl()["copies"], json!(0), "an editor took it apart");
    home.is_sound();
}
