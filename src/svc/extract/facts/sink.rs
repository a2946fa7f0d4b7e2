//! Where facts come together: each once, with the best of what was said about it.

use std::collections::HashMap;

use super::lines::{Line, cut};
use super::{FACTS_MAX, Fact, Role, Source, Stated};

const WRITTEN_BYTES_MAX: usize = 300;
const LABEL_BYTES_MAX: usize = 160;

/// Collects facts.
pub struct Sink {
    facts: Vec<Fact>,
    places: HashMap<String, usize>,
    /// Days that belong to a fact of another kind: block and bytes of its line.
    claimed: Vec<(u32, usize, usize, usize)>,
}

impl Sink {
    pub fn new() -> Self {
        Self { facts: Vec::new(), places: HashMap::new(), claimed: Vec::new() }
    }

    /// A fact of the text.
    pub fn text(&mut self, stated: Stated, line: &Line<'_>, label: Option<&str>, written: &str) {
        let label = label.map(tidy).filter(|label| !label.is_empty());
        self.push(Fact {
            stated,
            source: Source::Text,
            section: line.path.to_vec(),
            block: Some(line.block),
            label,
            written: cut(written.trim(), WRITTEN_BYTES_MAX).to_owned(),
        });
    }

    /// A fact from outside the text.
    pub fn aside(&mut self, stated: Stated, source: Source, label: Option<&str>, written: &str) {
        let label = label.map(tidy).filter(|label| !label.is_empty());
        let written = cut(written.trim(), WRITTEN_BYTES_MAX).to_owned();
        self.push(Fact { stated, source, section: Vec::new(), block: None, label, written });
    }

    /// The days written in these bytes of the line are part of another fact.
    pub fn claim(&mut self, line: &Line<'_>, from: usize, to: usize) {
        self.claimed.push((line.block, line.number, from, to));
    }

    /// Whether what begins at this byte of the line is part of another fact.
    pub fn is_claimed(&self, line: &Line<'_>, at: usize) -> bool {
        let holds = |c: &(u32, usize, usize, usize)| c.0 == line.block && c.1 == line.number && c.2 <= at && at < c.3;
        self.claimed.iter().any(holds)
    }

    /// The facts so far.
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    fn push(&mut self, fact: Fact) {
        let identity = fact.stated.identity();
        if let Some(&at) = self.places.get(&identity) {
            merge(&mut self.facts[at], fact);
        } else if self.facts.len() < FACTS_MAX {
            self.places.insert(identity, self.facts.len());
            self.facts.push(fact);
        }
    }

    /// The facts, in the order of the text, those outside of it first.
    pub fn finish(self) -> Vec<Fact> {
        let mut facts = self.facts;
        facts.sort_by_key(|fact| fact.block);
        facts
    }
}

/// The same fact again: the text adds where it stands and what it is for.
fn merge(known: &mut Fact, again: Fact) {
    match (&mut known.stated, &again.stated) {
        // "Fax" beside a number says more than a link that only dials.
        (Stated::Phone { role, .. }, Stated::Phone { role: said, .. }) if *role == Role::Phone => *role = *said,
        (Stated::Event { start, .. }, Stated::Event { start: said, .. }) if start.len() < said.len() => {
            start.clone_from(said);
        }
        (Stated::Download { size_kb, .. }, Stated::Download { size_kb: said, .. }) => *size_kb = size_kb.or(*said),
        _ => {}
    }
    if known.block.is_none() && again.block.is_some() {
        known.block = again.block;
        known.section = again.section;
    }
    if known.label.is_none() {
        known.label = again.label;
    }
}

/// A label without the signs around it.
fn tidy(label: &str) -> String {
    let edge = |c: char| !c.is_alphanumeric() && !matches!(c, ')' | '(' | '"' | '„' | '“');
    cut(label.trim_matches(edge), LABEL_BYTES_MAX).trim_end_matches(edge).to_owned()
}
