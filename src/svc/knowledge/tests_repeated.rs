use std::collections::BTreeSet;

use super::{Blocks, NewChunk, leave_out};

fn chunk(section: &str, shape: &str, text: &str) -> NewChunk {
    let section = section.split('/').filter(|s| !s.is_empty()).map(str::to_owned).collect();
    NewChunk { section, text: text.to_owned(), shape: shape.to_owned() }
}

/// The ids of blocks with these texts.
fn ids(texts: &[&str]) -> BTreeSet<String> {
    let chunks: Vec<_> = texts.iter().map(|text| chunk(text, "", &text.replace('\n', " "))).collect();
    Blocks::of(&chunks).ids().map(str::to_owned).collect()
}

const OWN: &str = "Die Hundesteuer beträgt achtzig Euro im Jahr und wird am 1. Mai fällig.";
const COOKIE: &str = "Diese Website verwendet Cookies. Mehr dazu lesen Sie in der Datenschutzerklärung.";

#[test]
fn what_repeats_leaves_without_tearing_what_stays() {
    let list = "- Newsletter\n- Kontakt";
    let own_list = "- Hund\n- Katze";
    for (name, chunks, repeated, expected) in [
        ("a paragraph", vec![chunk("", "PP", &format!("{OWN}\n{COOKIE}"))], vec![COOKIE], vec![("", OWN.to_owned())]),
        (
            "a section with its heading",
            vec![chunk("", "P", OWN), chunk("Hinweis", "P", COOKIE)],
            vec![COOKIE],
            vec![("", OWN.to_owned())],
        ),
        (
            "a list goes whole or not at all",
            vec![chunk("", "PLl", &format!("{OWN}\n{list}")), chunk("B", "PLl", &format!("{OWN}\n{own_list}"))],
            vec![list, "- Hund"],
            vec![("", OWN.to_owned()), ("B", format!("{OWN}\n{own_list}"))],
        ),
        (
            "a list cut in two by the end of a passage is one",
            vec![chunk("A", "PL", &format!("{OWN}\n- Newsletter")), chunk("A", "l", "- Kontakt")],
            vec![list],
            vec![("A", OWN.to_owned())],
        ),
        (
            "a table's rows stay together",
            vec![chunk("", "PTt", &format!("{OWN}\nTag: Montag; Zeit: 8–12\nTag: Dienstag; Zeit: zu"))],
            vec!["Tag: Montag; Zeit: 8–12"],
            vec![("", format!("{OWN}\nTag: Montag; Zeit: 8–12\nTag: Dienstag; Zeit: zu"))],
        ),
        (
            "what introduces a list that stays",
            vec![chunk("", "PPLl", &format!("{OWN}\nBitte bringen Sie mit:\n{own_list}"))],
            vec!["Bitte bringen Sie mit:"],
            vec![("", format!("{OWN}\nBitte bringen Sie mit:\n{own_list}"))],
        ),
        (
            "what introduces a list that leaves",
            vec![chunk("", "PPLl", &format!("{OWN}\nSchnell gefunden:\n{list}"))],
            vec!["Schnell gefunden:", list],
            vec![("", OWN.to_owned())],
        ),
        (
            "a heading leaves with its text only",
            vec![chunk("", "hPhPhP", &format!("Steuer\n{OWN}\nHinweis\n{COOKIE}\nGebühr\n{OWN}"))],
            vec![COOKIE, "Steuer"],
            vec![("", format!("Steuer\n{OWN}\nGebühr\n{OWN}"))],
        ),
        (
            "text of unknown shape",
            vec![chunk("", "", &format!("{COOKIE}\n{OWN}"))],
            vec![COOKIE],
            vec![("", OWN.to_owned())],
        ),
        (
            "letters decide, not how they are set",
            vec![chunk("", "PP", &format!("{OWN}\n{}", COOKIE.to_uppercase().replace(' ', " – ")))],
            vec![COOKIE],
            vec![("", OWN.to_owned())],
        ),
    ] {
        let rest = leave_out(&chunks, &ids(&repeated)).map_or(chunks.clone(), |rest| rest.chunks);
        let got: Vec<_> = rest.iter().map(|c| (c.section.join("/"), c.text.clone())).collect();
        let expected: Vec<_> = expected.into_iter().map(|(section, text)| (section.to_owned(), text)).collect();
        assert_eq!(got, expected, "{name}");
        for chunk in rest.iter().filter(|c| !c.shape.is_empty()) {
            assert_eq!(chunk.shape.len(), chunk.text.lines().count(), "{name}");
        }
    }
}

#[test]
fn a_page_never_loses_all_of_its_text() {
    let only = [chunk("", "P", COOKIE)];
    assert_eq!(leave_out(&only, &ids(&[COOKIE])), None);
    let almost = [chunk("", "PP", &format!("{COOKIE}\nStartseite der Stadt"))];
    assert_eq!(leave_out(&almost, &ids(&[COOKIE])), None, "a stump is no page");
    assert_eq!(leave_out(&almost, &ids(&[OWN])), None, "nothing of it repeats");
}
