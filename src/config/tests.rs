use super::*;

fn from(file: &str, environment: &[(&str, &str)], flags: &[(&str, String, &str)]) -> Result<Loaded, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    std::fs::write(&path, file).unwrap();
    load(Some(&path), environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())), flags)
        .map_err(|e| e.to_string())
}

#[test]
fn the_committed_file_is_the_generated_default() {
    let committed = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config.toml")).unwrap();
    assert!(
        committed == commented_default(),
        "config.toml is stale: write it with `cargo run --release -- config default > config.toml`"
    );
    assert_eq!(from(&committed, &[], &[]).unwrap().config, Config::default());
}

#[test]
fn flag_beats_environment_beats_file() {
    let file = "[server]\nlisten = \"127.0.0.1:1\"\ndata_dir = \"f\"\nregion = \"f\"\n";
    let environment = [
        ("DIALOGENGINE_SERVER__DATA_DIR", "e"),
        ("DIALOGENGINE_SERVER__REGION", "e"),
        ("DIALOGENGINE_NETWORK__OFFLINE", "true"),
    ];
    let loaded = from(file, &environment, &[("server.region", "x".to_owned(), "--region")]).unwrap();
    let server = &loaded.config.server;
    assert_eq!((server.listen.as_str(), server.data_dir.as_str(), server.region.as_str()), ("127.0.0.1:1", "e", "x"));
    assert!(loaded.config.network.offline);
    assert_eq!(loaded.origins["server.region"], Origin::Flag("--region".into()));
    assert_eq!(loaded.origins["server.environment"], Origin::Default);
}

#[test]
fn every_refusal_names_the_mend() {
    for (file, environment, expected) in [
        ("[server]\nlissten = \"x\"", None, "did you mean \"server.listen\"?"),
        ("[sever]\nlisten = \"x\"", None, "did you mean \"server.listen\"?"),
        ("listen = \"x\"", None, "did you mean \"server.listen\"?"),
        ("[server]\nlisten = 8080", None, "string is expected"),
        ("[server]\nlisten = \"8080\"", None, "127.0.0.1:8080"),
        ("[logs]\nformat = \"xml\"", None, "text or json"),
        ("[server", None, "is not valid"),
        (
            "",
            Some(("DIALOGENGINE_SERVER__LISTN", "x")),
            "DIALOGENGINE_SERVER__LISTN: unknown key \"server.listn\", did you mean",
        ),
        ("", Some(("DIALOGENGINE_NETWORK__OFFLINE", "maybe")), "boolean is expected"),
    ] {
        let error = from(file, &environment.into_iter().collect::<Vec<_>>(), &[]).unwrap_err();
        assert!(error.contains(expected), "{file}: {error}");
    }
}
