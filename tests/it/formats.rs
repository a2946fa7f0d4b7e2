//! Files as people have them: PDF and Office files become searchable, and those that cannot be read say why.
//! The files are made by `files/make.py`.

use serde_json::{Value, json};

use crate::support::{Home, Ran, Website, article, html, key, not_found};

fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/it/files/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

const READ: [&str; 4] = ["satzung.pdf", "parken.docx", "hochwasser.pptx", "gebuehren.xlsx"];

/// Passages of the document with this key: heading path and text.
fn passages(home: &Home, key: &str) -> Vec<(String, String)> {
    let list = home.ok(&["document", "list", "--site", "stadt"]);
    let row = list["documents"].as_array().unwrap().iter().find(|d| d["key"].as_str().unwrap().ends_with(key)).unwrap();
    let shown = home.ok(&["document", "show", "--site", "stadt", row["id"].as_str().unwrap()]);
    let path = |chunk: &Value| {
        chunk["section"].as_array().unwrap().iter().map(|h| h.as_str().unwrap()).collect::<Vec<_>>().join(" > ")
    };
    let chunks = shown["chunks"].as_array().unwrap();
    chunks.iter().map(|c| (path(c), c["text"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn pdf_and_office_files_become_passages() {
    let home = Home::with_site();
    for name in READ {
        home.write(&format!("akten/{name}"), file(name));
    }
    let folder = home.path("akten").display().to_string();
    let first = home.ok(&["ingest", "--site", "stadt", &folder]);
    assert_eq!((&first["documents"], &first["failed"]), (&json!(4), &json!([])), "{first}");
    let again = home.ok(&["ingest", "--site", "stadt", &folder]);
    assert_eq!((&again["unchanged"], &again["embedded"]), (&json!(4), &json!(0)), "{again}");

    let pdf =
        passages(&home, "satzung.pdf").into_iter().map(|(path, text)| format!("{path}|{text}")).collect::<String>();
    assert!(pdf.contains("für Urnen fünfzehn Jahre"), "words parted at line ends are joined: {pdf}");
    assert!(pdf.contains("Seite 2") && pdf.contains("Seite 5"), "{pdf}");
    assert!(!pdf.contains("Amtliche Bekanntmachung") && !pdf.contains("von 5"), "running heads are gone: {pdf}");

    let word =
        passages(&home, "parken.docx").into_iter().map(|(path, text)| format!("{path}|{text}\n")).collect::<String>();
    assert!(word.contains("Wer einen Ausweis bekommt"), "{word}");
    assert!(word.contains("Mietvertrag der Wohnung"), "{word}");
    assert!(word.contains("Leistung: Anwohnerparkausweis; Gebühr: 120 Euro"), "{word}");

    let slides = passages(&home, "hochwasser.pptx")
        .into_iter()
        .map(|(path, text)| format!("{path}|{text}\n"))
        .collect::<String>();
    assert!(slides.contains("achtzig Zentimeter") && slides.contains("Baubeginn ist im April"), "{slides}");
    let sheet = passages(&home, "gebuehren.xlsx").into_iter().map(|(_, text)| text).collect::<String>();
    assert!(sheet.contains("Leistung: Handwerkerausweis; Gebühr: 180 Euro"), "{sheet}");
    let hits = home.ok(&["search", "--site", "stadt", "wie lange ist der friedhof offen"]);
    assert_eq!(hits["hits"][0]["key"], "satzung.pdf", "{hits}");
}

#[test]
fn tables_as_text_and_mails_are_read() {
    let home = Home::with_site();
    // As a spreadsheet in German saves it: semicolons, Windows-1252.
    home.write(
        "f/gebuehren.csv",
        b"Leistung;Geb\xfchr\r\nZweitausweis;\"35,00 \x80\"\r\nHandwerkerausweis;180,00 \x80\r\n",
    );
    home.write(
        "f/auskunft.eml",
        "From: Amt <amt@stadt.example>\r\nTo: Frau M. <m@privat.example>\r\nSubject: =?utf-8?Q?Sperrm=C3=BCll_anmelden?=\r\nDate: Thu, 12 Mar 2026 08:00:00 +0100\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nSperrm=C3=BCll holen wir zweimal im Jahr kostenlos ab.\r\n\r\n> Wie oft wird er geholt?\r\n\r\n-- \r\nStadtwerke\r\n",
    );
    home.write(
        "f/alt.mbox",
        "From a@b Thu Mar 12 08:00:00 2026\nSubject: Erste\n\nDer erste Text aus dem Postfach.\n\nFrom a@b Fri Mar 13 08:00:00 2026\nSubject: Zweite\n\nDer zweite Text aus dem Postfach.\n",
    );
    // No names of columns, and commas in the numbers.
    home.write("f/preise.csv", "Perso;37,00\nPass;70,00\n");
    home.write("f/leer.eml", "");
    let got = home.ok(&["ingest", "--site", "stadt", &home.path("f").display().to_string()]);
    assert_eq!((&got["documents"], got["failed"].as_array().map(Vec::len)), (&json!(4), Some(1)), "{got}");
    let text =
        |key: &str| passages(&home, key).into_iter().map(|(path, text)| format!("{path}|{text}\n")).collect::<String>();
    assert!(text("gebuehren.csv").contains("Leistung: Zweitausweis; Gebühr: 35,00 €"), "{}", text("gebuehren.csv"));
    assert!(text("preise.csv").contains("Perso: 37,00"), "{}", text("preise.csv"));
    let mail = text("auskunft.eml");
    assert!(mail.contains("Sperrmüll holen wir zweimal im Jahr kostenlos ab."), "{mail}");
    assert!(!mail.contains("Wie oft") && !mail.contains("privat.example") && !mail.contains("Stadtwerke"), "{mail}");
    let mails = text("alt.mbox");
    assert!(mails.contains("Erste") && mails.contains("Der zweite Text"), "{mails}");
}

#[test]
fn files_that_cannot_be_read_say_why_and_harm_no_other() {
    let home = Home::with_site();
    for name in ["scan.pdf", "geheim.pdf", "satzung.pdf"] {
        home.write(&format!("akten/{name}"), file(name));
    }
    home.write("akten/kaputt.pdf", b"%PDF-1.7\nnothing of the kind");
    home.write("akten/abgeschnitten.docx", &file("parken.docx")[..20_000]);
    // The bytes decide, not the name.
    home.write("akten/umbenannt.md", file("satzung.pdf"));
    let folder = home.path("akten").display().to_string();
    let got = home.ok(&["ingest", "--site", "stadt", &folder]);
    assert_eq!((&got["documents"], &got["duplicates"]), (&json!(2), &json!(1)), "{got}");
    let failed = got["failed"].as_array().unwrap();
    for (name, code, says) in [
        ("scan.pdf", "empty", "OCR"),
        ("geheim.pdf", "protected", "password"),
        ("kaputt.pdf", "damaged", "cannot be read"),
        ("abgeschnitten.docx", "damaged", "cannot be read"),
    ] {
        let row = failed.iter().find(|row| row["path"] == name).unwrap_or_else(|| panic!("{name}: {got}"));
        assert_eq!(row["code"], code, "{row}");
        assert!(row["reason"].as_str().unwrap().contains(says), "{row}");
    }
    assert_eq!(failed.len(), 4, "{got}");
}

#[test]
fn files_on_a_website_are_read_with_its_pages() {
    let home = Home::with_site();
    let pdf = file("satzung.pdf");
    let site = Website::start(move |path| match path {
        "/" => html(&article(
            "Friedhof",
            "Alles zum Friedhof der Gemeinde. <a href=/amt/satzung.pdf>Satzung</a> <a href=/scan.pdf>Plan</a>",
        )),
        "/amt/satzung.pdf" => (200, vec![("Content-Type", "application/pdf".to_owned())], pdf.clone()),
        "/scan.pdf" => (200, vec![("Content-Type", "application/pdf".to_owned())], file("scan.pdf")),
        _ => not_found(),
    });
    let got = home.ok(&["crawl", &site.host, "--site", "stadt", "--allow-private", &site.host]);
    assert_eq!((&got["pages"], &got["skipped"]["empty"]), (&json!(2), &json!(1)), "{got}");
    let hits = home.ok(&["search", "--site", "stadt", "Ruhezeit Urnen"]);
    assert_eq!(hits["hits"][0]["url"], json!(format!("http://{}/amt/satzung.pdf", site.host)), "{hits}");
    assert_eq!(hits["hits"][0]["title"], "Friedhofssatzung");
}

#[test]
fn open_document_books_and_old_office_forms_are_read() {
    let home = Home::with_site();
    for name in ["parken.odt", "beitraege.ods", "hochwasser.odp", "chronik.epub", "alt.zip"] {
        home.write(&format!("f/{name}"), file(name));
    }
    let got = home.ok(&["ingest", "--site", "stadt", &home.path("f").display().to_string()]);
    assert_eq!((&got["documents"], &got["failed"]), (&json!(7), &json!([])), "{got}");
    let text =
        |key: &str| passages(&home, key).into_iter().map(|(path, text)| format!("{path}|{text}\n")).collect::<String>();
    for (key, says) in [
        (
            "/parken.odt",
            &["Wer einen Ausweis bekommt", "- Fahrzeugschein", "Leistung: Zweitausweis; Gebühr: 35 Euro"][..],
        ),
        (
            "/beitraege.ods",
            &["Beiträge", "Gruppe: Krippe; Beitrag: 1.234,50 €; Nachlass: 12,5%", "Tag: Montag; Uhrzeit: 7 bis 17 Uhr"],
        ),
        ("/hochwasser.odp", &["achtzig Zentimeter", "Zeitplan\n", "Baubeginn ist im April"]),
        ("/chronik.epub", &["Die Gründung\nDie Gemeinde wurde im Jahr 1284", "Die Mühle\nDie Mühle am Bach"]),
        ("alt.zip/parken.doc", &["Wer einen Ausweis bekommt", "Handwerkerausweis"]),
        ("alt.zip/folien.ppt", &["achtzig Zentimeter", "Baubeginn ist im April"]),
        ("alt.zip/gebuehren.xls", &["Leistung: Anwohnerparkausweis; Gebühr: 120 Euro"]),
    ] {
        let whole = text(key.trim_start_matches('/'));
        for say in says {
            assert!(whole.contains(say), "{key} does not say {say:?}: {whole}");
        }
    }
    assert!(!text("chronik.epub").contains("Inhaltsverzeichnis"));
}

#[test]
fn data_files_become_tables_and_archives_their_files() {
    let home = Home::with_site();
    home.write("f/ämter.json", r#"{"title":"Ämter","ämter":[{"name":"Bauamt","telefon":"07125 1-20","zimmer":3},{"name":"Standesamt","telefon":"07125 1-30","zimmer":12}]}"#);
    home.write("f/frist.xml", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><satzung><titel>Frist</titel><absatz>Die Frist betr\u{e4}gt vier Wochen.</absatz></satzung>".chars().map(|c| c as u8).collect::<Vec<u8>>());
    home.write("f/akten.zip", file("alt.zip"));
    let got = home.ok(&["ingest", "--site", "stadt", &home.path("f").display().to_string()]);
    assert_eq!((&got["documents"], &got["failed"]), (&json!(5), &json!([])), "{got}");
    let text =
        |key: &str| passages(&home, key).into_iter().map(|(path, text)| format!("{path}|{text}\n")).collect::<String>();
    assert!(text("ämter.json").contains("name: Bauamt; telefon: 07125 1-20; zimmer: 3"), "{}", text("ämter.json"));
    assert!(text("frist.xml").contains("Die Frist beträgt vier Wochen."), "{}", text("frist.xml"));
    let again = home.ok(&["ingest", "--site", "stadt", &home.path("f/akten.zip").display().to_string()]);
    assert_eq!((&again["unchanged"], &again["embedded"]), (&json!(3), &json!(0)), "{again}");
}

#[test]
fn what_was_read_of_a_file_is_told() {
    let home = Home::with_site();
    home.write("f/satzung.pdf", file("satzung.pdf"));
    home.write("f/gebuehren.xlsx", file("gebuehren.xlsx"));
    home.write("f/wenig.md", "# Ausweis\n\nEin Ausweis kostet 37 Euro.\n\n# Pass\n\nEin Pass kostet 70 Euro.\n");
    home.ok(&["ingest", "--site", "stadt", &home.path("f").display().to_string()]);
    let report = |key: &str| home.ok(&["document", "show", "--site", "stadt", key])["document"]["report"].clone();
    let pdf = report("satzung.pdf");
    assert_eq!((&pdf["format"], &pdf["pages"], &pdf["pages_without_text"]), (&json!("pdf"), &json!(5), &json!([3])));
    assert_eq!((&pdf["sections"], &pdf["notes"][0]["code"]), (&json!(4), &json!("pages_without_text")), "{pdf}");
    let sheet = report("gebuehren.xlsx");
    assert_eq!((&sheet["format"], &sheet["tables"], &sheet["pages"]), (&json!("office"), &json!(2), &Value::Null));
    let text = report("wenig.md");
    assert_eq!((&text["sections"], &text["tables"], &text["notes"]), (&json!(2), &json!(0), &Value::Null), "{text}");
    // Title apart: "Ein Ausweis kostet 37 Euro.", the heading "Pass" and its text.
    assert_eq!(text["characters"], json!(27 + 4 + 24), "{text}");

    let secret = key(&home, "stadt", "documents");
    let server = home.serve();
    let list = server.call("GET", "/api/v1/sites/stadt/documents", &secret, &Value::Null).json();
    for row in list["documents"].as_array().unwrap() {
        // The sheet has no title of its own.
        let expect = if row["key"] == "wenig.md" { "indexed" } else { "indexed_with_warnings" };
        assert_eq!(row["outcome"], expect, "{row}");
        let path = format!("/api/v1/sites/stadt/documents/{}", row["id"].as_str().unwrap());
        let shown = server.call("GET", &path, &secret, &Value::Null).json();
        assert_eq!(shown["report"], report_of(&shown, [&pdf, &sheet, &text]), "{shown}");
    }
}

fn report_of(shown: &Value, [pdf, sheet, text]: [&Value; 3]) -> Value {
    match shown["key"].as_str() {
        Some("satzung.pdf") => pdf.clone(),
        Some("gebuehren.xlsx") => sheet.clone(),
        _ => text.clone(),
    }
}

/// A home whose configuration names a script for text recognition.
fn with_recognition(script: &str, seconds: u64) -> Home {
    let home = Home::with_site();
    let path = home.write("erkennen.sh", script);
    home.write("config.toml", format!("[extract]\nocr_command = [\"/bin/sh\", \"{path}\"]\nocr_seconds = {seconds}\n"));
    for name in ["scan.pdf", "satzung.pdf"] {
        home.write(&format!("f/{name}"), file(name));
    }
    home.write("f/aushang.png", b"\x89PNG\r\n\x1a\nno picture, but the script does not look");
    home
}

#[test]
fn a_command_may_recognise_text_in_pictures() {
    // It gets a file of its own in a folder of its own, and nothing of this environment.
    let script = "test -s \"$1\" && test -z \"$HOME\" && test \"$(stat -c %a \"$PWD\")\" = 700 || exit 3\ncase \"$1\" in\n*.png) echo 'Der Aushang: Das Freibad öffnet am 1. Mai.' ;;\n*) printf 'Der Plan zeigt den Festplatz am Mühlbach.\\n\\014zwei\\n\\014Auf dem Bild steht: Eingang Nord.\\n\\014vier\\n\\014\\014' ;;\nesac\n";
    let home = with_recognition(script, 60);
    let temp = home.path("temp");
    std::fs::create_dir(&temp).unwrap();
    let mut ingest = home.verb(&["ingest", "--site", "stadt", &home.path("f").display().to_string()]);
    let got = Ran::of(ingest.env("TMPDIR", &temp)).json();
    assert_eq!((&got["documents"], &got["failed"]), (&json!(3), &json!([])), "{got}");
    assert_eq!(std::fs::read_dir(&temp).unwrap().count(), 0, "the folders are gone");
    let text =
        |key: &str| passages(&home, key).into_iter().map(|(path, text)| format!("{path}|{text}\n")).collect::<String>();
    assert!(text("aushang.png").contains("Freibad öffnet am 1. Mai"), "{}", text("aushang.png"));
    assert!(text("scan.pdf").contains("Festplatz am Mühlbach"), "{}", text("scan.pdf"));
    let mixed = text("satzung.pdf");
    assert!(mixed.contains("Eingang Nord") && !mixed.contains("Festplatz"), "only pages without text: {mixed}");
    let report = &home.ok(&["document", "show", "--site", "stadt", "scan.pdf"])["document"]["report"];
    assert_eq!(report["notes"][0]["code"], "recognised", "{report}");
}

#[test]
fn a_recognition_that_fails_is_named_and_stops_nothing() {
    for (script, says) in [
        ("sleep 600 & sleep 600\n", "takes longer than 1 seconds"),
        ("echo Halb; exit 7\n", "exit status: 7"),
        ("exec yes immer weiter\n", "prints more than 16 MB"),
    ] {
        let home = with_recognition(script, if says.contains("longer") { 1 } else { 60 });
        let got = home.ok(&["ingest", "--site", "stadt", &home.path("f").display().to_string()]);
        assert_eq!(got["documents"], json!(1), "{got}");
        let failed = got["failed"].as_array().unwrap();
        assert_eq!(failed.len(), 2, "{got}");
        for row in failed {
            assert!(row["reason"].as_str().unwrap().contains(says), "{row}");
        }
        let report = &home.ok(&["document", "show", "--site", "stadt", "satzung.pdf"])["document"]["report"];
        assert!(
            report["notes"].as_array().unwrap().iter().any(|note| note["code"] == "recognition_failed"),
            "{report}"
        );
    }
}

/// A ZIP of these parts.
fn zip_of(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut writer, bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn files_that_eat_memory_take_only_themselves_down() {
    let home = Home::with_site();
    home.write("f/satzung.pdf", file("satzung.pdf"));
    // 801 bytes, of which a page's content unpacks to six gigabytes.
    home.write("f/bombe.pdf", file("bombe.pdf"));
    // A cell of a hundred megabytes.
    let cell = "x".repeat(100 * 1024 * 1024);
    let sheet = format!(
        "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>{cell}</t></is></c></row></sheetData></worksheet>"
    );
    let rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let book = format!(
        "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" xmlns:r=\"{rel}\"><sheets><sheet name=\"A\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
    );
    let root = format!(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"r1\" Type=\"{rel}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
    );
    let sheets =
        root.replace("/officeDocument\" Target=\"xl/workbook.xml", "/worksheet\" Target=\"worksheets/sheet1.xml");
    home.write("f/zelle.xlsx", zip_of(&[
        ("[Content_Types].xml", b"<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"xml\" ContentType=\"application/xml\"/></Types>"),
        ("_rels/.rels", root.as_bytes()),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", sheets.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ]));
    // Forty megabytes of nothing, sixty times.
    let nothing = vec![0_u8; 40 * 1024 * 1024];
    let names: Vec<String> = (0..60).map(|n| format!("{n}.txt")).collect();
    let parts: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), nothing.as_slice())).collect();
    home.write("f/bombe.zip", zip_of(&parts));
    let got = home.ok(&["ingest", "--site", "stadt", &home.path("f").display().to_string()]);
    let failed = got["failed"].as_array().unwrap();
    let reason = |name: &str| failed.iter().find(|row| row["path"] == name).map(|row| row["reason"].as_str().unwrap());
    assert!(reason("bombe.pdf").is_some_and(|text| text.contains("2048 MB of memory")), "{got}");
    assert!(reason("bombe.zip").is_some_and(|text| text.contains("unpacks to far more")), "{got}");
    assert_eq!(reason("satzung.pdf"), None, "{got}");
    // The cell is cut, or the file refused; either way it is said, and the rest stands.
    match reason("zelle.xlsx") {
        Some(text) => assert!(text.contains("cannot be read"), "{text}"),
        None => {
            let report = home.ok(&["document", "show", "--site", "stadt", "zelle.xlsx"])["document"]["report"].take();
            assert!(report["notes"].as_array().unwrap().iter().any(|note| note["code"] == "cells_cut"), "{report}");
            assert!(report["characters"].as_u64().unwrap() < 10_000, "{report}");
        }
    }
    home.is_sound();
}
