//! The passage behind a citation, as it stood when it was cited.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::OpenApi;
use serde_json::json;

use crate::base::clock::rfc3339;
use crate::http::state::{Caller, Shared};

use super::{Reply, Tag, shape};

pub struct Citations(pub Arc<Shared>);

#[OpenApi]
impl Citations {
    /// `{id, n, document_id, title, url, quote, passage, section[], updated_at?, cited_at}`.
    #[oai(path = "/sites/:site/citations/:citation", method = "get", operation_id = "citation", tag = "Tag::Dialog")]
    async fn get(&self, caller: Data<&Caller>) -> Reply {
        let id = caller.params.get("citation");
        let cited = self.0.services.dialogs.citation(caller.site()?, id)?;
        let number = id.rsplit('-').next().and_then(|n| n.parse::<u32>().ok());
        Ok(shape(json!({
            "id": id,
            "n": number,
            "document_id": cited.document_id,
            "title": cited.title,
            "url": cited.url,
            "quote": cited.quote,
            "passage": cited.passage,
            "section": cited.section,
            "updated_at": cited.updated_at,
            "cited_at": rfc3339(cited.cited_at),
        })))
    }
}
