//! Sources: the websites a site's knowledge comes from, and what became of each URL.

use serde::{Deserialize, Serialize};

use crate::base::clock::{UnixMs, now_ms};
use crate::base::error::Outcome;
use crate::base::id::{JobId, SiteId, SourceId};
use crate::base::{Code, Fault};
use crate::store::{Key, Store, Table, Value};
use crate::svc::crawl::{Host, Reach};

/// A website that is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    pub id: SourceId,
    pub site: SiteId,
    /// As it was typed.
    pub url: String,
    /// The whole website, the entries of a feed, or one page.
    #[serde(default)]
    pub kind: Reach,
    #[serde(default)]
    pub include: Vec<String>,
    #[serde(default)]
    pub exclude: Vec<String>,
    pub pages_max: usize,
    pub depth_max: usize,
    /// `HOST[:PORT]` on private addresses that may be dialled.
    #[serde(default)]
    pub allow_private: Vec<String>,
    #[serde(default)]
    pub last_job: Option<JobId>,
    #[serde(default)]
    pub last_crawl: Option<LastCrawl>,
    /// Why the newest crawl came to nothing; gone with the next that ends well.
    #[serde(default)]
    pub failure: Option<Failure>,
    /// Whether the dates of its sitemap have been right.
    #[serde(default)]
    pub sitemap: SitemapRecord,
    /// When it is read again by itself: `hourly`, `daily`, `weekly`, or a cron expression.
    #[serde(default)]
    pub schedule: Option<String>,
    #[serde(default)]
    pub next_at: Option<UnixMs>,
    pub created_at: UnixMs,
}

/// What the last finished crawl came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LastCrawl {
    pub started_at: UnixMs,
    pub finished_at: UnixMs,
    pub pages: u64,
    pub skipped: std::collections::BTreeMap<String, u64>,
    /// How its hosts answered.
    #[serde(default)]
    pub hosts: Vec<Host>,
}

/// What the dates of a sitemap proved to be worth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SitemapRecord {
    /// Pages of which they said the truth, since the last untruth.
    pub right: u64,
    /// Pages that had changed although their date had not, ever.
    pub wrong: u64,
    /// Crawls in a row that believed them.
    pub believed: u64,
}

/// Truths after which the dates of a sitemap are believed, and after which they are once they were wrong.
const RIGHT_MIN: u64 = 2;
const RIGHT_AGAIN_MIN: u64 = 50;
/// Every so many crawls all pages are asked for again, so that a sitemap that stopped being right is noticed.
const BELIEVED_MAX: u64 = 6;

impl SitemapRecord {
    /// Whether the next crawl may leave out pages of which they say that nothing has changed.
    pub(super) const fn is_believed(&self) -> bool {
        let enough = if self.wrong == 0 { RIGHT_MIN } else { RIGHT_AGAIN_MIN };
        self.right >= enough && self.believed < BELIEVED_MAX
    }

    /// Adds what a crawl found; `believed`: it left pages out.
    pub(super) const fn add(self, right: u64, wrong: u64, believed: bool) -> Self {
        Self {
            right: if wrong > 0 { 0 } else { self.right + right },
            wrong: self.wrong + wrong,
            believed: if believed { self.believed + 1 } else { 0 },
        }
    }
}

/// How a crawl failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub at: UnixMs,
    /// Cause and mend.
    pub detail: String,
}

impl Value for Source {
    const TABLE: Table = Table::Sources;
}

/// What became of one URL in the last crawl.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceUrl {
    pub url: String,
    pub outcome: UrlOutcome,
    /// What is new since the crawl before; absent when nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The address under which the same content counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunks: Option<u64>,
}

/// What a crawl found to be different.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// A page that was not known.
    New,
    /// A page with another text than before.
    Changed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UrlOutcome {
    Indexed,
    Unchanged,
    Duplicate,
    Skipped,
    Failed,
    /// On the website before, not met this time.
    Missed,
    /// Missed twice in a row: it left the index.
    Gone,
}

impl Value for SourceUrl {
    const TABLE: Table = Table::SourceUrls;
}

/// What a new source starts with.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct NewSource {
    pub url: String,
    #[serde(default)]
    pub kind: Reach,
    pub include: Vec<String>,
    pub exclude: Vec<String>,
    pub pages_max: Option<usize>,
    pub depth_max: Option<usize>,
    pub allow_private: Vec<String>,
}

const DEPTH_DEFAULT: usize = 20;
const PATTERNS_MAX: usize = 200;

/// Creates a source, or returns the one for the same address with the new settings.
pub async fn create(store: &Store, site: SiteId, new: NewSource, pages_ceiling: usize) -> Outcome<Source> {
    let url = new.url.trim().to_owned();
    if url.is_empty() || url.len() > 2_000 || url.contains(char::is_whitespace) {
        return Err(Fault::new(
            Code::AddressInvalid,
            format!("\"{url}\" is not a web address; type it like example.de or https://www.example.de"),
        ));
    }
    if new.include.len() + new.exclude.len() + new.allow_private.len() > PATTERNS_MAX {
        return Err(Fault::invalid(format!("at most {PATTERNS_MAX} folders can be named")));
    }
    store
        .write(move |batch| {
            let same = batch.list::<Source>([])?.into_iter().map(|(_, s)| s).find(|s| s.site == site && s.url == url);
            let id = match &same {
                Some(source) => source.id,
                None => SourceId(batch.next("source")?),
            };
            let source = Source {
                id,
                site,
                url,
                kind: new.kind,
                include: new.include,
                exclude: new.exclude,
                pages_max: new.pages_max.unwrap_or(pages_ceiling).clamp(1, pages_ceiling),
                depth_max: new.depth_max.unwrap_or(DEPTH_DEFAULT),
                allow_private: new.allow_private,
                last_job: same.as_ref().and_then(|s| s.last_job),
                last_crawl: same.as_ref().and_then(|s| s.last_crawl.clone()),
                sitemap: same.as_ref().map(|s| s.sitemap).unwrap_or_default(),
                failure: same.as_ref().and_then(|s| s.failure.clone()),
                schedule: same.as_ref().and_then(|s| s.schedule.clone()),
                next_at: same.as_ref().and_then(|s| s.next_at),
                created_at: same.as_ref().map_or_else(now_ms, |s| s.created_at),
            };
            batch.put(Key::of(id), &source)?;
            Ok(source)
        })
        .await
}

pub fn find(store: &Store, id: SourceId) -> Outcome<Source> {
    store.snapshot()?.get(Key::of(id))?.ok_or_else(|| Fault::not_found(format!("source {id}")))
}

pub fn list(store: &Store, site: SiteId) -> Outcome<Vec<Source>> {
    Ok(store.snapshot()?.list::<Source>([])?.into_iter().map(|(_, s)| s).filter(|s| s.site == site).collect())
}

/// Changes the folders a source is limited to.
pub async fn limit(
    store: &Store,
    id: SourceId,
    include: Option<Vec<String>>,
    exclude: Option<Vec<String>>,
) -> Outcome<Source> {
    store
        .write(move |batch| {
            let mut source: Source = batch.get(Key::of(id))?.ok_or_else(|| Fault::not_found(format!("source {id}")))?;
            source.include = include.unwrap_or(source.include);
            source.exclude = exclude.unwrap_or(source.exclude);
            batch.put(Key::of(id), &source)?;
            Ok(source)
        })
        .await
}
