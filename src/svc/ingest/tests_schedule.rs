use std::collections::BTreeSet;

use super::schedule::{next, queue_due, set};
use super::source::{self, NewSource};
use crate::base::clock::UnixMs;
use crate::base::id::{SiteId, SourceId};
use crate::store::Store;
use crate::svc::job::{Jobs, Kind};

fn at(text: &str) -> UnixMs {
    let time: jiff::Timestamp = text.parse().unwrap();
    UnixMs::try_from(time.as_millisecond()).unwrap()
}

#[test]
fn schedules_are_due_in_german_time() {
    for (schedule, after, wanted) in [
        ("30 3 * * *", "2026-11-26T01:00:00Z", "2026-11-26T02:30:00Z"),
        // Summer time: an hour earlier in UTC.
        ("30 3 * * *", "2026-07-01T00:00:00Z", "2026-07-01T01:30:00Z"),
        ("0 6 * * MON-FRI", "2026-11-27T06:00:00Z", "2026-11-30T05:00:00Z"),
        ("30 3 * * * UTC", "2026-11-26T01:00:00Z", "2026-11-26T03:30:00Z"),
        ("*/15 * * * *", "2026-11-26T01:01:00Z", "2026-11-26T01:15:00Z"),
    ] {
        assert_eq!(next(schedule, SourceId(1), at(after)).unwrap(), at(wanted), "{schedule}");
    }
    let hour = 3_600_000;
    for (schedule, most) in [("hourly", hour), ("daily", 25 * hour), ("weekly", 7 * 25 * hour)] {
        let now = at("2026-11-26T01:00:00Z");
        let due = next(schedule, SourceId(1), now).unwrap();
        assert!(due > now && due - now <= most, "{schedule}");
    }
    let minutes: BTreeSet<UnixMs> =
        (1..=40).map(|id| next("daily", SourceId(id), at("2026-11-26T12:00:00Z")).unwrap()).collect();
    assert!(minutes.len() >= 20, "forty websites are not read at once: {} minutes", minutes.len());
}

#[test]
fn what_is_no_schedule_says_how_to_write_one() {
    for wrong in
        ["often", "* * * * *", "*/5 * * * *", "61 3 * * *", "0 0 31 2 *", "30 3 * * * Mars/Base", &"1".repeat(500)]
    {
        let fault = next(wrong, SourceId(1), at("2026-11-26T01:00:00Z")).unwrap_err().to_string();
        assert!(fault.contains("hourly, daily, weekly, off") && fault.contains("30 3 * * 1-5"), "{wrong}: {fault}");
    }
}

#[tokio::test]
async fn what_is_due_is_queued_once_also_after_a_long_sleep() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let jobs = Jobs::open(store.clone()).unwrap();
    let new = || NewSource { url: "stadt.example".to_owned(), ..NewSource::default() };
    let source = source::create(&store, SiteId(1), new(), 100).await.unwrap();
    assert!(set(&store, source.id, "sometimes").await.is_err());
    let due = set(&store, source.id, "hourly").await.unwrap().next_at.unwrap();
    assert_eq!(queue_due(&store, &jobs, due - 1).await.unwrap(), 0);
    // The machine slept for a week: it is read once, not 168 times.
    let week = 7 * 24 * 3_600_000;
    assert_eq!(queue_due(&store, &jobs, due + week).await.unwrap(), 1);
    assert_eq!(queue_due(&store, &jobs, due + week).await.unwrap(), 0);
    let queued = jobs.list(Some(SiteId(1))).unwrap();
    assert_eq!(queued.iter().map(|job| job.kind.clone()).collect::<Vec<_>>(), [Kind::Crawl { source: source.id }]);
    // Still queued when it is due again: no second one.
    assert_eq!(queue_due(&store, &jobs, due + 2 * week).await.unwrap(), 1);
    assert_eq!(jobs.list(Some(SiteId(1))).unwrap().len(), 1);
    // Added again with other settings, it keeps its schedule; off ends it.
    assert_eq!(source::create(&store, SiteId(1), new(), 50).await.unwrap().schedule.as_deref(), Some("hourly"));
    assert_eq!(set(&store, source.id, "off").await.unwrap().next_at, None);
    assert_eq!(queue_due(&store, &jobs, due + 9 * week).await.unwrap(), 0);
}
