//! How a source signs in. The secret has a table of its own, so that no listing of sources can show it; it must be sent, and
//! so cannot be kept as a hash.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::base::Fault;
use crate::base::error::Outcome;
use crate::base::id::SourceId;
use crate::dial::SecretHeader;
use crate::store::{Key, Store, Table, Value};

use super::source;

const USER_BYTES_MAX: usize = 200;
const SECRET_BYTES_MAX: usize = 4_096;

/// What somebody signs in with.
#[derive(Clone)]
pub enum SignIn {
    /// HTTP basic authentication.
    Basic { user: String, password: String },
    /// Any header, such as a token or a session cookie.
    Header { name: String, value: String },
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic { .. } => "Basic",
            Self::Header { .. } => "Header",
        })
    }
}

/// The header to send, and what it was made of.
#[derive(Clone, Serialize, Deserialize)]
struct Stored {
    kind: Kind,
    name: String,
    value: String,
}

impl Value for Stored {
    const TABLE: Table = Table::SourceSecrets;
}

/// What may be told of a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Basic,
    Header,
}

/// Sets how a source signs in, or with `None` that it does not.
///
/// # Errors
/// There is no such source, or the secret cannot stand in a request; the message does not repeat it.
pub async fn set(store: &Store, id: SourceId, sign_in: Option<SignIn>) -> Outcome<()> {
    source::find(store, id)?;
    let stored = sign_in.map(header).transpose()?;
    store
        .write(move |batch| {
            match stored {
                Some(stored) => batch.put(Key::of(id), &stored)?,
                None => batch.delete(Table::SourceSecrets, Key::of(id)),
            }
            Ok::<_, Fault>(())
        })
        .await
}

/// How a source signs in, without the secret.
pub fn kind(store: &Store, id: SourceId) -> Outcome<Option<Kind>> {
    Ok(store.snapshot()?.get::<Stored>(Key::of(id))?.map(|stored| stored.kind))
}

/// What to send.
pub(super) fn secret(store: &Store, id: SourceId) -> Outcome<Option<SecretHeader>> {
    let Some(stored) = store.snapshot()?.get::<Stored>(Key::of(id))? else { return Ok(None) };
    SecretHeader::new(&stored.name, &stored.value).map(Some).map_err(|error| Fault::invalid(error.to_string()))
}

fn header(sign_in: SignIn) -> Outcome<Stored> {
    let stored = match sign_in {
        SignIn::Basic { user, password } => {
            if user.is_empty() || user.len() > USER_BYTES_MAX || user.contains(':') {
                return Err(Fault::invalid(format!(
                    "a user name has 1 to {USER_BYTES_MAX} bytes and no colon (RFC 7617); check it"
                )));
            }
            let value = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
            Stored { kind: Kind::Basic, name: "authorization".to_owned(), value }
        }
        SignIn::Header { name, value } => Stored { kind: Kind::Header, name, value: value.trim().to_owned() },
    };
    if stored.value.is_empty() || stored.value.len() > SECRET_BYTES_MAX {
        return Err(Fault::invalid(format!("a secret has 1 to {SECRET_BYTES_MAX} bytes; check it")));
    }
    SecretHeader::new(&stored.name, &stored.value).map_err(|error| Fault::invalid(error.to_string()))?;
    Ok(stored)
}
