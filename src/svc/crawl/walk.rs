//! Breadth first through one website. All bookkeeping is in one task; requests and extraction run beside it.
//!
//! Every address has exactly one outcome: page, skipped, or still open.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::task::JoinSet;
use url::Url;

use super::address::Site;
use super::fetch::{Fetcher, Got};
use super::lastmod::Lastmods;
use super::read::{self, Content, Seen};
use super::render::Renderer;
use super::robots::Robots;
use super::scope::{self, Scope};
use super::{Claim, CrawlError, DISCOVER_PAGES_MAX, Event, Known, Memory, Page, Plan, Reach, SkipReason};
use crate::base::clock::UnixMs;

/// How often a stop is noticed while waiting.
pub(super) const TICK: Duration = Duration::from_millis(100);
const CONCURRENCY_MAX: usize = 16;
/// Addresses remembered per page that may be read, within the bounds below.
const FOUND_PER_PAGE: usize = 10;
const FOUND_MIN: usize = 2_000;
const FOUND_MAX: usize = 200_000;
/// Requests per page that may be read: a website of nothing but errors ends, too.
const FETCHES_PER_PAGE: usize = 5;
const FETCHES_EXTRA: usize = 100;

/// Addresses between two words about the hosts.
const HOSTS_EVERY: usize = 20;
/// Longer addresses are not even worth a line in the report.
const URL_NOTED_MAX: usize = 8_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Open,
    Page,
    Skipped,
}

/// How an address became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    Link,
    /// A sitemap, a feed, llms.txt.
    List,
    /// A folder somebody wants to be read; perhaps nothing is there.
    Guess,
}

struct Step {
    url: Url,
    depth: usize,
    /// A guess of ours: no word about it when it does not exist.
    quiet: bool,
    ready: Option<Box<Got>>,
}

struct Done {
    url: Url,
    depth: usize,
    quiet: bool,
    result: Result<Seen, SkipReason>,
    /// What the sitemap says of the page, when the website was asked.
    claim: Option<Claim>,
}

/// One crawl under way.
pub(super) struct Walk<'a> {
    pub(super) plan: &'a Plan,
    pub(super) site: Site,
    pub(super) robots: Arc<Robots>,
    pub(super) fetcher: Arc<Fetcher>,
    pub(super) renderer: Option<Arc<Renderer>>,
    pub(super) memory: &'a Memory<'a>,
    pub(super) lastmods: Lastmods,
    /// When the crawl began: whatever changes from then on may have been missed.
    pub(super) begun_at: UnixMs,
    pub(super) events: Sender<Event>,
    pub(super) cancelled: &'a (dyn Fn() -> bool + Send + Sync),
    pub(super) state: State,
}

/// The books of a walk.
#[derive(Default)]
pub(super) struct State {
    scope: Scope,
    queue: VecDeque<Step>,
    outcomes: HashMap<String, Outcome>,
    /// Seen only beyond the depth limit so far; a shorter way may still turn up.
    deep: BTreeSet<String>,
    /// Page → the address it named as its own, to see through pairs that point at each other.
    canonicals: HashMap<String, String>,
    pub(super) skipped: BTreeMap<String, usize>,
    pub(super) found: usize,
    pub(super) fetched: usize,
    pub(super) pages: usize,
    /// Addresses were left out without a word, or a task broke: what was not met may still be there.
    pub(super) dropped: bool,
    /// The first reason of all: that of the start page, when it is none.
    pub(super) first_reason: Option<SkipReason>,
}

impl State {
    pub(super) fn new(plan: &Plan) -> Self {
        Self { scope: Scope::new(&plan.include, &plan.exclude), ..Self::default() }
    }
}

impl Walk<'_> {
    /// Queues the start page; it is read for its links even when the folders leave it out.
    pub(super) async fn begin(&mut self, url: &Url, first: Result<Got, SkipReason>) -> Result<(), CrawlError> {
        self.state.outcomes.insert(url.to_string(), Outcome::Open);
        self.state.found += 1;
        match first {
            Ok(got) => self.state.queue.push_back(Step {
                url: url.clone(),
                depth: 0,
                quiet: false,
                ready: Some(Box::new(got)),
            }),
            Err(reason) => self.skip(url, reason).await?,
        }
        if self.plan.reach != Reach::Website {
            return Ok(());
        }
        for folder in self.state.scope.folders() {
            if let Some(url) = self.site.join(&folder) {
                self.offer(&url, 1, Named::Guess).await?;
            }
        }
        Ok(())
    }

    /// Queues an address that a list names. A feed is answerable for each of its entries; other lists may name what they like.
    pub(super) async fn offer_named(&mut self, url: &Url) -> Result<(), CrawlError> {
        if self.plan.reach == Reach::Feed && self.site.adopt(url).is_none() && url.as_str().len() <= URL_NOTED_MAX {
            return self.skip(url, SkipReason::Elsewhere).await;
        }
        self.offer(url, 1, Named::List).await
    }

    /// Queues an address once, or notes why not. `depth` is its distance from the start page.
    pub(super) async fn offer(&mut self, url: &Url, depth: usize, by: Named) -> Result<(), CrawlError> {
        let Some(url) = self.site.adopt(url).filter(|url| url.as_str().len() <= URL_NOTED_MAX) else { return Ok(()) };
        if self.state.outcomes.contains_key(url.as_str()) {
            return Ok(());
        }
        if self.state.outcomes.len() >= self.found_max() {
            self.state.dropped = true;
            return Ok(());
        }
        if let Some(reason) = self.refuse(&url) {
            return self.skip(&url, reason).await;
        }
        if depth > self.plan.max_depth {
            if self.state.deep.len() < self.found_max() {
                self.state.deep.insert(url.into());
            }
            return Ok(());
        }
        // What somebody has listed has an end; only links can go on for ever.
        if by != Named::List
            && let Some(reason) = self.state.scope.admit(&url)
        {
            return self.skip(&url, reason).await;
        }
        let quiet = by == Named::Guess;
        self.state.deep.remove(url.as_str());
        self.state.outcomes.insert(url.to_string(), Outcome::Open);
        self.state.found += usize::from(!quiet);
        self.state.queue.push_back(Step { url, depth, quiet, ready: None });
        Ok(())
    }

    /// Works until the queue is empty, a limit is reached, or the crawl is stopped.
    pub(super) async fn run(&mut self) -> Result<(), CrawlError> {
        // Whoever only counts has seen enough long before.
        let most = if self.plan.discover_only { DISCOVER_PAGES_MAX } else { usize::MAX };
        let pages_max = self.plan.max_pages.clamp(1, most);
        let fetches_max = pages_max.saturating_mul(FETCHES_PER_PAGE).saturating_add(FETCHES_EXTRA);
        let mut tasks: JoinSet<Done> = JoinSet::new();
        let lanes = self.plan.concurrency.clamp(1, CONCURRENCY_MAX);
        loop {
            while tasks.len() < lanes
                && self.state.pages + tasks.len() < pages_max
                && self.state.fetched + tasks.len() < fetches_max
            {
                let Some(step) = self.state.queue.pop_front() else { break };
                if self.state.outcomes.get(step.url.as_str()) == Some(&Outcome::Open) {
                    self.spawn(&mut tasks, step);
                }
            }
            let done = tokio::select! {
                done = tasks.join_next() => done,
                () = tokio::time::sleep(TICK) => {
                    self.check_stop()?;
                    continue;
                }
            };
            match done {
                None => break,
                Some(Ok(done)) => self.settle(done).await?,
                // A panic in a task is a defect of ours, not of the website: the address stays without a page.
                Some(Err(error)) => {
                    tracing::error!(%error, "a crawl task broke");
                    self.state.dropped = true;
                }
            }
            self.check_stop()?;
        }
        self.close().await
    }

    /// Addresses that are or still may become pages, sorted.
    pub(super) fn addresses(&self) -> Vec<String> {
        let mut urls: Vec<String> =
            self.state.outcomes.iter().filter(|(_, o)| **o != Outcome::Skipped).map(|(url, _)| url.clone()).collect();
        urls.sort_unstable();
        urls
    }

    fn spawn(&self, tasks: &mut JoinSet<Done>, step: Step) {
        let (fetcher, robots, site) = (self.fetcher.clone(), self.robots.clone(), self.site.clone());
        let bytes_max = self.plan.max_bytes_per_page;
        let remembered = (self.memory)(step.url.as_str());
        let claim = remembered.as_ref().and_then(|known| known.claim(self.lastmods.of(step.url.as_str())));
        if let (true, None, Some(Claim::Same), Some(known)) =
            (self.plan.trusts_sitemap, &step.ready, claim, remembered.as_ref())
            && let Some(seen) = read::as_known(known)
        {
            tasks.spawn(async move {
                Done { url: step.url, depth: step.depth, quiet: step.quiet, result: Ok(seen), claim: None }
            });
            return;
        }
        let known = remembered.filter(Known::can_ask);
        let renderer = self.renderer.clone();
        tasks.spawn(async move {
            let hop = |to: &Url| match site.adopt(to) {
                None => Some(fetcher.elsewhere(to)),
                Some(own) => (!robots.allows(&own)).then_some(SkipReason::Robots),
            };
            let got = match step.ready {
                Some(got) => Ok(*got),
                None => fetcher.page(&step.url, known.as_ref(), hop).await,
            };
            let result = match got {
                Ok(got) => {
                    let headers = got.response.headers.clone();
                    let seen = read::read(got, known, bytes_max).await;
                    Ok(match renderer {
                        Some(renderer) => read::rendered(seen, headers, &renderer, &site, bytes_max).await,
                        None => seen,
                    })
                }
                Err(reason) => Err(reason),
            };
            Done { url: step.url, depth: step.depth, quiet: step.quiet, result, claim }
        });
    }

    async fn settle(&mut self, done: Done) -> Result<(), CrawlError> {
        self.state.fetched += 1;
        match done.result {
            Err(SkipReason::NotFound { .. }) if done.quiet => {
                self.state.outcomes.insert(done.url.into(), Outcome::Skipped);
            }
            Err(reason) => self.skip(&done.url, reason).await?,
            Ok(seen) => {
                self.state.found += usize::from(done.quiet);
                self.place(&done.url, done.depth, seen, done.claim).await?;
            }
        }
        if self.state.fetched.is_multiple_of(HOSTS_EVERY) {
            self.send(Event::Hosts(self.fetcher.hosts())).await?;
        }
        self.send(Event::Found { found: self.state.found, fetched: self.state.fetched }).await
    }

    /// Decides under which address a page counts, if at all.
    async fn place(
        &mut self,
        requested: &Url,
        depth: usize,
        seen: Seen,
        claim: Option<Claim>,
    ) -> Result<(), CrawlError> {
        // Only those that stay on the website are worth keeping for the next crawl.
        let mut links = Vec::new();
        let is_followed = self.plan.reach == Reach::Website;
        for link in seen.links.into_iter().filter(|_| is_followed) {
            if let Ok(url) = Url::parse(&link) {
                // A list that is turned page by page is one place, however long it is.
                let deeper = usize::from(!scope::turns_page(&seen.url, &url));
                self.offer(&url, depth + deeper, Named::Link).await?;
                if self.site.adopt(&url).is_some() {
                    links.push(link);
                }
            }
        }
        let Some(arrived) = self.site.adopt(&seen.url) else { return Ok(()) };
        if self.outcome(requested) == Some(Outcome::Page) {
            return Ok(());
        }
        if arrived != *requested && matches!(self.outcome(&arrived), Some(Outcome::Page | Outcome::Skipped)) {
            return self.skip(requested, SkipReason::Duplicate { of: arrived.into() }).await;
        }
        if let Some(reason) = self.refuse(&arrived) {
            return self.skip(requested, reason).await;
        }
        let content = match seen.page {
            Ok(content) => content,
            Err(SkipReason::Refresh { to }) => return self.skip_refresh(requested, to).await,
            Err(reason) => return self.skip(requested, reason).await,
        };
        let named = match &content {
            Content::Read(extracted) => extracted.canonical.as_deref(),
            Content::Same(url) => Some(url.as_str()),
        };
        let mut counted = arrived.clone();
        if let Some(own) = self.canonical(&arrived, named) {
            if own != *requested && self.outcome(&own).is_some_and(|o| o != Outcome::Skipped) {
                self.state.canonicals.insert(arrived.into(), own.to_string());
                return self.skip(requested, SkipReason::Canonical { of: own.into() }).await;
            }
            counted = own;
        }
        for url in [requested, &arrived, &counted] {
            self.state.outcomes.insert(url.to_string(), Outcome::Page);
        }
        self.state.pages += 1;
        if self.plan.discover_only {
            return Ok(());
        }
        let url = String::from(counted);
        let lastmod = self.lastmods.of(requested.as_str()).map(str::to_owned);
        let known = Known {
            etag: seen.etag,
            last_modified: seen.last_modified,
            arrived: seen.url.into(),
            url: url.clone(),
            links,
            read_at: if lastmod.is_some() { self.begun_at } else { 0 },
            lastmod,
        };
        let known = Some(known).filter(Known::is_useful);
        let requested = requested.to_string();
        let extracted = match content {
            Content::Read(extracted) => *extracted,
            Content::Same(_) => {
                // Only a date that is new, or was not over when it was seen, is worth writing.
                let is_news = self.lastmods.of(&requested).is_some() && claim != Some(Claim::Same) && seen.was_asked;
                return self.send(Event::Same { url, requested, known: known.filter(|_| is_news), claim }).await;
            }
        };
        let page = Page { url, requested, status: seen.status, known, claim, extracted };
        self.send(Event::Page(Box::new(page))).await
    }

    /// A page that only sends visitors on; where to decides what is said of it.
    async fn skip_refresh(&mut self, requested: &Url, to: String) -> Result<(), CrawlError> {
        let target = Url::parse(&to).ok();
        let reason = match target {
            Some(target) if self.site.adopt(&target).is_none() => self.fetcher.elsewhere(&target),
            _ => SkipReason::Refresh { to },
        };
        self.skip(requested, reason).await
    }

    /// The address a page names as its own, when it can be believed.
    fn canonical(&self, arrived: &Url, named: Option<&str>) -> Option<Url> {
        let own = self.site.adopt(&Url::parse(named?).ok()?)?;
        let segments = arrived.path().split('/').filter(|s| !s.is_empty()).count();
        // Templates that name the home page on every page would leave a website of one page.
        let mistaken_home = own.path() == "/" && own.query().is_none() && segments > 1;
        let points_back = self.state.canonicals.get(own.as_str()).is_some_and(|url| url == arrived.as_str());
        let was_refused = self.outcome(&own) == Some(Outcome::Skipped) || self.refuse(&own).is_some();
        (own != *arrived && !mistaken_home && !points_back && !was_refused).then_some(own)
    }

    fn outcome(&self, url: &Url) -> Option<Outcome> {
        self.state.outcomes.get(url.as_str()).copied()
    }

    fn refuse(&self, url: &Url) -> Option<SkipReason> {
        self.state.scope.refuse(url).or_else(|| (!self.robots.allows(url)).then_some(SkipReason::Robots))
    }

    pub(super) fn found_max(&self) -> usize {
        self.plan.max_pages.saturating_mul(FOUND_PER_PAGE).clamp(FOUND_MIN, FOUND_MAX)
    }

    /// What was never reached gets its reason.
    async fn close(&mut self) -> Result<(), CrawlError> {
        if self.plan.discover_only {
            return Ok(());
        }
        while let Some(step) = self.state.queue.pop_front() {
            if !step.quiet && self.outcome(&step.url) == Some(Outcome::Open) {
                self.skip(&step.url, SkipReason::PageLimit).await?;
            }
        }
        for url in std::mem::take(&mut self.state.deep) {
            if let Ok(url) = Url::parse(&url)
                && self.outcome(&url).is_none()
            {
                self.skip(&url, SkipReason::TooDeep).await?;
            }
        }
        Ok(())
    }

    async fn skip(&mut self, url: &Url, reason: SkipReason) -> Result<(), CrawlError> {
        if matches!(self.outcome(url), Some(Outcome::Page | Outcome::Skipped)) {
            return Ok(());
        }
        self.state.outcomes.insert(url.to_string(), Outcome::Skipped);
        self.state.first_reason.get_or_insert_with(|| reason.clone());
        *self.state.skipped.entry(reason.code().to_owned()).or_default() += 1;
        self.send(Event::Skipped { url: url.to_string(), reason }).await
    }

    fn check_stop(&self) -> Result<(), CrawlError> {
        if (self.cancelled)() { Err(CrawlError::Cancelled) } else { Ok(()) }
    }

    /// Waits for room, so that a slow reader slows the crawl; a stop is noticed meanwhile.
    async fn send(&self, event: Event) -> Result<(), CrawlError> {
        loop {
            match tokio::time::timeout(TICK, self.events.reserve()).await {
                Ok(Ok(permit)) => {
                    permit.send(event);
                    return Ok(());
                }
                Ok(Err(_)) => return Err(CrawlError::Cancelled),
                Err(_) => self.check_stop()?,
            }
        }
    }
}
