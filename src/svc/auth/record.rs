//! What is kept of people, sessions and keys. Secrets are here as hashes only.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::base::Fault;
use crate::base::clock::UnixMs;
use crate::base::id::{SiteId, UserId};
use crate::store::{Table, Value};

/// A person with an account. Every account of this version may do everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub id: UserId,
    /// Normalised: trimmed, lower case.
    pub email: String,
    #[serde(default)]
    pub name: Option<String>,
    /// `operator`.
    pub role: String,
    /// `de` or `en`.
    pub locale: String,
    /// PHC string of argon2id.
    pub password_hash: String,
    pub created_at: UnixMs,
}

impl Value for User {
    const TABLE: Table = Table::Users;
}

/// Number of the user behind an e-mail address.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct UserMail {
    pub user: UserId,
}

impl Value for UserMail {
    const TABLE: Table = Table::UserMails;
}

/// A signed-in browser, under the hash of its token.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Session {
    pub user: UserId,
    pub created_at: UnixMs,
    pub expires_at: UnixMs,
}

impl Value for Session {
    const TABLE: Table = Table::Sessions;
}

/// What a key may be used for. `Admin` includes the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Ask,
    Search,
    Documents,
    Crawl,
    Admin,
}

impl Scope {
    pub const ALL: &'static [Scope] = &[Scope::Ask, Scope::Search, Scope::Documents, Scope::Crawl, Scope::Admin];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Scope::Ask => "ask",
            Scope::Search => "search",
            Scope::Documents => "documents",
            Scope::Crawl => "crawl",
            Scope::Admin => "admin",
        }
    }
}

impl FromStr for Scope {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let known = Self::ALL.iter().find(|scope| scope.name() == text.trim());
        known.copied().ok_or_else(|| {
            Fault::invalid(format!(
                "\"{text}\" is no scope; use ask, search, documents, crawl, admin, separated by commas"
            ))
        })
    }
}

/// A secret key for programs, bound to one site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    pub id: String,
    pub site: SiteId,
    pub scopes: Vec<Scope>,
    pub secret_hash: [u8; 32],
    #[serde(default)]
    pub expires_at: Option<UnixMs>,
    pub created_at: UnixMs,
}

impl Value for ApiKey {
    const TABLE: Table = Table::Keys;
}

/// The one-time link with which the first operator is made.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct SetupToken {
    pub hash: [u8; 32],
    pub expires_at: UnixMs,
}

impl Value for SetupToken {
    const TABLE: Table = Table::Settings;
}

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A signed-in person.
    Operator(User),
    /// A program with a secret key.
    Key { id: String, site: SiteId, scopes: Vec<Scope> },
    /// A visitor's browser with the key of the snippet: it can only ask.
    PublicKey { site: SiteId },
    /// The command line on this machine.
    Local,
}

impl Actor {
    /// Whether the actor may do what `scope` stands for in `site`.
    #[must_use]
    pub fn may(&self, scope: Scope, site: SiteId) -> bool {
        match self {
            Actor::Operator(_) | Actor::Local => true,
            Actor::Key { site: own, scopes, .. } => {
                *own == site && (scopes.contains(&scope) || scopes.contains(&Scope::Admin))
            }
            Actor::PublicKey { site: own } => *own == site && scope == Scope::Ask,
        }
    }

    /// Whether the actor may act on the whole server.
    #[must_use]
    pub const fn is_operator(&self) -> bool {
        matches!(self, Actor::Operator(_) | Actor::Local)
    }
}
