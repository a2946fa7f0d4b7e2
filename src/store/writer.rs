//! The single writer: a thread that runs closures in order, puts those that wait together into one
//! commit, and answers after the commit. A commit that fails stops all writing until a restart: redb
//! cannot be trusted to go on after an I/O error. A disk that fills up is therefore noticed before the
//! commit: what does not fit any more is refused, and accepted again as soon as there is space.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::{Batch, StoreError};

/// Closures that may wait in line; more make their callers wait.
const QUEUE_MAX: usize = 1_024;
/// Closures that share one commit.
const GROUP_MAX: usize = 256;

/// Called after the commit with whether it succeeded; sends the answer.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// Runs a closure on the transaction; `Err` means the transaction itself is broken. Without a transaction nothing is run.
type Run = Box<dyn FnOnce(Option<&redb::WriteTransaction>) -> Result<Answer, StoreError> + Send>;

struct Change {
    run: Run,
    /// Bytes that must be free on the disk.
    free_min: u64,
}

pub(super) struct Writer {
    queue: Option<SyncSender<Change>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(db: Arc<redb::Database>, folder: PathBuf) -> Result<Self, StoreError> {
        let (queue, changes) = sync_channel(QUEUE_MAX);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || run(&db, &folder, &changes))
            .map_err(|e| StoreError::engine(redb::StorageError::Io(e)))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Queues a change; `reply` gets its result after the commit, or is dropped when there is none.
    fn send<T, E, F>(
        &self,
        change: F,
        free_min: u64,
        reply: impl FnOnce(Result<T, E>) + Send + 'static,
    ) -> Result<(), StoreError>
    where
        F: FnOnce(&mut Batch<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let run: Run = Box::new(move |write| {
            let Some(write) = write else {
                return Ok(Box::new(move |refused| {
                    if let Err(error) = refused {
                        reply(Err(E::from(error)));
                    }
                }));
            };
            let mut batch = Batch::new(write);
            let result = change(&mut batch);
            if result.is_ok() {
                batch.apply()?;
            }
            Ok(Box::new(move |committed| reply(committed.map_err(E::from).and(result))))
        });
        self.queue.as_ref().ok_or(StoreError::Closed)?.send(Change { run, free_min }).map_err(|_| StoreError::Closed)
    }

    pub(super) async fn submit<T, E, F>(&self, change: F, free_min: u64) -> Result<T, E>
    where
        F: FnOnce(&mut Batch<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        // A caller that went away does not undo its change.
        self.send(change, free_min, move |result| drop(reply.send(result)))?;
        answer.await.map_err(|_| E::from(StoreError::Closed))?
    }

    /// Waits on a plain channel: a oneshot refuses to block a thread that drives a runtime.
    pub(super) fn submit_blocking<T, E, F>(&self, change: F, free_min: u64) -> Result<T, E>
    where
        F: FnOnce(&mut Batch<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = sync_channel(1);
        self.send(change, free_min, move |result| drop(reply.send(result)))?;
        answer.recv().map_err(|_| E::from(StoreError::Closed))?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(db: &redb::Database, folder: &Path, changes: &Receiver<Change>) {
    let mut broken = false;
    while let Ok(first) = changes.recv() {
        let mut group = vec![first];
        group.extend(changes.try_iter().take(GROUP_MAX - 1));
        if broken {
            // Dropping the closures drops their reply channels: callers see `Closed`.
            continue;
        }
        match catch_unwind(AssertUnwindSafe(|| commit(db, folder, group))) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(%error, "the store cannot be written any more; writing stops until the next start");
                broken = true;
            }
            Err(_) => {
                // What the transaction holds is unknown; the next start begins from the last commit.
                tracing::error!("a panic on the store's writer thread; the process ends");
                std::process::abort();
            }
        }
    }
}

fn commit(db: &redb::Database, folder: &Path, group: Vec<Change>) -> Result<(), StoreError> {
    // A file system that cannot tell is not taken for a full one.
    let free = fs4::available_space(folder).unwrap_or(u64::MAX);
    let (group, refused): (Vec<_>, Vec<_>) = group.into_iter().partition(|change| free >= change.free_min);
    for change in refused {
        (change.run)(None)?(Err(StoreError::DiskFull { free }));
    }
    if group.is_empty() {
        return Ok(());
    }
    let write = db.begin_write().map_err(StoreError::engine)?;
    let mut answers = Vec::with_capacity(group.len());
    for change in group {
        answers.push((change.run)(Some(&write))?);
    }
    let outcome = write.commit();
    match outcome {
        Ok(()) => {
            fail::fail_point!("store-after-commit", |_| std::process::abort());
            for answer in answers {
                answer(Ok(()));
            }
            Ok(())
        }
        Err(error) => {
            let text = error.to_string();
            for answer in answers {
                answer(Err(StoreError::engine(redb::StorageError::Io(std::io::Error::other(text.clone())))));
            }
            Err(StoreError::engine(error))
        }
    }
}
