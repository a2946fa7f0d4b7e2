//! Rules on cases: as written, and what is stated by it.

use super::*;
use crate::svc::extract::{Input, extract};

/// Facts of a page in short: `kind value`.
fn facts(body: &str) -> Vec<String> {
    let html = format!(
        "<html lang=de><head><title>Amt</title></head><body><main><h1>Amt</h1>{body}<p>Hier steht genug Text, damit die Seite gelesen wird wie sie ist.</p></main></body></html>"
    );
    let input =
        Input { bytes: html.as_bytes(), content_type: Some("text/html"), path_or_url: "https://www.stadt.de/amt/" };
    let found = extract(input).expect("reads").facts;
    let mut short: Vec<String> = found.iter().map(short).collect();
    short.sort();
    short
}

fn short(fact: &Fact) -> String {
    let value = match &fact.stated {
        Stated::Phone { number, role } => format!("{number} {role:?}"),
        Stated::Email { address } => address.clone(),
        Stated::Address { street, postcode, town } => format!("{} {postcode} {town}", street.as_deref().unwrap_or("-")),
        Stated::Hours { weekly, season, .. } => {
            format!("{}{}", weekly.join(","), season.as_ref().map(|s| format!(" {s}")).unwrap_or_default())
        }
        Stated::Price { cents, currency } => format!("{cents} {currency}"),
        Stated::Date { date } | Stated::Deadline { date } | Stated::Updated { date } => date.clone(),
        Stated::Event { start, name, .. } => format!("{start} {name}"),
        Stated::Download { url, file_type, .. } => format!("{file_type} {url}"),
        Stated::Video { url } | Stated::Form { url } => url.clone(),
        Stated::Steps { count } => count.to_string(),
        Stated::Legal { text } => text.clone(),
        Stated::Region { name } => name.clone(),
    };
    format!("{} {value}", fact.stated.kind())
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table of cases")]
fn what_is_stated() {
    let cases: &[(&str, &[&str])] = &[
        ("<p>Tel. 0201 / 88-12345</p>", &["phone +492018812345 Phone"]),
        ("<p>Telefon: +49 (0) 201 88 123, Fax: -99</p>", &["phone +4920188123 Phone"]),
        ("<p>Tel.: 02842/5555-231, Fax: -239</p>", &["phone +4928425555231 Phone", "phone +4928425555239 Fax"]),
        ("<p>Mobil 0171 / 39 20 055</p>", &["phone +491713920055 Mobile"]),
        ("<p>Schreiben Sie an amt(at)stadt.de.</p>", &["email amt@stadt.de"]),
        ("<p>Rathausplatz 1, 45127 Essen</p>", &["address Rathausplatz 1 45127 Essen"]),
        (
            "<p>Am Alten Markt 3 a<br>60311 Frankfurt am Main</p>",
            &["address Am Alten Markt 3 a 60311 Frankfurt am Main"],
        ),
        (
            "<p>Mo–Fr 8–12 Uhr</p>",
            &["hours Mo 08:00-12:00,Tu 08:00-12:00,We 08:00-12:00,Th 08:00-12:00,Fr 08:00-12:00"],
        ),
        (
            "<p>Mo. und Do. 8.30 - 12 Uhr und 14–16 Uhr</p>",
            &["hours Mo 08:30-12:00,Mo 14:00-16:00,Th 08:30-12:00,Th 14:00-16:00"],
        ),
        (
            "<table><tr><th>Montag</th><td>8–12 Uhr</td></tr><tr><th>Dienstag</th><td>geschlossen</td></tr><tr><th>Mittwoch</th><td>14:00–18:00</td></tr></table>",
            &["hours Mo 08:00-12:00,We 14:00-18:00"],
        ),
        ("<p>Die Gebühr beträgt 12,50 €.</p>", &["price 1250 EUR"]),
        ("<p>Kosten: EUR 1.234,00</p>", &["price 123400 EUR"]),
        ("<p>Je nach Größe 10 bis 20 Euro.</p>", &["price 1000 EUR", "price 2000 EUR"]),
        ("<p>Der Ausweis ist kostenfrei.</p>", &["price 0 EUR"]),
        (
            "<table><tr><th>Leistung</th><th>Gebühr in Euro</th></tr><tr><td>Pass</td><td>70,00</td></tr></table>",
            &["price 7000 EUR"],
        ),
        ("<p>Der Antrag ist bis zum 31. März zu stellen.</p>", &["deadline --03-31"]),
        ("<p>Anmeldeschluss ist der 15.04.2025.</p>", &["deadline 2025-04-15"]),
        ("<p>Die Satzung gilt vom 1. Januar bis 31. Dezember 2025.</p>", &["date 2025-01-01", "date 2025-12-31"]),
        ("<p>Stand: 1. Oktober 2024</p>", &["updated 2024-10-01"]),
        (
            "<h2>Termine</h2><ul><li>10.05.2025, 19:30 Uhr: Frühlingskonzert</li><li>12.06.2025: Sommerfest</li></ul>",
            &["event 2025-05-10T19:30 Frühlingskonzert", "event 2025-06-12 Sommerfest"],
        ),
        ("<p><a href='antrag.pdf'>Antrag (PDF, 234 KB)</a></p>", &["download pdf https://www.stadt.de/amt/antrag.pdf"]),
        ("<p><a href='/online'>Online-Antrag stellen</a></p>", &["form https://www.stadt.de/online"]),
        (
            "<iframe src='https://www.youtube-nocookie.com/embed/x'></iframe>",
            &["video https://www.youtube-nocookie.com/embed/x"],
        ),
        ("<ol><li>Füllen Sie den Antrag aus.</li><li>Geben Sie ihn im Rathaus ab.</li></ol>", &["steps 2"]),
        ("<p>Grundlage ist § 3 Abs. 2 KAG.</p>", &["legal § 3 Abs. 2 KAG"]),
        ("<p>Nach § 12 der Hundesteuersatzung.</p>", &["legal § 12 Hundesteuersatzung"]),
        ("<p>Das Angebot gilt nur für den Stadtteil Kettwig.</p>", &["region Stadtteil Kettwig"]),
        (
            "<script type='application/ld+json'>{\"@type\":\"GovernmentOffice\",\"telephone\":\"0201 88-0\",\"openingHours\":[\"Mo-Tu 08:00-12:00\"],\"address\":{\"@type\":\"PostalAddress\",\"streetAddress\":\"Markt 1\",\"postalCode\":\"45127\",\"addressLocality\":\"Essen\"}}</script>",
            &["address Markt 1 45127 Essen", "hours Mo 08:00-12:00,Tu 08:00-12:00", "phone +49201880 Phone"],
        ),
        (
            "<div itemscope itemtype='https://schema.org/Offer'><meta itemprop='price' content='12.5'><meta itemprop='priceCurrency' content='EUR'></div>",
            &["price 1250 EUR"],
        ),
        (
            "<div vocab='https://schema.org/' typeof='Event'><span property='name'>Markttag</span><time property='startDate' datetime='2025-05-10T09:00'>10. Mai</time></div>",
            &["event 2025-05-10T09:00 Markttag"],
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(facts(body), *expected, "{body}");
    }
}

#[test]
fn what_is_none() {
    let cases = [
        "<p>IBAN DE02 1203 0000 0000 2020 51, Kassenzeichen 0123 456 789</p>",
        "<p>Aktenzeichen: 0815/2024-12345</p>",
        "<p>Im Jahr 2024 kamen 12 000 Gäste.</p>",
        "<p>Zimmer 8 bis 12 im zweiten Stock, Raum 3.14</p>",
        "<p>Kapitel 3.1. Voraussetzungen und 3.2. Verfahren</p>",
        "<p>Das Einkommen darf 20.000 Euro nicht übersteigen; Bußgeld bis 500 Euro.</p>",
        "<p>Nach § 5 ist nichts zu tun.</p>",
        "<p>Das ist so, wie Fr. Müller 8 Kinder und Di. Meyer 12 sah.</p>",
        "<p>Der Dienst ist nicht kostenlos.</p>",
        "<ol><li>Berlin</li><li>Köln</li></ol>",
        "<form action='/suche'><input name=q type=search><input name=seite></form>",
    ];
    for body in cases {
        assert_eq!(facts(body), [""; 0], "{body}");
    }
}

#[test]
fn where_it_stands() {
    let html = "<html><body><main><h1>Hund</h1><p>Jeder Hund wird angemeldet und bekommt eine Marke aus Blech.</p><h2>Gebühren</h2><p>Der erste Hund kostet 96 € im Jahr.</p></main></body></html>";
    let found = extract(Input { bytes: html.as_bytes(), content_type: None, path_or_url: "https://a.de/" })
        .expect("reads")
        .facts;
    let [fact] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        (fact.section.as_slice(), fact.block, fact.source),
        (["Gebühren".to_owned()].as_slice(), Some(1), Source::Text)
    );
    assert_eq!((fact.label.as_deref(), fact.written.as_str()), (Some("Der erste Hund kostet"), "96 €"));
}

#[test]
fn a_page_of_nothing_but_facts_is_bounded() {
    let body: String = (0..2_000).map(|n| format!("<p>Posten {n} kostet {n},00 €</p>")).collect();
    assert_eq!(facts(&body).len(), FACTS_MAX);
}
