//! Patterns that are compiled when first used. All of them take linear time, whatever the text.

use std::sync::OnceLock;

use regex::{CaptureMatches, Captures, Matches, Regex};

/// A pattern of a rule.
pub struct Rule {
    pattern: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Rule {
    /// A rule; a test compiles each.
    pub const fn new(pattern: &'static str) -> Self {
        Self { pattern, compiled: OnceLock::new() }
    }

    fn regex(&self) -> Option<&Regex> {
        let compile = || Regex::new(self.pattern).inspect_err(|error| tracing::error!(%error, "a rule is broken")).ok();
        self.compiled.get_or_init(compile).as_ref()
    }

    pub fn is_match(&self, text: &str) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(text))
    }

    pub fn captures<'t>(&self, text: &'t str) -> Option<Captures<'t>> {
        self.regex()?.captures(text)
    }

    pub fn find_iter<'r, 't>(&'r self, text: &'t str) -> std::iter::Flatten<std::option::IntoIter<Matches<'r, 't>>> {
        self.regex().map(|regex| regex.find_iter(text)).into_iter().flatten()
    }

    pub fn captures_iter<'r, 't>(
        &'r self,
        text: &'t str,
    ) -> std::iter::Flatten<std::option::IntoIter<CaptureMatches<'r, 't>>> {
        self.regex().map(|regex| regex.captures_iter(text)).into_iter().flatten()
    }
}
