//! Hybrid retrieval: words and meaning, fused.
//!
//! Both halves are asked for the same number of chunks; cosine and share of the best word score are
//! added (reciprocal ranks lose what the scores know; `assets/handbook/evaluation.md` has the
//! measurement). Words that stand nowhere on the site are read as near words of the first results, and
//! colloquial words bring their official names; pages that call themselves outdated step back. While one index is not there yet, the other answers alone.

mod fuse;
mod rewrite;
mod stale;
mod view;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::base::error::Outcome;
use crate::base::id::{ChunkId, DocumentId, SiteId};
use crate::base::limits::{HITS_MAX, QUERY_BYTES_MAX};
use crate::base::{Code, Fault, clock};
use crate::lexical::{self, Lang};
use crate::store::Store;
use crate::svc::index::{Held, Indexes};
use crate::svc::knowledge::{self, Chunk, Document};
use crate::svc::model::Models;

pub use fuse::fuse;
pub use rewrite::expand;
pub use view::View;

/// Chunks each half contributes.
const CANDIDATES: usize = 60;
/// Results whose words may mend a misspelt word of the query.
const CORRECT_FROM: usize = 40;

/// Which halves are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    #[default]
    Hybrid,
    Words,
    Vector,
}

/// Rank (from 1) and score in one half. Words: BM25. Vector: cosine.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    pub rank: usize,
    pub score: f32,
}

/// Where a hit stood in both halves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Ranks {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<Ranked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vector: Option<Ranked>,
}

/// A chunk that was found, with its document.
#[derive(Debug, Clone)]
pub struct Found {
    pub id: ChunkId,
    pub chunk: Chunk,
    pub document: Arc<Document>,
    pub score: f32,
    pub ranks: Ranks,
}

/// What retrieval hands on.
#[derive(Default)]
pub struct Retrieved {
    pub found: Vec<Found>,
    /// The query as it was understood: misspelt words mended.
    pub query: String,
    /// The text that was embedded: the query with official words for colloquial ones.
    pub meant: String,
    /// `[dimensions]`; absent without a model or in words mode.
    pub query_vector: Option<Arc<[f32]>>,
    /// The model it is of, with the vectors it was compared with.
    pub view: Option<View>,
    pub embed_ms: f64,
    pub search_ms: f64,
}

/// The public shape of a hit.
#[derive(Debug, Clone, Serialize)]
pub struct Hit {
    pub document_id: String,
    pub chunk_id: String,
    /// Document key: page URL or path.
    pub key: String,
    pub title: String,
    pub url: Option<String>,
    pub section: Vec<String>,
    pub text: String,
    pub score: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ranks: Option<Ranks>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
}

/// Searches the sites.
#[derive(Clone)]
pub struct Retriever {
    pub store: Store,
    pub indexes: Arc<Indexes>,
    pub models: Arc<Models>,
    /// A model to be searched with in place of each site's own.
    trial: Option<View>,
}

impl Retriever {
    #[must_use]
    pub fn new(store: Store, indexes: Arc<Indexes>, models: Arc<Models>) -> Self {
        Self { store, indexes, models, trial: None }
    }

    /// The same with another model and its vectors, for one site, to see what it would find.
    #[must_use]
    pub fn with_model(&self, view: View) -> Self {
        Self { trial: Some(view), ..self.clone() }
    }

    /// The model of a site with the vectors it made.
    pub fn view(&self, site: SiteId) -> Outcome<View> {
        if let Some(trial) = &self.trial {
            return Ok(trial.clone());
        }
        let Held { model, vectors } = self.indexes.site(site)?.held();
        Ok(View { engine: self.models.get(model)?, model, vectors, scale: self.models.scale(site, model)? })
    }

    /// Chunks for a query, best first, at most `limit`.
    pub async fn retrieve(&self, site: SiteId, query: &str, mode: Mode, limit: usize) -> Outcome<Retrieved> {
        let query = query.trim();
        if query.len() > QUERY_BYTES_MAX {
            return Err(Fault::new(Code::QuestionTooLong, format!("a query may have at most {QUERY_BYTES_MAX} bytes")));
        }
        let lang = lexical::detect(query);
        let added = if mode == Mode::Vector { Vec::new() } else { rewrite::expand(query, lang) };
        let mut retrieved = self.pass(site, query, &added, mode, limit).await?;
        // A misspelt word spoils both halves: with it mended, they are asked again.
        if mode == Mode::Hybrid
            && let Some(corrected) = self.corrected(site, query, lang, &retrieved.found)?
        {
            let again = self.pass(site, &corrected, &rewrite::expand(&corrected, lang), mode, limit).await?;
            retrieved = Retrieved {
                embed_ms: retrieved.embed_ms + again.embed_ms,
                search_ms: retrieved.search_ms + again.search_ms,
                ..again
            };
        }
        Ok(retrieved)
    }

    async fn pass(&self, site: SiteId, query: &str, added: &[&str], mode: Mode, limit: usize) -> Outcome<Retrieved> {
        let started = Instant::now();
        // Words answer while the model is being loaded.
        let meant = if added.is_empty() { query.to_owned() } else { format!("{query} ({})", added.join(", ")) };
        let view = self.view(site)?;
        let query_vector = match (mode, &view.engine) {
            (Mode::Words, _) | (_, None) => None,
            (_, Some(engine)) => match engine.embed_query(&meant).await {
                Ok(vector) => Some(vector),
                Err(error) => {
                    tracing::warn!(%error, "the query could not be embedded; words answer alone");
                    None
                }
            },
        };
        let embed_ms = started.elapsed().as_secs_f64() * 1e3;
        let this = self.clone();
        let words = format!("{query} {}", added.join(" "));
        let vector = query_vector.clone();
        let own_view = view.clone();
        let searched = Instant::now();
        let search = move || this.search_blocking(site, &own_view, &words, vector.as_deref(), mode, limit);
        let found = tokio::task::spawn_blocking(search).await.map_err(Fault::internal)??;
        Ok(Retrieved {
            found,
            query: query.to_owned(),
            meant,
            query_vector,
            view: Some(view),
            embed_ms,
            search_ms: searched.elapsed().as_secs_f64() * 1e3,
        })
    }

    /// The query with words that stand nowhere on the site read as near words of what was found.
    fn corrected(&self, site: SiteId, query: &str, lang: Lang, found: &[Found]) -> Outcome<Option<String>> {
        let index = self.indexes.site(site)?;
        let is_unknown = |token: &lexical::Token| {
            !token.is_stopword
                && !token.is_number
                && index.words().document_frequency(&token.stem) == 0
                && token.parts.iter().all(|p| index.words().document_frequency(p) == 0)
        };
        let doubtful: Vec<String> =
            lexical::tokens(query, lang).into_iter().filter(is_unknown).map(|t| t.text).collect();
        if doubtful.is_empty() {
            return Ok(None);
        }
        let mut known = std::collections::BTreeSet::new();
        for found in found.iter().take(CORRECT_FROM) {
            let text = format!("{} {} {}", found.document.title, found.chunk.section.join(" "), found.chunk.text);
            known.extend(
                text.split(|c: char| !c.is_alphanumeric() && c != '-').filter(|w| !w.is_empty()).map(str::to_lowercase),
            );
        }
        Ok(rewrite::correct(query, &doubtful, &known.into_iter().collect::<Vec<_>>()))
    }

    fn search_blocking(
        &self,
        site: SiteId,
        view: &View,
        query: &str,
        vector: Option<&[f32]>,
        mode: Mode,
        limit: usize,
    ) -> Outcome<Vec<Found>> {
        let index = self.indexes.site(site)?;
        let words = if mode == Mode::Vector { Vec::new() } else { index.search_words(query, CANDIDATES.max(limit))? };
        let vectors = match vector {
            Some(vector) => view.search(vector, CANDIDATES.max(limit))?,
            None => Vec::new(),
        };
        let snapshot = self.store.snapshot()?;
        let mut documents = std::collections::HashMap::<DocumentId, Option<Arc<Document>>>::new();
        let mut found: Vec<Found> = Vec::new();
        let past = stale::asks_for_past(query, clock::this_year());
        let cosine =
            |key: u64| vector.and_then(|query| view.vectors.get(key).map(|stored| view.cosine(query, &stored)));
        for fused in fuse(&words, &vectors, cosine) {
            let id = ChunkId(fused.key);
            // An index may be a moment behind the store: what is gone or excluded is not shown.
            let Some(chunk) = knowledge::chunk(&snapshot, site, id)? else { continue };
            let document = match documents.get(&chunk.document) {
                Some(known) => known.clone(),
                None => {
                    let read = knowledge::document(&snapshot, site, chunk.document)
                        .ok()
                        .filter(Document::is_live)
                        .map(Arc::new);
                    documents.insert(chunk.document, read.clone());
                    read
                }
            };
            if let Some(document) = document {
                let address = document.url.as_deref().unwrap_or(&document.key);
                let is_old = !past && stale::is_stale(&document.title, address);
                let score = if is_old { fused.score - stale::STALE } else { fused.score };
                found.push(Found { id, chunk, document, score, ranks: fused.ranks });
            }
        }
        // The sort is stable: equal scores keep the order of the fusion.
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found.truncate(limit);
        Ok(found)
    }

    /// The public search: hits as the API shows them.
    pub async fn search(
        &self,
        site: SiteId,
        query: &str,
        mode: Mode,
        limit: usize,
        explain: bool,
    ) -> Outcome<Vec<Hit>> {
        if query.trim().is_empty() {
            return Err(Fault::new(Code::QuestionEmpty, "the query is empty; type some words"));
        }
        let retrieved = self.retrieve(site, query, mode, limit.clamp(1, HITS_MAX)).await?;
        Ok(retrieved.found.into_iter().map(|found| found.into_hit(explain)).collect())
    }
}

impl Found {
    fn into_hit(self, explain: bool) -> Hit {
        Hit {
            document_id: self.document.id.to_string(),
            chunk_id: self.id.to_string(),
            key: self.document.key.clone(),
            title: self.document.title.clone(),
            url: self.document.url.clone(),
            section: self.chunk.section,
            text: self.chunk.text,
            score: self.score,
            ranks: explain.then_some(self.ranks),
            also: self.document.aliases.clone(),
        }
    }
}
