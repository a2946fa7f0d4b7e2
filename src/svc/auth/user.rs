//! Accounts and the first of them: the set-up link.

use crate::base::clock::now_ms;
use crate::base::error::Outcome;
use crate::base::id::UserId;
use crate::base::{Code, Fault, secret};
use crate::store::{Batch, Key, Store, Table, decode};

use super::password;
use super::record::{SetupToken, User, UserMail};

const SETUP_KEY: &str = "setup_token";
const SETUP_MS: u64 = 24 * 3_600_000;
const EMAIL_BYTES_MAX: usize = 254;
const NAME_BYTES_MAX: usize = 200;
const USERS_MAX: u64 = 1_000;

/// What a new account starts with.
#[derive(Debug, Clone, Default)]
pub struct NewUser {
    pub email: String,
    pub password: String,
    pub name: Option<String>,
    pub locale: Option<String>,
}

/// Trimmed and lower case; refuses what cannot be an address.
pub fn normalise_email(email: &str) -> Outcome<String> {
    let email = email.trim().to_lowercase();
    let sound = email.len() <= EMAIL_BYTES_MAX
        && !email.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';'))
        && matches!(email.split_once('@'), Some((name, host)) if !name.is_empty() && !host.is_empty() && !host.contains('@') && !host.starts_with('.') && !host.ends_with('.'));
    if sound {
        Ok(email)
    } else {
        Err(Fault::invalid("the e-mail address is not complete; it looks like name@example.de"))
    }
}

struct Checked {
    email: String,
    name: Option<String>,
    locale: String,
    password_hash: String,
}

async fn check(new: NewUser) -> Outcome<Checked> {
    let email = normalise_email(&new.email)?;
    password::check(&new.password)?;
    let name = new.name.map(|n| n.trim().to_owned()).filter(|n| !n.is_empty());
    if name.as_ref().is_some_and(|n| n.len() > NAME_BYTES_MAX || n.chars().any(char::is_control)) {
        return Err(Fault::invalid(format!(
            "the name may have at most {NAME_BYTES_MAX} bytes and no control characters"
        )));
    }
    let locale = if new.locale.as_deref().is_some_and(|l| l.starts_with("en")) { "en" } else { "de" };
    Ok(Checked { email, name, locale: locale.to_owned(), password_hash: password::hash(new.password).await? })
}

fn insert(batch: &mut Batch<'_>, new: Checked) -> Outcome<User> {
    if batch.get_raw(Table::UserMails, &new.email)?.is_some() {
        return Err(Fault::new(Code::Conflict, format!("there is an account for {} already", new.email)));
    }
    let id = UserId(batch.next("user")?);
    if id.0 > USERS_MAX {
        return Err(Fault::invalid(format!("at most {USERS_MAX} accounts can be made")));
    }
    let user = User {
        id,
        email: new.email,
        name: new.name,
        role: "operator".to_owned(),
        locale: new.locale,
        password_hash: new.password_hash,
        created_at: now_ms(),
    };
    batch.put(&user.email, &UserMail { user: id })?;
    batch.put(Key::of(id), &user)?;
    Ok(user)
}

/// Creates an account that may do everything.
pub async fn create_operator(store: &Store, new: NewUser) -> Outcome<User> {
    let new = check(new).await?;
    store.write(move |batch| insert(batch, new)).await
}

/// All accounts.
pub fn users(store: &Store) -> Outcome<Vec<User>> {
    Ok(store.snapshot()?.list::<User>([])?.into_iter().map(|(_, user)| user).collect())
}

/// The account of an e-mail address, if there is one.
pub fn user_by_email(store: &Store, email: &str) -> Outcome<Option<User>> {
    let Ok(email) = normalise_email(email) else { return Ok(None) };
    let snapshot = store.snapshot()?;
    match snapshot.get::<UserMail>(&email)? {
        Some(mail) => Ok(snapshot.get(Key::of(mail.user))?),
        None => Ok(None),
    }
}

/// Gives an account another password and ends its sessions.
pub async fn set_password(store: &Store, email: &str, new_password: String) -> Outcome<User> {
    password::check(&new_password)?;
    let known = user_by_email(store, email)?.ok_or_else(|| Fault::not_found(format!("account for {email}")))?;
    let hash = password::hash(new_password).await?;
    store
        .write(move |batch| {
            let mut user: User = batch.get(Key::of(known.id))?.ok_or_else(|| Fault::not_found("such account"))?;
            user.password_hash = hash;
            batch.put(Key::of(user.id), &user)?;
            super::session::end_all(batch, user.id)?;
            Ok(user)
        })
        .await
}

/// Whether nobody can sign in yet.
pub fn needs_setup(store: &Store) -> Outcome<bool> {
    Ok(store.snapshot()?.count(Table::Users, [])? == 0)
}

/// A fresh one-time token for the set-up page, good for 24 hours; earlier ones end. Refuses when somebody can sign in
/// already, unless forced (only the command line does that).
pub async fn setup_link(store: &Store, forced: bool) -> Outcome<String> {
    if !forced && !needs_setup(store)? {
        return Err(Fault::new(
            Code::Conflict,
            "there is an operator already; sign in, or run `dialogengine user setup-link` on the server for a further account",
        ));
    }
    let token = secret::random_token(24);
    let stored = SetupToken { hash: secret::token_hash(&token), expires_at: now_ms() + SETUP_MS };
    store.write(move |batch| Ok::<_, Fault>(batch.put(SETUP_KEY, &stored)?)).await?;
    Ok(token)
}

/// Uses the set-up token to make an operator. The token is spent in the same batch.
pub async fn set_up(store: &Store, token: &str, new: NewUser) -> Outcome<User> {
    let hash = secret::token_hash(token);
    // Strangers must not make the server hash passwords.
    let known: Option<SetupToken> = store.snapshot()?.get(SETUP_KEY)?;
    let fits = |t: &SetupToken| secret::equal(&t.hash, &hash) && t.expires_at > now_ms();
    if !known.is_some_and(|t| fits(&t)) {
        return Err(spent());
    }
    let new = check(new).await?;
    store
        .write(move |batch| {
            let bytes = batch.get_raw(Table::Settings, SETUP_KEY)?.ok_or_else(spent)?;
            let stored: SetupToken = decode(&bytes)?;
            if !(secret::equal(&stored.hash, &hash) && stored.expires_at > now_ms()) {
                return Err(spent());
            }
            batch.delete(Table::Settings, SETUP_KEY);
            insert(batch, new)
        })
        .await
}

fn spent() -> Fault {
    Fault::new(
        Code::SetupTokenInvalid,
        "the set-up link is wrong, used or older than 24 hours; `dialogengine user setup-link` prints a new one",
    )
}
