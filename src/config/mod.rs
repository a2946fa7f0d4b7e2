//! The boot configuration: what is needed before the store opens.
//!
//! Precedence: flag > `DIALOGENGINE_SECTION__KEY` > file > default. Unknown keys are errors with a
//! suggestion. Everything an administrator changes at run time lives in the store, not here.

mod load;
mod schema;

#[cfg(test)]
mod tests;

pub use load::{ConfigError, Loaded, Origin, load};
pub use schema::{Config, Limits, Logs, Network, Server};

/// The complete, commented default: what `config.toml` of the repository holds.
#[must_use]
pub fn commented_default() -> String {
    schema::describe()
}
