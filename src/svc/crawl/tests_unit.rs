#![allow(clippy::unwrap_used, clippy::expect_used)]

use url::Url;

use super::address::{Site, candidates, normalise, same_site};
use super::fetch::retry_after;
use super::read::Directives;
use super::scope::{Scope, turns_page};
use super::sitemap::{Listed, read};

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

#[test]
fn typed_addresses() {
    let cases: [(&str, &[&str]); 6] = [
        (
            "müllheim.de",
            &[
                "https://xn--mllheim-n2a.de/",
                "http://xn--mllheim-n2a.de/",
                "https://www.xn--mllheim-n2a.de/",
                "http://www.xn--mllheim-n2a.de/",
            ],
        ),
        (" www.Example.de ", &["https://www.example.de/", "http://www.example.de/"]),
        ("http://example.de/a#b", &["http://example.de/a", "http://www.example.de/a"]),
        ("localhost:8000", &["https://localhost:8000/", "http://localhost:8000/"]),
        ("127.0.0.1:8000/x", &["https://127.0.0.1:8000/x", "http://127.0.0.1:8000/x"]),
        (
            "//example.de",
            &["https://example.de/", "http://example.de/", "https://www.example.de/", "http://www.example.de/"],
        ),
    ];
    for (typed, expected) in cases {
        let found: Vec<String> = candidates(typed).unwrap().into_iter().map(String::from).collect();
        assert_eq!(found, expected, "{typed}");
    }
    for wrong in ["", "   ", "ftp://example.de", "info@example.de", "ex ample.de", "http://"] {
        assert_eq!(candidates(wrong).unwrap_err().code(), "address_invalid", "{wrong}");
    }
}

#[test]
fn one_spelling_per_page() {
    let cases = [
        ("http://EXAMPLE.de:80/a/../b/./c#top", "http://example.de/b/c"),
        ("https://example.de:443/?", "https://example.de/"),
        ("https://example.de./x", "https://example.de/x"),
        ("https://example.de/x?utm_source=a&id=3&fbclid=z&PHPSESSID=1", "https://example.de/x?id=3"),
        ("https://example.de/x;jsessionid=AB12/y", "https://example.de/x/y"),
        ("https://example.de/x?sid=12", "https://example.de/x?sid=12"),
        ("https://example.de/x?sid=0123456789abcdef0", "https://example.de/x"),
        ("https://example.de/%7euser/%c3%bc%2f", "https://example.de/~user/%C3%BC%2F"),
        ("https://u:p@example.de/100%", "https://example.de/100%"),
    ];
    for (text, expected) in cases {
        let once = normalise(&url(text));
        assert_eq!(once.as_str(), expected, "{text}");
        assert_eq!(normalise(&once), once, "{text}");
    }
}

#[test]
fn one_host() {
    let cases = [
        ("http://example.de/", "https://www.example.de/x", true),
        ("https://müllheim.de/", "https://www.xn--mllheim-n2a.de/", true),
        ("http://example.de/", "http://blog.example.de/", false),
        ("http://example.de/", "http://example.com/", false),
        ("http://127.0.0.1:1/", "http://127.0.0.1:2/", false),
    ];
    for (a, b, is) in cases {
        assert_eq!(same_site(&url(a), &url(b)), is, "{a} {b}");
    }
    let site = Site::new(&url("https://www.example.de/start"));
    assert_eq!(site.adopt(&url("http://example.de/x#y")).unwrap().as_str(), "https://www.example.de/x");
    assert!(site.adopt(&url("mailto:info@example.de")).is_none());
    assert!(site.adopt(&url("https://other.de/")).is_none());
}

#[test]
fn folders_and_patterns() {
    let cases: [(&[&str], &[&str], &str, bool); 12] = [
        (&[], &[], "/x", true),
        (&["/leben/"], &[], "/leben/hund", true),
        (&["/leben/"], &[], "/leben", true),
        (&["leben"], &[], "/lebendig", false),
        (&["/leben"], &[], "/Leben/", false),
        (&["https://h/leben/"], &[], "/leben/a", true),
        (&["/müll/"], &[], "/m%C3%BCll/a", true),
        (&["/*/archiv/*"], &[], "/a/archiv/b", true),
        (&["/*/archiv/*"], &[], "/archiv/b", false),
        (&[], &["*print=1*"], "/a?print=1", false),
        (&["/a"], &["/a/b"], "/a/b/c", false),
        (&["/a", "/b"], &[], "/b?x=1", true),
    ];
    for (include, exclude, path, is) in cases {
        let owned = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let scope = Scope::new(&owned(include), &owned(exclude));
        assert_eq!(scope.includes(&url(&format!("http://h{path}"))), is, "{include:?} {exclude:?} {path}");
    }
}

#[test]
fn traps() {
    let mut scope = Scope::default();
    let refused = |path: &str| Scope::default().refuse(&url(&format!("http://h{path}"))).map(|r| r.code());
    assert_eq!(refused("/a/b/a/b/c"), None);
    assert_eq!(refused("/a/b/a/b/a/b/a"), Some("trap"));
    assert_eq!(refused(&"/x1/y".repeat(40)), Some("trap"));
    assert_eq!(refused(&format!("/{}", "x".repeat(2_100))), Some("url_too_long"));
    assert_eq!(refused("/files/Buch.RTF"), Some("unsupported_type"));
    assert_eq!(refused("/version-2.0"), None);
    let mut stopped = 0;
    for n in 0..100 {
        stopped += usize::from(scope.admit(&url(&format!("http://h/termine/{}/{}", 2000 + n, 1 + n % 12))).is_some());
        stopped += usize::from(scope.admit(&url(&format!("http://h/plan?month={n}"))).is_some());
        assert!(scope.admit(&url(&format!("http://h/news/2024/{n}/artikel"))).is_none());
        assert!(scope.admit(&url(&format!("http://h/index.php?id={n}"))).is_none());
    }
    assert_eq!(stopped, 2 * (100 - 24));
}

#[test]
fn a_list_is_filtered_within_bounds_and_a_calendar_is_turned_near_today() {
    let mut scope = Scope::default();
    let mut admits = |path: &str| scope.admit(&url(&format!("http://h{path}"))).is_none();
    for n in 0..500 {
        assert!(admits(&format!("/liste?seite={n}&sort=a")) && admits(&format!("/index.php?id={n}&L=0")), "{n}");
    }
    let mut read = 0;
    for n in 0..1_000 {
        let filters: String = (0..10).filter(|bit| n >> bit & 1 == 1).map(|bit| format!("f{bit}=1&")).collect();
        read += usize::from(admits(&format!("/shop?{filters}x=1")));
    }
    assert_eq!(read, 100);
    let year = crate::base::clock::this_year();
    let refused = |path: String| Scope::default().refuse(&url(&format!("http://h{path}"))).is_some();
    for (path, expected) in [
        (format!("/kalender?monat={}-01", year + 1), false),
        (format!("/kalender?monat={}-01", year + 40), true),
        (format!("/termine/{}/05", year - 60), true),
        (format!("/termine/{}/05", year - 2), false),
        (format!("/events?date={}0101", year + 9), true),
        (format!("/chronik/{}", year - 200), false),
        ("/plan?month=12".to_owned(), false),
    ] {
        assert_eq!(refused(path.clone()), expected, "{path}");
    }
}

#[test]
fn pages_of_one_list() {
    for (from, to, expected) in [
        ("/l?seite=1&x=2", "/l?x=2&seite=2", true),
        ("/l", "/l?page=2", true),
        ("/news/page/2/", "/news/page/3/", true),
        ("/news/", "/news/page/2", true),
        ("/l?seite=1&x=2", "/l?seite=2&x=3", false),
        ("/l", "/m?page=2", false),
        ("/l?page=2", "/l?page=2", false),
    ] {
        assert_eq!(
            turns_page(&url(&format!("http://h{from}")), &url(&format!("http://h{to}"))),
            expected,
            "{from} {to}"
        );
    }
}

#[test]
fn sitemaps() {
    let index =
        r#"<?xml version="1.0"?><sitemapindex xmlns="x"><sitemap><loc> http://h/a.xml </loc></sitemap></sitemapindex>"#;
    assert_eq!(read(index.as_bytes()), Listed { sitemaps: vec!["http://h/a.xml".to_owned()], ..Listed::default() });
    let pages = "<urlset><url><loc>http://h/?a=1&amp;b=2</loc><image:image><image:loc>http://h/i.png</image:loc></image:image></url><url><loc><![CDATA[http://h/c]]></loc></url><url><loc>http://h/br";
    assert_eq!(read(pages.as_bytes()).pages, ["http://h/?a=1&b=2", "http://h/c"]);
    assert_eq!(read(b"http://h/1\r\nhttp://h/2\n\nnonsense").pages, ["http://h/1", "http://h/2"]);
    let dated = read(b"<urlset><url><lastmod>2024-01-02</lastmod><loc>http://h/a</loc></url><url><loc>http://h/b</loc><video:lastmod>1</video:lastmod></url></urlset>");
    assert_eq!(dated.lastmods, [("http://h/a".to_owned(), "2024-01-02".to_owned())].into());
    assert!(read(pages.as_bytes()).is_cut && !read(b"http://h/1").is_cut);
    assert_eq!(read(b"\x1f\x8bbroken"), Listed { is_cut: true, ..Listed::default() });
}

#[test]
fn header_directives() {
    let cases = [
        ("noindex", true, false),
        ("None", true, true),
        ("googlebot: noindex", false, false),
        ("dialogengine: noindex, nofollow", true, true),
        ("unavailable_after: 25 Jun 2030 15:00:00 PST", false, false),
        ("nofollow, noindex", true, true),
        ("all", false, false),
    ];
    for (value, noindex, nofollow) in cases {
        assert_eq!(Directives::of([value].into_iter()), Directives { noindex, nofollow }, "{value}");
    }
}

#[test]
fn waiting_times_are_capped() {
    let soon = (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(10))
        .strftime("%a, %d %b %Y %H:%M:%S GMT")
        .to_string();
    let cases = [
        (None, 2, 2),
        (Some("7"), 7, 7),
        (Some("86400"), 30, 30),
        (Some("nonsense"), 2, 2),
        (Some("-5"), 2, 2),
        (Some("Sun, 06 Nov 1994 08:49:37 GMT"), 0, 0),
        (Some(soon.as_str()), 8, 10),
    ];
    for (header, least, most) in cases {
        let seconds = retry_after(header).as_secs();
        assert!((least..=most).contains(&seconds), "{header:?}: {seconds}");
    }
}
