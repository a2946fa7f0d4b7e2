//! Tables as text: CSV with comma, semicolon or tab (RFC 4180, and what spreadsheets in German save).

use std::borrow::Cow;

use super::assemble::{Event, assemble};
use super::rows::Rows;
use super::{Extracted, Warning};

/// Lines that tell the separator.
const SAMPLE_LINES: usize = 20;

/// Reads a table; never fails, lines that are none are left out and said so.
pub fn read(source: &str) -> Extracted {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator(source))
        .has_headers(false)
        .flexible(true)
        .from_reader(source.as_bytes());
    let (mut rows, mut broken) = (Rows::default(), 0_usize);
    for record in reader.records() {
        let Ok(record) = record else {
            broken += 1;
            continue;
        };
        if !rows.push(record.iter().map(Cow::Borrowed)) {
            break;
        }
    }
    let mut warnings = Vec::new();
    if broken > 0 {
        warnings.push(Warning::new("rows_broken", format!("{broken} lines could not be read as rows")));
    }
    let events: Vec<Event> = rows.finish(false, &mut warnings).map(Event::Block).into_iter().collect();
    Extracted { sections: assemble(events, ""), warnings, ..Extracted::default() }
}

/// The separator that parts the first lines into the same number of cells, more than one.
fn separator(source: &str) -> u8 {
    let lines: Vec<&str> = source.lines().filter(|line| !line.trim().is_empty()).take(SAMPLE_LINES).collect();
    let fit = |separator: u8| {
        let counts: Vec<usize> = lines.iter().map(|line| line.bytes().filter(|b| *b == separator).count()).collect();
        let first = counts.first().copied().unwrap_or(0);
        let alike = counts.iter().filter(|count| **count == first).count();
        if first == 0 { 0 } else { alike * 100 + first.min(50) }
    };
    // Among equals the last counts: a comma may stand in every number.
    [b',', b'\t', b';'].into_iter().max_by_key(|separator| fit(*separator)).unwrap_or(b';')
}
