//! What documents state: kept beside them, written and deleted with them.

use serde::{Deserialize, Serialize};

use crate::base::error::Outcome;
use crate::base::id::{DocumentId, SiteId};
use crate::base::{Code, Fault};
use crate::store::{Batch, Key, Snapshot, Table, Value};
use crate::svc::extract::facts::{Fact, Stated};

/// The facts of one document, under site and document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Facts {
    facts: Vec<Fact>,
}

impl Value for Facts {
    const TABLE: Table = Table::Facts;
}

/// Replaces the facts of a document; the same again writes nothing.
pub(super) fn keep_facts(batch: &mut Batch<'_>, site: SiteId, document: DocumentId, facts: Vec<Fact>) -> Outcome<()> {
    let key = Key::of(site).and(document);
    let known = batch.get::<Facts>(&key)?.map(|known| known.facts);
    if facts.is_empty() {
        if known.is_some() {
            drop_facts(batch, site, document);
        }
    } else if known.as_ref() != Some(&facts) {
        batch.put(key, &Facts { facts })?;
    }
    Ok(())
}

/// The facts kept of a document, within a change.
pub(super) fn kept_facts(batch: &Batch<'_>, site: SiteId, document: DocumentId) -> Outcome<Vec<Fact>> {
    Ok(batch.get::<Facts>(Key::of(site).and(document))?.map(|known| known.facts).unwrap_or_default())
}

pub(super) fn drop_facts(batch: &mut Batch<'_>, site: SiteId, document: DocumentId) {
    batch.delete(Table::Facts, Key::of(site).and(document));
}

/// The facts of a document in the order of its text, of one kind or all; none for a document read before there were facts.
///
/// # Errors
/// `bad_request` for a kind there is not, `not_found` for a document that is not of this site.
pub fn facts(snapshot: &Snapshot, site: SiteId, document: DocumentId, kind: Option<&str>) -> Outcome<Vec<Fact>> {
    if let Some(kind) = kind.filter(|kind| !Stated::KINDS.contains(kind)) {
        let detail = format!("there are no facts of kind {kind:?}; kinds are {}", Stated::KINDS.join(", "));
        return Err(Fault::new(Code::BadRequest, detail));
    }
    super::document(snapshot, site, document)?;
    let mut facts = snapshot.get::<Facts>(Key::of(site).and(document))?.map(|known| known.facts).unwrap_or_default();
    facts.retain(|fact| kind.is_none_or(|kind| fact.stated.kind() == kind));
    Ok(facts)
}
