//! Headings and blocks in reading order become sections with heading paths.

use super::{Block, Section};

/// What a reader meets, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Level 1–7 (7: collapsible parts below any heading) and text.
    Heading(u8, String),
    /// A block of text.
    Block(Block),
}

/// Headings after which link lists lead away from the page's subject.
const ELSEWHERE: [&str; 18] = [
    "das könnte sie auch interessieren",
    "das könnte dich auch interessieren",
    "auch interessant",
    "weitere meldungen",
    "weitere nachrichten",
    "weitere artikel",
    "weitere beiträge",
    "ähnliche beiträge",
    "ähnliche artikel",
    "verwandte themen",
    "mehr zum thema",
    "diese seite teilen",
    "seite teilen",
    "related articles",
    "related posts",
    "related content",
    "you may also like",
    "inhaltsverzeichnis",
];

/// Whether what follows this heading leads elsewhere.
pub fn leads_elsewhere(heading: &str) -> bool {
    let lower = heading.to_lowercase();
    ELSEWHERE.contains(&lower.trim_end_matches([':', '.', '…', ' ', '!', '?']))
}

/// Builds sections; the first heading equal to `title` is the title itself and not part of any path.
pub fn assemble(events: Vec<Event>, title: &str) -> Vec<Section> {
    let mut stack: Vec<(u8, String)> = Vec::new();
    let mut sections: Vec<Section> = Vec::new();
    let mut open = false;
    let mut titled = false;
    for event in events {
        match event {
            Event::Heading(level, text) => {
                open = false;
                stack.retain(|(l, _)| *l < level);
                if !titled && text == title {
                    titled = true;
                    stack.clear();
                } else {
                    stack.push((level, text));
                }
            }
            Event::Block(block) => {
                if !open {
                    sections.push(Section { path: stack.iter().map(|(_, t)| t.clone()).collect(), blocks: Vec::new() });
                    open = true;
                }
                if let Some(section) = sections.last_mut() {
                    section.blocks.push(block);
                }
            }
        }
    }
    sections
}
