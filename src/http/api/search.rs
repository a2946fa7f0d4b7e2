//! Searching the passages of a site.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{Enum, Object, OpenApi};
use serde_json::json;

use crate::http::state::{Caller, Shared};
use crate::svc::retrieve;

use super::{Reply, Tag, shape};

const LIMIT_DEFAULT: u32 = 10;

/// Which halves are asked.
#[derive(Enum, Default)]
#[oai(rename_all = "snake_case")]
enum Mode {
    #[default]
    Hybrid,
    Words,
    Vector,
}

/// A search.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct SearchRequest {
    query: String,
    /// Hits, at most 100; 10 when absent.
    limit: Option<u32>,
    /// With the ranks in both halves.
    explain: Option<bool>,
    mode: Option<Mode>,
}

pub struct Search(pub Arc<Shared>);

#[OpenApi]
impl Search {
    /// Passages, best first: `{hits:[{document_id, chunk_id, key, title, url, section[], text, score, ranks?, also?}]}`.
    #[oai(path = "/sites/:site/search", method = "post", operation_id = "search", tag = "Tag::Search")]
    async fn search(&self, caller: Data<&Caller>, body: Json<SearchRequest>) -> Reply {
        let body = body.0;
        let mode = match body.mode.unwrap_or_default() {
            Mode::Hybrid => retrieve::Mode::Hybrid,
            Mode::Words => retrieve::Mode::Words,
            Mode::Vector => retrieve::Mode::Vector,
        };
        let limit = body.limit.unwrap_or(LIMIT_DEFAULT) as usize;
        let hits = self
            .0
            .services
            .retriever
            .search(caller.site()?.id, &body.query, mode, limit, body.explain.unwrap_or(false))
            .await?;
        Ok(shape(json!({"hits": hits})))
    }
}
