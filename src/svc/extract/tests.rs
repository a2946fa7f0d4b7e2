use super::*;

fn run(bytes: &[u8], content_type: Option<&str>, name: &str) -> Result<Extracted, Rejected> {
    extract(Input { bytes, content_type, path_or_url: name })
}

#[test]
fn refuses_by_bytes_before_name() {
    let html = Some("text/html");
    let cases: [(&[u8], Option<&str>, &str, RejectCode, &str); 11] = [
        (b"%PDF-1.7 x", None, "a.md", RejectCode::Damaged, "PDF"),
        (b"%PDF-1.7 x", html, "https://x.de/a", RejectCode::Damaged, "PDF"),
        (b"PK\x03\x04 word/document.xml", None, "a.docx", RejectCode::Damaged, "Office"),
        (b"text \0\x01\x02 more text", None, "a.txt", RejectCode::Binary, "binary"),
        (b"PK\x03\x04 epub+zip", None, "a.epub", RejectCode::Damaged, "unpacked"),
        (b"PK\x05\x06 and nothing", None, "a.zip", RejectCode::UnsupportedType, "ZIP"),
        (b"text", None, "a.docx", RejectCode::Damaged, "DOCX"),
        (b"{}", Some("application/json"), "https://x.de/a", RejectCode::Empty, "no text"),
        (b"   \n", None, "a.md", RejectCode::Empty, "no text"),
        (b"<html><body></body></html>", html, "a", RejectCode::Empty, "no text"),
        (
            b"<html><body><noscript>You need to enable JavaScript to run this app.</noscript><div id=root></div><script src=a.js></script></body></html>",
            html,
            "https://x.de/",
            RejectCode::NeedsJavascript,
            "scripts",
        ),
    ];
    for (bytes, mime, name, code, word) in cases {
        let refused = run(bytes, mime, name).expect_err(name);
        assert_eq!(refused.code, code, "{name}: {}", refused.reason);
        assert!(refused.reason.contains(word), "{}", refused.reason);
    }
    assert_eq!(
        extract_capped(Input { bytes: b"abc", content_type: None, path_or_url: "a.txt" }, 2).expect_err("cap").code,
        RejectCode::TooLarge
    );
}

#[test]
fn hostile_markup_is_bounded() {
    let deep = format!("<html><body>{}", "<div>".repeat(100_000));
    let slashed = format!("<html><body>{}", "<div/>".repeat(100_000));
    let wide = format!("<html><body><p {}>x", "a=1 ".repeat(100_000));
    for page in [deep, slashed, wide] {
        assert_eq!(run(page.as_bytes(), None, "a.html").expect_err("deep").code, RejectCode::TooComplex);
    }
    let nested = format!("<html><body><main><h1>T</h1>{}Ein Text tief unten im Baum.", "<div>".repeat(1_000));
    let found = run(nested.as_bytes(), None, "a.html").expect("deep enough");
    assert!(found.to_text().contains("tief unten"));
}

#[test]
fn characters() {
    let utf8 =
        "<html><head><meta charset=iso-8859-1></head><body><h1>Müllabfuhr</h1><p>Größe der Tonne</p></body></html>";
    let (latin, _, _) = encoding_rs::WINDOWS_1252.encode(utf8);
    let mut wide: Vec<u8> = vec![0xff, 0xfe];
    wide.extend(utf8.encode_utf16().flat_map(u16::to_le_bytes));
    let cases: [(&[u8], Option<&str>); 5] = [
        (utf8.as_bytes(), None),
        (utf8.as_bytes(), Some("text/html; charset=ISO-8859-1")),
        (&latin, None),
        (&latin, Some("text/html; charset=utf-8")),
        (&wide, None),
    ];
    for (bytes, mime) in cases {
        let found = run(bytes, mime, "a.html").expect("reads");
        assert_eq!(found.title, "Müllabfuhr", "{mime:?}");
        assert!(found.to_text().contains("Größe der Tonne"));
    }
}

#[test]
fn markdown_and_text() {
    let source = "---\ntitle: Hund anmelden\nurl: https://www.stadt.de/hund\nupdated: 12.03.2026\nlang: de\n---\n# Hund anmelden\n\nIntro.\n\n## Gebühren\n\n| Hund | Betrag |\n|---|---|\n| erster | 96 € |\n\n- eins\n- zwei\n";
    let found = run(source.as_bytes(), None, "hund.md").expect("reads");
    assert_eq!(
        (found.title.as_str(), found.stated_url.as_deref(), found.updated.as_deref(), found.language.as_deref()),
        ("Hund anmelden", Some("https://www.stadt.de/hund"), Some("2026-03-12"), Some("de"))
    );
    assert_eq!(found.sections[0].path, Vec::<String>::new());
    assert_eq!(found.sections[1].path, ["Gebühren"]);
    assert_eq!(found.sections[1].blocks[0].to_text(), "Hund: erster; Betrag: 96 €");

    let source = "url: https://stadt.de/a\n\nÖffnungszeiten\n==============\n\nMontag 8 Uhr\nbis 12 Uhr.\n\nKontakt\n-------\n- Telefon 1\n- Fax 2\n";
    let found = run(source.as_bytes(), None, "a.txt").expect("reads");
    assert_eq!(found.title, "Öffnungszeiten");
    assert_eq!(found.stated_url.as_deref(), Some("https://stadt.de/a"));
    assert_eq!(found.to_text(), "Montag 8 Uhr bis 12 Uhr.\nKontakt\n- Telefon 1\n- Fax 2\n");
}

#[test]
fn guessed_addresses() {
    for (name, expect) in [
        ("www_host_de_a_b.md", Some("https://www.host.de/a/b")),
        ("dir/www_bad-urach_de_rathaus.md", Some("https://www.bad-urach.de/rathaus")),
        ("www_host_de.md", Some("https://www.host.de/")),
        ("hundesteuer.md", None),
        ("www_something_else.md", None),
    ] {
        assert_eq!(guess_url(name).as_deref(), expect, "{name}");
    }
}

#[test]
fn dates_in_many_shapes() {
    for (source, expect) in [
        ("2026-03-12T08:00:00+01:00", Some("2026-03-12")),
        ("12.03.2026", Some("2026-03-12")),
        ("12. März 2026", Some("2026-03-12")),
        ("March 12, 2026", Some("2026-03-12")),
        ("12 Mar 2026", Some("2026-03-12")),
        ("31.02.2026", None),
        ("Seite 3 von 12", None),
    ] {
        assert_eq!(dates::parse(source).as_deref(), expect, "{source}");
    }
}

#[test]
fn titles_lose_the_site() {
    for (title, site, expect) in [
        ("Hundesteuer | Stadt Musterstadt", None, "Hundesteuer"),
        ("Stadt Musterstadt – Hundesteuer", None, "Hundesteuer"),
        ("Musterstadt: Hund - Anmeldung", None, "Musterstadt: Hund"),
        ("Hund - Anmeldung - Stadt X", None, "Hund - Anmeldung"),
        ("Musterstadt | Bürgerservice", Some("Musterstadt"), "Bürgerservice"),
    ] {
        assert_eq!(text::strip_site(title, site), expect);
    }
}
