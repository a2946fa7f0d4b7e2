//! Keys: secret ones for programs (`de_ID.SECRET`), and the public one of each site (`pk_…`).

use serde::Serialize;

use crate::base::clock::{UnixMs, now_ms};
use crate::base::error::Outcome;
use crate::base::id::SiteId;
use crate::base::{Fault, secret};
use crate::store::{Store, Table};
use crate::svc::site;

use super::record::{Actor, ApiKey, Scope};

const PREFIX: &str = "de_";
const KEY_BYTES_MAX: usize = 200;
const KEYS_MAX: usize = 1_000;

/// A key just made. The key itself is shown this once.
#[derive(Debug, Clone, Serialize)]
pub struct NewKey {
    pub id: String,
    pub key: String,
}

/// Makes a key for one site.
pub async fn create_key(
    store: &Store,
    site: SiteId,
    mut scopes: Vec<Scope>,
    expires_at: Option<UnixMs>,
) -> Outcome<NewKey> {
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() {
        return Err(Fault::invalid("a key needs at least one scope: ask, search, documents, crawl, admin"));
    }
    if expires_at.is_some_and(|at| at <= now_ms()) {
        return Err(Fault::invalid("the key would have expired already; give a later time"));
    }
    let (id, token) = (secret::random_token(9), secret::random_token(24));
    let key = ApiKey {
        id: id.clone(),
        site,
        scopes,
        secret_hash: secret::token_hash(&token),
        expires_at,
        created_at: now_ms(),
    };
    store
        .write(move |batch| {
            if batch.scan(Table::Keys, [], KEYS_MAX)?.len() >= KEYS_MAX {
                return Err(Fault::invalid(format!("there are {KEYS_MAX} keys already; delete some")));
            }
            Ok::<_, Fault>(batch.put(&key.id, &key)?)
        })
        .await?;
    Ok(NewKey { key: format!("{PREFIX}{id}.{token}"), id })
}

/// Keys of one site, or of all.
pub fn keys(store: &Store, site: Option<SiteId>) -> Outcome<Vec<ApiKey>> {
    let all = store.snapshot()?.list::<ApiKey>([])?.into_iter().map(|(_, key)| key);
    Ok(all.filter(|key| site.is_none_or(|s| s == key.site)).collect())
}

/// Ends a key at once.
pub async fn delete_key(store: &Store, id: &str) -> Outcome<()> {
    let id = id.to_owned();
    store
        .write(move |batch| {
            if batch.get::<ApiKey>(&id)?.is_none() {
                return Err(Fault::not_found(format!("key {id}")));
            }
            batch.delete(Table::Keys, &id);
            Ok(())
        })
        .await
}

/// Who sent this bearer key; `None` when it is unknown or has expired.
pub fn who_key(store: &Store, bearer: &str) -> Outcome<Option<Actor>> {
    if bearer.len() > KEY_BYTES_MAX {
        return Ok(None);
    }
    if bearer.starts_with("pk_") {
        // Every site is compared, so that the time taken does not tell which one came close.
        let mut found = None;
        for site in site::list(store)? {
            if secret::equal(site.public_key.as_bytes(), bearer.as_bytes()) {
                found = Some(Actor::PublicKey { site: site.id });
            }
        }
        return Ok(found);
    }
    let Some((id, token)) = bearer.strip_prefix(PREFIX).and_then(|rest| rest.split_once('.')) else { return Ok(None) };
    let known = store.snapshot()?.get::<ApiKey>(id)?;
    Ok(known
        .filter(|key| secret::equal(&key.secret_hash, &secret::token_hash(token)))
        .filter(|key| key.expires_at.is_none_or(|at| at > now_ms()))
        .map(|key| Actor::Key { id: key.id, site: key.site, scopes: key.scopes }))
}
