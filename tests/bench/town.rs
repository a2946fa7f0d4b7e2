//! The sample town: reading it, then asking about it over HTTP.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use dialogengine::app::{self, demo::Town};
use dialogengine::config::Config;
use dialogengine::net;
use dialogengine::store::Store;
use dialogengine::svc::ingest::source::{self, NewSource};
use dialogengine::svc::job::{Kind, State};
use dialogengine::svc::knowledge;
use dialogengine::svc::site::{self, NewSite};
use tokio_util::sync::CancellationToken;

use super::http;
use super::start::Serving;
use super::timing::{Samples, memory, report};

const SLUG: &str = "musterstadt";
const LOOK_EVERY: Duration = Duration::from_millis(20);
const ROUNDS: usize = 3;

/// Serves the town on this machine, crawls it into `dir` over HTTP, and waits until all vectors are there.
pub async fn read(dir: &Path) -> anyhow::Result<()> {
    let mut config = Config::default();
    config.server.data_dir = dir.display().to_string();
    config.network.offline = true;
    let started = Instant::now();
    let running = app::build(config, Duration::from_secs(2), true)?;
    let services = std::sync::Arc::clone(&running.services);
    let listener = net::bind("127.0.0.1:0").await?;
    let host = listener.local_addr()?.to_string();
    let address = format!("http://{host}");
    let shutdown = CancellationToken::new();
    let town = tokio::spawn(net::serve(listener, Town::new(&address, ""), net::Options::default(), shutdown.clone()));
    let site = site::create(
        &services.store,
        NewSite {
            slug: SLUG.into(),
            name: Some("Musterstadt".into()),
            origins: vec![address.clone()],
            locale: Some("de".into()),
        },
    )
    .await?;
    let new = NewSource { url: address, allow_private: vec![host], ..NewSource::default() };
    let source = source::create(&services.store, site.id, new, 10_000).await?;
    let job = services.jobs.submit(site.id, Kind::Crawl { source: source.id }).await?;
    let (mut first, mut words) = (None, None);
    let vectors = loop {
        let job = services.jobs.get(job)?;
        if first.is_none() && knowledge::counts(&services.store, site.id)?.documents > 0 {
            first = Some(started.elapsed());
        }
        if words.is_none() && (job.phase == "vectors" || job.state == State::Done) {
            words = Some(started.elapsed());
        }
        match job.state {
            State::Done => break started.elapsed(),
            State::Failed | State::Cancelled => anyhow::bail!("the crawl failed: {:?}", job.errors),
            State::Queued | State::Running => tokio::time::sleep(LOOK_EVERY).await,
        }
    };
    while knowledge::pending_all(&services.store.snapshot()?, site.id)? > 0 {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let sentences = started.elapsed();
    let counts = knowledge::counts(&services.store, site.id)?;
    let seconds = |time: Option<Duration>| time.unwrap_or_default().as_secs_f64();
    report(
        "reading the town",
        &format!("{} pages, {} passages", counts.documents, counts.chunks),
        &[
            ("first_page_s", seconds(first)),
            ("words_s", seconds(words)),
            ("vectors_s", vectors.as_secs_f64()),
            ("sentence_vectors_s", sentences.as_secs_f64()),
            ("rss_mb", memory(std::process::id())?.resident),
        ],
    );
    shutdown.cancel();
    let _ = town.await;
    drop(services);
    running.stop().await;
    Ok(())
}

/// Asks the real program about a town read by [`read`].
pub fn ask(program: &Path, dir: &Path) -> anyhow::Result<()> {
    let key = {
        let store = Store::open(dir)?;
        site::find(&store, SLUG)?.public_key
    };
    let questions = questions()?;
    let serving = Serving::start(program, dir)?;
    serving.wait_for_model()?;
    // Warms everything but the questions' vectors.
    http::ask(&serving.address, SLUG, &key, "Wann hat das Rathaus geöffnet?")?;
    load("new questions", 1, 1, &questions, &serving, &key)?;
    for clients in [1, 8] {
        load("repeated questions", clients, ROUNDS, &questions, &serving, &key)?;
    }
    report(
        "memory after asking",
        "town",
        &[("rss_mb", memory(serving.id())?.resident), ("own_mb", memory(serving.id())?.own)],
    );
    Ok(())
}

fn load(
    what: &str,
    clients: usize,
    rounds: usize,
    questions: &[String],
    serving: &Serving,
    key: &str,
) -> anyhow::Result<()> {
    let started = Instant::now();
    let parts: Vec<anyhow::Result<(Samples, Samples)>> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..clients)
            .map(|client| {
                scope.spawn(move || {
                    let (mut first, mut done) = (Samples::default(), Samples::default());
                    for number in 0..questions.len() * rounds {
                        // Each client begins elsewhere.
                        let question = &questions[(number + client * questions.len() / clients) % questions.len()];
                        let asked = http::ask(&serving.address, SLUG, key, question)?;
                        first.push(asked.first);
                        done.push(asked.done);
                    }
                    Ok((first, done))
                })
            })
            .collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a client panicked"))))
            .collect()
    });
    let took = started.elapsed().as_secs_f64();
    let (mut first, mut done) = (Samples::default(), Samples::default());
    for part in parts {
        let (f, d) = part?;
        first.extend(f);
        done.extend(d);
    }
    let count = (questions.len() * rounds * clients) as f64;
    report(
        "asking over HTTP",
        &format!("{what}, {clients} at a time"),
        &[
            ("first_p50_ms", first.percentile(0.5)),
            ("first_p95_ms", first.percentile(0.95)),
            ("done_p50_ms", done.percentile(0.5)),
            ("done_p95_ms", done.percentile(0.95)),
            ("done_p99_ms", done.percentile(0.99)),
            ("per_s", count / took),
        ],
    );
    Ok(())
}

fn questions() -> anyhow::Result<Vec<String>> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/eval/town_tune.jsonl"))?;
    text.lines()
        .map(|line| {
            let row: serde_json::Value = serde_json::from_str(line)?;
            Ok(row["question"].as_str().context("a row without a question")?.to_owned())
        })
        .collect()
}
