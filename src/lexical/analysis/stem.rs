//! Stems: Snowball for German and English, after spelling decisions that need the word list.

use std::cell::RefCell;
use std::collections::HashMap;

use tantivy::tokenizer::{Language, RawTokenizer, Stemmer, TextAnalyzer};

use super::{Lang, compound, fold, lexicon};

/// Words remembered per thread; the memory is emptied when full.
const MEMORY_WORDS_MAX: usize = 20_000;

struct Stemmers {
    german: TextAnalyzer,
    english: TextAnalyzer,
    memory: HashMap<String, (String, Vec<String>)>,
}

thread_local! {
    static STEMMERS: RefCell<Stemmers> = RefCell::new(Stemmers {
        german: TextAnalyzer::builder(RawTokenizer::default()).filter(Stemmer::new(Language::German)).build(),
        english: TextAnalyzer::builder(RawTokenizer::default()).filter(Stemmer::new(Language::English)).build(),
        memory: HashMap::new(),
    });
}

/// The stem of one word, as [`super::tokens`] would give it.
#[must_use]
pub fn stem(word: &str, lang: Lang) -> String {
    match lang {
        Lang::De => snowball(&unify(&fold::fold(word)), Lang::De),
        Lang::En => snowball(strip_clitic(&fold::fold(word)), Lang::En),
        Lang::Other => fold::fold(word),
    }
}

/// Stem and stems of compound parts of a word in lower case.
pub fn analyze(lower: &str, lang: Lang) -> (String, Vec<String>) {
    if lang != Lang::De {
        return (stem(lower, lang), Vec::new());
    }
    if let Some(known) = STEMMERS.with_borrow(|s| s.memory.get(lower).cloned()) {
        return known;
    }
    let stem = stem(lower, lang);
    let mut parts: Vec<String> = Vec::new();
    for part in compound::split_compound(lower) {
        let part = snowball(&unify(&part), Lang::De);
        if part != stem && !parts.contains(&part) {
            parts.push(part);
        }
    }
    STEMMERS.with_borrow_mut(|s| {
        if s.memory.len() >= MEMORY_WORDS_MAX {
            s.memory.clear();
        }
        s.memory.insert(lower.to_owned(), (stem.clone(), parts.clone()));
    });
    (stem, parts)
}

fn snowball(folded: &str, lang: Lang) -> String {
    STEMMERS.with_borrow_mut(|s| {
        let analyzer = if lang == Lang::De { &mut s.german } else { &mut s.english };
        let mut stream = analyzer.token_stream(folded);
        if stream.advance() { stream.token().text.clone() } else { folded.to_owned() }
    })
}

/// `dog's` and `don't` without what follows the apostrophe.
fn strip_clitic(word: &str) -> &str {
    word.split_once('\'').map_or(word, |(head, _)| if head.len() > 1 { head } else { word })
}

/// One spelling per German word: transliterated umlauts become plain vowels, and verbs in `-ern` meet their noun in
/// `-erung`, which the stemmer alone keeps apart (`verlängern`, `Verlängerung`).
fn unify(folded: &str) -> String {
    let word = plain_vowels(strip_clitic(folded));
    let word = infinitive(&word).unwrap_or(word);
    for ending in ["n", "t", "te", "ten", "nde", "nden"] {
        if let Some(base) = word.strip_suffix(ending)
            && (base.ends_with("er") || base.ends_with("el"))
            && base.len() >= 5
        {
            let noun = format!("{base}ung");
            if lexicon::contains(&noun) {
                return noun;
            }
        }
    }
    word
}

/// Endings of regular verb forms, participles declined included.
const VERB_ENDINGS: [&str; 19] = [
    "test", "tet", "ten", "tem", "ter", "tes", "te", "t", "enden", "endem", "ender", "endes", "ende", "end", "eten",
    "ete", "et", "en", "n",
];
const SEPARABLE: [&str; 24] = [
    "zusammen", "herunter", "zuruck", "weiter", "heraus", "hinzu", "fest", "frei", "hoch", "nach", "ab", "an", "auf",
    "aus", "bei", "dar", "ein", "her", "hin", "los", "mit", "um", "vor", "zu",
];

/// The infinitive of a form of a regular verb: `beantragt`, `eingefügte`, `einzufügen`. Nouns stay what they are.
fn infinitive(word: &str) -> Option<String> {
    if word.len() < 6 || !word.is_ascii() || is_noun(word) {
        return None;
    }
    let verb_of = |root: &str| {
        let endings: &[&str] = if root.ends_with("er") || root.ends_with("el") { &["n", "en"] } else { &["en"] };
        endings.iter().map(|e| format!("{root}{e}")).find(|w| lexicon::get(w).is_some_and(|e| e.is_verb))
    };
    if lexicon::get(word).is_some_and(|e| e.is_verb) {
        return None;
    }
    for ending in VERB_ENDINGS {
        let Some(root) = word.strip_suffix(ending).filter(|r| r.len() >= 4) else {
            continue;
        };
        if let Some(verb) = verb_of(root) {
            return Some(verb);
        }
        for prefix in SEPARABLE.iter().chain(&[""]) {
            let Some(rest) = root.strip_prefix(prefix) else {
                continue;
            };
            for infix in ["ge", "zu"] {
                // "ge" goes with past participles, "zu" with infinitives.
                if (infix == "zu") != matches!(ending, "en" | "n") {
                    continue;
                }
                let Some(rest) = rest.strip_prefix(infix).filter(|r| r.len() >= 2) else {
                    continue;
                };
                if let Some(verb) = verb_of(&format!("{prefix}{rest}")) {
                    return Some(verb);
                }
            }
        }
    }
    None
}

/// A noun that takes part in compounds, in any number or case.
fn is_noun(word: &str) -> bool {
    ["", "e", "n", "en", "s", "es", "er", "ern"]
        .iter()
        .any(|ending| word.strip_suffix(ending).and_then(lexicon::get).is_some_and(|e| e.head.is_some_and(|h| h > 0)))
}

/// `mueller` becomes `muller`, as `Müller` does; `steuer`, `kontoeroeffnung` and other words that are right as they
/// stand keep their letters. A digraph after a vowel or q is never an umlaut.
pub fn plain_vowels(folded: &str) -> String {
    let bytes = folded.as_bytes();
    let is_digraph = |i: usize| {
        i > 0
            && bytes[i] == b'e'
            && matches!(bytes[i - 1], b'a' | b'o' | b'u')
            && (i < 2 || !matches!(bytes[i - 2], b'a' | b'e' | b'i' | b'o' | b'u' | b'q'))
    };
    if !folded.is_ascii() || !(0..bytes.len()).any(is_digraph) || lexicon::contains(folded) {
        return folded.to_owned();
    }
    let plain: String = folded.char_indices().filter(|(i, _)| !is_digraph(*i)).map(|(_, c)| c).collect();
    if lexicon::contains(&plain) || compound::find(folded).is_none() { plain } else { folded.to_owned() }
}
