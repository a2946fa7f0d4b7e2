//! `kill -9` at random moments: the next start is consistent and equals a rebuild.
//!
//! Four tests with a seed each kill a run 30 times while it reads files in, excludes, deletes, takes
//! back or rebuilds; the seed and the round stand in every failure. `CRASH_SEED` runs another one.
//! What is compared after each kill happens on a copy, so that nothing is healed in between.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use dialogengine::base::id::SiteId;
use dialogengine::config::Config;
use dialogengine::store::Table;
use dialogengine::svc::knowledge::{self, Document};
use dialogengine::svc::retrieve::Mode;
use dialogengine::svc::services::Services;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::support::{Home, copy, in_process, spawn};

const ROUNDS: usize = 30;
const FILES: usize = 24;
const QUERIES: &[&str] = &[
    "Gebühr für den Ausweis",
    "Öffnungszeiten am Montag",
    "Sperrmüll anmelden",
    "Wort7 Wort3",
    "Hund anmelden Steuer",
];
const TOPICS: &[&str] = &[
    "Der Ausweis kostet eine Gebühr von {} Euro.",
    "Das Amt {} hat am Montag geöffnet.",
    "Sperrmüll wird in der Woche {} abgeholt und muss angemeldet werden.",
    "Die Hundesteuer beträgt {} Euro im Jahr.",
    "Im Saal {} tagt der Rat.",
];

#[test]
fn kills_of_the_first_seed() {
    survive(11);
}

#[test]
fn kills_of_the_second_seed() {
    survive(22);
}

#[test]
fn kills_of_the_third_seed() {
    survive(33);
}

#[test]
fn kills_of_the_fourth_seed() {
    survive(44);
}

/// File `number` as it is in `version`.
fn text(number: usize, version: usize) -> String {
    // Every eighth file is the copy of another while both are of one version.
    let number = if number % 8 == 7 { number - 5 } else { number };
    let topic = TOPICS[number % TOPICS.len()].replace("{}", &(number * 7 + version).to_string());
    format!(
        "# Seite {number}\n\n{topic} Wort{number} steht in Fassung {version}.\n\n## Mehr\n\nDie Telefonnummer ist 0{number}{version}.\n"
    )
}

fn survive(seed: u64) {
    let seed = std::env::var("CRASH_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(seed);
    let mut random = StdRng::seed_from_u64(seed);
    let home = Home::with_site();
    let folder = home.path("f").display().to_string();
    let mut versions = [0; FILES];
    let write = |number: usize, version: usize| home.write(&format!("f/s{number}.md"), text(number, version));
    (0..FILES).for_each(|n| drop(write(n, 0)));
    // How long a run takes here, so that kills fall on every part of it.
    let begun = Instant::now();
    home.ok(&["ingest", "--site", "stadt", &folder]);
    let longest = begun.elapsed().max(Duration::from_millis(800));
    for round in 0..ROUNDS {
        let page = format!("s{}.md", random.random_range(0..FILES));
        let args: Vec<&str> = match random.random_range(0..10) {
            0..=5 => {
                for _ in 0..random.random_range(1..8) {
                    let number = random.random_range(0..FILES);
                    versions[number] += 1;
                    write(number, versions[number]);
                }
                vec!["ingest", "--site", "stadt", &folder]
            }
            6 => vec!["document", "exclude", "--site", "stadt", &page],
            7 => vec!["document", "include", "--site", "stadt", &page],
            8 => vec!["document", "delete", "--site", "stadt", &page],
            _ => vec!["index", "rebuild"],
        };
        let delay = Duration::from_millis(random.random_range(10..u64::try_from(longest.as_millis()).unwrap()));
        let mut child = spawn(home.verb(&args).stdout(Stdio::null()).stderr(Stdio::null()));
        std::thread::sleep(delay);
        let _ = child.kill();
        let _ = child.wait();
        let what = format!("seed {seed}, round {round}: {args:?} killed after {delay:?}");
        let check = home.path("check");
        let _ = std::fs::remove_dir_all(&check);
        copy(&home.data, &check);
        equals_a_rebuild(&check, &what);
    }
    let finally = format!("seed {seed}, at the end");
    let summary = home.ok(&["ingest", "--site", "stadt", &folder]);
    assert_eq!(
        (summary["documents"].as_u64(), summary["failed"].as_array().map(Vec::len)),
        (Some(FILES as u64), Some(0)),
        "{finally}: {summary}"
    );
    equals_a_rebuild(&home.data, &finally);
    equals_a_fresh_start(&home, &folder, &finally);
}

/// The product on a folder, without workers, while `look` looks.
/// Works on the services of a data folder in this process, without workers.
pub fn with_services<T>(data: &Path, look: impl AsyncFnOnce(&Services) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut config = Config::default();
    config.server.data_dir = data.display().to_string();
    let work = async {
        let running = dialogengine::app::build(config, Duration::from_secs(2), false).unwrap();
        let services = std::sync::Arc::clone(&running.services);
        let seen = look(&services).await;
        drop(services);
        running.stop().await;
        seen
    };
    in_process(|| runtime.block_on(work))
}

/// Keys of the ten best in both halves for every query, with rounded scores.
async fn tops(services: &Services, site: SiteId) -> Vec<Vec<(String, String)>> {
    let mut tops = Vec::new();
    for (query, mode) in QUERIES.iter().flat_map(|q| [(q, Mode::Words), (q, Mode::Vector)]) {
        let hits = services.retriever.search(site, query, mode, 10, false).await.unwrap();
        tops.push(hits.into_iter().map(|h| (h.chunk_id, format!("{:.5}", h.score))).collect());
    }
    tops
}

/// What the indexes hold is what a rebuild makes of the store, and the store is whole.
pub fn equals_a_rebuild(data: &Path, what: &str) {
    with_services(data, async |services| {
        services.model.ready().await.unwrap();
        let site = dialogengine::svc::site::find(&services.store, "stadt").unwrap().id;
        services.indexes.caught_up(site).await.unwrap();
        is_whole(services, site, what);
        assert_eq!(services.indexes.verify(site).unwrap(), [], "{what}");
        let before = tops(services, site).await;
        services.indexes.rebuild(site).unwrap();
        assert_eq!(services.indexes.verify(site).unwrap(), [], "{what}: rebuilt");
        assert_eq!(before, tops(services, site).await, "{what}: before and after a rebuild");
    });
}

/// Nothing is half-stored: documents, chunks, keys and hashes refer to each other.
fn is_whole(services: &Services, site: SiteId, what: &str) {
    let snapshot = services.store.snapshot().unwrap();
    let documents = knowledge::documents(&snapshot, site, None, usize::MAX, |_| true).unwrap();
    let mut chunks = 0;
    let mut names = 0;
    for document in &documents {
        chunks += document.chunks.len() as u64;
        for &id in &document.chunks {
            let chunk = knowledge::chunk(&snapshot, site, id)
                .unwrap()
                .unwrap_or_else(|| panic!("{what}: {id} of {} is not there", document.key));
            assert_eq!(chunk.document, document.id, "{what}");
        }
        for key in document.aliases.iter().chain([&document.key]) {
            names += 1;
            let found = knowledge::document_by_key(&snapshot, site, key).unwrap();
            assert_eq!(found.map(|d| d.id), Some(document.id), "{what}: {key}");
        }
    }
    let count = |table| snapshot.count(table, site.to_key()).unwrap();
    assert_eq!(count(Table::Chunks), chunks, "{what}: chunks without a document");
    assert_eq!(count(Table::DocumentKeys), names, "{what}: keys without a document");
    assert_eq!(count(Table::DocumentHashes), documents.len() as u64, "{what}: hashes without a document");
    // Each passage says which texts it has, and a vector is there only for a text that one has.
    let mut users = BTreeSet::new();
    snapshot
        .visit(Table::TextUses, &[], None, |key, _| {
            users.insert(u64::from_be_bytes(key[36..44].try_into().unwrap()));
            Ok(true)
        })
        .unwrap();
    let passages: BTreeSet<u64> = documents.iter().flat_map(|d| &d.chunks).map(|id| id.0).collect();
    assert_eq!(users, passages, "{what}: uses of texts");
    snapshot
        .visit(Table::Vectors, &[], None, |key, _| {
            assert!(snapshot.count(Table::TextUses, &key[32..]).unwrap() > 0, "{what}: a vector nobody needs");
            Ok(true)
        })
        .unwrap();
    let jobs = services.jobs.list(Some(site)).unwrap();
    let active: Vec<_> = jobs
        .iter()
        .filter(|j| matches!(j.state.name(), "queued" | "running"))
        .map(|j| format!("{:?}", j.kind))
        .collect();
    let mut distinct = active.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(active.len(), distinct.len(), "{what}: doubled jobs: {active:?}");
}

/// Text of every passage with its vector, by document names.
fn content(data: &Path) -> BTreeMap<Vec<String>, Vec<(String, Option<Vec<f32>>)>> {
    with_services(data, async |services| {
        let site = dialogengine::svc::site::find(&services.store, "stadt").unwrap().id;
        services.indexes.caught_up(site).await.unwrap();
        let snapshot = services.store.snapshot().unwrap();
        let vectors = services.indexes.site(site).unwrap().vectors();
        let passages = |d: &Document| {
            d.chunks
                .iter()
                .map(|&id| (knowledge::chunk(&snapshot, site, id).unwrap().unwrap().text, vectors.get(id.0)))
                .collect()
        };
        let names = |d: &Document| {
            let mut names: Vec<String> = d.aliases.iter().chain([&d.key]).cloned().collect();
            names.sort();
            names
        };
        knowledge::documents(&snapshot, site, None, usize::MAX, |d| !d.excluded)
            .unwrap()
            .iter()
            .map(|d| (names(d), passages(d)))
            .collect()
    })
}

/// After all of it the site is what one undisturbed run makes of the same files.
fn equals_a_fresh_start(home: &Home, folder: &str, what: &str) {
    for document in home.ok(&["document", "list", "--site", "stadt"])["documents"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|d| d["excluded"] == true)
    {
        home.ok(&["document", "include", "--site", "stadt", document["id"].as_str().unwrap()]);
    }
    home.ok(&["ingest", "--site", "stadt", folder]);
    let fresh = Home::with_site();
    fresh.ok(&["ingest", "--site", "stadt", folder]);
    assert_eq!(content(&home.data), content(&fresh.data), "{what}");
}
