//! The inference threads: own OS threads, one text each, questions before passages.
//!
//! Invariants: both queues are bounded (passages wait for room, questions are refused); work whose caller has gone is
//! dropped unseen; a panic costs one text, not a thread; a dropped pool has joined its threads.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::cache::Cache;
use super::cross::{CrossEncoder, Judgement, Pair};
use super::encoder::Encoder;
use super::error::{EmbedError, Result};
use super::manifest::Manifest;
use super::tokenizer::Tokenizer;

/// Most tasks of questions that wait. One question brings about a dozen: its vector, its vector without a word, the
/// places to judge.
pub(super) const QUERIES_MAX: usize = 2_048;
/// Most passages that wait inside the pool; further callers wait outside it.
const PASSAGES_MAX: usize = 64;
/// Most threads a pool starts.
const THREADS_MAX: usize = 64;
/// Questions whose vectors are kept, and the longest text that is worth a place.
const CACHE_ENTRIES: usize = 1_000;
const CACHE_TEXT_BYTES_MAX: usize = 2_000;
/// Bytes of a text that can matter: more than any 512 tokens spell. Keeps a huge text from being tokenised in vain.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// What a thread is asked.
pub(super) enum Task {
    /// The vector of a passage, its prefix included.
    Embed(String),
    /// The vector of a question, its prefix included.
    EmbedQuery(String),
    /// Window first, then the sentences.
    Judge(Box<Pair>),
}

type Answer = Result<Arc<[f32]>>;
/// What a thread does with a task; exchangeable for tests.
type Work = dyn Fn(&Task) -> Result<Vec<f32>> + Send + Sync;

struct Job {
    task: Task,
    reply: oneshot::Sender<Answer>,
    /// Room in the passage queue, given back when a thread takes the job.
    _room: Option<OwnedSemaphorePermit>,
}

#[derive(Default)]
struct Queues {
    queries: VecDeque<Job>,
    passages: VecDeque<Job>,
    stopping: bool,
}

struct Shared {
    queues: Mutex<Queues>,
    wake: Condvar,
    work: Box<Work>,
}

/// Computes vectors in the background. Async functions may be called from any runtime thread; they never block it.
pub struct EmbedPool {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    room: Arc<Semaphore>,
    cache: Mutex<Cache>,
    query_prefix: String,
    passage_prefix: String,
    has_judge: bool,
}

impl EmbedPool {
    /// Starts `threads` threads (at least one, at most 64). The manifest gives prefixes and length limit.
    ///
    /// # Errors
    /// [`EmbedError::LoadFailed`] when the system gives no thread at all.
    pub fn start(
        encoder: Arc<Encoder>,
        cross: Option<Arc<CrossEncoder>>,
        tokenizer: Arc<Tokenizer>,
        manifest: &Manifest,
        threads: usize,
    ) -> Result<Self> {
        let max_tokens = manifest.max_tokens;
        let has_judge = cross.is_some();
        let work = move |task: &Task| match (task, &cross) {
            (Task::Embed(text), _) => encoder.embed(&tokenizer.encode(text, max_tokens)),
            (Task::EmbedQuery(text), _) => encoder.embed_query(&tokenizer.encode(text, max_tokens)),
            (Task::Judge(pair), Some(cross)) => cross
                .judge(&tokenizer, pair)
                .map(|judgement| std::iter::once(judgement.window).chain(judgement.sentences).collect()),
            (Task::Judge(_), None) => Err(EmbedError::Absent),
        };
        let prefixes = &manifest.prefixes;
        let mut pool = Self::start_with(Box::new(work), threads, prefixes.query.clone(), prefixes.passage.clone())?;
        pool.has_judge = has_judge;
        Ok(pool)
    }

    pub(super) fn start_with(
        work: Box<Work>,
        threads: usize,
        query_prefix: String,
        passage_prefix: String,
    ) -> Result<Self> {
        let shared = Arc::new(Shared { queues: Mutex::default(), wake: Condvar::new(), work });
        let mut started = Vec::new();
        for number in 0..threads.clamp(1, THREADS_MAX) {
            let shared = Arc::clone(&shared);
            match thread::Builder::new().name(format!("embed-{number}")).spawn(move || run(&shared)) {
                Ok(thread) => started.push(thread),
                Err(error) if started.is_empty() => {
                    return Err(EmbedError::LoadFailed(error.to_string()));
                }
                Err(error) => {
                    tracing::warn!(%error, started = started.len(), "fewer embedding threads than configured");
                }
            }
        }
        Ok(Self {
            shared,
            threads: Mutex::new(started),
            room: Arc::new(Semaphore::new(PASSAGES_MAX)),
            cache: Mutex::new(Cache::new(CACHE_ENTRIES)),
            query_prefix,
            passage_prefix,
            has_judge: false,
        })
    }

    /// The vector of a question, from the cache if it was asked lately.
    ///
    /// # Errors
    /// [`EmbedError::Busy`] when 2 048 tasks of questions wait already, [`EmbedError::Stopped`] after [`EmbedPool::shutdown`], or
    /// what the computation says.
    pub async fn embed_query(&self, text: &str) -> Result<Arc<[f32]>> {
        if let Some(vector) = lock(&self.cache).get(text) {
            return Ok(vector);
        }
        let vector = self
            .submit(Task::EmbedQuery(prefixed(&self.query_prefix, text)), None)?
            .await
            .map_err(|_| EmbedError::Stopped)??;
        if text.len() <= CACHE_TEXT_BYTES_MAX {
            lock(&self.cache).put(text.to_owned(), Arc::clone(&vector));
        }
        Ok(vector)
    }

    /// Embeds a passage somebody waits for: it goes before the passages that are worked off behind.
    ///
    /// # Errors
    /// As [`EmbedPool::embed_query`].
    pub async fn embed_passage_now(&self, text: &str) -> Result<Arc<[f32]>> {
        self.submit(Task::Embed(prefixed(&self.passage_prefix, text)), None)?.await.map_err(|_| EmbedError::Stopped)?
    }

    /// The vector of a passage. Waits for room; what exceeds the model's length is not seen.
    ///
    /// # Errors
    /// [`EmbedError::Stopped`] after [`EmbedPool::shutdown`], or what the computation says.
    pub async fn embed_passage(&self, text: &str) -> Result<Arc<[f32]>> {
        let room = Arc::clone(&self.room).acquire_owned().await.map_err(|_| EmbedError::Stopped)?;
        self.submit(Task::Embed(prefixed(&self.passage_prefix, text)), Some(room))?
            .await
            .map_err(|_| EmbedError::Stopped)?
    }

    /// Whether there is a cross-encoder.
    pub fn has_judge(&self) -> bool {
        self.has_judge
    }

    /// What the cross-encoder says of a question beside a few sentences; goes with the questions.
    ///
    /// # Errors
    /// As [`EmbedPool::embed_query`]; [`EmbedError::Absent`] when the model has no cross-encoder.
    pub async fn judge(&self, pair: Pair) -> Result<Judgement> {
        if !self.has_judge {
            return Err(EmbedError::Absent);
        }
        let odds = self.submit(Task::Judge(Box::new(pair)), None)?.await.map_err(|_| EmbedError::Stopped)??;
        match odds.split_first() {
            Some((&window, sentences)) => Ok(Judgement { window, sentences: sentences.to_vec() }),
            None => Err(EmbedError::BadInput("no text".into())),
        }
    }

    /// Texts waiting: (questions, passages).
    pub fn waiting(&self) -> (usize, usize) {
        let queues = lock(&self.shared.queues);
        (queues.queries.len(), queues.passages.len())
    }

    /// Ends the threads after the texts they are at; waiting callers get [`EmbedError::Stopped`]. Blocks for that long
    /// (below a second per thread). May be called twice.
    pub fn shutdown(&self) {
        self.room.close();
        {
            let mut queues = lock(&self.shared.queues);
            queues.stopping = true;
            queues.queries.clear();
            queues.passages.clear();
        }
        self.shared.wake.notify_all();
        for thread in lock(&self.threads).drain(..) {
            // A thread's own panics are caught; there is nothing left to report.
            let _ = thread.join();
        }
    }

    /// Queues a task: as a passage if it brings `room`, else as a question.
    fn submit(&self, task: Task, room: Option<OwnedSemaphorePermit>) -> Result<oneshot::Receiver<Answer>> {
        let (reply, answer) = oneshot::channel();
        let mut queues = lock(&self.shared.queues);
        if queues.stopping {
            return Err(EmbedError::Stopped);
        }
        let queue = if room.is_some() { &mut queues.passages } else { &mut queues.queries };
        if room.is_none() && queue.len() >= QUERIES_MAX {
            queue.retain(|job| !job.reply.is_closed());
            if queue.len() >= QUERIES_MAX {
                return Err(EmbedError::Busy);
            }
        }
        queue.push_back(Job { task, reply, _room: room });
        drop(queues);
        self.shared.wake.notify_one();
        Ok(answer)
    }
}

impl Drop for EmbedPool {
    fn drop(&mut self) {
        self.shutdown();
    }
}

/// A thread's life.
fn run(shared: &Shared) {
    while let Some(job) = next(shared) {
        let Job { task, reply, _room: room } = job;
        drop(room);
        if reply.is_closed() {
            continue;
        }
        let result = catch_unwind(AssertUnwindSafe(|| (shared.work)(&task))).unwrap_or_else(|panic| {
            let reason = panic.downcast_ref::<&str>().map(ToString::to_string);
            let reason = reason.or_else(|| panic.downcast_ref::<String>().cloned());
            Err(EmbedError::Panicked(reason.unwrap_or_else(|| "panic".into())))
        });
        // The caller may have gone meanwhile.
        let _ = reply.send(result.map(Arc::from));
    }
}

/// Waits for the next job; `None` ends the thread.
fn next(shared: &Shared) -> Option<Job> {
    let mut queues = lock(&shared.queues);
    loop {
        if queues.stopping {
            return None;
        }
        if let Some(job) = queues.queries.pop_front() {
            return Some(job);
        }
        if let Some(job) = queues.passages.pop_front() {
            return Some(job);
        }
        queues = shared.wake.wait(queues).unwrap_or_else(PoisonError::into_inner);
    }
}

fn prefixed(prefix: &str, text: &str) -> String {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{prefix}{}", &text[..end])
}

/// No code panics while it holds one of these locks, so a poisoned one is still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
