//! Folding: spelling differences that never carry meaning in search.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Lower case, compatibility forms unified, invisible characters (soft hyphen, joiners) dropped; diacritics stay.
pub fn lower(word: &str) -> String {
    word.nfkc()
        .filter(|c| !is_invisible(*c))
        .flat_map(char::to_lowercase)
        .map(|c| if c == '’' { '\'' } else { c })
        .collect()
}

/// [`lower`], then without diacritics: `Größe` and `Grosse` become `grosse`, `Café` becomes `cafe`.
/// German transliterations (`Mueller`) are handled in [`super::stem`], which knows the words.
#[must_use]
pub fn fold(word: &str) -> String {
    let lower = lower(word);
    if lower.is_ascii() {
        return lower;
    }
    let mut folded = String::with_capacity(lower.len());
    for c in lower.nfd().filter(|c| !is_combining_mark(*c)) {
        match c {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' | 'ð' => folded.push('d'),
            'ı' => folded.push('i'),
            _ => folded.push(c),
        }
    }
    folded
}

/// Characters inside a word that the reader does not see.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}
