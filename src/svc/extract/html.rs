//! One HTML page: find the main content, read it, date it, and refuse shells that need scripts.

use scraper::{ElementRef, Html};

use super::assemble::{Event, assemble, leads_elsewhere};
use super::chrome::{Chrome, Level};
use super::facts::{self, Markup};
use super::meta::{self, Meta};
use super::walk::Walker;
use super::{Extracted, RejectCode, Rejected, Report, Warning, dates, scan, text};

/// Ids and classes that name the main content, most trusted first.
const MAIN_NAMES: [&str; 14] = [
    "main-content",
    "maincontent",
    "main",
    "content-main",
    "page-content",
    "hauptinhalt",
    "inhalt",
    "content",
    "contents",
    "main_content",
    "inhaltsbereich",
    "bodycontent",
    "entry-content",
    "post-content",
];

/// Below this many letters a page is suspected to be an empty shell or to have lost its text.
const THIN: usize = 60;

/// Reads a page.
///
/// # Errors
/// `TooComplex`, `NeedsJavascript`.
pub fn read(source: &str, base: &str) -> Result<Extracted, Rejected> {
    scan::check(source)?;
    let page = Html::parse_document(source);
    let meta = meta::read(&page, base);
    let Some(body) = page.root_element().child_elements().find(|e| e.value().name() == "body") else {
        return Ok(finish(meta, Vec::new(), String::new(), Vec::new(), (0, 0)));
    };
    let mut chrome = Chrome::new(body);
    let root = main_of(body, &chrome);
    let mut warnings = Vec::new();
    let mut events = Vec::new();
    let mut measured = (0, 0);
    let mut chosen = (Level::All, root);
    // Strictest reading first; each next one only when the page would be lost.
    for (level, from) in [(Level::All, root), (Level::Certain, root), (Level::Certain, body), (Level::None, body)] {
        chrome.aim(level, from);
        let read = drop_elsewhere(Walker::new(&chrome).run(from), &chrome, from);
        if weigh(&read) > weigh(&events) * 2 {
            let s = chrome.of(from);
            measured = (s.text, s.linked);
            events = read;
            chosen = (level, from);
        }
        if weigh(&events) >= THIN {
            break;
        }
        if level == Level::Certain && from.value().name() == "body" {
            needs_scripts(&page, body, &meta, weigh(&events))?;
        }
    }
    if body.value().name() == root.value().name() && weigh(&events) >= THIN && chrome.of(body).links > 40 {
        warnings.push(Warning::new(
            "no_main",
            "the page does not mark its main content; navigation may remain in the text",
        ));
    }
    let title = title_of(&meta, root, body, &chrome);
    let updated = meta.modified.clone().or_else(|| stated_date(root, body)).or_else(|| meta.published.clone());
    chrome.aim(chosen.0, chosen.1);
    let markup = Markup::read(&page, chosen.1, &chrome, &meta.jsonld);
    let mut found = finish(meta, events, title, warnings, measured);
    found.updated = updated;
    found.facts = facts::collect(&found.title, &found.sections, Some(&markup), base, &mut found.warnings);
    Ok(found)
}

/// Reads markup that is content throughout (rendered Markdown).
pub fn read_fragment(source: &str, base: &str) -> Result<(Vec<Event>, Meta), Rejected> {
    scan::check(source)?;
    let page = Html::parse_document(source);
    let mut chrome = Chrome::new(page.root_element());
    chrome.aim(Level::None, page.root_element());
    Ok((Walker::new(&chrome).run(page.root_element()), meta::read(&page, base)))
}

fn finish(
    meta: Meta,
    events: Vec<Event>,
    title: String,
    warnings: Vec<Warning>,
    (all, linked): (usize, usize),
) -> Extracted {
    let sections = assemble(events, &title);
    Extracted {
        is_link_list: meta.links.len() >= 5 && linked * 10 > all * 6,
        title,
        language: meta.language,
        canonical: meta.canonical,
        stated_url: meta.stated_url,
        updated: None,
        sections,
        links: meta.links,
        noindex: meta.noindex,
        nofollow: meta.nofollow,
        warnings,
        jsonld: meta.jsonld,
        report: Report::default(),
        facts: Vec::new(),
    }
}

fn weigh(events: &[Event]) -> usize {
    events.iter().map(|e| if let Event::Block(b) = e { text::weight(&b.to_text()) } else { 0 }).sum()
}

/// The element that holds the content; `body` when none is convincing.
fn main_of<'a>(body: ElementRef<'a>, chrome: &Chrome) -> ElementRef<'a> {
    let enough = |e: &ElementRef<'a>| {
        let s = chrome.of(*e);
        s.text >= 200 || (s.text >= 20 && (s.h1 || s.text * 4 > chrome.of(body).text))
    };
    let all: Vec<ElementRef<'a>> = body
        .descendent_elements()
        .skip(1)
        .filter(|e| matches!(e.value().name(), "main" | "article" | "div" | "section" | "td"))
        .collect();
    let largest = |test: &dyn Fn(&ElementRef<'a>) -> bool| {
        all.iter().copied().filter(|e| test(e) && enough(e)).max_by_key(|e| (chrome.of(*e).h1, chrome.of(*e).text))
    };
    if let Some(main) = largest(&|e| e.value().name() == "main" || e.attr("role") == Some("main")) {
        return main;
    }
    let articles: Vec<_> = all.iter().filter(|e| e.value().name() == "article" && enough(e)).collect();
    if let [one] = articles.as_slice() {
        return **one;
    }
    for name in MAIN_NAMES {
        let named = |e: &ElementRef<'a>| {
            e.value().id().is_some_and(|i| i.eq_ignore_ascii_case(name))
                || e.value().classes().any(|c| c.eq_ignore_ascii_case(name))
        };
        if let Some(found) = largest(&named) {
            return found;
        }
    }
    body
}

/// Removes what stands under headings like "Das könnte Sie auch interessieren" when it is mostly links.
fn drop_elsewhere(events: Vec<Event>, chrome: &Chrome, root: ElementRef<'_>) -> Vec<Event> {
    let mut out = Vec::with_capacity(events.len());
    let linked = chrome.of(root).links > 0;
    let mut away: Option<u8> = None;
    for event in events {
        if let Event::Heading(level, text) = &event {
            if away.is_some_and(|l| *level <= l) {
                away = None;
            }
            if linked && away.is_none() && leads_elsewhere(text) {
                away = Some(*level);
            }
        }
        let short = matches!(&event, Event::Block(b) if b.to_text().len() > 1_500);
        if (away.is_none() || short) && !asks_back(&event) {
            out.push(event);
        }
    }
    out
}

/// The page asking its reader instead of telling something.
fn asks_back(event: &Event) -> bool {
    const QUESTIONS: [&str; 6] = [
        "war diese seite hilfreich",
        "war dieser artikel hilfreich",
        "war diese information hilfreich",
        "was this page helpful",
        "was this helpful",
        "is this page useful",
    ];
    matches!(event, Event::Block(b) if { let t = b.to_text(); t.len() < 120 && QUESTIONS.iter().any(|q| t.to_lowercase().starts_with(q)) })
}

fn title_of(meta: &Meta, root: ElementRef<'_>, body: ElementRef<'_>, chrome: &Chrome) -> String {
    let walker = Walker::new(chrome);
    let first = |from: ElementRef<'_>, name: &str| {
        from.descendent_elements()
            .filter(|e| e.value().name() == name && !chrome.drops(*e))
            .map(|e| walker.inline(e).trim_end_matches(['¶', '#']).trim().to_owned())
            .find(|t| text::weight(t) > 1 && t.chars().count() <= 300)
    };
    let site = meta.site.as_deref();
    let is_site = |t: &String| site.is_some_and(|s| s.eq_ignore_ascii_case(t));
    let head = meta.title.as_deref().map(|t| text::strip_site(t, site)).filter(|t| !t.is_empty());
    if let Some(h1) = first(root, "h1").filter(|t| !is_site(t)) {
        return h1;
    }
    if let Some(og) =
        meta.og_title.as_deref().map(|t| text::strip_site(t, site)).filter(|t| !t.is_empty() && !is_site(t))
    {
        return og;
    }
    // A heading outside the main content may be the site's name: it counts when the page's title begins with it.
    let outside =
        first(body, "h1").filter(|h| meta.title.as_deref().is_none_or(|t| text::squash(t).starts_with(h.as_str())));
    outside.or(head).or_else(|| first(root, "h2")).unwrap_or_default()
}

fn stated_date(root: ElementRef<'_>, body: ElementRef<'_>) -> Option<String> {
    for time in body.descendent_elements().filter(|e| e.value().name() == "time") {
        let class = time.attr("class").unwrap_or_default();
        if (time.attr("itemprop") == Some("dateModified")
            || class.split_whitespace().any(|c| c == "updated" || c == "modified"))
            && let Some(day) = time.attr("datetime").and_then(dates::parse)
        {
            return Some(day);
        }
    }
    let gather = |e: ElementRef<'_>| {
        let mut all = String::new();
        for part in e.text() {
            all.push_str(part);
            all.push(' ');
        }
        text::squash(&all)
    };
    dates::labelled(&gather(root)).or_else(|| dates::labelled(&gather(body))).or_else(|| {
        let time = root.descendent_elements().find(|e| e.value().name() == "time")?;
        dates::parse(time.attr("datetime").unwrap_or_default())
    })
}

fn needs_scripts(page: &Html, body: ElementRef<'_>, meta: &Meta, weight: usize) -> Result<(), Rejected> {
    const ASKS: [&str; 12] = [
        "enable javascript",
        "javascript aktivieren",
        "javascript is required",
        "requires javascript",
        "javascript is disabled",
        "javascript to run this app",
        "javascript ist deaktiviert",
        "aktivieren sie javascript",
        "benötigt javascript",
        "javascript enabled",
        "ohne javascript",
        "turn on javascript",
    ];
    const SHELLS: [&str; 8] = ["root", "app", "__next", "__nuxt", "q-app", "svelte", "application", "___gatsby"];
    let all: String = page
        .root_element()
        .descendent_elements()
        .filter(|e| matches!(e.value().name(), "noscript" | "p" | "div" | "body"))
        .take(3_000)
        .map(|e| e.children().filter_map(|c| c.value().as_text().map(|t| t.to_string())).collect::<String>())
        .collect::<String>()
        .to_lowercase();
    let asks = text::mentions(&text::squash(&all), &ASKS);
    let scripts = page
        .root_element()
        .descendent_elements()
        .any(|e| e.value().name() == "script" && e.attr("type") != Some("application/ld+json"));
    let shell = body.descendent_elements().skip(1).any(|e| {
        e.value().id().is_some_and(|i| SHELLS.contains(&i))
            || e.value().name().ends_with("-root")
            || e.attr("ng-app").is_some()
    });
    if weight < THIN && (asks || (scripts && shell) || (scripts && weight == 0 && meta.links.is_empty())) {
        return Err(Rejected::new(
            RejectCode::NeedsJavascript,
            "the page shows its content only after running scripts: switch on server rendering there, or upload the text as a file",
        ));
    }
    Ok(())
}
