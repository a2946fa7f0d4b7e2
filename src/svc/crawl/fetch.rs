//! One address to one answer: pauses, retries, redirects. Knows HTTP, nothing of the walk.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};
use url::Url;

use super::address::normalise;
use super::hosts::{Host, Hosts};
use super::render::Renderer;
use super::{Known, Plan, SignIn, SkipReason, scope};
use crate::base::limits::FILE_BYTES_MAX;
use crate::dial::{AllowPrivate, DialError, Dialer, GetOptions, HeaderMap, Response, rules};
use crate::svc::extract;

/// HTTP status of a page that has not changed.
pub(super) const NOT_MODIFIED: u16 = 304;
const REDIRECTS_MAX: usize = 10;
const RETRIES_MAX: usize = 2;
/// Longest wait that a website may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(30);
const RETRY_AFTER_DEFAULT: Duration = Duration::from_secs(2);
const ACCEPT: &str =
    "text/html,application/xhtml+xml,text/markdown;q=0.9,text/plain;q=0.8,application/pdf;q=0.8,*/*;q=0.5";

/// Makes the requests of one crawl; all of them share its pauses.
pub(super) struct Fetcher {
    dialer: Dialer,
    allow: AllowPrivate,
    sign_in: Option<SignIn>,
    bytes_max: usize,
    pace: Mutex<Pace>,
    hosts: Hosts,
}

struct Pace {
    next: Instant,
    delay: Duration,
}

/// An answer with a page, or "not modified", and the address it came from.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) url: Url,
    pub(super) response: Response,
}

impl Fetcher {
    pub(super) fn new(dialer: Dialer, plan: &Plan) -> Self {
        let pace = Mutex::new(Pace { next: Instant::now(), delay: Duration::ZERO });
        Self {
            dialer,
            allow: plan.allow.clone(),
            sign_in: plan.sign_in.clone(),
            bytes_max: plan.max_bytes_per_page,
            pace,
            hosts: Hosts::default(),
        }
    }

    /// What renders pages, if that is wanted; pages behind a sign-in are not handed out.
    pub(super) fn renderer(&self, plan: &Plan) -> Option<Arc<Renderer>> {
        let render = plan.render.as_ref().filter(|_| self.sign_in.is_none())?;
        Some(Renderer::new(render, self.dialer.clone(), self.allow.clone(), self.bytes_max))
    }

    /// Counts the hosts' answers anew.
    pub(super) fn forget_hosts(&self) {
        self.hosts.clear();
    }

    /// How the hosts answered so far.
    pub(super) fn hosts(&self) -> Vec<Host> {
        self.hosts.list()
    }

    /// Time between two requests from now on.
    pub(super) async fn set_delay(&self, delay: Duration) {
        self.pace.lock().await.delay = delay;
    }

    /// Fetches a page, following redirects for which `hop` finds no objection. What is `known` is asked for changes only;
    /// an unchanged page arrives with status 304 and without a body.
    pub(super) async fn page(
        &self,
        url: &Url,
        known: Option<&Known>,
        hop: impl Fn(&Url) -> Option<SkipReason>,
    ) -> Result<Got, SkipReason> {
        let mut opts = GetOptions {
            max_bytes: self.bytes_max,
            max_bytes_of: |headers| is_foreign(headers).then_some(FILE_BYTES_MAX),
            accept: Some(ACCEPT.to_owned()),
            if_none_match: known.and_then(|k| k.etag.clone()),
            if_modified_since: known.and_then(|k| k.last_modified.clone()),
            wanted: is_page,
            ..GetOptions::default()
        };
        let mut got = self.follow(url, &opts, &hop).await?;
        let is_conditional = opts.if_none_match.is_some() || opts.if_modified_since.is_some();
        let is_confused = is_conditional && matches!(got.response.status, 400 | 412 | 500..=502);
        if got.response.status == NOT_MODIFIED || is_confused {
            if !is_confused && known.is_some_and(|k| k.arrived == got.url.as_str()) {
                return Ok(got);
            }
            // The redirect leads to another page now, nothing was asked, or the server cannot cope with the question.
            (opts.if_none_match, opts.if_modified_since) = (None, None);
            got = self.follow(url, &opts, &hop).await?;
        }
        if let Some(reason) = SkipReason::of_status(got.response.status) {
            return Err(reason);
        }
        match kind_of_type(&got.response.headers) {
            Some(kind) => Err(SkipReason::UnsupportedType { kind }),
            None => Ok(got),
        }
    }

    /// Fetches any file, whatever its status, following redirects for which `hop` finds no objection.
    pub(super) async fn file(
        &self,
        url: &Url,
        max_bytes: usize,
        hop: impl Fn(&Url) -> Option<SkipReason>,
    ) -> Result<Got, SkipReason> {
        self.follow(url, &GetOptions { max_bytes, ..GetOptions::default() }, &hop).await
    }

    /// Like [`Self::file`]; what is `known` is asked for changes only and arrives with status 304 when there are none.
    pub(super) async fn changed_file(
        &self,
        url: &Url,
        max_bytes: usize,
        known: Option<&Known>,
        hop: impl Fn(&Url) -> Option<SkipReason>,
    ) -> Result<Got, SkipReason> {
        let opts = GetOptions {
            max_bytes,
            if_none_match: known.and_then(|k| k.etag.clone()),
            if_modified_since: known.and_then(|k| k.last_modified.clone()),
            ..GetOptions::default()
        };
        let got = self.follow(url, &opts, &hop).await?;
        let is_its_own = known.is_some_and(|k| k.can_ask() && k.arrived == got.url.as_str());
        if got.response.status != NOT_MODIFIED || is_its_own {
            return Ok(got);
        }
        self.file(url, max_bytes, hop).await
    }

    async fn follow(
        &self,
        url: &Url,
        opts: &GetOptions,
        hop: &impl Fn(&Url) -> Option<SkipReason>,
    ) -> Result<Got, SkipReason> {
        let mut at = url.clone();
        let mut seen = HashSet::from([at.clone()]);
        for _ in 0..=REDIRECTS_MAX {
            let response = self.patient(&at, opts).await?;
            if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
                return Ok(Got { url: at, response });
            }
            let Some(next) =
                response.header("location").and_then(|text| at.join(text).ok()).map(|next| normalise(&next))
            else {
                return Err(SkipReason::HttpError { status: response.status });
            };
            if let Some(reason) = hop(&next) {
                return Err(reason);
            }
            if !seen.insert(next.clone()) {
                return Err(SkipReason::RedirectLoop);
            }
            at = next;
        }
        Err(SkipReason::RedirectLoop)
    }

    async fn patient(&self, url: &Url, opts: &GetOptions) -> Result<Response, SkipReason> {
        let secret = self.sign_in.as_ref().and_then(|sign_in| sign_in.for_url(url));
        let opts = &GetOptions { secret, ..opts.clone() };
        let mut tries = 0;
        loop {
            self.wait_turn().await;
            let asked = Instant::now();
            let answer = self.dialer.get(url, &self.allow, opts).await;
            let failed = match &answer {
                Ok(response) => matches!(response.status, 429 | 500..=599),
                Err(error) => !matches!(error, DialError::TooLarge { .. }),
            };
            self.hosts.note(url, asked.elapsed(), failed);
            let response = answer.map_err(SkipReason::of_dial)?;
            if !matches!(response.status, 429 | 503) || tries == RETRIES_MAX {
                return Ok(response);
            }
            tries += 1;
            // Everyone waits: the website as a whole is busy, not one page.
            let until = Instant::now() + retry_after(response.header("retry-after"));
            let mut pace = self.pace.lock().await;
            pace.next = pace.next.max(until);
            drop(pace);
            sleep_until(until).await;
        }
    }

    async fn wait_turn(&self) {
        let mut pace = self.pace.lock().await;
        let turn = pace.next.max(Instant::now());
        pace.next = turn + pace.delay;
        drop(pace);
        sleep_until(turn).await;
    }

    /// What to say about a redirect that leaves the website.
    pub(super) fn elsewhere(&self, to: &Url) -> SkipReason {
        let literal = match to.host() {
            Some(url::Host::Ipv4(v4)) => Some(v4.into()),
            Some(url::Host::Ipv6(v6)) => Some(v6.into()),
            _ => None,
        };
        let private = literal.is_some_and(|addr| !rules::is_public(addr)) && !self.allow.permits(to);
        if private {
            SkipReason::PrivateAddress { to: to.to_string() }
        } else {
            SkipReason::RedirectElsewhere { to: to.to_string() }
        }
    }
}

pub(super) fn retry_after(header: Option<&str>) -> Duration {
    let Some(text) = header.map(str::trim) else { return RETRY_AFTER_DEFAULT };
    let asked = text.parse().ok().map(Duration::from_secs).or_else(|| {
        let at = jiff::fmt::rfc2822::parse(text).ok()?;
        Some(Duration::try_from(at.timestamp().duration_since(jiff::Timestamp::now())).unwrap_or_default())
    });
    asked.unwrap_or(RETRY_AFTER_DEFAULT).min(RETRY_AFTER_MAX)
}

fn is_foreign(headers: &HeaderMap) -> bool {
    let content_type = headers.get("content-type").and_then(|v| v.to_str().ok());
    content_type.is_some_and(|t| extract::is_foreign_type(t) || t.contains("octet-stream") || t.contains("download"))
}

fn is_page(status: u16, headers: &HeaderMap) -> bool {
    status == 200 && kind_of_type(headers).is_none()
}

/// `None` for types that are read (and for answers without a type, which are looked into).
fn kind_of_type(headers: &HeaderMap) -> Option<String> {
    let header = headers.get("content-type")?.to_str().ok()?;
    let essence = header.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        ""
        | "text/html"
        | "application/xhtml+xml"
        | "text/markdown"
        | "text/x-markdown"
        | "text/plain"
        | "text/csv" => None,
        // Download handlers say no more than that: the bytes decide.
        "application/octet-stream" | "binary/octet-stream" | "application/force-download" => None,
        _ if extract::is_foreign_type(&essence) => None,
        "application/zip" | "application/gzip" => Some("archive".to_owned()),
        "application/json" => Some("JSON".to_owned()),
        "application/xml" | "text/xml" | "application/rss+xml" | "application/atom+xml" => Some("XML".to_owned()),
        "text/calendar" => Some("calendar file".to_owned()),
        _ => match essence.split_once('/') {
            Some((kind @ ("image" | "audio" | "video" | "font"), _)) => Some(kind.to_owned()),
            _ => Some(scope::kind_of_path(&essence.replace('/', ".")).map_or(essence, str::to_owned)),
        },
    }
}
