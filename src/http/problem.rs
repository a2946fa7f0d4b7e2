//! Errors on the wire: `application/problem+json` with one shape, whoever failed.

use poem::error::ResponseError;
use poem::http::{HeaderValue, StatusCode, header};
use poem::{Error, Response};
use serde_json::json;

use crate::base::{Code, Fault};

pub const CONTENT_TYPE: &str = "application/problem+json";

/// A fault on its way out, with what only HTTP knows of it.
#[derive(Debug)]
pub struct Refusal {
    pub fault: Fault,
    /// Seconds after which trying again makes sense.
    pub retry_after: Option<u64>,
    /// Methods the address does have.
    pub allow: Option<String>,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        let retry_after = matches!(fault.code, Code::Unavailable | Code::ModelMissing).then_some(1);
        Self { fault, retry_after, allow: None }
    }
}

/// Lets handlers use `?` on service calls; the front door takes the fault out again.
impl ResponseError for Fault {
    fn status(&self) -> StatusCode {
        status(self.code)
    }
}

pub fn status(code: Code) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

impl Refusal {
    /// What a handler, the router or a parser failed with.
    pub fn of(error: Error) -> Self {
        let error = match error.downcast::<Fault>() {
            Ok(fault) => return fault.into(),
            Err(error) => error,
        };
        Self::of_status(error.status(), &error.to_string())
    }

    /// A bare status as one of our codes. Text of the framework is shown only where it explains what was sent.
    pub fn of_status(status: StatusCode, said: &str) -> Self {
        let fault = match status.as_u16() {
            401 => Fault::new(Code::Unauthorized, "sign in, or send a key in the Authorization header"),
            403 => Fault::new(Code::Forbidden, "this key or account may not do that"),
            404 => Fault::new(Code::NotFound, "there is nothing at this address"),
            405 => Fault::new(Code::MethodNotAllowed, "this address exists, but not for this method"),
            408 => Fault::new(Code::BadRequest, "the request took too long to arrive"),
            411 | 413 => Fault::new(Code::BodyTooLarge, "the request is larger than allowed here"),
            415 => Fault::new(Code::UnsupportedType, "this content type is not understood here; send application/json"),
            400..=499 => {
                Fault::new(Code::BadRequest, format!("{}; /api/openapi.json describes the request", shorten(said)))
            }
            503 => Fault::new(Code::Unavailable, "the server is busy; try again in a moment"),
            _ => Fault::new(Code::Internal, "an internal error occurred; the log has the cause under this request")
                .with_source(std::io::Error::other(said.to_owned())),
        };
        fault.into()
    }

    /// The response.
    pub fn respond(&self, request_id: &str) -> Response {
        let code = self.fault.code;
        let body = json!({
            "type": format!("/handbook/faults-and-mends#{}", code.name()),
            "title": code.title(),
            "status": code.status(),
            "code": code.name(),
            "detail": self.fault.detail,
            "request_id": request_id,
        });
        let mut response = Response::builder().status(status(code)).content_type(CONTENT_TYPE).body(body.to_string());
        self.dress(&mut response);
        response
    }

    /// Headers that belong to the refusal whatever its body is.
    pub fn dress(&self, response: &mut Response) {
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = self.allow.as_deref().and_then(|a| HeaderValue::from_str(a).ok()) {
            headers.insert(header::ALLOW, allow);
        }
        if self.fault.code == Code::Unauthorized {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
    }

    /// Writes the private cause to the log, once.
    pub fn log(&self, request_id: &str) {
        if self.fault.code.status() >= 500 {
            tracing::error!(request_id, fault = %self.fault, cause = ?self.fault.source, "a request failed");
        }
    }
}

fn shorten(said: &str) -> String {
    const CHARS_MAX: usize = 300;
    if said.chars().count() <= CHARS_MAX {
        said.to_owned()
    } else {
        said.chars().take(CHARS_MAX).chain(['…']).collect()
    }
}
