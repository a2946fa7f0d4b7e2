//! Manifest, bundle and loading.

use std::fs;

use super::super::{Bundle, EmbedError, LoadState, Manifest, ModelHandle};
use super::{bundle, cosine, folder};

fn manifest_text() -> String {
    fs::read_to_string(folder().join("manifest.toml")).unwrap()
}

#[test]
fn id_follows_what_shapes_a_vector() {
    let text = manifest_text();
    let id = |text: &str| Manifest::parse(text).unwrap().id();
    let same = [("licence = \"MIT\"", "licence = \"mit\""), ("name = \"multi", "name = \"Multi"), ("\"de\", ", "")];
    for (from, to) in same {
        assert_ne!(text, text.replacen(from, to, 1));
        assert_eq!(id(&text), id(&text.replacen(from, to, 1)), "{to}");
    }
    let different = [("\"query: \"", "\"\""), ("\"mean\"", "\"cls\""), ("= \"38af", "= \"38ae"), ("= 512", "= 256")];
    for (from, to) in different {
        assert_ne!(id(&text), id(&text.replacen(from, to, 1)), "{to}");
    }
    assert_eq!(id(&text).to_string().len(), 64);
}

#[test]
fn bad_manifests_are_refused() {
    let text = manifest_text();
    let cases = [
        ("pooling = \"mean\"", "pooling = \"max\""),
        ("dimensions = 384", "dimensions = 0"),
        ("max_tokens = 512", "max_tokens = 2"),
        ("\"encoder.gguf\"", "\"../encoder.gguf\""),
        ("licence", "license"),
    ];
    for (from, to) in cases {
        let refused = Manifest::parse(&text.replacen(from, to, 1));
        assert!(matches!(refused, Err(EmbedError::Malformed { .. })), "{to}: {refused:?}");
    }
}

#[test]
fn a_damaged_or_missing_file_is_named() {
    let here = tempfile::tempdir().unwrap();
    let missing = |error: Option<EmbedError>, name: &str| {
        assert!(matches!(&error, Some(EmbedError::Incomplete { file, .. }) if file.ends_with(name)), "{error:?}");
    };
    missing(Bundle::from_dir(here.path()).err(), "manifest.toml");
    fs::copy(folder().join("manifest.toml"), here.path().join("manifest.toml")).unwrap();
    fs::write(here.path().join("encoder.gguf"), b"GGUF").unwrap();
    missing(Bundle::from_dir(here.path()).err(), "vocabulary.bin");
    for name in ["vocabulary.bin", "cross-encoder.gguf", "query-encoder.gguf"] {
        fs::write(here.path().join(name), b"").unwrap();
    }
    let error = Bundle::from_dir(here.path()).unwrap().verify().unwrap_err();
    assert!(matches!(&error, EmbedError::Checksum { file, .. } if file == "encoder.gguf"), "{error}");
    assert!(error.to_string().contains("model import"), "{error}");
}

#[test]
fn the_model_in_the_repository_is_whole() {
    let from_dir = Bundle::from_dir(&folder()).unwrap();
    from_dir.verify().unwrap();
    bundle().verify().unwrap();
    assert_eq!(from_dir.manifest(), bundle().manifest());
}

#[tokio::test]
async fn loading_ends_in_every_state() {
    assert!(matches!(ModelHandle::spawn(None, 1).state(), LoadState::Absent));
    assert_eq!(ModelHandle::spawn(None, 1).ready().await.err(), Some(EmbedError::Absent));

    let here = tempfile::tempdir().unwrap();
    fs::copy(folder().join("manifest.toml"), here.path().join("manifest.toml")).unwrap();
    fs::write(here.path().join("encoder.gguf"), b"GGUF").unwrap();
    for name in ["vocabulary.bin", "cross-encoder.gguf", "query-encoder.gguf"] {
        fs::write(here.path().join(name), b"").unwrap();
    }
    let damaged = ModelHandle::spawn(Some(Bundle::from_dir(here.path()).unwrap()), 1);
    assert!(matches!(damaged.ready().await.err(), Some(EmbedError::LoadFailed(reason)) if reason.contains("sha256")));
    assert_eq!(damaged.state().as_str(), "failed");

    let handle = ModelHandle::spawn(Some(bundle()), 2);
    let model = handle.ready().await.unwrap();
    assert!(handle.get().is_some());
    assert_eq!(model.id, model.manifest.id());
    let question = model.pool.embed_query("Wo ist die Bücherei?").await.unwrap();
    let near = model.pool.embed_passage("Die Bücherei liegt in der Marktstraße 3.").await.unwrap();
    let far = model.pool.embed_passage("Hunde sind an der Leine zu führen.").await.unwrap();
    assert_eq!(question.len(), 384);
    assert!(cosine(&question, &near) > cosine(&question, &far) + 0.02);
}
