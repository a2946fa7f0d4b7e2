//! Asking: JSON or a stream of events, as the caller likes.

use std::sync::Arc;

use poem::web::Data;
use poem::{IntoResponse, Response};
use poem_openapi::param::Header;
use poem_openapi::payload::Json;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde_json::json;

use crate::base::{Code, Fault};
use crate::http::sse;
use crate::http::state::{Caller, Shared};
use crate::svc::dialog::Ask;
use crate::svc::retrieve::Mode;

use super::Tag;
use super::dialogs::answer_view;

/// Hits shown when the gate explains itself.
const EXPLAINED_HITS: usize = 10;

/// A question.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct AskRequest {
    question: String,
    /// Continue this dialog; needs its `token`.
    dialog_id: Option<String>,
    /// Owner token from `meta` of the first answer.
    token: Option<String>,
    /// Language of the page.
    locale: Option<String>,
    /// Events instead of one answer; the same as `Accept: text/event-stream`.
    stream: Option<bool>,
    /// What the gate saw; with a session only.
    explain: Option<bool>,
}

/// One answer in JSON, or its events.
struct Answered(Response);

impl IntoResponse for Answered {
    fn into_response(self) -> Response {
        self.0
    }
}

impl ApiResponse for Answered {
    fn meta() -> MetaResponses {
        let media = |content_type, ty| MetaMediaType {
            content_type,
            schema: MetaSchemaRef::Inline(Box::new(MetaSchema::new(ty))),
        };
        MetaResponses {
            responses: vec![MetaResponse {
                description: "JSON: {dialog_id, turn_id, outcome: answered|clarify|refused|error, engine, locale, blocks:[{type,…}], citations:[{id,n,document_id,title,url,quote,section[],updated_at?}], suggestions:[…], timings_ms:{…}, token?}. Events, each with an id: meta {dialog_id,turn_id,token?}, block {id,block}, delta {id,text}, citation, suggestions {suggestions}, done {outcome,engine,timings_ms}",
                status: Some(200),
                status_range: None,
                content: vec![media("application/json", "object"), media("text/event-stream", "string")],
                headers: vec![],
            }],
        }
    }

    fn register(_: &mut Registry) {}
}

pub struct AskApi(pub Arc<Shared>);

#[OpenApi]
impl AskApi {
    /// Answers a question from the site's pages, with citations, or says that they hold no answer.
    #[oai(path = "/sites/:site/ask", method = "post", operation_id = "ask", tag = "Tag::Dialog")]
    async fn ask(
        &self,
        caller: Data<&Caller>,
        #[oai(name = "Accept")] accept: Header<Option<String>>,
        body: Json<AskRequest>,
    ) -> poem::Result<Answered> {
        let site = caller.site()?;
        let body = body.0;
        let explains = body.explain.unwrap_or(false);
        if explains && !caller.is_operator() {
            return Err(Fault::new(Code::Forbidden, "explanations are shown after signing in").into());
        }
        let dialog = match (body.dialog_id, body.token) {
            (Some(id), Some(token)) => Some((id, token)),
            (Some(_), None) => return Err(Fault::invalid("dialog_id needs the token of that dialog").into()),
            (None, _) => None,
        };
        let question = body.question;
        let services = &self.0.services;
        let answered =
            services.dialogs.ask(site, Ask { question: question.clone(), dialog, locale: body.locale }).await?;
        let wants_events = accept.0.as_deref().is_some_and(|a| a.trim_start().starts_with("text/event-stream"));
        if body.stream.unwrap_or(wants_events) && !explains {
            return Ok(Answered(sse::answer_stream(&self.0, &answered.answer, answered.token.as_deref(), 0)));
        }
        let mut view = answer_view(&answered.answer)?;
        if let Some(token) = &answered.token {
            view["token"] = json!(token);
        }
        if explains {
            let hits = services.retriever.search(site.id, &question, Mode::Hybrid, EXPLAINED_HITS, true).await?;
            let gate = &answered.decision;
            view["explain"] = json!({"gate": {"answers": gate.answers, "score": gate.score, "threshold": gate.threshold, "features": gate.features}, "hits": hits});
        }
        Ok(Answered(poem::web::Json(view).into_response()))
    }
}
