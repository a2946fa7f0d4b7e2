//! Searching 10 000 and 100 000 passages, without computing the question's vector.
//!
//! The folder is a real data folder: real store, outbox and indexes, made by the product's own modules; only texts and
//! vectors are made up. What is left out are the vectors of single sentences, which searching does not read.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use dialogengine::base::Fault;
use dialogengine::base::id::SiteId;
use dialogengine::dial::{DialConfig, Dialer};
use dialogengine::embed::{Bundle, ModelHandle};
use dialogengine::store::{Key, Store, Table};
use dialogengine::svc::index::{Indexes, SiteIndex};
use dialogengine::svc::knowledge::{self, Change, Chunk, Document, Draft, NewChunk, Op, QueueItem, Stored, VectorKey};
use dialogengine::svc::model::{ModelKey, Models};
use dialogengine::svc::retrieve::{Mode, Retriever};
use dialogengine::svc::site::{self, NewSite};

use super::corpus::Corpus;
use super::timing::{Samples, memory, report};

const CHUNKS_PER_DOCUMENT: u64 = 10;
const DOCUMENTS_PER_WRITE: u64 = 50;
/// As many as each half contributes in `svc::retrieve`.
const CANDIDATES: usize = 60;
const SHOWN: usize = 10;
const WARM: usize = 100;
const QUERIES: usize = 1_000;
/// Comparing with everything is slow.
const QUERIES_NAIVE: usize = 50;
const SLUG: &str = "bench";

pub fn model_key() -> anyhow::Result<ModelKey> {
    let bundle = Bundle::compiled()?.context("built without a model")?;
    Ok(ModelKey { id: *bundle.manifest().id().as_bytes(), dimensions: bundle.manifest().dimensions })
}

/// The models of a data folder; the built-in one is loaded when `load` says so.
fn models(store: &Store, dir: &Path, load: bool) -> anyhow::Result<Arc<Models>> {
    let dialer = Arc::new(Dialer::new(DialConfig { offline: true, ..DialConfig::default() })?);
    let handle = ModelHandle::spawn(if load { Bundle::compiled()? } else { None }, 2);
    Ok(Arc::new(Models::new(store.clone(), dir.join("models"), handle, model_key()?, 2, dialer)))
}

fn pages() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo/pages")
}

/// Fills a data folder with `chunks` passages and builds its indexes.
pub async fn prepare(dir: &Path, chunks: u64) -> anyhow::Result<()> {
    std::fs::create_dir_all(dir)?;
    let model = model_key()?;
    let corpus = Arc::new(Corpus::new(&pages(), model.dimensions)?);
    let started = Instant::now();
    let store = Store::open(dir)?;
    let site = site::create(&store, NewSite { slug: SLUG.into(), ..NewSite::default() }).await?.id;
    let documents = chunks / CHUNKS_PER_DOCUMENT;
    for first in (0..documents).step_by(usize::try_from(DOCUMENTS_PER_WRITE)?) {
        let corpus = Arc::clone(&corpus);
        store
            .write(move |batch| {
                for document in first..documents.min(first + DOCUMENTS_PER_WRITE) {
                    put(batch, site, model, &corpus, document)?;
                }
                Ok::<_, Fault>(())
            })
            .await?;
    }
    let stored = started.elapsed().as_secs_f64();
    let started = Instant::now();
    let indexes = Indexes::open(store.clone(), &dir.join("index"), models(&store, dir, false)?)?;
    indexes.caught_up(site).await?;
    let indexed = started.elapsed().as_secs_f64();
    let started = Instant::now();
    indexes.close();
    report(
        "build",
        &format!("{chunks} chunks"),
        &[("store_s", stored), ("index_s", indexed), ("save_s", started.elapsed().as_secs_f64())],
    );
    Ok(())
}

fn put(
    batch: &mut dialogengine::store::Batch<'_>,
    site: SiteId,
    model: ModelKey,
    corpus: &Corpus,
    number: u64,
) -> Result<(), Fault> {
    let passages: Vec<_> = (0..CHUNKS_PER_DOCUMENT).map(|n| corpus.passage(number * CHUNKS_PER_DOCUMENT + n)).collect();
    let draft = Draft {
        site,
        key: format!("https://www.bench.example/seite-{number}"),
        title: passages[0].title.clone(),
        url: Some(format!("https://www.bench.example/seite-{number}")),
        url_guess: None,
        language: "de".into(),
        source: None,
        updated: None,
        warnings: Vec::new(),
        report: None,
        facts: Vec::new(),
        is_link_list: false,
        origin: None,
        chunks: passages
            .into_iter()
            .map(|p| NewChunk { section: vec![p.section], text: p.text, ..NewChunk::default() })
            .collect(),
    };
    let Stored::New(id) = knowledge::store_draft(batch, draft)? else {
        return Err(Fault::invalid("a passage came twice"));
    };
    let document: Document =
        batch.get(Key::of(site).and(id))?.ok_or_else(|| Fault::invalid("a document is missing"))?;
    for (n, id) in document.chunks.into_iter().enumerate() {
        let chunk: Chunk = batch.get(Key::of(site).and(id))?.ok_or_else(|| Fault::invalid("a chunk is missing"))?;
        let hash = blake3::Hash::from_hex(&chunk.text_hash).map_err(Fault::internal)?;
        let vector = corpus.vector(number * CHUNKS_PER_DOCUMENT + n as u64);
        batch.put_raw(Table::Vectors, VectorKey::of_hash(&model.id, hash.as_bytes()), VectorKey::to_bytes(&vector));
        for priority in [QueueItem::PASSAGE, QueueItem::SENTENCES] {
            batch.delete(Table::EmbedQueue, Key::of(priority).and(site).and(id));
        }
        let sequence = batch.next("outbox")?;
        batch.put(Key::of(site).and(sequence), &Change { op: Op::Vector, chunk: id })?;
    }
    Ok(())
}

/// Measures a folder made by [`prepare`]; to be run in a process of its own, for the sake of its memory.
pub fn measure(dir: &Path) -> anyhow::Result<()> {
    let model = model_key()?;
    let before = memory(std::process::id())?;
    let started = Instant::now();
    let store = Store::open(dir)?;
    let site = site::find(&store, SLUG)?.id;
    let indexes = Arc::new(Indexes::open(store.clone(), &dir.join("index"), models(&store, dir, false)?)?);
    let index = indexes.site(site)?;
    while (index.vectors().len() as u64) < index.words().len() {
        std::thread::sleep(Duration::from_millis(2));
    }
    let opened = started.elapsed().as_secs_f64() * 1e3;
    let after = memory(std::process::id())?;

    let chunks = index.words().len();
    let case = format!("{chunks} chunks");
    let corpus = Corpus::new(&pages(), model.dimensions)?;
    let questions: Vec<String> = (0..(WARM + QUERIES) as u64).map(|n| corpus.question(n, chunks)).collect();
    let vectors: Vec<Vec<f32>> = (0..(WARM + QUERIES) as u64).map(|n| corpus.question_vector(n)).collect();
    let words = Samples::measure(WARM, QUERIES, |n| Ok(index.search_words(&questions[n], CANDIDATES)?))?;
    let near = Samples::measure(WARM, QUERIES, |n| Ok(index.vectors().search(&vectors[n], CANDIDATES)?))?;
    let used = memory(std::process::id())?;
    let both = hybrid((&store, dir), &indexes, site, &questions)?;
    for (name, samples) in [("words", &words), ("vectors", &near), ("hybrid", &both)] {
        report(
            &format!("search {name}"),
            &case,
            &[
                ("p50_ms", samples.percentile(0.5)),
                ("p95_ms", samples.percentile(0.95)),
                ("p99_ms", samples.percentile(0.99)),
            ],
        );
    }
    recall(&index, &vectors, &case)?;
    naive_words(&corpus, chunks, &questions, &words, &case)?;
    let size =
        |folder: &str| folder_bytes(&dir.join("index").join(site.to_string()).join(folder)).map(|b| b as f64 / 1e6);
    report(
        "search memory",
        &case,
        &[
            ("open_ms", opened),
            ("opened_rss_mb", after.resident - before.resident),
            ("opened_own_mb", after.own - before.own),
            ("after_queries_rss_mb", used.resident - before.resident),
            ("vectors_in_memory_mb", index.vectors().memory_bytes() as f64 / 1e6),
            ("vectors_file_mb", size("vectors.idx")?),
            ("words_files_mb", size("words")?),
            ("store_mb", folder_bytes(&dir.join("store.redb"))? as f64 / 1e6),
        ],
    );
    Ok(())
}

/// The product's own retrieval with a real model; counted is what it reports for searching, behind the question's vector.
fn hybrid(
    (store, dir): (&Store, &Path),
    indexes: &Arc<Indexes>,
    site: SiteId,
    questions: &[String],
) -> anyhow::Result<Samples> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let models = models(store, dir, true)?;
    runtime.block_on(async {
        models.built_in().ready().await?;
        let retriever = Retriever::new(store.clone(), Arc::clone(indexes), models);
        let mut samples = Samples::default();
        for (number, question) in questions.iter().enumerate() {
            let retrieved = retriever.retrieve(site, question, Mode::Hybrid, SHOWN).await?;
            anyhow::ensure!(!retrieved.found.is_empty(), "nothing found for {question}");
            if number >= WARM {
                samples.push(Duration::from_secs_f64(retrieved.search_ms / 1e3));
            }
        }
        Ok(samples)
    })
}

/// How many of the truly nearest ten an approximate search finds, and what comparing with all costs.
fn recall(index: &SiteIndex, vectors: &[Vec<f32>], case: &str) -> anyhow::Result<()> {
    let held = index.vectors();
    let mut exact = Samples::default();
    let (mut found, mut wanted) = (0, 0);
    for vector in &vectors[..200] {
        let started = Instant::now();
        let truth: HashSet<u64> = held.search_exact(vector, SHOWN)?.into_iter().map(|h| h.key).collect();
        exact.push(started.elapsed());
        found += held.search(vector, CANDIDATES)?.iter().take(SHOWN).filter(|h| truth.contains(&h.key)).count();
        wanted += truth.len();
    }
    report(
        "vectors against exact",
        case,
        &[
            ("recall_at_10", f64::from(u32::try_from(found)?) / wanted as f64),
            ("exact_p50_ms", exact.percentile(0.5)),
            ("exact_p99_ms", exact.percentile(0.99)),
        ],
    );
    Ok(())
}

/// The least a search without an index would do: look for each word in each text.
fn naive_words(corpus: &Corpus, chunks: u64, questions: &[String], ours: &Samples, case: &str) -> anyhow::Result<()> {
    let texts: Vec<String> = (0..chunks).map(|n| corpus.passage(n).text.to_lowercase()).collect();
    let scan = Samples::measure(2, QUERIES_NAIVE, |n| {
        let question = questions[n].to_lowercase();
        let words: Vec<&str> = question.split_whitespace().collect();
        let mut scored: Vec<(usize, usize)> = texts
            .iter()
            .enumerate()
            .map(|(at, text)| (words.iter().filter(|w| text.contains(**w)).count(), at))
            .collect();
        scored.sort_unstable_by(|a, b| b.cmp(a));
        scored.truncate(CANDIDATES);
        Ok(scored)
    })?;
    report(
        "words against a scan",
        case,
        &[("scan_p50_ms", scan.percentile(0.5)), ("times_faster", scan.percentile(0.5) / ours.percentile(0.5))],
    );
    Ok(())
}

/// Bytes of a file, or of all files in a folder.
fn folder_bytes(path: &Path) -> anyhow::Result<u64> {
    let meta = std::fs::metadata(path)?;
    if meta.is_file() {
        return Ok(meta.len());
    }
    std::fs::read_dir(path)?.map(|entry| folder_bytes(&entry?.path())).sum()
}
