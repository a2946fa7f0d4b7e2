//! The outermost endpoint: number, gate, panic guard, problem documents, headers. Nothing leaves without them.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt as _;
use poem::http::{Method, StatusCode, header};
use poem::{Endpoint, IntoResponse, Request, Response};

use crate::base::secret::random_token;
use crate::base::{Code, Fault};

use super::gate::{self, Passage};
use super::page;
use super::problem::{self, Refusal};
use super::state::Shared;
use super::{access, address, headers};

pub struct Front<E> {
    pub inner: E,
    pub shared: Arc<Shared>,
}

/// The client's address, for handlers that count.
#[derive(Debug, Clone, Copy)]
pub struct ClientAddress(pub std::net::IpAddr);

struct Said {
    is_api: bool,
    wants_page: bool,
    language: &'static str,
}

impl<E: Endpoint> Endpoint for Front<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let started = Instant::now();
        let id = random_token(9);
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let said = said(&request, &path);
        let mut passage = Passage::default();
        let outcome = AssertUnwindSafe(self.serve(request, &path, &mut passage)).catch_unwind().await;
        let outcome = outcome.unwrap_or_else(|_| {
            Err(Fault::new(Code::Internal, "an internal error occurred; the log has the cause under this request")
                .into())
        });
        let mut response = match outcome.and_then(refuse_bare_errors) {
            Ok(response) => response,
            Err(refusal) => {
                refusal.log(&id);
                if said.wants_page { page::refuse(&refusal, &id, said.language) } else { refusal.respond(&id) }
            }
        };
        if let Some(origin) = &passage.cors {
            gate::open_to(&mut response, origin);
        }
        headers::dress(&mut response, &id, self.shared.is_staging, said.is_api);
        tracing::debug!(request_id = id, %method, path, status = response.status().as_u16(), elapsed = ?started.elapsed(), "request");
        Ok(response)
    }
}

fn said(request: &Request, path: &str) -> Said {
    let accepts = request.headers().get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let languages = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let is_api = path == "/api" || path.starts_with("/api/") || path.starts_with("/health");
    let first = |code: &str| languages.to_ascii_lowercase().find(code).unwrap_or(usize::MAX);
    Said {
        is_api,
        wants_page: !is_api && accepts.contains("text/html"),
        language: if first("en") < first("de") { "en" } else { "de" },
    }
}

impl<E: Endpoint> Front<E> {
    async fn serve(&self, mut request: Request, path: &str, passage: &mut Passage) -> Result<Response, Refusal> {
        // A probe must be answered even when everybody else waits.
        let _room = if path.starts_with("/healthz/") {
            None
        } else {
            Some(self.shared.room.try_acquire().map_err(|_| Refusal::of_status(StatusCode::SERVICE_UNAVAILABLE, ""))?)
        };
        let client = address::client(&request, &self.shared.trusted_proxies);
        if let Some(client) = client {
            request.set_data(ClientAddress(client));
        }
        // The description of the API has a second, unversioned address.
        let below = if path == "/api/openapi.json" {
            Some("/openapi.json")
        } else {
            path.strip_prefix(access::BASE).filter(|rest| rest.starts_with('/'))
        };
        if let Some(below) = below {
            if request.method() == Method::OPTIONS {
                return gate::preflight(&self.shared, &request, below, passage);
            }
            gate::admit(&self.shared, &mut request, below, client, passage).await?;
        } else if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let fault = Fault::new(Code::MethodNotAllowed, "this address is for GET");
            return Err(Refusal { allow: Some("GET, HEAD".to_owned()), ..fault.into() });
        }
        self.inner.call(request).await.map(IntoResponse::into_response).map_err(Refusal::of)
    }
}

/// Some parts of the framework answer errors as plain text.
fn refuse_bare_errors(response: Response) -> Result<Response, Refusal> {
    let is_error = response.status().as_u16() >= 400;
    let is_ours =
        response.content_type().is_some_and(|t| t.starts_with(problem::CONTENT_TYPE) || t.starts_with("text/html"));
    if is_error && !is_ours { Err(Refusal::of_status(response.status(), "")) } else { Ok(response) }
}
