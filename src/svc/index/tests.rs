use super::*;
use crate::base::Fault;
use crate::base::id::DocumentId;
use crate::svc::knowledge::{self, Change, Draft, NewChunk, Op, Stored, VectorKey, store_draft};
use crate::svc::site::{NewSite, Site};

const MODEL: ModelKey = ModelKey { id: [7; 32], dimensions: 4 };

fn models(store: &Store) -> Arc<Models> {
    Arc::new(Models::without_files(store.clone(), MODEL))
}

struct Bench {
    dir: tempfile::TempDir,
    store: Store,
    site: Site,
}

impl Bench {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let site = crate::svc::site::create(&store, NewSite { slug: "s".into(), ..NewSite::default() }).await.unwrap();
        Self { dir, store, site }
    }

    fn open(&self) -> Indexes {
        Indexes::open(self.store.clone(), &self.dir.path().join("index"), models(&self.store)).unwrap()
    }

    /// Stores a document of one chunk with its vector.
    async fn put(&self, key: &str, text: &str) -> DocumentId {
        let draft = Draft {
            site: self.site.id,
            key: key.into(),
            title: key.into(),
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
        };
        let site = self.site.id;
        let seed = *blake3::hash(text.as_bytes()).as_bytes();
        self.store
            .write(move |batch| {
                let stored = store_draft(batch, draft)?;
                let (Stored::New(id) | Stored::Updated(id) | Stored::Unchanged(id) | Stored::Duplicate(id)) = stored
                else {
                    panic!("{stored:?}");
                };
                let document: knowledge::Document = batch.get(Key::of(site).and(id))?.unwrap();
                for chunk in document.chunks {
                    let stored: knowledge::Chunk = batch.get(Key::of(site).and(chunk))?.unwrap();
                    let hash = *blake3::Hash::from_hex(&stored.text_hash).unwrap().as_bytes();
                    let vector: Vec<f32> = seed[..4].iter().map(|b| f32::from(*b) + 1.0).collect();
                    batch.put_raw(Table::Vectors, VectorKey::of_hash(&MODEL.id, &hash), VectorKey::to_bytes(&vector));
                    let sequence = batch.next("outbox")?;
                    batch.put(Key::of(site).and(sequence), &Change { op: Op::Vector, chunk })?;
                }
                Ok::<_, Fault>(id)
            })
            .await
            .unwrap()
    }

    async fn delete(&self, id: DocumentId) {
        let site = self.site.id;
        self.store.write(move |batch| knowledge::delete(batch, site, id)).await.unwrap();
    }
}

fn found(index: &SiteIndex, words: &str) -> Vec<u64> {
    index.search_words(words, 10).unwrap().into_iter().map(|hit| hit.key).collect()
}

#[tokio::test]
async fn what_is_stored_is_found_and_what_is_deleted_is_not() {
    let bench = Bench::new().await;
    let indexes = bench.open();
    let first = bench.put("a", "Hundesteuer im Jahr").await;
    bench.put("b", "Freibad am Fluss").await;
    indexes.caught_up(bench.site.id).await.unwrap();
    let index = indexes.site(bench.site.id).unwrap();
    assert_eq!(found(&index, "Hundesteuer").len(), 1);
    assert_eq!(index.vectors().len(), 2);
    bench.delete(first).await;
    indexes.caught_up(bench.site.id).await.unwrap();
    assert!(found(&index, "Hundesteuer").is_empty());
    assert_eq!(indexes.verify(bench.site.id).unwrap(), []);
}

#[tokio::test]
async fn any_history_equals_a_rebuild() {
    let bench = Bench::new().await;
    let mut indexes = bench.open();
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut known: Vec<DocumentId> = Vec::new();
    for round in 0..60 {
        // xorshift: the same history in every run
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        match state % 5 {
            0 if !known.is_empty() => bench.delete(known.swap_remove((state >> 8) as usize % known.len())).await,
            1 => {
                indexes.caught_up(bench.site.id).await.unwrap();
                drop(indexes);
                indexes = bench.open();
            }
            _ => {
                let id = bench
                    .put(&format!("k{}", state % 11), &format!("Satz Nummer {round} über Gebühr {}", state % 7))
                    .await;
                known.retain(|k| *k != id);
                known.push(id);
            }
        }
    }
    indexes.caught_up(bench.site.id).await.unwrap();
    assert_eq!(indexes.verify(bench.site.id).unwrap(), []);
    let before = found(&indexes.site(bench.site.id).unwrap(), "Gebühr Nummer");
    indexes.rebuild(bench.site.id).unwrap();
    assert_eq!(indexes.verify(bench.site.id).unwrap(), []);
    assert_eq!(found(&indexes.site(bench.site.id).unwrap(), "Gebühr Nummer"), before);
}

#[tokio::test]
async fn the_meaning_index_is_read_behind_the_start() {
    let bench = Bench::new().await;
    let indexes = bench.open();
    bench.put("a", "Hundesteuer im Jahr").await;
    indexes.caught_up(bench.site.id).await.unwrap();
    // Only the file can know of this one: a rebuild would not bring it.
    indexes.site(bench.site.id).unwrap().vectors().apply(&[(999, vec![1.0; 4])], &[]).unwrap();
    drop(indexes);
    let dir = bench.dir.path().join("index").join(bench.site.id.to_string());
    {
        let alone = SiteIndex::open(bench.site.id, &dir, &bench.store, MODEL).unwrap();
        assert!(alone.is_loading());
        assert_eq!((found(&alone, "Hundesteuer").len(), alone.vectors().len()), (1, 0));
    }
    let indexes = bench.open();
    indexes.loaded(bench.site.id).await.unwrap();
    let index = indexes.site(bench.site.id).unwrap();
    assert!(!index.is_loading());
    assert!(index.vectors().contains(999));
    assert_eq!(index.vectors().len(), 2);
}

#[tokio::test]
async fn a_site_without_a_file_has_nothing_to_wait_for() {
    let bench = Bench::new().await;
    let indexes = bench.open();
    tokio::time::timeout(std::time::Duration::from_secs(5), indexes.loaded(bench.site.id)).await.unwrap().unwrap();
}

#[tokio::test]
async fn damaged_files_are_noticed_and_built_anew() {
    let bench = Bench::new().await;
    let indexes = bench.open();
    bench.put("a", "Hundesteuer im Jahr").await;
    indexes.caught_up(bench.site.id).await.unwrap();
    indexes.close();
    drop(indexes);
    let dir = bench.dir.path().join("index").join(bench.site.id.to_string());
    let mut bytes = std::fs::read(dir.join("vectors.idx")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(dir.join("vectors.idx"), bytes).unwrap();
    for entry in std::fs::read_dir(dir.join("words")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "term" || e == "idx") {
            let bytes = std::fs::read(&path).unwrap();
            std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        }
    }
    let indexes = bench.open();
    indexes.caught_up(bench.site.id).await.unwrap();
    assert_eq!(indexes.verify(bench.site.id).unwrap(), []);
    assert_eq!(found(&indexes.site(bench.site.id).unwrap(), "Hundesteuer").len(), 1);
}

#[tokio::test]
async fn verify_names_what_is_wrong() {
    let bench = Bench::new().await;
    let indexes = bench.open();
    bench.put("a", "Hundesteuer").await;
    indexes.caught_up(bench.site.id).await.unwrap();
    let index = indexes.site(bench.site.id).unwrap();
    index.vectors().apply(&[(999, vec![1.0; 4])], &[]).unwrap();
    let first = index.words().keys().unwrap()[0];
    index.words().apply(&[], &[first], 1).unwrap();
    let differences = indexes.verify(bench.site.id).unwrap();
    let kinds: Vec<_> = differences.iter().map(|d| (d.index, d.kind, d.chunk)).collect();
    assert_eq!(kinds, [("words", "missing", Some(first)), ("vectors", "surplus", Some(999))]);
}

#[tokio::test]
async fn the_outbox_is_trimmed_when_both_indexes_are_saved() {
    let bench = Bench::new().await;
    let indexes = bench.open();
    bench.put("a", "Hundesteuer").await;
    indexes.caught_up(bench.site.id).await.unwrap();
    indexes.close();
    assert_eq!(bench.store.snapshot().unwrap().count(Table::Outbox, []).unwrap(), 0);
}

#[tokio::test]
async fn an_index_of_another_or_newer_store_is_not_believed() {
    let bench = Bench::new().await;
    let indexes = bench.open();
    bench.put("a", "Hundesteuer").await;
    indexes.caught_up(bench.site.id).await.unwrap();
    drop(indexes);
    // Another store takes the place of the first; the index folder stays.
    let other = Bench::new().await;
    other.put("b", "Freibad").await;
    let indexes = Indexes::open(other.store.clone(), &bench.dir.path().join("index"), models(&other.store)).unwrap();
    indexes.caught_up(other.site.id).await.unwrap();
    let index = indexes.site(other.site.id).unwrap();
    assert!(found(&index, "Hundesteuer").is_empty());
    assert_eq!(found(&index, "Freibad").len(), 1);
    assert_eq!(indexes.verify(other.site.id).unwrap(), []);
}
