use super::*;

fn kind(path: &str) -> Kind {
    Kind::Ingest { paths: vec![path.into()] }
}

#[tokio::test]
async fn equal_work_is_queued_once_and_taken_over_after_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let jobs = Jobs::open(store.clone()).unwrap();
    let id = jobs.submit(SiteId(1), kind("a")).await.unwrap();
    assert_eq!(jobs.submit(SiteId(1), kind("a")).await.unwrap(), id);
    assert_ne!(jobs.submit(SiteId(2), kind("a")).await.unwrap(), id);
    assert_eq!(jobs.claim().await.unwrap().unwrap().0.id, id);
    // The process is gone; the next one finds the job queued again.
    let jobs = Jobs::open(store).unwrap();
    assert_eq!(jobs.get(id).unwrap().state, State::Queued);
    let (job, _) = jobs.claim().await.unwrap().unwrap();
    assert_eq!((job.id, job.attempt), (id, 2));
}

#[tokio::test]
async fn progress_is_seen_and_cancelling_reaches_the_work() {
    let dir = tempfile::tempdir().unwrap();
    let jobs = Jobs::open(Store::open(dir.path()).unwrap()).unwrap();
    let id = jobs.submit(SiteId(1), kind("a")).await.unwrap();
    let (_, progress) = jobs.claim().await.unwrap().unwrap();
    let mut seen = jobs.watch(id).unwrap();
    progress.report(Report { phase: "fetch".into(), done: 3, total: 9, ..Report::default() });
    seen.changed().await.unwrap();
    assert_eq!((jobs.get(id).unwrap().done, seen.borrow().phase.as_str()), (3, "fetch"));
    jobs.cancel(id).await.unwrap();
    assert!(progress.is_cancelled());
    jobs.finish(id, Err(Fault::new(Code::Cancelled, "stopped")), vec![]).await.unwrap();
    assert_eq!(jobs.get(id).unwrap().state, State::Cancelled);
    assert_eq!(jobs.retry(id).await.unwrap().state, State::Queued);
}

#[tokio::test]
async fn passing_failures_are_tried_again_later_and_lasting_ones_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let jobs = Jobs::open(Store::open(dir.path()).unwrap()).unwrap();
    let id = jobs.submit(SiteId(1), kind("a")).await.unwrap();
    jobs.claim().await.unwrap();
    jobs.finish(id, Err(Fault::new(Code::Unavailable, "later")), vec![]).await.unwrap();
    let job = jobs.get(id).unwrap();
    assert!(job.state == State::Queued && job.not_before > now_ms());
    assert!(jobs.claim().await.unwrap().is_none());
    let id = jobs.submit(SiteId(1), kind("b")).await.unwrap();
    jobs.claim().await.unwrap();
    jobs.finish(id, Err(Fault::invalid("never")), vec![]).await.unwrap();
    assert_eq!(jobs.get(id).unwrap().state, State::Failed);
}
