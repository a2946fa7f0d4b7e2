use super::compose::{is_boilerplate, plain_row};
use super::evidence::is_heading;
use super::question::Wanted;
use super::*;

#[test]
fn a_question_keeps_its_meaning_and_loses_its_fillers() {
    for (text, wanted, terms) in [
        ("was blecht man für nen zweiten hund", Wanted::Money, vec!["zweiten", "hund"]),
        ("Wann ist das Hallenbad geöffnet?", Wanted::Hours, vec!["hallenbad", "geöffnet"]),
        ("wer leitet das Standesamt", Wanted::Person, vec!["leitet", "standesamt"]),
    ] {
        let question = Question::read(text, "de");
        assert_eq!(question.wanted, wanted, "{text}");
        assert_eq!(question.terms.iter().map(|t| t.text.as_str()).collect::<Vec<_>>(), terms, "{text}");
    }
    let mut question = Question::read("wan is das feuerwerg", "de");
    question.reread("wan is das feuerwerk");
    assert_eq!(question.text, "wan is das feuerwerg");
    assert_eq!(question.terms.last().map(|t| t.text.as_str()), Some("feuerwerk"));
}

#[test]
fn rows_of_days_read_as_one_statement() {
    assert_eq!(plain_row("Tag: Dienstag; Zeit: 14–21 Uhr").as_deref(), Some("Dienstag: 14–21 Uhr"));
    assert_eq!(plain_row("Day: Monday; Hours: 8 to 12").as_deref(), Some("Monday: 8 to 12"));
    assert_eq!(plain_row("Register: Ehen; zugänglich nach: 80 Jahren"), None);
    assert_eq!(plain_row("Tag: Mo; Zeit: 8; Ort: Rathaus"), None);
    assert_eq!(plain_row("Es gilt Folgendes; siehe: unten"), None);
}

#[test]
fn lines_that_say_nothing_are_told_apart() {
    for (text, heading) in [
        ("Kosten und Fristen", true),
        ("Das Amt hilft.", false),
        ("Tel. 09999 123", false),
        ("- Ausweis", false),
        ("Preis: frei", false),
    ] {
        assert_eq!(is_heading(text), heading, "{text}");
    }
    assert!(is_boilerplate("War diese Seite hilfreich? Ja · Nein"));
    assert!(!is_boilerplate("Der Stand kostet 6 €."));
}
