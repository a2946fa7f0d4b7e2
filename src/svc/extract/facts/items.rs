//! Things as JSON-LD, microdata and RDFa describe them, in one shape.

use std::collections::BTreeSet;

use scraper::ElementRef;
use serde_json::Value;

use super::Source;

/// Nesting that is followed.
const DEPTH_MAX: usize = 12;
/// Statements read from one page.
const PROPERTIES_MAX: usize = 5_000;

/// A thing with its properties.
#[derive(Debug, Clone, Default)]
pub struct Item {
    /// Last parts of its types: `PostalAddress`.
    pub types: Vec<String>,
    pub properties: Vec<(String, Property)>,
}

/// A value of a property.
#[derive(Debug, Clone)]
pub enum Property {
    Text(String),
    Item(Item),
}

impl Item {
    pub fn is_a(&self, name: &str) -> bool {
        self.types.iter().any(|own| own == name)
    }

    /// The texts of a property.
    pub fn texts<'i>(&'i self, name: &'i str) -> impl Iterator<Item = &'i str> + 'i {
        self.properties.iter().filter(move |(own, _)| own == name).filter_map(|(_, value)| match value {
            Property::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            Property::Item(_) => None,
        })
    }

    /// The first text of a property.
    pub fn text(&self, name: &str) -> Option<String> {
        self.texts(name).next().map(str::to_owned)
    }

    /// Texts of a property, and names or addresses of things in their place.
    pub fn all_texts(&self, name: &str) -> Vec<String> {
        let values = self.properties.iter().filter(|(own, _)| own == name);
        let text = |value: &Property| match value {
            Property::Text(text) => Some(text.trim().to_owned()),
            Property::Item(item) => item.text("name").or_else(|| item.text("@id")).or_else(|| item.text("url")),
        };
        values.filter_map(|(_, value)| text(value)).filter(|text| !text.is_empty()).collect()
    }

    /// The things a property names.
    pub fn items<'i>(&'i self, name: &'i str) -> impl Iterator<Item = &'i Item> + 'i {
        self.properties.iter().filter(move |(own, _)| own == name).filter_map(|(_, value)| match value {
            Property::Item(item) => Some(item),
            Property::Text(_) => None,
        })
    }

    /// All things below this one.
    pub fn children(&self) -> impl Iterator<Item = (&str, &Item)> {
        self.properties.iter().filter_map(|(name, value)| match value {
            Property::Item(item) => Some((name.as_str(), item)),
            Property::Text(_) => None,
        })
    }
}

/// Last part of an address or a prefixed name.
fn bare(name: &str) -> String {
    name.trim().trim_end_matches('/').rsplit(['/', '#', ':']).next().unwrap_or_default().to_owned()
}

/// A thing of JSON-LD.
pub fn of_json(value: &Value, depth: usize) -> Option<Item> {
    let map = value.as_object().filter(|_| depth < DEPTH_MAX)?;
    let mut item = Item::default();
    for (name, value) in map {
        let values: Vec<&Value> = value.as_array().map_or_else(|| vec![value], |values| values.iter().collect());
        for value in values.into_iter().take(500) {
            if name == "@type" {
                item.types.extend(value.as_str().map(bare));
                continue;
            }
            let name = if name == "@id" { name.clone() } else { bare(name) };
            match value {
                Value::String(text) => item.properties.push((name, Property::Text(text.clone()))),
                Value::Number(number) => item.properties.push((name, Property::Text(number.to_string()))),
                Value::Bool(value) => item.properties.push((name, Property::Text(value.to_string()))),
                Value::Object(_) => match value.get("@value").and_then(Value::as_str) {
                    Some(text) => item.properties.push((name, Property::Text(text.to_owned()))),
                    None => item.properties.extend(of_json(value, depth + 1).map(|item| (name, Property::Item(item)))),
                },
                _ => {}
            }
        }
    }
    Some(item)
}

/// Things of microdata and RDFa below `root`.
pub fn of_markup(root: ElementRef<'_>) -> Vec<(Source, Item)> {
    let mut reader = Reader { found: Vec::new(), left: PROPERTIES_MAX };
    let mut loose = (Item::default(), Item::default());
    reader.walk(root, &mut loose.0, &mut loose.1, 0);
    let mut found = reader.found;
    if !loose.1.properties.is_empty() {
        found.push((Source::Rdfa, loose.1));
    }
    found
}

struct Reader {
    found: Vec<(Source, Item)>,
    left: usize,
}

impl Reader {
    fn walk(&mut self, e: ElementRef<'_>, micro: &mut Item, rdfa: &mut Item, depth: usize) {
        if depth > 400 {
            return;
        }
        for child in e.child_elements() {
            if self.left == 0 {
                return;
            }
            let names = |attribute: &str| -> BTreeSet<String> {
                child
                    .attr(attribute)
                    .unwrap_or_default()
                    .split_whitespace()
                    .map(bare)
                    .filter(|n| !n.is_empty())
                    .take(10)
                    .collect()
            };
            let head = child.value().name() == "meta" && child.attr("content").is_some();
            let (item_names, rdfa_names) = (
                names("itemprop"),
                if head && micro.types.is_empty() && rdfa.types.is_empty() {
                    BTreeSet::new()
                } else {
                    names("property")
                },
            );
            self.left -= (item_names.len() + rdfa_names.len()).min(self.left);
            if let Some(event) = microformat(child) {
                self.found.push((Source::Microdata, event));
            }
            if child.attr("itemscope").is_some() {
                let mut inner = Item { types: names("itemtype").into_iter().collect(), ..Item::default() };
                self.walk(child, &mut inner, rdfa, depth + 1);
                self.close(Source::Microdata, inner, &item_names, micro);
            } else if child.attr("typeof").is_some() {
                let mut inner = Item { types: names("typeof").into_iter().collect(), ..Item::default() };
                self.walk(child, micro, &mut inner, depth + 1);
                self.close(Source::Rdfa, inner, &rdfa_names, rdfa);
            } else {
                let text = |items: &BTreeSet<String>| (!items.is_empty()).then(|| value(child));
                if let Some(text) = text(&item_names).filter(|_| !micro.types.is_empty()) {
                    micro.properties.extend(item_names.into_iter().map(|name| (name, Property::Text(text.clone()))));
                }
                if let Some(text) = text(&rdfa_names).filter(|_| !rdfa.types.is_empty()) {
                    rdfa.properties.extend(rdfa_names.into_iter().map(|name| (name, Property::Text(text.clone()))));
                }
                self.walk(child, micro, rdfa, depth + 1);
            }
        }
    }

    fn close(&mut self, source: Source, inner: Item, names: &BTreeSet<String>, outer: &mut Item) {
        if names.is_empty() || outer.types.is_empty() {
            self.found.push((source, inner));
        } else {
            outer.properties.extend(names.iter().map(|name| (name.clone(), Property::Item(inner.clone()))));
        }
    }
}

/// The value of a property: what is meant for machines, else the text.
fn value(e: ElementRef<'_>) -> String {
    let own = match e.value().name() {
        "meta" => e.attr("content"),
        "time" => e.attr("datetime").or_else(|| e.attr("content")),
        "a" | "link" | "area" => e.attr("content").or_else(|| e.attr("href")),
        "img" | "audio" | "video" | "source" | "iframe" | "embed" | "track" => e.attr("src"),
        "object" => e.attr("data"),
        "data" | "meter" => e.attr("value"),
        _ => e.attr("content"),
    };
    let text = || super::super::text::squash(&e.text().collect::<String>());
    own.map_or_else(text, |own| own.trim().to_owned())
}

/// An event as the microformat `h-event` marks it, by classes.
fn microformat(e: ElementRef<'_>) -> Option<Item> {
    let has = |e: ElementRef<'_>, names: &[&str]| e.value().classes().any(|class| names.contains(&class));
    if !has(e, &["h-event", "vevent"]) {
        return None;
    }
    let part = |names: &[&str]| e.descendent_elements().find(|d| has(*d, names));
    let text = |e: ElementRef<'_>| super::super::text::squash(&e.text().collect::<String>());
    let name = text(part(&["p-name", "summary"])?);
    let stamp =
        |e: ElementRef<'_>| e.attr("datetime").or_else(|| e.attr("title")).map_or_else(|| text(e), str::to_owned);
    let mut properties = vec![
        ("name".to_owned(), Property::Text(name)),
        ("startDate".to_owned(), Property::Text(stamp(part(&["dt-start", "dtstart"])?))),
    ];
    properties.extend(part(&["dt-end", "dtend"]).map(|end| ("endDate".to_owned(), Property::Text(stamp(end)))));
    Some(Item { types: vec!["Event".to_owned()], properties })
}
