//! Texts to token ids: the tokenizer of `XLM-RoBERTa`, or what an imported model brings ([`super::foreign`]).
//!
//! Ours is `SentencePiece`'s normalisation, then per word the most probable pieces (Unigram; Kudo 2018,
//! arXiv:1804.10959), found by Viterbi.
//!
//! Gives the same ids as the `tokenizers` crate with the model's `tokenizer.json`, except that marks such as `</s>` in a
//! text are plain characters. Written out here because that crate's Unigram holds 280 MB for this vocabulary, takes
//! 0.6 s to load, and keeps a cache. Immutable, so any number of threads may share it; memory per call is about 40 bytes
//! per byte of text, so callers pass sections, not books.

use std::ops::ControlFlow;

use tokenizers::normalizer::Range as Referential;
use tokenizers::{NormalizedString, Normalizer as _};

use super::bundle::Bundle;
use super::error::Result;
use super::foreign::{Foreign, TOKENIZER_FILE};
use super::vocabulary::{BEGIN, END, UNKNOWN, VOCABULARY_FILE, Vocabulary};

/// The stand-in for a space, put before every word.
const WORD_MARK: char = '\u{2581}';
const WORD_MARK_BYTES: usize = WORD_MARK.len_utf8();

/// Cuts texts into the tokens of one model.
pub struct Tokenizer {
    kind: Kind,
}

enum Kind {
    Own(Own),
    Foreign(Box<Foreign>),
}

struct Own {
    vocabulary: Vocabulary,
}

/// A token: its id, and where it stands in the normalised text.
struct Token {
    id: u32,
    start: usize,
    end: usize,
}

/// Best way to spell a word up to some byte.
#[derive(Clone, Copy)]
struct Step {
    score: f64,
    start: usize,
    id: u32,
}

const UNREACHED: Step = Step { score: 0.0, start: usize::MAX, id: UNKNOWN };

impl Tokenizer {
    /// # Errors
    /// [`EmbedError::Incomplete`] or [`EmbedError::Malformed`] when the bundle holds no readable vocabulary.
    pub fn load(bundle: &Bundle) -> Result<Self> {
        let kind = if bundle.manifest().files.contains_key(TOKENIZER_FILE) {
            Kind::Foreign(Box::new(Foreign::read(&bundle.file(TOKENIZER_FILE)?)?))
        } else {
            Kind::Own(Own { vocabulary: Vocabulary::read(&bundle.file(VOCABULARY_FILE)?)? })
        };
        Ok(Self { kind })
    }

    /// Number of token ids, the marks included.
    pub fn vocabulary_len(&self) -> usize {
        match &self.kind {
            Kind::Own(own) => own.vocabulary.len(),
            Kind::Foreign(foreign) => foreign.vocabulary_len(),
        }
    }

    /// Number of tokens of a text, without the marks an encoded text gets.
    pub fn count(&self, text: &str) -> usize {
        match &self.kind {
            Kind::Own(own) => own.count(text),
            Kind::Foreign(foreign) => foreign.count(text),
        }
    }

    /// Byte range in `text` of each token, in order. Starts and ends never decrease and lie on character boundaries. White
    /// space belongs to no token; a range may be empty, and two tokens that spell parts of one character share its range.
    pub fn offsets(&self, text: &str) -> Vec<(usize, usize)> {
        match &self.kind {
            Kind::Own(own) => own.offsets(text),
            Kind::Foreign(foreign) => foreign.offsets(text),
        }
    }

    /// Token ids between the marks of beginning and end, at most `max` of them in all (never fewer than the marks); what
    /// does not fit is cut off at the end.
    pub fn encode(&self, text: &str, max: usize) -> Vec<u32> {
        match &self.kind {
            Kind::Own(own) => own.encode(text, max),
            Kind::Foreign(foreign) => foreign.encode(text, max),
        }
    }
}

impl Own {
    fn count(&self, text: &str) -> usize {
        let mut count = 0;
        self.each(normalise(&self.vocabulary, text).1.get(), |_| {
            count += 1;
            ControlFlow::Continue(())
        });
        count
    }

    fn offsets(&self, text: &str) -> Vec<(usize, usize)> {
        let (skipped, normalised) = normalise(&self.vocabulary, text);
        let length = normalised.get().len();
        let original = |range: std::ops::Range<usize>| {
            normalised
                .convert_offsets(Referential::Normalized(range))
                .map(|found| (found.start + skipped, found.end + skipped))
        };
        let mut offsets: Vec<(usize, usize)> = Vec::new();
        self.each(normalised.get(), |token| {
            let before = offsets.last().copied().unwrap_or((skipped, skipped));
            let (start, end) = if token.start < token.end {
                original(token.start..token.end).unwrap_or((before.1, before.1))
            } else if token.start < length {
                original(token.start..token.start + 1).map_or((before.1, before.1), |(start, _)| (start, start))
            } else {
                (text.len(), text.len())
            };
            let start = start.max(before.0);
            offsets.push((start, end.max(before.1).max(start)));
            ControlFlow::Continue(())
        });
        offsets
    }

    fn encode(&self, text: &str, max: usize) -> Vec<u32> {
        let max = max.max(2);
        let mut ids = vec![BEGIN];
        if max > 2 {
            self.each(normalise(&self.vocabulary, text).1.get(), |token| {
                ids.push(token.id);
                if ids.len() + 1 < max { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
        }
        ids.push(END);
        ids
    }

    /// Feeds the tokens of a normalised text to `take` until it has enough.
    fn each(&self, text: &str, mut take: impl FnMut(Token) -> ControlFlow<()>) {
        let mut steps = Vec::new();
        let mut path = Vec::new();
        let mut word = String::new();
        let mut rest = 0;
        // A text that does not begin with a space is treated as if it did; an empty one has no word at all.
        let mut unmarked = !text.is_empty() && !text.starts_with([' ', WORD_MARK]);
        while rest < text.len() || unmarked {
            let start = if unmarked { rest } else { rest + mark_len(&text[rest..]) };
            unmarked = false;
            let length = text[start..].find([' ', WORD_MARK]).unwrap_or(text.len() - start);
            word.clear();
            word.push(WORD_MARK);
            word.push_str(&text[start..start + length]);
            self.spell(&word, &mut steps, &mut path);
            for (id, from, to) in path.drain(..).rev() {
                let at = |byte: usize| start + byte.saturating_sub(WORD_MARK_BYTES);
                if take(Token { id, start: at(from), end: at(to) }).is_break() {
                    return;
                }
            }
            rest = start + length;
        }
    }

    /// Leaves the best spelling of `word` in `path`, last piece first, as (id, first byte, byte after the last).
    fn spell(&self, word: &str, steps: &mut Vec<Step>, path: &mut Vec<(u32, usize, usize)>) {
        let bytes = word.as_bytes();
        let unknown = self.vocabulary.unknown_score();
        steps.clear();
        steps.resize(bytes.len() + 1, UNREACHED);
        for (start, character) in word.char_indices() {
            let score_here = steps[start].score;
            let mut relax = |end: usize, id: u32, score: f64| {
                let step = &mut steps[end];
                if step.start == usize::MAX || score_here + score > step.score {
                    *step = Step { score: score_here + score, start, id };
                }
            };
            let mut alone = false;
            self.vocabulary.prefixes(&bytes[start..], |length, id, score| {
                alone |= length == character.len_utf8();
                relax(start + length, id, score);
            });
            if !alone {
                relax(start + character.len_utf8(), UNKNOWN, unknown);
            }
        }
        let mut end = bytes.len();
        while end > 0 {
            let Step { start, id, .. } = steps[end];
            match path.last_mut() {
                // Neighbouring characters that no piece spells are one unknown token.
                Some(after) if id == UNKNOWN && after.0 == UNKNOWN => after.1 = start,
                _ => path.push((id, start, end)),
            }
            end = start;
        }
    }
}

/// Bytes of the word boundary that `text` begins with: a run of spaces, or one mark.
fn mark_len(text: &str) -> usize {
    if text.starts_with(WORD_MARK) { WORD_MARK_BYTES } else { text.len() - text.trim_start_matches(' ').len() }
}

/// The character rules of `SentencePiece`. The first number is how many bytes of `text` were left out before the part that is
/// normalised: characters that map to nothing at the very start would shift the alignment of all that follows.
fn normalise(vocabulary: &Vocabulary, text: &str) -> (usize, NormalizedString) {
    let vanishes = |c: char| vocabulary.charsmap.transform(c.encode_utf8(&mut [0; 4])).is_some_and(str::is_empty);
    let kept = text.trim_start_matches(vanishes);
    let mut normalised = NormalizedString::from(kept);
    if vocabulary.charsmap.normalize(&mut normalised).is_err() {
        // The rules are a table look-up and have no failure of their own; unnormalised text is still searchable.
        normalised = NormalizedString::from(kept);
    }
    (text.len() - kept.len(), normalised)
}
