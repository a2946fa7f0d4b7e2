use super::*;
use crate::store::Store;

#[test]
fn sentences_end_where_a_reader_ends_them() {
    for (text, expected) in [
        ("Der Ausweis kostet 37,00 €. Er gilt 10 Jahre.", vec!["Der Ausweis kostet 37,00 €.", "Er gilt 10 Jahre."]),
        (
            "Am 24. Dezember ist geschlossen. Bitte rufen Sie an!",
            vec!["Am 24. Dezember ist geschlossen.", "Bitte rufen Sie an!"],
        ),
        (
            "Geöffnet jeden 1. Samstag, z. B. am 05.12.2026 von 9.00 bis 12.00 Uhr.",
            vec!["Geöffnet jeden 1. Samstag, z. B. am 05.12.2026 von 9.00 bis 12.00 Uhr."],
        ),
        ("Tel. 09999 123-10\nFax 5", vec!["Tel. 09999 123-10", "Fax 5"]),
        (
            "Dr. Helene B. Müller leitet das Amt. („Ja.“) Danach",
            vec!["Dr. Helene B. Müller leitet das Amt.", "(„Ja.“)", "Danach"],
        ),
        ("Really? Yes, e.g. here. Ok", vec!["Really?", "Yes, e.g. here.", "Ok"]),
        ("", vec![]),
        ("...", vec![]),
    ] {
        assert_eq!(sentences(text), expected, "{text}");
    }
}

fn draft(key: &str, text: &str) -> Draft {
    Draft {
        site: SiteId(1),
        key: key.into(),
        title: "T".into(),
        url: None,
        url_guess: None,
        language: "de".into(),
        source: None,
        updated: None,
        warnings: vec![],
        report: None,
        facts: Vec::new(),
        is_link_list: false,
        origin: None,
        chunks: vec![NewChunk { text: text.into(), ..NewChunk::default() }],
    }
}

async fn put(store: &Store, key: &str, text: &str) -> Stored {
    let draft = draft(key, text);
    store.write(move |b| store_draft(b, draft)).await.unwrap()
}

fn keys(store: &Store) -> Vec<(String, Vec<String>)> {
    documents(&store.snapshot().unwrap(), SiteId(1), None, 99, |_| true)
        .unwrap()
        .into_iter()
        .map(|d| (d.key, d.aliases))
        .collect()
}

#[tokio::test]
async fn equal_text_is_one_document_and_parts_again_when_it_changes() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    assert!(matches!(put(&store, "a", "x").await, Stored::New(_)));
    assert!(matches!(put(&store, "a", "x").await, Stored::Unchanged(_)));
    assert!(matches!(put(&store, "b", "x").await, Stored::Duplicate(_)));
    assert!(matches!(put(&store, "b", "x").await, Stored::Duplicate(_)));
    assert_eq!(keys(&store), [("a".into(), vec!["b".into()])]);
    // The primary changes: its twin keeps the old text.
    assert!(matches!(put(&store, "a", "y").await, Stored::New(_)));
    assert_eq!(keys(&store), [("b".into(), vec![]), ("a".into(), vec![])]);
    assert!(matches!(put(&store, "b", "z").await, Stored::Updated(_)));
    // And becomes a twin of the other.
    assert!(matches!(put(&store, "b", "y").await, Stored::Duplicate(_)));
    assert_eq!(keys(&store), [("a".into(), vec!["b".into()])]);
    assert_eq!(
        counts(&store, SiteId(1)).unwrap(),
        Counts { documents: 1, chunks: 1, excluded: 0, gone: 0, copies: 0, pending: 1 }
    );
}

#[tokio::test]
async fn deleting_leaves_nothing_and_excluding_can_be_undone() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let Stored::New(id) = put(&store, "a", "x").await else { panic!() };
    store.write(move |b| set_excluded(b, SiteId(1), id, true)).await.unwrap();
    assert_eq!(counts(&store, SiteId(1)).unwrap().pending, 0);
    store.write(move |b| set_excluded(b, SiteId(1), id, false)).await.unwrap();
    assert_eq!(counts(&store, SiteId(1)).unwrap().pending, 1);
    store.write(move |b| delete(b, SiteId(1), id)).await.unwrap();
    let snapshot = store.snapshot().unwrap();
    for table in [Table::Documents, Table::DocumentKeys, Table::DocumentHashes, Table::Chunks, Table::EmbedQueue] {
        assert_eq!(snapshot.count(table, []).unwrap(), 0, "{table:?}");
    }
}
