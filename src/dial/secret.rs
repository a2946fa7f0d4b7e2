//! A header whose value nobody may read in a log. Whoever puts it into a request decides who receives it.

use std::fmt;

use reqwest::header::{HeaderName, HeaderValue};

use super::DialError;

/// Headers that say how a message is carried: setting them would break requests, or lead them elsewhere.
const CARRYING: [&str; 8] =
    ["host", "content-length", "connection", "transfer-encoding", "upgrade", "te", "trailer", "proxy-authorization"];

/// Name and value of a header that signs in.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretHeader {
    name: HeaderName,
    value: HeaderValue,
}

impl SecretHeader {
    /// # Errors
    /// [`DialError::Address`] when name or value cannot stand in a request; it does not repeat the value.
    pub fn new(name: &str, value: &str) -> Result<Self, DialError> {
        let wrong =
            |what: &str| DialError::Address(format!("{what}; write a name like Authorization and a value in one line"));
        let name = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| wrong("this is no name of a header"))?;
        if CARRYING.contains(&name.as_str()) {
            return Err(wrong(&format!("the header {name} cannot be set")));
        }
        let mut value = HeaderValue::from_str(value).map_err(|_| wrong("this value cannot stand in a header"))?;
        value.set_sensitive(true);
        Ok(Self { name, value })
    }

    pub(super) fn parts(&self) -> (HeaderName, HeaderValue) {
        (self.name.clone(), self.value.clone())
    }
}

impl fmt::Debug for SecretHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretHeader({})", self.name)
    }
}
