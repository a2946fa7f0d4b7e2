//! Passwords: argon2id, off the async workers, a few at a time because each takes 19 MB.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::Semaphore;

use crate::base::error::Outcome;
use crate::base::{Code, Fault};

/// Shortest password, in characters.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// Longest password, in bytes: more only costs time.
const PASSWORD_BYTES_MAX: usize = 1_000;
const AT_ONCE: usize = 2;

static ROOM: Semaphore = Semaphore::const_new(AT_ONCE);

/// Refuses what is too short or absurdly long.
pub(super) fn check(password: &str) -> Outcome<()> {
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(Fault::invalid(format!("the password needs at least {PASSWORD_CHARS_MIN} characters")));
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(Fault::invalid(format!("the password may have at most {PASSWORD_BYTES_MAX} bytes")));
    }
    Ok(())
}

async fn run<T: Send + 'static>(work: impl FnOnce() -> Outcome<T> + Send + 'static) -> Outcome<T> {
    let _permit = ROOM.acquire().await.map_err(Fault::internal)?;
    tokio::task::spawn_blocking(work).await.map_err(Fault::internal)?
}

fn hash_now(password: &str) -> Outcome<String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string())
        .map_err(|error| Fault::new(Code::Internal, format!("the password could not be hashed: {error}")))
}

/// The PHC string to store.
pub(super) async fn hash(password: String) -> Outcome<String> {
    run(move || hash_now(&password)).await
}

/// Whether the password is the one behind `stored`. Without `stored` the same work is done for nothing, so that the
/// time taken does not tell whether there is such an account.
pub(super) async fn verify(password: String, stored: Option<String>) -> Outcome<bool> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Ok(false);
    }
    run(move || match stored {
        Some(stored) => {
            let parsed = PasswordHash::new(&stored)
                .map_err(|error| Fault::new(Code::Internal, format!("a stored password cannot be read: {error}")))?;
            Ok(Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
        }
        None => hash_now(&password).map(|_| false),
    })
    .await
}
