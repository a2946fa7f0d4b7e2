//! Health: two probes without detail for everyone, components for those who may know.

use std::sync::Arc;

use poem::web::Json;
use poem::{Endpoint, IntoResponse as _, Request, Response};
use serde_json::{Value, json};

use crate::base::error::Outcome;
use crate::base::{Code, Fault};
use crate::svc::auth::{self, Actor};
use crate::svc::{knowledge, site};

use super::front::ClientAddress;
use super::gate::session_cookie;
use super::state::Shared;

/// `/healthz/live`: the process answers.
pub struct Live;

impl Endpoint for Live {
    type Output = Response;

    async fn call(&self, _: Request) -> poem::Result<Response> {
        Ok(Json(json!({"status": "live"})).into_response())
    }
}

/// `/healthz/ready`: the store can be read, so that words are found; the model may still be on its way.
pub struct Ready(pub Arc<Shared>);

impl Endpoint for Ready {
    type Output = Response;

    async fn call(&self, _: Request) -> poem::Result<Response> {
        self.0.services.store.snapshot().map_err(Fault::from)?;
        Ok(Json(json!({"status": "ready", "model": self.0.services.model.state().as_str()})).into_response())
    }
}

/// `/health`: components, for the machine itself, for people signed in and for secret keys.
pub struct Health(pub Arc<Shared>);

impl Endpoint for Health {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        if !self.may_know(&request).await? {
            return Err(Fault::new(
                Code::Unauthorized,
                "health details are shown on this machine, after signing in, or with a key",
            )
            .into());
        }
        Ok(Json(self.components()?).into_response())
    }
}

impl Health {
    async fn may_know(&self, request: &Request) -> Outcome<bool> {
        let store = &self.0.services.store;
        // Behind a proxy on this machine everybody seems to be local, unless it says for whom it asks.
        let is_forwarded =
            ["x-forwarded-for", "forwarded", "x-real-ip"].iter().any(|h| request.headers().contains_key(*h));
        if !is_forwarded && request.data::<ClientAddress>().is_some_and(|a| a.0.is_loopback()) {
            return Ok(true);
        }
        let bearer = request.header("authorization").and_then(|v| v.strip_prefix("Bearer "));
        if let Some(key) = bearer {
            return Ok(matches!(auth::who_key(store, key.trim())?, Some(Actor::Key { .. })));
        }
        Ok(match session_cookie(request) {
            Some(token) => auth::who_session(store, &token).await?.is_some(),
            None => false,
        })
    }

    fn components(&self) -> Outcome<Value> {
        let services = &self.0.services;
        let (mut words, mut vectors, mut pending, mut behind) = (0, 0, 0, 0);
        let mut is_loading = false;
        let sites = site::list(&services.store)?;
        for site in &sites {
            let status = services.indexes.status(site.id)?;
            (words, vectors, pending) =
                (words + status.words, vectors + status.vectors, pending + status.pending_vectors);
            behind += knowledge::counts(&services.store, site.id)?.pending;
            is_loading |= services.indexes.site(site.id)?.is_loading();
        }
        let jobs = services.jobs.list(None)?;
        let count = |state: &str| jobs.iter().filter(|job| job.state.name() == state).count();
        let model = services.model.state();
        let is_whole = matches!(model.as_str(), "ready" | "loading" | "absent");
        Ok(json!({
            "status": if is_whole { "ok" } else { "degraded" },
            "version": env!("CARGO_PKG_VERSION"),
            "environment": services.config.server.environment,
            "region": services.config.server.region,
            "components": {
                "store": {"status": "ok", "sites": sites.len()},
                "words": {"status": "ok", "chunks": words},
                "vectors": {"status": if is_loading { "loading" } else { "ok" }, "chunks": vectors, "pending": pending.max(behind)},
                "model": {"status": model.as_str()},
                "jobs": {"status": "ok", "queued": count("queued"), "running": count("running"), "failed": count("failed")},
            },
        }))
    }
}
