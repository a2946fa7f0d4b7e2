//! Feeds (RSS 2.0, RSS 1.0, Atom): their entries are the pages. Broken feeds yield what was readable.

use std::collections::HashMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event as Xml};
use url::Url;

use super::address::{self, Site};
use super::fetch::{Fetcher, NOT_MODIFIED};
use super::robots::{Robots, RobotsError};
use super::{CrawlError, Known, SkipReason};

const FEED_BYTES_MAX: usize = 5 * 1024 * 1024;
const ENTRIES_MAX: usize = 1_000;

/// A feed that was read.
pub(super) struct Feed {
    pub(super) site: Site,
    pub(super) robots: Robots,
    pub(super) url: Url,
    pub(super) entries: Vec<Url>,
    /// When entries changed, as it was written.
    pub(super) lastmods: HashMap<String, String>,
    /// What to ask with next time.
    pub(super) known: Known,
}

/// Fetches the feed at what somebody typed; a feed that is still as it is `known` is not sent again.
///
/// # Errors
/// The host does not answer, robots.txt forbids it, or it is no feed.
pub(super) async fn find(fetcher: &Fetcher, typed: &str, known: Option<&Known>) -> Result<Feed, CrawlError> {
    let mut failure = None;
    for url in address::candidates(typed)? {
        fetcher.forget_hosts();
        let robots = match Robots::fetch(fetcher, &url).await {
            Ok(robots) => robots,
            Err(RobotsError::Dial(error)) => {
                failure.get_or_insert(error);
                continue;
            }
            Err(RobotsError::Broken(error)) => return Err(error),
        };
        if !robots.allows(&url) {
            return Err(CrawlError::RobotsForbid { host: Site::new(&url).host().to_owned() });
        }
        return read_at(fetcher, url, robots, known).await;
    }
    Err(failure.map_or_else(|| CrawlError::Address { typed: typed.to_owned() }, CrawlError::Unreachable))
}

async fn read_at(fetcher: &Fetcher, url: Url, robots: Robots, known: Option<&Known>) -> Result<Feed, CrawlError> {
    let hop = |to: &Url| (!address::same_site(&url, to)).then(|| fetcher.elsewhere(to));
    let no_feed = |why: String| CrawlError::NoFeed { url: url.to_string(), why };
    let got = match fetcher.changed_file(&url, FEED_BYTES_MAX, known, hop).await {
        Ok(got) => got,
        Err(SkipReason::Unreachable(error)) => return Err(error.into()),
        Err(reason) => return Err(no_feed(reason.text())),
    };
    let site = Site::new(&got.url);
    if let (NOT_MODIFIED, Some(known)) = (got.response.status, known) {
        let entries = known.links.iter().filter_map(|link| Url::parse(link).ok()).collect();
        return Ok(Feed { site, robots, url, entries, lastmods: HashMap::new(), known: known.clone() });
    }
    if got.response.status != 200 {
        return Err(no_feed(format!("the website answered with status {}", got.response.status)));
    }
    let (body, base) = (got.response.body.clone(), got.url.clone());
    let listed = tokio::task::spawn_blocking(move || read(&String::from_utf8_lossy(&body), &base)).await;
    let Some(listed) = listed.ok().flatten() else {
        return Err(no_feed("it is neither RSS nor Atom".to_owned()));
    };
    let text = |name: &str| got.response.header(name).map(str::to_owned);
    let known = Known {
        etag: text("etag"),
        last_modified: text("last-modified"),
        arrived: got.url.to_string(),
        url: url.to_string(),
        links: listed.iter().map(|(link, _)| link.to_string()).collect(),
        ..Known::default()
    };
    let dated = listed.iter().filter_map(|(link, date)| Some((site.adopt(link)?.to_string(), date.clone()?)));
    let lastmods = dated.collect();
    let entries = listed.into_iter().map(|(link, _)| link).collect();
    Ok(Feed { site, robots, url, entries, lastmods, known })
}

/// The entries with the date of their last change, if the feed gives one; `None` when it is no feed.
pub(super) fn read(text: &str, base: &Url) -> Option<Vec<(Url, Option<String>)>> {
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}').trim_start());
    let mut is_feed = false;
    let mut entry: Option<Entry> = None;
    let mut open: Option<(Vec<u8>, String)> = None;
    let mut out: Vec<(Url, Option<String>)> = Vec::new();
    while out.len() < ENTRIES_MAX {
        match reader.read_event() {
            Ok(Xml::Start(tag)) => {
                let name = tag.local_name().as_ref().to_vec();
                is_feed |= matches!(name.as_slice(), b"rss" | b"feed" | b"RDF");
                match (name.as_slice(), entry.as_mut()) {
                    (b"item" | b"entry", _) => entry = Some(Entry::default()),
                    (_, Some(entry)) => {
                        entry.note_tag(&tag);
                        open = Some((name, String::new()));
                    }
                    _ => {}
                }
            }
            Ok(Xml::Empty(tag)) => {
                if let Some(entry) = entry.as_mut() {
                    entry.note_tag(&tag);
                }
            }
            Ok(Xml::Text(text)) => {
                if let (Some((_, open)), Ok(text)) = (open.as_mut(), text.unescape()) {
                    open.push_str(&text);
                }
            }
            Ok(Xml::CData(text)) => {
                if let Some((_, open)) = open.as_mut() {
                    open.push_str(&String::from_utf8_lossy(&text));
                }
            }
            Ok(Xml::End(tag)) => {
                if let (Some((name, text)), Some(entry)) = (open.take(), entry.as_mut()) {
                    entry.note_text(&name, text.trim());
                }
                if matches!(tag.local_name().as_ref(), b"item" | b"entry") {
                    out.extend(entry.take().and_then(|entry| entry.address(base)));
                }
            }
            Ok(Xml::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    is_feed.then_some(out)
}

#[derive(Default)]
struct Entry {
    link: Option<String>,
    guid: Option<String>,
    is_guid_link: bool,
    updated: Option<String>,
}

impl Entry {
    fn note_tag(&mut self, tag: &BytesStart<'_>) {
        let attribute = |name: &str| {
            let value = tag.try_get_attribute(name).ok().flatten()?;
            value.unescape_value().ok().map(std::borrow::Cow::into_owned)
        };
        match tag.local_name().as_ref() {
            // Atom: the entry itself, not its enclosures or comments.
            b"link" if attribute("rel").is_none_or(|rel| rel == "alternate") => {
                self.link = self.link.take().or_else(|| attribute("href"));
            }
            b"guid" => self.is_guid_link = attribute("isPermaLink").is_none_or(|is| is == "true"),
            _ => {}
        }
    }

    fn note_text(&mut self, name: &[u8], text: &str) {
        let of = |slot: &mut Option<String>| {
            if !text.is_empty() {
                slot.get_or_insert_with(|| text.to_owned());
            }
        };
        match name {
            b"link" => of(&mut self.link),
            b"guid" => of(&mut self.guid),
            b"updated" => of(&mut self.updated),
            _ => {}
        }
    }

    fn address(self, base: &Url) -> Option<(Url, Option<String>)> {
        let link = self.link.or(self.guid.filter(|_| self.is_guid_link))?;
        let url = base.join(&link).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        Some((url, self.updated))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Vec<String>> {
        let found = read(text, &Url::parse("http://h/feed.xml").unwrap())?;
        Some(found.into_iter().map(|(url, date)| format!("{url} {}", date.unwrap_or_default())).collect())
    }

    #[test]
    fn feeds() {
        let rss = "<?xml version='1.0'?><rss version='2.0'><channel><link>http://h/</link><item><title>A</title><link>/a?x=1&amp;y=2</link></item>\
            <item><guid>http://h/b</guid></item><item><guid isPermaLink='false'>17</guid></item><item><link><![CDATA[ http://h/c ]]></link><guid>http://h/x</guid></item></channel></rss>";
        assert_eq!(of(rss).unwrap(), ["http://h/a?x=1&y=2 ", "http://h/b ", "http://h/c "]);
        let atom = "<feed xmlns='http://www.w3.org/2005/Atom'><link href='http://h/'/><entry><link rel='enclosure' href='/m.mp3'/><link href='/a'/><updated>2024-01-02T00:00:00Z</updated></entry>\
            <entry><link rel='alternate' href='http://h/b'></link></entry></feed>";
        assert_eq!(of(atom).unwrap(), ["http://h/a 2024-01-02T00:00:00Z", "http://h/b "]);
        let rdf =
            "<rdf:RDF xmlns:rdf='x' xmlns='y'><item rdf:about='http://h/a'><link>http://h/a</link></item></rdf:RDF>";
        assert_eq!(of(rdf).unwrap(), ["http://h/a "]);
        assert_eq!(of("<rss><channel><item><link>/a</link></item><item><link>/b").unwrap(), ["http://h/a "], "cut off");
        assert_eq!(of("<rss><item><link>javascript:alert(1)</link></item></rss>").unwrap(), Vec::<String>::new());
        assert_eq!(of("<!doctype html><html><body>no</body></html>"), None);
        assert_eq!(of(""), None);
        let many = format!("<rss>{}</rss>", "<item><link>/a</link></item>".repeat(5_000));
        assert_eq!(of(&many).unwrap().len(), ENTRIES_MAX);
    }
}
