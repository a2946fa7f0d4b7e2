//! Where words begin and end.
//!
//! Words are runs of letters, digits and marks. Kept whole: numbers with inner `.`, `,` or `:` (`3,50`, `10:30`,
//! `12.05.2026`), e-mail addresses, `§`. Split, but remembered as a chain: `Master-Kennwort`, `A1-B2`.

use unicode_normalization::char::is_combining_mark;

use super::fold::is_invisible;

/// A word and how it hangs together with its neighbours. Offsets are bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    pub start: usize,
    pub end: usize,
    pub is_address: bool,
    /// A hyphen, and nothing else, stands between this word and the one before (after) it.
    pub joins_previous: bool,
    pub joins_next: bool,
}

/// The words of `text`.
pub fn words(text: &str) -> Words<'_> {
    Words { text, position: 0, joins_previous: false }
}

pub struct Words<'a> {
    text: &'a str,
    position: usize,
    joins_previous: bool,
}

fn is_core(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}' | '\u{2011}')
}

impl Words<'_> {
    /// End of the run that starts at `start`, with connectors that belong inside words.
    fn run_end(&self, start: usize) -> usize {
        let mut end = start;
        let mut rest = self.text[start..].char_indices().peekable();
        let mut previous = '\0';
        while let Some((offset, c)) = rest.next() {
            let next = rest.peek().map_or('\0', |(_, n)| *n);
            let keeps = is_core(c)
                || is_invisible(c)
                || (matches!(c, '.' | ',' | ':') && previous.is_ascii_digit() && next.is_ascii_digit())
                || (matches!(c, '\'' | '’') && previous.is_alphabetic() && next.is_alphabetic());
            if !keeps {
                break;
            }
            end = start + offset + c.len_utf8();
            previous = c;
        }
        end
    }

    /// An e-mail address that begins at `start`, if one does.
    fn address_end(&self, start: usize) -> Option<usize> {
        let run = self.text[start..]
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '@')))
            .map_or(self.text.len(), |n| start + n);
        let run = self.text[start..run].trim_end_matches(['.', '-', '_', '+']);
        let (local, domain) = run.split_once('@')?;
        (!local.is_empty() && domain.contains('.') && !domain.contains('@')).then_some(start + run.len())
    }
}

impl Iterator for Words<'_> {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
        loop {
            let c = self.text[self.position..].chars().next()?;
            let start = self.position;
            if c == '§' {
                self.position += c.len_utf8();
                while self.text[self.position..].starts_with('§') {
                    self.position += c.len_utf8();
                }
                self.joins_previous = false;
                let end = start + c.len_utf8();
                return Some(Word { start, end, is_address: false, joins_previous: false, joins_next: false });
            }
            if !is_core(c) {
                self.position += c.len_utf8();
                self.joins_previous = false;
                continue;
            }
            let joins_previous = std::mem::take(&mut self.joins_previous);
            if !joins_previous && let Some(end) = self.address_end(start) {
                self.position = end;
                return Some(Word { start, end, is_address: true, joins_previous: false, joins_next: false });
            }
            let end = self.run_end(start);
            self.position = end;
            let mut ahead = self.text[end..].chars();
            let joins_next = ahead.next().is_some_and(is_hyphen) && ahead.next().is_some_and(is_core);
            if joins_next {
                let hyphen = self.text[end..].chars().next().map_or(0, char::len_utf8);
                self.position += hyphen;
                self.joins_previous = true;
            }
            return Some(Word { start, end, is_address: false, joins_previous, joins_next });
        }
    }
}
