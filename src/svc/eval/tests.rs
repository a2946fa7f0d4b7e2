use super::score::{Group, Judged};
use super::*;
use crate::svc::dialog::Timings;

fn judged(answerable: bool, rank: Option<usize>, answered: bool, first_right: bool) -> Judged {
    let ranked = (1..=10).map(|r| Some(r) == rank).collect();
    Judged {
        answerable,
        relevant: usize::from(answerable),
        ranked,
        rank,
        answered,
        first_right,
        fact_recall: None,
        words: 10,
        timings: Timings::default(),
    }
}

#[test]
fn figures_follow_their_definitions() {
    let rows = [
        judged(true, Some(1), true, true),
        judged(true, Some(4), false, false),
        judged(true, None, true, false),
        judged(false, None, false, false),
        judged(false, None, true, false),
    ];
    let figures = Group::of(rows.iter()).to_json();
    for (name, expected) in [
        ("hit_at_1", 0.3333),
        ("hit_at_5", 0.6667),
        ("mrr_at_10", 0.4167),
        ("first_citation_right", 0.5),
        ("refusal_precision", 0.5),
        ("refusal_recall", 0.5),
        ("wrong_refusal_rate", 0.3333),
    ] {
        assert_eq!(figures[name].as_f64(), Some(expected), "{name}");
    }
    assert_eq!(figures["fact_recall"], Value::Null);
}

#[test]
fn a_bad_line_is_named() {
    assert!(parse("{\"question\":\"a\"}\n{").unwrap_err().detail.contains("line 2"));
    assert!(parse("\n").unwrap_err().detail.contains("empty"));
    assert_eq!(parse("{\"question\":\"a\"}").unwrap()[0].kind, "all");
}
