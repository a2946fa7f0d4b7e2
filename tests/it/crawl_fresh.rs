//! What a website says about its pages is heard: dates of the sitemap, directives, canonical addresses, its pace; and what
//! would never end is cut.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Home, Page, Website, article, html, not_found};

fn crawl(home: &Home, site: &Website) -> Value {
    home.ok(&["crawl", &site.host, "--site", "stadt", "--allow-private", &site.host])
}

/// Path → outcome, or the code where there is one, of the last crawl.
fn outcomes(home: &Home, crawled: &Value) -> BTreeMap<String, String> {
    let report = home.ok(&["source", "report", crawled["source_id"].as_str().unwrap()]);
    let rows = report["urls"].as_array().unwrap().clone();
    let said = |row: &Value| row["code"].as_str().or(row["outcome"].as_str()).unwrap().to_owned();
    let path =
        |row: &Value| url::Url::parse(row["url"].as_str().unwrap()).unwrap()[url::Position::BeforePath..].to_owned();
    rows.iter().map(|row| (path(row), said(row))).collect()
}

/// A website with a sitemap: path → (text, date). Counts what it is asked for.
struct Dated {
    pages: Arc<Mutex<BTreeMap<&'static str, (String, &'static str)>>>,
    hits: Arc<Mutex<BTreeMap<String, usize>>>,
    site: Website,
}

impl Dated {
    fn start(dates: [&'static str; 3]) -> Self {
        let text = |what: &str| format!("Auskunft über {what}, ausführlich und für alle verständlich aufgeschrieben.");
        let pages = [("/bad", "das Bad"), ("/hund", "Hunde"), ("/pass", "Pässe")];
        let pages = pages.into_iter().zip(dates).map(|((path, what), date)| (path, (text(what), date))).collect();
        let pages: Arc<Mutex<BTreeMap<_, _>>> = Arc::new(Mutex::new(pages));
        let hits = Arc::new(Mutex::new(BTreeMap::new()));
        let (shown, counted) = (Arc::clone(&pages), Arc::clone(&hits));
        let host = Arc::new(Mutex::new(String::new()));
        let own = Arc::clone(&host);
        let site = Website::start(move |path| -> Page {
            *counted.lock().unwrap().entry(path.to_owned()).or_default() += 1;
            let pages = shown.lock().unwrap();
            match path {
                "/" => html(&article("Start", "Willkommen in der Stadt, hier finden Sie Auskunft.")),
                "/sitemap.xml" => {
                    let host = own.lock().unwrap().clone();
                    let entry = |(path, (_, date)): (&&str, &(String, &str))| {
                        format!("<url><loc>http://{host}{path}</loc><lastmod>{date}</lastmod></url>")
                    };
                    let body = format!("<urlset>{}</urlset>", pages.iter().map(entry).collect::<String>());
                    (200, vec![("Content-Type", "application/xml".to_owned())], body.into_bytes())
                }
                _ => pages.get(path).map_or_else(not_found, |(text, _)| html(&article(path, text))),
            }
        });
        site.host.clone_into(&mut host.lock().unwrap());
        Self { pages, hits, site }
    }

    /// How often each of the three pages was asked for since the last call.
    fn asked(&self) -> Vec<usize> {
        let hits = std::mem::take(&mut *self.hits.lock().unwrap());
        ["/bad", "/hund", "/pass"].iter().map(|path| hits.get(*path).copied().unwrap_or_default()).collect()
    }
}

#[test]
fn dates_of_a_sitemap_that_were_right_save_requests() {
    let (home, town) = (Home::with_site(), Dated::start(["2024-01-01", "2024-02-01T10:00:00Z", "2024-03-01"]));
    let mut seen = Vec::new();
    for _ in 0..2 {
        crawl(&home, &town.site);
        seen.push(town.asked());
    }
    assert_eq!(seen, [[1, 1, 1], [1, 1, 1]], "the second crawl finds out whether the dates are right");
    let third = crawl(&home, &town.site);
    assert_eq!(town.asked(), [0, 0, 0], "{third}");
    assert_eq!((&third["documents"], &third["unchanged"], &third["gone"]), (&json!(4), &json!(4), &json!(0)));

    let new = ("Das Hallenbad öffnet ab heute schon um sechs Uhr früh.".to_owned(), "2024-04-01");
    town.pages.lock().unwrap().insert("/bad", new);
    let fourth = crawl(&home, &town.site);
    assert_eq!((town.asked(), &fourth["changed"]), (vec![1, 0, 0], &json!(1)), "{fourth}");
    // From time to time nothing is believed, so that a sitemap that went wrong is noticed.
    let asked: Vec<Vec<usize>> = (0..6)
        .map(|_| {
            crawl(&home, &town.site);
            town.asked()
        })
        .collect();
    assert_eq!(asked.iter().filter(|asked| **asked == [1, 1, 1]).count(), 1, "{asked:?}");
}

#[test]
fn dates_of_a_sitemap_that_cannot_be_right_save_nothing() {
    for dates in [["2024-01-01"; 3], ["2999-01-01", "2998-01-01", "2997-01-01"]] {
        let (home, town) = (Home::with_site(), Dated::start(dates));
        for _ in 0..3 {
            crawl(&home, &town.site);
            assert_eq!(town.asked(), [1, 1, 1], "{dates:?}");
        }
    }
    // A page changed although its date did not.
    let (home, town) = (Home::with_site(), Dated::start(["2024-01-01", "2024-02-01", "2024-03-01"]));
    crawl(&home, &town.site);
    town.pages.lock().unwrap().get_mut("/hund").unwrap().0 = "Die Hundesteuer beträgt jetzt neunzig Euro.".to_owned();
    for _ in 0..3 {
        town.asked();
        crawl(&home, &town.site);
        assert_eq!(town.asked(), [1, 1, 1]);
    }
}

#[test]
fn what_pages_say_of_themselves_is_heard() {
    let home = Home::with_site();
    let head =
        |head: &str, title: &str, text: &str| html(&article(title, text).replace("<head>", &format!("<head>{head}")));
    let site = Website::start(move |path| match path {
        "/" => head(
            "<base href='/de/'><link rel=alternate hreflang=en href='/en/'>",
            "Start",
            "Willkommen. <a href=amt>Amt</a> <a href=/alt>Alt</a> <a href=/kopie>Kopie</a> <a href=/leise>Leise</a> <a href=/stumm>Stumm</a> <a rel=nofollow href=/ungern>Ungern</a>",
        ),
        "/de/amt" => head("", "Amt", "Das Amt hat am Donnerstag bis achtzehn Uhr offen."),
        "/en/" => head("", "Welcome", "Welcome to the town, here you find what you need."),
        "/alt" => head(
            "<meta http-equiv=refresh content='0; url=/neu'>",
            "Umzug",
            "Diese Seite ist umgezogen, Sie werden weitergeleitet.",
        ),
        "/neu" => head("", "Neu", "Die neue Seite sagt, was früher auf der alten stand."),
        "/kopie" => {
            head("<link rel=canonical href=/de/amt>", "Amt", "Das Amt hat am Donnerstag bis achtzehn Uhr offen.")
        }
        "/leise" => {
            let mut page = head("", "Leise", "Diese Seite soll niemand finden. <a href=/dahinter>Dahinter</a>");
            page.1.push(("X-Robots-Tag", "noindex".to_owned()));
            page
        }
        "/stumm" => {
            let mut page = head("", "Stumm", "Von dieser Seite soll niemand weitergehen. <a href=/verboten>Weiter</a>");
            page.1.push(("X-Robots-Tag", "dialogengine: nofollow".to_owned()));
            page
        }
        "/dahinter" => head("", "Dahinter", "Was hinter einer Seite steht, die niemand finden soll."),
        "/ungern" | "/verboten" => head("", "Verboten", "Hierher führt kein Weg, dem man folgen soll."),
        _ => not_found(),
    });
    let said = outcomes(&home, &crawl(&home, &site));
    let expected = [
        ("/", "indexed"),
        ("/alt", "meta_refresh"),
        ("/dahinter", "indexed"),
        ("/de/amt", "indexed"),
        ("/en/", "indexed"),
        ("/kopie", "canonical"),
        ("/leise", "noindex"),
        ("/neu", "indexed"),
        ("/stumm", "indexed"),
    ];
    assert_eq!(said, expected.map(|(path, what)| (path.to_owned(), what.to_owned())).into());
}

#[test]
fn lists_are_turned_to_their_end_and_what_has_no_end_is_cut() {
    let home = Home::with_site();
    let site = Website::start(|path| {
        let text =
            |n: &str| format!("Eintrag {n} der Stadt, mit allem, was dazu zu wissen ist, in einem eigenen Satz {n}.");
        let (file, query) = path.split_once('?').unwrap_or((path, ""));
        match file {
            "/" => html(&article(
                "Start",
                "Willkommen. <a href='/liste?seite=1'>Liste</a> <a href='/kalender?monat=2026-01'>Kalender</a> <a href='/suche?a=1'>Suche</a> <a href='/x/y'>Ordner</a> <a href='/amt?PHPSESSID=abc123'>Amt</a> <a href='/amt;jsessionid=99'>Amt</a> <a href='/(S(lit3py55t21z5v55vlm25s55))/amt'>Amt</a> <a href='/kalender?monat=2093-01'>Fern</a>",
            )),
            "/liste" => {
                let page: usize = query.trim_start_matches("seite=").parse().unwrap_or(0);
                let next =
                    if page < 60 { format!("<a href='/liste?seite={}'>weiter</a>", page + 1) } else { String::new() };
                html(&article(&format!("Liste {page}"), &format!("{} {next}", text(&format!("L{page}")))))
            }
            "/kalender" => {
                let month = query.trim_start_matches("monat=");
                let (year, at) = month.split_once('-').unwrap_or(("2026", "1"));
                let (year, at) = (year.parse::<usize>().unwrap_or(2026), at.parse::<usize>().unwrap_or(1));
                let next = format!("{}-{:02}", year + at / 12, at % 12 + 1);
                html(&article(
                    &format!("Kalender {month}"),
                    &format!("{} <a href='/kalender?monat={next}'>weiter</a>", text(month)),
                ))
            }
            // Each page offers each filter once more.
            "/suche" => {
                let links: String =
                    "bcdefghijk".chars().map(|c| format!("<a href='/suche?{query}&amp;{c}=1'>{c}</a> ")).collect();
                html(&article(&format!("Suche {query}"), &format!("{} {links}", text(query))))
            }
            "/amt" => html(&article("Amt", "Das Amt hat am Donnerstag bis achtzehn Uhr offen.")),
            folder if folder.starts_with("/x/") => {
                html(&article(folder, &format!("{} <a href='{folder}/x/y'>tiefer</a>", text(folder))))
            }
            _ => not_found(),
        }
    });
    let crawled = crawl(&home, &site);
    let said = outcomes(&home, &crawled);
    let count =
        |start: &str, what: &str| said.iter().filter(|(path, is)| path.starts_with(start) && *is == what).count();
    assert_eq!(count("/liste", "indexed"), 60, "{crawled}");
    assert!((20..=24).contains(&count("/kalender", "indexed")), "{}", count("/kalender", "indexed"));
    assert_eq!(said["/kalender?monat=2093-01"], "trap");
    assert!(count("/suche", "indexed") <= 100 && count("/suche", "trap") > 0, "{}", count("/suche", "indexed"));
    assert_eq!((count("/x/", "indexed"), count("/x/", "trap")), (3, 1));
    assert_eq!(count("/amt", "indexed"), 1, "three spellings of a visit are one page");
    assert!(!said.keys().any(|path| path.contains("jsessionid") || path.contains("PHPSESSID") || path.contains("(S(")));
}

#[test]
fn a_website_sets_the_pace() {
    let home = Home::with_site();
    let times = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&times);
    let site = Website::start(move |path| {
        noted.lock().unwrap().push(Instant::now());
        match path {
            "/robots.txt" => {
                (200, vec![("Content-Type", "text/plain".to_owned())], b"User-agent: *\nCrawl-delay: 0.4\n".to_vec())
            }
            "/" => html(&article("Start", "Willkommen in der Stadt. <a href=/a>A</a> <a href=/b>B</a>")),
            "/a" | "/b" => html(&article(path, &format!("Auskunft über {path}, in einem ganzen Satz."))),
            _ => not_found(),
        }
    });
    crawl(&home, &site);
    let times = times.lock().unwrap();
    // robots.txt and the start page come before the pace is known.
    let gaps: Vec<Duration> = times.windows(2).skip(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.len() >= 2 && gaps.iter().all(|gap| *gap >= Duration::from_millis(200)), "{gaps:?}");
}
