//! The text of a document as an editor reads and writes it: a line for each paragraph, `##` before a heading.

use crate::svc::extract::{Block, Section};

use super::NewChunk;

/// A heading of the first level under the title has so many signs.
const TOP: usize = 2;
/// Headings deeper than this are headings of this level.
const DEPTH_MAX: usize = 5;

/// The passages of a document as one text; [`from_text`] reads it back.
#[must_use]
pub fn to_text(chunks: &[NewChunk]) -> String {
    let mut text = String::new();
    let mut path: &[String] = &[];
    for chunk in chunks {
        if chunk.section != path {
            let shared = chunk.section.iter().zip(path).take_while(|(a, b)| a == b).count();
            // Back under a heading that was there before: it is said again, or an empty one ends the last.
            let from = if shared == chunk.section.len() { shared.saturating_sub(1) } else { shared };
            if chunk.section.is_empty() {
                text.push_str("\n##\n");
            }
            for (level, heading) in chunk.section.iter().enumerate().skip(from) {
                text.push_str(&format!("\n{} {heading}\n", "#".repeat(level + TOP)));
            }
            path = &chunk.section;
        }
        for line in chunk.text.lines() {
            if line.starts_with(['#', '\\']) {
                text.push('\\');
            }
            text.push_str(line);
            text.push('\n');
        }
    }
    text.trim_start().to_owned()
}

/// Sections of a text an editor wrote; empty when it has no words.
#[must_use]
pub fn from_text(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let signs = line.bytes().take_while(|b| *b == b'#').count();
        let heading = line.get(signs..).unwrap_or_default();
        if signs > 0 && (heading.is_empty() || heading.starts_with(' ')) {
            path.truncate(signs.clamp(TOP, DEPTH_MAX + TOP) - TOP);
            path.extend(Some(heading.trim().to_owned()).filter(|heading| !heading.is_empty()));
            is_open = false;
            continue;
        }
        if !is_open {
            sections.push(Section { path: path.clone(), blocks: Vec::new() });
            is_open = true;
        }
        let line = line.strip_prefix('\\').unwrap_or(line);
        if let Some(section) = sections.last_mut() {
            section.blocks.push(Block::Paragraph { text: line.to_owned() });
        }
    }
    sections
}
