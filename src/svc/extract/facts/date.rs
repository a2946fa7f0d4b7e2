//! Days in the text that are no part of another fact: deadlines, the last change, and plain dates.

use super::calendar;
use super::lines::{Doc, Line, sentence, speaks_of, tail};
use super::rule::Rule;
use super::sink::Sink;
use super::value::Stated;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Date,
    Deadline,
    Updated,
}

static UPDATED: Rule = Rule::new(
    r"(?i)(?:\bstand(?: der (?:information(?:en)?|daten|seite))?|zuletzt (?:aktualisiert|geändert|bearbeitet|überarbeitet|geprüft)|letzte (?:änderung|aktualisierung|bearbeitung|überarbeitung)|\baktualisiert|\b(?:seite|inhalt|text) geändert|last (?:updated?|modified|changed?|reviewed|edited|revised)|\bupdated|aktualisierungsdatum|änderungsdatum|geändert)(?:\s?(?:am|vom|on|ist|war|der seite|:|,|der|den))*\s?$",
);
macro_rules! weekday {
    () => {
        r"(?:\s?(?:(?:mon|diens|donners|frei|sams|sonn)tag|mittwoch|(?:mon|tues|wednes|thurs|fri|satur|sun)day)s?,?(?:\sden|\sdem)?)?\s?$"
    };
}
static DUE: Rule = Rule::new(concat!(
    r"(?i)(?:\bspätestens(?: (?:am|bis|zum|bis zum|bis einschließlich))?|\bbis (?:spätestens|längstens)(?: am| zum)?|\b(?:anmelde|einsende|abgabe|bewerbungs|annahme|melde|antrags|redaktions|einreichungs|zahlungs|widerspruchs|rückmelde)(?:schluss|frist|termin|ende)(?:\s(?:für|zum|zur|bei)\s[^:.!?]{1,50}:)?(?:\s?(?:ist|war|endet|läuft|bis|am|der|den|zum|:))*|\bnur noch bis(?: zum)?|\bbitte bis(?: zum)?|\b(?:frist|deadline|stichtag|fälligkeit|due date|closing date|ausschlussfrist)(?:\s?(?:for \p{L}+|ist|is|endet|läuft|bis|am|der|den|zum|ab|:))*|\bfällig(?:\s?(?:jeweils|am|zum|sind|:))*|\b(?:no later than|not later than|at the latest by|due (?:on or before|on|by|before)|on or before|deadline is)(?: the)?)",
    weekday!()
));
static UNTIL: Rule = Rule::new(concat!(
    r"(?i)\b(?:bis (?:einschließlich )?(?:zum|einschließlich|zum einschließlich)|bis(?: (?:den|dem))?|until|by|before|vor dem)(?: the)?",
    weekday!()
));
static STRONG_UNTIL: Rule =
    Rule::new(concat!(r"(?i)\bbis (?:einschließlich )?(?:zum|zum einschließlich|zum jeweils)", weekday!()));
/// "31. März (Anmeldeschluss)", "31. März ist Einsendeschluss".
static DUE_BEHIND: Rule = Rule::new(
    r"(?i)^\s?(?:\(|ist |is |– |- )?\s?(?:der |the )?(?:anmelde|einsende|abgabe|bewerbungs|annahme)?(?:schluss|ausschlussfrist|deadline)\b",
);
/// "Die Steuer wird am 15. Februar und 15. August fällig."
static ON: Rule = Rule::new(r"(?i)\b(?:am|zum|jeweils)\s$");
static DUE_AFTER: Rule =
    Rule::new(r"(?i)^[^.!?]{0,8}(?:[^.!?]|\d\.){0,80}\b(?:fällig|zu (?:zahlen|entrichten|begleichen))\b");
/// What is over then is no duty of the reader.
static LASTING: Rule = Rule::new(
    r"(?i)\b(?:gültig|gilt|gelten|galt|geöffnet|geschlossen|gesperrt|sperrung|dauert|verlängert|läuft|laufen|ausstellung|zu sehen|bauarbeit|in kraft|befristet|öffnungszeit|valid|open|closed|runs|exhibition|vom|von|ab|seit|zwischen|from|between|offen|amtszeit|wahlperiode|gewählt|vollsperrung|umleitung|bleibt|bleiben|befahrbar|ferien)\b",
);
static DUTY: Rule = Rule::new(
    r"(?i)(?:anmeld|angemeldet|bewerb|beworben|beantrag|antrag|anträge|einreich|eingereicht|einzureichen|abgeb|abzugeben|abgegeben|gestellt|zu stellen|zahl|überweis|entricht|fällig|melde|einsend|einzusenden|schick|senden|eingehen|eingegangen|vorlie|vorleg|vorzulegen|reservier|kündig|mitteil|mitzuteilen|nachweis|eingetroffen|bestell|registr|regist|appl|submit|\bpay|payment|return|hand in|sign up|book|entries|widerspr|einwend|stellungnahm|abgelesen|ablesen|einwerf|zurück|begleich|einlös|sagt|bescheid|reach us|arrive|renew|order)",
);

/// Reads the days of the text.
pub fn read(doc: &Doc<'_>, sink: &mut Sink) {
    for line in &doc.lines {
        let text = line.text.as_str();
        let mut last: Option<(usize, Class)> = None;
        for found in calendar::find(text) {
            if sink.is_claimed(line, found.from) {
                last = None;
                continue;
            }
            let gap = last.map(|(to, _)| &text[to..found.from]);
            let is_list = gap.is_some_and(|gap| calendar::is_joined(gap) && !gap.contains("bis"));
            let class = match last {
                Some((_, class)) if is_list => class,
                _ => classify(doc, line, found.from, found.to, gap),
            };
            last = Some((found.to, class));
            let date = found.day.iso();
            let stated = match class {
                Class::Updated => Stated::Updated { date },
                Class::Deadline => Stated::Deadline { date },
                Class::Date => Stated::Date { date },
            };
            let (before, after) = sentence(text, found.from, found.to);
            let label = if before.chars().any(char::is_alphabetic) { tail(before, 120) } else { after };
            sink.text(stated, line, Some(label), &text[found.from..found.to]);
        }
    }
}

/// What the day between the bytes of the line is; `gap`: what stands between it and the day before.
pub(super) fn classify(doc: &Doc<'_>, line: &Line<'_>, from: usize, to: usize, gap: Option<&str>) -> Class {
    let (before, after) = sentence(&line.text, from, to);
    let near = tail(&line.text[..from], 90);
    if UPDATED.is_match(near) {
        return Class::Updated;
    }
    if DUE.is_match(near) || DUE_BEHIND.is_match(after) || (ON.is_match(near) && DUE_AFTER.is_match(after)) {
        return Class::Deadline;
    }
    // The end of a range: "vom 1. März bis zum 30. April".
    let is_range_end = gap.is_some_and(calendar::is_joined);
    if is_range_end {
        return Class::Date;
    }
    if UNTIL.is_match(near) {
        let is_duty = DUTY.is_match(before) || DUTY.is_match(after);
        let lasts = LASTING.is_match(before) || LASTING.is_match(after);
        let is_due = if STRONG_UNTIL.is_match(near) { is_duty || !lasts } else { is_duty && !lasts };
        return if is_due { Class::Deadline } else { Class::Date };
    }
    let heading = line.path.last().map_or("", String::as_str);
    let begins = speaks_of(tail(near, 8), &["ab ", "vom ", "seit ", "from "]);
    if speaks_of(heading, &["frist", "deadline", "anmeldeschluss", "fälligkeit"]) && !begins && doc.lines.len() > 1 {
        return Class::Deadline;
    }
    Class::Date
}
