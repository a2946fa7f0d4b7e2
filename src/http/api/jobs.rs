//! Long work: list, look, follow, cancel.

use std::collections::HashMap;
use std::sync::Arc;

use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::Query;
use serde_json::{Value, json};

use crate::base::clock::rfc3339;
use crate::base::error::Outcome;
use crate::base::id::{JobId, SiteId};
use crate::http::sse;
use crate::http::state::{Caller, Shared};
use crate::svc::job::Job;
use crate::svc::site;

use super::dialogs::Events;
use super::{Reply, Tag, shape};

/// Jobs of one listing.
const LISTED_MAX: usize = 100;

pub struct JobsApi(pub Arc<Shared>);

#[OpenApi]
impl JobsApi {
    /// Jobs, newest first: `{jobs:[job]}`.
    #[oai(path = "/jobs", method = "get", operation_id = "jobs", tag = "Tag::Jobs")]
    async fn list(&self, caller: Data<&Caller>, site: Query<Option<String>>) -> Reply {
        let services = &self.0.services;
        let slugs: HashMap<SiteId, String> = site::list(&services.store)?.into_iter().map(|s| (s.id, s.slug)).collect();
        let wanted = site.0.filter(|s| !s.is_empty());
        let is_wanted =
            |job: &Job| caller.sees(job.site) && wanted.as_ref().is_none_or(|w| slugs.get(&job.site) == Some(w));
        let jobs = services.jobs.list(None)?.into_iter().filter(is_wanted).take(LISTED_MAX);
        let rows = jobs.map(|job| view(&job, slugs.get(&job.site).map(String::as_str)));
        Ok(shape(json!({"jobs": rows.collect::<Vec<_>>()})))
    }

    /// A job: `{id,kind,site,state,phase,done,total,seconds_left?,errors:[{path,code,reason}],result?,created_at,updated_at}`.
    #[oai(path = "/jobs/:job", method = "get", operation_id = "job", tag = "Tag::Jobs")]
    async fn get(&self, caller: Data<&Caller>) -> Reply {
        let job = self.0.services.jobs.get(caller.id("job")?)?;
        Ok(shape(view(&job, slug(&caller).as_deref())))
    }

    /// Stops a job: at once when it waits, at its next safe point when it runs.
    #[oai(path = "/jobs/:job", method = "delete", operation_id = "cancelJob", tag = "Tag::Jobs")]
    async fn cancel(&self, caller: Data<&Caller>) -> Reply {
        let job = self.0.services.jobs.cancel(caller.id("job")?).await?;
        Ok(shape(view(&job, slug(&caller).as_deref())))
    }

    /// A job as events named `job`; ends after a final state.
    #[oai(path = "/jobs/:job/events", method = "get", operation_id = "jobEvents", tag = "Tag::Jobs")]
    async fn events(&self, caller: Data<&Caller>) -> poem::Result<Events> {
        let id = caller.id::<JobId>("job")?;
        let slug = slug(&caller);
        Ok(Events(sse::job_stream(&self.0, id, move |job| view(job, slug.as_deref()))))
    }
}

fn slug(caller: &Caller) -> Option<String> {
    let site: Outcome<_> = caller.site();
    site.ok().map(|site| site.slug.clone())
}

fn view(job: &Job, slug: Option<&str>) -> Value {
    json!({
        "id": job.id.to_string(),
        "kind": job.kind.name(),
        "site": slug,
        "files": job.kind.files(),
        "state": job.state,
        "phase": job.phase,
        "done": job.done,
        "total": job.total,
        "seconds_left": job.seconds_left,
        "errors": job.errors,
        "result": job.result,
        "created_at": rfc3339(job.created_at),
        "updated_at": rfc3339(job.updated_at),
    })
}
