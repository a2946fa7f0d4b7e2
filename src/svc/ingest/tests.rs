use super::chunk::chunks;
use crate::svc::extract::{Block, Extracted, Section};

fn section(path: &[&str], text: &str) -> Section {
    Section {
        path: path.iter().map(|p| (*p).to_owned()).collect(),
        blocks: vec![Block::Paragraph { text: text.to_owned() }],
    }
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

fn cut(sections: Vec<Section>) -> Vec<(Vec<String>, String)> {
    let document = Extracted { sections, ..Extracted::default() };
    chunks(&document, &words).0.into_iter().map(|c| (c.section, c.text)).collect()
}

#[test]
fn passages_follow_headings() {
    let long = "wort ".repeat(60);
    let cuts = cut(vec![section(&["A"], &long), section(&["B"], &long)]);
    assert_eq!(cuts.iter().map(|c| c.0.join("/")).collect::<Vec<_>>(), ["A", "B"]);
}

#[test]
fn short_sections_join_their_siblings_under_their_headings() {
    let cuts = cut(vec![section(&["A"], "kurz eins"), section(&["B"], "kurz zwei"), section(&["B", "C"], "kurz drei")]);
    assert_eq!(cuts, [(vec![], "A\nkurz eins\nB\nkurz zwei\nC\nkurz drei".to_owned())]);
}

#[test]
fn no_passage_is_longer_than_the_model_reads() {
    let sentence = format!("{}. ", "wort ".repeat(70).trim());
    for text in [sentence.repeat(20), "wort ".repeat(3_000), "x".repeat(5_000)] {
        let cuts = cut(vec![section(&[], &text)]);
        assert!(cuts.iter().all(|c| words(&c.1) <= 260 && !c.1.is_empty()), "{}", text.len());
        let kept: String = cuts.iter().map(|c| c.1.replace([' ', '\n'], "")).collect();
        assert_eq!(kept, text.replace([' ', '\n'], ""), "nothing is lost");
    }
}

#[test]
fn nothing_in_gives_nothing_out() {
    assert_eq!(cut(vec![]), []);
    assert_eq!(cut(vec![section(&["A"], "  ")]), []);
}
