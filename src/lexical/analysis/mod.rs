//! Text analysis: segmentation, folding, stemming, compound splitting, stop words, language detection.
//!
//! Invariants: pure functions of their arguments; offsets are byte offsets into the given text and lie on character
//! boundaries; every stem and part is folded (lower case, no diacritics), at most [`WORD_CHARS_MAX`] characters long.

mod compound;
mod detect;
mod fold;
mod lexicon;
mod number;
mod segment;
mod stem;
mod stopwords;
#[cfg(test)]
mod tests;

pub use compound::split_compound;
pub use detect::detect;
pub use fold::fold;
pub use stem::stem;
pub use stopwords::is_stopword;

/// Longer "words" are data, not words; they are skipped.
pub const WORD_CHARS_MAX: usize = 80;
/// Tokens taken from one text; the rest is ignored.
pub const TOKENS_MAX: usize = 50_000;
/// Changes whenever stems or parts of any text change, so that old indexes are thrown away.
pub const ANALYSIS_VERSION: u32 = 1;

/// Language of a text, as far as analysis distinguishes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lang {
    De,
    En,
    /// Neither: words are folded, but not stemmed or split.
    #[default]
    Other,
}

/// One word of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The word as written, in lower case.
    pub text: String,
    /// What is compared.
    pub stem: String,
    /// Stems of the parts of a compound, larger parts included; the last piece of a hyphenated word also carries the
    /// stem of the joined word. Empty for simple words.
    pub parts: Vec<String>,
    /// Byte offsets into the text.
    pub start: usize,
    pub end: usize,
    pub is_stopword: bool,
    pub is_number: bool,
}

/// The words of `text`, in order.
#[must_use]
pub fn tokens(text: &str, lang: Lang) -> Vec<Token> {
    let mut found: Vec<Token> = Vec::new();
    let mut chain = String::new();
    for word in segment::words(text).take(TOKENS_MAX) {
        let raw = &text[word.start..word.end];
        if raw.chars().count() > WORD_CHARS_MAX {
            chain.clear();
            continue;
        }
        let lower = fold::lower(raw);
        if lower.is_empty() {
            continue;
        }
        let is_number = number::is_number(&lower);
        let (stem, mut parts) = if word.is_address {
            let pieces = segment::words(&lower.replace('@', " ")).map(|w| fold(&lower[w.start..w.end])).collect();
            (lower.clone(), pieces)
        } else if is_number {
            (number::normalize(&lower), Vec::new())
        } else {
            stem::analyze(&lower, lang)
        };
        if word.joins_previous {
            chain.push_str(&lower);
            if !word.joins_next && chain.chars().count() <= WORD_CHARS_MAX {
                let joined = stem::stem(&chain, lang);
                if joined != stem && !parts.contains(&joined) {
                    parts.push(joined);
                }
            }
        } else {
            chain.clone_from(&lower);
        }
        let is_stopword = stopwords::is_stopword(&lower, lang);
        found.push(Token { text: lower, stem, parts, start: word.start, end: word.end, is_stopword, is_number });
    }
    found
}
