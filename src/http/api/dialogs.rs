//! A dialog again: after a reload, after a cut stream. Only its owner's token opens it.

use std::sync::Arc;

use poem::web::Data;
use poem::{IntoResponse, Response};
use poem_openapi::param::Header;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::{ApiResponse, OpenApi};
use serde_json::{Value, json};

use crate::base::Fault;
use crate::base::clock::rfc3339;
use crate::base::error::Outcome;
use crate::http::sse;
use crate::http::state::{Caller, Shared};
use crate::svc::dialog::{Answer, Dialog};

use super::{Done, Reply, Tag, shape};

/// The public shape of an answer.
pub(in crate::http) fn answer_view(answer: &Answer) -> Outcome<Value> {
    serde_json::to_value(answer).map_err(Fault::internal)
}

/// A stream of events.
pub(super) struct Events(pub Response);

impl IntoResponse for Events {
    fn into_response(self) -> Response {
        self.0
    }
}

impl ApiResponse for Events {
    fn meta() -> MetaResponses {
        let content = vec![MetaMediaType {
            content_type: "text/event-stream",
            schema: MetaSchemaRef::Inline(Box::new(MetaSchema::new("string"))),
        }];
        MetaResponses {
            responses: vec![MetaResponse {
                description: "Events, each with an id",
                status: Some(200),
                status_range: None,
                content,
                headers: vec![],
            }],
        }
    }

    fn register(_: &mut Registry) {}
}

pub struct DialogsApi(pub Arc<Shared>);

impl DialogsApi {
    fn open(&self, caller: &Caller, token: Option<&str>) -> Outcome<Dialog> {
        self.0.services.dialogs.open(caller.site()?, caller.params.get("dialog"), token.unwrap_or_default())
    }
}

#[OpenApi]
impl DialogsApi {
    /// The turns so far: `{dialog_id, turns:[{turn_id, question, asked_at, answer}]}`.
    #[oai(path = "/sites/:site/dialogs/:dialog", method = "get", operation_id = "dialog", tag = "Tag::Dialog")]
    async fn get(&self, caller: Data<&Caller>, #[oai(name = "X-Dialog-Token")] token: Header<Option<String>>) -> Reply {
        let dialog = self.open(&caller, token.0.as_deref())?;
        let turns = self.0.services.dialogs.turns(&dialog)?.into_iter().map(|turn| json!({"turn_id": turn.answer.turn_id, "question": turn.question, "asked_at": rfc3339(turn.asked_at), "answer": turn.answer}));
        Ok(shape(json!({"dialog_id": dialog.id, "turns": turns.collect::<Vec<_>>()})))
    }

    /// Stops an answer. What was answered stays in the dialog.
    #[oai(
        path = "/sites/:site/dialogs/:dialog/turns/:turn",
        method = "delete",
        operation_id = "stopTurn",
        tag = "Tag::Dialog"
    )]
    async fn stop(
        &self,
        caller: Data<&Caller>,
        #[oai(name = "X-Dialog-Token")] token: Header<Option<String>>,
    ) -> poem::Result<Done> {
        // Answers are whole before their first event: all there is to stop is the sending, and the browser does that.
        let dialog = self.open(&caller, token.0.as_deref())?;
        self.0.services.dialogs.turn(&dialog, caller.id("turn")?)?;
        Ok(Done::Done)
    }

    /// The events of an answer again, behind `Last-Event-ID`.
    #[oai(
        path = "/sites/:site/dialogs/:dialog/turns/:turn/events",
        method = "get",
        operation_id = "turnEvents",
        tag = "Tag::Dialog"
    )]
    async fn events(
        &self,
        caller: Data<&Caller>,
        #[oai(name = "X-Dialog-Token")] token: Header<Option<String>>,
        #[oai(name = "Last-Event-ID")] last: Header<Option<String>>,
    ) -> poem::Result<Events> {
        let dialog = self.open(&caller, token.0.as_deref())?;
        let turn = self.0.services.dialogs.turn(&dialog, caller.id("turn")?)?;
        let after = last.0.and_then(|id| id.trim().parse().ok()).unwrap_or(0);
        Ok(Events(sse::answer_stream(&self.0, &turn.answer, None, after)))
    }
}
