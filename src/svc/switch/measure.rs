//! Puts the cosines of a model on the scale of the built-in one.
//!
//! Each model spreads its cosines differently: one gives .85 where another gives .6. Retrieval adds words to cosines and
//! the gate was calibrated on cosines, both for the built-in model. So for up to 100 documents of the site two means are
//! taken with either model: of a title with a passage of its own document, and of a title with a passage of another. The
//! straight line through these two points maps the one scale to the other: `gain = (own_b - other_b) / (own - other)`,
//! `offset = own_b - gain * own`, where `b` is the built-in model.

use std::sync::Arc;

use crate::base::error::Outcome;
use crate::store::Table;
use crate::svc::knowledge::{self, Chunk, Document, VectorKey};
use crate::svc::model::{Engine, Lookup, ModelKey};
use crate::svc::retrieve::View;
use crate::svc::site::{Scale, Site};

use super::Switches;

/// Documents that are looked at.
const SAMPLE: usize = 100;
/// Fewer say nothing.
const SAMPLE_MIN: usize = 5;
/// A model that hardly tells own from other, or far more than others do, is left as it is.
const GAIN: std::ops::RangeInclusive<f32> = 0.1..=5.0;

/// Mean cosines of titles with passages.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Means {
    pub own: f32,
    pub other: f32,
}

impl Means {
    /// The line that takes these means to those of the built-in model.
    pub(super) fn to(self, built_in: Self) -> Scale {
        let gain = (built_in.own - built_in.other) / (self.own - self.other);
        if !GAIN.contains(&gain) {
            tracing::warn!(gain, "the model's cosines cannot be put on the scale of the built-in one");
            return Scale::default();
        }
        Scale { gain, offset: built_in.own - gain * self.own }
    }
}

/// The scale of the new model on this site's texts.
pub(super) async fn scale(switches: &Switches, site: &Site, new: &View) -> Outcome<Scale> {
    let built_in = switches.models.built_in_key();
    if new.model == built_in {
        return Ok(Scale::default());
    }
    let texts = texts(switches, site)?;
    let Lookup::Ready(engine) = switches.models.ready_key(built_in).await? else { return Ok(Scale::default()) };
    let reference = means(switches, &engine, built_in, &texts).await?;
    let own = match &new.engine {
        Some(engine) => means(switches, engine, new.model, &texts).await?,
        None => None,
    };
    Ok(own.zip(reference).map_or_else(Scale::default, |(own, reference)| own.to(reference)))
}

/// Titles, each with the text of a passage of its document.
fn texts(switches: &Switches, site: &Site) -> Outcome<Vec<(String, String)>> {
    let snapshot = switches.store.snapshot()?;
    let mut texts = Vec::new();
    for document in spread(&items(switches, site)?, SAMPLE) {
        // The middle of a document says less of its title in words than its beginning.
        let Some(&id) = document.chunks.get(document.chunks.len() / 2) else { continue };
        if let Some(chunk) = knowledge::chunk(&snapshot, site.id, id)? {
            texts.push((document.title.clone(), Chunk::passage(&document.title, &chunk.section, &chunk.text)));
        }
    }
    Ok(texts)
}

async fn means(
    switches: &Switches,
    engine: &Engine,
    model: ModelKey,
    texts: &[(String, String)],
) -> Outcome<Option<Means>> {
    if texts.len() < SAMPLE_MIN {
        return Ok(None);
    }
    let titles: Vec<String> = texts.iter().map(|(title, _)| title.clone()).collect();
    let passages: Vec<String> = texts.iter().map(|(_, passage)| passage.clone()).collect();
    let mut vectors: Vec<Option<Arc<[f32]>>> = Vec::with_capacity(passages.len());
    {
        let snapshot = switches.store.snapshot()?;
        for passage in &passages {
            let stored = snapshot.get_raw(Table::Vectors, VectorKey::of(&model.id, passage))?;
            vectors.push(stored.map(|bytes| VectorKey::from_bytes(&bytes).into()));
        }
    }
    let missing: Vec<usize> = (0..passages.len()).filter(|at| vectors[*at].is_none()).collect();
    let unread: Vec<String> = missing.iter().map(|at| passages[*at].clone()).collect();
    for (at, vector) in missing.into_iter().zip(engine.embed_passages(&unread).await) {
        vectors[at] = vector.ok();
    }
    let queries = engine.embed_queries(&titles).await;
    let (mut own, mut other) = (Vec::new(), Vec::new());
    for (at, query) in queries.iter().enumerate() {
        let Ok(query) = query else { continue };
        let cosine = |vector: &Arc<[f32]>| vector.iter().zip(query.iter()).map(|(a, b)| a * b).sum::<f32>();
        own.extend(vectors[at].as_ref().map(cosine));
        // Five others, spread over the sample.
        let step = (texts.len() / 6).max(1);
        let others = (1..=5).map(|n| (at + n * step) % texts.len()).filter(|n| *n != at);
        other.extend(others.filter_map(|n| vectors[n].as_ref()).map(cosine));
    }
    let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len().max(1) as f32;
    let is_enough = own.len() >= SAMPLE_MIN && other.len() >= SAMPLE_MIN;
    Ok(is_enough.then(|| Means { own: mean(&own), other: mean(&other) }))
}

/// Documents of a site whose titles are known items: live, with text, no list of links, and with a title of their own.
pub(super) fn items(switches: &Switches, site: &Site) -> Outcome<Vec<Document>> {
    let snapshot = switches.store.snapshot()?;
    let is_item = |d: &Document| d.is_live() && !d.is_link_list && !d.chunks.is_empty() && d.title.chars().count() >= 4;
    let mut documents = knowledge::documents(&snapshot, site.id, None, usize::MAX, is_item)?;
    let mut titles = std::collections::HashMap::<String, usize>::new();
    for document in &documents {
        *titles.entry(document.title.to_lowercase()).or_default() += 1;
    }
    documents.retain(|document| titles.get(&document.title.to_lowercase()) == Some(&1));
    Ok(documents)
}

/// At most `most` of them, from all over the list.
pub(super) fn spread(documents: &[Document], most: usize) -> Vec<&Document> {
    let count = documents.len().min(most);
    (0..count).filter_map(|n| documents.get(n * documents.len() / count)).collect()
}
