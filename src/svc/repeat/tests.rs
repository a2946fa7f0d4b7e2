use super::*;
use crate::svc::knowledge::{Draft, NewChunk, store_draft};

const SITE: SiteId = SiteId(1);
const OFFICE: &str = "Das Bürgerbüro erreichen Sie unter 09999 123-100 oder buergerbuero@stadt.example.";

/// A store with `pages` pages of a website that all say `OFFICE`, and `others` that do not.
async fn website(pages: usize, others: usize) -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    for n in 0..pages + others {
        let own = format!("Seite {n} erklärt die Leistung Nummer {n} der Stadt mit genug eigenen Worten.");
        let (path, title) = if n == 3 {
            ("buergerbuero".to_owned(), "Bürgerbüro".to_owned())
        } else {
            (format!("leistung/{n}"), format!("Leistung {n}"))
        };
        let text = if n < pages { format!("{own}\n{OFFICE}") } else { own };
        let draft = Draft {
            facts: vec![],
            origin: None,
            site: SITE,
            key: format!("https://stadt.example/{path}"),
            title,
            url: None,
            url_guess: None,
            language: "de".into(),
            source: Some(SourceId(1)),
            updated: None,
            warnings: vec![],
            report: None,
            is_link_list: false,
            chunks: vec![NewChunk { text, ..NewChunk::default() }],
        };
        store.write(move |b| store_draft(b, draft)).await.unwrap();
    }
    (dir, store)
}

fn pages_with_office(store: &Store) -> Vec<String> {
    let snapshot = store.snapshot().unwrap();
    let all = knowledge::documents(&snapshot, SITE, None, usize::MAX, |_| true).unwrap();
    let has = |d: &Document| {
        d.chunks.iter().any(|&id| knowledge::chunk(&snapshot, SITE, id).unwrap().unwrap().text.contains(OFFICE))
    };
    all.into_iter().filter(has).map(|d| d.key).collect()
}

#[tokio::test]
async fn a_fact_on_every_page_stays_where_it_fits_best() {
    let (_dir, store) = website(30, 0).await;
    let refreshed = refresh(&store, SITE, &Progress::silent()).await.unwrap();
    assert_eq!(refreshed, Refreshed { parts: 1, documents: 29 });
    assert_eq!(pages_with_office(&store), ["https://stadt.example/buergerbuero"]);
    let before = store.dump().unwrap();
    assert_eq!(refresh(&store, SITE, &Progress::silent()).await.unwrap(), Refreshed { parts: 1, documents: 0 });
    assert_eq!(store.dump().unwrap(), before, "learning the same again writes nothing");

    let (source, part) = list(&store, SITE).unwrap().remove(0);
    assert_eq!((part.pages, part.of, part.text.as_str()), (30, 30, OFFICE));
    assert_ne!(part.example, part.home);
    keep(&store, SITE, source, part.id.clone(), true).await.unwrap();
    assert_eq!(refresh(&store, SITE, &Progress::silent()).await.unwrap().documents, 29);
    assert_eq!(pages_with_office(&store).len(), 30);
    keep(&store, SITE, source, part.id, false).await.unwrap();
    refresh(&store, SITE, &Progress::silent()).await.unwrap();
    assert_eq!(pages_with_office(&store).len(), 1);
    assert!(keep(&store, SITE, source, "unknown".into(), true).await.is_err());
}

#[tokio::test]
async fn what_is_rare_or_on_a_small_website_stays_everywhere() {
    for (pages, others) in [(11, 0), (7, 5), (15, 30)] {
        let (_dir, store) = website(pages, others).await;
        assert_eq!(refresh(&store, SITE, &Progress::silent()).await.unwrap(), Refreshed::default(), "{pages} {others}");
        assert_eq!(pages_with_office(&store).len(), pages);
    }
}

#[tokio::test]
async fn a_page_read_again_is_unchanged_and_a_new_one_comes_without_the_part() {
    let (_dir, store) = website(20, 0).await;
    refresh(&store, SITE, &Progress::silent()).await.unwrap();
    let snapshot = store.snapshot().unwrap();
    let document = knowledge::document(&snapshot, SITE, DocumentId(1)).unwrap();
    assert_eq!(document.left_out, 1);
    let chunks = knowledge::full_text(&snapshot, &document).unwrap();
    let draft = move |key: &str, title: &str| Draft {
        facts: vec![],
        origin: None,
        site: SITE,
        key: key.into(),
        title: title.into(),
        url: None,
        url_guess: None,
        language: "de".into(),
        source: Some(SourceId(1)),
        updated: None,
        warnings: vec![],
        report: None,
        is_link_list: false,
        chunks: chunks.clone(),
    };
    let (same, new) = (draft(&document.key, &document.title), draft("https://stadt.example/neu", "Neu"));
    let stored = store.write(move |b| store_draft(b, same)).await.unwrap();
    assert_eq!(stored, knowledge::Stored::Unchanged(DocumentId(1)));
    store.write(move |b| store_draft(b, new)).await.unwrap();
    assert_eq!(pages_with_office(&store), ["https://stadt.example/buergerbuero"]);

    // Deleting leaves nothing of the whole text behind.
    store.write(|b| knowledge::delete(b, SITE, DocumentId(1))).await.unwrap();
    let left = store.snapshot().unwrap().count(crate::store::Table::FullTexts, []).unwrap();
    assert_eq!(left, 19, "19 of 20 pages, less the deleted one, and the new one");
}
