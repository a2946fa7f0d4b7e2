//! Adding and removing models.

use super::*;
use crate::embed::tests::tiny;

fn models(dir: &Path) -> Models {
    std::fs::create_dir_all(dir.join("data")).unwrap();
    let store = Store::open(&dir.join("data")).unwrap();
    let key = ModelKey { id: [0; 32], dimensions: 384 };
    Models::new(store, dir.join("data/models"), ModelHandle::spawn(None, 1), key, 1)
}

#[tokio::test]
async fn a_model_is_added_once_kept_whole_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("tiny");
    std::fs::create_dir(&folder).unwrap();
    tiny::write_bert(&folder);
    std::fs::write(folder.join("LICENSE"), "Free.").unwrap();
    let models = models(dir.path());
    let (added, _) = models.import(&folder, "tiny", ImportOptions::default()).await.unwrap();
    assert_eq!((added.dimensions, added.max_tokens), (tiny::HIDDEN, 48));
    assert!(added.tried.tokens_per_second > 0.0 && added.tried.cosine_alike.is_finite(), "{added:?}");
    assert_eq!(models.list().unwrap(), std::slice::from_ref(&added));
    let bundle = models.bundle("tiny").unwrap();
    bundle.verify().unwrap();
    assert_eq!(bundle.manifest().id().to_string(), added.id);
    assert_eq!(std::fs::read_to_string(dir.path().join("data/models/tiny/LICENSE")).unwrap(), "Free.");
    // The source may go; a second one of that name may not come.
    std::fs::remove_dir_all(&folder).unwrap();
    let twice = models.import(&folder, "tiny", ImportOptions::default()).await;
    assert_eq!(twice.unwrap_err().code, Code::Conflict);
    models.remove("tiny").await.unwrap();
    assert!(models.list().unwrap().is_empty() && !dir.path().join("data/models/tiny").exists());
    assert_eq!(models.remove("tiny").await.unwrap_err().code, Code::NotFound);
}

#[tokio::test]
async fn a_refused_model_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("tiny");
    std::fs::create_dir(&folder).unwrap();
    tiny::write_bert(&folder);
    let models = models(dir.path());
    for name in ["", "../x", "a/b", ".x", "Big", BUILT_IN, &"x".repeat(64)] {
        assert!(models.import(&folder, name, ImportOptions::default()).await.is_err(), "{name:?}");
    }
    std::fs::write(folder.join("model.safetensors"), b"no weights").unwrap();
    let refused = models.import(&folder, "tiny", ImportOptions::default()).await.unwrap_err();
    assert_eq!(refused.code, Code::Invalid);
    assert!(models.list().unwrap().is_empty() && !dir.path().join("data/models").exists());
}

#[test]
fn names_are_made_of_folders() {
    for (text, name) in
        [("Multilingual E5 (base)", "multilingual-e5--base"), ("../..", ""), ("bge-m3.Q8_0", "bge-m3.q8_0")]
    {
        assert_eq!(name_from(text), name);
    }
}
