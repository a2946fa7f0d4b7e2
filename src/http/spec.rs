//! `openapi.json`: what poem-openapi knows of the resources, completed from the access table.

use bytes::Bytes;
use poem::http::Method;
use poem::{Endpoint, Request, Response};
use serde_json::{Map, Value, json};

use crate::svc::auth::Scope;

use super::access::{Access, BASE, ROUTES};

/// The whole API as an OpenAPI document, pretty-printed, with a line break at the end. The repository has a copy in
/// `assets/openapi.json`; a test compares them.
#[must_use]
pub fn openapi(resources: &str) -> String {
    let mut document: Value = serde_json::from_str(resources).unwrap_or_default();
    document["servers"] = json!([{"url": BASE}]);
    document["info"]["description"] = json!(
        "Answers visitors' questions from a site's own pages, with checked citations. Errors are problem documents (RFC 9457) with a stable `code`."
    );
    document["components"]["securitySchemes"] = json!({
        "key": {"type": "http", "scheme": "bearer", "description": "A secret key of a site (`de_…`), or for visitors its public key (`pk_…`)."},
        "session": {"type": "apiKey", "in": "cookie", "name": super::gate::COOKIE, "description": "After signing in; changes need the same origin and Content-Type application/json."},
    });
    document["components"]["schemas"]["Problem"] = json!({
        "type": "object",
        "required": ["type", "title", "status", "code", "detail", "request_id"],
        "properties": {"type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"}, "code": {"type": "string"}, "detail": {"type": "string"}, "request_id": {"type": "string"}},
    });
    if let Some(paths) = document["paths"].as_object_mut() {
        for (path, item) in paths {
            for (method, operation) in item.as_object_mut().into_iter().flatten() {
                complete(path, method, operation);
            }
        }
    }
    let mut text = serde_json::to_string_pretty(&sorted(document)).unwrap_or_default();
    text.push('\n');
    text
}

fn complete(path: &str, method: &str, operation: &mut Value) {
    let found = ROUTES.iter().find(|r| r.path == path && r.method.as_str().eq_ignore_ascii_case(method));
    let Some(route) = found else { return };
    let (security, needs) = match route.access {
        Access::Open => (json!([]), "Open to everyone.".to_owned()),
        Access::Visitor => (json!([{"key": []}, {"session": []}]), "Needs the public key of the site, a key with scope `ask`, or a session. Browsers: from an origin of the site.".to_owned()),
        Access::Site(scope) | Access::Source(scope) => (json!([{"key": []}, {"session": []}]), needs(scope)),
        Access::Job => (json!([{"key": []}, {"session": []}]), "Needs a key with scope `documents` or `crawl`, or a session.".to_owned()),
        Access::Listing => (json!([{"key": []}, {"session": []}]), "Needs a secret key (shows what belongs to its site) or a session.".to_owned()),
        Access::Operator => (json!([{"session": []}]), "Needs a session.".to_owned()),
    };
    operation["security"] = security;
    let said = operation["description"].as_str().unwrap_or_default();
    operation["description"] = json!(format!("{said}\n\n{needs}").trim());
    let names = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> =
        names.map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})).collect();
    parameters.extend(operation["parameters"].as_array().cloned().unwrap_or_default());
    if !parameters.is_empty() {
        operation["parameters"] = json!(parameters);
    }
    operation["responses"]["default"] = json!({"description": "An error.", "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}});
    if route.method == Method::POST && route.path == "/sites/{site}/documents" {
        operation["requestBody"] = upload();
    }
}

fn needs(scope: Scope) -> String {
    format!("Needs a key of the site with scope `{}`, or a session.", scope.name())
}

/// The one body with two content types, read by hand.
fn upload() -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    json!({"required": true, "content": {
        "application/json": {"schema": {"type": "object", "required": ["name", "text"], "additionalProperties": false, "properties": {
            "name": text("Names the document; sending the same name again replaces it."),
            "text": text("The text itself."),
            "content_type": text("text/markdown, text/html or text/plain; guessed when absent."),
            "url": text("Address of the text on the web; shown as its link."),
        }}},
        "multipart/form-data": {"schema": {"type": "object", "properties": {"file": {"type": "array", "items": {"type": "string", "format": "binary"}}}}},
    }})
}

/// Keys in alphabetical order, so that the text is the same in every build.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut rows: Vec<_> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            rows.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(rows.into_iter().collect::<Map<_, _>>())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(sorted).collect()),
        other => other,
    }
}

/// Serves the document, made once.
#[derive(Clone)]
pub struct Document(Bytes);

impl Document {
    /// `resources`: what poem-openapi says of them.
    pub fn new(resources: &str) -> Self {
        Self(Bytes::from(openapi(resources)))
    }
}

impl Endpoint for Document {
    type Output = Response;

    async fn call(&self, _: Request) -> poem::Result<Response> {
        Ok(Response::builder()
            .content_type("application/json")
            .header("Cache-Control", "no-cache")
            .body(self.0.clone()))
    }
}
