//! Signing in and out.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::payload::{Json, Response};
use poem_openapi::{Object, OpenApi};
use serde_json::{Value, json};

use crate::base::{Code, Fault};
use crate::http::gate::COOKIE;
use crate::http::state::{Caller, Shared};
use crate::svc::auth::{self, Actor, User};

use super::{Done, Reply, Shape, Tag, shape};

/// E-mail address and password.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct SignIn {
    email: String,
    password: String,
}

/// A cookie no script can read, sent by own pages only. It ends with the browser or after twelve hours without use.
pub(super) fn cookie(shared: &Shared, token: &str) -> String {
    let secure = if shared.own_origin.starts_with("https://") { "; Secure" } else { "" };
    format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict{secure}")
}

pub(super) fn user_view(user: &User) -> Value {
    json!({"email": user.email, "name": user.name, "role": user.role, "locale": user.locale})
}

fn session_view(shared: &Shared, user: &User) -> Value {
    let server = &shared.services.config.server;
    json!({"user": user_view(user), "environment": server.environment, "region": server.region, "version": env!("CARGO_PKG_VERSION")})
}

pub struct SessionApi(pub Arc<Shared>);

#[OpenApi]
impl SessionApi {
    /// Who is signed in: `{user:{email,name,role,locale}, environment, region, version}`.
    #[oai(path = "/session", method = "get", operation_id = "session", tag = "Tag::Session")]
    async fn who(&self, caller: Data<&Caller>) -> Reply {
        match &caller.actor {
            Some(Actor::Operator(user)) => Ok(shape(session_view(&self.0, user))),
            _ => Err(Fault::new(Code::Unauthorized, "nobody is signed in").into()),
        }
    }

    /// Signs in: `{user}` and the session cookie.
    #[oai(path = "/session", method = "post", operation_id = "signIn", tag = "Tag::Session")]
    async fn sign_in(&self, body: Json<SignIn>) -> poem::Result<Response<Shape>> {
        let (user, token) = auth::sign_in(&self.0.services.store, &body.email, &body.password).await?;
        Ok(Response::new(shape(session_view(&self.0, &user))).header("Set-Cookie", cookie(&self.0, &token)))
    }

    /// Signs out.
    #[oai(path = "/session", method = "delete", operation_id = "signOut", tag = "Tag::Session")]
    async fn sign_out(&self, caller: Data<&Caller>) -> poem::Result<Response<Done>> {
        if let Some(token) = &caller.session {
            auth::sign_out(&self.0.services.store, token).await?;
        }
        Ok(Response::new(Done::Done).header("Set-Cookie", format!("{}; Max-Age=0", cookie(&self.0, ""))))
    }
}
