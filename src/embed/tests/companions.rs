//! Cross-encoder and query encoder against an independent computation (`models/training/golden.py`).

use super::super::cross::CrossEncoder;
use super::super::{Encoder, Pair, Tokenizer};
use super::{bundle, cosine};

fn pair(question: &str, heading: &str, sentences: &[&str]) -> Pair {
    Pair {
        question: question.into(),
        heading: heading.to_owned(),
        sentences: sentences.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn odds_equal_the_reference() {
    let bundle = bundle();
    let (tokenizer, encoder) = (Tokenizer::load(&bundle).unwrap(), Encoder::load(&bundle).unwrap());
    let cross = CrossEncoder::load(&bundle, encoder.words()).unwrap().unwrap();
    for (pair, window, sentences) in [
        (
            pair(
                "wann hat das amt donnerstags offen",
                "Bürgerbüro – Öffnungszeiten",
                &["Montag bis Mittwoch 8–12 Uhr", "Donnerstag 8–12 und 14–18 Uhr", "Freitag 8–12 Uhr"],
            ),
            1.234,
            &[-0.266, -0.521, -1.492][..],
        ),
        (
            pair(
                "was kostet der parkausweis für das zweite auto",
                "Bewohnerparkausweis",
                &["Der Bewohnerparkausweis kostet 30,70 € im Jahr.", "Er gilt nur für ein Fahrzeug."],
            ),
            -0.743,
            &[-0.239, -4.022][..],
        ),
        (
            pair(
                "where can I return my books on Sunday",
                "Stadtbücherei",
                &["Die Rückgabeklappe neben dem Eingang ist jederzeit offen."],
            ),
            -0.438,
            &[-0.582][..],
        ),
    ] {
        let judged = cross.judge(&tokenizer, &pair).unwrap();
        assert!((judged.window - window).abs() < 0.02, "{}: {judged:?}", pair.question);
        assert_eq!(judged.sentences.len(), sentences.len());
        for (odds, golden) in judged.sentences.iter().zip(sentences) {
            assert!((odds - golden).abs() < 0.02, "{}: {judged:?}", pair.question);
        }
    }
}

#[test]
fn what_does_not_fit_is_left_out_and_nothing_panics() {
    let bundle = bundle();
    let (tokenizer, encoder) = (Tokenizer::load(&bundle).unwrap(), Encoder::load(&bundle).unwrap());
    let cross = CrossEncoder::load(&bundle, encoder.words()).unwrap().unwrap();
    let long = "Donaudampfschifffahrtsgesellschaft ".repeat(400);
    let judged = cross.judge(&tokenizer, &pair(&long, &long, &["kurz", &long, "nie gesehen"])).unwrap();
    assert_eq!(judged.sentences.len(), 2);
    for odd in [pair("", "", &[]), pair("?", "", &["", " "]), pair("x", "\u{0}", &["\u{fffd}"])] {
        assert!(cross.judge(&tokenizer, &odd).unwrap().window.is_finite());
    }
}

#[test]
fn questions_have_last_layers_of_their_own() {
    let bundle = bundle();
    let (tokenizer, encoder) = (Tokenizer::load(&bundle).unwrap(), Encoder::load(&bundle).unwrap());
    for (question, golden) in [
        (
            "query: wann hat das amt donnerstags offen",
            [0.0844, -0.0536, -0.0177, 0.0105, 0.0317, -0.0681, 0.0136, 0.0722],
        ),
        (
            "query: where can I return my books on Sunday",
            [0.0502, -0.0184, -0.0054, -0.0453, 0.0919, -0.0321, 0.0158, 0.071],
        ),
    ] {
        let ids = tokenizer.encode(question, 512);
        let vector = encoder.embed_query(&ids).unwrap();
        for (value, golden) in vector.iter().zip(golden) {
            assert!((value - golden).abs() < 2e-3, "{question}: {:?}", &vector[..8]);
        }
        // Near the old one, but not the same.
        let similarity = cosine(&vector, &encoder.embed(&ids).unwrap());
        assert!((0.8..0.999).contains(&similarity), "{similarity}");
    }
}
