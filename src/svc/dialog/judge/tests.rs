use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::base::id::{ChunkId, DocumentId};
use crate::svc::dialog::Question;
use crate::svc::dialog::evidence::{Features, Sentence};
use crate::svc::dialog::features::measure_judgement;
use crate::svc::retrieve::Ranks;

/// Passages with their score in retrieval, each with sentences and their score.
fn evidence(passages: &[(f32, &[(&str, f32)])]) -> Evidence {
    let mut sentences = Vec::new();
    let mut found = Vec::new();
    for (at, (score, texts)) in passages.iter().enumerate() {
        let number = at as u64 + 1;
        let document = json!({"id": number, "site": 1, "key": format!("page-{number}"), "title": format!("Page {number}"),
            "language": "de", "content_hash": "", "chunks": [number], "ingested_at": 0});
        found.push(Found {
            id: ChunkId(number),
            chunk: crate::svc::knowledge::Chunk {
                document: DocumentId(number),
                ord: 0,
                section: vec!["Fees".into()],
                text: String::new(),
                shape: String::new(),
                text_hash: String::new(),
            },
            document: Arc::new(serde_json::from_value(document).unwrap()),
            score: *score,
            ranks: Ranks::default(),
        });
        for (ord, (text, score)) in texts.iter().enumerate() {
            sentences.push(Sentence {
                passage: at,
                ord,
                text: (*text).to_owned(),
                cosine: None,
                coverage: 0.0,
                own_coverage: 0.0,
                met: 0.0,
                judged: None,
                window: None,
                score: *score,
            });
        }
    }
    sentences.sort_by(|a, b| b.score.total_cmp(&a.score));
    Evidence {
        question: Question::read("was kostet das", "de"),
        passages: found,
        sentences,
        terms: Vec::new(),
        features: Features::default(),
        is_judged: false,
    }
}

fn places(evidence: &Evidence) -> Vec<(usize, usize, usize)> {
    windows(evidence).into_iter().map(|w| (w.passage, w.first, w.last)).collect()
}

const FIVE: &[(&str, f32)] = &[("Eins.", 0.1), ("Zwei.", 0.9), ("Drei.", 0.8), ("Vier.", 0.3), ("Fünf.", 0.7)];

#[test]
fn windows_lie_around_the_best_sentences_and_within_their_passage() {
    // The third sentence is read with the second already.
    assert_eq!(places(&evidence(&[(0.8, FIVE)])), [(0, 0, 2), (0, 3, 4)]);
    assert_eq!(places(&evidence(&[(0.8, &[("Allein.", 0.5)])])), [(0, 0, 0)]);
    assert_eq!(places(&evidence(&[])), []);
}

#[test]
fn headings_and_boilerplate_get_no_window_but_may_stand_in_one() {
    let lines: &[_] =
        &[("Kosten und Fristen", 0.9), ("War diese Seite hilfreich?", 0.8), ("Der Pass kostet 70 €.", 0.1)];
    let evidence = evidence(&[(0.8, lines)]);
    assert_eq!(places(&evidence), [(0, 1, 2)]);
    let pair = pair(&"?".into(), &evidence, windows(&evidence)[0]);
    assert_eq!(pair.heading, "Page 1 – Fees");
    assert_eq!(pair.sentences, ["War diese Seite hilfreich?", "Der Pass kostet 70 €."]);
}

#[test]
fn no_passage_and_no_question_takes_more_than_its_share() {
    // Each passage has better sentences than the next.
    let long = |passage: usize| (0..40).map(move |n| ("Ein Satz.", 0.9 - passage as f32 * 0.05 - n as f32 * 0.001));
    let texts: Vec<Vec<(&str, f32)>> = (0..9).map(|passage| long(passage).collect()).collect();
    let passages: Vec<(f32, &[(&str, f32)])> = texts.iter().map(|texts| (0.8, texts.as_slice())).collect();
    let places = places(&evidence(&passages));
    assert_eq!(places.len(), WINDOWS);
    for (at, place) in places.iter().enumerate() {
        assert_eq!(place.0, at / PER_PASSAGE);
    }
}

#[test]
fn what_answers_comes_first_and_its_neighbours_learn_of_it() {
    let mut evidence = evidence(&[(0.82, &[("Nur das Thema.", 0.6)]), (0.81, FIVE)]);
    note(&mut evidence, Window { passage: 0, first: 0, last: 0 }, &Judgement { window: -5.0, sentences: vec![-6.0] });
    let judgement = Judgement { window: 4.0, sentences: vec![-4.0, 5.0, -2.0] };
    note(&mut evidence, Window { passage: 1, first: 0, last: 2 }, &judgement);
    // A second look changes an opinion only for the better.
    note(&mut evidence, Window { passage: 1, first: 1, last: 1 }, &Judgement { window: -1.0, sentences: vec![-1.0] });
    reorder(&mut evidence);
    assert_eq!(evidence.passages.iter().map(|p| p.document.key.as_str()).collect::<Vec<_>>(), ["page-2", "page-1"]);
    let best = &evidence.sentences[0];
    assert_eq!((best.text.as_str(), best.passage, best.judged, best.window), ("Zwei.", 0, Some(5.0), Some(4.0)));
    let unread = evidence.sentences.iter().find(|s| s.text == "Fünf.").unwrap();
    assert_eq!((unread.judged, unread.window), (None, None));
    assert!(evidence.sentences.windows(2).all(|pair| pair[0].score >= pair[1].score));
}

#[test]
fn a_short_judgement_leaves_the_rest_unread() {
    let mut evidence = evidence(&[(0.8, FIVE)]);
    let cut = Judgement { window: 1.0, sentences: vec![0.5] };
    note(&mut evidence, Window { passage: 0, first: 1, last: 3 }, &cut);
    assert_eq!(evidence.sentences.iter().filter(|s| s.judged.is_some()).map(|s| s.ord).collect::<Vec<_>>(), [1]);
}

#[test]
fn what_was_read_becomes_features() {
    let mut evidence = evidence(&[(0.8, FIVE), (0.7, &[("Sonst nichts.", 0.2)])]);
    let odds = [-1.0, 2.0, -9.0, -3.0];
    note(&mut evidence, Window { passage: 0, first: 0, last: 0 }, &Judgement { window: -1.0, sentences: vec![-2.0] });
    note(&mut evidence, Window { passage: 1, first: 0, last: 0 }, &Judgement { window: 2.0, sentences: vec![1.5] });
    let mut features = Features::default();
    measure_judgement(&mut features, &evidence.sentences, &odds);
    let found = (features.judged_window, features.judged_other, features.judged_first, features.judged_sentence);
    assert_eq!(found, (2.0, -1.0, -1.0, 1.5));
    assert!((features.judged_three + 2.0 / 3.0).abs() < 1e-6);
}
