use std::io::Write as _;

use zip::write::{SimpleFileOptions, ZipWriter};

use super::*;

fn run(bytes: &[u8], name: &str) -> Result<Extracted, Rejected> {
    extract(Input { bytes, content_type: None, path_or_url: name })
}

fn text_of(source: &str, name: &str) -> String {
    let found = run(source.as_bytes(), name).expect(name);
    let lines = found.sections.iter().map(|section| {
        let blocks: Vec<String> = section.blocks.iter().map(Block::to_text).collect();
        format!("[{}] {}", section.path.join(" > "), blocks.join(" / "))
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn zip_of(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        writer.start_file(*name, SimpleFileOptions::default()).expect("part");
        writer.write_all(bytes).expect("part");
    }
    writer.finish().expect("zip").into_inner()
}

fn odt(body: &str) -> Vec<u8> {
    let content = format!("<office:document-content>{body}</office:document-content>");
    zip_of(&[("mimetype", b"application/vnd.oasis.opendocument.text"), ("content.xml", content.as_bytes())])
}

#[test]
fn json_takes_a_shape() {
    for (source, expect) in [
        (r#"{"title":"Bad","Preis":"4,50 €","offen":true,"leer":null}"#, "[] title: Bad\nPreis: 4,50 €\noffen: true"),
        (
            r#"[{"name":"Bad","ort":{"plz":"12345","stadt":"Urach"}},{"name":"Halle","tel":[1,2]}]"#,
            "[] name: Bad; ort plz: 12345; ort stadt: Urach\nname: Halle",
        ),
        (
            r#"{"opening_hours":{"mo":"8–12","di":"geschlossen"},"Wege":["Bus","Rad"]}"#,
            "[opening hours] mo: 8–12\ndi: geschlossen\n[Wege] - Bus\n- Rad",
        ),
        (r#"{"text":"<p>Ein <b>Absatz</b>.</p><ul><li>eins</li></ul>"}"#, "[] Ein Absatz. / - eins"),
        ("{\"a\":\"eins\",\"b\":\"x\"}\n{\"a\":\"zwei\",\"b\":\"y\"}\n", "[] a: eins; b: x\na: zwei; b: y"),
        (
            r#"{"ort":"Turm","punkte":[[9.1,48.2],[9.2,48.3],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2]]}"#,
            "[] ort: Turm",
        ),
    ] {
        assert_eq!(text_of(source, "a.json"), expect, "{source}");
    }
    for (source, code) in [
        ("{\"a\":1".to_owned(), RejectCode::Damaged),
        (format!("{}{}", "[".repeat(5_000), "]".repeat(5_000)), RejectCode::TooComplex),
        (format!("[{}1]", "1,".repeat(600_000)), RejectCode::TooComplex),
        ("{}".to_owned(), RejectCode::Empty),
    ] {
        assert_eq!(run(source.as_bytes(), "a.json").expect_err("refused").code, code, "{source:.40}");
    }
}

#[test]
fn xml_takes_a_shape_and_expands_nothing() {
    for (source, expect) in [
        (
            "<?xml version='1.0'?><ämter><amt id='7'><name>Standesamt</name><raum>12</raum></amt><amt><name>Bauamt</name><raum>3</raum></amt></ämter>",
            "[amt] name: Standesamt; raum: 12\nname: Bauamt; raum: 3",
        ),
        (
            "<artikel><titel>Frist</titel><p>Die Frist ist <b>vier</b> Wochen.</p><p>Sie l&auml;uft ab <i>Zugang</i>.</p></artikel>",
            "[] titel: Frist / Die Frist ist vier Wochen. / Sie läuft ab Zugang.",
        ),
        (
            "<g><gebühr einheit='EUR'>12,50</gebühr><x:art xmlns:x='u'>Pass</x:art></g>",
            "[] gebühr: 12,50 EUR\nart: Pass",
        ),
    ] {
        assert_eq!(text_of(source, "a.xml"), expect, "{source}");
    }
    let mut laughs = "<?xml version='1.0'?><!DOCTYPE l [<!ENTITY a 'hahahahaha'>".to_owned();
    for n in 1..20 {
        laughs.push_str(&format!("<!ENTITY a{n} '{}'>", format!("&a{};", n - 1).repeat(10)));
    }
    laughs.push_str("]><l><p>Es gilt &a19; weiter.</p></l>");
    assert_eq!(
        text_of(&laughs, "l.xml"),
        "[] Es gilt &a19; weiter.",
        "an entity of the file's own stays as it is written"
    );
    for (source, code) in [
        ("<a>".repeat(10_000), RejectCode::TooComplex),
        ("<a><b>x</a>".to_owned(), RejectCode::Damaged),
        ("<a><b>x</b>".to_owned(), RejectCode::Damaged),
        (format!("<a>{}</a>", "<b/>".repeat(600_000)), RejectCode::TooComplex),
        ("<rss><channel/></rss>".to_owned(), RejectCode::UnsupportedType),
    ] {
        assert_eq!(run(source.as_bytes(), "a.xml").expect_err("refused").code, code, "{source:.40}");
    }
}

#[test]
fn open_document_says_what_it_shows() {
    let body = r#"<office:body><office:text>
        <text:tracked-changes><text:p>gelöscht</text:p></text:tracked-changes>
        <text:h text:outline-level="1">Satzung</text:h>
        <text:p>Die Frist<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>In Werktagen.</text:p></text:note-body></text:note><text:s text:c="3"/>beträgt<office:annotation><text:p>stimmt das?</text:p></office:annotation> acht Tage.</text:p>
        <text:list><text:list-item><text:p>eins</text:p><text:list><text:list-item><text:p>unter eins</text:p></text:list-item></text:list></text:list-item><text:list-item><text:h text:outline-level="2">Kapitel</text:h></text:list-item><text:list-item><text:p>zwei</text:p></text:list-item></text:list>
        <table:table table:name="T"><table:table-header-rows><table:table-row><table:table-cell><text:p>Art 1</text:p></table:table-cell><table:table-cell><text:p>Preis</text:p></table:table-cell></table:table-row></table:table-header-rows><table:table-row><table:table-cell><text:p>Pass</text:p></table:table-cell><table:table-cell office:value-type="currency" office:value="70"><text:p>70,00 €</text:p></table:table-cell></table:table-row></table:table>
        </office:text></office:body>"#;
    let found = run(&odt(body), "a.odt").expect("reads");
    let text = found.to_text();
    assert_eq!(found.title, "Satzung");
    assert!(text.contains("Die Frist beträgt acht Tage.\nIn Werktagen."), "{text}");
    assert!(text.contains("- eins\n- unter eins\nKapitel\n- zwei"), "{text}");
    assert!(text.contains("Art 1: Pass; Preis: 70,00 €"), "{text}");
    assert!(!text.contains("gelöscht") && !text.contains("stimmt"), "{text}");
}

#[test]
fn repeated_cells_and_long_names_do_not_multiply() {
    let cell = format!(
        "<table:table-cell table:number-columns-repeated=\"16384\"><text:p>{}</text:p></table:table-cell>",
        "x".repeat(3_000)
    );
    let row = format!("<table:table-row table:number-rows-repeated=\"1048576\">{cell}</table:table-row>");
    let body = format!(
        "<office:body><office:spreadsheet><table:table table:name=\"A\">{}</table:table></office:spreadsheet></office:body>",
        row.repeat(200)
    );
    let found = run(&odt(&body), "a.ods").expect("reads");
    assert!(found.to_text().len() < 32 * 1024 * 1024, "{}", found.to_text().len());
    assert!(found.warnings.iter().any(|warning| warning.code == "rows_cut"), "{:?}", found.warnings);
    let wide = format!(
        "<table><tr><th>{}</th><th>b</th></tr>{}</table>",
        "n".repeat(100_000),
        "<tr><td>1</td><td>2</td></tr>".repeat(2_000)
    );
    let found = run(format!("<html><body><main>{wide}</main></body></html>").as_bytes(), "a.html").expect("reads");
    assert!(found.to_text().len() < 1_000_000, "{}", found.to_text().len());
    let huge = format!("a;b\n{};2\n", "x".repeat(9_000_000));
    let found = run(huge.as_bytes(), "a.csv").expect("reads");
    assert!(found.warnings.iter().any(|warning| warning.code == "cells_cut") && found.to_text().len() < 10_000);
}

/// What `archive::each` gives: paths with the size or the refusal, and how it ended.
fn unpacked(bytes: &[u8]) -> (Vec<String>, Option<RejectCode>) {
    let mut seen = Vec::new();
    let ended = archive::each(bytes, &mut |path, file| {
        seen.push(match file {
            Ok(bytes) => format!("{path} {}", bytes.len()),
            Err(refused) => format!("{path} {}", refused.code.as_str()),
        });
        true
    });
    (seen, ended.err().map(|refused| refused.code))
}

#[test]
fn archives_keep_their_limits() {
    let inner = zip_of(&[("c.txt", b"Drei")]);
    let deeper = zip_of(&[("tief.zip", &zip_of(&[("noch.zip", &inner), ("b.txt", b"Zwei")]))]);
    let names = zip_of(&[
        ("../../etc/passwd", b"a"),
        ("/abs/olut.txt", b"bb"),
        ("c:\\ordner\\datei.txt", b"ccc"),
        ("etc/passwd", b"dddd"),
        ("__MACOSX/x", b"e"),
        (".git/config", b"f"),
    ]);
    let bomb = vec![0_u8; 40 * 1024 * 1024];
    let parts: Vec<(String, &[u8])> = (0..60).map(|n| (format!("{n}.txt"), bomb.as_slice())).collect();
    let parts: Vec<(&str, &[u8])> = parts.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    let (seen, ended) = unpacked(&zip_of(&parts));
    assert_eq!(ended, Some(RejectCode::TooLarge));
    assert!(seen.len() < 60, "a bomb is not unpacked to its end: {}", seen.len());

    let (seen, ended) = unpacked(&names);
    assert_eq!(ended, None);
    assert_eq!(seen, ["etc/passwd 1", "abs/olut.txt 2", "c:/ordner/datei.txt 3", "etc/passwd (2) 4"]);

    let (seen, ended) = unpacked(&zip_of(&[("a.zip", &inner), ("d.txt", b"Vier")]));
    assert_eq!((seen, ended), (vec!["a.zip/c.txt 4".to_owned(), "d.txt 4".to_owned()], None));
    let (seen, _) = unpacked(&deeper);
    assert_eq!(seen, ["tief.zip/noch.zip too_complex", "tief.zip/b.txt 4"]);

    let many: Vec<(String, &[u8])> = (0..21_000).map(|n| (format!("{n}"), &b""[..])).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    assert_eq!(unpacked(&zip_of(&many)).1, Some(RejectCode::TooComplex));

    let mut locked = zip_of(&[("a.txt", b"geheim"), ("b.txt", b"offen")]);
    // The flag of encryption (APPNOTE 4.4.4) in the first entry of the list and before its bytes.
    locked[6] |= 1;
    let listed = locked.windows(4).position(|window| window == b"PK\x01\x02").expect("list");
    locked[listed + 8] |= 1;
    assert_eq!(unpacked(&locked).0, ["a.txt protected", "b.txt 5"]);
    assert_eq!(unpacked(b"PK\x03\x04 and nothing more").1, Some(RejectCode::Damaged));
}

#[test]
fn what_a_zip_is_stands_in_its_list() {
    let office = include_bytes!("../../../tests/it/files/parken.docx");
    assert!(!archive::is_archive(office) && !archive::is_archive(&odt("")));
    // Stored, the names of an inner file's parts stand in the outer file's bytes.
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    writer.start_file("passwd/word/antrag.docx", stored).expect("part");
    writer.write_all(office).expect("part");
    assert!(archive::is_archive(&writer.finish().expect("zip").into_inner()));
}
