//! Another embedding model, on the command line: added, compared, accepted, undone, and with a process that is killed.

use serde_json::json;

use crate::support::Home;

#[allow(dead_code)]
#[path = "../../src/embed/tests/tiny.rs"]
mod tiny;

fn town(home: &Home) -> String {
    for (name, word) in [
        ("hund", "Hundesteuer"),
        ("muell", "Müllabfuhr"),
        ("bad", "Freibad"),
        ("pass", "Reisepass"),
        ("wahl", "Briefwahl"),
        ("bau", "Bauantrag"),
    ] {
        home.write(
            &format!("f/{name}.md"),
            format!("# {word} der Stadt\n\nAlles über {word}: Das Amt hat offen. Es kostet drei Euro.\n"),
        );
    }
    home.path("f").display().to_string()
}

#[test]
fn a_model_of_another_is_imported_compared_accepted_undone_and_removed() {
    let home = Home::with_site();
    let folder = town(&home);
    home.ok(&["ingest", "--site", "stadt", &folder]);
    let model = home.path("tiny");
    std::fs::create_dir_all(&model).unwrap();
    tiny::write_bert(&model);
    let model = model.display().to_string();
    let added = home.ok(&["model", "import", &model]);
    assert_eq!((&added["name"], &added["dimensions"]), (&json!("tiny"), &json!(32)), "{added}");
    assert!(
        added["tokens_per_second"].as_f64().unwrap() > 0.0 && added["reembedding_seconds"]["stadt"].is_number(),
        "{added}"
    );
    home.fails(&["model", "import", &model], "conflict", &["tiny", "--name"]);
    home.fails(
        &["model", "import", &home.path("f").display().to_string(), "--name", "x"],
        "invalid",
        &["model.safetensors"],
    );
    let names = |value: &serde_json::Value| {
        value["models"].as_array().unwrap().iter().map(|m| m["name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&home.ok(&["model", "list"])), ["built-in", "tiny"]);

    home.fails(&["model", "accept", "--site", "stadt"], "conflict", &["model switch"]);
    let report = home.ok(&["model", "switch", "--site", "stadt", "--to", "tiny"]);
    for side in ["old", "new"] {
        assert_eq!(report[side]["meaning"]["items"], 6, "{report}");
    }
    assert_eq!(report["old"]["both"]["hit_at_1"], 1.0, "{report}");
    assert_eq!(report["accepted"], false);
    home.fails(&["model", "remove", "tiny"], "conflict", &["stadt"]);
    assert_eq!(home.ok(&["model", "status", "--site", "stadt"])["model"], "built-in");

    assert_eq!(home.ok(&["model", "accept", "--site", "stadt"])["model"], "tiny");
    assert_eq!(home.ok(&["index", "verify"])["differences"], json!([]));
    let status = home.ok(&["index", "status", "--site", "stadt"]);
    assert_eq!(status["sites"]["stadt"]["vectors"], 6, "{status}");
    home.ok(&["search", "--site", "stadt", "Hundesteuer"]);
    home.ok(&["ask", "--site", "stadt", "Was kostet die Hundesteuer?"]);

    // Read by both, so that undoing loses nothing.
    home.write("f/neu.md", "# Wochenmarkt der Stadt\n\nDer Wochenmarkt hat offen.\n");
    home.ok(&["ingest", "--site", "stadt", &folder]);
    assert_eq!(home.ok(&["model", "undo", "--site", "stadt"])["model"], "built-in");
    assert_eq!(home.ok(&["index", "verify"])["differences"], json!([]));
    let found = home.ok(&["search", "--site", "stadt", "Wochenmarkt"]);
    assert_eq!(found["hits"][0]["title"], "Wochenmarkt der Stadt", "{found}");
    assert_eq!(home.ok(&["model", "forget", "--site", "stadt"])["switch"], json!(null));
    home.ok(&["model", "remove", "tiny"]);
    assert_eq!(names(&home.ok(&["model", "list"])), ["built-in"]);
    assert!(!home.data.join("models/tiny").exists());
    home.is_sound();
}

#[test]
fn a_killed_server_goes_on_with_the_change() {
    let home = Home::with_site();
    let folder = town(&home);
    home.ok(&["ingest", "--site", "stadt", &folder]);
    let model = home.path("tiny");
    std::fs::create_dir_all(&model).unwrap();
    tiny::write_bert(&model);
    home.ok(&["model", "import", &model.display().to_string()]);
    {
        let server = home.serve().with_model();
        let queued = home.ok(&["model", "switch", "--site", "stadt", "--to", "tiny", "--no-wait"]);
        assert!(queued["job_id"].is_string(), "{queued}");
        // Dropped without a word: the process is killed.
        drop(server);
    }
    let server = home.serve().with_model();
    let stage = || home.ok(&["model", "status", "--site", "stadt"])["switch"]["stage"].clone();
    loop {
        match stage().as_str() {
            Some("ready") => break,
            Some("embedding") => std::thread::sleep(std::time::Duration::from_millis(50)),
            other => panic!("the change is {other:?}"),
        }
    }
    assert_eq!(home.ok(&["model", "accept", "--site", "stadt"])["model"], "tiny");
    server.stop();
    assert_eq!(home.ok(&["index", "verify"])["differences"], json!([]));
}
