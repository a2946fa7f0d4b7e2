//! The durable queue of long work.
//!
//! A job is stored before anybody is told its number. Whoever runs it holds it by the folder lock:
//! what is `running` when the store is opened belongs to a process that is gone and is queued again.
//! The same work is never queued twice. Progress is live only; outcome and errors are stored.

mod record;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::{Notify, watch};

use crate::base::clock::now_ms;
use crate::base::error::Outcome;
use crate::base::id::{JobId, SiteId};
use crate::base::{Code, Fault, Progress, Report};
use crate::store::{Batch, Key, Snapshot, Store, Table, decode};

pub use record::{ImportFormat, Job, JobError, Kind, SentFile, State};

/// Attempts before a job that fails for a passing reason is given up.
const ATTEMPTS_MAX: u32 = 4;
/// Finished jobs that are kept.
const KEPT_MAX: usize = 500;

struct Live {
    progress: Progress,
    report: watch::Sender<Job>,
}

/// The queue.
pub struct Jobs {
    store: Store,
    live: std::sync::Arc<Mutex<HashMap<JobId, Live>>>,
    wake: Notify,
    /// Whether the last claim failed: nothing that is queued will run.
    stalled: AtomicBool,
}

impl Jobs {
    /// Opens the queue and takes over what a process that is gone left running.
    pub fn open(store: Store) -> Outcome<Self> {
        let orphans: Vec<Job> =
            all(&store.snapshot()?)?.into_iter().filter(|job| job.state == State::Running).collect();
        if !orphans.is_empty() {
            store.write_blocking(move |batch| {
                for mut job in orphans {
                    job.state = State::Queued;
                    job.updated_at = now_ms();
                    batch.put(Key::of(job.id), &job)?;
                }
                Ok::<_, Fault>(())
            })?;
        }
        Ok(Self { store, live: std::sync::Arc::default(), wake: Notify::new(), stalled: AtomicBool::new(false) })
    }

    /// Queues work, or returns the job that is queued or running for the very same work.
    pub async fn submit(&self, site: SiteId, kind: Kind) -> Outcome<JobId> {
        let id = self
            .store
            .write(move |batch| {
                if let Some(same) = active(batch)?.into_iter().find(|job| job.site == site && job.kind == kind) {
                    return Ok(same.id);
                }
                let id = JobId(batch.next("job")?);
                let now = now_ms();
                let job = Job {
                    id,
                    site,
                    kind,
                    state: State::Queued,
                    phase: String::new(),
                    done: 0,
                    total: 0,
                    seconds_left: None,
                    errors: Vec::new(),
                    result: None,
                    attempt: 0,
                    not_before: 0,
                    created_at: now,
                    updated_at: now,
                };
                batch.put(Key::of(id), &job)?;
                Ok::<_, Fault>(id)
            })
            .await?;
        self.wake.notify_one();
        Ok(id)
    }

    /// Takes the next job that is due and marks it running.
    pub async fn claim(&self) -> Outcome<Option<(Job, Progress)>> {
        let claimed = self
            .store
            .write_last(|batch| {
                let now = now_ms();
                let Some(mut job) =
                    active(batch)?.into_iter().find(|job| job.state == State::Queued && job.not_before <= now)
                else {
                    return Ok(None);
                };
                job.state = State::Running;
                job.attempt += 1;
                job.updated_at = now;
                batch.put(Key::of(job.id), &job)?;
                Ok::<_, Fault>(Some(job))
            })
            .await;
        self.stalled.store(claimed.is_err(), Ordering::Relaxed);
        let Some(job) = claimed? else { return Ok(None) };
        let (report, _) = watch::channel(job.clone());
        let progress = Progress::new({
            let (live, id) = (std::sync::Arc::downgrade(&self.live), job.id);
            move |r: Report| {
                if let Some(live) = live.upgrade()
                    && let Some(entry) = live.lock().unwrap_or_else(PoisonError::into_inner).get(&id)
                {
                    entry.report.send_modify(|job| job.take(r));
                }
            }
        });
        self.live
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(job.id, Live { progress: progress.clone(), report });
        Ok(Some((job, progress)))
    }

    /// Stores how a job ended. A passing failure queues it again, later each time.
    pub async fn finish(&self, id: JobId, outcome: Outcome<serde_json::Value>, errors: Vec<JobError>) -> Outcome<()> {
        let live = self.snapshot_of(id);
        let stored = self
            .store
            .write_last(move |batch| {
                let mut job: Job = batch.get(Key::of(id))?.ok_or_else(|| Fault::not_found(format!("job {id}")))?;
                if let Some(live) = live {
                    (job.phase, job.done, job.total) = (live.phase, live.done, live.total);
                }
                job.errors = errors;
                job.seconds_left = None;
                job.updated_at = now_ms();
                match outcome {
                    Ok(result) => {
                        job.state = State::Done;
                        job.result = Some(result);
                    }
                    Err(fault) if fault.code == Code::Cancelled => job.state = State::Cancelled,
                    Err(fault)
                        if matches!(fault.code, Code::Unavailable | Code::StoreFailed)
                            && job.attempt < ATTEMPTS_MAX =>
                    {
                        job.state = State::Queued;
                        job.not_before = now_ms() + 1_000 * 4_u64.pow(job.attempt);
                        job.errors.push(JobError::from(&fault));
                    }
                    Err(fault) => {
                        job.state = State::Failed;
                        job.errors.push(JobError::from(&fault));
                    }
                }
                batch.put(Key::of(id), &job)?;
                forget_old(batch)?;
                Ok::<_, Fault>(job)
            })
            .await;
        let finished = match stored {
            Ok(finished) => finished,
            Err(fault) => {
                self.give_up(id, &fault);
                return Err(fault);
            }
        };
        if let Some(live) = self.live.lock().unwrap_or_else(PoisonError::into_inner).remove(&id) {
            live.report.send_replace(finished);
        }
        self.wake.notify_one();
        Ok(())
    }

    /// The end of a job that cannot be stored: who waits for it is told; the next start queues it again.
    fn give_up(&self, id: JobId, fault: &Fault) {
        if let Some(live) = self.live.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
            live.report.send_modify(|job| {
                job.state = State::Failed;
                job.errors.push(JobError::from(fault));
            });
        }
    }

    /// Stops a job: at once when it waits, at its next safe point when it runs.
    pub async fn cancel(&self, id: JobId) -> Outcome<Job> {
        if let Some(live) = self.live.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
            live.progress.cancel();
        }
        self.store
            .write_last(move |batch| {
                let mut job: Job = batch.get(Key::of(id))?.ok_or_else(|| Fault::not_found(format!("job {id}")))?;
                if job.state == State::Queued {
                    job.state = State::Cancelled;
                    job.updated_at = now_ms();
                    batch.put(Key::of(id), &job)?;
                }
                Ok(job)
            })
            .await
    }

    /// Queues a job that ended badly again.
    pub async fn retry(&self, id: JobId) -> Outcome<Job> {
        let job = self
            .store
            .write(move |batch| {
                let mut job: Job = batch.get(Key::of(id))?.ok_or_else(|| Fault::not_found(format!("job {id}")))?;
                if !matches!(job.state, State::Failed | State::Cancelled) {
                    return Err(Fault::new(
                        Code::Conflict,
                        format!("job {id} is {}; only failed or cancelled jobs can be tried again", job.state.name()),
                    ));
                }
                (job.state, job.attempt, job.not_before, job.result) = (State::Queued, 0, 0, None);
                job.errors.clear();
                batch.put(Key::of(id), &job)?;
                Ok(job)
            })
            .await?;
        self.wake.notify_one();
        Ok(job)
    }

    /// A job as it is this moment.
    pub fn get(&self, id: JobId) -> Outcome<Job> {
        match self.snapshot_of(id) {
            Some(job) => Ok(job),
            None => self.store.snapshot()?.get(Key::of(id))?.ok_or_else(|| Fault::not_found(format!("job {id}"))),
        }
    }

    /// Jobs, newest first.
    pub fn list(&self, site: Option<SiteId>) -> Outcome<Vec<Job>> {
        let mut jobs = all(&self.store.snapshot()?)?;
        jobs.retain(|job| site.is_none_or(|s| s == job.site));
        jobs.reverse();
        Ok(jobs.into_iter().map(|job| self.snapshot_of(job.id).unwrap_or(job)).collect())
    }

    /// Changes of a running job; `None` when it does not run in this process.
    #[must_use]
    pub fn watch(&self, id: JobId) -> Option<watch::Receiver<Job>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).get(&id).map(|live| live.report.subscribe())
    }

    /// Waits until there may be something to claim.
    pub async fn wait(&self) {
        let _ = tokio::time::timeout(std::time::Duration::from_secs(1), self.wake.notified()).await;
    }

    /// Whether queued jobs are not being run, since the store refuses to say that they do.
    pub fn is_stalled(&self) -> bool {
        self.stalled.load(Ordering::Relaxed)
    }

    fn snapshot_of(&self, id: JobId) -> Option<Job> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).get(&id).map(|live| live.report.borrow().clone())
    }
}

fn all(snapshot: &Snapshot) -> Outcome<Vec<Job>> {
    Ok(snapshot.list::<Job>([])?.into_iter().map(|(_, job)| job).collect())
}

fn active(batch: &Batch<'_>) -> Outcome<Vec<Job>> {
    let rows = batch.scan(Table::Jobs, [], usize::MAX)?;
    let jobs = rows.iter().map(|(_, bytes)| decode::<Job>(bytes)).collect::<Result<Vec<_>, _>>()?;
    Ok(jobs.into_iter().filter(|job| matches!(job.state, State::Queued | State::Running)).collect())
}

fn forget_old(batch: &mut Batch<'_>) -> Outcome<()> {
    let rows = batch.list::<Job>([])?;
    let finished: Vec<_> =
        rows.iter().filter(|(_, job)| !matches!(job.state, State::Queued | State::Running)).collect();
    let surplus = finished.len().saturating_sub(KEPT_MAX);
    for (key, _) in finished.into_iter().take(surplus) {
        batch.delete(Table::Jobs, key);
    }
    Ok(())
}
