//! When pages changed, as a sitemap says: what of it can be true at all, and whether a page was read after it.

use std::collections::{HashMap, HashSet};

use jiff::civil;
use jiff::tz::TimeZone;

use crate::base::clock::UnixMs;

const DAY_MS: UnixMs = 24 * 60 * 60 * 1000;
/// A date without a zone may begin and end this much earlier or later.
const ZONES_MS: UnixMs = 14 * 60 * 60 * 1000;

/// Addresses with the sitemap's date as it was written.
#[derive(Debug, Default)]
pub(super) struct Lastmods(HashMap<String, String>);

impl Lastmods {
    /// Keeps what can be true at `now`: a date in the future is none, and a date that all pages share says when the sitemap
    /// was made.
    pub(super) fn new(listed: HashMap<String, String>, now: UnixMs) -> Self {
        let mut kept = listed;
        kept.retain(|_, text| span(text).is_some_and(|(from, _)| from <= now));
        let differ = kept.values().collect::<HashSet<_>>().len() > 1;
        Self(if differ { kept } else { HashMap::new() })
    }

    pub(super) fn of(&self, url: &str) -> Option<&str> {
        self.0.get(url).map(String::as_str)
    }
}

/// Whether the time a date names was over at `at`: what changed on a day may have changed after it was read that day.
pub(super) fn was_over(lastmod: &str, at: UnixMs) -> bool {
    span(lastmod).is_some_and(|(_, to)| to <= at)
}

/// First and last moment that a W3C date may mean; years and months are too wide to say anything.
fn span(text: &str) -> Option<(UnixMs, UnixMs)> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        let ms = UnixMs::try_from(moment.as_millisecond()).ok()?;
        // A moment written without fractions lasts a second.
        return Some((ms, ms + 1_000));
    }
    let date: civil::Date =
        if text.len() == 10 { text.parse().ok()? } else { text.parse::<civil::DateTime>().ok()?.date() };
    let start = date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond();
    let start = UnixMs::try_from(start).ok()?;
    Some((start.saturating_sub(ZONES_MS), start + DAY_MS + ZONES_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: UnixMs = 1_700_000_000_000; // 2023-11-14T22:13:20Z

    #[test]
    fn dates_that_can_be_true() {
        let of = |pairs: &[(&str, &str)]| {
            let listed = pairs.iter().map(|(url, date)| ((*url).to_owned(), (*date).to_owned())).collect();
            let kept = Lastmods::new(listed, NOON);
            pairs.iter().map(|(url, _)| kept.of(url).is_some()).collect::<Vec<_>>()
        };
        assert_eq!(of(&[("a", "2023-01-01"), ("b", "2023-02-01")]), [true, true]);
        assert_eq!(of(&[("a", "2023-01-01"), ("b", "2023-01-01")]), [false, false], "all alike");
        assert_eq!(of(&[("a", "2023-01-01"), ("b", "2023-02-01"), ("c", "2031-02-01")]), [true, true, false]);
        assert_eq!(of(&[("a", "2023-01-01"), ("b", "gestern"), ("c", "2023")]), [false, false, false]);
    }

    #[test]
    fn a_day_is_over_everywhere_before_it_is_believed() {
        let cases = [
            ("2023-11-14T22:00:00Z", true),
            ("2023-11-14T23:00:00+01:00", true),
            ("2023-11-14T22:30:00Z", false),
            ("2023-11-14T21:30+00:00", true),
            ("2023-11-14", false),
            ("2023-11-13", true),
            ("2023-11-12", true),
            ("2023-11-12T10:00:00", true),
            ("2023-11", false),
            ("", false),
        ];
        for (text, expected) in cases {
            assert_eq!(was_over(text, NOON), expected, "{text}");
        }
    }
}
