//! One table of error codes, and the [`Fault`] that services return.
//!
//! A code is stable: clients, the handbook and tests name it. The public body of an error shows
//! code, title and detail; the private source is logged once, where the fault leaves the process.

use std::fmt;

macro_rules! codes {
    ($($variant:ident $name:literal $status:literal $title:literal;)+) => {
        /// Stable error codes with their HTTP status and title.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code { $(#[doc = $title] $variant,)+ }

        impl Code {
            /// Every code, for the handbook and for tests.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)+];

            /// The stable name, as in `"code"` of a problem document.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Code::$variant => $name,)+ }
            }

            /// HTTP status this code travels with.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Code::$variant => $status,)+ }
            }

            /// Short human title.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Code::$variant => $title,)+ }
            }
        }
    };
}

codes! {
    BadRequest "bad_request" 400 "The request cannot be read";
    QuestionEmpty "question_empty" 400 "The question is empty";
    AddressInvalid "address_invalid" 400 "The address cannot be used";
    Unauthorized "unauthorized" 401 "Sign in or send a key";
    CredentialsWrong "credentials_wrong" 401 "E-mail address or password is wrong";
    SetupTokenInvalid "setup_token_invalid" 403 "The set-up link is not valid any more";
    Forbidden "forbidden" 403 "Not allowed with this key or account";
    OriginForbidden "origin_forbidden" 403 "This website may not ask here";
    SiteUnknown "site_unknown" 404 "There is no such site";
    NotFound "not_found" 404 "There is nothing here";
    MethodNotAllowed "method_not_allowed" 405 "The method is not allowed here";
    Conflict "conflict" 409 "That exists already";
    DocumentChanged "document_changed" 409 "The document was changed meanwhile";
    BodyTooLarge "body_too_large" 413 "The request is too large";
    QuestionTooLong "question_too_long" 413 "The question is too long";
    UnsupportedType "unsupported_type" 415 "The content type is not supported";
    Invalid "invalid" 422 "A value is not allowed";
    NothingStored "nothing_stored" 422 "Nothing could be stored";
    CrawlFailed "crawl_failed" 422 "The website could not be read";
    RateLimited "rate_limited" 429 "Too many requests";
    Cancelled "cancelled" 499 "Cancelled";
    Internal "internal" 500 "Something went wrong inside";
    StoreFailed "store_failed" 500 "The store cannot be written";
    DiskFull "disk_full" 507 "The disk is full";
    SchemaNewer "schema_newer" 500 "The data folder was written by a newer version";
    ConfigInvalid "config_invalid" 500 "The configuration cannot be used";
    FolderLocked "folder_locked" 503 "The data folder is in use";
    ModelMissing "model_missing" 503 "The embedding model is not available";
    Unavailable "unavailable" 503 "Not available right now";
}

/// What a service call failed with: a code, a sentence for people, and a private cause.
#[derive(Debug)]
pub struct Fault {
    pub code: Code,
    /// Public: names the cause and the mend. Never contains the source.
    pub detail: String,
    /// Private: goes to the log only.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Result of a service call.
pub type Outcome<T> = Result<T, Fault>;

impl Fault {
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), source: None }
    }

    /// Attaches the private cause.
    #[must_use]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// A site slug nobody has created.
    pub fn site_unknown(slug: &str) -> Self {
        Self::new(
            Code::SiteUnknown,
            format!(
                "there is no site \"{slug}\"; `dialogengine site list` shows the sites, `dialogengine site create {slug}` makes one"
            ),
        )
    }

    pub fn not_found(what: impl fmt::Display) -> Self {
        Self::new(Code::NotFound, format!("there is no {what}"))
    }

    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(Code::Invalid, detail)
    }

    pub fn internal(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::new(Code::Internal, "an internal error occurred; the log has the cause under this request")
            .with_source(source)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.detail)
    }
}

impl std::error::Error for Fault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|e| e as _)
    }
}
