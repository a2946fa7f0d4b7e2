//! Pages for people: the site page, the handbook, the console's files, and errors as pages.

mod error;
mod handbook;
pub(super) mod markdown;
mod site;

use std::sync::Arc;

use poem::http::{StatusCode, header};
use poem::{Endpoint, Request, Response};

use crate::base::Fault;
use crate::base::error::Outcome;
use crate::svc::{auth, site as sites};

use super::gate::session_cookie;
use super::state::Shared;

pub use error::refuse;
pub use handbook::Handbook;

/// Everything outside the API.
pub struct Pages(pub Arc<Shared>);

/// A template as a response.
fn render(template: &impl askama::Template) -> Outcome<Response> {
    let html = template.render().map_err(Fault::internal)?;
    Ok(Response::builder()
        .content_type("text/html; charset=utf-8")
        .header(header::CACHE_CONTROL, "no-cache")
        .body(html))
}

fn redirect(to: &str) -> Response {
    Response::builder()
        .status(StatusCode::SEE_OTHER)
        .header(header::LOCATION, to)
        .header(header::CACHE_CONTROL, "no-store")
        .finish()
}

/// One value of the query.
fn query(request: &Request, name: &str) -> Option<String> {
    let query = request.uri().query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

impl Endpoint for Pages {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        // For HEAD the server leaves the body out and keeps its length.
        self.get(&request).await
    }
}

impl Pages {
    async fn get(&self, request: &Request) -> poem::Result<Response> {
        let path = request.uri().path();
        let nothing = || Fault::not_found("page at this address");
        match path {
            "/" => return Ok(redirect(&self.start(request).await?)),
            "/console" | "/handbook" => return Ok(redirect(&format!("{path}/"))),
            "/setup" | "/setup/" => return Ok(redirect(&setup(request))),
            "/favicon.ico" => return Ok(redirect("/assets/icon.svg")),
            _ => {}
        }
        if let Some(slug) = path.strip_prefix("/s/") {
            return Ok(site::show(&self.0, request, slug.trim_end_matches('/')).await?);
        }
        if let Some(chapter) = path.strip_prefix("/handbook/") {
            return Ok(self.0.handbook.show(chapter.trim_end_matches('/'), query(request, "lang").as_deref())?);
        }
        Ok(self.0.assets.respond(request, &file(path).ok_or_else(nothing)?).ok_or_else(nothing)?)
    }

    /// Console for people who are signed in or have to set up, else the first site.
    async fn start(&self, request: &Request) -> Outcome<String> {
        let store = &self.0.services.store;
        let is_known = match session_cookie(request) {
            Some(token) => auth::who_session(store, &token).await?.is_some(),
            None => false,
        };
        let first = if is_known || auth::needs_setup(store)? { None } else { sites::list(store)?.into_iter().next() };
        Ok(first.map_or_else(|| "/console/".to_owned(), |site| format!("/s/{}", site.slug)))
    }
}

/// The token goes behind the `#`, where no log and no later request sees it.
fn setup(request: &Request) -> String {
    let token = query(request, "token").unwrap_or_default();
    let token: String = token.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
    if token.is_empty() { "/console/#/setup".to_owned() } else { format!("/console/#/setup/{token}") }
}

/// The file of `assets/web` behind a path.
fn file(path: &str) -> Option<String> {
    let path = path.strip_prefix('/')?;
    match path.split_once('/') {
        Some(("console", "")) => Some("console/index.html".to_owned()),
        Some(("console" | "widget", _)) => Some(path.to_owned()),
        Some(("assets", rest)) if !rest.starts_with("console/") && !rest.starts_with("widget/") => {
            Some(rest.to_owned())
        }
        _ => None,
    }
}
