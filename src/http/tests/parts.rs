//! The small parts, without a server.

use std::net::IpAddr;

use crate::http::page::markdown::{Part, Span, parts, spans};
use crate::http::{address, origin, sse};
use crate::svc::dialog::{Answer, Block, Timings, Verdict};

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn only_trusted_proxies_name_the_client() {
    let proxy = [ip("127.0.0.1"), ip("10.0.0.9")];
    for (peer, hops, wanted) in [
        ("203.0.113.5", vec!["198.51.100.1"], "203.0.113.5"),
        ("127.0.0.1", vec![], "127.0.0.1"),
        ("127.0.0.1", vec!["198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", vec!["6.6.6.6", "198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", vec!["198.51.100.1", "10.0.0.9"], "198.51.100.1"),
        ("127.0.0.1", vec!["198.51.100.1", "nonsense"], "127.0.0.1"),
        ("127.0.0.1", vec!["::ffff:198.51.100.1"], "198.51.100.1"),
    ] {
        assert_eq!(address::resolve(ip(peer), &hops, &proxy), ip(wanted), "{peer} {hops:?}");
    }
    assert_eq!(address::bucket(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1:2::"));
    assert_eq!(address::bucket(ip("::ffff:1.2.3.4")), ip("1.2.3.4"));
}

#[test]
fn own_origins_are_the_configured_one_and_the_name_that_was_called() {
    let configured = "https://chat.example.de";
    for (given, host, own) in [
        ("https://chat.example.de", None, true),
        ("https://CHAT.example.de", None, true),
        ("http://localhost:8080", Some("localhost:8080"), true),
        ("https://chat.example.org", Some("chat.example.org:443"), true),
        ("https://chat.example.org:443", Some("chat.example.org"), true),
        ("http://localhost:8080", Some("localhost:8081"), false),
        ("https://chat.example.de.evil.example", Some("chat.example.de"), false),
        ("null", Some("null"), false),
        ("file://", Some(""), false),
        ("", Some("x"), false),
    ] {
        assert_eq!(origin::is_own(given, configured, host), own, "{given} {host:?}");
    }
}

fn plain(text: &str) -> Span {
    Span { text: text.into(), ..Span::default() }
}

#[test]
fn answers_become_spans_and_never_markup() {
    let cases: Vec<(&str, Vec<Span>)> = vec![
        ("ohne alles", vec![plain("ohne alles")]),
        (
            "kostet **37 €** [1].",
            vec![
                plain("kostet "),
                Span { text: "37 €".into(), bold: true, ..Span::default() },
                plain(" "),
                Span { text: "1".into(), cite: 1, ..Span::default() },
                plain("."),
            ],
        ),
        (
            "[Amt](https://a.de/x) auf",
            vec![Span { text: "Amt".into(), href: "https://a.de/x".into(), ..Span::default() }, plain(" auf")],
        ),
        ("[x](javascript:alert(1))", vec![plain("[x](javascript:alert(1))")]),
        ("<b>roh</b> \\[1\\] \\*", vec![plain("<b>roh</b> [1] *")]),
        ("** offen", vec![plain("** offen")]),
        ("[0] [12345] [a]", vec![plain("[0] [12345] [a]")]),
        ("a\\", vec![plain("a\\")]),
    ];
    for (text, wanted) in cases {
        assert_eq!(spans(text), wanted, "{text}");
    }
    let made = parts("Eins\nzwei\n\n- a\n- b\n\n1. c\n\nDrei");
    let line = |text: &str| vec![plain(text)];
    assert_eq!(
        made,
        vec![
            Part { paragraphs: vec![line("Eins zwei")], items: vec![line("a"), line("b")], ordered: false },
            Part { items: vec![line("c")], ordered: true, ..Part::default() },
            Part { paragraphs: vec![line("Drei")], ..Part::default() },
        ]
    );
    assert!(parts("").is_empty());
}

#[test]
fn the_events_of_an_answer_are_the_answer() {
    let text =
        "Der Ausweis kostet 37 Euro.  Zwei Leerzeichen.\n\n- ein Punkt [1]\n- noch einer, länger als vier Wörter [2] ";
    let answer = Answer {
        dialog_id: "d".into(),
        turn_id: "1".into(),
        outcome: Verdict::Answered,
        engine: "extractive".into(),
        locale: "de".into(),
        blocks: vec![
            Block::Text { text: text.into() },
            Block::Notice { tone: "info".into(), text: "x".into() },
            Block::Text { text: String::new() },
        ],
        citations: vec![],
        suggestions: vec![],
        timings_ms: Timings::default(),
    };
    let events = sse::answer_events(&answer, Some("t"));
    let names: Vec<&str> = events.iter().map(|(name, _)| *name).filter(|n| *n != "delta").collect();
    assert_eq!(names, ["meta", "block", "block", "block", "suggestions", "done"]);
    let joined: String =
        events.iter().filter(|(name, _)| *name == "delta").map(|(_, data)| data["text"].as_str().unwrap()).collect();
    assert_eq!(joined, text);
    assert_eq!(events[0].1["token"], "t");
    assert_eq!(events.len(), sse::answer_events(&answer, None).len());
}
