//! What is found on a page against what is written down about it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use dialogengine::svc::extract::facts::{Fact, Stated};
use dialogengine::svc::extract::{Input, extract};
use serde_json::Value;

/// A page and its labels.
pub struct Page {
    pub name: String,
    html: Vec<u8>,
    url: String,
    labels: Vec<Value>,
}

/// Counts of facts.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    pub stated: usize,
    pub found: usize,
    pub right: usize,
}

impl Tally {
    pub fn add(&mut self, other: Self) {
        self.stated += other.stated;
        self.found += other.found;
        self.right += other.right;
    }

    pub fn precision(self) -> f64 {
        if self.found == 0 { 1.0 } else { self.right as f64 / self.found as f64 }
    }

    pub fn recall(self) -> f64 {
        if self.stated == 0 { 1.0 } else { self.right as f64 / self.stated as f64 }
    }
}

/// The pages of a folder of `tests/facts`, by name.
pub fn pages(folder: &str) -> Vec<Page> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/facts").join(folder);
    let mut pages: Vec<Page> = fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .map(|path| {
            let labels: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            Page {
                name: path.file_stem().unwrap().to_string_lossy().into_owned(),
                html: fs::read(path.with_extension("html")).unwrap(),
                url: labels["url"].as_str().unwrap().to_owned(),
                labels: labels["facts"].as_array().unwrap().clone(),
            }
        })
        .collect();
    pages.sort_by(|a, b| a.name.cmp(&b.name));
    pages
}

/// Counts by kind, and what differs: `+` is found but not stated, `-` stated but not found.
pub fn score(page: &Page) -> (BTreeMap<&'static str, Tally>, Vec<String>) {
    let input = Input { bytes: &page.html, content_type: Some("text/html"), path_or_url: &page.url };
    let found = match extract(input) {
        Ok(extracted) => extracted.facts,
        Err(why) => panic!("{}: {why}", page.name),
    };
    let mut by_kind: BTreeMap<&'static str, Tally> = BTreeMap::new();
    let mut differences = Vec::new();
    for kind in Stated::KINDS {
        let stated: Vec<&Value> = page.labels.iter().filter(|label| label["kind"] == kind).collect();
        let found: Vec<&Fact> = found.iter().filter(|fact| fact.stated.kind() == kind).collect();
        let mut open = stated.clone();
        let mut tally = Tally { stated: stated.len(), found: found.len(), right: 0 };
        for fact in found {
            let value = serde_json::to_value(fact).unwrap();
            match open.iter().position(|label| is_same(kind, label, &value)) {
                Some(at) => {
                    open.remove(at);
                    tally.right += 1;
                }
                None => differences.push(format!("+ {} {value}", page.name)),
            }
        }
        differences.extend(open.iter().map(|label| format!("- {} {label}", page.name)));
        by_kind.insert(kind, tally);
    }
    (by_kind, differences)
}

/// Whether a label and a fact of one kind are the same, in the fields that are compared.
fn is_same(kind: &str, label: &Value, fact: &Value) -> bool {
    let equal = |field: &str| text(&label[field]).to_lowercase() == text(&fact[field]).to_lowercase();
    let loosely = |field: &str| {
        let (a, b) = (plain(&text(&label[field])), plain(&text(&fact[field])));
        !a.is_empty() && !b.is_empty() && (a.contains(&b) || b.contains(&a))
    };
    match kind {
        "phone" => equal("number") && equal("role"),
        "email" => equal("address"),
        "address" => {
            street(&text(&label["street"])) == street(&text(&fact["street"])) && equal("postcode") && equal("town")
        }
        "hours" => label["weekly"] == fact["weekly"] && equal("season"),
        "price" => label["cents"] == fact["cents"] && equal("currency"),
        "date" | "deadline" | "updated" => equal("date"),
        "event" => equal("start") && loosely("name"),
        "download" => equal("url") && equal("type"),
        "video" | "form" => equal("url"),
        "steps" => label["count"] == fact["count"],
        "legal" => law(&text(&label["text"]), &text(&fact["text"])),
        "region" => loosely("name"),
        _ => false,
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().trim().to_owned()
}

fn plain(text: &str) -> String {
    text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
}

fn street(text: &str) -> String {
    plain(&text.to_lowercase().replace("straße", "str").replace("strasse", "str"))
}

/// Same paragraph, and one name of the law contains the other.
fn law(label: &str, fact: &str) -> bool {
    let split = |text: &str| {
        let mut words = text.split_whitespace().skip_while(|word| !word.starts_with(|c: char| c.is_ascii_digit()));
        let number = words.next().unwrap_or_default().to_owned();
        let is_part = |word: &str| {
            let bare = word.trim_end_matches([',', ')']);
            ["Abs.", "Absatz", "Satz", "S.", "Nr.", "lit.", "Buchst.", "und", "des", "der", "dem"].contains(&bare)
                || bare.starts_with(|c: char| c.is_ascii_digit())
                || bare.chars().count() == 1
        };
        (number, plain(&words.filter(|word| !is_part(word)).collect::<Vec<_>>().join(" ")))
    };
    let ((a, one), (b, other)) = (split(label), split(fact));
    a == b && (one.contains(&other) || other.contains(&one))
}
