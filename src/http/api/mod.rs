//! The resources of the API, one file per noun of the address.
//!
//! Requests are typed and refuse unknown fields. Responses whose shape a service owns (answers, hits, jobs) go out as the
//! service serialises them; the document describes them in words.

mod ask;
mod citations;
mod dialogs;
mod document_rows;
mod documents;
mod facts;
mod jobs;
mod models;
mod remembered;
mod repeated;
mod report;
mod search;
mod session;
mod setup;
mod sites;
mod sources;
mod topics;
mod upload;

use std::sync::Arc;

use poem_openapi::payload::Json;
use poem_openapi::types::Any;
use poem_openapi::{ApiResponse, OpenApiService, Tags};
use serde_json::Value;

use super::state::Shared;

pub use remembered::Remembered;
pub(super) use sites::{page_locale, suggestions};

/// JSON whose shape a service owns.
pub type Shape = Json<Any<Value>>;
/// What most handlers return.
pub type Reply = poem::Result<Shape>;

#[derive(Tags)]
enum Tag {
    /// What a visitor's browser does with the key of the snippet.
    Dialog,
    /// First account and signing in.
    Session,
    /// Sites and their settings.
    Sites,
    /// Pages and files that were read.
    Documents,
    /// Websites that are read.
    Sources,
    /// Long work.
    Jobs,
    /// Searching the passages.
    Search,
}

/// Something new.
#[derive(ApiResponse)]
enum Created {
    /// Made.
    #[oai(status = 201)]
    Made(Shape),
}

/// Work was queued.
#[derive(ApiResponse)]
enum Accepted {
    /// `{job_id}`: follow it under `/jobs/{job}`.
    #[oai(status = 202)]
    Queued(Shape),
}

/// Nothing to say.
#[derive(ApiResponse)]
enum Done {
    /// Done.
    #[oai(status = 204)]
    Done,
}

fn shape(value: Value) -> Shape {
    Json(Any(value))
}

pub type Resources = (
    setup::Setup,
    session::SessionApi,
    sites::Sites,
    models::SiteModels,
    ask::AskApi,
    dialogs::DialogsApi,
    citations::Citations,
    search::Search,
    documents::Documents,
    facts::Facts,
    sources::Sources,
    report::Reports,
    repeated::RepeatedApi,
    topics::Topics,
    jobs::JobsApi,
);

/// All resources on one set of services.
pub fn service(shared: &Arc<Shared>) -> OpenApiService<Resources, ()> {
    let s = || Arc::clone(shared);
    let resources = (
        setup::Setup(s()),
        session::SessionApi(s()),
        sites::Sites(s()),
        models::SiteModels(s()),
        ask::AskApi(s()),
        dialogs::DialogsApi(s()),
        citations::Citations(s()),
        search::Search(s()),
        documents::Documents(s()),
        facts::Facts(s()),
        sources::Sources(s()),
        report::Reports(s()),
        repeated::RepeatedApi(s()),
        topics::Topics(s()),
        jobs::JobsApi(s()),
    );
    OpenApiService::new(resources, "DialogEngine", env!("CARGO_PKG_VERSION"))
}
