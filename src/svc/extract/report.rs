//! What was read of a file and what was not, for the editor who wants to know why something is not found.

use serde::{Deserialize, Serialize};

use super::{Block, Extracted, Warning};

/// The report of one document. Its language, passages and date stand in the document itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Kind of file: `html`, `pdf`, `office`, …
    #[serde(default)]
    pub format: String,
    /// Pages, where the file has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<u32>,
    /// Numbers of pages on which nothing is written, or only pictures of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pages_without_text: Vec<u32>,
    /// Numbers of pages that could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pages_unread: Vec<u32>,
    /// Parts under a heading of their own, and text before the first.
    #[serde(default)]
    pub sections: u32,
    /// Tables kept as tables.
    #[serde(default)]
    pub tables: u32,
    /// Characters of text, headings included.
    #[serde(default)]
    pub characters: u64,
    /// What was cut, left out or uncertain, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Warning>,
}

impl Report {
    /// The report of what a reader has found; pages are the reader's to tell.
    pub(super) fn complete(found: &mut Extracted, format: &str) {
        let blocks = found.sections.iter().flat_map(|section| &section.blocks);
        let tables = blocks.clone().filter(|block| matches!(block, Block::Table { .. })).count();
        let headings = found.sections.iter().filter_map(|section| section.path.last());
        let characters = headings.map(|heading| heading.chars().count()).sum::<usize>()
            + blocks.map(|block| block.to_text().chars().count()).sum::<usize>();
        let report = &mut found.report;
        format.clone_into(&mut report.format);
        report.sections = u32::try_from(found.sections.len()).unwrap_or(u32::MAX);
        report.tables = u32::try_from(tables).unwrap_or(u32::MAX);
        report.characters = characters as u64;
        report.notes.clone_from(&found.warnings);
    }

    /// `indexed`, or `indexed_with_warnings` when there is something to look at. What failed has no document.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        if self.notes.is_empty() { "indexed" } else { "indexed_with_warnings" }
    }
}
