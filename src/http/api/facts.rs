//! What a document states: telephone numbers, opening hours, fees, deadlines …, each with where it was read.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::Query;
use serde_json::{Value, json};

use crate::base::error::Outcome;
use crate::base::id::{DocumentId, SiteId};
use crate::http::state::{Caller, Shared};
use crate::svc::knowledge;

use super::{Reply, Tag, shape};

pub struct Facts(pub Arc<Shared>);

#[OpenApi]
impl Facts {
    /// Facts of a document in the order of its text: `{document_id, facts:[{kind, …, source, section[], block?, label?, written}], total}`.
    /// `source` is `jsonld`, `microdata`, `rdfa`, `opengraph`, `link` or `text`; `section` and `block` say where it stands, `written`
    /// how. `kind` shows one kind only: phone, email, address, hours, price, date, deadline, event, updated, download, video, form,
    /// steps, legal, region.
    #[oai(
        path = "/sites/:site/documents/:document/facts",
        method = "get",
        operation_id = "facts",
        tag = "Tag::Documents"
    )]
    async fn list(&self, caller: Data<&Caller>, kind: Query<Option<String>>) -> Reply {
        let (site, id) = (caller.site()?.id, caller.id::<DocumentId>("document")?);
        let kind = kind.0.filter(|kind| !kind.is_empty());
        Ok(shape(self.view(site, id, kind.as_deref())?))
    }
}

impl Facts {
    fn view(&self, site: SiteId, id: DocumentId, kind: Option<&str>) -> Outcome<Value> {
        let facts = knowledge::facts(&self.0.services.store.snapshot()?, site, id, kind)?;
        Ok(json!({"document_id": id.to_string(), "total": facts.len(), "facts": facts}))
    }
}
