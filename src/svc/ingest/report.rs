//! The report of a crawl, while it runs and afterwards: one line per address, counted, filtered, page by page.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::base::clock::rfc3339;
use crate::base::error::Outcome;
use crate::base::id::SourceId;
use crate::base::{Code, Fault};
use crate::store::{Key, Store};
use crate::svc::crawl::Host;

use super::live::Live;
use super::source::{self, Change, Source, SourceUrl, UrlOutcome};

/// What needs attention first, what was left out last.
const ORDER: [UrlOutcome; 7] = [
    UrlOutcome::Gone,
    UrlOutcome::Missed,
    UrlOutcome::Failed,
    UrlOutcome::Indexed,
    UrlOutcome::Unchanged,
    UrlOutcome::Duplicate,
    UrlOutcome::Skipped,
];

/// Which lines are wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    pub outcome: Option<UrlOutcome>,
    pub change: Option<Change>,
    /// Code of the reason.
    pub code: Option<String>,
    /// Occurs in the address, the title or the reason; upper and lower case alike.
    pub words: String,
    /// Only lines of content that counts under another address, those of one address together.
    pub duplicates: bool,
    /// Begin behind this line: `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Lines of one page; all when absent.
    pub limit: Option<usize>,
}

/// A page of the report, with the sums of the whole.
#[derive(Debug, Serialize)]
pub struct Report {
    pub source_id: String,
    /// `running` or `idle`.
    pub state: &'static str,
    /// The crawl it tells of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    pub started_at: Option<String>,
    pub finished_at: Option<String>,
    pub next_crawl: Option<String>,
    /// Why the newest crawl came to nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failed>,
    /// Pages of the website that are known to the site.
    pub pages: u64,
    /// Reason → addresses that were left out for it.
    pub skipped: BTreeMap<String, u64>,
    /// Outcome → addresses.
    pub counts: BTreeMap<UrlOutcome, u64>,
    pub changes: Changes,
    /// Addresses whose content counts under another one.
    pub duplicates: u64,
    pub hosts: Vec<Host>,
    /// Lines that are wanted.
    pub total: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    pub urls: Vec<SourceUrl>,
}

#[derive(Debug, Serialize)]
pub struct Failed {
    pub at: String,
    pub detail: String,
}

/// What is different since the crawl before.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    pub new: u64,
    pub changed: u64,
    pub unchanged: u64,
    pub missed: u64,
    pub gone: u64,
}

/// Reads the report of a source: of the crawl under way, else of the last one. Walks all its lines: call it off the async
/// workers.
///
/// # Errors
/// There is no such source, or the cursor is none of ours.
pub fn read(store: &Store, live: &Live, id: SourceId, wanted: &Wanted) -> Outcome<Report> {
    let source = source::find(store, id)?;
    let last = source.last_crawl.as_ref();
    let running = live.of(id);
    let (rows, hosts) = match &running {
        Some(crawl) => (crawl.rows(), crawl.hosts()),
        None => (lines(store, id)?, last.map(|crawl| crawl.hosts.clone()).unwrap_or_default()),
    };
    let sums = Sums::of(&rows);
    let (total, next_cursor, urls) = page(rows, wanted)?;
    Ok(Report {
        source_id: id.to_string(),
        state: if running.is_some() { "running" } else { "idle" },
        job_id: running.as_ref().map(|crawl| crawl.job).or(source.last_job).map(|job| job.to_string()),
        started_at: running.as_ref().map(|crawl| crawl.started_at).or(last.map(|c| c.started_at)).map(rfc3339),
        finished_at: last.filter(|_| running.is_none()).map(|crawl| rfc3339(crawl.finished_at)),
        next_crawl: source.next_at.map(rfc3339),
        failure: failed(&source),
        pages: sums.pages,
        skipped: sums.skipped,
        counts: sums.counts,
        changes: sums.changes,
        duplicates: sums.duplicates,
        hosts,
        total,
        next_cursor,
        urls,
    })
}

fn failed(source: &Source) -> Option<Failed> {
    source.failure.as_ref().map(|failure| Failed { at: rfc3339(failure.at), detail: failure.detail.clone() })
}

/// The lines of the last crawl, by address.
pub fn lines(store: &Store, id: SourceId) -> Outcome<Vec<SourceUrl>> {
    Ok(store.snapshot()?.list::<SourceUrl>(Key::of(id))?.into_iter().map(|(_, row)| row).collect())
}

#[derive(Default)]
struct Sums {
    pages: u64,
    skipped: BTreeMap<String, u64>,
    counts: BTreeMap<UrlOutcome, u64>,
    changes: Changes,
    duplicates: u64,
}

impl Sums {
    fn of(rows: &[SourceUrl]) -> Self {
        let mut sums = Self::default();
        for row in rows {
            *sums.counts.entry(row.outcome).or_default() += 1;
            sums.duplicates += u64::from(row.of.is_some());
            match row.outcome {
                UrlOutcome::Indexed | UrlOutcome::Unchanged | UrlOutcome::Duplicate => sums.pages += 1,
                UrlOutcome::Skipped | UrlOutcome::Failed => {
                    *sums.skipped.entry(row.code.clone().unwrap_or_default()).or_default() += 1;
                }
                UrlOutcome::Missed => sums.changes.missed += 1,
                UrlOutcome::Gone => sums.changes.gone += 1,
            }
            match (row.change, row.outcome) {
                (Some(Change::New), _) => sums.changes.new += 1,
                (Some(Change::Changed), _) => sums.changes.changed += 1,
                (None, UrlOutcome::Unchanged) => sums.changes.unchanged += 1,
                _ => {}
            }
        }
        sums
    }
}

/// Filters, sorts and cuts: how many match, where to go on, the lines.
fn page(rows: Vec<SourceUrl>, wanted: &Wanted) -> Outcome<(u64, Option<String>, Vec<SourceUrl>)> {
    let after = match wanted.cursor.as_deref().filter(|cursor| !cursor.is_empty()) {
        Some(cursor) => Some(
            URL_SAFE_NO_PAD
                .decode(cursor)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .ok_or_else(|| Fault::new(Code::BadRequest, "the cursor is not one of ours; begin without it"))?,
        ),
        None => None,
    };
    let words = wanted.words.trim().to_lowercase();
    let mut matching: Vec<(String, SourceUrl)> = rows
        .into_iter()
        .filter(|row| wanted.is_met_by(row, &words))
        .map(|row| (place(&row, wanted.duplicates), row))
        .collect();
    matching.sort_by(|a, b| a.0.cmp(&b.0));
    let total = matching.len() as u64;
    let begin = after.map_or(0, |after| matching.partition_point(|(place, _)| *place <= after));
    let end = wanted.limit.map_or(matching.len(), |limit| (begin + limit.max(1)).min(matching.len()));
    let is_more = end < matching.len();
    let next_cursor =
        matching.get(end.saturating_sub(1)).filter(|_| is_more).map(|(place, _)| URL_SAFE_NO_PAD.encode(place));
    Ok((total, next_cursor, matching.drain(begin..end).map(|(_, row)| row).collect()))
}

/// Where a line stands: fixed for the line, so that a cursor holds while others come.
fn place(row: &SourceUrl, grouped: bool) -> String {
    let rank = ORDER.iter().position(|outcome| *outcome == row.outcome).unwrap_or(ORDER.len());
    if grouped {
        format!("{}\n{}", row.of.as_deref().unwrap_or_default(), row.url)
    } else {
        format!("{rank}{}", row.url)
    }
}

impl Wanted {
    fn is_met_by(&self, row: &SourceUrl, words: &str) -> bool {
        let has = |text: &str| text.to_lowercase().contains(words);
        self.outcome.is_none_or(|outcome| row.outcome == outcome)
            && self.change.is_none_or(|change| row.change == Some(change))
            && self.code.as_deref().is_none_or(|code| row.code.as_deref() == Some(code))
            && (!self.duplicates || row.of.is_some())
            && (words.is_empty()
                || has(&row.url)
                || row.title.as_deref().is_some_and(has)
                || row.reason.as_deref().is_some_and(has)
                || row.code.as_deref().is_some_and(has))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(n: usize) -> Vec<SourceUrl> {
        let row = |i: usize| SourceUrl {
            url: format!("https://a.de/{i}"),
            outcome: ORDER[i % ORDER.len()],
            change: (i % 7 == 3).then_some(Change::New),
            code: (i % 7 == 6).then(|| "robots".to_owned()),
            reason: None,
            of: (i % 7 == 5).then(|| format!("https://a.de/{}", i % 3)),
            title: Some(format!("Seite {i}")),
            chunks: None,
        };
        (0..n).map(row).collect()
    }

    #[test]
    fn pages_of_the_report_are_the_report() {
        let all = page(rows(10_000), &Wanted::default()).unwrap();
        assert_eq!((all.0, all.1, all.2.len()), (10_000, None, 10_000));
        for duplicates in [false, true] {
            let mut wanted = Wanted { limit: Some(333), duplicates, ..Wanted::default() };
            let whole = page(rows(10_000), &Wanted { duplicates, ..Wanted::default() }).unwrap().2;
            let mut joined = Vec::new();
            loop {
                let (total, next, urls) = page(rows(10_000), &wanted).unwrap();
                assert_eq!(total, whole.len() as u64);
                joined.extend(urls);
                wanted.cursor = next;
                if wanted.cursor.is_none() {
                    break;
                }
            }
            assert_eq!(joined, whole);
        }
        assert_eq!(all.2[0].outcome, UrlOutcome::Gone);
    }

    #[test]
    fn a_filter_keeps_what_it_says() {
        let count = |wanted: Wanted| page(rows(70), &wanted).unwrap().0;
        let cases = [
            (Wanted { outcome: Some(UrlOutcome::Skipped), ..Wanted::default() }, 10),
            (Wanted { change: Some(Change::New), ..Wanted::default() }, 10),
            (Wanted { code: Some("robots".into()), ..Wanted::default() }, 10),
            (Wanted { code: Some("busy".into()), ..Wanted::default() }, 0),
            (Wanted { words: "SEITE 69".into(), ..Wanted::default() }, 1),
            (Wanted { words: "robots".into(), ..Wanted::default() }, 10),
            (Wanted { duplicates: true, ..Wanted::default() }, 10),
        ];
        for (wanted, expected) in cases {
            assert_eq!(count(wanted.clone()), expected, "{wanted:?}");
        }
        let broken = Wanted { cursor: Some("%".into()), ..Wanted::default() };
        assert_eq!(page(rows(1), &broken).unwrap_err().code, Code::BadRequest);
    }

    #[test]
    fn the_sums_are_of_all_lines() {
        let sums = Sums::of(&rows(70));
        assert_eq!((sums.pages, sums.duplicates, sums.skipped["robots"]), (30, 10, 10));
        assert_eq!(sums.changes, Changes { new: 10, changed: 0, unchanged: 10, missed: 10, gone: 10 });
    }
}
