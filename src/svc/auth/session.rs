//! Signed-in browsers: a random token in a cookie, its hash in the store, twelve hours from the last use.

use crate::base::clock::now_ms;
use crate::base::error::Outcome;
use crate::base::id::UserId;
use crate::base::{Code, Fault, secret};
use crate::store::{Batch, Key, Store, Table};

use super::password;
use super::record::{Session, User};
use super::user::user_by_email;

/// How long a session lasts from its last use, in milliseconds.
pub const SESSION_MS: u64 = 12 * 3_600_000;
/// A session is written again only when this much of it is used up.
const RENEW_AFTER_MS: u64 = 600_000;
/// Browsers one person may be signed in with.
const PER_USER_MAX: usize = 10;
const TOKEN_BYTES_MAX: usize = 128;

/// Checks e-mail and password and opens a session; the token is for the cookie.
pub async fn sign_in(store: &Store, email: &str, password: &str) -> Outcome<(User, String)> {
    let user = user_by_email(store, email)?;
    let right = password::verify(password.to_owned(), user.as_ref().map(|u| u.password_hash.clone())).await?;
    match user {
        Some(user) if right => {
            let token = open_session(store, user.id).await?;
            Ok((user, token))
        }
        _ => Err(Fault::new(Code::CredentialsWrong, "the e-mail address or the password is wrong")),
    }
}

/// Opens a session for somebody whose identity is known; ends the oldest when there are too many.
pub async fn open_session(store: &Store, user: UserId) -> Outcome<String> {
    let token = secret::random_token(32);
    let hash = secret::token_hash(&token);
    store
        .write(move |batch| {
            let now = now_ms();
            let mut own = Vec::new();
            for (key, session) in batch.list::<Session>([])? {
                if session.expires_at <= now {
                    batch.delete(Table::Sessions, key);
                } else if session.user == user {
                    own.push((session.expires_at, key));
                }
            }
            own.sort();
            let surplus = (own.len() + 1).saturating_sub(PER_USER_MAX);
            for (_, key) in own.into_iter().take(surplus) {
                batch.delete(Table::Sessions, key);
            }
            batch.put(hash, &Session { user, created_at: now, expires_at: now + SESSION_MS })?;
            Ok::<_, Fault>(())
        })
        .await?;
    Ok(token)
}

/// The person behind a session token; its twelve hours begin anew.
pub async fn who_session(store: &Store, token: &str) -> Outcome<Option<User>> {
    if token.is_empty() || token.len() > TOKEN_BYTES_MAX {
        return Ok(None);
    }
    let hash = secret::token_hash(token);
    let now = now_ms();
    let (session, user) = {
        let snapshot = store.snapshot()?;
        let Some(session) = snapshot.get::<Session>(hash)?.filter(|s| s.expires_at > now) else { return Ok(None) };
        (session, snapshot.get::<User>(Key::of(session.user))?)
    };
    if user.is_some() && session.expires_at < now + SESSION_MS - RENEW_AFTER_MS {
        store
            .write(move |batch| {
                // It may have been ended meanwhile.
                if let Some(mut session) = batch.get::<Session>(hash)? {
                    session.expires_at = now + SESSION_MS;
                    batch.put(hash, &session)?;
                }
                Ok::<_, Fault>(())
            })
            .await?;
    }
    Ok(user)
}

/// Ends a session.
pub async fn sign_out(store: &Store, token: &str) -> Outcome<()> {
    let hash = secret::token_hash(token);
    store
        .write(move |batch| {
            batch.delete(Table::Sessions, hash);
            Ok::<_, Fault>(())
        })
        .await
}

/// Ends every session of a user.
pub(super) fn end_all(batch: &mut Batch<'_>, user: UserId) -> Outcome<()> {
    for (key, session) in batch.list::<Session>([])? {
        if session.user == user {
            batch.delete(Table::Sessions, key);
        }
    }
    Ok(())
}
