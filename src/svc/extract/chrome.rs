//! What on a page is not its content: navigation, banners, sharing, hidden parts.
//!
//! Three levels, so that a page is never lost: all rules, only the certain ones, none. Elements that hold the main
//! heading or most of the text are never dropped by name.

use std::collections::HashMap;

use scraper::ElementRef;

/// Measures of one element's subtree.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stats {
    /// Letters and digits.
    pub text: usize,
    /// Of these inside links.
    pub linked: usize,
    /// Number of links.
    pub links: usize,
    /// Holds an `h1`.
    pub h1: bool,
    /// Holds a `tel:` or `mailto:` link or an address element.
    pub contact: bool,
}

/// How much is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Only what is never text.
    None,
    /// Also what says by its element or role that it is no content.
    Certain,
    /// Also what its class or its links tell.
    All,
}

/// Never text that holds.
const NO_TEXT: [&str; 27] = [
    "script", "style", "noscript", "template", "svg", "math", "canvas", "iframe", "object", "embed", "video", "audio",
    "select", "input", "textarea", "option", "datalist", "head", "map", "picture", "img", "progress", "meter",
    "dialog", // What the page itself strikes out.
    "del", "s", "strike",
];

/// Class and id words that are certain enough by themselves.
const NAMED: [&str; 52] = [
    "cookie",
    "cookies",
    "cookiebar",
    "cookiebanner",
    "cookieconsent",
    "consent",
    "gdpr",
    "breadcrumb",
    "breadcrumbs",
    "brotkrumen",
    "brotkrume",
    "brotkrumennavigation",
    "skiplink",
    "skiplinks",
    "skip",
    "sprunglinks",
    "sprungmarken",
    "share",
    "sharing",
    "shariff",
    "sharebar",
    "social",
    "socialmedia",
    "addtoany",
    "pagination",
    "pager",
    "paginierung",
    "docnav",
    "navbar",
    "navigation",
    "nav",
    "mainnav",
    "metanav",
    "subnav",
    "servicenavigation",
    "hauptnavigation",
    "metanavigation",
    "offcanvas",
    "megamenu",
    "printlink",
    "readspeaker",
    "vorlesen",
    "langswitch",
    "languageswitcher",
    "sprachwahl",
    "adminbar",
    "totop",
    "backtotop",
    "navi",
    "seitennavigation",
    "youarehere",
    "colophon",
];

/// Class and id words that count only when the element consists mainly of links.
const LINKY: [&str; 24] = [
    "toc",
    "menu",
    "submenu",
    "sidebar",
    "teaser",
    "teasers",
    "teaserlist",
    "related",
    "widget",
    "tagcloud",
    "tags",
    "linklist",
    "quicklinks",
    "inhaltsverzeichnis",
    "verzeichnis",
    "comments",
    "footer",
    "header",
    "banner",
    "marginal",
    "recommendations",
    "sitemap",
    "subnavigation",
    "seitenleiste",
];

/// Decides what is dropped.
pub struct Chrome {
    level: Level,
    stats: HashMap<usize, Stats>,
    whole: usize,
    root: usize,
    root_is_body: bool,
}

/// Identity of an element within its tree.
fn key(e: ElementRef<'_>) -> usize {
    std::ptr::from_ref(e.value()).addr()
}

impl Chrome {
    /// Measures everything below `body`.
    pub fn new(body: ElementRef<'_>) -> Self {
        let mut stats = HashMap::new();
        let whole = measure(body, &mut stats, false).text;
        Self { level: Level::All, stats, whole, root: key(body), root_is_body: true }
    }

    /// Sets the level and the element that is read.
    pub fn aim(&mut self, level: Level, root: ElementRef<'_>) {
        self.level = level;
        self.root = key(root);
        self.whole = self.of(root).text;
        self.root_is_body = root.value().name() == "body";
    }

    /// Measures of an element.
    pub fn of(&self, e: ElementRef<'_>) -> Stats {
        self.stats.get(&key(e)).copied().unwrap_or_default()
    }

    /// Whether the element is left out.
    pub fn drops(&self, e: ElementRef<'_>) -> bool {
        let name = e.value().name();
        if NO_TEXT.contains(&name) {
            return true;
        }
        if self.level == Level::None || key(e) == self.root {
            return false;
        }
        if hidden(e) {
            return true;
        }
        let s = self.of(e);
        if matches!(name, "th" | "tr" | "tbody" | "thead" | "table" | "html" | "body" | "main") {
            return false;
        }
        let large = s.text * 2 > self.whole && s.text > 200;
        self.by_element(e, name, s, large) || (self.level == Level::All && !s.h1 && !large && self.by_name(e, s))
    }

    fn by_element(&self, e: ElementRef<'_>, name: &str, s: Stats, large: bool) -> bool {
        let role = e.attr("role").unwrap_or_default();
        let minor = !s.h1 && !large;
        let contact_box = s.contact && s.linked * 10 < s.text * 7;
        match name {
            "nav" => return true,
            // Contact boxes beside the text are what visitors ask for most.
            "aside" => return minor && !contact_box,
            "form" | "footer" => return minor,
            "header" => return self.root_is_body && !s.h1 && !large && !inside_article(e),
            // Buttons inside headings and those that open a part of the page are labels of content.
            "button" => {
                return e.attr("aria-controls").is_none() && e.attr("aria-expanded").is_none() && !inside_heading(e);
            }
            _ => {}
        }
        match role {
            "navigation" | "search" | "menu" | "menubar" | "toolbar" | "dialog" | "alertdialog" | "tablist"
            | "banner" | "contentinfo" => minor,
            "complementary" => minor && !contact_box,
            _ => false,
        }
    }

    fn by_name(&self, e: ElementRef<'_>, s: Stats) -> bool {
        let words = words(e);
        let has = |list: &[&str]| words.iter().any(|w| list.contains(&w.as_str()));
        let mostly_links = s.links > 0 && s.linked * 2 > s.text;
        if has(&NAMED) && (mostly_links || !s.contact) {
            return true;
        }
        if mostly_links && has(&LINKY) {
            return true;
        }
        // Read aloud only: hints like "opens in a new window". Headings may be hidden as well and still name a part.
        let quiet = has(&["sr", "visuallyhidden", "screenreader", "aural", "hiddentext"])
            || joined(&words, "visually", "hidden");
        quiet && s.text < 80 && !e.value().name().starts_with('h') && !e.descendent_elements().any(|d| is_heading(d.value().name()))
            // Old pages without any structure: a list of links before the text.
            || (self.root_is_body && matches!(e.value().name(), "ul" | "ol") && s.links >= 4 && s.linked * 20 > s.text * 19 && before_heading(e))
    }
}

/// `h1`–`h6`.
pub fn is_heading(name: &str) -> bool {
    matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

fn inside_heading(e: ElementRef<'_>) -> bool {
    e.ancestors()
        .take(4)
        .filter_map(ElementRef::wrap)
        .any(|a| is_heading(a.value().name()) || a.value().name() == "summary")
}

fn inside_article(e: ElementRef<'_>) -> bool {
    e.ancestors().filter_map(ElementRef::wrap).any(|a| matches!(a.value().name(), "article" | "main" | "section"))
}

fn before_heading(e: ElementRef<'_>) -> bool {
    let earlier = |n: ElementRef<'_>| {
        n.prev_siblings().filter_map(ElementRef::wrap).any(|s| {
            matches!(s.value().name(), "h1" | "h2" | "h3" | "p")
                || s.descendent_elements().any(|d| matches!(d.value().name(), "h1" | "h2" | "h3" | "p"))
        })
    };
    !earlier(e) && !e.ancestors().filter_map(ElementRef::wrap).any(earlier)
}

fn joined(words: &[String], a: &str, b: &str) -> bool {
    words.windows(2).any(|w| w[0] == a && w[1] == b)
}

/// Words of class and id: `main-nav`, `mainNav` and `main_nav` are the same two words.
fn words(e: ElementRef<'_>) -> Vec<String> {
    let mut out = Vec::new();
    for value in [e.attr("class"), e.attr("id")].into_iter().flatten() {
        for token in value.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).take(40) {
            let mut word = String::new();
            let mut was_lower = false;
            for c in token.chars().take(40) {
                if c.is_uppercase() && was_lower {
                    out.push(std::mem::take(&mut word));
                }
                was_lower = c.is_lowercase();
                word.extend(c.to_lowercase());
            }
            out.push(word);
            let whole = token.to_lowercase();
            if out.last() != Some(&whole) {
                out.push(whole);
            }
        }
    }
    out
}

/// Hidden for good; parts that a click opens are content.
fn hidden(e: ElementRef<'_>) -> bool {
    let style: String = e.attr("style").unwrap_or_default().to_ascii_lowercase().split_whitespace().collect();
    let gone = e.attr("hidden").is_some_and(|v| !v.eq_ignore_ascii_case("until-found"))
        || e.attr("aria-hidden") == Some("true")
        || style.contains("display:none")
        || style.contains("visibility:hidden");
    if !gone {
        return false;
    }
    let opens = matches!(e.attr("role"), Some("tabpanel" | "region")) || e.attr("aria-labelledby").is_some();
    let named = words(e).iter().any(|w| {
        [
            "accordion",
            "collapse",
            "tab",
            "panel",
            "akkordeon",
            "toggle",
            "faq",
            "answer",
            "tabpanel",
            "slide",
            "details",
        ]
        .iter()
        .any(|p| w.starts_with(p))
    });
    !(opens || named)
}

fn measure(e: ElementRef<'_>, all: &mut HashMap<usize, Stats>, in_link: bool) -> Stats {
    let name = e.value().name();
    let mut s = Stats { h1: name == "h1", contact: name == "address", ..Stats::default() };
    if NO_TEXT.contains(&name) {
        return s;
    }
    let mut in_link = in_link;
    if name == "a"
        && let Some(href) = e.attr("href")
    {
        s.links = 1;
        if href.starts_with("tel:") || href.starts_with("mailto:") {
            s.contact = true;
        } else {
            in_link = true;
        }
    }
    for child in e.children() {
        if let Some(text) = child.value().as_text() {
            let weight = super::text::weight(text);
            s.text += weight;
            s.linked += if in_link { weight } else { 0 };
        } else if let Some(child) = ElementRef::wrap(child) {
            let c = measure(child, all, in_link);
            s.text += c.text;
            s.linked += c.linked;
            s.links += c.links;
            s.h1 |= c.h1;
            s.contact |= c.contact;
        }
    }
    all.insert(key(e), s);
    s
}
