//! A site on its way to another model: while this is stored, what arrives is embedded for both.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::base::clock::UnixMs;
use crate::base::id::JobId;
use crate::store::{Table, Value};
use crate::svc::site::Scale;

/// The change of a site's model, until it is forgotten.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Switch {
    /// The model before, [`super::BUILT_IN`] or an added one.
    pub from: String,
    pub to: String,
    pub from_scale: Scale,
    pub stage: Stage,
    pub job: Option<JobId>,
    /// Both models on the site's own texts; there from [`Stage::Ready`] on.
    #[serde(default)]
    pub report: Option<Json>,
    /// Of the new model, measured with the report.
    #[serde(default)]
    pub to_scale: Scale,
    pub started_at: UnixMs,
    pub changed_at: UnixMs,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The new model reads everything; the old one answers.
    Embedding,
    /// Both were measured; the old one answers.
    Ready,
    /// The new one answers; the old one's vectors are kept.
    Accepted,
}

impl Value for Switch {
    const TABLE: Table = Table::ModelSwitches;
}

impl Switch {
    /// The model that does not answer.
    #[must_use]
    pub fn other(&self) -> &str {
        if self.stage == Stage::Accepted { &self.from } else { &self.to }
    }
}
