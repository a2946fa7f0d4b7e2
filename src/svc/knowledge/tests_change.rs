//! Edits, deletions, the vectors of shared texts, and the list.

use super::*;
use crate::base::id::SourceId;
use crate::base::{Code, Fault};

const SITE: SiteId = SiteId(1);
const MODEL: [u8; 32] = [7; 32];

struct Bench {
    store: Store,
    _dir: tempfile::TempDir,
}

fn lines(text: &str) -> Vec<NewChunk> {
    text.lines().map(|line| NewChunk { text: line.into(), ..NewChunk::default() }).collect()
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { store: Store::open(dir.path()).unwrap(), _dir: dir }
    }

    /// A page as a crawl brings it: a passage a line.
    async fn crawled(&self, key: &str, title: &str, text: &str) -> Stored {
        self.put(key, title, text, Some(SourceId(1))).await
    }

    async fn put(&self, key: &str, title: &str, text: &str, source: Option<SourceId>) -> Stored {
        let draft = Draft {
            facts: vec![],
            site: SITE,
            key: key.into(),
            title: title.into(),
            url: None,
            url_guess: None,
            language: "de".into(),
            source,
            updated: None,
            warnings: vec![],
            report: None,
            is_link_list: false,
            origin: None,
            chunks: lines(text),
        };
        self.store.write(move |batch| store_draft(batch, draft)).await.unwrap()
    }

    /// Gives every needed text a vector, as the embedder does.
    async fn embed(&self) {
        self.store
            .write(|batch| {
                for (key, _) in batch.scan(Table::TextUses, [], usize::MAX)? {
                    batch.put_raw(Table::Vectors, Key::of(&MODEL).and(&key[..32]), vec![0; 4]);
                }
                Ok::<_, Fault>(())
            })
            .await
            .unwrap();
    }

    fn count(&self, table: Table) -> u64 {
        self.store.snapshot().unwrap().count(table, []).unwrap()
    }

    fn read(&self, id: DocumentId) -> (Document, Vec<String>) {
        let snapshot = self.store.snapshot().unwrap();
        let document = document(&snapshot, SITE, id).unwrap();
        let texts = document.chunks.iter().map(|id| chunk(&snapshot, SITE, *id).unwrap().unwrap().text).collect();
        (document, texts)
    }

    async fn edit(&self, id: DocumentId, version: &str, title: Option<&str>, text: Option<&str>) -> Outcome<Document> {
        let wanted = Wanted { title: title.map(str::to_owned), chunks: text.map(lines), by: "op@a.de".into() };
        let version = version.to_owned();
        self.store.write(move |batch| edit(batch, SITE, id, &version, wanted)).await
    }
}

fn id(stored: Stored) -> DocumentId {
    match stored {
        Stored::New(id) | Stored::Updated(id) | Stored::Unchanged(id) | Stored::Duplicate(id) => id,
        Stored::Deleted => panic!("it is not stored"),
    }
}

#[tokio::test]
async fn vectors_stay_as_long_as_a_passage_has_their_text() {
    let bench = Bench::new();
    let one = id(bench.crawled("a", "T", "Das ist gleich.\nNur hier.").await);
    let two = id(bench.crawled("b", "T", "Das ist gleich.\nNur dort.").await);
    bench.embed().await;
    // A passage and its only sentence each: three texts of their own, twice.
    assert_eq!(bench.count(Table::Vectors), 6);
    // One passage of two changes: the vectors of the other stay, so that it is not embedded again.
    bench.crawled("a", "T", "Das ist gleich.\nHier ist es neu.").await;
    assert_eq!(bench.count(Table::Vectors), 4);
    bench.embed().await;
    bench.store.write(move |batch| delete(batch, SITE, one)).await.unwrap();
    assert_eq!(bench.count(Table::Vectors), 4, "what the second page shares stays");
    bench.store.write(move |batch| delete(batch, SITE, two)).await.unwrap();
    for table in
        [Table::Vectors, Table::TextUses, Table::Chunks, Table::Documents, Table::DocumentHashes, Table::EmbedQueue]
    {
        assert_eq!(bench.count(table), 0, "{table:?}");
    }
}

#[tokio::test]
async fn a_store_from_before_learns_who_needs_which_vector() {
    let bench = Bench::new();
    bench.crawled("a", "T", "Ein Satz.").await;
    let known = bench.count(Table::TextUses);
    bench
        .store
        .write(|batch| {
            for (key, _) in batch.scan(Table::TextUses, [], usize::MAX)? {
                batch.delete(Table::TextUses, key);
            }
            Ok::<_, Fault>(())
        })
        .await
        .unwrap();
    let store = bench.store.clone();
    tokio::task::spawn_blocking(move || count_uses(&store).and_then(|()| count_uses(&store))).await.unwrap().unwrap();
    assert_eq!((bench.count(Table::TextUses), known), (2, 2));
}

#[tokio::test]
async fn an_edit_stays_through_readings_and_can_be_dropped() {
    let bench = Bench::new();
    let page = id(bench.crawled("a", "Titel", "Alt eins.\nAlt zwei.").await);
    let version = bench.read(page).0.version().to_owned();
    bench.edit(page, &version, Some("Besser"), Some("Von Hand.")).await.unwrap();
    // The same again, and then another text of the website.
    assert_eq!(bench.crawled("a", "Titel", "Alt eins.\nAlt zwei.").await, Stored::Unchanged(page));
    assert_eq!(bench.read(page).0.edited.unwrap().source_changed_at, None);
    assert_eq!(bench.crawled("a", "Titel", "Neu.").await, Stored::Updated(page));
    let (document, texts) = bench.read(page);
    assert_eq!((document.title.as_str(), texts), ("Besser", vec!["Von Hand.".to_owned()]));
    assert!(document.edited.as_ref().is_some_and(|edited| edited.source_changed_at.is_some()));
    // A page with the text the website has is the same page, not a second one.
    assert_eq!(bench.crawled("b", "Titel", "Neu.").await, Stored::Duplicate(page));
    assert_eq!(bench.crawled("b", "Titel", "Neu.").await, Stored::Duplicate(page));
    let version = document.version().to_owned();
    bench.store.write(move |batch| drop_edit(batch, SITE, page, &version)).await.unwrap();
    let (document, texts) = bench.read(page);
    assert_eq!((document.title.as_str(), texts, document.edited), ("Titel", vec!["Neu.".to_owned()], None));
    assert_eq!(document.aliases, ["b"]);
    assert_eq!(bench.crawled("a", "Titel", "Neu.").await, Stored::Unchanged(page));
    assert_eq!((bench.count(Table::Edits), bench.count(Table::Documents)), (0, 1));
}

#[tokio::test]
async fn a_title_alone_is_kept_over_new_text() {
    let bench = Bench::new();
    let page = id(bench.crawled("a", "Titel", "Alt.").await);
    let version = bench.read(page).0.version().to_owned();
    bench.edit(page, &version, Some("Besser"), None).await.unwrap();
    assert_eq!(bench.crawled("a", "Titel", "Neu.").await, Stored::Updated(page));
    let (document, texts) = bench.read(page);
    assert_eq!((document.title.as_str(), texts), ("Besser", vec!["Neu.".to_owned()]));
    bench.store.write(move |batch| delete(batch, SITE, page)).await.unwrap();
    assert_eq!((bench.count(Table::Edits), bench.count(Table::DocumentHashes)), (0, 0));
}

#[tokio::test]
async fn two_editors_do_not_overwrite_each_other() {
    let bench = Bench::new();
    let page = id(bench.crawled("a", "Titel", "Alt.").await);
    bench.crawled("b", "Besser", "Zwei.").await;
    let seen = bench.read(page).0.version().to_owned();
    bench.edit(page, &seen, None, Some("Erste.")).await.unwrap();
    let fault = bench.edit(page, &seen, None, Some("Zweite.")).await.unwrap_err();
    assert!(fault.code == Code::DocumentChanged && fault.detail.contains("op@a.de"), "{fault}");
    assert_eq!(bench.read(page).1, ["Erste."]);
    let seen = bench.read(page).0.version().to_owned();
    let twin = bench.edit(page, &seen, Some("Besser"), Some("Zwei.")).await.unwrap_err();
    assert_eq!(twin.code, Code::Invalid, "the text of another document");
    // Back to what was read: no edit is left.
    bench.edit(page, &seen, Some("Titel"), Some("Alt.")).await.unwrap();
    assert_eq!((bench.read(page).0.edited, bench.count(Table::Edits)), (None, 0));
}

#[tokio::test]
async fn what_was_deleted_comes_back_only_when_asked_for() {
    let bench = Bench::new();
    let page = id(bench.crawled("a", "T", "Eins.").await);
    bench.crawled("also", "T", "Eins.").await;
    bench.store.write(move |batch| delete(batch, SITE, page)).await.unwrap();
    for key in ["a", "also"] {
        assert_eq!(bench.crawled(key, "T", "Eins.").await, Stored::Deleted, "{key}");
    }
    let deleted = Filter { state: Some(State::Deleted), ..Filter::default() };
    let page = |filter: &Filter| list(&bench.store.snapshot().unwrap(), SITE, filter, &Cursor::Start, 9).unwrap();
    assert_eq!((page(&deleted).total, page(&Filter::default()).total), (2, 0));
    bench.store.write(|batch| allow(batch, SITE, "a").map(drop)).await.unwrap();
    assert!(matches!(bench.crawled("a", "T", "Eins.").await, Stored::New(_)));
    // Sending it is asking for it.
    assert!(matches!(bench.put("also", "T", "Zwei.", None).await, Stored::New(_)));
    assert_eq!(page(&deleted).total, 0);
    // What nobody brings back by itself leaves no trace.
    let sent = id(bench.put("brief.txt", "T", "Drei.", None).await);
    bench.store.write(move |batch| delete(batch, SITE, sent)).await.unwrap();
    assert_eq!(page(&deleted).total, 0);
}

#[tokio::test]
async fn the_list_is_filtered_and_goes_on_where_it_stopped() {
    let bench = Bench::new();
    for n in 0..7 {
        bench.crawled(&format!("https://a.example/{n}.pdf"), "Satzung", &format!("Text {n}.")).await;
    }
    bench.put("liste.csv", "Liste", "Zeile.", None).await;
    for key in ["kaputt.docx", "leer.pdf"] {
        let why = Why::Failed { code: "damaged".into(), reason: "no".into() };
        let absent = Absent { key: key.into(), title: key.into(), why, at: 1, source: None };
        bench.store.write(move |batch| note_failed(batch, SITE, &absent)).await.unwrap();
    }
    let snapshot = bench.store.snapshot().unwrap();
    let all = |filter: &Filter| {
        let (mut keys, mut cursor) = (Vec::new(), Cursor::Start);
        loop {
            let page = list(&snapshot, SITE, filter, &cursor, 3).unwrap();
            assert!(page.rows.len() <= 3 && page.facets.states["failed"] == 2);
            let total = page.total;
            keys.extend(page.rows.into_iter().map(|row| match row {
                Listed::Document(document) => document.key,
                Listed::Absent(absent) => absent.key,
            }));
            match page.next {
                // The cursor travels as text.
                Some(next) => cursor = next.to_string().parse().unwrap(),
                None => return if keys.len() as u64 == total { keys.len() } else { usize::MAX },
            }
        }
    };
    let pdf = Filter { format: Some(Format::Pdf), ..Filter::default() };
    let failed = Filter { state: Some(State::Failed), ..Filter::default() };
    let source = Filter { source: Some(SourceId(1)), ..Filter::default() };
    let words = Filter { words: "satz".into(), ..Filter::default() };
    let english = Filter { language: Some("en".into()), ..Filter::default() };
    for (filter, expected) in [(Filter::default(), 10), (pdf, 8), (failed, 2), (source, 7), (words, 7), (english, 0)] {
        assert_eq!(all(&filter), expected, "{filter:?}");
    }
    assert!("doc_x".parse::<Cursor>().is_err());
}

#[test]
fn a_text_is_the_same_after_writing_and_reading_it() {
    let chunk = |section: &[&str], text: &str| NewChunk {
        section: section.iter().map(|s| (*s).to_owned()).collect(),
        text: text.into(),
        ..NewChunk::default()
    };
    let chunks = [
        chunk(&[], "Vorspann\n# kein Titel"),
        chunk(&["A"], "eins"),
        chunk(&["A", "B"], "zwei\n\\ drei"),
        chunk(&["A"], "vier"),
        chunk(&["C", "D", "E"], "fünf"),
        chunk(&[], "Schluss"),
    ];
    let text = to_text(&chunks);
    let read: Vec<NewChunk> = from_text(&text)
        .into_iter()
        .map(|section| NewChunk {
            section: section.path,
            text: section.blocks.iter().map(crate::svc::extract::Block::to_text).collect::<Vec<_>>().join("\n"),
            ..NewChunk::default()
        })
        .collect();
    assert_eq!(read, chunks, "{text}");
    for empty in ["", "\n \n", "## Nur eine Überschrift"] {
        assert_eq!(from_text(empty), [], "{empty}");
    }
}
