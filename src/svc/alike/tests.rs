use super::*;
use crate::svc::knowledge::{Draft, NewChunk, Stored, delete, set_excluded, store_draft};

const SITE: SiteId = SiteId(1);
/// Text of a page, long enough that a part of it is a page, too.
const TEXT: &str = "Die Kita liegt am Stadtpark und hat vier Gruppen mit zusammen 86 Plätzen.\n\
    Geöffnet ist montags bis freitags von 7:00 bis 17:00 Uhr, in den Ferien bis 15:00 Uhr.\n\
    Das Mittagessen wird im Haus gekocht und kostet 3,80 € am Tag.\n\
    Kinder mit Allergien bekommen ein eigenes Essen.\n\
    Die Leitung erreichen Sie unter 09999 123-343 oder per E-Mail.";

#[derive(Clone, Copy)]
struct Page<'a> {
    key: &'a str,
    title: &'a str,
    language: &'a str,
    updated: &'a str,
    text: &'a str,
}

const PAGE: Page<'_> = Page {
    key: "https://stadt.example/kita",
    title: "Kita Regenbogen",
    language: "de",
    updated: "2026-05-01",
    text: TEXT,
};

async fn put(store: &Store, page: Page<'_>) -> Stored {
    let draft = Draft {
        facts: vec![],
        origin: None,
        site: SITE,
        key: page.key.into(),
        title: page.title.into(),
        url: Some(page.key.into()),
        url_guess: None,
        language: page.language.into(),
        source: None,
        updated: Some(page.updated.to_owned()).filter(|date| !date.is_empty()),
        warnings: vec![],
        report: None,
        is_link_list: false,
        chunks: vec![NewChunk { text: page.text.into(), ..NewChunk::default() }],
    };
    store.write(move |b| store_draft(b, draft)).await.unwrap()
}

/// Keys of copies and what they repeat.
fn copies(store: &Store) -> Vec<(String, String, HowAlike)> {
    let copies = list(store, SITE).unwrap();
    copies.into_iter().map(|c| (c.document.key, c.original.key, c.why)).collect()
}

async fn learn(store: &Store) -> usize {
    refresh(store, SITE, &Progress::silent()).await.unwrap()
}

#[tokio::test]
async fn pages_of_equal_words_are_one_and_pages_that_differ_are_two() {
    let with = |more: &str| format!("{TEXT}\n{more}");
    let instead = |old: &str, new: &str| TEXT.replace(old, new);
    let other = Page { key: "https://stadt.example/druck/kita", ..PAGE };
    let same = Some(HowAlike::Same);
    for (name, first, second, expected) in [
        ("another date of the page", PAGE, Page { text: &with("Stand: 12.03.2024, 14:05 Uhr"), ..other }, same),
        ("another date in words", PAGE, Page { text: &with("Zuletzt geändert am 3. März 2024"), ..other }, same),
        (
            "print view",
            PAGE,
            Page { title: "Kita Regenbogen (Druckversion)", text: &with("Seite drucken"), ..other },
            same,
        ),
        ("its own address", PAGE, Page { text: &with("Quelle: https://stadt.example/kita"), ..other }, same),
        ("case and punctuation", PAGE, Page { text: &instead("Stadtpark und", "Stadtpark, und"), ..other }, same),
        ("archived copy", PAGE, Page { updated: "2021-01-01", text: &with("Archivierte Fassung"), ..other }, same),
        ("another number", PAGE, Page { text: &instead("3,80", "4,20"), ..other }, None),
        ("another telephone number", PAGE, Page { text: &instead("123-343", "123-344"), ..other }, None),
        ("another time", PAGE, Page { text: &instead("17:00", "16:30"), ..other }, None),
        ("a sign before a number", PAGE, Page { text: &instead("86", "-86"), ..other }, None),
        ("another name in the text", PAGE, Page { text: &instead("Stadtpark", "Lindenpark"), ..other }, None),
        ("another name in the title", PAGE, Page { title: "Kita Sonnenschein", ..other }, None),
        ("a negation", PAGE, Page { text: &instead("ist montags", "ist nicht montags"), ..other }, None),
        (
            "another date in a sentence",
            PAGE,
            Page { text: &with("Anmeldeschluss ist der 31.01.2027."), updated: "2027-01-01", ..other },
            None,
        ),
        (
            "a date that says more",
            Page { text: &with("Stand: 2026 gelten 80 Euro"), ..PAGE },
            Page { text: &with("Stand: 2026 gelten 90 Euro"), ..other },
            None,
        ),
        ("another language", PAGE, Page { language: "en", text: &with("Stand: 12.03.2024"), ..other }, None),
        (
            "all of it and a line more",
            Page { text: &with("Anfahrt mit der Linie 4."), ..PAGE },
            other,
            Some(HowAlike::Part),
        ),
        (
            "less, but the newer page",
            Page { text: &with("Anfahrt mit der Linie 4."), ..PAGE },
            Page { updated: "2026-09-01", ..other },
            None,
        ),
        ("more, but an archive", PAGE, Page { text: &with("Anfahrt mit der Linie 4."), ..other }, None),
        ("half of it", Page { text: &with(&TEXT.replace("Kita", "Krippe")), ..PAGE }, other, None),
        (
            "its lines in another order",
            PAGE,
            Page { text: &TEXT.lines().rev().collect::<Vec<_>>().join("\n"), ..other },
            None,
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        // The order of reading must not matter.
        for pages in [[first, second], [second, first]] {
            for page in pages {
                put(&store, page).await;
            }
            learn(&store).await;
            let expected: Vec<_> =
                expected.map(|why| (second.key.to_owned(), first.key.to_owned(), why)).into_iter().collect();
            assert_eq!(copies(&store), expected, "{name}");
            assert_eq!(learn(&store).await, 0, "{name}: the same again changes nothing");
            for key in [first.key, second.key] {
                let id = knowledge::document_by_key(&store.snapshot().unwrap(), SITE, key).unwrap().unwrap().id;
                store.write(move |b| delete(b, SITE, id)).await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn of_many_copies_the_freshest_page_counts() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let dated = |date: &str| format!("{TEXT}\nStand: {date}");
    for (key, date) in [
        ("https://a.example/kita?utm_source=x", "2026-09-09"),
        ("https://a.example/kita-alt", "2026-08-01"),
        ("https://a.example/kita", "2026-02-02"),
        ("https://a.example/kinder/kita", "2026-03-03"),
    ] {
        put(&store, Page { key, updated: date, text: &dated(date), ..PAGE }).await;
    }
    learn(&store).await;
    let all = copies(&store);
    assert_eq!(all.len(), 3);
    assert!(all.iter().all(|(_, of, _)| of == "https://a.example/kinder/kita"), "{all:?}");
    assert_eq!(knowledge::counts(&store, SITE).unwrap().copies, 3);
}

#[tokio::test]
async fn copies_come_back_when_an_editor_wants_it_or_their_page_goes() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let copy = Page { key: "https://stadt.example/druck/kita", text: &format!("{TEXT}\nSeite drucken"), ..PAGE };
    let (Stored::New(original), Stored::New(twin)) = (put(&store, PAGE).await, put(&store, copy).await) else {
        panic!()
    };
    let live = |id| knowledge::document(&store.snapshot().unwrap(), SITE, id).unwrap().is_live();
    learn(&store).await;
    assert!(live(original) && !live(twin));
    let pending = knowledge::counts(&store, SITE).unwrap().pending;
    assert_eq!(pending, 1, "a copy is not embedded");

    // Its page is excluded, changes, or is deleted.
    store.write(move |b| set_excluded(b, SITE, original, true)).await.unwrap();
    assert!(live(twin));
    store.write(move |b| set_excluded(b, SITE, original, false)).await.unwrap();
    learn(&store).await;
    assert!(!live(twin));
    put(&store, Page { text: "Die Kita ist umgezogen und hat jetzt sechs Gruppen.", ..PAGE }).await;
    assert!(live(twin));
    put(&store, PAGE).await;
    learn(&store).await;
    assert!(!live(twin));
    store.write(move |b| delete(b, SITE, original)).await.unwrap();
    assert!(live(twin));

    // An editor takes it back: it stays.
    let Stored::New(original) = put(&store, PAGE).await else { panic!() };
    learn(&store).await;
    assert!(live(original) && !live(twin));
    store.write(move |b| set_excluded(b, SITE, twin, false)).await.unwrap();
    assert!(live(original) && live(twin));
    assert_eq!(learn(&store).await, 0);
    assert!(live(twin) && copies(&store).is_empty());
}
