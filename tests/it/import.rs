//! What other crawlers have read comes in with its addresses, and a second import changes nothing.

use serde_json::json;

use crate::support::Home;

#[test]
fn an_export_of_firecrawl_becomes_pages_with_their_addresses() {
    let home = Home::with_site();
    let page = |url: &str, title: &str, markdown: &str| json!({"markdown": markdown, "metadata": {"sourceURL": url, "title": title, "statusCode": 200}});
    let records = [
        page(
            "https://www.stadt.example/bad?utm_source=x",
            "Hallenbad",
            "Das Hallenbad öffnet um acht Uhr und schließt um zwanzig Uhr.",
        ),
        json!({"html": "<html><body><main><h1>Hundesteuer</h1><p>Die Hundesteuer beträgt achtzig Euro im Jahr.</p></main></body></html>", "metadata": {"sourceURL": "https://www.stadt.example/hund"}}),
        json!({"markdown": "Nicht gefunden", "metadata": {"sourceURL": "https://www.stadt.example/weg", "statusCode": 404}}),
        json!({"markdown": "Ohne Adresse"}),
    ];
    let file = home.write("export.json", json!({"success": true, "data": records}).to_string());
    let first = home.ok(&["import", "firecrawl", &file, "--site", "stadt"]);
    assert_eq!((&first["documents"], first["failed"].as_array().unwrap().len()), (&json!(2), 2), "{first}");
    assert_eq!(first["failed"][0]["code"], "http_error");
    let hits = home.ok(&["search", "--site", "stadt", "Hallenbad öffnet"]);
    assert_eq!(
        (&hits["hits"][0]["url"], &hits["hits"][0]["title"]),
        (&json!("https://www.stadt.example/bad"), &json!("Hallenbad")),
        "{hits}"
    );
    let again = home.ok(&["import", "firecrawl", &file, "--site", "stadt"]);
    assert_eq!((&again["unchanged"], &again["embedded"]), (&json!(2), &json!(0)), "{again}");

    // A cut export gives what it held, and says so; none at all is a failure.
    let whole = json!([records[0], records[1]]).to_string();
    let cut = home.write("cut.json", &whole[..whole.len() - 20]);
    let taken = home.ok(&["import", "firecrawl", &cut, "--site", "stadt"]);
    assert_eq!((&taken["documents"], &taken["failed"][0]["code"]), (&json!(1), &json!("not_json")), "{taken}");
    let none = home.write("none.json", "[]");
    home.fails(&["import", "firecrawl", &none, "--site", "stadt"], "nothing_stored", &["holds no records"]);
    home.fails(&["import", "firecrawl", &file], "bad_request", &["--site"]);
    home.is_sound();
}

#[test]
fn scanned_files_get_the_addresses_in_their_names() {
    let home = Home::with_site();
    home.write(
        "scans/www_stadt_example_de_leben_soziales.md",
        "# Soziales\n\nDas Sozialamt berät montags und dienstags.\n",
    );
    let folder =
        home.write("scans/bauen_antrag.md", "# Bauantrag\n\nDer Bauantrag wird in drei Ausfertigungen eingereicht.\n");
    let folder = std::path::Path::new(&folder).parent().unwrap().display().to_string();
    let args = ["import", "scans", folder.as_str(), "--site", "stadt", "--base", "https://www.ort.example"];
    let taken = home.ok(&args);
    assert_eq!(taken["documents"], 2, "{taken}");
    for (words, url) in [
        ("Sozialamt montags", "https://www.stadt.example.de/leben/soziales"),
        ("Bauantrag Ausfertigungen", "https://www.ort.example/bauen/antrag"),
    ] {
        let hits = home.ok(&["search", "--site", "stadt", words]);
        assert_eq!(hits["hits"][0]["url"], url, "{hits}");
    }
    home.fails(&["import", "scans", &folder, "--site", "stadt", "--base", "ort"], "address_invalid", &["https://"]);
}
