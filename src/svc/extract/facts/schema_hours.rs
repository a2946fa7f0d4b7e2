//! Opening hours as schema.org states them.

use std::collections::BTreeMap;

use super::calendar;
use super::hours::Reader;
use super::items::Item;
use super::value::Stated;
use super::week::{self, DAYS, Interval, Week};

/// Sets of hours of one thing.
pub fn read(item: &Item) -> Vec<Stated> {
    let mut found: Vec<Stated> = Vec::new();
    let mut reader = Reader::default();
    for text in item.texts("openingHours") {
        for part in text.split([';', '|']) {
            reader.line(part);
        }
    }
    found.extend(reader.finish().into_iter().map(|(stated, ..)| stated));
    let mut weeks: BTreeMap<Option<String>, (Week, Vec<usize>)> = BTreeMap::new();
    let mut exceptions = Vec::new();
    let specifications = item.items("openingHoursSpecification").chain(item.items("specialOpeningHoursSpecification"));
    for one in specifications.chain(item.items("hoursAvailable")) {
        let days: Vec<usize> = one.all_texts("dayOfWeek").iter().filter_map(|name| day(name)).collect();
        let season = season(one);
        let interval = one.text("opens").zip(one.text("closes")).and_then(|(from, to)| interval(&from, &to));
        match season {
            // One day of one year is an exception.
            Season::Once(when) => {
                let times = interval.map_or("closed".to_owned(), |_| {
                    format!("{}-{}", one.text("opens").unwrap_or_default(), one.text("closes").unwrap_or_default())
                });
                exceptions.push(format!("{when}: {times}"));
            }
            Season::Always | Season::Yearly(_) => {
                let key = if let Season::Yearly(season) = season { Some(season) } else { None };
                let (week, closed) = weeks.entry(key).or_default();
                match interval {
                    Some(interval) => days.iter().for_each(|day| week.add(*day, interval)),
                    None => closed.extend(&days),
                }
            }
        }
    }
    for (season, (week, closed)) in weeks {
        if !week.is_empty() {
            found.push(Stated::Hours {
                weekly: week.written(),
                season,
                closed: closed.into_iter().map(|day| DAYS[day].to_owned()).collect(),
                exceptions: std::mem::take(&mut exceptions),
                by_appointment: false,
            });
        }
    }
    found
}

enum Season {
    Always,
    Yearly(String),
    Once(String),
}

fn season(item: &Item) -> Season {
    let day = |name: &str| item.text(name).and_then(|text| calendar::stamp(&text)).map(|(day, _)| day);
    match (day("validFrom"), day("validThrough")) {
        (Some(from), Some(to)) if from == to => Season::Once(from),
        (Some(from), Some(to)) if from.len() == 10 && to.len() == 10 => {
            Season::Yearly(format!("{}/{}", &from[5..], &to[5..]))
        }
        _ => Season::Always,
    }
}

fn day(name: &str) -> Option<usize> {
    let name = name.trim_end_matches('/').rsplit(['/', '#', ':']).next().unwrap_or_default();
    week::day(name).map(|(day, _)| day)
}

fn interval(from: &str, to: &str) -> Option<Interval> {
    let minutes = |text: &str| {
        let mut parts = text.trim().split(':');
        week::minutes(parts.next()?, parts.next().unwrap_or_default().get(..2).unwrap_or_default(), None)
    };
    let (from, to) = (minutes(from)?, minutes(to)?);
    // "23:59" and "00:00" both mean the end of the day.
    let to = if to == 0 && from > 0 { 24 * 60 } else { to };
    (from < to).then_some(Interval { from, to })
}
