//! Reads one website: finds its pages by sitemap and links, fetches them politely and hands them on as documents.
//!
//! Invariants: every address has exactly one outcome, a page or one reason; robots.txt, noindex and the folders given
//! are obeyed; only the typed host is read (with or without `www.`, http or https); everything is bounded.
//! Deliberately absent: storage, running scripts, login forms, other hosts. What an earlier crawl saw is asked of the caller.

mod address;
mod feed;
mod fetch;
mod head;
mod hosts;
mod known;
mod lastmod;
mod llms;
mod read;
mod reason;
mod render;
mod robots;
mod scope;
mod sign_in;
mod sitemap;
mod start;
mod walk;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_again;
#[cfg(test)]
mod tests_fuzz;
#[cfg(test)]
mod tests_unit;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Sender;

use crate::base::clock::now_ms;
use crate::dial::{AllowPrivate, Dialer};
use crate::svc::extract::Extracted;

pub use address::normalise;
pub use hosts::Host;
pub use known::{Claim, Known, Memory};
pub use reason::{CrawlError, SkipReason};
pub use render::Render;
pub use sign_in::SignIn;

/// A sitemap with this many pages is believed when only the addresses are wanted.
const SITEMAP_ENOUGH: usize = 5;
/// Pages read to find addresses when there is no such sitemap.
const DISCOVER_PAGES_MAX: usize = 200;

/// How far a crawl goes from what was typed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// All pages of the website.
    #[default]
    Website,
    /// The entries of a feed.
    Feed,
    /// This one page.
    Page,
}

/// What to read and how.
#[derive(Debug, Clone)]
pub struct Plan {
    /// As typed: `example.de`, `www.müllheim.de`, `http://host:port/path`.
    pub start: String,
    pub reach: Reach,
    /// The feed as the crawl before saw it.
    pub feed: Option<Known>,
    /// Pages to hand on.
    pub max_pages: usize,
    /// Links away from the start page.
    pub max_depth: usize,
    /// Bytes of one page, decompressed.
    pub max_bytes_per_page: usize,
    /// Path prefixes such as `/leben/`, or patterns with `*`; empty: everything.
    pub include: Vec<String>,
    /// Like `include`; wins over it.
    pub exclude: Vec<String>,
    /// Between two requests; none toward this machine.
    pub delay: Duration,
    /// Requests at once, at most 16.
    pub concurrency: usize,
    /// Private targets that may be read.
    pub allow: AllowPrivate,
    /// A secret for the website.
    pub sign_in: Option<SignIn>,
    /// Where pages that need JavaScript are rendered.
    pub render: Option<Render>,
    /// Only find addresses; no pages are handed on.
    pub discover_only: bool,
    /// Pages that were read after the date their sitemap gives are not asked for again.
    pub trusts_sitemap: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            start: String::new(),
            reach: Reach::Website,
            feed: None,
            max_pages: 2_000,
            max_depth: 10,
            max_bytes_per_page: 10 * 1024 * 1024,
            include: Vec::new(),
            exclude: Vec::new(),
            delay: Duration::from_millis(200),
            concurrency: 4,
            allow: AllowPrivate::none(),
            sign_in: None,
            render: None,
            discover_only: false,
            trusts_sitemap: false,
        }
    }
}

/// What happens during a crawl.
#[derive(Debug)]
pub enum Event {
    /// Progress.
    Found { found: usize, fetched: usize },
    /// How the hosts answered so far.
    Hosts(Vec<Host>),
    /// A page.
    Page(Box<Page>),
    /// A page that is still what an earlier crawl saw, under the address it was asked by and the one it counts by. `known`:
    /// what to tell the next crawl, where that is news.
    Same { url: String, requested: String, known: Option<Known>, claim: Option<Claim> },
    /// An address that yields no page; each address at most once.
    Skipped { url: String, reason: SkipReason },
}

/// A page that was read.
#[derive(Debug, Clone)]
pub struct Page {
    /// Where it counts: after redirects, normalised, its own canonical address applied. Unique within a crawl.
    pub url: String,
    /// What was asked for.
    pub requested: String,
    pub status: u16,
    /// What to tell the next crawl; absent when the website names neither version nor date.
    pub known: Option<Known>,
    /// What its sitemap said of it.
    pub claim: Option<Claim>,
    pub extracted: Extracted,
}

/// The sum of a crawl.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Where the typed address ended.
    pub start_url: String,
    /// Pages handed on.
    pub pages: usize,
    /// Reason code → number of addresses.
    pub skipped: BTreeMap<String, usize>,
    /// Addresses found that may be pages.
    pub pages_found: usize,
    /// Those addresses, sorted; filled when only they were wanted.
    pub urls: Vec<String>,
    /// Every address the website names was looked at: no sitemap failed, nothing was dropped. Without that, an address that
    /// was not met may still be there.
    pub is_whole: bool,
    /// The feed, for the next crawl.
    pub feed: Option<Known>,
}

/// Reads a website and sends its pages as `events`; a full channel slows the crawl, a closed one ends it. `memory` tells
/// what was seen at an address before: the website is then asked for changes only.
///
/// # Errors
/// [`CrawlError`] when not a single page could be read, or the crawl was stopped.
pub async fn crawl(
    plan: &Plan,
    dialer: &Dialer,
    memory: &Memory<'_>,
    events: Sender<Event>,
    cancelled: &(dyn Fn() -> bool + Send + Sync),
) -> Result<Report, CrawlError> {
    let fetcher = Arc::new(fetch::Fetcher::new(dialer.clone(), plan));
    let report = read(plan, &fetcher, memory, events.clone(), cancelled).await;
    // Of a crawl that failed, too: it may be the reason.
    let _ = stoppable(events.send(Event::Hosts(fetcher.hosts())), cancelled).await;
    report
}

async fn read(
    plan: &Plan,
    fetcher: &Arc<fetch::Fetcher>,
    memory: &Memory<'_>,
    events: Sender<Event>,
    cancelled: &(dyn Fn() -> bool + Send + Sync),
) -> Result<Report, CrawlError> {
    let begin = stoppable(begin(fetcher, plan), cancelled).await??;
    let start_url = begin.url.to_string();
    // A website on this machine need not be spared, unless it asks for it.
    let delay = if begin.site.is_local() { Duration::ZERO } else { plan.delay };
    fetcher.set_delay(delay.max(begin.robots.delay())).await;
    let first_failure = begin.first.as_ref().and_then(|first| first.as_ref().err()).cloned();
    let robots = Arc::new(begin.robots);
    let mut walk = walk::Walk {
        plan,
        site: begin.site,
        robots: robots.clone(),
        fetcher: fetcher.clone(),
        renderer: fetcher.renderer(plan),
        memory,
        events,
        cancelled,
        lastmods: lastmod::Lastmods::default(),
        begun_at: now_ms(),
        state: walk::State::new(plan),
    };
    if let Some(first) = begin.first {
        walk.begin(&begin.url, first).await?;
    }
    let listed = match begin.listed {
        Some(listed) => listed,
        None => {
            let found_max = walk.found_max();
            let named =
                stoppable(sitemap::collect(fetcher, &walk.site, &robots.sitemaps(), found_max), cancelled).await?;
            let more = stoppable(llms::collect(fetcher, &walk.site, &robots), cancelled).await?;
            sitemap::Sitemaps { urls: [named.urls, more].concat(), ..named }
        }
    };
    walk.state.dropped |= !listed.is_whole;
    walk.lastmods = lastmod::Lastmods::new(listed.lastmods, now_ms());
    for url in &listed.urls {
        walk.offer_named(url).await?;
    }
    let believed = plan.discover_only && walk.addresses().len() > SITEMAP_ENOUGH;
    if !believed {
        walk.run().await?;
        if walk.state.pages == 0 {
            return Err(nothing(plan, &walk, &start_url, first_failure.as_ref()));
        }
    }
    let urls = walk.addresses();
    let pages_found = if plan.discover_only { urls.len() } else { walk.state.found };
    let state = walk.state;
    Ok(Report {
        start_url,
        pages: if plan.discover_only { 0 } else { state.pages },
        skipped: state.skipped,
        pages_found,
        urls: if plan.discover_only { urls } else { Vec::new() },
        is_whole: !state.dropped,
        feed: begin.feed,
    })
}

/// Where a crawl of any reach begins.
struct Begin {
    site: address::Site,
    robots: robots::Robots,
    url: url::Url,
    /// The page typed, or why it is none; absent when it is only named there where to go.
    first: Option<Result<fetch::Got, SkipReason>>,
    /// Addresses to read; absent when the website's own lists name them.
    listed: Option<sitemap::Sitemaps>,
    feed: Option<Known>,
}

async fn begin(fetcher: &fetch::Fetcher, plan: &Plan) -> Result<Begin, CrawlError> {
    if plan.reach == Reach::Feed {
        let feed = feed::find(fetcher, &plan.start, plan.feed.as_ref()).await?;
        // A feed forgets: what it does not name any more may still be there.
        let listed = sitemap::Sitemaps { urls: feed.entries, lastmods: feed.lastmods, is_whole: false };
        let known = Some(feed.known).filter(Known::can_ask);
        let (site, robots, url) = (feed.site, feed.robots, feed.url);
        return Ok(Begin { site, robots, url, first: None, listed: Some(listed), feed: known });
    }
    let start = start::find(fetcher, &plan.start).await?;
    let nothing = || sitemap::Sitemaps { urls: Vec::new(), lastmods: std::collections::HashMap::new(), is_whole: true };
    let listed = (plan.reach == Reach::Page).then(nothing);
    Ok(Begin { site: start.site, robots: start.robots, url: start.url, first: Some(start.first), listed, feed: None })
}

async fn stoppable<T>(
    work: impl Future<Output = T>,
    cancelled: &(dyn Fn() -> bool + Send + Sync),
) -> Result<T, CrawlError> {
    tokio::pin!(work);
    loop {
        match tokio::time::timeout(walk::TICK, &mut work).await {
            Ok(out) => return Ok(out),
            Err(_) if cancelled() => return Err(CrawlError::Cancelled),
            Err(_) => {}
        }
    }
}

/// Names the likeliest reason why there is no page.
fn nothing(plan: &Plan, walk: &walk::Walk<'_>, start: &str, first: Option<&SkipReason>) -> CrawlError {
    let skipped = &walk.state.skipped;
    let count = |code: &str| skipped.get(code).copied().unwrap_or_default();
    let total: usize = skipped.values().sum();
    let host = walk.site.host().to_owned();
    if total > 0 && count("robots") == total {
        return CrawlError::RobotsForbid { host };
    }
    if count("needs_javascript") > 0 && count("needs_javascript") * 2 >= total {
        return CrawlError::OnlyScripts { start: start.to_owned() };
    }
    if count("excluded") > 0 && first.is_none() && count("excluded") * 2 >= total {
        return CrawlError::AllExcluded {
            host,
            found: total,
            folders: [&plan.include[..], &plan.exclude[..]].concat().join(", "),
        };
    }
    let listed = || skipped.iter().map(|(code, n)| format!("{n} × {code}")).collect::<Vec<_>>().join(", ");
    let why = match first.or(walk.state.first_reason.as_ref()) {
        Some(reason) if total <= 1 => reason.text(),
        Some(reason) => format!("{} ({})", reason.text(), listed()),
        None => "it holds nothing".to_owned(),
    };
    CrawlError::NoPages { start: start.to_owned(), why }
}
