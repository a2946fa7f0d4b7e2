//! What editors make of topics. Every change is a new version.

use std::collections::HashSet;

use crate::base::Fault;
use crate::base::error::Outcome;
use crate::base::id::{DocumentId, SiteId, TopicId};
use crate::store::{Batch, Key, Store};
use crate::svc::knowledge::Document;

use super::put_version;
use super::record::{Made, Topic, TopicSet};

/// Longest name, in characters.
const NAME_CHARS_MAX: usize = 100;

/// A change to the newest version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Rename {
        topic: TopicId,
        name: String,
    },
    /// Out of what visitors see, or back in.
    Hide {
        topic: TopicId,
        hidden: bool,
    },
    /// Puts another topic into this one, for good.
    Merge {
        topic: TopicId,
        with: TopicId,
    },
    /// Makes a topic of its own of some documents.
    Split {
        topic: TopicId,
        documents: Vec<DocumentId>,
        name: String,
    },
}

/// Carries a change out; the topic it was about, or the new one.
///
/// # Errors
/// There is no such topic or document in it; a name is empty or too long; all documents were to be split off; topics of
/// different languages were to be merged.
pub async fn change(store: &Store, site: SiteId, change: Change) -> Outcome<Topic> {
    store
        .write(move |batch| {
            let mut set = newest(batch, site)?;
            let topic = carry_out(&mut set, change)?;
            set.made = Made::Edited;
            let changed = find(&set, topic)?.clone();
            put_version(batch, site, set)?;
            Ok(changed)
        })
        .await
}

/// Makes an earlier version the newest again, less the documents that are gone.
pub async fn restore(store: &Store, site: SiteId, version: u64) -> Outcome<TopicSet> {
    store
        .write(move |batch| {
            let found = batch.get::<TopicSet>(Key::of(site).and(version))?;
            let newest = newest(batch, site)?;
            let mut set = found.ok_or_else(|| Fault::not_found(format!("version {version} of the topics")))?;
            for topic in &mut set.topics {
                let mut there = Vec::with_capacity(topic.documents.len());
                for id in &topic.documents {
                    if batch.get::<Document>(Key::of(site).and(*id))?.is_some() {
                        there.push(*id);
                    }
                }
                topic.documents = there;
            }
            set.topics.retain(|topic| !topic.documents.is_empty());
            // Numbers are never given twice, and the documents of now are what it stands for.
            (set.next_id, set.fingerprint) = (newest.next_id, newest.fingerprint);
            set.made = Made::Restored { version };
            put_version(batch, site, set.clone())?;
            Ok(set)
        })
        .await
}

fn newest(batch: &Batch<'_>, site: SiteId) -> Outcome<TopicSet> {
    Ok(batch.list::<TopicSet>(Key::of(site))?.pop().map(|(_, set)| set).unwrap_or_default())
}

fn find(set: &TopicSet, id: TopicId) -> Outcome<&Topic> {
    set.topics.iter().find(|topic| topic.id == id).ok_or_else(|| Fault::not_found(format!("topic {id} in this site")))
}

fn find_mut(set: &mut TopicSet, id: TopicId) -> Outcome<&mut Topic> {
    set.topics
        .iter_mut()
        .find(|topic| topic.id == id)
        .ok_or_else(|| Fault::not_found(format!("topic {id} in this site")))
}

fn checked(name: &str) -> Outcome<String> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return Err(Fault::invalid(format!(
            "a topic's name has 1 to {NAME_CHARS_MAX} characters, none of them control characters"
        )));
    }
    Ok(name.to_owned())
}

pub(super) fn carry_out(set: &mut TopicSet, change: Change) -> Outcome<TopicId> {
    match change {
        Change::Rename { topic, name } => {
            let topic = find_mut(set, topic)?;
            (topic.name, topic.is_named) = (checked(&name)?, true);
            Ok(topic.id)
        }
        Change::Hide { topic, hidden } => {
            let topic = find_mut(set, topic)?;
            topic.hidden = hidden;
            Ok(topic.id)
        }
        Change::Merge { topic, with } => {
            let other = find(set, with)?.clone();
            let into = find_mut(set, topic)?;
            if into.id == with || into.language != other.language {
                return Err(Fault::invalid("two different topics of one language can be merged; choose another"));
            }
            into.documents.extend(other.documents);
            // Its name is the one the editor chose to keep.
            (into.is_merged, into.is_named) = (true, true);
            set.topics.retain(|known| known.id != with);
            for pin in set.pins.values_mut().filter(|pin| **pin == with) {
                *pin = topic;
            }
            Ok(topic)
        }
        Change::Split { topic, documents, name } => split(set, topic, &documents, &name),
    }
}

fn split(set: &mut TopicSet, topic: TopicId, documents: &[DocumentId], name: &str) -> Outcome<TopicId> {
    let name = checked(name)?;
    let id = TopicId(set.next_id + 1);
    let from = find_mut(set, topic)?;
    let chosen: HashSet<DocumentId> = documents.iter().copied().collect();
    let (taken, left): (Vec<_>, Vec<_>) = from.documents.iter().copied().partition(|id| chosen.contains(id));
    if taken.is_empty() || taken.len() != chosen.len() || left.is_empty() {
        return Err(Fault::invalid(format!("choose some documents of {topic}, but not all; `topic list` shows them")));
    }
    from.documents = left;
    let new = Topic { id, name, documents: taken, hidden: false, is_named: true, is_merged: false, ..from.clone() };
    set.next_id = id.0;
    set.pins.extend(new.documents.iter().map(|document| (document.0, id)));
    set.topics.push(new);
    Ok(id)
}
