//! What the machine does to us: locked and read-only folders, a newer store, damaged models and
//! indexes, an index that belongs to another store. And what happens between two steps, by failpoint.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Home, Ran, copy, in_process, spawn};

const PAGES: &[(&str, &str)] = &[
    ("ausweis.md", "# Personalausweis\n\nDer Personalausweis kostet 37 Euro. Er gilt zehn Jahre.\n"),
    (
        "muell.md",
        "# Müllabfuhr\n\nDie Restmülltonne wird alle zwei Wochen geleert. Der Sperrmüll kommt nach Anmeldung.\n",
    ),
    ("kita.md", "# Kindergarten\n\nDer Kindergarten öffnet um sieben Uhr und schließt um siebzehn Uhr.\n"),
    ("bad.md", "# Freibad\n\nDas Freibad hat von Mai bis September geöffnet. Der Eintritt kostet 4 Euro.\n"),
];
const QUERIES: &[&str] =
    &["Personalausweis Kosten", "Wann wird der Müll geleert", "Kindergarten Öffnungszeiten", "Eintritt Freibad"];

/// A site with the pages above, words and vectors.
fn filled() -> Home {
    let home = Home::with_site();
    for (name, text) in PAGES {
        home.write(&format!("f/{name}"), text);
    }
    let summary = ingest(&home);
    assert_eq!(summary["documents"], PAGES.len(), "{summary}");
    home
}

fn ingest(home: &Home) -> Value {
    home.ok(&["ingest", "--site", "stadt", &home.path("f").display().to_string()])
}

/// Hits of every query in both halves, without their scores' last digits.
fn hits(home: &Home) -> Vec<Value> {
    let one = |query: &&str, mode: &str| {
        let found = home.ok(&["search", "--site", "stadt", "--mode", mode, query]);
        found["hits"]
            .as_array()
            .unwrap()
            .iter()
            .map(|h| json!([h["chunk_id"], format!("{:.5}", h["score"].as_f64().unwrap())]))
            .collect::<Value>()
    };
    QUERIES.iter().flat_map(|q| [one(q, "words"), one(q, "vector")]).collect()
}

#[test]
fn a_locked_folder_names_the_process() {
    let home = Home::with_site();
    let before = home.knowledge();
    let lock = dialogengine::base::fsx::FolderLock::acquire(&home.data, Duration::ZERO).unwrap();
    let pid = std::process::id().to_string();
    let started = Instant::now();
    home.fails(&["site", "list"], "folder_locked", &[&pid, "--data-dir", "stop it"]);
    assert!(started.elapsed() > Duration::from_secs(9), "it waits ten seconds");
    home.fails(&["serve", "--listen", "127.0.0.1:0"], "folder_locked", &[&pid]);
    // Whoever waits gets it when the other is done.
    let waiting = spawn(home.verb(&["site", "list"]).stdout(Stdio::piped()).stderr(Stdio::piped()));
    std::thread::sleep(Duration::from_millis(500));
    drop(lock);
    let ran = Ran::said(&waiting.wait_with_output().unwrap());
    assert_eq!(ran.json()["sites"][0]["slug"], "stadt");
    assert_eq!(home.knowledge(), before);
}

#[test]
fn a_second_server_says_who_has_the_folder() {
    let home = Home::with_site();
    let server = home.serve();
    home.fails(&["serve", "--listen", "127.0.0.1:0"], "folder_locked", &[&server.child.id().to_string()]);
    // The first is unharmed, and verbs still reach it.
    assert_eq!(home.ok(&["site", "list"])["sites"][0]["slug"], "stadt");
    assert_eq!(server.send("GET", "/healthz/ready", &[], b"").status, 200);
}

#[test]
fn a_folder_that_cannot_be_written() {
    let home = Home::new();
    let file = home.write("file", "not a folder");
    let inside = format!("{file}/data");
    for dir in [file.as_str(), inside.as_str(), "/proc/dialogengine"] {
        let ran = Ran::of(&mut home.command(&["site", "list", "--json", "--data-dir", dir]));
        ran.has_failed("store_failed", &[dir, "write access", "--data-dir"]);
    }
    assert_eq!(std::fs::read(&file).unwrap(), b"not a folder");
}

#[test]
fn a_newer_store_is_refused_untouched() {
    use dialogengine::store::{SCHEMA, Table};
    let home = filled();
    let before = home.knowledge();
    let mark = |schema: u32| {
        in_process(|| {
            let database = redb::Database::open(home.data.join("store.redb")).unwrap();
            let write = database.begin_write().unwrap();
            let found = {
                let mut meta =
                    write.open_table(redb::TableDefinition::<&[u8], &[u8]>::new(Table::Meta.name())).unwrap();
                let old = meta.insert(&b"schema"[..], &schema.to_be_bytes()[..]).unwrap();
                old.map(|old| old.value().to_vec())
            };
            write.commit().unwrap();
            found
        })
    };
    assert_eq!(mark(SCHEMA + 1), Some(SCHEMA.to_be_bytes().to_vec()));
    for args in [&["site", "list"][..], &["ingest", "--site", "stadt", "f"], &["serve", "--listen", "127.0.0.1:0"]] {
        home.fails(args, "schema_newer", &["newer version", "install that version", "backup"]);
    }
    assert_eq!(mark(SCHEMA), Some((SCHEMA + 1).to_be_bytes().to_vec()), "nobody wrote another number");
    assert_eq!(home.knowledge(), before);
}

#[test]
fn damaged_models() {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/multilingual-e5-small");
    // name, what is done to the folder, words of the message
    let cases: &[(&str, fn(&Path), &[&str])] = &[
        (
            "empty folder",
            |dir| dir.read_dir().unwrap().for_each(|f| std::fs::remove_file(f.unwrap().path()).unwrap()),
            &["manifest.toml", "incomplete", "again"],
        ),
        (
            "no weights",
            |dir| std::fs::remove_file(dir.join("encoder.gguf")).unwrap(),
            &["encoder.gguf", "incomplete", "again"],
        ),
        (
            "no manifest",
            |dir| std::fs::remove_file(dir.join("manifest.toml")).unwrap(),
            &["manifest.toml", "incomplete"],
        ),
        ("broken manifest", |dir| std::fs::write(dir.join("manifest.toml"), "name = 3").unwrap(), &["manifest.toml"]),
        ("cut weights", |dir| cut(&dir.join("encoder.gguf")), &["encoder.gguf", "damaged", "sha256"]),
        ("flipped vocabulary", |dir| flip(&dir.join("vocabulary.bin"), 1000), &["vocabulary.bin", "damaged", "sha256"]),
    ];
    let home = Home::with_site();
    let file = home.write("f/ausweis.md", PAGES[0].1);
    for (name, damage, hints) in cases {
        let own = home.data.join("model");
        let _ = std::fs::remove_dir_all(&own);
        copy(&model, &own);
        damage(&own);
        let ran = home.run(&["ingest", "--site", "stadt", &file]);
        assert_eq!(ran.code, Some(1), "{name}: {} {}", ran.stdout, ran.stderr);
        ran.has_failed("model_missing", hints);
    }
    // With the model whole again everything is there: what was stored meanwhile is embedded now.
    std::fs::remove_dir_all(home.data.join("model")).unwrap();
    assert_eq!(home.ok(&["ingest", "--site", "stadt", &file])["documents"], 1);
    assert_eq!(
        home.ok(&["search", "--site", "stadt", "--mode", "vector", "Ausweis"])["hits"].as_array().unwrap().len(),
        1
    );
    home.is_sound();
}

#[test]
fn a_server_with_a_damaged_model_answers_by_words() {
    let home = filled();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("models/multilingual-e5-small"), &home.data.join("model"));
    flip(&home.data.join("model/encoder.gguf"), 5_000_000);
    let server = home.serve();
    let mut health = Value::Null;
    for _ in 0..100 {
        health = server.send("GET", "/health", &[], b"").json();
        if health["components"]["model"]["status"] != "loading" {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(
        (&health["components"]["model"]["status"], &health["status"]),
        (&json!("failed"), &json!("degraded")),
        "{health}"
    );
    let found = home.ok(&["search", "--site", "stadt", "Personalausweis"]);
    assert_eq!(found["hits"][0]["key"], "ausweis.md", "{found}");
}

fn cut(path: &Path) {
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(file.metadata().unwrap().len() / 2).unwrap();
}

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    let at = at % bytes.len();
    bytes[at] ^= 0x10;
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn damaged_indexes_are_noticed_rebuilt_and_answered() {
    let home = filled();
    let expected = hits(&home);
    let index = home.data.join("index/site_1");
    let whole = home.path("whole");
    copy(&index, &whole);
    let mut files: Vec<_> = std::fs::read_dir(whole.join("words"))
        .unwrap()
        .map(|f| f.unwrap().path())
        .filter(|f| f.metadata().unwrap().len() > 8)
        .collect();
    files.sort();
    files.push(whole.join("vectors.idx"));
    assert!(files.len() > 4, "{files:?}");
    let mut damages: Vec<(String, Box<dyn Fn()>)> = Vec::new();
    for file in &files {
        let target = index.join(file.strip_prefix(&whole).unwrap());
        let name = target.display().to_string();
        let at = usize::try_from(file.metadata().unwrap().len()).unwrap() / 2;
        damages.push((
            format!("flip {name}"),
            Box::new({
                let t = target.clone();
                move || flip(&t, at)
            }),
        ));
        damages.push((
            format!("cut {name}"),
            Box::new({
                let t = target.clone();
                move || cut(&t)
            }),
        ));
        damages.push((format!("gone {name}"), Box::new(move || std::fs::remove_file(&target).unwrap())));
    }
    damages.push((
        "all gone".to_owned(),
        Box::new({
            let i = index.clone();
            move || std::fs::remove_dir_all(&i).unwrap()
        }),
    ));
    for (name, damage) in damages {
        let _ = std::fs::remove_dir_all(&index);
        copy(&whole, &index);
        damage();
        // The very first call answers, and is right in both halves.
        let first = home.ok(&["search", "--site", "stadt", "Eintritt Freibad"]);
        assert_eq!(first["hits"][0]["key"], "bad.md", "{name}: {first}");
        let verified = home.run(&["index", "verify"]);
        assert_eq!((verified.code, &verified.json()["differences"]), (Some(0), &json!([])), "{name}");
    }
    assert_eq!(hits(&home), expected);
}

#[test]
fn an_index_of_another_store_is_not_believed() {
    let home = filled();
    std::fs::copy(home.data.join("store.redb"), home.path("earlier.redb")).unwrap();
    let expected = hits(&home);
    home.write("f/neu.md", "# Neues\n\nDer Personalausweis kostet im neuen Rathaus 99 Euro.\n");
    ingest(&home);
    // An earlier copy of the store is put back, the indexes stay.
    std::fs::copy(home.path("earlier.redb"), home.data.join("store.redb")).unwrap();
    home.is_sound();
    assert_eq!(hits(&home), expected);
    // Another store altogether.
    std::fs::remove_file(home.data.join("store.redb")).unwrap();
    home.ok(&["site", "create", "stadt"]);
    std::fs::remove_file(home.path("f/neu.md")).unwrap();
    ingest(&home);
    home.is_sound();
    assert_eq!(hits(&home), expected);
}

#[cfg(feature = "failpoints")]
mod failpoints {
    //! The process ends between two steps; the next start makes the folder whole.

    use serde_json::json;

    use super::{PAGES, ingest};
    use crate::crash::equals_a_rebuild;
    use crate::support::{Home, output};

    fn stopped_at(point: &str) {
        // At the first pass, and further in.
        for action in ["return", "1*off->return", "3*off->return"] {
            let home = Home::with_site();
            for (name, text) in PAGES {
                home.write(&format!("f/{name}"), text);
            }
            let folder = home.path("f").display().to_string();
            let setting = format!("{point}={action}");
            let mut run = home.verb(&["ingest", "--site", "stadt", &folder]);
            let stopped = output(run.env("FAILPOINTS", &setting));
            if action == "return" {
                let said = String::from_utf8_lossy(&stopped.stdout).into_owned();
                assert_eq!(stopped.status.code(), None, "{setting} did not stop it: {said}");
            }
            home.is_sound();
            equals_a_rebuild(&home.data, &setting);
            let summary = ingest(&home);
            let counts = (&summary["documents"], &summary["duplicates"], &summary["failed"]);
            assert_eq!(counts, (&json!(PAGES.len()), &json!(0), &json!([])), "{setting}");
            let listed = home.ok(&["document", "list", "--site", "stadt"]);
            assert_eq!(listed["documents"].as_array().unwrap().len(), PAGES.len(), "{setting}: {listed}");
            equals_a_rebuild(&home.data, &setting);
            let status = home.ok(&["index", "status"])["sites"]["stadt"].take();
            assert_eq!((&status["vectors"], &status["pending_vectors"]), (&status["chunks"], &json!(0)), "{setting}");
            let jobs = home.ok(&["jobs", "list"]);
            let is_done = jobs["jobs"].as_array().unwrap().iter().all(|job| job["state"] == "done");
            assert!(is_done, "{setting}: the stopped run's job was taken over: {jobs}");
        }
    }

    /// What an ingest of a folder came to while these failpoints were set.
    fn ingested(home: &Home, points: &str) -> serde_json::Value {
        let folder = home.path("f").display().to_string();
        let mut run = home.verb(&["ingest", "--site", "stadt", &folder]);
        crate::support::Ran::of(run.env("FAILPOINTS", points)).json()
    }

    #[test]
    fn a_file_that_hangs_is_given_up() {
        for (points, says) in [
            ("apart-hang=return(computing);apart-seconds=return(1)", "takes more than 1 seconds of computing"),
            ("apart-hang=return(sleeping);apart-deadline=return", "takes longer than 1 seconds"),
        ] {
            let home = Home::with_site();
            for name in ["hangs.eml", "reads.eml"] {
                home.write(&format!("f/{name}"), format!("Subject: {name}\n\nDer Text der Nachricht {name}.\n"));
            }
            let got = ingested(&home, points);
            let failed = got["failed"].as_array().unwrap();
            assert_eq!((&got["documents"], failed.len()), (&json!(1), 1), "{got}");
            assert_eq!((&failed[0]["path"], &failed[0]["code"]), (&json!("hangs.eml"), &json!("damaged")), "{got}");
            assert!(failed[0]["reason"].as_str().unwrap().contains(says), "{got}");
        }
    }

    #[test]
    fn a_reader_that_panics_fails_its_file_only() {
        let home = Home::with_site();
        for (name, text) in PAGES {
            home.write(&format!("f/{name}"), text);
        }
        let got = ingested(&home, "extract-read=1*off->1*panic->off");
        let failed = got["failed"].as_array().unwrap();
        assert_eq!((&got["documents"], failed.len()), (&json!(PAGES.len() - 1), 1), "{got}");
        assert_eq!(failed[0]["code"], "damaged", "{got}");
        assert!(failed[0]["reason"].as_str().unwrap().contains("its reader broke"), "{got}");
        let again = ingest(&home);
        assert_eq!((&again["documents"], &again["failed"]), (&json!(PAGES.len()), &json!([])), "{again}");
    }

    #[test]
    fn store_after_commit() {
        stopped_at("store-after-commit");
    }

    #[test]
    fn ingest_before_store() {
        stopped_at("ingest-before-store");
    }

    #[test]
    fn ingest_after_store() {
        stopped_at("ingest-after-store");
    }

    #[test]
    fn index_words_applied() {
        stopped_at("index-words-applied");
    }

    #[test]
    fn vector_save() {
        stopped_at("vector-save");
    }
}
