//! When websites are read again by themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cronexpr::{Crontab, ParseOptions, parse_crontab_with};

use crate::base::Fault;
use crate::base::clock::{UnixMs, now_ms};
use crate::base::error::Outcome;
use crate::base::id::SourceId;
use crate::store::{Key, Store};
use crate::svc::job::{Jobs, Kind};

use super::source::Source;

/// How often the clock is looked at.
const LOOK: Duration = Duration::from_secs(20);
/// A stop is noticed this fast.
const TICK: Duration = Duration::from_millis(250);
/// Two crawls of a website are at least so far apart.
const GAP_MIN_MS: UnixMs = 15 * 60 * 1000;
/// Coming times that are looked at to find the smallest gap.
const GAP_TIMES: usize = 100;
const EXPRESSION_BYTES_MAX: usize = 200;
/// The zone of an expression that names none.
const ZONE: &str = "Europe/Berlin";

/// Schedules with a name. `H` is a minute that differs from source to source, so that forty websites are not read at
/// once; the night is quiet in a town hall.
const NAMED: [(&str, &str); 3] = [("hourly", "H * * * *"), ("daily", "H 3 * * *"), ("weekly", "H 4 * * 0")];

/// When a source with this schedule is due after `after`.
///
/// # Errors
/// The schedule is none: neither `hourly`, `daily` nor `weekly`, nor five fields of cron with or without a time zone behind
/// them; or it is due too often.
pub fn next(schedule: &str, source: SourceId, after: UnixMs) -> Outcome<UnixMs> {
    let refused = |why: String| {
        Fault::invalid(format!(
            "\"{schedule}\" is not a schedule ({why}); use hourly, daily, weekly, off, or cron like \"30 3 * * 1-5\""
        ))
    };
    let crontab = parse(schedule, source).map_err(refused)?;
    let start = i64::try_from(after).map_err(Fault::internal)?;
    let start = cronexpr::MakeTimestamp::from_millisecond(start).map_err(Fault::internal)?;
    let times = crontab.iter_after(start).map_err(|error| refused(error.to_string()))?;
    let mut first = None;
    let mut before: Option<UnixMs> = None;
    for time in times.take(GAP_TIMES) {
        let time = time.map_err(|error| refused(error.to_string()))?;
        let time = UnixMs::try_from(time.timestamp().as_millisecond()).map_err(Fault::internal)?;
        if before.is_some_and(|before| time - before < GAP_MIN_MS) {
            return Err(refused("a website is read every 15 minutes at most".to_owned()));
        }
        first.get_or_insert(time);
        before = Some(time);
    }
    first.ok_or_else(|| refused("it is never due".to_owned()))
}

fn parse(schedule: &str, source: SourceId) -> Result<Crontab, String> {
    let expression = NAMED.iter().find(|(name, _)| *name == schedule).map_or(schedule, |(_, cron)| cron);
    if expression.len() > EXPRESSION_BYTES_MAX {
        return Err("it is too long".to_owned());
    }
    let is_without_zone = expression.split_whitespace().count() == 5;
    let whole = if is_without_zone { format!("{expression} {ZONE}") } else { expression.to_owned() };
    let mut options = ParseOptions::default();
    options.hashed_value = Some(source.0.wrapping_mul(37));
    // The message draws a caret under the fault first.
    parse_crontab_with(&whole, options)
        .map_err(|error| error.to_string().lines().last().unwrap_or_default().trim_start_matches(['^', ' ']).to_owned())
}

/// Gives a source a schedule, or takes it away (`off`).
pub async fn set(store: &Store, id: SourceId, schedule: &str) -> Outcome<Source> {
    let schedule = schedule.trim().to_owned();
    let (schedule, next_at) = match schedule.as_str() {
        "off" | "" => (None, None),
        given => (Some(given.to_owned()), Some(next(given, id, now_ms())?)),
    };
    store
        .write(move |batch| {
            let mut source: Source = batch.get(Key::of(id))?.ok_or_else(|| Fault::not_found(format!("source {id}")))?;
            (source.schedule, source.next_at) = (schedule, next_at);
            batch.put(Key::of(id), &source)?;
            Ok(source)
        })
        .await
}

/// Queues what is due until `stopping` is set. What came due while nothing ran is done once.
pub async fn run_schedules(store: Store, jobs: Arc<Jobs>, stopping: Arc<AtomicBool>) {
    let mut waited = LOOK;
    while !stopping.load(Ordering::Relaxed) {
        if waited >= LOOK {
            waited = Duration::ZERO;
            if let Err(fault) = queue_due(&store, &jobs, now_ms()).await {
                tracing::warn!(%fault, "the schedules could not be looked at");
            }
        }
        tokio::time::sleep(TICK).await;
        waited += TICK;
    }
}

/// Queues a crawl for each source that is due at `now`, and notes when it is due next; how many.
pub(super) async fn queue_due(store: &Store, jobs: &Jobs, now: UnixMs) -> Outcome<usize> {
    let sources = store.snapshot()?.list::<Source>([])?.into_iter().map(|(_, source)| source);
    let due: Vec<Source> = sources.filter(|source| source.next_at.is_some_and(|at| at <= now)).collect();
    for source in &due {
        // The job first: an interruption in between repeats it, which changes nothing while it is queued.
        jobs.submit(source.site, Kind::Crawl { source: source.id }).await?;
        let id = source.id;
        let next_at = source.schedule.as_deref().and_then(|schedule| next(schedule, id, now).ok());
        store
            .write(move |batch| {
                if let Some(mut source) = batch.get::<Source>(Key::of(id))? {
                    source.next_at = next_at;
                    batch.put(Key::of(id), &source)?;
                }
                Ok::<_, Fault>(())
            })
            .await?;
    }
    Ok(due.len())
}
