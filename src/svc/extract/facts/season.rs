//! Parts of the year in which opening hours hold: "1. April bis 30. September", "Oktober bis März".

use super::calendar;
use super::rule::Rule;

static MONTHS: Rule = Rule::new(
    r"(?i)\b(?:von\s|vom\s|from\s)?(jan|feb|mär|mar|apr|mai|may|jun|jul|aug|sep|okt|oct|nov|dez|dec)[a-zä]*\.?\s?(?:bis(?:\sende)?|–|-|to|until|through)\s?(?:ende\s)?(jan|feb|mär|mar|apr|mai|may|jun|jul|aug|sep|okt|oct|nov|dez|dec)[a-zä]*\b",
);

/// `MM-DD/MM-DD` and where it is written.
pub fn season(text: &str) -> Option<(String, usize, usize)> {
    let days = calendar::find(text);
    for pair in days.windows(2) {
        let [one, two] = pair else { continue };
        if calendar::is_joined(&text[one.to..two.from]) && !text[one.to..two.from].contains("und") {
            return Some((format!("{}/{}", one.day.of_year(), two.day.of_year()), one.from, two.to));
        }
    }
    let c = MONTHS.captures(text).filter(|_| days.is_empty())?;
    let month = |n: usize| c.get(n).and_then(|m| calendar::month(m.as_str()));
    let (first, last) = (month(1)?, month(2)?);
    // The end of February is the 28th in most years.
    let length = jiff::civil::Date::new(2023, last, 1).ok()?.days_in_month();
    let whole = c.get_match();
    Some((format!("{first:02}-01/{last:02}-{length:02}"), whole.start(), whole.end()))
}
