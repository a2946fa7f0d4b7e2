//! Crawling a website again: only changes are asked for.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;

use super::tests::{Outcome, Reply, links, moved, page, plan, run_knowing, serve_asked};
use super::{Known, Plan};

/// What the pages of a crawl leave behind, by requested address.
fn remembered(outcome: &Outcome) -> HashMap<String, Known> {
    outcome.pages.values().filter_map(|page| Some((page.requested.clone(), page.known.clone()?))).collect()
}

fn tagged(title: &str, rest: &str, tag: &str, asked: &str) -> Reply {
    if asked.contains(&format!("if-none-match: {tag}")) {
        return Reply::new(304, "text/html", "").with("etag", tag);
    }
    page(title, rest).with("etag", tag)
}

#[tokio::test]
async fn an_unchanged_website_sends_no_page_twice_and_its_links_still_lead_on() {
    let (host, hits) = serve_asked(|path, asked, _| {
        Some(match path {
            "/" => tagged("Start", &links(&["/a", "/alt", "/datum", "/ohne"]), "\"1\"", asked),
            "/a" => tagged("Seite A", &links(&["/tief"]), "W/\"a\"", asked),
            "/alt" => moved("/neu"),
            "/neu" => tagged("Neu", "", "\"n\"", asked),
            "/datum" if asked.contains("if-modified-since: Wed, 21 Oct 2026 07:28:00 GMT") => {
                Reply::new(304, "text/html", "")
            }
            "/datum" => page("Datum", "").with("last-modified", "Wed, 21 Oct 2026 07:28:00 GMT"),
            "/ohne" => page("Ohne", ""),
            "/tief" => tagged("Tief", "", "\"t\"", asked),
            _ => return None,
        })
    })
    .await;
    let plan = Plan { concurrency: 1, ..plan(&host) };
    let first = run_knowing(&plan, &|_| None).await;
    let all = ["/", "/a", "/datum", "/neu", "/ohne", "/tief"];
    assert_eq!((first.paths(), first.same.len()), (all.map(str::to_owned).to_vec(), 0));
    let known = remembered(&first);
    assert_eq!(known.len(), 5, "a page without version or date cannot be asked for changes");

    let again = run_knowing(&plan, &|url| known.get(url).cloned()).await;
    assert_eq!(again.result.as_ref().unwrap().pages, all.len());
    // The start page is fetched to find the website at all; it is compared by its text.
    assert_eq!(again.paths(), ["/", "/ohne"]);
    assert_eq!(again.same.len(), 4);
    assert!(hits.lock().unwrap().contains_key("/tief"), "an unchanged page still leads on");
}

#[tokio::test]
async fn what_changed_comes_whole_and_a_stale_not_modified_is_not_believed() {
    let (host, _) = serve_asked(|path, asked, hit| {
        Some(match path {
            "/" => page("Start", &links(&["/neu", "/weg", "/um", "/luege"])),
            "/neu" => tagged(&format!("Fassung {hit}"), "", &format!("\"{hit}\""), asked),
            "/weg" if hit == 1 => page("Weg", "").with("etag", "\"w\""),
            "/um" => moved(if hit == 1 { "/ziel1" } else { "/ziel2" }),
            // Both targets have the same version: "not modified" would be true of the other page.
            "/ziel1" => tagged("Ziel 1", "", "\"z\"", asked),
            "/ziel2" => tagged("Ziel 2", "", "\"z\"", asked),
            // Nobody asked for changes.
            "/luege" if hit == 1 => Reply::new(304, "text/html", ""),
            "/luege" => page("Doch", ""),
            _ => return None,
        })
    })
    .await;
    let plan = Plan { concurrency: 1, ..plan(&host) };
    let first = run_knowing(&plan, &|_| None).await;
    assert_eq!(first.paths(), ["/", "/luege", "/neu", "/weg", "/ziel1"]);
    let known = remembered(&first);
    let again = run_knowing(&plan, &|url| known.get(url).cloned()).await;
    assert_eq!(again.paths(), ["/", "/luege", "/neu", "/ziel2"]);
    assert!(again.same.is_empty());
    let title = |path: &str| again.pages[&format!("http://{host}{path}")].extracted.title.clone();
    assert_eq!((title("/neu").as_str(), title("/ziel2").as_str()), ("Fassung 2", "Ziel 2"));
    assert_eq!(again.skipped.len(), 1, "{:?}", again.skipped);
}

#[tokio::test]
async fn a_list_is_read_to_its_end_however_alike_its_addresses_are() {
    const PAGES: usize = 2_300;
    let (host, _) = serve_asked(|path, asked, _| {
        let host = asked.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default().trim();
        Some(match path {
            "/" => page("Start", ""),
            "/sitemap.xml" => {
                let urls: String = (0..PAGES).map(|n| format!("<url><loc>http://{host}/a/{n}</loc></url>")).collect();
                Reply::new(200, "application/xml", format!("<urlset>{urls}</urlset>"))
            }
            path if path.starts_with("/a/") => page(path, ""),
            _ => return None,
        })
    })
    .await;
    let plan = Plan { discover_only: true, max_pages: 5_000, ..plan(&host) };
    let found = run_knowing(&plan, &|_| None).await;
    assert_eq!(found.result.as_ref().map(|report| report.pages_found), Ok(PAGES + 1), "{:?}", found.skipped.len());
}
