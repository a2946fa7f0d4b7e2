//! From an extracted document to passages: along headings, measured by the model's own tokenizer,
//! so that nothing is silently cut when a passage is embedded.

use crate::base::limits::DOCUMENT_CHUNKS_MAX;
use crate::svc::extract::{Block, Extracted};
use crate::svc::knowledge::{NewChunk, sentences};

/// A passage is closed when the next line would take it past this many tokens.
const TOKENS_MAX: usize = 260;
/// A passage shorter than this takes the next section in, if that belongs under the same heading.
const TOKENS_MIN: usize = 48;

/// Counts tokens of a text, without specials.
pub type Count<'a> = dyn Fn(&str) -> usize + 'a;

/// Passages of a document, and how many were cut off over the limit.
pub fn chunks(document: &Extracted, count: &Count<'_>) -> (Vec<NewChunk>, usize) {
    let mut builder =
        Builder { count, done: Vec::new(), section: Vec::new(), lines: Vec::new(), shape: String::new(), tokens: 0 };
    for section in &document.sections {
        builder.enter(&section.path);
        for block in &section.blocks {
            let mark = mark_of(block);
            let mut next = mark.to_ascii_uppercase();
            for line in block.to_text().lines().map(str::trim).filter(|l| !l.is_empty()) {
                builder.line(line, next, mark);
                next = mark;
            }
        }
    }
    builder.close();
    let mut chunks = builder.done;
    let cut = chunks.len().saturating_sub(DOCUMENT_CHUNKS_MAX);
    chunks.truncate(DOCUMENT_CHUNKS_MAX);
    (chunks, cut)
}

/// The letter of [`NewChunk::shape`] for a block's lines.
const fn mark_of(block: &Block) -> char {
    match block {
        Block::List { .. } => 'l',
        Block::Table { .. } => 't',
        Block::Paragraph { .. } | Block::Quote { .. } | Block::Code { .. } => 'p',
    }
}

struct Builder<'a> {
    count: &'a Count<'a>,
    done: Vec<NewChunk>,
    section: Vec<String>,
    lines: Vec<String>,
    shape: String,
    tokens: usize,
}

impl Builder<'_> {
    fn enter(&mut self, path: &[String]) {
        let parent = |p: &[String]| p.split_last().map(|(_, rest)| rest.to_vec()).unwrap_or_default();
        let related = path.starts_with(&self.section) || (parent(path) == parent(&self.section) && !path.is_empty());
        if !self.lines.is_empty() && self.tokens < TOKENS_MIN && related {
            // Too short to stand alone: the next heading becomes a line of this passage.
            if let Some(heading) = path.last() {
                let shared = self.section.iter().zip(path).take_while(|(a, b)| a == b).count();
                if shared < self.section.len() {
                    let own = self.section.split_off(shared).join(" – ");
                    self.lines.insert(0, own);
                    self.shape.insert(0, 'h');
                }
                self.push(heading.clone());
            }
            return;
        }
        self.close();
        self.section = path.to_vec();
    }

    /// `first` marks the line, `mark` what it is cut into behind its first part.
    fn line(&mut self, line: &str, first: char, mark: char) {
        let tokens = (self.count)(line);
        if tokens > TOKENS_MAX {
            let mut next = first;
            for part in split(line, self.count) {
                self.fit((self.count)(&part), part, next);
                next = mark;
            }
        } else {
            self.fit(tokens, line.to_owned(), first);
        }
    }

    fn fit(&mut self, tokens: usize, line: String, mark: char) {
        if self.tokens + tokens > TOKENS_MAX && !self.lines.is_empty() {
            let section = self.section.clone();
            self.close();
            self.section = section;
        }
        self.tokens += tokens;
        self.lines.push(line);
        self.shape.push(mark);
    }

    fn push(&mut self, line: String) {
        self.tokens += (self.count)(&line);
        self.lines.push(line);
        self.shape.push('h');
    }

    fn close(&mut self) {
        if !self.lines.is_empty() {
            self.done.push(NewChunk {
                section: std::mem::take(&mut self.section),
                text: std::mem::take(&mut self.lines).join("\n"),
                shape: std::mem::take(&mut self.shape),
            });
        }
        self.tokens = 0;
    }
}

/// Parts of a line that each fit: sentences put together, and words where a sentence is too long.
fn split(line: &str, count: &Count<'_>) -> Vec<String> {
    let mut parts = Vec::new();
    let mut open = String::new();
    let mut open_tokens = 0;
    let mut add = |text: &str, tokens: usize| {
        if open_tokens + tokens > TOKENS_MAX && !open.is_empty() {
            parts.push(std::mem::take(&mut open));
            open_tokens = 0;
        }
        if !open.is_empty() {
            open.push(' ');
        }
        open.push_str(text);
        open_tokens += tokens;
    };
    for sentence in sentences(line) {
        let tokens = count(sentence);
        if tokens <= TOKENS_MAX {
            add(sentence, tokens);
            continue;
        }
        for word in sentence.split_whitespace() {
            for piece in pieces(word) {
                add(piece, count(piece).max(1));
            }
        }
    }
    parts.push(open);
    parts.retain(|p| !p.is_empty());
    parts
}

/// A word without end (a data URL, a hash) in pieces of at most 200 bytes.
fn pieces(word: &str) -> Vec<&str> {
    let mut rest = word;
    let mut pieces = Vec::new();
    while rest.len() > 200 {
        let at = (150..=200).rev().find(|&i| rest.is_char_boundary(i)).unwrap_or(rest.len());
        let (head, tail) = rest.split_at(at);
        pieces.push(head);
        rest = tail;
    }
    pieces.push(rest);
    pieces
}
