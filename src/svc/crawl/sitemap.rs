//! sitemap.xml: plain, compressed, as an index, or as lines of text. Broken files yield what was readable.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io::Read as _;

use flate2::read::GzDecoder;
use quick_xml::Reader;
use quick_xml::events::Event as Xml;
use url::Url;

use super::address::Site;
use super::fetch::Fetcher;

const FILES_MAX: usize = 50;
const FILE_BYTES_MAX: usize = 20 * 1024 * 1024;

/// What the sitemaps of a website list.
pub(super) struct Sitemaps {
    /// Top levels first.
    pub(super) urls: Vec<Url>,
    /// When pages changed, as it was written.
    pub(super) lastmods: HashMap<String, String>,
    /// Every sitemap that exists was read to its end.
    pub(super) is_whole: bool,
}

/// Addresses of this website that its sitemaps list, at most `urls_max`.
pub(super) async fn collect(fetcher: &Fetcher, site: &Site, named: &[String], urls_max: usize) -> Sitemaps {
    let mut is_whole = true;
    let mut queue: VecDeque<Url> = named.iter().filter_map(|text| site.join(text)).collect();
    if queue.is_empty() {
        queue.extend(site.join("/sitemap.xml"));
    }
    let mut asked = HashSet::new();
    let mut known = HashSet::new();
    let mut urls = Vec::new();
    let mut lastmods = HashMap::new();
    while let Some(at) = queue.pop_front() {
        if asked.len() >= FILES_MAX || urls.len() >= urls_max {
            is_whole = false;
            break;
        }
        if !matches!(at.scheme(), "http" | "https") || !asked.insert(at.clone()) {
            continue;
        }
        let Ok(got) = fetcher.file(&at, FILE_BYTES_MAX, |_| None).await else {
            is_whole = false;
            continue;
        };
        if got.response.status != 200 {
            // A website without a sitemap says so.
            is_whole &= matches!(got.response.status, 404 | 410);
            continue;
        }
        let body = got.response.body;
        let Ok(list) = tokio::task::spawn_blocking(move || read(&body)).await else {
            is_whole = false;
            continue;
        };
        is_whole &= !list.is_cut;
        queue.extend(list.sitemaps.iter().filter_map(|text| at.join(text).ok()).take(FILES_MAX));
        for (text, url) in list.pages.iter().filter_map(|text| Some((text, site.adopt(&at.join(text).ok()?)?))) {
            if let Some(date) = list.lastmods.get(text) {
                lastmods.insert(url.to_string(), date.clone());
            }
            if urls.len() < urls_max && known.insert(url.clone()) {
                urls.push(url);
            }
        }
    }
    urls.sort_by_key(|url| url.path().trim_end_matches('/').matches('/').count());
    Sitemaps { urls, lastmods, is_whole }
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) sitemaps: Vec<String>,
    pub(super) pages: Vec<String>,
    /// Page → its date, for those that have one.
    pub(super) lastmods: HashMap<String, String>,
    /// It broke off.
    pub(super) is_cut: bool,
}

/// Reads one file, unpacking it first when it is compressed.
pub(super) fn read(bytes: &[u8]) -> Listed {
    let (mut unpacked, mut is_cut) = (Vec::new(), false);
    let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
        // A damaged end still leaves the addresses before it.
        is_cut = GzDecoder::new(bytes).take(FILE_BYTES_MAX as u64).read_to_end(&mut unpacked).is_err();
        &unpacked[..]
    } else {
        bytes
    };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start();
    if text.starts_with('<') {
        let listed = read_xml(text);
        return Listed { is_cut: is_cut || listed.is_cut, ..listed };
    }
    let pages = text.lines().map(str::trim).filter(|line| line.starts_with("http")).map(str::to_owned).collect();
    Listed { pages, is_cut, ..Listed::default() }
}

fn read_xml(text: &str) -> Listed {
    let mut reader = Reader::from_str(text);
    let mut out = Listed::default();
    let mut in_index = false;
    // What is being read, and what of the present entry has been read.
    let mut open: Option<String> = None;
    let (mut page, mut date): (Option<String>, Option<String>) = (None, None);
    loop {
        match reader.read_event() {
            // `image:loc` and `video:loc` are no pages, hence the whole name.
            Ok(Xml::Start(tag)) => match tag.name().as_ref() {
                b"sitemap" => in_index = true,
                b"url" => (in_index, page, date) = (false, None, None),
                b"loc" | b"lastmod" => open = Some(String::new()),
                _ => {}
            },
            Ok(Xml::Text(text)) => {
                if let (Some(open), Ok(text)) = (open.as_mut(), text.unescape()) {
                    open.push_str(&text);
                }
            }
            Ok(Xml::CData(text)) => {
                if let Some(open) = open.as_mut() {
                    open.push_str(&String::from_utf8_lossy(&text));
                }
            }
            Ok(Xml::End(tag)) => {
                let found = open.take().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
                match (tag.name().as_ref(), found) {
                    (b"loc", Some(found)) if in_index => out.sitemaps.push(found),
                    (b"loc", Some(found)) => {
                        page = Some(found.clone());
                        out.pages.push(found);
                    }
                    (b"lastmod", Some(found)) => date = Some(found),
                    (b"url", _) => out.lastmods.extend(page.take().zip(date.take())),
                    _ => {}
                }
            }
            Ok(Xml::Eof) => {
                out.is_cut = !["</urlset>", "</sitemapindex>"].iter().any(|end| text.trim_end().ends_with(end));
                return out;
            }
            Err(_) => {
                out.is_cut = true;
                return out;
            }
            Ok(_) => {}
        }
    }
}
