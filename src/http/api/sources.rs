//! Websites, feeds and single pages: what is read, how many pages there are, what became of each.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{Enum, Object, OpenApi};
use serde_json::{Value, json};

use crate::base::Fault;
use crate::base::clock::rfc3339;
use crate::base::error::Outcome;
use crate::base::id::SourceId;
use crate::http::state::{Caller, Shared};
use crate::store::Store;
use crate::svc::crawl::Reach;
use crate::svc::ingest::schedule;
use crate::svc::ingest::sign_in::{self, SignIn};
use crate::svc::ingest::source::{self, NewSource, Source};
use crate::svc::job;

use super::{Accepted, Created, Reply, Tag, shape};

/// A website to read.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct SourceRequest {
    /// As people type it: `example.de` will do.
    url: String,
    /// What is at the address; a website by default.
    kind: Option<Kind>,
    /// Folders to read; all when empty.
    include: Option<Vec<String>>,
    /// Folders to leave out.
    exclude: Option<Vec<String>>,
    max_pages: Option<u32>,
    max_depth: Option<u32>,
    /// `HOST[:PORT]` on private addresses that may be dialled.
    allow_private: Option<Vec<String>>,
    /// How to sign in there; what is set already stays without it.
    sign_in: Option<SignInRequest>,
}

/// How to sign in at the website. Kept for its crawls, sent to the scheme, host and port of its address only, and never
/// answered.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct SignInRequest {
    kind: SignInKind,
    /// With `basic`.
    user: Option<String>,
    /// With `basic`.
    password: Option<String>,
    /// Name of the header, with `header`.
    name: Option<String>,
    /// Value of the header, with `header`.
    value: Option<String>,
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "snake_case")]
enum SignInKind {
    /// HTTP basic authentication.
    Basic,
    /// A header, such as `Authorization` or `Cookie`.
    Header,
    /// Not at all; what was set is deleted.
    None,
}

impl SignInRequest {
    fn read(self) -> Outcome<Option<SignIn>> {
        let missing = |what: &str| Fault::invalid(format!("signing in needs {what}; send it"));
        Ok(match self.kind {
            SignInKind::Basic => Some(SignIn::Basic {
                user: self.user.ok_or_else(|| missing("`user`"))?,
                password: self.password.ok_or_else(|| missing("`password`"))?,
            }),
            SignInKind::Header => Some(SignIn::Header {
                name: self.name.ok_or_else(|| missing("`name`"))?,
                value: self.value.ok_or_else(|| missing("`value`"))?,
            }),
            SignInKind::None => None,
        })
    }
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "snake_case")]
enum Kind {
    /// All its pages are read.
    Website,
    /// RSS or Atom: its entries are read.
    Feed,
    /// This one page or file is read.
    Page,
}

impl From<Kind> for Reach {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Website => Self::Website,
            Kind::Feed => Self::Feed,
            Kind::Page => Self::Page,
        }
    }
}

/// Folders for this and later crawls.
#[derive(Object, Default)]
#[oai(deny_unknown_fields)]
struct CrawlRequest {
    include: Option<Vec<String>>,
    exclude: Option<Vec<String>>,
}

/// Changes to a website's settings.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct SourcePatch {
    /// `hourly`, `daily`, `weekly`, `off`, or cron such as `30 3 * * 1-5`.
    schedule: Option<String>,
    /// How to sign in there.
    sign_in: Option<SignInRequest>,
}

pub struct Sources(pub Arc<Shared>);

#[OpenApi]
impl Sources {
    /// Websites of a site: `{sources:[{id,url,kind,include,exclude,last_crawl?,last_job?,pages?,schedule?,next_crawl?,failure?:{at,detail},sign_in?}]}`.
    #[oai(path = "/sites/:site/sources", method = "get", operation_id = "sources", tag = "Tag::Sources")]
    async fn list(&self, caller: Data<&Caller>) -> Reply {
        let store = &self.0.services.store;
        let sources = source::list(store, caller.site()?.id)?;
        let rows = sources.iter().map(|source| view(store, source)).collect::<Outcome<Vec<_>>>()?;
        Ok(shape(json!({"sources": rows})))
    }

    /// Adds a website, a feed or a page, or changes the one with this address: `{source_id, url}`.
    #[oai(path = "/sites/:site/sources", method = "post", operation_id = "createSource", tag = "Tag::Sources")]
    async fn create(&self, caller: Data<&Caller>, body: Json<SourceRequest>) -> poem::Result<Created> {
        let body = body.0;
        // Reaching into the private network is for whoever runs the server, not for a key.
        let allow_private = body.allow_private.unwrap_or_default();
        if !allow_private.is_empty() && !caller.is_operator() {
            return Err(crate::base::Fault::new(
                crate::base::Code::Forbidden,
                "private addresses can be allowed after signing in or on the command line only",
            )
            .into());
        }
        let sign_in = body.sign_in.map(SignInRequest::read).transpose()?;
        let new = NewSource {
            url: body.url,
            kind: body.kind.map(Into::into).unwrap_or_default(),
            include: body.include.unwrap_or_default(),
            exclude: body.exclude.unwrap_or_default(),
            pages_max: body.max_pages.map(|n| n as usize),
            depth_max: body.max_depth.map(|n| n as usize),
            allow_private,
        };
        let services = &self.0.services;
        let made = source::create(&services.store, caller.site()?.id, new, services.ingest.pages_max).await?;
        if let Some(sign_in) = sign_in {
            sign_in::set(&services.store, made.id, sign_in).await?;
        }
        Ok(Created::Made(shape(json!({"source_id": made.id.to_string(), "url": made.url}))))
    }

    /// Sets when a website is read again by itself, and how to sign in there: the website as in the list.
    #[oai(path = "/sources/:source", method = "patch", operation_id = "updateSource", tag = "Tag::Sources")]
    async fn update(&self, caller: Data<&Caller>, body: Json<SourcePatch>) -> Reply {
        let (store, id) = (&self.0.services.store, caller.id("source")?);
        let body = body.0;
        if let Some(sign_in) = body.sign_in.map(SignInRequest::read).transpose()? {
            sign_in::set(store, id, sign_in).await?;
        }
        if let Some(schedule) = body.schedule {
            schedule::set(store, id, &schedule).await?;
        }
        Ok(shape(view(store, &source::find(store, id)?)?))
    }

    /// Counts pages and folders without reading them in: `{job_id}`; the job's result is `{pages_found, folders:[{path,pages}], expected_seconds, start_url}`.
    #[oai(path = "/sources/:source/discover", method = "post", operation_id = "discover", tag = "Tag::Sources")]
    async fn discover(&self, caller: Data<&Caller>) -> poem::Result<Accepted> {
        let source = caller.id::<SourceId>("source")?;
        let job = self.0.services.jobs.submit(caller.site()?.id, job::Kind::Discover { source }).await?;
        Ok(Accepted::Queued(shape(json!({"job_id": job.to_string()}))))
    }

    /// Reads the website: `{job_id}`.
    #[oai(path = "/sources/:source/crawl", method = "post", operation_id = "crawl", tag = "Tag::Sources")]
    async fn crawl(&self, caller: Data<&Caller>, body: Json<Option<CrawlRequest>>) -> poem::Result<Accepted> {
        let services = &self.0.services;
        let id = caller.id::<SourceId>("source")?;
        let body = body.0.unwrap_or_default();
        if body.include.is_some() || body.exclude.is_some() {
            source::limit(&services.store, id, body.include, body.exclude).await?;
        }
        let job = services.jobs.submit(caller.site()?.id, job::Kind::Crawl { source: id }).await?;
        Ok(Accepted::Queued(shape(json!({"job_id": job.to_string()}))))
    }
}

fn view(store: &Store, source: &Source) -> Outcome<Value> {
    Ok(json!({
        "id": source.id.to_string(),
        "url": source.url,
        "kind": source.kind,
        "include": source.include,
        "exclude": source.exclude,
        "max_pages": source.pages_max,
        "max_depth": source.depth_max,
        "last_crawl": source.last_crawl.as_ref().map(|c| rfc3339(c.finished_at)),
        "last_job": source.last_job.map(|id| id.to_string()),
        "pages": source.last_crawl.as_ref().map(|c| c.pages),
        "schedule": source.schedule,
        "next_crawl": source.next_at.map(rfc3339),
        "failure": source.failure.as_ref().map(|f| json!({"at": rfc3339(f.at), "detail": f.detail})),
        "sign_in": sign_in::kind(store, source.id)?,
    }))
}
