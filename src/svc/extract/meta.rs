//! What the page says about itself: head elements, structured data, links, language.

use scraper::{ElementRef, Html};
use url::Url;

use super::{Extracted, Link, dates, text};

const LINKS_MAX: usize = 5_000;
const JSONLD_BYTES_MAX: usize = 256 * 1024;
const JSONLD_MAX: usize = 50;

/// Statements from the whole page.
#[derive(Debug, Default)]
pub struct Meta {
    pub language: Option<String>,
    pub title: Option<String>,
    pub og_title: Option<String>,
    pub site: Option<String>,
    pub canonical: Option<String>,
    pub stated_url: Option<String>,
    pub modified: Option<String>,
    pub published: Option<String>,
    pub noindex: bool,
    pub nofollow: bool,
    pub jsonld: Vec<serde_json::Value>,
    pub links: Vec<Link>,
}

/// Reads the statements; `base` is the page's address or path.
pub fn read(page: &Html, base: &str) -> Meta {
    let mut meta = Meta::default();
    let mut base = Url::parse(base).ok().filter(|u| matches!(u.scheme(), "http" | "https"));
    let mut seen = std::collections::HashSet::new();
    for node in page.root_element().descendants() {
        if let Some(comment) = node.value().as_comment() {
            // Browsers write this line when a page is saved.
            if let Some(rest) = comment.trim().strip_prefix("saved from url=(") {
                meta.stated_url = rest.split_once(')').map(|(_, u)| u.trim().to_owned()).filter(|u| is_http(u));
            }
            continue;
        }
        let Some(e) = ElementRef::wrap(node) else { continue };
        match e.value().name() {
            "html" => meta.language = e.attr("lang").or_else(|| e.attr("xml:lang")).and_then(code),
            "title" if meta.title.is_none() && !inside_svg(e) => meta.title = filled(&e.text().collect::<String>()),
            "base" => {
                if let Some(href) = e.attr("href") {
                    base = join(base.as_ref(), href).or(base);
                }
            }
            "meta" => read_meta(e, &mut meta),
            "link"
                if e.attr("rel").is_some_and(|r| r.split_whitespace().any(|w| w.eq_ignore_ascii_case("canonical"))) =>
            {
                let href = e.attr("href").unwrap_or_default().trim();
                meta.canonical = join(base.as_ref(), href).map(String::from).or(meta.canonical);
            }
            "script" if e.attr("type").is_some_and(|t| t.trim().eq_ignore_ascii_case("application/ld+json")) => {
                read_jsonld(&e.text().collect::<String>(), &mut meta);
            }
            "a" | "area" if meta.links.len() < LINKS_MAX => {
                let Some(url) = e.attr("href").and_then(|h| join(base.as_ref(), h.trim())) else { continue };
                if seen.insert(url.as_str().to_owned()) {
                    let rel = e.attr("rel").unwrap_or_default().to_ascii_lowercase();
                    let label: String = e.text().collect::<String>().chars().take(400).collect();
                    meta.links.push(Link {
                        url: url.into(),
                        text: text::squash(&label),
                        nofollow: rel.contains("nofollow") || rel.contains("sponsored"),
                    });
                }
            }
            _ => {}
        }
    }
    meta
}

fn inside_svg(e: ElementRef<'_>) -> bool {
    e.parent().and_then(ElementRef::wrap).is_some_and(|p| p.value().name() != "head")
}

fn join(base: Option<&Url>, href: &str) -> Option<Url> {
    if href.is_empty() || href.len() > 4_000 {
        return None;
    }
    let url = match base {
        Some(base) => base.join(href),
        None => Url::parse(href),
    };
    url.ok().filter(|u| matches!(u.scheme(), "http" | "https") && u.has_host())
}

fn is_http(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

fn filled(value: &str) -> Option<String> {
    let value = text::squash(value);
    (!value.is_empty()).then_some(value)
}

fn code(lang: &str) -> Option<String> {
    let primary = lang.trim().split(['-', '_']).next()?.to_ascii_lowercase();
    ((2..=3).contains(&primary.len()) && primary.chars().all(|c| c.is_ascii_alphabetic())).then_some(primary)
}

fn read_meta(e: ElementRef<'_>, meta: &mut Meta) {
    let Some(content) = e.attr("content") else { return };
    let name =
        e.attr("name").or_else(|| e.attr("property")).or_else(|| e.attr("http-equiv")).or_else(|| e.attr("itemprop"));
    match name.unwrap_or_default().to_ascii_lowercase().as_str() {
        "robots" | "dialogengine" => {
            let lower = content.to_ascii_lowercase();
            let has = |w: &str| lower.split([',', ' ']).any(|p| p.trim() == w);
            meta.noindex |= has("noindex") || has("none");
            meta.nofollow |= has("nofollow") || has("none");
        }
        "og:title" => meta.og_title = filled(content),
        "og:site_name" | "application-name" if meta.site.is_none() => meta.site = filled(content),
        "og:url" if is_http(content.trim()) && meta.stated_url.is_none() => {
            meta.stated_url = Some(content.trim().to_owned());
        }
        "article:modified_time"
        | "og:updated_time"
        | "last-modified"
        | "dcterms.modified"
        | "dc.date.modified"
        | "datemodified" => {
            meta.modified = meta.modified.take().or_else(|| dates::parse(content));
        }
        "article:published_time" | "date" | "dc.date" | "dcterms.date" | "dcterms.created" | "datepublished" => {
            meta.published = meta.published.take().or_else(|| dates::parse(content));
        }
        "content-language" | "language" if meta.language.is_none() => meta.language = code(content),
        _ => {}
    }
}

fn read_jsonld(source: &str, meta: &mut Meta) {
    if source.len() > JSONLD_BYTES_MAX {
        return;
    }
    let Ok(value) = serde_json::from_str::<serde_json::Value>(source.trim()) else { return };
    let mut queue = vec![value];
    while let Some(value) = queue.pop() {
        match value {
            serde_json::Value::Array(values) => queue.extend(values.into_iter().rev()),
            serde_json::Value::Object(mut map) => {
                if let Some(graph) = map.remove("@graph") {
                    queue.push(graph);
                }
                let date = |key: &str| map.get(key).and_then(|v| v.as_str()).and_then(dates::parse);
                if let Some(day) = date("dateModified") {
                    meta.modified = Some(day);
                }
                meta.published = meta.published.take().or_else(|| date("datePublished"));
                if map.len() > 1 && meta.jsonld.len() < JSONLD_MAX {
                    meta.jsonld.push(serde_json::Value::Object(map));
                }
            }
            _ => {}
        }
    }
}

/// Language of the text when there is enough of it, else what the page states.
pub fn language(found: &Extracted) -> Option<String> {
    let text: String = found.to_text().chars().take(4_000).collect();
    let weight = text::weight(&text);
    let stated = found.language.clone();
    // Templates often state the wrong language, but a stated language the detector does not know must stand.
    let known = ["ar", "zh", "nl", "en", "fr", "de", "hi", "it", "ja", "ko", "pt", "ru", "es", "sv", "tr", "vi"];
    if weight < 25 || (weight < 300 && stated.is_some()) || stated.as_deref().is_some_and(|s| !known.contains(&s)) {
        return stated;
    }
    let short = match whichlang::detect_language(&text).three_letter_code() {
        "ara" => "ar",
        "cmn" => "zh",
        "deu" => "de",
        "fra" => "fr",
        "hin" => "hi",
        "ita" => "it",
        "jpn" => "ja",
        "kor" => "ko",
        "nld" => "nl",
        "por" => "pt",
        "rus" => "ru",
        "spa" => "es",
        "swe" => "sv",
        "tur" => "tr",
        "vie" => "vi",
        _ => "en",
    };
    Some(short.to_owned())
}
