//! Order, limits and failures of the inference threads, with stand-in work.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::yield_now;

use super::super::cache::Cache;
use super::super::pool::{QUERIES_MAX, Task};
use super::super::{EmbedError, EmbedPool};

/// A pool of one thread that notes each text it is given and waits for a word before it goes on.
struct Bench {
    pool: Arc<EmbedPool>,
    seen: Arc<Mutex<Vec<String>>>,
    go: mpsc::Sender<()>,
}

fn bench() -> Bench {
    let (go, wait) = mpsc::channel();
    let wait = Mutex::new(wait);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&seen);
    let work = move |task: &Task| {
        let (Task::Embed(text) | Task::EmbedQuery(text)) = task else { panic!("no pair was given") };
        note.lock().unwrap().push(text.to_owned());
        let _ = wait.lock().unwrap().recv();
        assert!(!text.contains("panic"), "asked to panic");
        Ok(vec![text.len() as f32])
    };
    let pool = EmbedPool::start_with(Box::new(work), 1, "q:".into(), "p:".into()).unwrap();
    Bench { pool: Arc::new(pool), seen, go }
}

impl Bench {
    async fn until_seen(&self, count: usize) {
        while self.seen.lock().unwrap().len() < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn until_waiting(&self, waiting: (usize, usize)) {
        while self.pool.waiting() != waiting {
            yield_now().await;
        }
    }

    fn passage(&self, text: &'static str) -> tokio::task::JoinHandle<Result<Arc<[f32]>, EmbedError>> {
        let pool = Arc::clone(&self.pool);
        tokio::spawn(async move { pool.embed_passage(text).await })
    }

    fn query(&self, text: &'static str) -> tokio::task::JoinHandle<Result<Arc<[f32]>, EmbedError>> {
        let pool = Arc::clone(&self.pool);
        tokio::spawn(async move { pool.embed_query(text).await })
    }
}

#[tokio::test]
async fn questions_go_first_and_the_abandoned_are_dropped() {
    let bench = bench();
    let first = bench.passage("one");
    bench.until_seen(1).await;
    let second = bench.passage("two");
    let gone = bench.passage("gone");
    bench.until_waiting((0, 2)).await;
    let question = bench.query("why");
    bench.until_waiting((1, 2)).await;
    gone.abort();
    assert!(gone.await.is_err());
    for _ in 0..3 {
        bench.go.send(()).unwrap();
    }
    assert_eq!(*question.await.unwrap().unwrap(), [5.0]);
    assert_eq!(*first.await.unwrap().unwrap(), [5.0]);
    assert_eq!(*second.await.unwrap().unwrap(), [5.0]);
    assert_eq!(*bench.seen.lock().unwrap(), ["p:one", "q:why", "p:two"]);
    // Asked again, the question comes from the cache: nobody says go.
    assert_eq!(*bench.pool.embed_query("why").await.unwrap(), [5.0]);
}

#[tokio::test]
async fn a_panic_costs_one_text() {
    let bench = bench();
    bench.go.send(()).unwrap();
    bench.go.send(()).unwrap();
    assert_eq!(bench.pool.embed_passage("panic").await, Err(EmbedError::Panicked("asked to panic".into())));
    // The thread lives.
    assert!(bench.pool.embed_passage("fine").await.is_ok());
}

#[tokio::test]
async fn queues_are_bounded() {
    let bench = bench();
    let first = bench.query("first");
    bench.until_seen(1).await;
    let questions: Vec<_> = (0..QUERIES_MAX).map(|_| bench.query("again")).collect();
    bench.until_waiting((QUERIES_MAX, 0)).await;
    assert_eq!(bench.pool.embed_query("one more").await, Err(EmbedError::Busy));
    let passages: Vec<_> = (0..100).map(|_| bench.passage("text")).collect();
    bench.until_waiting((QUERIES_MAX, 64)).await;
    // Stopping answers all of them, those outside the queue too.
    let pool = Arc::clone(&bench.pool);
    let stopping = std::thread::spawn(move || pool.shutdown());
    // The queues are emptied before the text at hand ends, else the thread would take the next one.
    bench.until_waiting((0, 0)).await;
    drop(bench.go);
    stopping.join().unwrap();
    assert!(first.await.unwrap().is_ok());
    for waiting in questions.into_iter().chain(passages) {
        assert_eq!(waiting.await.unwrap(), Err(EmbedError::Stopped));
    }
    assert_eq!(bench.pool.embed_query("late").await, Err(EmbedError::Stopped));
    assert_eq!(bench.pool.embed_passage("late").await, Err(EmbedError::Stopped));
}

#[test]
fn the_least_recent_leaves_the_cache() {
    let mut cache = Cache::new(2);
    let vector = |x: f32| Arc::from([x].as_slice());
    cache.put("a".into(), vector(1.0));
    cache.put("b".into(), vector(2.0));
    assert!(cache.get("a").is_some());
    cache.put("c".into(), vector(3.0));
    assert!(cache.get("a").is_some() && cache.get("c").is_some() && cache.get("b").is_none());
}
