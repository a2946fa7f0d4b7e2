//! Cross-encoder and query encoder against an independent computation (`models/training/golden.py`).

use super::super::body::Precision;
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
    let load = |precision| CrossEncoder::load(&bundle, encoder.words(), precision).unwrap().unwrap();
    // Where the processor has no such instructions, both are f32.
    let (cross, fast) = (load(Precision::F32), load(Precision::Int8));
    for (pair, window, sentences) in [
        (
            pair(
                "wann hat das amt donnerstags offen",
                "Bürgerbüro – Öffnungszeiten",
                &["Montag bis Mittwoch 8–12 Uhr", "Donnerstag 8–12 und 14–18 Uhr", "Freitag 8–12 Uhr"],
            ),
            0.385,
            &[-1.581, 0.428, -1.334][..],
        ),
        (
            pair(
                "was kostet der parkausweis für das zweite auto",
                "Bewohnerparkausweis",
                &["Der Bewohnerparkausweis kostet 30,70 € im Jahr.", "Er gilt nur für ein Fahrzeug."],
            ),
            -3.108,
            &[-2.587, -3.822][..],
        ),
        (
            pair(
                "where can I return my books on Sunday",
                "Stadtbücherei",
                &["Die Rückgabeklappe neben dem Eingang ist jederzeit offen."],
            ),
            1.968,
            &[2.828][..],
        ),
    ] {
        let judged = cross.judge(&tokenizer, &pair).unwrap();
        assert!((judged.window - window).abs() < 0.02, "{}: {judged:?}", pair.question);
        assert_eq!(judged.sentences.len(), sentences.len());
        for (odds, golden) in judged.sentences.iter().zip(sentences) {
            assert!((odds - golden).abs() < 0.02, "{}: {judged:?}", pair.question);
        }
        let quick = fast.judge(&tokenizer, &pair).unwrap();
        assert!((quick.window - window).abs() < 0.5, "{}: {quick:?} instead of {judged:?}", pair.question);
    }
}

#[test]
fn what_does_not_fit_is_left_out_and_nothing_panics() {
    let bundle = bundle();
    let (tokenizer, encoder) = (Tokenizer::load(&bundle).unwrap(), Encoder::load(&bundle).unwrap());
    let cross = CrossEncoder::load(&bundle, encoder.words(), Precision::Int8).unwrap().unwrap();
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
            [0.083, -0.0533, -0.0137, 0.0077, 0.0389, -0.0701, 0.0047, 0.0722],
        ),
        (
            "query: where can I return my books on Sunday",
            [0.0577, -0.0211, -0.0023, -0.0427, 0.0968, -0.033, 0.008, 0.0671],
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
