//! The topics of the sample town, made by the binary as anybody would.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{Home, Ran};

/// The first folder of an address.
fn folder(key: &str) -> String {
    key.split('/').nth(3).unwrap_or_default().to_owned()
}

#[test]
fn topics_of_the_sample_town_follow_its_folders() {
    let home = Home::new();
    let data = home.data.display().to_string();
    let ran = Ran::of(&mut home.command(&[
        "demo",
        "--json",
        "--ask",
        "Wie viele Einwohner hat Tokio?",
        "--listen",
        "127.0.0.1:0",
        "--keep",
        &data,
    ]));
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let told = ran.json();
    let list = home.ok(&["topic", "list", "--site", "musterstadt"]);
    let topics = list["topics"].as_array().unwrap();
    assert!((10..=30).contains(&topics.len()), "{list}");
    assert_eq!(told["crawl"]["topics"], topics.len(), "{told}");
    let (mut all, mut pure) = (0, 0);
    let mut text = String::new();
    for topic in topics {
        let shown = home.ok(&["topic", "show", "--site", "musterstadt", topic["id"].as_str().unwrap()]);
        let pages: Vec<&Value> = shown["pages"].as_array().unwrap().iter().collect();
        let mut folders = BTreeMap::<String, usize>::new();
        for page in &pages {
            *folders.entry(folder(page["key"].as_str().unwrap())).or_default() += 1;
        }
        all += pages.len();
        pure += folders.values().max().unwrap();
        text.push_str(&format!("{} | {}\n", topic["name"].as_str().unwrap(), topic["words"].as_str().unwrap()));
        text.extend(pages.iter().map(|page| format!("    {}\n", page["title"].as_str().unwrap())));
    }
    assert!(all > 100, "{all}");
    assert!(pure * 100 >= all * 70, "{pure} of {all} pages are in a topic of mostly their folder\n{text}");
    // What has no answer names what there is instead.
    let near = told["answer"]["suggestions"].as_array().unwrap();
    assert!(told["answer"]["outcome"] == "refused" && !near.is_empty(), "{told}");
}
