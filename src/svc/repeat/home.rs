//! Which page a repeated part fits best: there it stays.

use std::collections::BTreeSet;

use crate::lexical::{Lang, tokens};
use crate::svc::knowledge::Document;

/// Words of addresses and titles under which people look for an office.
const CONTACT: [&str; 6] = ["kontakt", "contact", "impressum", "imprint", "anfahrt", "oeffnungszeiten"];
/// Digits in a part from which it may hold a telephone number.
const PHONE_DIGITS_MIN: usize = 6;
/// What a word of the title counts, one of the address counts one.
const TITLE: u32 = 3;
/// What a page for contacts gains when the part is about reaching somebody.
const REACH: u32 = 4;

/// How well a page suits a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Home {
    pub key: String,
    score: u32,
    was_home: bool,
    /// Steps below the start page.
    depth: usize,
}

impl Home {
    /// Whether this page suits better; equal ones keep the one that came first.
    pub fn beats(&self, other: &Self) -> bool {
        let rank = |h: &Self| (h.score, h.was_home, std::cmp::Reverse(h.depth));
        rank(self) > rank(other)
    }
}

/// How well the document suits a part with this text.
pub(super) fn fit(document: &Document, text: &str, was_home: bool) -> Home {
    let lang = match document.language.as_str() {
        "de" => Lang::De,
        "en" => Lang::En,
        _ => Lang::Other,
    };
    let stems = |text: &str| -> BTreeSet<String> {
        tokens(text, lang).into_iter().filter(|t| !t.is_stopword && !t.is_number).map(|t| t.stem).collect()
    };
    let path = path_of(&document.key);
    let (part, title, address) = (stems(text), stems(&document.title), stems(&path.replace(['/', '-', '_', '.'], " ")));
    let mut score = 0;
    for stem in &part {
        score += if title.contains(stem) { TITLE } else { u32::from(address.contains(stem)) };
    }
    let reaches = text.contains('@') || text.bytes().filter(u8::is_ascii_digit).count() >= PHONE_DIGITS_MIN;
    let named = format!("{path} {}", document.title.to_lowercase());
    if reaches && CONTACT.iter().any(|word| named.contains(word)) {
        score += REACH;
    }
    Home { key: document.key.clone(), score, was_home, depth: path.split('/').filter(|step| !step.is_empty()).count() }
}

/// The path of a URL, or the key itself.
fn path_of(key: &str) -> String {
    url::Url::parse(key).map_or_else(|_| key.to_lowercase(), |url| url.path().to_lowercase())
}
