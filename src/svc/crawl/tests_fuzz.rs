//! What websites say about themselves, damaged: see `tests/fuzz`.

use url::Url;

#[path = "../../../tests/fuzz/mutate.rs"]
mod mutate;

use super::robots::Robots;
use super::sitemap;
use mutate::{Random, mutate};

const INPUTS: usize = 3_000;

const ROBOTS: [&[u8]; 2] = [
    b"User-agent: *\nDisallow: /intern/*.pdf$\nAllow: /\nCrawl-delay: 1.5\nSitemap: https://stadt.example/sitemap.xml\n",
    b"\xef\xbb\xbfuser-agent: DialogEngine\r\nuser-agent: b\r\ndisallow: /%C3%A4\r\n# nichts\r\ncrawl-delay: nan\r\n",
];

const SITEMAPS: [&[u8]; 3] = [
    b"<?xml version='1.0'?><urlset><url><loc> https://stadt.example/a?b=1&amp;c=2 </loc><lastmod>2026-03-12</lastmod></url><url><loc><![CDATA[/b]]></loc></url></urlset>",
    b"<sitemapindex><sitemap><loc>https://stadt.example/s1.xml.gz</loc></sitemap></sitemapindex>",
    b"https://stadt.example/a\nhttps://stadt.example/b\n",
];

fn damaged(seeds: &[&[u8]], mut check: impl FnMut(&[u8])) {
    let mut random = Random::new(1);
    for _ in 0..INPUTS {
        let (seed, other) = (random.pick(seeds), random.pick(seeds));
        check(&mutate(seed, other, &mut random));
    }
}

#[test]
fn damaged_robots_files_give_rules_or_none() {
    let page = Url::parse("https://stadt.example/intern/ä.pdf?x=1").expect("address");
    damaged(&ROBOTS, |bytes| {
        let robots = Robots::parse(bytes);
        let _ = robots.allows(&page);
        assert!(robots.delay().as_secs() < 3_600, "{}", String::from_utf8_lossy(bytes));
        assert!(robots.sitemaps().len() <= bytes.len());
    });
}

#[test]
fn damaged_sitemaps_list_no_more_than_they_hold() {
    damaged(&SITEMAPS, |bytes| {
        let listed = sitemap::read(bytes);
        let all = listed.pages.iter().chain(&listed.sitemaps).map(String::len).sum::<usize>();
        // A broken character becomes one of three bytes.
        assert!(all <= bytes.len() * 3, "{}", String::from_utf8_lossy(bytes));
    });
}
