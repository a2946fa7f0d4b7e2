use super::gather::Item;
use super::name::Named;
use super::*;
use crate::base::id::TopicId;
use crate::svc::knowledge::{Draft, NewChunk, delete, store_draft};

const SITE: SiteId = SiteId(1);

fn item(id: u64, language: &str, place: Vec<f32>) -> Item {
    Item { id: DocumentId(id), language: language.into(), place, words: Vec::new() }
}

/// Items around `centres` corners, spread a little, in mixed order.
fn corners(count: usize, centres: usize) -> Vec<Item> {
    let near = |n: usize| {
        (0..8_usize)
            .map(|d| if d == n % centres { 3.0 } else { ((n * 31 + d * 17) % 10) as f32 / 20.0 })
            .collect::<Vec<f32>>()
    };
    (0..count).map(|n| item(n as u64, "de", near(n))).collect()
}

#[test]
fn what_lies_together_is_one_group_however_many_there_are() {
    for (count, centres) in [(40, 4), (40, 7), (900, 8), (3_000, 5)] {
        let items = corners(count, centres);
        let groups = cluster::groups(&items);
        assert!(groups.len() >= centres, "{count} {centres}: {}", groups.len());
        let mixed = groups.iter().filter(|group| group.iter().any(|at| at % centres != group[0] % centres)).count();
        assert_eq!(mixed, 0, "{count} {centres}");
        let mut all: Vec<usize> = groups.iter().flatten().copied().collect();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..count), "every document has one topic");
        assert_eq!(groups, cluster::groups(&items), "the same again");
    }
}

#[test]
fn languages_never_mix_and_no_group_is_tiny() {
    let mut items = corners(30, 3);
    items.extend((30..42).map(|n| item(n, "en", vec![3.0; 8])));
    items.push(item(42, "fr", vec![0.0; 8]));
    let groups = cluster::groups(&items);
    for group in &groups {
        let language = &items[group[0]].language;
        assert!(group.iter().all(|at| items[*at].language == *language));
        assert!(group.len() >= 3 || language == "fr");
    }
}

fn named(name: &str, documents: impl IntoIterator<Item = u64>) -> Named {
    Named {
        name: name.into(),
        words: vec![name.into()],
        language: "de".into(),
        documents: documents.into_iter().map(DocumentId).collect(),
    }
}

/// Number, name and documents of each topic.
fn shown(set: &TopicSet) -> Vec<(u64, &str, Vec<u64>)> {
    set.topics.iter().map(|t| (t.id.0, t.name.as_str(), t.documents.iter().map(|d| d.0).collect())).collect()
}

fn grouped(old: &TopicSet, groups: Vec<Named>) -> TopicSet {
    let mut set = TopicSet { next_id: old.next_id, pins: old.pins.clone(), ..TopicSet::default() };
    lineage::carry_on(&mut set, old, groups);
    set
}

#[test]
fn a_group_that_shares_its_documents_is_the_topic_it_was() {
    let first = grouped(&TopicSet::default(), vec![named("Abfall", 1..=6), named("Kitas", 7..=10)]);
    assert_eq!(shown(&first), [(1, "Abfall", vec![1, 2, 3, 4, 5, 6]), (2, "Kitas", vec![7, 8, 9, 10])]);
    // Grown, and in another order; a third one is new.
    let second =
        grouped(&first, vec![named("Kita", 7..=12), named("Müll", [1, 2, 3, 4, 20]), named("Parken", 30..=33)]);
    assert_eq!(
        shown(&second),
        [
            (2, "Kita", vec![7, 8, 9, 10, 11, 12]),
            (1, "Müll", vec![1, 2, 3, 4, 20]),
            (3, "Parken", vec![30, 31, 32, 33])
        ]
    );
    // Cut in two: the larger part goes on, the other is new, not a second one of the same number.
    let third = grouped(&second, vec![named("Kita", 7..=10), named("Hort", 11..=12), named("Müll", 1..=4)]);
    assert_eq!(third.topics.iter().map(|t| t.id.0).collect::<Vec<_>>(), [1, 2, 4]);
}

#[test]
fn what_an_editor_made_lasts() {
    let mut set =
        grouped(&TopicSet::default(), vec![named("Abfall", 1..=6), named("Kitas", 7..=10), named("Hort", 11..=13)]);
    let (waste, kitas, care) = (TopicId(1), TopicId(2), TopicId(3));
    for change in [
        Change::Rename { topic: waste, name: " Müll und Wertstoffe ".into() },
        Change::Hide { topic: waste, hidden: true },
        Change::Merge { topic: kitas, with: care },
        Change::Split { topic: waste, documents: vec![DocumentId(5), DocumentId(6)], name: "Wertstoffhof".into() },
    ] {
        edit::carry_out(&mut set, change).unwrap();
    }
    let again = grouped(&set, vec![named("Abfall", 1..=6), named("Hort", 11..=14), named("Kitas", 7..=10)]);
    assert_eq!(
        shown(&again),
        [
            (2, "Kitas", vec![11, 12, 13, 14, 7, 8, 9, 10]),
            (1, "Müll und Wertstoffe", vec![1, 2, 3, 4]),
            (4, "Wertstoffhof", vec![5, 6])
        ]
    );
    assert!(again.topics[1].hidden && again.next_id == 4);
    for (change, why) in [
        (Change::Rename { topic: TopicId(9), name: "x".into() }, "unknown"),
        (Change::Rename { topic: waste, name: "  ".into() }, "no name"),
        (Change::Rename { topic: waste, name: "x".repeat(101) }, "too long"),
        (Change::Merge { topic: waste, with: waste }, "itself"),
        (Change::Split { topic: waste, documents: vec![DocumentId(7)], name: "x".into() }, "not in it"),
        (Change::Split { topic: waste, documents: vec![], name: "x".into() }, "nothing"),
        (Change::Split { topic: waste, documents: (1..=4).map(DocumentId).collect(), name: "x".into() }, "all of it"),
    ] {
        let mut tried = again.clone();
        assert!(edit::carry_out(&mut tried, change).is_err(), "{why}");
    }
}

const SUBJECTS: [(&str, &str, &str); 3] = [
    ("abfall", "Restmüll", "Die Restmülltonne wird alle zwei Wochen geleert, der Abfall kommt zum Wertstoffhof."),
    ("kitas", "Kita", "Die Kita betreut Kinder in der Krippe; Eltern melden die Kinder bei der Kita an."),
    ("pass", "Reisepass", "Der Reisepass wird im Bürgerbüro beantragt, ein Passbild für den Reisepass ist nötig."),
];

async fn town() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    for n in 0..24 {
        let (folder, title, text) = SUBJECTS[n % 3];
        let draft = Draft {
            facts: vec![],
            origin: None,
            site: SITE,
            key: format!("https://stadt.example/{folder}/{n}"),
            title: format!("{title} {n}"),
            url: None,
            url_guess: None,
            language: "de".into(),
            source: None,
            updated: None,
            warnings: vec![],
            report: None,
            is_link_list: false,
            chunks: vec![NewChunk { text: format!("{text} Nummer {n}."), ..NewChunk::default() }],
        };
        store.write(move |b| store_draft(b, draft)).await.unwrap();
    }
    (dir, store)
}

async fn group(store: &Store) -> usize {
    refresh(store, SITE, [0; 32], &Progress::silent()).await.unwrap()
}

/// Documents are made in turn, from number 1 on.
fn subject_of(document: DocumentId) -> usize {
    usize::try_from((document.0 - 1) % 3).unwrap()
}

#[tokio::test]
async fn topics_are_versions_named_by_their_words() {
    let (_dir, store) = town().await;
    let count = group(&store).await;
    let set = latest(&store.snapshot().unwrap(), SITE).unwrap();
    assert_eq!((set.version, set.topics.len()), (1, count));
    for topic in &set.topics {
        let subject = subject_of(topic.documents[0]);
        assert!(topic.documents.iter().all(|id| subject_of(*id) == subject), "{topic:?}");
        assert!(topic.name.contains(SUBJECTS[subject].1), "{topic:?}");
    }
    assert_eq!(group(&store).await, count);
    assert_eq!(versions(&store.snapshot().unwrap(), SITE).unwrap().len(), 1, "the same documents are no new version");

    let topic = set.topics[0].id;
    change(&store, SITE, Change::Rename { topic, name: "Anders".into() }).await.unwrap();
    let name = |store: &Store| {
        latest(&store.snapshot().unwrap(), SITE).unwrap().topics.into_iter().find(|t| t.id == topic).unwrap().name
    };
    assert_eq!(name(&store), "Anders");
    store.write(|b| delete(b, SITE, DocumentId(1))).await.unwrap();
    group(&store).await;
    assert_eq!(name(&store), "Anders");
    let restored = restore(&store, SITE, 1).await.unwrap();
    assert_eq!(name(&store), set.topics[0].name);
    assert!(
        restored.topics.iter().all(|t| !t.documents.contains(&DocumentId(1))),
        "what was deleted does not come back"
    );
    assert!(restore(&store, SITE, 99).await.is_err());
    for _ in 0..25 {
        change(&store, SITE, Change::Hide { topic, hidden: true }).await.unwrap();
    }
    assert_eq!(versions(&store.snapshot().unwrap(), SITE).unwrap().len(), VERSIONS_MAX);

    // Hidden topics and other languages are not suggested; nor are other sites' topics.
    let hidden = SUBJECTS[subject_of(set.topics[0].documents[0])].1;
    let own: Vec<String> = suggestions(&store, SITE, "de").unwrap();
    assert!(!own.is_empty() && own.len() <= SUGGESTIONS);
    assert!(count > 3 || own.iter().all(|title| !title.contains(hidden)), "{own:?}");
    assert_eq!(suggestions(&store, SITE, "en").unwrap(), [""; 0]);
    assert_eq!(suggestions(&store, SiteId(2), "de").unwrap(), [""; 0]);
    let near = nearest(&store, SITE, &[DocumentId(2)], "de").unwrap();
    assert!(near.iter().all(|title| title.contains("Kita") && title != "Kita 1"), "{near:?}");
}

#[tokio::test]
async fn a_small_site_has_no_topics() {
    let (_dir, store) = town().await;
    for id in 1..=20 {
        store.write(move |b| delete(b, SITE, DocumentId(id))).await.unwrap();
    }
    assert_eq!(group(&store).await, 0);
}
