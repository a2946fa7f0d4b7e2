//! Answers and jobs as server-sent events.
//!
//! The events of an answer are a function of the stored answer: the same turn always gives the same events under the
//! same numbers, so that a cut stream goes on where it was.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _, stream};
use poem::web::sse::{Event, SSE};
use poem::{IntoResponse as _, Response};
use serde_json::{Value, json};

use crate::base::id::JobId;
use crate::svc::dialog::{Answer, Block};
use crate::svc::job::Job;

use super::state::Shared;

/// Words of one `delta`.
const DELTA_WORDS: usize = 4;
/// Keeps proxies and the widget's patience alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How often a job that does not run here yet is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The events of an answer, numbered from 1 by position. `token` is in `meta` only when the dialog is new.
pub fn answer_events(answer: &Answer, token: Option<&str>) -> Vec<(&'static str, Value)> {
    let mut meta = json!({"dialog_id": answer.dialog_id, "turn_id": answer.turn_id, "locale": answer.locale});
    if let Some(token) = token {
        meta["token"] = json!(token);
    }
    let mut events = vec![("meta", meta)];
    for (at, block) in answer.blocks.iter().enumerate() {
        let id = format!("b{at}");
        if let Block::Text { text } = block {
            events.push(("block", json!({"id": id, "block": {"type": "text", "text": ""}})));
            events.extend(pieces(text).into_iter().map(|piece| ("delta", json!({"id": id, "text": piece}))));
        } else {
            events.push(("block", json!({"id": id, "block": block})));
        }
    }
    events.extend(answer.citations.iter().map(|citation| ("citation", json!(citation))));
    events.push(("suggestions", json!({"suggestions": answer.suggestions})));
    events.push(("done", json!({"outcome": answer.outcome, "engine": answer.engine, "timings_ms": answer.timings_ms})));
    events
}

/// A few words each; together they are the text, byte for byte.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut words) = (0, 0);
    for (at, _) in text.match_indices(' ') {
        words += 1;
        if words == DELTA_WORDS {
            pieces.push(&text[start..=at]);
            (start, words) = (at + 1, 0);
        }
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

fn respond(shared: &Arc<Shared>, events: impl Stream<Item = Event> + Send + 'static) -> Response {
    let shared = Arc::clone(shared);
    let stopping = async move { shared.shutdown.cancelled().await };
    let mut response = SSE::new(events.take_until(Box::pin(stopping))).keep_alive(KEEP_ALIVE).into_response();
    response.headers_mut().insert(poem::http::header::CACHE_CONTROL, poem::http::HeaderValue::from_static("no-store"));
    response
}

/// The stream of an answer, beginning behind the event `after`.
pub fn answer_stream(shared: &Arc<Shared>, answer: &Answer, token: Option<&str>, after: usize) -> Response {
    let events = answer_events(answer, token).into_iter().enumerate().skip(after);
    let events: Vec<Event> = events
        .map(|(at, (name, data))| Event::message(data.to_string()).event_type(name).id((at + 1).to_string()))
        .collect();
    respond(shared, stream::iter(events))
}

/// Reports of a job until it has ended. `view` makes the public shape.
pub fn job_stream(shared: &Arc<Shared>, id: JobId, view: impl Fn(&Job) -> Value + Send + Sync + 'static) -> Response {
    struct Following {
        shared: Arc<Shared>,
        number: u64,
        last: Option<Job>,
        over: bool,
    }
    let start = Following { shared: Arc::clone(shared), number: 0, last: None, over: false };
    let view = Arc::new(view);
    let jobs = stream::unfold(start, move |mut following| {
        let view = Arc::clone(&view);
        async move {
            if following.over {
                return None;
            }
            loop {
                let job = following.shared.services.jobs.get(id).ok()?;
                if following.last.as_ref() != Some(&job) {
                    following.number += 1;
                    following.over = job.state.is_final();
                    let event =
                        Event::message(view(&job).to_string()).event_type("job").id(following.number.to_string());
                    following.last = Some(job);
                    return Some((event, following));
                }
                match following.shared.services.jobs.watch(id) {
                    // Between looking and listening it may have changed: never wait for a change alone.
                    Some(mut changes) => drop(tokio::time::timeout(LOOK_EVERY, changes.changed()).await),
                    None => tokio::time::sleep(LOOK_EVERY).await,
                }
            }
        }
    });
    respond(shared, jobs)
}
