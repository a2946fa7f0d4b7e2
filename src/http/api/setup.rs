//! The first account, made with the one-time link.

use std::sync::Arc;

use poem_openapi::payload::{Json, Response};
use poem_openapi::{Object, OpenApi};
use serde_json::json;

use crate::http::state::Shared;
use crate::svc::auth::{self, NewUser};

use super::session::{cookie, user_view};
use super::{Created, Reply, Tag, shape};

/// The first operator.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct SetupRequest {
    /// From the set-up link.
    token: String,
    email: String,
    /// At least 10 characters.
    password: String,
    name: Option<String>,
    /// `de` or `en`.
    locale: Option<String>,
}

pub struct Setup(pub Arc<Shared>);

#[OpenApi]
impl Setup {
    /// Whether nobody can sign in yet: `{needed}`.
    #[oai(path = "/setup", method = "get", operation_id = "setupState", tag = "Tag::Session")]
    async fn state(&self) -> Reply {
        Ok(shape(json!({"needed": auth::needs_setup(&self.0.services.store)?})))
    }

    /// Makes the operator and signs in: `{user}` and the session cookie.
    #[oai(path = "/setup", method = "post", operation_id = "setUp", tag = "Tag::Session")]
    async fn set_up(&self, body: Json<SetupRequest>) -> poem::Result<Response<Created>> {
        let store = &self.0.services.store;
        let body = body.0;
        let user = auth::set_up(
            store,
            &body.token,
            NewUser { email: body.email, password: body.password, name: body.name, locale: body.locale },
        )
        .await?;
        let token = auth::open_session(store, user.id).await?;
        let made = Created::Made(shape(json!({"user": user_view(&user)})));
        Ok(Response::new(made).header("Set-Cookie", cookie(&self.0, &token)))
    }
}
