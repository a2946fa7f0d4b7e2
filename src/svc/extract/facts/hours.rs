//! Opening hours in text: `Mo–Fr 8–12 Uhr`, `Mo. bis Do. 8.30 - 12 Uhr und 14–16 Uhr`, tables of days.

use super::super::Block;
use super::calendar;
use super::hours_table;
use super::hours_words::{Token, tokens};
use super::lines::{Doc, Shape};
use super::rule::Rule;
use super::season::season;
use super::sink::Sink;
use super::value::Stated;
use super::week::{self, DAYS, Interval, Week};

/// Sets of one document.
const SETS_MAX: usize = 40;

static APPOINTMENT: Rule = Rule::new(
    r"(?i)nach (?:vorheriger |telefonischer |persönlicher )*(?:termin)?(?:vereinbarung|absprache)|(?:nur )?mit (?:vorherigem )?termin(?:vereinbarung)?\b|by appointment",
);
static EXCEPTION: Rule = Rule::new(
    r"(?i)feiertag|heiligabend|silvester|\bferien|brückentag|rosenmontag|weihnachten|zwischen den jahren|holiday|christmas|new year",
);
/// Days that do not come every week, and times that are not those of opening.
static IRREGULAR: Rule = Rule::new(
    r"(?i)\b(?:jede[nrms]? (?:erste|zweite|dritte|vierte|letzte|\d)|(?:erste|zweite|dritte|vierte|letzte)[nrs]? (?:mo|di|mi|do|fr|sa|so)|ersten?\b.{0,30}im monat|letzten?\b.{0,30}im monat|every (?:first|second|third|last|other)|(?:first|second|third|last) (?:mon|tue|wed|thu|fri|sat|sun)|alle (?:zwei|14)|14-tägig|ungerade|gerade[nr]? (?:kalender)?woche)",
);

/// Times of what takes place, not of opening.
static COURSE: Rule = Rule::new(
    r"(?i)kurse?\b|training|unterricht|übungsstunde|\bproben?\b|lessons?\b|\bcourses?\b|\bclass(?:es)?\b|workshop|führung(?:en)?\b|guided|gottesdienst|letzter einlass|last (?:admission|entry)|kassenschluss|gruppenstunde|treffen\b|stammtisch",
);
static OPENING: Rule = Rule::new(r"(?i)geöffnet|öffnungszeit|sprechzeit|sprechstunde|erreichbar|opening|\bopen\b");
static CLOSED: Rule = Rule::new(r"(?i)geschlossen|closed|ferien|gesperrt|urlaub");

/// One set as it is being read.
#[derive(Debug, Default)]
struct Set {
    week: Week,
    closed: Vec<usize>,
    season: Option<String>,
    label: String,
    written: String,
    exceptions: Vec<String>,
    by_appointment: bool,
}

/// Reads lines one after the other.
#[derive(Debug, Default)]
pub struct Reader {
    sets: Vec<Set>,
    /// Days the next times belong to.
    days: Vec<usize>,
    /// Times were read for these days.
    is_used: bool,
    season: Option<String>,
    label: String,
    /// The next time begins a set.
    is_new: bool,
}

/// Reads the opening hours of the text.
pub fn read(doc: &Doc<'_>, sink: &mut Sink) {
    let mut at = 0_u32;
    for section in doc.sections {
        let mut reader = Reader::default();
        let is_course =
            section.path.last().is_some_and(|heading| COURSE.is_match(heading) && !OPENING.is_match(heading));
        if is_course {
            at = at.saturating_add(u32::try_from(section.blocks.len()).unwrap_or(u32::MAX));
            continue;
        }
        if let Some(heading) = section.path.last() {
            heading.clone_into(&mut reader.label);
            reader.season = section.path.iter().rev().find_map(|heading| season(heading).map(|(season, ..)| season));
        }
        let first = at;
        for block in &section.blocks {
            match block {
                Block::Table { rows, header } => match hours_table::groups(rows, *header) {
                    Some(groups) => groups.iter().for_each(|group| {
                        reader.begin(&group.name);
                        group.lines.iter().for_each(|line| reader.line(line));
                    }),
                    None => doc
                        .lines
                        .iter()
                        .filter(|l| l.block == at && l.shape != Shape::Heading)
                        .for_each(|l| reader.line(&l.text)),
                },
                _ => doc
                    .lines
                    .iter()
                    .filter(|l| l.block == at && l.shape != Shape::Heading)
                    .for_each(|l| reader.line(&l.text)),
            }
            at += 1;
        }
        let Some(line) = doc.lines.iter().find(|l| (first..at).contains(&l.block)) else { continue };
        for (stated, label, written) in reader.finish() {
            let beginning: String = written.chars().take(20).collect();
            let own = doc
                .lines
                .iter()
                .find(|l| (first..at).contains(&l.block) && l.text.contains(&beginning))
                .unwrap_or(line);
            sink.text(stated, own, Some(&label), &written);
        }
    }
}

impl Reader {
    /// What follows belongs to another place.
    pub fn begin(&mut self, name: &str) {
        self.days.clear();
        self.is_new = true;
        if !name.is_empty() {
            name.clone_into(&mut self.label);
            if let Some((season, ..)) = season(name) {
                self.season = Some(season);
            }
        }
    }

    /// Reads a line.
    pub fn line(&mut self, text: &str) {
        let dates = calendar::find(text);
        let own_season = season(text);
        let tokens = tokens(text, &dates);
        let has_hours = tokens.iter().any(|t| matches!(t, Token::Time(..) | Token::Closed));
        if let Some((season, from, to)) = own_season {
            // A season stands before its hours, on the same line or on one of its own; a range with years is none.
            let shuts = CLOSED.is_match(text);
            let is_own = !shuts && (!has_hours || tokens_before(text, from, to));
            let has_year = dates.iter().any(|d| d.from >= from && d.to <= to && d.day.year.is_some());
            if is_own && !has_year {
                self.season = Some(season);
                self.is_new = true;
                self.days.clear();
                text.clone_into(&mut self.label);
            }
        }
        if APPOINTMENT.is_match(text)
            && let Some(set) = self.sets.last_mut()
        {
            set.by_appointment = true;
        }
        if EXCEPTION.is_match(text)
            && let Some(set) = self.sets.last_mut().filter(|set| set.exceptions.len() < 10)
        {
            set.exceptions.push(super::lines::cut(text, 300).to_owned());
        }
        if IRREGULAR.is_match(text) || (COURSE.is_match(text) && !OPENING.is_match(text)) {
            self.days.clear();
            return;
        }
        self.take(text, &tokens);
    }

    fn take(&mut self, text: &str, tokens: &[Token<'_>]) {
        let mut prefix: Vec<&str> = Vec::new();
        let mut has_days = false;
        let mut unknown = 0_usize;
        let mut is_range = false;
        let mut is_short = false;
        let mut was_day = false;
        let mut last_was_days = !self.is_used && !self.days.is_empty();
        // "9 bis 18 Uhr (Montag bis Freitag)"
        let mut ahead: Vec<Interval> = Vec::new();
        for token in tokens {
            match token {
                Token::Days(days, short) => {
                    if !has_days && !prefix.is_empty() {
                        self.begin(&prefix.join(" "));
                    }
                    let is_continued = last_was_days && !self.is_used && unknown == 0;
                    match (self.days.last(), days.as_slice()) {
                        (Some(&from), [to]) if is_range && is_continued => {
                            self.days.pop();
                            self.days.extend(week::span(from, *to));
                        }
                        _ if is_continued => self.days.extend(days),
                        _ => self.days.clone_from(days),
                    }
                    (self.is_used, unknown, is_range, has_days, was_day, last_was_days) =
                        (false, 0, false, true, false, true);
                    is_short = *short;
                }
                Token::Time(interval, is_sure) => {
                    let allowance = if is_short { 0 } else { 6 };
                    if !has_days && self.days.is_empty() && *is_sure {
                        ahead.push(*interval);
                    }
                    if !self.days.is_empty() && unknown <= allowance && (*is_sure || unknown == 0) {
                        self.add(*interval, text);
                    }
                    (is_range, last_was_days) = (false, false);
                }
                Token::Closed => {
                    if !self.is_used && !self.days.is_empty() && unknown <= 4 {
                        let days = std::mem::take(&mut self.days);
                        if let Some(set) = self.sets.last_mut().filter(|_| !self.is_new) {
                            set.closed.extend(days);
                        }
                    }
                    last_was_days = false;
                }
                // "Samstag, 10. Mai" is one day, not every Saturday.
                Token::Day => {
                    if was_day || last_was_days {
                        self.days.clear();
                    }
                    unknown += 2;
                }
                Token::Range => is_range = true,
                Token::Joint | Token::Filler => {}
                Token::Word(word) => {
                    unknown += 1;
                    if !has_days && self.is_used {
                        self.days.clear();
                    }
                    if is_short && !self.is_used {
                        self.days.clear();
                    }
                    if !has_days && prefix.len() < 12 {
                        prefix.push(word);
                    }
                    last_was_days = false;
                }
            }
        }
        if has_days && !self.is_used && unknown == 0 {
            for interval in ahead {
                self.add(interval, text);
            }
        }
        if unknown > 0 {
            self.days.clear();
            if !has_days && !prefix.is_empty() && prefix.len() <= 8 && text.chars().count() < 80 {
                text.trim_end_matches(':').clone_into(&mut self.label);
                self.is_new = true;
            }
        }
    }

    fn add(&mut self, interval: Interval, text: &str) {
        let is_taken = |set: &Set| self.days.iter().any(|day| set.week.is_taken(*day, interval));
        let is_other = self.is_new || self.sets.last().is_none_or(|set| is_taken(set) || set.season != self.season);
        if is_other {
            if self.sets.len() >= SETS_MAX {
                return;
            }
            self.sets.push(Set {
                season: self.season.clone(),
                label: self.label.clone(),
                written: text.to_owned(),
                by_appointment: APPOINTMENT.is_match(text),
                ..Set::default()
            });
        }
        if let Some(set) = self.sets.last_mut() {
            for day in &self.days {
                set.week.add(*day, interval);
            }
            if set.written.len() < 250 && !set.written.contains(text) {
                set.written.push('\n');
                set.written.push_str(text);
            }
        }
        self.is_new = false;
        self.is_used = true;
    }

    /// The sets with their labels and the lines they were read from.
    pub fn finish(self) -> Vec<(Stated, String, String)> {
        let sets = self.sets.into_iter().filter(|set| !set.week.is_empty());
        let stated = |set: Set| {
            let mut closed: Vec<usize> = set.closed.iter().copied().filter(|day| !set.week.has_day(*day)).collect();
            closed.sort_unstable();
            closed.dedup();
            let stated = Stated::Hours {
                weekly: set.week.written(),
                season: set.season,
                closed: closed.into_iter().map(|day| DAYS[day].to_owned()).collect(),
                exceptions: set.exceptions,
                by_appointment: set.by_appointment,
            };
            (stated, set.label, set.written)
        };
        sets.map(stated).collect()
    }
}

/// Whether the first time of the line stands behind the bytes of its season.
fn tokens_before(text: &str, from: usize, to: usize) -> bool {
    let first = week::spans(text).into_iter().find(|span| span.to <= from || span.from >= to);
    first.is_none_or(|span| span.from >= to)
}
