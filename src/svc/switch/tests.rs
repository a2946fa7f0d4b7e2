//! A change of model from beginning to end, on two made-up models.

use super::measure::Means;
use super::*;
use crate::dial::{DialConfig, Dialer};
use crate::embed::tests::tiny;
use crate::embed::{ImportOptions, Imported, ModelHandle, Pooling};
use crate::svc::knowledge::{Draft, NewChunk, store_draft};
use crate::svc::retrieve::Mode;
use crate::svc::site::{self, NewSite};

struct Bench {
    switches: Switches,
    site: Site,
    worker: tokio::task::JoinHandle<()>,
}

/// Opens everything on `dir`, as the program does at its start.
async fn open(dir: &std::path::Path) -> Bench {
    let folder = dir.join("tiny");
    if !folder.exists() {
        std::fs::create_dir_all(&folder).unwrap();
        tiny::write_bert(&folder);
    }
    std::fs::create_dir_all(dir.join("data")).unwrap();
    let store = Store::open(&dir.join("data")).unwrap();
    let bundle = Imported::read(&folder, "first", &ImportOptions::default()).unwrap().bundle;
    let manifest = bundle.manifest();
    let key = ModelKey { id: *manifest.id().as_bytes(), dimensions: manifest.dimensions };
    let built_in = ModelHandle::spawn(Some(bundle), 1);
    built_in.ready().await.unwrap();
    let dialer = Arc::new(Dialer::new(DialConfig { offline: true, ..DialConfig::default() }).unwrap());
    let models = Arc::new(Models::new(store.clone(), dir.join("data/models"), built_in, key, 1, dialer));
    let site = match site::find(&store, "s") {
        Ok(site) => site,
        Err(_) => site::create(&store, NewSite { slug: "s".into(), ..NewSite::default() }).await.unwrap(),
    };
    if models.list().unwrap().is_empty() {
        let options = ImportOptions { pooling: Some(Pooling::Cls), ..ImportOptions::default() };
        models.import(&folder, "second", options).await.unwrap();
    }
    let indexes = Arc::new(Indexes::open(store.clone(), &dir.join("data/index"), Arc::clone(&models)).unwrap());
    let embedder = Embedder::new(store.clone(), Arc::clone(&indexes), Arc::clone(&models));
    let retriever = Retriever::new(store.clone(), Arc::clone(&indexes), Arc::clone(&models));
    let jobs = Arc::new(Jobs::open(store.clone()).unwrap());
    let worker = tokio::spawn(Arc::clone(&embedder).run());
    Bench { switches: Switches { store, models, indexes, embedder, jobs, retriever }, site, worker }
}

impl Bench {
    async fn put(&self, key: &str, title: &str, text: &str) {
        let draft = Draft {
            facts: vec![],
            origin: None,
            site: self.site.id,
            key: key.into(),
            title: title.into(),
            url: None,
            url_guess: None,
            language: "de".into(),
            source: None,
            updated: None,
            warnings: Vec::new(),
            report: None,
            is_link_list: false,
            chunks: vec![NewChunk { text: text.into(), ..NewChunk::default() }],
        };
        self.switches.store.write(move |batch| store_draft(batch, draft)).await.unwrap();
        self.switches.embedder.poke();
        self.switches.indexes.poke();
    }

    async fn fill(&self) {
        let words = ["Hund", "Leine", "Amt", "Euro", "office", "open", "a b", "b c", "c a"];
        for (at, word) in words.into_iter().enumerate() {
            self.put(
                &format!("d{at}"),
                &format!("Das {word} kostet"),
                &format!("{word} kostet drei Euro. Das Amt hat {word}."),
            )
            .await;
        }
        self.settled().await;
    }

    /// Waits until every vector of both models is there.
    async fn settled(&self) {
        loop {
            let snapshot = self.switches.store.snapshot().unwrap();
            if snapshot.count(Table::EmbedQueue, []).unwrap() == 0 {
                break;
            }
            drop(snapshot);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.switches.indexes.caught_up(self.site.id).await.unwrap();
    }

    fn switch(&self) -> Option<Switch> {
        self.switches.models.switch(self.site.id).unwrap()
    }

    /// What `run_jobs` does.
    async fn work(&self, accept: bool) -> Outcome<Value> {
        let job = self.switches.begin(&self.site, "second", "", accept).await?;
        let (claimed, progress) = self.switches.jobs.claim().await.unwrap().unwrap();
        assert_eq!(claimed.id, job);
        self.switches.work(claimed, progress).await
    }

    fn answers(&self) -> ModelKey {
        self.switches.indexes.site(self.site.id).unwrap().model()
    }

    fn key(&self, name: &str) -> ModelKey {
        self.switches.models.key(name).unwrap()
    }

    fn vectors(&self, name: &str) -> u64 {
        self.switches.store.snapshot().unwrap().count(Table::Vectors, Key::of(&self.key(name).id)).unwrap()
    }

    fn is_sound(&self) {
        assert_eq!(self.switches.indexes.verify(self.site.id).unwrap(), []);
    }

    async fn close(self) {
        self.switches.embedder.stop();
        self.worker.await.unwrap();
        self.switches.indexes.close();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_compared_accepted_undone_and_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let bench = open(dir.path()).await;
    bench.fill().await;
    let before = bench.vectors(BUILT_IN);
    let report = bench.work(false).await.unwrap();
    for side in ["old", "new"] {
        assert_eq!(report[side]["meaning"]["items"], 9, "{report}");
        assert!(report[side]["both"]["mrr_at_10"].as_f64().unwrap() > 0.0, "{report}");
    }
    // Measured, and still the old one answers.
    let switch = bench.switch().unwrap();
    assert_eq!((switch.stage, bench.answers()), (Stage::Ready, bench.key(BUILT_IN)));
    assert_eq!(bench.vectors("second"), before);
    bench.switches.accept(&bench.site).await.unwrap();
    assert_eq!((bench.switch().unwrap().stage, bench.answers()), (Stage::Accepted, bench.key("second")));
    bench.is_sound();
    // What comes now is embedded for both, so that going back loses nothing.
    bench.put("new", "Das Amt hat geoffnet", "Das Amt hat geoffnet.").await;
    bench.settled().await;
    assert_eq!(bench.vectors("second"), bench.vectors(BUILT_IN));
    let found = bench.switches.retriever.search(bench.site.id, "geoffnet", Mode::Vector, 20, false).await.unwrap();
    assert_eq!(found.len(), 10);
    bench.switches.undo(&bench.site).await.unwrap();
    assert_eq!((bench.switch().unwrap().stage, bench.answers()), (Stage::Ready, bench.key(BUILT_IN)));
    assert_eq!(bench.switches.indexes.status(bench.site.id).unwrap().vectors, 10);
    bench.is_sound();
    assert_eq!(bench.switches.models.remove("second").await.unwrap_err().code, Code::Conflict);
    bench.switches.forget(&bench.site).await.unwrap();
    assert_eq!((bench.switch(), bench.vectors("second")), (None, 0));
    assert!(bench.vectors(BUILT_IN) > before);
    bench.switches.models.remove("second").await.unwrap();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_out_of_order_are_refused_and_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let bench = open(dir.path()).await;
    bench.fill().await;
    let site = &bench.site;
    let code = |outcome: Outcome<()>| outcome.unwrap_err().code;
    assert_eq!(code(bench.switches.accept(site).await), Code::Conflict);
    assert_eq!(code(bench.switches.undo(site).await), Code::Conflict);
    assert_eq!(bench.switches.forget(site).await.unwrap_err().code, Code::Conflict);
    assert_eq!(bench.switches.begin(site, "unknown", "", false).await.unwrap_err().code, Code::NotFound);
    assert_eq!(bench.switches.begin(site, BUILT_IN, "", false).await.unwrap_err().code, Code::Conflict);
    assert_eq!(bench.switches.begin(site, "second", "no set", false).await.unwrap_err().code, Code::Invalid);
    assert_eq!(bench.switch(), None);
    bench.switches.begin(site, "second", "", false).await.unwrap();
    assert_eq!(bench.switches.begin(site, "second", "", false).await.unwrap_err().code, Code::Conflict);
    assert_eq!(code(bench.switches.accept(site).await), Code::Conflict);
    assert_eq!(bench.answers(), bench.key(BUILT_IN));
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_where_it_was_and_a_cancelled_change_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let bench = open(dir.path()).await;
    bench.fill().await;
    let id = bench.switches.begin(&bench.site, "second", "", true).await.unwrap();
    let (_, _) = bench.switches.jobs.claim().await.unwrap().unwrap();
    // The process ends in the middle of it.
    bench.close().await;
    let bench = open(dir.path()).await;
    let (job, progress) = bench.switches.jobs.claim().await.unwrap().expect("the job is taken over");
    assert_eq!(job.id, id);
    let result = bench.switches.work(job, progress).await.unwrap();
    let (accepted, stage) = (result["accepted"].as_bool().unwrap(), bench.switch().unwrap().stage);
    assert_eq!(accepted, !result["worse"].as_bool().unwrap());
    assert_eq!(stage, if accepted { Stage::Accepted } else { Stage::Ready });
    bench.switches.forget(&bench.site).await.unwrap();
    bench.close().await;

    let dir = tempfile::tempdir().unwrap();
    let bench = open(dir.path()).await;
    bench.fill().await;
    bench.switches.embedder.stop();
    bench.switches.begin(&bench.site, "second", "", false).await.unwrap();
    let (job, progress) = bench.switches.jobs.claim().await.unwrap().unwrap();
    progress.cancel();
    assert_eq!(bench.switches.work(job, progress).await.unwrap_err().code, Code::Cancelled);
    let snapshot = bench.switches.store.snapshot().unwrap();
    assert_eq!((bench.switch(), knowledge::pending_other(&snapshot, bench.site.id).unwrap()), (None, 0));
    assert_eq!(bench.answers(), bench.key(BUILT_IN));
}

#[test]
fn the_scale_goes_through_both_means() {
    let built_in = Means { own: 0.88, other: 0.78 };
    let scale = Means { own: 0.6, other: 0.1 }.to(built_in);
    for (cosine, expected) in [(0.6, 0.88), (0.1, 0.78), (0.35, 0.83)] {
        assert!((scale.of(cosine) - expected).abs() < 1e-5, "{scale:?}");
    }
    // A model that tells nothing apart, or the wrong way round, is left as it is.
    for blind in [Means { own: 0.5, other: 0.5 }, Means { own: 0.2, other: 0.6 }, Means { own: 0.5, other: 0.499 }] {
        assert_eq!(blind.to(built_in), Scale::default());
    }
}
