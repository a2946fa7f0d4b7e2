//! `llms.txt` and `llms-full.txt`: what a website names for programs that read it. Both lead to pages; what they say
//! themselves is said there, under addresses that can be cited.

use pulldown_cmark::{Event, Parser, Tag};
use url::Url;

use super::address::{Site, same_site};
use super::fetch::Fetcher;
use super::robots::Robots;

const NAMES: [&str; 2] = ["/llms.txt", "/llms-full.txt"];
const BYTES_MAX: usize = 10 * 1024 * 1024;
const LINKS_MAX: usize = 5_000;

/// Addresses of this website that the two files name, in their order.
pub(super) async fn collect(fetcher: &Fetcher, site: &Site, robots: &Robots) -> Vec<Url> {
    let mut urls = Vec::new();
    for at in NAMES.iter().filter_map(|name| site.join(name)).filter(|at| robots.allows(at)) {
        let hop = |to: &Url| (!same_site(&at, to)).then(|| fetcher.elsewhere(to));
        let Ok(got) = fetcher.file(&at, BYTES_MAX, hop).await else { continue };
        // Websites that answer every address with a page of theirs have no such file.
        let is_text = got.response.header("content-type").is_none_or(|kind| !kind.contains("html"));
        if got.response.status != 200 || !is_text {
            continue;
        }
        let (body, base) = (got.response.body, got.url);
        let found = tokio::task::spawn_blocking(move || links(&String::from_utf8_lossy(&body), &base)).await;
        urls.extend(found.unwrap_or_default().iter().filter_map(|url| site.adopt(url)));
    }
    urls.truncate(LINKS_MAX);
    urls
}

/// Links of the Markdown, and the lines `Source: URL` under which whole pages stand in `llms-full.txt`.
pub(super) fn links(text: &str, base: &Url) -> Vec<Url> {
    let mut found: Vec<String> = Parser::new(text)
        .filter_map(|event| match event {
            Event::Start(Tag::Link { dest_url, .. }) => Some(dest_url.into_string()),
            _ => None,
        })
        .take(LINKS_MAX)
        .collect();
    let sources = text.lines().filter_map(|line| line.trim().strip_prefix("Source:")).map(|url| url.trim().to_owned());
    found.extend(sources.filter(|url| url.starts_with("http")).take(LINKS_MAX));
    found.iter().filter_map(|link| base.join(link).ok()).map(page).collect()
}

fn is_html(path: &str) -> bool {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    ending.eq_ignore_ascii_case("html") || ending.eq_ignore_ascii_case("htm")
}

/// The page itself where its Markdown twin is named (`/a.html.md`): both would say the same.
fn page(url: Url) -> Url {
    let mut out = url;
    if let Some(path) = out.path().strip_suffix(".md").filter(|path| is_html(path)).map(str::to_owned) {
        out.set_path(&path);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_both_files() {
        let text = "# Stadt\n\n> Kurz\n\n## Docs\n- [Amt](/amt): offen\n- [Bad](bad.html.md)\n- <http://h/auto>\n\n# Pass\nSource: http://h/pass\n\nText [x](mailto:a@b.de)\nSource: unknown\n";
        let found = links(text, &Url::parse("http://h/llms.txt").unwrap());
        let found: Vec<String> = found.into_iter().map(String::from).collect();
        assert_eq!(found, ["http://h/amt", "http://h/bad.html", "http://h/auto", "mailto:a@b.de", "http://h/pass"]);
    }
}
