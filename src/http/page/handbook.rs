//! The operator's handbook: Markdown of `assets/handbook`, rendered once at the start, readable offline.

use askama::Template;
use poem::Response;
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};
use rust_embed::Embed;

use crate::base::Fault;
use crate::base::error::Outcome;

#[derive(Embed)]
#[folder = "assets/handbook"]
#[include = "*.md"]
#[allow_missing = true]
struct Files;

struct Chapter {
    /// Last part of its address; `index` is the first page.
    name: String,
    title: String,
    body: String,
}

pub struct Handbook(Vec<Chapter>);

#[derive(Template)]
#[template(path = "handbook.html", config = "assets/templates/askama.toml")]
struct HandbookPage {
    lang: String,
    title: String,
    pages: Vec<HandbookLink>,
    body: String,
}

struct HandbookLink {
    title: String,
    href: String,
    current: bool,
}

impl Handbook {
    pub fn load() -> Self {
        let mut chapters: Vec<Chapter> = Files::iter()
            .filter_map(|path| chapter(&path, &String::from_utf8_lossy(&Files::get(&path)?.data)))
            .collect();
        chapters.sort_by(|a, b| (a.name != "index", &a.name).cmp(&(b.name != "index", &b.name)));
        Self(chapters)
    }

    /// A chapter, or the first page when no name is given.
    pub fn show(&self, name: &str, lang: Option<&str>) -> Outcome<Response> {
        let found = if name.is_empty() { self.0.first() } else { self.0.iter().find(|c| c.name == name) };
        let chapter = found.ok_or_else(|| Fault::not_found("such chapter in the handbook"))?;
        let pages = self.0.iter().map(|c| HandbookLink {
            title: c.title.clone(),
            href: href(&c.name),
            current: c.name == chapter.name,
        });
        // The text is English; only the frame is in both languages.
        let lang = if lang == Some("de") { "de" } else { "en" };
        super::render(&HandbookPage {
            lang: lang.to_owned(),
            title: chapter.title.clone(),
            pages: pages.collect(),
            body: chapter.body.clone(),
        })
    }
}

fn href(name: &str) -> String {
    if name == "index" { "/handbook/".to_owned() } else { format!("/handbook/{name}") }
}

fn chapter(path: &str, text: &str) -> Option<Chapter> {
    let stem = path.strip_suffix(".md")?;
    let name = if stem.eq_ignore_ascii_case("readme") { "index" } else { stem };
    let title =
        text.lines().find_map(|l| l.strip_prefix("# ")).map_or_else(|| name.to_owned(), |t| t.trim().to_owned());
    Some(Chapter { name: name.to_owned(), title, body: render(text) })
}

/// Headings get anchors, and links between files become links between chapters.
fn render(text: &str) -> String {
    let mut events: Vec<Event<'_>> = Parser::new_ext(
        text,
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_HEADING_ATTRIBUTES,
    )
    .collect();
    let mut open = None;
    let mut anchors = Vec::new();
    let mut heading = String::new();
    for (at, event) in events.iter_mut().enumerate() {
        match event {
            Event::Start(Tag::Heading { id: None, .. }) => {
                open = Some(at);
                heading.clear();
            }
            Event::End(TagEnd::Heading(_)) => anchors.extend(open.take().map(|at| (at, anchor(&heading)))),
            Event::Text(text) | Event::Code(text) if open.is_some() => heading.push_str(text),
            Event::Start(Tag::Link { dest_url, .. }) => *dest_url = CowStr::from(link(dest_url)),
            _ => {}
        }
    }
    for (at, name) in anchors {
        if let Some(Event::Start(Tag::Heading { id, .. })) = events.get_mut(at) {
            *id = Some(CowStr::from(name));
        }
    }
    let mut body = String::new();
    html::push_html(&mut body, events.into_iter());
    // An empty header cell announces nothing.
    body.replace("<th></th>", "<td></td>")
}

fn anchor(heading: &str) -> String {
    let plain = heading.to_lowercase();
    let parts = plain.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|p| !p.is_empty());
    parts.collect::<Vec<_>>().join("-")
}

fn link(target: &str) -> String {
    if target.contains("://") {
        return target.to_owned();
    }
    let (file, hash) = target.split_once('#').map_or((target, None), |(f, h)| (f, Some(h)));
    let Some(stem) = file.trim_start_matches("./").strip_suffix(".md") else { return target.to_owned() };
    let page = href(if stem.eq_ignore_ascii_case("readme") { "index" } else { stem });
    hash.map_or_else(|| page.clone(), |h| format!("{page}#{h}"))
}
