//! robots.txt: what may be read, how fast, and where the sitemaps are.

use std::time::Duration;

use texting_robots::Robot;
use url::Url;

use super::address::same_site;
use super::fetch::Fetcher;
use super::{CrawlError, SkipReason};
use crate::dial::DialError;

/// The name websites know us by.
const AGENT: &str = "DialogEngine";
const ROBOTS_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Longest pause between requests that a website may ask for.
const CRAWL_DELAY_MAX: Duration = Duration::from_secs(10);
const SITEMAPS_MAX: usize = 50;

/// The rules of one host; without a file everything is allowed.
#[derive(Debug, Default)]
pub(super) struct Robots(Option<Robot>);

/// Why there are no rules.
pub(super) enum RobotsError {
    /// The host cannot be reached at all.
    Dial(DialError),
    /// The host answers, its robots.txt is broken.
    Broken(CrawlError),
}

impl Robots {
    /// Reads `/robots.txt` next to `url`. 4xx means no rules; 5xx means stay away.
    pub(super) async fn fetch(fetcher: &Fetcher, url: &Url) -> Result<Self, RobotsError> {
        let Ok(at) = url.join("/robots.txt") else { return Ok(Self::default()) };
        let broken =
            |detail: String| RobotsError::Broken(CrawlError::RobotsUnavailable { url: at.to_string(), detail });
        let hop = |to: &Url| (!same_site(&at, to)).then(|| SkipReason::RedirectElsewhere { to: to.to_string() });
        let got = match fetcher.file(&at, ROBOTS_BYTES_MAX, hop).await {
            Ok(got) => got,
            Err(SkipReason::RedirectElsewhere { to }) => return Ok(Self::fetch_elsewhere(fetcher, &to).await),
            Err(SkipReason::Unreachable(error)) => return Err(RobotsError::Dial(error)),
            // A file beyond all measure or a redirect without end is no rule anybody could follow.
            Err(_) => return Ok(Self::default()),
        };
        match got.response.status {
            200..=299 => Ok(Self::parse(&got.response.body)),
            429 | 500..=599 => Err(broken(format!("status {}", got.response.status))),
            _ => Ok(Self::default()),
        }
    }

    /// Rules kept on another host count; its failures do not, for then the website itself has moved away.
    async fn fetch_elsewhere(fetcher: &Fetcher, to: &str) -> Self {
        let Ok(at) = Url::parse(to) else { return Self::default() };
        match fetcher.file(&at, ROBOTS_BYTES_MAX, |_| None).await {
            Ok(got) if got.response.status == 200 && at.path().ends_with("/robots.txt") => {
                Self::parse(&got.response.body)
            }
            _ => Self::default(),
        }
    }

    pub(super) fn parse(bytes: &[u8]) -> Self {
        Self(Robot::new(AGENT, bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).ok())
    }

    pub(super) fn allows(&self, url: &Url) -> bool {
        self.0.as_ref().is_none_or(|robot| robot.allowed(url.as_str()))
    }

    /// The pause asked for, capped.
    pub(super) fn delay(&self) -> Duration {
        let seconds = self.0.as_ref().and_then(|robot| robot.delay).unwrap_or(0.0);
        Duration::try_from_secs_f32(seconds).unwrap_or_default().min(CRAWL_DELAY_MAX)
    }

    pub(super) fn sitemaps(&self) -> Vec<String> {
        self.0.as_ref().map(|robot| robot.sitemaps.iter().take(SITEMAPS_MAX).cloned().collect()).unwrap_or_default()
    }
}
