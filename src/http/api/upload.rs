//! Sending texts and files. What is sent is kept and read by a job.

use std::sync::Arc;

use poem::web::Multipart;
use poem::{Body, FromRequest as _, Request, RequestBody};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::base::error::Outcome;
use crate::base::limits::KEY_BYTES_MAX;
use crate::base::{Code, Fault};
use crate::http::state::{Caller, Shared};
use crate::svc::auth::Actor;
use crate::svc::extract;
use crate::svc::job::{Kind, SentFile};
use crate::svc::site::Site;

use super::{Accepted, shape};

/// Files of one request.
const FILES_MAX: usize = 100;

/// A text; `spec` describes it to readers of the document.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextUpload {
    /// Names the document; sending the same name again replaces it.
    name: String,
    text: String,
    /// `text/markdown`, `text/html` or `text/plain`; guessed when absent.
    content_type: Option<String>,
    /// Address of the text on the web; shown as its link.
    url: Option<String>,
}

struct File {
    name: String,
    content_type: Option<String>,
    url: Option<String>,
    bytes: Vec<u8>,
}

/// Keeps what was sent and queues the job that reads it.
pub(super) async fn take(
    shared: &Shared,
    caller: &Caller,
    key: Option<String>,
    request: &Request,
    body: Body,
) -> poem::Result<Accepted> {
    let site = caller.site()?;
    let remembered = key.map(|key| format!("{} {} {key}", name_of(caller), site.slug));
    if let Some(answer) = remembered.as_deref().and_then(|key| shared.remembered.get(key)) {
        return Ok(Accepted::Queued(shape(answer)));
    }
    let bytes = body.into_bytes().await?;
    let is_form = request.content_type().is_some_and(|t| t.starts_with("multipart/form-data"));
    let files = if is_form { files(request, bytes).await? } else { vec![text(&bytes)?] };
    let answer = queue(shared, site, files, is_form).await?;
    if let Some(key) = remembered {
        shared.remembered.put(key, answer.clone());
    }
    Ok(Accepted::Queued(shape(answer)))
}

fn name_of(caller: &Caller) -> String {
    match &caller.actor {
        Some(Actor::Key { id, .. }) => id.clone(),
        Some(Actor::Operator(user)) => user.id.to_string(),
        _ => String::new(),
    }
}

fn text(bytes: &[u8]) -> Outcome<File> {
    let sent: TextUpload = serde_json::from_slice(bytes)
        .map_err(|e| Fault::new(Code::BadRequest, format!("the JSON cannot be read: {e}")))?;
    Ok(File {
        name: sent.name,
        content_type: sent.content_type,
        url: sent.url.filter(|u| !u.is_empty()),
        bytes: sent.text.into_bytes(),
    })
}

async fn files(request: &Request, bytes: bytes::Bytes) -> Outcome<Vec<File>> {
    let broken = |e: &dyn std::fmt::Display| Fault::new(Code::BadRequest, format!("the form cannot be read: {e}"));
    let mut body = RequestBody::new(Body::from(bytes));
    let mut form = Multipart::from_request(request, &mut body).await.map_err(|e| broken(&e))?;
    let mut files = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|e| broken(&e))? {
        let Some(name) = field.file_name().map(str::to_owned).filter(|n| !n.is_empty()) else { continue };
        if files.len() >= FILES_MAX {
            return Err(Fault::new(
                Code::BodyTooLarge,
                format!("at most {FILES_MAX} files fit into one request; send the rest in another"),
            ));
        }
        let content_type = field.content_type().map(str::to_owned).filter(|t| t != "application/octet-stream");
        let bytes = field.bytes().await.map_err(|e| broken(&e))?;
        files.push(File { name, content_type, url: None, bytes });
    }
    if files.is_empty() {
        return Err(Fault::new(
            Code::BadRequest,
            "the form has no file; name the field \"file\" and give it a file name",
        ));
    }
    Ok(files)
}

fn check(file: &File) -> Outcome<()> {
    if file.name.trim().is_empty() || file.name.len() > KEY_BYTES_MAX || file.name.chars().any(char::is_control) {
        return Err(Fault::invalid(format!(
            "a document needs a name of at most {KEY_BYTES_MAX} bytes without control characters"
        )));
    }
    if let Some(address) = &file.url
        && (address.len() > KEY_BYTES_MAX
            || !matches!(url::Url::parse(address), Ok(u) if matches!(u.scheme(), "http" | "https")))
    {
        return Err(Fault::new(
            Code::AddressInvalid,
            format!("\"{address}\" is not a web address; begin with https://"),
        ));
    }
    let most = extract::bytes_max(&file.bytes);
    if file.bytes.len() > most {
        return Err(Fault::new(
            Code::BodyTooLarge,
            format!("{} is larger than {} MB; split it", file.name, most / 1_048_576),
        ));
    }
    Ok(())
}

/// One job for what came in one request.
async fn queue(shared: &Shared, site: &Site, files: Vec<File>, is_form: bool) -> Outcome<Value> {
    files.iter().try_for_each(check)?;
    let services = &shared.services;
    // Until the job refers to them, the files must not be taken for surplus.
    let _arriving = services.ingest.blobs.arriving().await;
    let ingest = Arc::clone(&services.ingest);
    let keep = move || {
        let mut kept = Vec::with_capacity(files.len());
        for file in files {
            let blob = ingest.keep(&file.bytes)?;
            kept.push((SentFile { name: file.name, content_type: file.content_type, blob }, file.url));
        }
        Ok::<_, Fault>(kept)
    };
    let kept = tokio::task::spawn_blocking(keep).await.map_err(Fault::internal)??;
    let kind = if is_form {
        Kind::Files { files: kept.into_iter().map(|(file, _)| file).collect() }
    } else {
        let Some((SentFile { name, content_type, blob }, url)) = kept.into_iter().next() else {
            return Err(Fault::new(Code::BadRequest, "nothing was sent"));
        };
        Kind::Upload { name, content_type, url, blob }
    };
    let job = services.jobs.submit(site.id, kind).await?.to_string();
    Ok(json!({"job_id": job}))
}
