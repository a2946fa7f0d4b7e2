//! Which of the earlier topics a new group is, and what editors made of them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::base::id::{DocumentId, TopicId};

use super::name::Named;
use super::record::{Topic, TopicSet};

/// A group is an earlier topic when it shares this part of the documents of the smaller of both.
const SHARED_PERCENT: usize = 30;

/// Fills the new set: groups take numbers, names and marks of the earlier topics they go on with.
pub(super) fn carry_on(set: &mut TopicSet, old: &TopicSet, groups: Vec<Named>) {
    let there: BTreeSet<DocumentId> = groups.iter().flat_map(|group| group.documents.iter().copied()).collect();
    set.pins.retain(|document, topic| {
        there.contains(&DocumentId(*document)) && old.topics.iter().any(|known| known.id == *topic)
    });
    let pinned: HashSet<DocumentId> = set.pins.keys().map(|id| DocumentId(*id)).collect();
    let free: Vec<Named> = groups
        .into_iter()
        .map(|group| Named {
            documents: group.documents.into_iter().filter(|id| !pinned.contains(id)).collect(),
            ..group
        })
        .filter(|group| !group.documents.is_empty())
        .collect();
    let mut heirs = heirs(old, &free, &pinned);
    for (at, group) in free.into_iter().enumerate() {
        match heirs.remove(&at) {
            Some(Heir { topic, is_first: true }) => set.topics.push(go_on(topic, group)),
            // An editor put it together with the group that has its number already.
            Some(Heir { topic, is_first: false }) => {
                if let Some(known) = set.topics.iter_mut().find(|known| known.id == topic.id) {
                    known.documents.extend(group.documents);
                }
            }
            None => {
                set.next_id += 1;
                set.topics.push(Topic {
                    id: TopicId(set.next_id),
                    name: group.name,
                    words: group.words,
                    language: group.language,
                    documents: group.documents,
                    hidden: false,
                    is_named: false,
                    is_merged: false,
                });
            }
        }
    }
    for (document, topic) in set.pins.clone() {
        let document = DocumentId(document);
        match set.topics.iter_mut().find(|known| known.id == topic) {
            Some(known) => known.documents.push(document),
            None => {
                let before = old.topics.iter().find(|known| known.id == topic).cloned();
                set.topics.extend(before.map(|before| Topic { documents: vec![document], ..before }));
            }
        }
    }
    set.topics.sort_by(|a, b| b.documents.len().cmp(&a.documents.len()).then(a.id.cmp(&b.id)));
}

struct Heir<'a> {
    topic: &'a Topic,
    /// Whether it has the topic's number; others only join it.
    is_first: bool,
}

/// For each group that goes on with an earlier topic, which; each topic has one heir, a merged one any number.
fn heirs<'a>(old: &'a TopicSet, groups: &[Named], pinned: &HashSet<DocumentId>) -> BTreeMap<usize, Heir<'a>> {
    let mut shares = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        for topic in old.topics.iter().filter(|topic| topic.language == group.language) {
            let own: HashSet<DocumentId> = topic.documents.iter().copied().filter(|id| !pinned.contains(id)).collect();
            let shared = group.documents.iter().filter(|id| own.contains(id)).count();
            let smaller = own.len().min(group.documents.len());
            if shared > 0 && shared * 100 >= smaller * SHARED_PERCENT {
                shares.push((shared, at, topic));
            }
        }
    }
    shares.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.id.cmp(&b.2.id)));
    let mut heirs = BTreeMap::<usize, Heir<'a>>::new();
    let mut taken = HashSet::new();
    for (shared, at, topic) in shares {
        // A merged topic takes in what is mostly its own, and no group that only brushes it.
        let is_mostly_its = groups.get(at).is_some_and(|group| shared * 2 > group.documents.len());
        let is_first = !taken.contains(&topic.id);
        if heirs.contains_key(&at) || !(is_first || (topic.is_merged && is_mostly_its)) {
            continue;
        }
        taken.insert(topic.id);
        heirs.insert(at, Heir { topic, is_first });
    }
    // Who has the number comes first, so that the others find it.
    let firsts: BTreeMap<TopicId, usize> =
        heirs.iter().filter(|(_, heir)| heir.is_first).map(|(at, heir)| (heir.topic.id, *at)).collect();
    let mut swapped = Vec::new();
    for (at, heir) in heirs.iter().filter(|(_, heir)| !heir.is_first) {
        if firsts.get(&heir.topic.id).is_some_and(|first| first > at) && !swapped.contains(&heir.topic.id) {
            swapped.push(heir.topic.id);
        }
    }
    for topic in swapped {
        let mut is_first = true;
        for heir in heirs.values_mut().filter(|heir| heir.topic.id == topic) {
            heir.is_first = std::mem::take(&mut is_first);
        }
    }
    heirs
}

fn go_on(topic: &Topic, group: Named) -> Topic {
    Topic {
        id: topic.id,
        name: if topic.is_named { topic.name.clone() } else { group.name },
        words: group.words,
        language: group.language,
        documents: group.documents,
        hidden: topic.hidden,
        is_named: topic.is_named,
        is_merged: topic.is_merged,
    }
}
