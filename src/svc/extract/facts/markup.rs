//! What the tree of a page holds besides text: statements to machines, and the links, frames, players, forms and ordered
//! lists of its main content.

use scraper::{ElementRef, Html};
use serde_json::Value;

use super::super::chrome::Chrome;
use super::super::text;
use super::Source;
use super::items::{self, Item};

const LINKS_MAX: usize = 2_000;
const LISTS_MAX: usize = 100;
const DEPTH_MAX: usize = 400;

/// What a page holds besides text.
#[derive(Debug, Default)]
pub struct Markup {
    /// What addresses of the page are relative to, when it says so.
    pub(super) base: Option<String>,
    /// `lang` of the page: `de`, `en-GB`.
    pub(super) language: String,
    pub(super) items: Vec<(Source, Item)>,
    /// `property` and `content` of `meta` elements with a prefix.
    pub(super) graph: Vec<(String, String)>,
    pub(super) links: Vec<Target>,
    pub(super) frames: Vec<String>,
    pub(super) players: Vec<String>,
    /// Addresses that scripts load: films when they look like it.
    pub(super) waiting: Vec<String>,
    pub(super) forms: Vec<FormTag>,
    pub(super) lists: Vec<Ordered>,
}

/// A link with what is said around it.
#[derive(Debug, Default)]
pub(super) struct Target {
    pub href: String,
    pub text: String,
    /// `title` and `aria-label`.
    pub hint: String,
    pub class: String,
    /// Text of the element around it, up to the link and behind it.
    pub before: String,
    pub after: String,
    pub is_download: bool,
    /// Media type the link states.
    pub mime: String,
}

/// A form.
#[derive(Debug)]
pub(super) struct FormTag {
    pub action: Option<String>,
    /// Id, class, name, role.
    pub about: String,
    /// Names and types of its fields.
    pub fields: String,
    pub count: usize,
}

/// An ordered list.
#[derive(Debug)]
pub(super) struct Ordered {
    pub count: u32,
    pub first: String,
    pub about: String,
    /// Every item ends with a count or share: a ranking.
    pub is_ranked: bool,
    /// Letters of all items.
    pub weight: usize,
}

impl Markup {
    /// Reads a page whose main content is `root`.
    #[must_use]
    pub fn read(page: &Html, root: ElementRef<'_>, chrome: &Chrome, jsonld: &[Value]) -> Self {
        let mut markup = Self::default();
        markup
            .items
            .extend(jsonld.iter().filter_map(|value| items::of_json(value, 0)).map(|item| (Source::Jsonld, item)));
        markup.items.extend(items::of_markup(page.root_element()));
        for meta in page.root_element().descendent_elements().filter(|e| e.value().name() == "meta") {
            let name = meta.attr("property").or_else(|| meta.attr("name")).filter(|name| name.contains(':'));
            if let (Some(name), Some(content)) = (name, meta.attr("content"))
                && markup.graph.len() < 200
            {
                markup.graph.push((name.to_lowercase(), content.trim().to_owned()));
            }
        }
        page.root_element().attr("lang").unwrap_or_default().clone_into(&mut markup.language);
        let base = page.root_element().descendent_elements().find(|e| e.value().name() == "base");
        markup.base = base.and_then(|e| e.attr("href")).map(str::to_owned);
        markup.walk(root, chrome, 0);
        markup
    }

    fn walk(&mut self, e: ElementRef<'_>, chrome: &Chrome, depth: usize) {
        if depth > DEPTH_MAX {
            return;
        }
        for child in e.child_elements() {
            // Players that wait for consent.
            let later = ["data-src", "data-url", "data-video-url", "data-embed", "data-video"]
                .iter()
                .find_map(|name| child.attr(name));
            if !matches!(child.value().name(), "iframe" | "embed" | "img" | "source") {
                self.waiting.extend(later.map(str::to_owned).filter(|_| self.waiting.len() < 50));
            }
            match child.value().name() {
                "iframe" | "embed" => {
                    let source =
                        ["src", "data-src", "data-url", "data-lazy-src"].iter().find_map(|name| child.attr(name));
                    self.frames.extend(source.filter(|s| *s != "about:blank").map(str::to_owned));
                }
                "object" => self.frames.extend(child.attr("data").map(str::to_owned)),
                "video" => {
                    let inner = || {
                        child
                            .descendent_elements()
                            .find_map(|e| if e.value().name() == "source" { e.attr("src") } else { None })
                    };
                    self.players.extend(child.attr("src").or_else(inner).map(str::to_owned));
                }
                "form" => {
                    self.form(child);
                    self.walk(child, chrome, depth + 1);
                }
                _ if chrome.drops(child) => {}
                "a" | "area" => {
                    self.link(child);
                    self.walk(child, chrome, depth + 1);
                }
                "ol" => {
                    self.list(child, chrome);
                    self.walk(child, chrome, depth + 1);
                }
                _ => self.walk(child, chrome, depth + 1),
            }
        }
    }

    fn link(&mut self, a: ElementRef<'_>) {
        let Some(href) = a.attr("href").map(str::trim).filter(|href| !href.is_empty()) else { return };
        if self.links.len() >= LINKS_MAX {
            return;
        }
        let (mut before, mut after) = (String::new(), String::new());
        let mut outer = a;
        // Out of bold and spans, to the element that holds the line.
        for up in a.ancestors().filter_map(ElementRef::wrap).take(3) {
            outer = up;
            if !matches!(up.value().name(), "span" | "strong" | "b" | "em" | "i" | "small" | "abbr") {
                break;
            }
        }
        let mut is_behind = false;
        for node in outer.descendants().take(200) {
            if node.id() == a.id() {
                is_behind = true;
            } else if let Some(text) = node.value().as_text()
                && !node.ancestors().any(|up| up.id() == a.id())
            {
                let side = if is_behind { &mut after } else { &mut before };
                if side.len() < 400 {
                    side.push_str(text);
                }
            }
        }
        let attribute = |name: &str| a.attr(name).unwrap_or_default().to_owned();
        self.links.push(Target {
            href: href.to_owned(),
            text: text::squash(&a.text().collect::<String>().chars().take(400).collect::<String>()),
            hint: text::squash(&format!("{} {}", attribute("title"), attribute("aria-label"))),
            class: attribute("class").to_lowercase(),
            before: text::squash(&before),
            after: text::squash(&after),
            mime: attribute("type"),
            is_download: a.attr("download").is_some(),
        });
    }

    fn form(&mut self, form: ElementRef<'_>) {
        let attribute = |name: &str| form.attr(name).unwrap_or_default();
        let about = ["id", "class", "name", "role", "aria-label", "title"].map(attribute).join(" ").to_lowercase();
        let fields: Vec<ElementRef<'_>> = form
            .descendent_elements()
            .filter(|e| matches!(e.value().name(), "input" | "textarea" | "select"))
            .filter(|e| !matches!(e.attr("type"), Some("hidden" | "submit" | "button")))
            .take(100)
            .collect();
        let names = fields.iter().map(|e| {
            format!(
                "{} {} {}",
                e.attr("type").unwrap_or_default(),
                e.attr("name").unwrap_or_default(),
                e.attr("id").unwrap_or_default()
            )
        });
        let names = names.collect::<Vec<_>>().join(" ").to_lowercase();
        self.forms.push(FormTag {
            action: form.attr("action").map(str::to_owned),
            about,
            fields: names,
            count: fields.len(),
        });
    }

    fn list(&mut self, list: ElementRef<'_>, chrome: &Chrome) {
        let items: Vec<ElementRef<'_>> =
            list.child_elements().filter(|e| e.value().name() == "li" && chrome.of(*e).text > 0).collect();
        let is_inner = list.ancestors().filter_map(ElementRef::wrap).any(|up| up.value().name() == "ol");
        let (Some(first), false) = (items.first(), is_inner || self.lists.len() >= LISTS_MAX) else { return };
        let whole = chrome.of(list);
        // A list of links is a way around, not a procedure.
        if whole.linked * 2 > whole.text {
            return;
        }
        let about = format!("{} {}", list.attr("class").unwrap_or_default(), list.attr("id").unwrap_or_default());
        self.lists.push(Ordered {
            count: u32::try_from(items.len()).unwrap_or_default(),
            first: text::squash(&first.text().collect::<String>()),
            about,
            is_ranked: items.iter().all(|item| is_counted(&item.text().collect::<String>())),
            weight: whole.text,
        });
    }
}

/// "Fußball (312 Mitglieder)", "Rathaus 45 %".
fn is_counted(item: &str) -> bool {
    let item = item.trim_end();
    let (bare, ends) = (
        item.trim_end_matches(')'),
        item.ends_with([')', '%']) || item.ends_with("Punkte") || item.ends_with("Stimmen"),
    );
    let last: String = bare.chars().rev().take(20).collect();
    ends && last.chars().any(|c| c.is_ascii_digit())
}
