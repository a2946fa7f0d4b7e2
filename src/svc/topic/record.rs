//! The stored shapes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::clock::UnixMs;
use crate::base::id::{DocumentId, TopicId};
use crate::store::{Table, Value};

/// All topics of a site, as they were at one time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TopicSet {
    /// From 1; 0 for none.
    pub version: u64,
    pub made_at: UnixMs,
    pub made: Made,
    /// Of the documents it was made from.
    pub fingerprint: String,
    /// The last number given to a topic.
    pub next_id: u64,
    /// Largest first.
    pub topics: Vec<Topic>,
    /// Documents an editor split off, and into which topic.
    #[serde(default)]
    pub pins: BTreeMap<u64, TopicId>,
}

/// How a version came to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Made {
    /// From the documents.
    #[default]
    Grouped,
    /// By an editor.
    Edited,
    /// As an earlier version was.
    Restored { version: u64 },
}

/// A group of documents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Topic {
    pub id: TopicId,
    pub name: String,
    /// Words that tell it from the others, most telling first.
    pub words: Vec<String>,
    /// Two letters: documents of different languages are in different topics.
    pub language: String,
    /// The most typical first.
    pub documents: Vec<DocumentId>,
    /// Not shown to visitors.
    #[serde(default)]
    pub hidden: bool,
    /// An editor gave the name.
    #[serde(default)]
    pub is_named: bool,
    /// An editor put topics together: groups that are made of its documents join it.
    #[serde(default)]
    pub is_merged: bool,
}

impl Value for TopicSet {
    const TABLE: Table = Table::Topics;
}
