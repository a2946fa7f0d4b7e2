//! The HTTP front door: resources of the API, pages, widget files, streams, health.
//!
//! Invariants: no handler runs before the gate has looked the call up in the access table ([`access`]); every response,
//! errors included, leaves through [`front`] with a request number and the security headers; every error of the API is
//! a problem document. Handlers call services and shape what they return.
//! Deliberately absent: TLS and connections (`net`), compression of responses made per request (it would delay streams
//! and let secrets be guessed by size), any decision about knowledge or dialogs (`svc`).

mod access;
mod address;
mod api;
mod assets;
mod front;
mod gate;
mod headers;
mod health;
mod origin;
mod page;
mod problem;
mod rate;
mod spec;
mod sse;
mod state;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use poem::{Endpoint, EndpointExt as _, Response, Route};

use crate::svc::services::Services;

pub use state::Options;

use front::Front;
use state::Shared;

/// Everything the server answers, ready for `net::serve`.
pub fn app(services: Arc<Services>, options: Options) -> impl Endpoint<Output = Response> + 'static {
    let shared = Arc::new(Shared::new(services, options));
    let resources = api::service(&shared);
    let document = spec::Document::new(&resources.spec());
    let routes = Route::new()
        .nest(access::BASE, resources)
        .at("/api/openapi.json", document.clone())
        .at("/api/v1/openapi.json", document)
        .at("/healthz/live", health::Live)
        .at("/healthz/ready", health::Ready(Arc::clone(&shared)))
        .at("/health", health::Health(Arc::clone(&shared)))
        .nest_no_strip("/", page::Pages(Arc::clone(&shared)));
    Front { inner: routes.map_to_response(), shared }
}
