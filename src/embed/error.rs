//! The errors of this folder; each message says what to do about it.

/// What can go wrong between a model's files and a vector.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum EmbedError {
    /// Neither compiled in nor configured.
    #[error(
        "this program was built without an embedding model and none is configured; import one with `model import FOLDER`"
    )]
    Absent,
    /// A file of the model's folder is missing or unreadable.
    #[error("the model is incomplete: {file}: {reason}; import the model again with `model import FOLDER`")]
    Incomplete { file: String, reason: String },
    /// A file differs from what the manifest promises.
    #[error(
        "the model's file {file} is damaged: sha256 {found} instead of {expected}; replace the file or import the model again \
         with `model import FOLDER`"
    )]
    Checksum { file: String, expected: String, found: String },
    /// A file is what the manifest promises, but not what this program can read.
    #[error("the model's file {file} cannot be used: {reason}; import a model this version supports")]
    Malformed { file: String, reason: String },
    /// What was offered for import is no model that can be used here.
    #[error("the model cannot be imported: {0}")]
    Unusable(String),
    /// Loading ended badly; the text is the message of the first error.
    #[error("the embedding model could not be loaded: {0}")]
    LoadFailed(String),
    /// More questions wait than the limit allows.
    #[error("too many questions are waiting for the embedding model; try again in a moment")]
    Busy,
    /// The encoder was given nothing, or ids it does not know.
    #[error("not a valid token sequence: {0}")]
    BadInput(String),
    /// The computation panicked; only this text is lost.
    #[error("the embedding of one text failed: {0}")]
    Panicked(String),
    /// An embedding service did not answer as it should.
    #[error("the embedding service: {0}")]
    Service(String),
    /// The pool is shutting down.
    #[error("the embedding threads are stopped")]
    Stopped,
}

/// Shorthand for this folder.
pub type Result<T> = std::result::Result<T, EmbedError>;
