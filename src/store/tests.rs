use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::*;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Note(String);
impl Value for Note {
    const TABLE: Table = Table::Settings;
}

fn open() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    (dir, store)
}

#[tokio::test]
async fn write_is_there_after_reopening() {
    let (dir, store) = open();
    store.write(|b| b.put("a".as_bytes(), &Note("x".into()))).await.unwrap();
    drop(store);
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(store.snapshot().unwrap().get::<Note>("a").unwrap(), Some(Note("x".into())));
}

#[tokio::test]
async fn failed_change_leaves_nothing_and_does_not_disturb_its_group() {
    let (_dir, store) = open();
    let mut writes = Vec::new();
    for n in 0..40_u32 {
        let store = store.clone();
        writes.push(tokio::spawn(async move {
            store
                .write(move |b| {
                    b.put(format!("n{n}"), &Note(n.to_string()))?;
                    if n % 2 == 1 { Err(StoreError::Closed) } else { Ok(()) }
                })
                .await
        }));
    }
    for (n, write) in writes.into_iter().enumerate() {
        assert_eq!(write.await.unwrap().is_ok(), n % 2 == 0);
    }
    assert_eq!(store.snapshot().unwrap().list::<Note>("n").unwrap().len(), 20);
}

#[tokio::test]
async fn newer_schema_is_refused_and_untouched() {
    let (dir, store) = open();
    store
        .write(|b| {
            b.put_raw(Table::Meta, b"schema", 99_u32.to_be_bytes().to_vec());
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    drop(store);
    let Err(StoreError::SchemaNewer { found: 99, .. }) = Store::open(dir.path()) else {
        panic!("opened a newer store")
    };
}

#[test]
fn older_value_versions_go_through_upgrade() {
    assert!(matches!(decode::<Note>(&[9, b'"', b'"']), Err(StoreError::Corrupt { .. })));
    assert!(decode::<Note>(&[]).is_err());
    assert_eq!(decode::<Note>(&encode(&Note("ä".into())).unwrap()).unwrap(), Note("ä".into()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    /// Any sequence of batches equals the same sequence on a map; scans see own writes.
    #[test]
    fn equals_a_map(batches in prop::collection::vec(prop::collection::vec((0_u8..20, prop::option::of(0_u8..5)), 1..8), 1..8)) {
        let (_dir, store) = open();
        let mut model = BTreeMap::new();
        for batch in batches {
            for (key, value) in &batch {
                match value { Some(v) => { model.insert(vec![*key], vec![*v]); } None => { model.remove(&vec![*key]); } }
            }
            let expected: Vec<_> = model.clone().into_iter().collect();
            let seen = store.write_blocking(move |b| {
                for (key, value) in batch {
                    match value { Some(v) => b.put_raw(Table::Settings, [key], vec![v]), None => b.delete(Table::Settings, [key]) }
                }
                b.scan(Table::Settings, [], usize::MAX)
            }).unwrap();
            prop_assert_eq!(&seen, &expected);
        }
        let mut stored = Vec::new();
        store.snapshot().unwrap().visit(Table::Settings, &[], None, |k, v| { stored.push((k.to_vec(), v.to_vec())); Ok(true) }).unwrap();
        prop_assert_eq!(stored, model.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn prefix_end_is_the_least_upper_bound(prefix in prop::collection::vec(any::<u8>(), 0..4), tail in prop::collection::vec(any::<u8>(), 0..4)) {
        let key: Vec<u8> = prefix.iter().chain(&tail).copied().collect();
        match prefix_end(&prefix) { Some(end) => prop_assert!(key < end && !end.starts_with(&prefix)), None => prop_assert!(prefix.iter().all(|b| *b == 255)) }
    }
}
