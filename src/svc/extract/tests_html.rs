//! Pages as municipal sites write them: what must be in and what must be out.

use super::*;

struct Page {
    name: &'static str,
    html: &'static str,
    title: &'static str,
    updated: Option<&'static str>,
    inside: &'static [&'static str],
    outside: &'static [&'static str],
}

const PAGES: [Page; 4] = [
    Page {
        name: "TYPO3",
        html: r##"<!doctype html><html lang="de"><head><title>Hundesteuer: Musterstadt</title><meta name="generator" content="TYPO3 CMS"></head><body>
<a class="sr-only" href="#content">Zum Inhalt springen</a><header><div class="logo">Musterstadt</div><nav><ul><li><a href="/rathaus">Rathaus</a></li></ul></nav></header>
<div class="breadcrumb-section"><ol class="breadcrumb"><li><a href="/">Startseite</a></li><li>Hundesteuer</li></ol></div>
<main id="page-content"><div id="c12" class="frame"><h1>Hundesteuer</h1><p>Für jeden Hund ist eine Steuer zu zahlen.<br>Sie ist j&shy;ährlich fällig.</p>
<table class="contenttable"><thead><tr><th>Hund</th><th>Betrag</th></tr></thead><tbody><tr><td>erster Hund</td><td>96&nbsp;€</td></tr><tr><td>zweiter Hund</td><td>144 €</td></tr></tbody></table>
<h2>Öffnungszeiten</h2><table><tr><th>Montag</th><td>8–12 Uhr</td></tr><tr><th>Dienstag</th><td>14–18 Uhr</td></tr></table>
<h2>Kontakt</h2><address>Frau Beispiel<br>Marktplatz 1<br>99999 Musterstadt</address><p>Telefon <a href="tel:+49999912310">09999 123-10</a>, <a href="mailto:steuer@musterstadt.de">E-Mail schreiben</a></p>
<h2>Mehr zum Thema</h2><ul><li><a href="/x">Abfallgebühren der Stadt</a></li></ul></div><p>Stand: 12.03.2026</p><p>War diese Seite hilfreich? <a href="#j">Ja</a></p></main>
<footer>Impressum Datenschutz</footer><div id="cookie-consent">Wir verwenden Cookies.</div></body></html>"##,
        title: "Hundesteuer",
        updated: Some("2026-03-12"),
        inside: &[
            "Sie ist jährlich fällig.",
            "Hund: erster Hund; Betrag: 96 €",
            "Montag: 8–12 Uhr",
            "Frau Beispiel, Marktplatz 1, 99999 Musterstadt",
            "09999 123-10",
            "E-Mail schreiben (steuer@musterstadt.de)",
        ],
        outside: &[
            "Rathaus",
            "Startseite",
            "Zum Inhalt",
            "Abfallgebühren",
            "Impressum",
            "Cookies",
            "(+49",
            "hilfreich",
        ],
    },
    Page {
        name: "WordPress",
        html: r##"<!doctype html><html lang="de-DE"><head><title>Kita Sonnenschein – Gemeinde Dorf</title><meta property="article:modified_time" content="2025-11-02T10:00:00+00:00"></head><body class="page">
<div id="page"><header id="masthead"><h1 class="site-title">Gemeinde Dorf</h1></header><div id="content"><article class="post"><header class="entry-header"><h1 class="entry-title">Kita Sonnenschein</h1></header>
<div class="entry-content"><p>Unsere Kita nimmt Kinder ab einem Jahr auf.</p><details><summary>Wie melde ich mein Kind an?</summary><p>Online über das Portal bis zum 31. Januar.</p></details>
<div class="accordion-collapse" hidden><p>Das Mittagessen kostet 4 Euro.</p></div><div style="display: none">Geheimer Baustein</div>
<dl><dt>Leitung</dt><dd>Herr Muster</dd><dt>Plätze</dt><dd>75</dd></dl><div class="sharedaddy shariff">Teilen auf Facebook</div></div>
<footer class="entry-footer">Kategorie: Familie</footer></article><aside class="widget-area"><h2>Neueste Beiträge</h2><ul><li><a href="/1">Straßenfest am Sonntag</a></li></ul></aside>
<aside><h2>Ansprechpartner</h2><p>Frau Amt, <a href="tel:0999955">Tel. 09999 55</a></p></aside></div></div></body></html>"##,
        title: "Kita Sonnenschein",
        updated: Some("2025-11-02"),
        inside: &[
            "ab einem Jahr",
            "Wie melde ich mein Kind an?",
            "bis zum 31. Januar",
            "Mittagessen kostet 4 Euro",
            "Leitung: Herr Muster",
        ],
        outside: &["Geheimer", "Facebook", "Kategorie", "Straßenfest"],
    },
    Page {
        name: "old builder without landmarks",
        html: r##"<html><head><title>Sperrmüll | Landkreis Nord</title></head><body><ul class="x"><li><a href="a">Aktuelles</a></li><li><a href="b">Politik</a></li><li><a href="c">Tourismus</a></li><li><a href="d">Wirtschaft</a></li></ul>
<table width="100%"><tr><td><table><tr><td><h2>Sperrmüll</h2><p>Sperrmüll wird zweimal im Jahr kostenlos abgeholt. Melden Sie die Abholung bitte mindestens zwei Wochen vorher an.</p><ul><li>Möbel</li><li>Teppiche<ul><li>gerollt</li></ul></li></ul></td></tr></table></td></tr></table></body></html>"##,
        title: "Sperrmüll",
        updated: None,
        inside: &["zweimal im Jahr", "- Möbel\n- Teppiche\n- gerollt"],
        outside: &["Tourismus"],
    },
    Page {
        name: "a page of only teasers keeps its text",
        html: r##"<html lang=en><head><title>News</title></head><body><nav><a href="/">Home</a></nav><div class="teasers"><a href="/1">The town hall is closed on Friday because of the staff outing</a><a href="/2">New opening hours at the recycling yard from January</a></div></body></html>"##,
        title: "News",
        updated: None,
        inside: &["closed on Friday", "recycling yard"],
        outside: &["Home"],
    },
];

#[test]
fn pages() {
    for page in PAGES {
        let found = extract(Input {
            bytes: page.html.as_bytes(),
            content_type: Some("text/html"),
            path_or_url: "https://www.stadt.de/a/",
        })
        .expect(page.name);
        let text = found.to_text();
        assert_eq!(found.title, page.title, "{}", page.name);
        assert_eq!(found.updated.as_deref(), page.updated, "{}", page.name);
        for part in page.inside {
            assert!(text.contains(part), "{}: missing {part:?} in\n{text}", page.name);
        }
        for part in page.outside {
            assert!(!text.contains(part), "{}: should not hold {part:?}\n{text}", page.name);
        }
    }
}

#[test]
fn statements_and_links() {
    let html = r#"<html><head><base href="/b/"><meta name=robots content="noindex, nofollow"><link rel=canonical href="/kanonisch">
<script type="application/ld+json">{"@context":"x","@graph":[{"@type":"GovernmentService","dateModified":"2024-05-01","name":"A"}]}</script></head>
<body><h1>Titel</h1><p>Ein Satz mit genug Text, damit die Seite etwas sagt und gelesen wird.</p><a href="c?x=1#y">C</a><a rel=nofollow href="https://other.de/">O</a><a href="javascript:x()">J</a></body></html>"#;
    let found =
        extract(Input { bytes: html.as_bytes(), content_type: None, path_or_url: "https://a.de/x/y" }).expect("reads");
    assert!(found.noindex && found.nofollow);
    assert_eq!(found.canonical.as_deref(), Some("https://a.de/kanonisch"));
    assert_eq!(found.updated.as_deref(), Some("2024-05-01"));
    assert_eq!(found.jsonld.len(), 1);
    let urls: Vec<_> = found.links.iter().map(|l| (l.url.as_str(), l.nofollow)).collect();
    assert_eq!(urls, [("https://a.de/b/c?x=1#y", false), ("https://other.de/", true)]);
}

#[test]
fn spans_are_filled() {
    let html = "<html><body><main><h1>Zeiten</h1><table><tr><th>Tag</th><th>Ort</th><th>Zeit</th></tr><tr><td rowspan=2>Montag</td><td>Rathaus</td><td>8 Uhr</td></tr><tr><td>Bauhof</td><td>9 Uhr</td></tr></table></main></body></html>";
    let found = extract(Input { bytes: html.as_bytes(), content_type: None, path_or_url: "a.html" }).expect("reads");
    assert!(found.to_text().contains("Tag: Montag; Ort: Bauhof; Zeit: 9 Uhr"), "{}", found.to_text());
}
