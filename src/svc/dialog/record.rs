//! What is kept of a dialog.

use serde::{Deserialize, Serialize};

use crate::base::clock::{UnixMs, now_ms};
use crate::base::id::SiteId;
use crate::base::secret;
use crate::store::{Key, Table, Value};

use super::Answer;

/// A conversation. Its token is known to the visitor's browser only; the store has its hash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dialog {
    pub id: String,
    pub site: SiteId,
    pub token_hash: [u8; 32],
    pub locale: String,
    pub turns: u32,
    pub created_at: UnixMs,
    pub updated_at: UnixMs,
}

impl Value for Dialog {
    const TABLE: Table = Table::Dialogs;
}

impl Dialog {
    pub(super) fn new(site: SiteId, token: &str, locale: &str) -> Self {
        let now = now_ms();
        Self {
            id: secret::random_token(12),
            site,
            token_hash: secret::token_hash(token),
            locale: locale.to_owned(),
            turns: 0,
            created_at: now,
            updated_at: now,
        }
    }

    pub(super) fn key_of(site: SiteId, id: &str) -> Key {
        // A separator, so that no id is the prefix of another's turns.
        Key::of(site).and(id).and(0_u8)
    }

    pub(super) fn key(&self) -> Key {
        Self::key_of(self.site, &self.id)
    }

    pub(super) fn is_opened_by(&self, token: &str) -> bool {
        secret::equal(&self.token_hash, &secret::token_hash(token))
    }
}

/// One question and its answer, as it was given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    pub question: String,
    pub asked_at: UnixMs,
    pub answer: Answer,
}

impl Value for Turn {
    const TABLE: Table = Table::Turns;
}

/// A passage as it stood when it was cited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CitedPassage {
    pub document_id: String,
    pub title: String,
    pub url: Option<String>,
    pub section: Vec<String>,
    pub quote: String,
    pub passage: String,
    pub updated_at: Option<String>,
    pub cited_at: UnixMs,
}

impl Value for CitedPassage {
    const TABLE: Table = Table::Citations;
}
