//! Language of a text. Function words decide where there are any; character statistics (whichlang) decide the rest,
//! since on a few words they often take German for Dutch or a Scandinavian language.

use super::{Lang, segment, stopwords};

/// Words looked at.
const WORDS_MAX: usize = 200;
/// Below this many words, a language that is neither German nor English is not believed.
const WORDS_FOREIGN_MIN: usize = 6;

/// The language of `text`; [`Lang::Other`] if it is neither German nor English, or cannot be told.
pub fn detect(text: &str) -> Lang {
    let (mut german, mut english, mut words, mut end) = (0_usize, 0_usize, 0_usize, 0);
    for word in segment::words(text).take(WORDS_MAX) {
        let raw = &text[word.start..word.end];
        end = word.end;
        if !raw.chars().any(char::is_alphabetic) {
            continue;
        }
        words += 1;
        let (in_german, in_english) = (stopwords::is_stopword(raw, Lang::De), stopwords::is_stopword(raw, Lang::En));
        german += usize::from(in_german && !in_english) * 2;
        english += usize::from(in_english && !in_german) * 2;
        german += usize::from(raw.contains(['ä', 'ö', 'ü', 'ß', 'Ä', 'Ö', 'Ü']));
    }
    if words == 0 {
        return Lang::Other;
    }
    let guess = whichlang::detect_language(&text[..end]);
    match guess {
        whichlang::Lang::Deu => german += 2,
        whichlang::Lang::Eng => english += 2,
        _ if words >= WORDS_FOREIGN_MIN && (german.max(english)) * 4 < words * 2 => {
            return Lang::Other;
        }
        _ => {}
    }
    match german.cmp(&english) {
        std::cmp::Ordering::Greater => Lang::De,
        std::cmp::Ordering::Less => Lang::En,
        std::cmp::Ordering::Equal => Lang::Other,
    }
}
