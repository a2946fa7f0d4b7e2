//! What repeats: parts that stand on most pages of a website, and pages that repeat another.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde_json::json;

use crate::base::id::SourceId;
use crate::http::state::{Caller, Shared};
use crate::svc::job::Kind;
use crate::svc::knowledge::Document;
use crate::svc::{alike, repeat};

use super::{Accepted, Reply, Tag, shape};

/// Whether a part stays on every page.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct PartPatch {
    /// Such as `src_1`: whose pages it repeats on.
    source_id: String,
    /// True: on every page again. False: left out but for one page.
    kept: bool,
}

pub struct RepeatedApi(pub Arc<Shared>);

#[OpenApi]
impl RepeatedApi {
    /// Parts that stand on most pages of a website and are left out of all but one (`home`), most frequent first:
    /// `{parts:[{id,source_id,text,pages,of,home,example,kept}]}`.
    #[oai(path = "/sites/:site/repeated", method = "get", operation_id = "repeated", tag = "Tag::Documents")]
    async fn list(&self, caller: Data<&Caller>) -> Reply {
        let parts = repeat::list(&self.0.services.store, caller.site()?.id)?.into_iter().map(|(source, part)| {
            json!({"id": part.id, "source_id": source.to_string(), "text": part.text, "pages": part.pages, "of": part.of,
                "home": part.home, "example": part.example, "kept": part.kept})
        });
        Ok(shape(json!({"parts": parts.collect::<Vec<_>>()})))
    }

    /// Pages that repeat another page and are searched under it; `excluded: false` on the document takes one back in for good:
    /// `{copies:[{id,title,key,why:"same"|"part",of:{id,title,key}}]}`.
    #[oai(path = "/sites/:site/copies", method = "get", operation_id = "copies", tag = "Tag::Documents")]
    async fn copies(&self, caller: Data<&Caller>) -> Reply {
        let copies = alike::list(&self.0.services.store, caller.site()?.id)?;
        let about = |d: &Document| json!({"id": d.id.to_string(), "title": d.title, "key": d.key});
        let rows = copies.iter().map(|copy| {
            let mut row = about(&copy.document);
            row["why"] = json!(copy.why);
            row["of"] = about(&copy.original);
            row
        });
        Ok(shape(json!({"copies": rows.collect::<Vec<_>>()})))
    }

    /// Keeps a part on every page, or leaves it out again; the job cuts the pages anew: `{job_id}`.
    #[oai(
        path = "/sites/:site/repeated/:part",
        method = "patch",
        operation_id = "keepRepeated",
        tag = "Tag::Documents"
    )]
    async fn keep(&self, caller: Data<&Caller>, body: Json<PartPatch>) -> poem::Result<Accepted> {
        let (services, site) = (&self.0.services, caller.site()?.id);
        let source: SourceId =
            body.source_id.parse().map_err(|e: crate::base::id::IdError| crate::base::Fault::invalid(e.to_string()))?;
        let part = caller.params.get("part").to_owned();
        repeat::keep(&services.store, site, source, part, body.kept).await?;
        let job = services.jobs.submit(site, Kind::Repeated).await?;
        Ok(Accepted::Queued(shape(json!({"job_id": job.to_string()}))))
    }
}
