//! Parts that stand on most pages of a website (teasers, cookie notices, a footer inside the content). They are left out of
//! the chunks of every page but one, so that a fact in them can still be found.
//!
//! A part is a whole block: a paragraph, a list, a table. What introduces something that stays, stays too, and a page that
//! would be left without text keeps all of it. The content hash counts the whole text, so that a page read again is
//! unchanged whatever is left out.

use std::collections::{BTreeSet, HashSet};

use serde::{Deserialize, Serialize};

use crate::base::error::Outcome;
use crate::base::id::{SiteId, SourceId};
use crate::store::{Batch, Key, Table, Value};

use super::NewChunk;

/// A page that would keep fewer letters and digits than this keeps all of its text.
const LEFT_MIN: usize = 40;
/// Blocks with fewer letters and digits than this are not told apart from decoration.
const BLOCK_MIN: usize = 3;
/// A paragraph this short without an end of sentence introduces what follows.
const LEAD_CHARS_MAX: usize = 80;

/// What repeats across the pages of one source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeated {
    /// Most frequent first.
    pub parts: Vec<Part>,
}

/// One repeated block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// [`Blocks`] hash, hexadecimal; names the part outside.
    pub id: String,
    /// As it stands on a page, cut when it is long.
    pub text: String,
    /// Pages that have it, of so many.
    pub pages: u32,
    pub of: u32,
    /// Key of the page that keeps it: the one it fits best.
    pub home: String,
    /// Key of a page it is left out of.
    pub example: String,
    /// An editor wants it on every page.
    #[serde(default)]
    pub kept: bool,
}

impl Value for Repeated {
    const TABLE: Table = Table::Repeated;
}

impl Repeated {
    /// All parts that are left out somewhere.
    #[must_use]
    pub fn all(&self) -> BTreeSet<String> {
        self.parts.iter().filter(|part| !part.kept).map(|part| part.id.clone()).collect()
    }

    /// Parts to leave out of the page under `key`.
    #[must_use]
    pub fn left_out_of(&self, key: &str) -> BTreeSet<String> {
        self.parts.iter().filter(|part| !part.kept && part.home != key).map(|part| part.id.clone()).collect()
    }
}

/// The passages of a document before parts were left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FullText {
    pub chunks: Vec<NewChunk>,
}

impl Value for FullText {
    const TABLE: Table = Table::FullTexts;
}

/// What remains of a document's passages, and how many blocks were left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remaining {
    pub chunks: Vec<NewChunk>,
    pub left_out: u32,
}

/// Leaves repeated parts out as the source's set says; `None` when everything stays.
pub(super) fn remaining(
    batch: &Batch<'_>,
    site: SiteId,
    source: Option<SourceId>,
    key: &str,
    chunks: &[NewChunk],
) -> Outcome<Option<Remaining>> {
    let Some(source) = source else { return Ok(None) };
    let Some(repeated) = batch.get::<Repeated>(Key::of(site).and(source))? else { return Ok(None) };
    Ok(leave_out(chunks, &repeated.left_out_of(key)))
}

/// The blocks of a document with their hashes, as the passages hold them; a block cut in two by a passage's end is one.
#[derive(Debug)]
pub struct Blocks<'a> {
    lines: Vec<(usize, &'a str)>,
    blocks: Vec<Block>,
}

#[derive(Debug)]
struct Block {
    /// Lines, from and up to.
    lines: std::ops::Range<usize>,
    is_heading: bool,
    begins_section: bool,
    /// Empty for headings and decoration.
    id: String,
    leads: bool,
}

impl<'a> Blocks<'a> {
    #[must_use]
    pub fn of(chunks: &'a [NewChunk]) -> Self {
        let mut lines = Vec::new();
        let mut blocks: Vec<Block> = Vec::new();
        for (at, chunk) in chunks.iter().enumerate() {
            let begins = at == 0 || chunks.get(at - 1).is_none_or(|before| before.section != chunk.section);
            let is_marked = chunk.shape.len() == chunk.text.lines().count();
            let marks = chunk.shape.bytes().map(Some).chain(std::iter::repeat(None));
            for (n, (line, mark)) in chunk.text.lines().zip(marks).enumerate() {
                let mark = if is_marked { mark.unwrap_or(b'P') } else { b'P' };
                let begins_section = begins && n == 0;
                let is_heading = mark == b'h';
                let continues = mark.is_ascii_lowercase() && !is_heading && !begins_section;
                let here = lines.len();
                lines.push((at, line));
                match blocks.last_mut().filter(|block| continues && !block.is_heading) {
                    Some(block) => block.lines.end = here + 1,
                    None => blocks.push(Block {
                        lines: here..here + 1,
                        is_heading,
                        begins_section,
                        id: String::new(),
                        leads: mark == b'P' && leads(line),
                    }),
                }
            }
        }
        for block in blocks.iter_mut().filter(|block| !block.is_heading) {
            block.id = hash(lines.get(block.lines.clone()).unwrap_or_default());
        }
        Self { lines, blocks }
    }

    /// Hash and text of every block that can be told apart.
    pub fn parts(&self) -> impl Iterator<Item = (&str, String)> {
        self.blocks.iter().filter(|block| !block.id.is_empty()).map(|block| (block.id.as_str(), self.text(block)))
    }

    /// The hashes alone.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.blocks.iter().map(|block| block.id.as_str()).filter(|id| !id.is_empty())
    }

    fn text(&self, block: &Block) -> String {
        let lines = self.lines.get(block.lines.clone()).unwrap_or_default();
        lines.iter().map(|(_, line)| *line).collect::<Vec<_>>().join("\n")
    }

    /// Which blocks go: those in the set, unless they introduce what stays; and headings all of whose text goes.
    fn leaving(&self, ids: &BTreeSet<String>) -> Vec<bool> {
        let mut leaving = vec![false; self.blocks.len()];
        let (mut any, mut all, mut next_leaves) = (false, true, None);
        for (at, block) in self.blocks.iter().enumerate().rev() {
            let leaves = if block.is_heading {
                let leaves = any && all;
                (any, all, next_leaves) = (false, true, None);
                leaves
            } else {
                let leaves = ids.contains(&block.id) && !(block.leads && next_leaves == Some(false));
                any = true;
                all &= leaves;
                next_leaves = Some(leaves);
                leaves
            };
            if block.begins_section {
                (any, all, next_leaves) = (false, true, None);
            }
            if let Some(slot) = leaving.get_mut(at) {
                *slot = leaves;
            }
        }
        leaving
    }
}

/// Letters and digits of the lines in lower case, words apart: what a reader takes for the same text.
fn hash(lines: &[(usize, &str)]) -> String {
    let mut hash = blake3::Hasher::new();
    let mut count = 0;
    for (_, line) in lines {
        for word in line.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            count += word.len();
            hash.update(word.to_lowercase().as_bytes()).update(b" ");
        }
    }
    if count < BLOCK_MIN {
        return String::new();
    }
    hash.finalize().to_hex().chars().take(16).collect()
}

fn leads(line: &str) -> bool {
    let line = line.trim_end();
    line.ends_with(':')
        || (line.chars().count() <= LEAD_CHARS_MAX && !line.ends_with(['.', '!', '?', '…', ')', '”', '“']))
}

/// Takes the blocks in `ids` out; `None` when nothing goes or too little would stay.
#[must_use]
pub fn leave_out(chunks: &[NewChunk], ids: &BTreeSet<String>) -> Option<Remaining> {
    if ids.is_empty() {
        return None;
    }
    let blocks = Blocks::of(chunks);
    let leaving = blocks.leaving(ids);
    let gone: HashSet<usize> = blocks
        .blocks
        .iter()
        .zip(&leaving)
        .filter(|(_, leaves)| **leaves)
        .flat_map(|(block, _)| block.lines.clone())
        .collect();
    let left_out = blocks.blocks.iter().zip(&leaving).filter(|(block, leaves)| **leaves && !block.is_heading).count();
    if left_out == 0 {
        return None;
    }
    let mut rest: Vec<NewChunk> =
        chunks.iter().map(|c| NewChunk { section: c.section.clone(), ..NewChunk::default() }).collect();
    let mut letters = 0;
    let mut of_chunk = 0;
    for (at, (chunk, line)) in blocks.lines.iter().enumerate() {
        let first = at == 0 || blocks.lines.get(at - 1).is_some_and(|(before, _)| before != chunk);
        of_chunk = if first { 0 } else { of_chunk + 1 };
        let (Some(new), Some(old), false) = (rest.get_mut(*chunk), chunks.get(*chunk), gone.contains(&at)) else {
            continue;
        };
        if !new.text.is_empty() {
            new.text.push('\n');
        }
        new.text.push_str(line);
        new.shape.extend(old.shape.chars().nth(of_chunk));
        letters += line.chars().filter(|c| c.is_alphanumeric()).count();
    }
    rest.retain(|chunk| !chunk.text.is_empty());
    (letters >= LEFT_MIN).then(|| Remaining { chunks: rest, left_out: u32::try_from(left_out).unwrap_or(u32::MAX) })
}
