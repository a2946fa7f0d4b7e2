//! Who may do what: accounts, sessions, keys, and the one-time set-up link.
//!
//! Invariants: of passwords, session tokens, keys and set-up tokens only hashes are stored; comparing takes the same
//! time whatever differs; an unknown e-mail address costs as much as a wrong password.
//! Deliberately absent: cookies and headers (`http`), roles beside the operator, sign-in by other means.

mod key;
mod password;
mod record;
mod session;
mod user;

#[cfg(test)]
mod tests;

pub use key::{NewKey, create_key, delete_key, keys, who_key};
pub use password::PASSWORD_CHARS_MIN;
pub use record::{Actor, ApiKey, Scope, User};
pub use session::{SESSION_MS, open_session, sign_in, sign_out, who_session};
pub use user::{
    NewUser, create_operator, needs_setup, normalise_email, set_password, set_up, setup_link, user_by_email, users,
};
