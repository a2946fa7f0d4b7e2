//! Typed ids. Numbers inside, short prefixed names outside (`doc_12`; the bare number, as tables show it, is understood too);
//! dialogs and keys are random.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The text is not an id of the expected kind.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("\"{0}\" is not an id of this kind; they look like {1}12")]
pub struct IdError(pub String, pub &'static str);

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($inner:ty) $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl $name {
            /// Big-endian bytes: the order of keys in the store is the order of numbers.
            #[must_use]
            pub const fn to_key(self) -> [u8; std::mem::size_of::<$inner>()] { self.0.to_be_bytes() }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, concat!($prefix, "{}"), self.0) }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                let number = text.strip_prefix($prefix).unwrap_or(text);
                let is_number = number.bytes().all(|b| b.is_ascii_digit());
                let parsed = if is_number { number.parse().ok() } else { None };
                parsed.map(Self).ok_or_else(|| IdError(text.to_owned(), $prefix))
            }
        }
    )+};
}

ids! {
    /// A tenant.
    SiteId(u32) "site_";
    /// A page or file that was read.
    DocumentId(u64) "doc_";
    /// A passage of a document; also its key in both indexes. Never used twice.
    ChunkId(u64) "chunk_";
    /// Where documents come from: a website, an upload, a folder.
    SourceId(u64) "src_";
    /// A unit of long work.
    JobId(u64) "job_";
    /// A group of documents of one subject.
    TopicId(u64) "topic_";
    /// A person with an account.
    UserId(u64) "user_";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_bare_numbers() {
        for (text, id) in [
            ("doc_12", Some(12)),
            ("12", Some(12)),
            ("doc_", None),
            ("", None),
            ("job_12", None),
            ("+12", None),
            ("-1", None),
            ("doc_99999999999999999999", None),
        ] {
            assert_eq!(text.parse::<DocumentId>().ok(), id.map(DocumentId), "{text}");
        }
        assert_eq!(
            "x".parse::<JobId>().unwrap_err().to_string(),
            "\"x\" is not an id of this kind; they look like job_12"
        );
    }
}
