//! The gate before the API: address table, origin, identity, permission, limits, body.
//!
//! Order matters: what costs least and reveals least comes first, and nobody's body is read before it is known that
//! they may send it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use poem::http::{HeaderValue, Method, StatusCode, header};
use poem::{Body, Request, Response};

use crate::base::error::Outcome;
use crate::base::id::{JobId, SourceId};
use crate::base::limits::{BODY_BYTES_MAX, UPLOAD_BYTES_MAX};
use crate::base::{Code, Fault};
use crate::svc::auth::{self, Actor, Scope};
use crate::svc::ingest::source;
use crate::svc::site;

use super::access::{self, Access, Match, Params, Route};
use super::origin::{self, Origin};
use super::problem::Refusal;
use super::state::{Caller, Shared};

/// Name of the session cookie.
pub const COOKIE: &str = "de_session";

const BODY_TIMEOUT: Duration = Duration::from_secs(30);
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(600);
const METHODS: &str = "GET, POST, DELETE";
const REQUEST_HEADERS: &str = "Authorization, Content-Type, Accept, Last-Event-ID, X-Dialog-Token";
const SHOWN_HEADERS: &str = "X-Request-Id, Retry-After";

/// What the gate found out even when it refuses: the page behind the call may read the answer.
#[derive(Default)]
pub struct Passage {
    pub cors: Option<String>,
}

/// Adds the headers that let a page of `origin` read the response.
pub fn open_to(response: &mut Response, origin: &str) {
    let Ok(value) = HeaderValue::from_str(origin) else { return };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(SHOWN_HEADERS));
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
}

/// Answers a preflight.
pub fn preflight(shared: &Shared, request: &Request, path: &str, passage: &mut Passage) -> Result<Response, Refusal> {
    let asked = request
        .headers()
        .get(header::ACCESS_CONTROL_REQUEST_METHOD)
        .and_then(|m| Method::from_bytes(m.as_bytes()).ok());
    match access::find(asked.as_ref().unwrap_or(&Method::OPTIONS), path) {
        Match::Found { route, params } => {
            // A page that is not on the list may ask, so that it can read that the call itself is refused.
            let refused = check_origin(shared, request, route, &params, passage);
            if passage.cors.is_none() {
                refused?;
            }
        }
        Match::Methods(methods) => return Err(not_this_method(methods)),
        Match::Unknown => return Err(nothing_here()),
    }
    let response = Response::builder()
        .status(StatusCode::NO_CONTENT)
        .header(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS)
        .header(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS)
        .header(header::ACCESS_CONTROL_MAX_AGE, "600");
    Ok(response.finish())
}

/// Lets a call through with its [`Caller`] and its whole body, or refuses it.
pub async fn admit(
    shared: &Shared,
    request: &mut Request,
    path: &str,
    address: Option<IpAddr>,
    passage: &mut Passage,
) -> Result<(), Refusal> {
    let (route, params) = match access::find(request.method(), path) {
        Match::Found { route, params } => (route, params),
        Match::Methods(methods) => return Err(not_this_method(methods)),
        Match::Unknown => return Err(nothing_here()),
    };
    check_origin(shared, request, route, &params, passage)?;
    let mut caller = identify(shared, request, route.access).await?;
    check_forgery(shared, request, route, caller.session.is_some())?;
    permit(shared, route, &params, &mut caller)?;
    count(shared, route, &caller, address)?;
    read_body(shared, request, route).await?;
    caller.params = params;
    request.set_data(caller);
    Ok(())
}

fn nothing_here() -> Refusal {
    Fault::new(Code::NotFound, "there is no such call; /api/openapi.json describes all of them").into()
}

fn not_this_method(methods: String) -> Refusal {
    let fault = Fault::new(Code::MethodNotAllowed, format!("this address is for {methods}"));
    Refusal { allow: Some(methods), ..fault.into() }
}

fn check_origin(
    shared: &Shared,
    request: &Request,
    route: &Route,
    params: &Params,
    passage: &mut Passage,
) -> Result<(), Refusal> {
    let Origin::Foreign(origin) = origin::of(request, &shared.own_origin) else { return Ok(()) };
    if route.access == Access::Visitor {
        passage.cors = Some(origin.clone());
        if site::find(&shared.services.store, params.get("site")).is_ok_and(|site| origin::is_allowed(&site, &origin)) {
            return Ok(());
        }
    }
    Err(Fault::new(Code::OriginForbidden, format!("pages of {origin} may not call this; add the origin to the site's list (console, or `dialogengine site create --origin`)")).into())
}

/// Bearer key before cookie: a program that sends a key means it.
async fn identify(shared: &Shared, request: &Request, access: Access) -> Outcome<Caller> {
    let store = &shared.services.store;
    if access == Access::Open {
        return Ok(Caller::default());
    }
    if let Some(value) = request.headers().get(header::AUTHORIZATION) {
        let bearer = value
            .to_str()
            .ok()
            .and_then(|v| v.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let actor = match bearer {
            Some((_, key)) => auth::who_key(store, key.trim())?,
            None => None,
        };
        let actor =
            actor.ok_or_else(|| Fault::new(Code::Unauthorized, "this key is unknown, was deleted or has expired"))?;
        return Ok(Caller { actor: Some(actor), ..Caller::default() });
    }
    let token = session_cookie(request);
    let user = match &token {
        Some(token) => auth::who_session(store, token).await?,
        None => None,
    };
    let user = user.ok_or_else(|| {
        Fault::new(Code::Unauthorized, "sign in at /console/, or send a key as Authorization: Bearer …")
    })?;
    Ok(Caller { actor: Some(Actor::Operator(user)), session: token, ..Caller::default() })
}

/// Token of the session cookie.
pub fn session_cookie(request: &Request) -> Option<String> {
    let cookies =
        request.headers().get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(';'));
    cookies
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, token)| token.to_owned())
}

/// A foreign page must not act with the session of whoever looks at it.
fn check_forgery(shared: &Shared, request: &Request, route: &Route, has_session: bool) -> Result<(), Refusal> {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(());
    }
    let content_type = request.content_type().unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let is_json = essence.eq_ignore_ascii_case("application/json");
    let is_upload = is_upload(route) && essence.eq_ignore_ascii_case("multipart/form-data");
    let unsupported = || Fault::new(Code::UnsupportedType, "send Content-Type: application/json");
    if has_session {
        if origin::of(request, &shared.own_origin) != Origin::Own {
            return Err(Fault::new(
                Code::OriginForbidden,
                "changes with a session must come from the console; programs send a key instead",
            )
            .into());
        }
        if !is_json && !is_upload {
            return Err(unsupported().into());
        }
        return Ok(());
    }
    // Without a session there is nothing to forge: a key may call without a body.
    let has_no_body = *request.method() == Method::DELETE || (essence.is_empty() && is_empty(request));
    if is_json || is_upload || has_no_body { Ok(()) } else { Err(unsupported().into()) }
}

fn is_empty(request: &Request) -> bool {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok());
    length.is_none_or(|l| l == "0") && !request.headers().contains_key(header::TRANSFER_ENCODING)
}

fn is_upload(route: &Route) -> bool {
    route.method == Method::POST && route.path == "/sites/{site}/documents"
}

fn permit(shared: &Shared, route: &Route, params: &Params, caller: &mut Caller) -> Result<(), Refusal> {
    let store = &shared.services.store;
    let Some(actor) = &caller.actor else {
        return if route.access == Access::Open {
            Ok(())
        } else {
            Err(Fault::new(Code::Unauthorized, "sign in or send a key").into())
        };
    };
    let forbidden = |what: &str| {
        Err(Refusal::from(Fault::new(
            Code::Forbidden,
            format!("{what}; `dialogengine key create` makes a key with other scopes"),
        )))
    };
    // A key must not tell which sites exist beside its own.
    let hidden = |fault: Fault| {
        if actor.is_operator() { fault } else { Fault::new(Code::Forbidden, "this key belongs to another site") }
    };
    match route.access {
        Access::Operator if !actor.is_operator() => return forbidden("this needs a signed-in person"),
        Access::Listing if matches!(actor, Actor::PublicKey { .. }) => {
            return forbidden("the public key of a site can only ask");
        }
        Access::Open | Access::Operator | Access::Listing => {}
        Access::Visitor | Access::Site(_) => {
            let scope = if let Access::Site(scope) = route.access { scope } else { Scope::Ask };
            let site = site::find(store, params.get("site")).map_err(hidden)?;
            if !actor.may(scope, site.id) {
                return forbidden(&format!("this key has no scope \"{}\" in this site", scope.name()));
            }
            caller.site = Some(Arc::new(site));
        }
        Access::Source(scope) => {
            let id: SourceId = params.get("source").parse().map_err(|_| Fault::not_found("such source"))?;
            let source = source::find(store, id).map_err(hidden)?;
            if !actor.may(scope, source.site) {
                return forbidden(&format!("this key has no scope \"{}\" in the site of this source", scope.name()));
            }
            caller.site = Some(Arc::new(shared.site_of(source.site)?));
        }
        Access::Job => {
            let id: JobId = params.get("job").parse().map_err(|_| Fault::not_found("such job"))?;
            let job = shared.services.jobs.get(id).map_err(hidden)?;
            if ![Scope::Documents, Scope::Crawl].iter().any(|scope| actor.may(*scope, job.site)) {
                return forbidden("this key has no scope \"documents\" or \"crawl\" in the site of this job");
            }
            caller.site = shared.site_of(job.site).ok().map(Arc::new);
        }
    }
    Ok(())
}

fn count(shared: &Shared, route: &Route, caller: &Caller, address: Option<IpAddr>) -> Result<(), Refusal> {
    if route.method != Method::POST {
        return Ok(());
    }
    let address = address.unwrap_or(IpAddr::from([0, 0, 0, 0]));
    match (route.path, &caller.actor) {
        ("/session" | "/setup", _) => shared.rates.signs_in(address),
        ("/sites/{site}/ask", Some(Actor::PublicKey { site })) => shared.rates.visitor_asks(address, &site.to_string()),
        ("/sites/{site}/ask", Some(Actor::Key { id, .. })) => shared.rates.program_asks(id),
        _ => Ok(()),
    }
}

/// Reads the body here, within size and time, so that no parser behind can be made to wait or to grow.
async fn read_body(shared: &Shared, request: &mut Request, route: &Route) -> Result<(), Refusal> {
    let encoded = request
        .headers()
        .get(header::CONTENT_ENCODING)
        .is_some_and(|v| !v.as_bytes().eq_ignore_ascii_case(b"identity"));
    if encoded {
        return Err(
            Fault::new(Code::UnsupportedType, "compressed requests are not accepted; send the body as it is").into()
        );
    }
    let uploads = is_upload(route);
    let (limit, timeout) = if uploads { (UPLOAD_BYTES_MAX, UPLOAD_TIMEOUT) } else { (BODY_BYTES_MAX, BODY_TIMEOUT) };
    let too_large =
        || Refusal::from(Fault::new(Code::BodyTooLarge, format!("the request may have at most {} KB", limit / 1_024)));
    let told =
        request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u64>().ok());
    if told.is_some_and(|bytes| bytes > limit as u64) {
        return Err(too_large());
    }
    let _room = if uploads {
        Some(shared.upload_room.try_acquire().map_err(|_| Refusal::of_status(StatusCode::SERVICE_UNAVAILABLE, ""))?)
    } else {
        None
    };
    let body = request.take_body();
    let bytes = match tokio::time::timeout(timeout, body.into_bytes_limit(limit)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(poem::error::ReadBodyError::PayloadTooLarge)) => return Err(too_large()),
        Ok(Err(error)) => return Err(Refusal::of_status(StatusCode::BAD_REQUEST, &error.to_string())),
        Err(_) => return Err(Refusal::of_status(StatusCode::REQUEST_TIMEOUT, "")),
    };
    request.set_body(Body::from(bytes));
    Ok(())
}
