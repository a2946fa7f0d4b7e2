//! The German word list compounds are split with. Made by `assets/lexicon/make`, which also states its origin.

use std::collections::HashMap;
use std::io::Read;
use std::sync::LazyLock;

use flate2::read::ZlibDecoder;

static PACKED: &[u8] = include_bytes!("../../../assets/lexicon/de_words.bin");
/// Inflated size limit, against a damaged build.
const BYTES_MAX: u64 = 16 * 1024 * 1024;

/// How a word behaves in compounds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Entry {
    /// How productive the word is as the last part, 0 (never) to 9, logarithmic.
    pub head: Option<u8>,
    /// ... and as an earlier part.
    pub modifier: Option<u8>,
    /// Must not be split.
    pub is_whole: bool,
    /// A known noun although it ends like a place name.
    pub is_attested: bool,
    /// The infinitive of a regular verb.
    pub is_verb: bool,
}

static WORDS: LazyLock<HashMap<&'static str, Entry>> = LazyLock::new(|| {
    let mut text = String::new();
    // A damaged list would be a broken build; the tests notice. Search then works without splitting.
    if ZlibDecoder::new(PACKED).take(BYTES_MAX).read_to_string(&mut text).is_err() {
        text.clear();
    }
    let text: &'static str = text.leak();
    text.lines().filter_map(parse).collect()
});

fn parse(line: &'static str) -> Option<(&'static str, Entry)> {
    let (word, flags) = line.split_once('\t')?;
    let mut entry = Entry::default();
    for c in flags.bytes() {
        match c {
            b'!' => entry.is_whole = true,
            b'+' => entry.is_attested = true,
            b'v' => entry.is_verb = true,
            digit if entry.head.is_none() => entry.head = Some(digit - b'0'),
            digit => entry.modifier = Some(digit - b'0'),
        }
    }
    Some((word, entry))
}

/// The entry of a folded word.
pub fn get(word: &str) -> Option<Entry> {
    WORDS.get(word).copied()
}

/// Whether the folded word is listed.
pub fn contains(word: &str) -> bool {
    WORDS.contains_key(word)
}

/// Number of listed words.
#[cfg(test)]
pub fn len() -> usize {
    WORDS.len()
}
