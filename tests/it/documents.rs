//! Documents as an editor handles them, on the real binary: what is deleted is gone everywhere.

use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::crash::with_services;
use crate::support::{Home, Server, Website, article, html};

/// Whether a file below `dir` holds the bytes.
fn holds(dir: &Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(dir).into_iter().flatten().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            holds(&path, bytes)
        } else {
            std::fs::read(&path).unwrap().windows(bytes.len()).any(|window| window == bytes)
        }
    })
}

/// The job as it ended.
fn ended(server: &Server, key: &str, job: &Value) -> Value {
    let path = format!("/api/v1/jobs/{}", job["job_id"].as_str().unwrap_or_else(|| panic!("{job}")));
    loop {
        let job = server.call("GET", &path, key, &json!(null)).json();
        match job["state"].as_str().unwrap() {
            "queued" | "running" => std::thread::sleep(Duration::from_millis(50)),
            _ => return job,
        }
    }
}

fn secret(home: &Home) -> String {
    let made = home.ok(&["key", "create", "--site", "stadt", "--scope", "documents,search"]);
    made["key"].as_str().unwrap().to_owned()
}

fn vectors(home: &Home) -> Vec<Vec<u8>> {
    let lines = home.dump();
    let of = lines.iter().filter_map(|line| line.strip_prefix("vectors "));
    of.map(|line| line.as_bytes().to_vec()).collect()
}

/// What the files of the indexes hold: how many entries of a dictionary, deleted ones included, have the word `xqz7`; and
/// how many passages have a vector.
fn index_files(home: &Home) -> (u64, usize) {
    with_services(&home.data, async |services| {
        let site = dialogengine::svc::site::find(&services.store, "stadt").unwrap().id;
        services.indexes.caught_up(site).await.unwrap();
        let index = services.indexes.site(site).unwrap();
        (index.words().document_frequency("xqz7"), index.vectors().keys().len())
    })
}

#[test]
fn a_deleted_document_is_gone_from_tables_indexes_blobs_and_search() {
    let home = Home::with_site();
    let shared = "Der gemeinsame Satz steht in beiden Dokumenten und bleibt.";
    let key = secret(&home);
    let server = home.serve().with_model();
    let only = "Die Zwergplanetenverordnung xqz7 gilt nur hier.";
    let texts = [format!("# Gleicher Titel\n\n{only}\n\n{shared}"), format!("# Gleicher Titel\n\n{shared}")];
    for (name, text) in ["weg.md", "da.md"].iter().zip(&texts) {
        let sent = server.call("POST", "/api/v1/sites/stadt/documents", &key, &json!({"name": name, "text": text}));
        assert_eq!(sent.status, 202, "{}", sent.text());
        assert_eq!(ended(&server, &key, &sent.json())["state"], "done");
    }
    server.stop();
    let blobs = home.data.join("blobs");
    assert!(holds(&blobs, only.as_bytes()));
    let before = vectors(&home);
    let indexed = index_files(&home);
    assert_eq!(indexed, (1, 2), "the word stands in a dictionary, and both passages have a vector");
    let kept = home.ok(&["document", "show", "--site", "stadt", "da.md"])["document"]["chunks"].clone();

    let list = home.ok(&["document", "list", "--site", "stadt"]);
    assert_eq!(list["total"], 2, "{list}");
    home.ok(&["document", "delete", "--site", "stadt", "weg.md"]);
    home.ok(&["index", "rebuild"]);

    let dump = home.dump();
    let traces: Vec<&String> =
        dump.iter().filter(|line| line.contains("Zwergplaneten") && !line.starts_with("jobs ")).collect();
    assert!(traces.is_empty(), "{traces:?}");
    assert!(!holds(&blobs, only.as_bytes()));
    assert_eq!(index_files(&home), (0, 1));
    let after = vectors(&home);
    // A passage and its sentence; the sentence stood in the deleted document, too.
    assert_eq!((before.len(), after.len()), (4, 2));
    assert!(after.iter().all(|vector| before.contains(vector)), "nothing was embedded anew");
    let hits = home.ok(&["search", "--site", "stadt", "Zwergplanetenverordnung"]);
    assert!(
        hits["hits"].as_array().unwrap().iter().all(|hit| !hit["text"].as_str().unwrap().contains("Zwergplan")),
        "{hits}"
    );
    assert_eq!(home.ok(&["document", "show", "--site", "stadt", "da.md"])["document"]["chunks"], kept);
    home.is_sound();
}

#[test]
fn a_deleted_page_does_not_come_back_with_the_next_crawl_unless_asked_for() {
    let home = Home::with_site();
    let site = Website::start(|path| match path {
        "/" => html(&article("Start", "Willkommen in der Stadt. <a href='/alt'>Alte Seite der Verwaltung</a>")),
        _ => html(&article("Alte Seite", "Diese alte Seite will im Rathaus niemand mehr sehen, sie stört nur.")),
    });
    let crawl = || home.ok(&["crawl", &site.host, "--site", "stadt", "--allow-private", &site.host]);
    crawl();
    let list = home.ok(&["document", "list", "--site", "stadt"]);
    let row = list["documents"].as_array().unwrap().iter().find(|row| row["title"] == "Alte Seite").unwrap().clone();
    home.ok(&["document", "delete", "--site", "stadt", row["id"].as_str().unwrap()]);
    let again = crawl();
    assert_eq!((again["documents"].as_u64(), again["skipped"]["deleted"].as_u64()), (Some(1), Some(1)), "{again}");
    let deleted = home.ok(&["document", "list", "--site", "stadt", "--state", "deleted"]);
    assert_eq!(deleted["documents"][0]["key"], row["key"], "{deleted}");
    home.ok(&["document", "allow", "--site", "stadt", row["key"].as_str().unwrap()]);
    assert_eq!(crawl()["documents"], 2);
}

/// A form with files.
fn form(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, bytes) in files {
        let head = format!("--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--X--\r\n");
    body
}

/// Looks until it is so.
fn until(what: &str, is_so: &dyn Fn() -> bool) {
    for _ in 0..600 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{what}");
}

#[test]
fn many_files_are_one_job_and_each_has_its_result() {
    let home = Home::with_site();
    let key = secret(&home);
    let server = home.serve().with_model();
    let bearer = format!("Bearer {key}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "multipart/form-data; boundary=X")];
    let send = |files: &[(&str, &[u8])]| {
        let sent = server.send("POST", "/api/v1/sites/stadt/documents", &headers, &form(files));
        assert_eq!(sent.status, 202, "{}", sent.text());
        ended(&server, &key, &sent.json())
    };
    let outcomes = |job: &Value| -> Vec<String> {
        let rows = job["result"]["files"].as_array().unwrap_or_else(|| panic!("{job}"));
        rows.iter().map(|row| row["outcome"].as_str().unwrap().to_owned()).collect()
    };
    let text = "# Hallenbad\n\nDas Hallenbad ist montags geschlossen.".as_bytes();
    let job = send(&[("bad.md", text), ("kopie.md", text), ("kaputt.pdf", b"%PDF-1.7 nichts"), ("leer.txt", b"")]);
    assert_eq!((job["state"].as_str(), job["files"].as_array().map(Vec::len)), (Some("done"), Some(4)), "{job}");
    assert_eq!(outcomes(&job), ["new", "duplicate", "failed", "failed"], "{job}");
    let rows = job["result"]["files"].as_array().unwrap();
    assert_eq!(rows[1]["same_as"], "bad.md");
    for row in &rows[2..] {
        assert!(!row["code"].as_str().unwrap().is_empty() && row["reason"].as_str().unwrap().len() > 10, "{row}");
    }
    // The same once more says so, and a failure is kept until it is mended.
    let again = send(&[("bad.md", text), ("leer.txt", b"Jetzt steht etwas in der Datei.")]);
    assert_eq!(outcomes(&again), ["unchanged", "new"], "{again}");
    let failed = server.call("GET", "/api/v1/sites/stadt/documents?state=failed", &key, &json!(null)).json();
    assert_eq!((&failed["total"], &failed["documents"][0]["key"]), (&json!(1), &json!("kaputt.pdf")), "{failed}");
    // Of what could not be read nothing is kept; of copies one.
    let files = |dir: &Path| std::fs::read_dir(dir).unwrap().flatten().map(|entry| entry.path()).collect::<Vec<_>>();
    let blobs = || files(&home.data.join("blobs")).iter().map(|dir| files(dir).len()).sum::<usize>();
    until("two files are kept", &|| blobs() == 2);
    // Reading again takes the kept bytes.
    let reindex = |body: Value| {
        let queued = server.call("POST", "/api/v1/sites/stadt/documents/reindex", &key, &body);
        ended(&server, &key, &queued.json())
    };
    let done = reindex(json!({"q": "hallen"}));
    assert_eq!((&done["result"]["documents"], &done["result"]["read"]), (&json!(1), &json!(1)), "{done}");
    assert_eq!(reindex(json!({"q": "gibt es nicht"}))["errors"][0]["code"], "not_found");
    server.stop();
    home.is_sound();
}

#[test]
fn an_audit_names_what_differs_and_mends_it() {
    let home = Home::with_site();
    let file = home.write("f/bad.md", "# Hallenbad\n\nDas Hallenbad ist montags geschlossen.");
    home.write("f/weg.md", "# Freibad\n\nDas Freibad liegt am Fluss.");
    home.ok(&["ingest", "--site", "stadt", &home.path("f").display().to_string()]);
    let clean = home.ok(&["index", "audit"]);
    assert_eq!(clean["differences"], 0, "{clean}");
    std::fs::write(&file, "# Hallenbad\n\nDas Hallenbad ist dienstags geschlossen.").unwrap();
    let open = std::fs::File::options().append(true).open(&file).unwrap();
    open.set_modified(SystemTime::now() - Duration::from_secs(100)).unwrap();
    std::fs::remove_file(home.path("f/weg.md")).unwrap();
    let found = home.run(&["index", "audit"]);
    let audit = found.json()["sites"]["stadt"].take();
    let counts = (audit["missing"].as_u64(), audit["stale"].as_u64(), audit["surplus"].as_u64());
    assert_eq!((found.code, counts), (Some(1), (Some(0), Some(1), Some(1))), "{audit}");
    let findings = audit["findings"].as_array().unwrap();
    assert!(findings.iter().any(|f| f["key"] == "bad.md" && f["mend"] == "read"), "{audit}");
    home.ok(&["index", "audit", "--mend"]);
    let after = home.run(&["index", "audit"]).json();
    assert_eq!((&after["differences"], &after["sites"]["stadt"]["stale"]), (&json!(1), &json!(0)), "{after}");
    let hits = home.ok(&["search", "--site", "stadt", "Hallenbad"]);
    assert!(hits["hits"][0]["text"].as_str().unwrap().contains("dienstags"), "{hits}");
}

#[test]
fn a_watched_folder_is_read_again_and_what_is_gone_leaves() {
    let home = Home::with_site();
    let market = "# Markt\n\nDer Wochenmarkt ist am Samstag.";
    home.write("erlaubt/satzungen/hund.md", "# Hundesteuer\n\nDie Hundesteuer beträgt achtzig Euro im Jahr.");
    home.write("erlaubt/satzungen/markt.md", market);
    home.write("fremd/geheim.md", "# Geheim\n\nDas liest niemand.");
    let allowed = home.path("erlaubt").display().to_string();
    home.write("config.toml", format!("[ingest]\nfolders = [{allowed:?}]\n"));
    let folder = home.path("erlaubt/satzungen").display().to_string();
    std::os::unix::fs::symlink(home.path("fremd"), home.path("erlaubt/link")).unwrap();
    for path in ["fremd", "erlaubt/link"] {
        let path = home.path(path).display().to_string();
        home.fails(&["source", "add-folder", &path, "--site", "stadt"], "forbidden", &["[ingest]", "folders"]);
    }
    home.fails(&["source", "add-folder", &folder, "--site", "stadt", "--watch", "1"], "invalid", &["5 seconds"]);
    let add = || home.ok(&["source", "add-folder", &folder, "--site", "stadt", "--watch", "5"]);
    let first = add();
    assert_eq!((&first["documents"], &first["unchanged"]), (&json!(2), &json!(0)), "{first}");
    let second = add();
    assert_eq!((&second["documents"], &second["unchanged"]), (&json!(2), &json!(2)), "{second}");
    assert_eq!(second["embedded"], 0, "{second}");

    let key = secret(&home);
    let server = home.serve().with_model();
    let total = |query: &str| {
        let path = format!("/api/v1/sites/stadt/documents?{query}");
        server.call("GET", &path, &key, &json!(null)).json()["total"].as_u64().unwrap()
    };
    home.write("erlaubt/satzungen/neu/bad.md", "# Hallenbad\n\nDas Hallenbad ist montags geschlossen.");
    std::fs::remove_file(home.path("erlaubt/satzungen/markt.md")).unwrap();
    until("the new file is read", &|| total("q=satzungen/neu/bad.md") == 1);
    until("the file that is gone leaves", &|| total("state=gone") == 1);
    let hits = server.call("POST", "/api/v1/sites/stadt/search", &key, &json!({"query": "Wochenmarkt"})).json();
    assert!(!hits.to_string().contains("Samstag"), "{hits}");
    home.write("erlaubt/satzungen/markt.md", market);
    until("it comes back with its file", &|| total("state=gone") == 0);
    server.stop();
    home.is_sound();
}
