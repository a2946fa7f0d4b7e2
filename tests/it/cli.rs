//! The contract of the command line: output, exit codes, counting, and the same with a server running.

use serde_json::{Value, json};

use crate::support::{BINARY, Home, Ran, Website, article, bare, html, not_found};

const AUSWEIS: &str = "# Personalausweis\n\nDer Personalausweis kostet 37 Euro. Er gilt zehn Jahre.\n";
const MUELL: &str = "# Müllabfuhr\n\nDie Restmülltonne wird alle zwei Wochen geleert.\n";

fn folder(home: &Home) -> String {
    home.write("f/ausweis.md", AUSWEIS);
    home.write("f/leben/muell.md", MUELL);
    home.path("f").display().to_string()
}

fn fields(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[test]
fn global_flags_stand_before_or_after_the_verb() {
    let home = Home::new();
    let data = home.data.display().to_string();
    for (at, args) in [
        vec!["--json", "--data-dir", &data, "site", "create", "s0"],
        vec!["site", "--json", "create", "--data-dir", &data, "s1"],
        vec!["site", "create", "s2", "--data-dir", &data, "--json"],
    ]
    .iter()
    .enumerate()
    {
        let ran = Ran::of(&mut home.command(args));
        assert_eq!(
            (ran.code, ran.json()["slug"].as_str()),
            (Some(0), Some(format!("s{at}").as_str())),
            "{args:?} {}",
            ran.stderr
        );
        assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
    }
    // Without --json it is for people.
    let ran = Ran::of(&mut home.command(&["site", "list", "--data-dir", &data]));
    assert!(ran.stdout.contains("s1") && !ran.stdout.trim_start().starts_with('{'), "{}", ran.stdout);
    assert_eq!(Ran::of(&mut bare(&["version", "--json"])).json(), json!({"version": env!("CARGO_PKG_VERSION")}));
    assert!(std::path::Path::new(BINARY).is_file());
}

#[test]
fn ingest_counts_paths() {
    let home = Home::with_site();
    let folder = folder(&home);
    let first = home.ok(&["ingest", "--site", "stadt", &folder]);
    assert_eq!(fields(&first), ["chunks", "documents", "duplicates", "embedded", "failed", "seconds", "unchanged"]);
    assert_eq!(
        (&first["documents"], &first["chunks"], &first["unchanged"], &first["duplicates"], &first["failed"]),
        (&json!(2), &json!(2), &json!(0), &json!(0), &json!([])),
        "{first}"
    );
    assert!(first["embedded"].as_u64().unwrap() >= 2, "{first}");
    // Again: nothing to do. Changed: only that. A copy: a duplicate that is still a document of the call.
    let again = home.ok(&["ingest", "--site", "stadt", &folder]);
    assert_eq!(
        (&again["documents"], &again["chunks"], &again["unchanged"], &again["embedded"]),
        (&json!(2), &json!(2), &json!(2), &json!(0)),
        "{again}"
    );
    home.write("f/kopie.md", AUSWEIS);
    home.write("f/leben/muell.md", MUELL.replace("zwei", "drei"));
    home.write("f/plan.pdf", "%PDF-1.4");
    let third = home.ok(&["ingest", "--site", "stadt", &folder]);
    assert_eq!(
        (&third["documents"], &third["unchanged"], &third["duplicates"]),
        (&json!(3), &json!(1), &json!(1)),
        "{third}"
    );
    assert_eq!(
        (fields(&third["failed"][0]), &third["failed"][0]["path"]),
        (vec!["code", "path", "reason"], &json!("plan.pdf")),
        "{third}"
    );
    let hits = home.ok(&["search", "--site", "stadt", "Personalausweis"]);
    assert_eq!(
        (&hits["hits"][0]["key"], &hits["hits"][0]["also"]),
        (&json!("ausweis.md"), &json!(["kopie.md"])),
        "{hits}"
    );
    // The text is in the store, whoever embedded it: another site embeds nothing.
    home.ok(&["site", "create", "zwei"]);
    let other = home.ok(&["ingest", "--site", "zwei", &folder]);
    assert_eq!((&other["documents"], &other["embedded"]), (&json!(3), &json!(0)), "{other}");
    home.is_sound();
    let verified = home.ok(&["index", "verify"]);
    assert_eq!(verified["sites"], 2);
}

#[test]
fn the_same_path_twice_and_equal_names_lose_nothing() {
    let home = Home::with_site();
    let folder = folder(&home);
    let twice = home.ok(&["ingest", "--site", "stadt", &folder, &folder]);
    assert_eq!(twice["documents"], 2, "{twice}");
    let (a, b) =
        (home.write("a/x.md", "# Eins\n\nDer erste Text.\n"), home.write("b/x.md", "# Zwei\n\nDer zweite Text.\n"));
    let both = home.ok(&["ingest", "--site", "stadt", &a, &b]);
    let listed = home.ok(&["document", "list", "--site", "stadt"]);
    let count = listed["documents"].as_array().unwrap().len();
    assert_eq!((&both["documents"], count), (&json!(2), 4), "{both} {listed}");
}

#[test]
fn crawl_adds_source_pages_and_skips() {
    let home = Home::with_site();
    let site = Website::start(|path| match path {
        "/" => html(&article(
            "Start",
            "Willkommen in der Stadt. <a href=/ausweis>Ausweis</a> <a href=/kopie>Kopie</a> <a href=/plan.pdf>Plan</a> Das Rathaus ist offen.",
        )),
        "/ausweis" | "/kopie" => {
            html(&article("Ausweis", "Der Personalausweis kostet 37 Euro und gilt zehn Jahre lang."))
        }
        "/plan.pdf" => (200, vec![("Content-Type", "application/pdf".to_owned())], b"%PDF-1.4".to_vec()),
        _ => not_found(),
    });
    let crawl = ["crawl", &site.host, "--site", "stadt", "--allow-private", &site.host];
    let first = home.ok(&crawl);
    for field in [
        "chunks",
        "documents",
        "duplicates",
        "embedded",
        "failed",
        "seconds",
        "unchanged",
        "source_id",
        "pages",
        "skipped",
    ] {
        assert!(!first[field].is_null(), "{field}: {first}");
    }
    assert_eq!(
        (&first["documents"], &first["duplicates"], &first["skipped"]["damaged"]),
        (&json!(3), &json!(1), &json!(1)),
        "{first}"
    );
    let hits = home.ok(&["search", "--site", "stadt", "Personalausweis Kosten"]);
    assert_eq!(hits["hits"][0]["also"].as_array().map(Vec::len), Some(1), "{hits}");
    assert!(hits["hits"][0]["url"].as_str().unwrap().starts_with(&format!("http://{}/", site.host)), "{hits}");
    let again = home.ok(&crawl);
    assert_eq!(
        (&again["documents"], &again["embedded"], &again["source_id"]),
        (&json!(3), &json!(0), &first["source_id"]),
        "{again}"
    );
    // With the scheme, without it, and with www. it is the same website.
    let typed = format!("http://{}/", site.host);
    let scheme = home.ok(&["crawl", &typed, "--site", "stadt", "--allow-private", &site.host]);
    assert_eq!((&scheme["documents"], &scheme["unchanged"]), (&json!(3), &again["unchanged"]), "{scheme}");
    let whole = home.ok(&["document", "list", "--site", "stadt"]);
    assert_eq!(whole["documents"].as_array().map(Vec::len), Some(2));
    assert_eq!((&whole["total"], &whole["next"]), (&json!(2), &Value::Null));
    // A list that is cut says so, and how to go on.
    let one = home.ok(&["document", "list", "--site", "stadt", "--limit", "1"]);
    assert_eq!(
        (&one["total"], &one["next"], &one["documents"][0]["id"]),
        (&json!(2), &one["documents"][0]["id"], &whole["documents"][0]["id"])
    );
    let rest = home.ok(&["document", "list", "--site", "stadt", "--after", one["next"].as_str().unwrap_or_default()]);
    assert_eq!((&rest["next"], &rest["documents"][0]), (&Value::Null, &whole["documents"][1]));
}

/// What may differ between two runs of one call.
fn without_moments(mut value: Value) -> Value {
    match &mut value {
        Value::Object(map) => {
            for moment in [
                "timings_ms",
                "dialog_id",
                "turn_id",
                "seconds",
                "latency_ms",
                "id",
                "words_sequence",
                "vectors_sequence",
                "vector_bytes",
                "questions",
                "outbox_sequence",
            ] {
                map.remove(moment);
            }
            map.values_mut().for_each(|v| *v = without_moments(v.take()));
        }
        Value::Array(items) => items.iter_mut().for_each(|v| *v = without_moments(v.take())),
        _ => {}
    }
    value
}

#[test]
fn verbs_are_the_same_with_a_server_running() {
    let home = Home::with_site();
    let folder = folder(&home);
    home.ok(&["ingest", "--site", "stadt", &folder]);
    let set = home.write("set.jsonl", "{\"question\":\"Was kostet der Personalausweis?\",\"documents\":[\"ausweis\"],\"facts\":[\"37 Euro\"],\"kind\":\"direct\"}\n{\"question\":\"Wo ist der Flughafen?\",\"documents\":[],\"kind\":\"off\"}\n");
    let relative = ["eval", "run", "--site", "stadt", "--set", "set.jsonl"];
    let verbs: Vec<Vec<&str>> = vec![
        vec!["ask", "--site", "stadt", "Was kostet der Personalausweis?"],
        vec!["search", "--site", "stadt", "Restmüll", "--limit", "1", "--explain"],
        vec!["search", "--site", "stadt", "--mode", "vector", "Tonne"],
        vec!["site", "list"],
        vec!["site", "show", "stadt"],
        vec!["document", "list", "--site", "stadt"],
        vec!["document", "show", "--site", "stadt", "ausweis.md"],
        vec!["index", "verify"],
        vec!["index", "status"],
        vec!["eval", "run", "--site", "stadt", "--set", &set],
        relative.to_vec(),
        vec!["ingest", "--site", "stadt", "f"],
        vec!["document", "exclude", "--site", "stadt", "ausweis.md"],
        vec!["document", "include", "--site", "stadt", "ausweis.md"],
        vec!["ask", "--site", "stadt", ""],
        vec!["ask", "--site", "fehlt", "Was?"],
        vec!["ingest", "--site", "stadt", "fehlt"],
        vec!["index", "rebuild", "--site", "stadt"],
    ];
    let all = |home: &Home| {
        verbs.iter().map(|v| home.run(v)).map(|r| (r.code, without_moments(r.json()))).collect::<Vec<_>>()
    };
    let alone = all(&home);
    let server = home.serve().with_model();
    let forwarded = all(&home);
    for ((verb, alone), forwarded) in verbs.iter().zip(alone).zip(forwarded) {
        assert_eq!(alone, forwarded, "{verb:?}");
    }
    // What the server was told stays when it is gone, and it goes when it is asked to.
    home.ok(&["site", "create", "neu"]);
    server.stop();
    assert_eq!(home.ok(&["site", "show", "neu"])["slug"], "neu");
    home.is_sound();
}

#[test]
fn a_long_path_has_a_server_too() {
    let mut home = Home::new();
    home.data = home.path(&"sehr-langer-ordner/".repeat(8)).join("data");
    home.ok(&["site", "create", "stadt"]);
    let server = home.serve();
    let started = std::time::Instant::now();
    assert_eq!(home.ok(&["site", "list"])["sites"][0]["slug"], "stadt");
    assert!(started.elapsed().as_secs() < 8, "it did not wait for the folder");
    server.stop();
}

#[test]
fn no_wait_gives_the_job() {
    let home = Home::with_site();
    let folder = folder(&home);
    // Alone: the next run takes it over.
    let queued = home.ok(&["ingest", "--no-wait", "--site", "stadt", &folder]);
    assert_eq!(fields(&queued), ["job_id"]);
    let summary = home.ok(&["ingest", "--site", "stadt", &folder]);
    assert_eq!(summary["documents"], 2, "{summary}");
    let server = home.serve();
    home.write("f/neu.md", "# Neu\n\nEin neuer Text über den Wochenmarkt am Donnerstag.\n");
    let queued = home.ok(&["ingest", "--no-wait", "--site", "stadt", &folder]);
    let id = queued["job_id"].as_str().unwrap().to_owned();
    for _ in 0..200 {
        let job = home.ok(&["jobs", "show", &id]);
        if job["state"] == "done" {
            assert_eq!(job["result"]["documents"], 3, "{job}");
            break;
        }
        assert_ne!(job["state"], "failed", "{job}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    server.stop();
    let hits = home.ok(&["search", "--site", "stadt", "--mode", "vector", "Wochenmarkt"]);
    assert_eq!(hits["hits"][0]["key"], "neu.md", "{hits}");
    let jobs = home.ok(&["jobs", "list"]);
    assert!(jobs["jobs"].as_array().unwrap().iter().all(|j| j["state"] == "done"), "{jobs}");
}

#[test]
fn a_guessed_address_is_never_a_link() {
    let home = Home::with_site();
    home.write(
        "f/www_musterstadt_de_leben_abfall.md",
        "# Sperrmüll\n\nDer Sperrmüll wird im März abgeholt. Die Anmeldung kostet 12 Euro.\n",
    );
    home.write("f/www_musterstadt_de_rathaus_hund.md", "---\nurl: https://www.musterstadt.de/hundesteuer\n---\n# Hundesteuer\n\nDie Hundesteuer beträgt 84 Euro im Jahr.\n");
    home.write("f/www_musterstadt_de_x.html", "<!doctype html><html><head><title>Fundbüro</title><link rel=canonical href=https://www.musterstadt.de/fundbuero></head><body><main><h1>Fundbüro</h1><p>Das Fundbüro verwahrt Fundsachen sechs Monate lang.</p></main></body></html>");
    home.ok(&["ingest", "--site", "stadt", &home.path("f").display().to_string()]);
    for (query, url) in [
        ("Sperrmüll Anmeldung", Value::Null),
        ("Hundesteuer", json!("https://www.musterstadt.de/hundesteuer")),
        ("Fundsachen", json!("https://www.musterstadt.de/fundbuero")),
    ] {
        let hits = home.ok(&["search", "--site", "stadt", query]);
        assert_eq!(hits["hits"][0]["url"], url, "{query}: {hits}");
    }
    let asked = home.run(&["ask", "--site", "stadt", "Was kostet die Anmeldung für den Sperrmüll?"]);
    assert!(!asked.stdout.contains("musterstadt.de/leben"), "{}", asked.stdout);
    // It does identify the document.
    let set = home.write("set.jsonl", "{\"question\":\"Sperrmüll Anmeldung\",\"documents\":[\"https://www.musterstadt.de/leben/abfall\"]}\n{\"question\":\"Hundesteuer\",\"documents\":[\"www_musterstadt_de_rathaus_hund.md\"]}\n{\"question\":\"Hundesteuer im Jahr\",\"documents\":[\"www_musterstadt_de_rathaus_hund\"]}");
    let figures = home.ok(&["eval", "run", "--site", "stadt", "--set", &set]);
    assert_eq!(figures["hit_at_1"], 1.0, "{figures}");
}

#[test]
fn configuration_precedence() {
    let home = Home::new();
    let file = home.write("own.toml", "[server]\nlisten = \"127.0.0.1:7001\"\nregion = \"file\"\ndata_dir = \"from-file\"\n[limits]\ncrawl_pages = 7\n");
    let show = |more: &[&str], environment: &[(&str, &str)]| {
        let args = [&["config", "show", "--origin", "--json"], more].concat();
        Ran::of(home.command(&args).envs(environment.iter().copied())).json()
    };
    let origin = |shown: &Value, key: &str| shown["origins"][key].clone();
    let defaults = show(&[], &[]);
    assert_eq!(
        (&defaults["config"]["server"]["listen"], origin(&defaults, "server.listen")),
        (&json!("127.0.0.1:8080"), json!("default"))
    );
    let environment = [
        ("DIALOGENGINE_SERVER__REGION", "env"),
        ("DIALOGENGINE_SERVER__DATA_DIR", "from-env"),
        ("DIALOGENGINE_NETWORK__OFFLINE", "true"),
    ];
    let shown = show(&["--config", &file, "--data-dir", "from-flag"], &environment);
    let config = &shown["config"];
    assert_eq!(
        (&config["server"]["listen"], &config["server"]["region"], &config["server"]["data_dir"]),
        (&json!("127.0.0.1:7001"), &json!("env"), &json!("from-flag"))
    );
    assert_eq!((&config["limits"]["crawl_pages"], &config["network"]["offline"]), (&json!(7), &json!(true)));
    assert_eq!(origin(&shown, "server.listen"), json!({"file": file}));
    assert_eq!(origin(&shown, "server.region"), json!({"environment": "DIALOGENGINE_SERVER__REGION"}));
    assert_eq!(origin(&shown, "server.data_dir"), json!({"flag": "--data-dir"}));
    // config.toml of the working folder counts without being named.
    home.write("config.toml", "[server]\nregion = \"here\"\n");
    assert_eq!(show(&[], &[])["config"]["server"]["region"], "here");
    // The committed file and the printed default are the same and are accepted.
    let printed = Ran::of(&mut home.command(&["config", "default"])).stdout;
    assert_eq!(printed, include_str!("../../config.toml"));
    let copy = home.write("copy.toml", &printed);
    assert_eq!(show(&["--config", &copy], &[])["config"], defaults["config"]);
}

#[test]
fn init_writes_a_configuration_and_a_link() {
    let home = Home::new();
    let first = home.ok(&["init"]);
    assert_eq!((&first["config_written"], home.path("config.toml").is_file()), (&json!(true), true), "{first}");
    assert!(first["setup_link"].as_str().unwrap().starts_with("http://127.0.0.1:8080/setup?token="), "{first}");
    let again = home.ok(&["init"]);
    assert_eq!(again["config_written"], false);
    assert_ne!(again["setup_link"], first["setup_link"]);
    let renewed = home.ok(&["user", "setup-link"]);
    assert_ne!(renewed["link"], again["setup_link"]);
    let remote = Ran::of(home.verb(&["init"]).env("SSH_CONNECTION", "192.0.2.7 1 198.51.100.9 22").env("USER", "amt"));
    assert_eq!(remote.json()["ssh"], "ssh -L 8080:127.0.0.1:8080 amt@198.51.100.9");
}

#[test]
fn eval_gives_every_figure() {
    let home = Home::with_site();
    let folder = folder(&home);
    home.ok(&["ingest", "--site", "stadt", &folder]);
    let set = home.write("set.jsonl", "{\"question\":\"Was kostet der Personalausweis?\",\"documents\":[\"ausweis.md\"],\"facts\":[\"37 Euro\"],\"kind\":\"direct\"}\n\n{\"question\":\"Wann wird die Restmülltonne geleert?\",\"documents\":[\"leben/muell\"],\"kind\":\"direct\"}\n{\"question\":\"Wo ist der Flughafen?\",\"documents\":[],\"kind\":\"off\"}\n");
    let run = ["eval", "run", "--site", "stadt", "--set", &set];
    let figures = home.ok(&run);
    for rate in [
        "hit_at_1",
        "hit_at_3",
        "hit_at_5",
        "hit_at_10",
        "mrr_at_10",
        "ndcg_at_10",
        "fact_recall",
        "first_citation_right",
        "refusal_recall",
        "wrong_refusal_rate",
    ] {
        let value = figures[rate].as_f64().unwrap_or_else(|| panic!("{rate}: {figures}"));
        assert!((0.0..=1.0).contains(&value), "{rate}: {figures}");
    }
    for field in ["refusal_precision", "answer_words_p50", "answer_words_p95", "latency_ms", "by_kind", "mode"] {
        assert!(figures.get(field).is_some(), "{field}: {figures}");
    }
    assert_eq!(
        (&figures["questions"], &figures["answerable"], &figures["unanswerable"], &figures["mode"]),
        (&json!(3), &json!(2), &json!(1), &json!("hybrid"))
    );
    assert_eq!(fields(&figures["by_kind"]), ["direct", "off"]);
    for (stage, quantiles) in figures["latency_ms"].as_object().unwrap() {
        assert!(quantiles["p50"].is_number() && quantiles["p95"].is_number(), "{stage}: {figures}");
    }
    assert_eq!(figures["hit_at_5"], 1.0, "{figures}");
    for mode in ["words", "vector"] {
        assert_eq!(home.ok(&[&run[..], &["--mode", mode]].concat())["mode"], mode);
    }
    // Against itself it is not worse; against something better it is, and exits with 1.
    let itself = home.write("base.json", figures.to_string());
    assert_eq!(home.ok(&[&run[..], &["--baseline", &itself]].concat())["worse_than_baseline"], false);
    let mut better = figures;
    better["wrong_refusal_rate"] = json!(-0.5);
    let better = home.write("better.json", better.to_string());
    let ran = home.run(&[&run[..], &["--baseline", &better]].concat());
    assert_eq!((ran.code, &ran.json()["worse"]), (Some(1), &json!(["wrong_refusal_rate"])), "{}", ran.stdout);
    for (text, hint) in [("", "empty"), ("{\"question\": 1}", "line 1"), ("\n\nnonsense", "line 3")] {
        let bad = home.write("bad.jsonl", text);
        home.fails(&["eval", "run", "--site", "stadt", "--set", &bad], "invalid", &[hint]);
    }
}

#[test]
fn refusals_and_empty_results_are_exit_code_0() {
    let home = Home::with_site();
    assert_eq!(home.ok(&["search", "--site", "stadt", "irgendwas"]), json!({"hits": []}));
    let refused = home.ok(&["ask", "--site", "stadt", "Wo ist der Flughafen von Timbuktu?"]);
    assert_eq!((&refused["outcome"], &refused["citations"]), (&json!("refused"), &json!([])), "{refused}");
    for field in ["dialog_id", "turn_id", "engine", "locale", "blocks", "suggestions", "timings_ms"] {
        assert!(!refused[field].is_null(), "{field}: {refused}");
    }
}
