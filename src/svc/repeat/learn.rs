//! Counting blocks over the pages of each source.

use std::collections::{HashMap, HashSet};

use crate::base::error::Outcome;
use crate::base::id::{SiteId, SourceId};
use crate::store::{Key, Snapshot};
use crate::svc::knowledge::{self, Blocks, Document, Part, Repeated};

use super::home::{Home, fit};
use super::sources_of;

/// A website with fewer pages than this says nothing often enough.
const PAGES_MIN: u32 = 12;
/// A part stands on at least so many pages …
const COUNT_MIN: u32 = 8;
/// … and on at least this share of them.
const SHARE_PERCENT: u32 = 40;
/// What was left out before is left out until it falls below this share: a part at the border does not come and go.
const SHARE_STAYS_PERCENT: u32 = 25;
/// Parts of one source, most frequent first.
const PARTS_MAX: usize = 300;
/// Different blocks that are counted at once. Beyond it, blocks seen once so far are forgotten (lossy counting, Manku and
/// Motwani 2002): a frequent one loses a page of its count each time at most.
const BLOCKS_MAX: usize = 1_000_000;
/// Characters of a part that are shown.
const TEXT_CHARS_MAX: usize = 400;

/// The new set of each source.
pub(super) fn learn(snapshot: &Snapshot, site: SiteId) -> Outcome<Vec<(SourceId, Repeated)>> {
    let mut sets = Vec::new();
    for source in sources_of(snapshot, site)? {
        let old: Repeated = snapshot.get(Key::of(site).and(source))?.unwrap_or_default();
        sets.push((source, learn_source(snapshot, site, source, &old)?));
    }
    Ok(sets)
}

fn learn_source(snapshot: &Snapshot, site: SiteId, source: SourceId, old: &Repeated) -> Outcome<Repeated> {
    let (pages, counts) = count(snapshot, site, source)?;
    let known: HashMap<&str, &Part> = old.parts.iter().map(|part| (part.id.as_str(), part)).collect();
    let is_frequent = |id: &str, count: u32| {
        let share = if known.contains_key(id) { SHARE_STAYS_PERCENT } else { SHARE_PERCENT };
        pages >= PAGES_MIN && count >= COUNT_MIN && u64::from(count) * 100 >= u64::from(pages) * u64::from(share)
    };
    let is_kept = |id: &str| known.get(id).is_some_and(|part| part.kept);
    let mut chosen: Vec<(&String, u32)> =
        counts.iter().map(|(id, n)| (id, *n)).filter(|(id, n)| is_frequent(id, *n) || is_kept(id)).collect();
    chosen.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    chosen.truncate(PARTS_MAX);
    let wanted: HashSet<&str> = chosen.iter().map(|(id, _)| id.as_str()).collect();
    let mut seen = describe(snapshot, site, source, &wanted, &known)?;
    let parts = chosen.into_iter().filter_map(|(id, count)| {
        let (text, home, example) = seen.remove(id.as_str())?;
        Some(Part { id: id.clone(), text, pages: count, of: pages, home: home.key, example, kept: is_kept(id) })
    });
    Ok(Repeated { parts: parts.collect() })
}

/// Calls `visit` for each wanted page of the source with its whole text.
fn pages_of(
    snapshot: &Snapshot,
    site: SiteId,
    source: SourceId,
    wanted: impl Fn(&Document) -> bool,
    mut visit: impl FnMut(&Document, &Blocks<'_>),
) -> Outcome<()> {
    let mut after = None;
    loop {
        // In groups: the texts of ten thousand pages need not be in memory together.
        let group = knowledge::documents(snapshot, site, after, 64, |_| true)?;
        let Some(last) = group.last() else { return Ok(()) };
        after = Some(last.id);
        for document in group.iter().filter(|d| d.source == Some(source) && wanted(d)) {
            let full = knowledge::full_text(snapshot, document)?;
            visit(document, &Blocks::of(&full));
        }
    }
}

/// How many pages there are, and on how many of them each block stands.
fn count(snapshot: &Snapshot, site: SiteId, source: SourceId) -> Outcome<(u32, HashMap<String, u32>)> {
    let mut pages = 0;
    let mut counts = HashMap::<String, u32>::new();
    pages_of(
        snapshot,
        site,
        source,
        |d| !d.has_left(),
        |_, blocks| {
            pages += 1;
            for id in blocks.ids().collect::<HashSet<_>>() {
                *counts.entry(id.to_owned()).or_default() += 1;
            }
            if counts.len() > BLOCKS_MAX {
                counts.retain(|_, count| *count > 1);
            }
        },
    )?;
    Ok((pages, counts))
}

type Described = (String, Home, String);

/// Text, best page and an example of each wanted part.
fn describe(
    snapshot: &Snapshot,
    site: SiteId,
    source: SourceId,
    wanted: &HashSet<&str>,
    known: &HashMap<&str, &Part>,
) -> Outcome<HashMap<String, Described>> {
    let mut seen = HashMap::<String, Described>::new();
    if wanted.is_empty() {
        return Ok(seen);
    }
    // A page that searches do not see keeps nothing for them.
    pages_of(snapshot, site, source, Document::is_live, |document, blocks| {
        for (id, text) in blocks.parts().filter(|(id, _)| wanted.contains(id)) {
            let was_home = known.get(id).is_some_and(|part| part.home == document.key);
            let home = fit(document, &text, was_home);
            match seen.get_mut(id) {
                // The page a part stays on is no example of where it goes.
                Some((_, best, example)) if *example == home.key || home.key == best.key => {}
                Some((_, best, example)) if home.beats(best) => {
                    *example = std::mem::replace(best, home).key;
                }
                Some((_, best, example)) if *example == best.key => *example = home.key,
                Some(_) => {}
                None => {
                    let example = home.key.clone();
                    seen.insert(id.to_owned(), (text.chars().take(TEXT_CHARS_MAX).collect(), home, example));
                }
            }
        }
    })?;
    Ok(seen)
}
