//! Trying a model before it is kept: does it tell texts apart, and how fast is it here?

use std::sync::Arc;
use std::time::Instant;

use crate::base::Fault;
use crate::base::error::Outcome;
use crate::embed::{EmbedError, Model};

use super::engine::Engine;
use super::record::Tried;

const ALIKE: [&str; 2] = [
    "The citizens' office is open on Monday from 8 to 12.",
    "On Mondays you can visit the office for citizens between eight and noon.",
];
const OTHER: &str = "The forest has had little rain this summer, and the old oaks lose their leaves.";
/// About as long as a passage of a page.
const PASSAGE: &str = "Personalausweis beantragen – Unterlagen\nBitte bringen Sie zur Beantragung Ihren bisherigen Ausweis, ein aktuelles \
biometrisches Lichtbild und, falls sich Ihr Name geändert hat, eine Urkunde mit. Die Gebühr beträgt 37,00 Euro, für Personen unter \
24 Jahren 22,80 Euro. Die Bearbeitung dauert etwa drei Wochen; in dringenden Fällen stellt das Bürgeramt einen vorläufigen Ausweis \
aus, der drei Monate gilt. Den Ausweis holen Sie persönlich ab oder bevollmächtigen eine andere Person.";
/// Passages of the measurement: a few seconds for a large model.
const PASSAGES: usize = 16;

/// What a service counts as a token, in bytes; nobody tells.
const BYTES_PER_TOKEN: f64 = 4.0;

/// Embeds a few texts with a model of this machine.
pub(super) async fn run(model: &Arc<Model>) -> Outcome<Tried> {
    let tokens = model.tokenizer.count(PASSAGE).max(1);
    let (all, read) = (tokens as f64, tokens.min(model.manifest.max_tokens) as f64);
    let tried = run_engine(&Engine::Local(Arc::clone(model))).await?;
    let passages_per_second = tried.tokens_per_second * BYTES_PER_TOKEN / PASSAGE.len() as f64;
    Ok(Tried { tokens_per_second: passages_per_second * read, bytes_per_token: PASSAGE.len() as f64 / all, ..tried })
}

/// Embeds a few texts.
pub(super) async fn run_engine(engine: &Engine) -> Outcome<Tried> {
    let failed = |error: EmbedError| Fault::invalid(format!("the model was found but gives no vector: {error}"));
    let cosine = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    let sentences: Vec<String> = ALIKE.into_iter().chain([OTHER]).map(str::to_owned).collect();
    let vectors = engine.embed_passages_now(&sentences).await.into_iter().collect::<Result<Vec<_>, _>>();
    let vectors = vectors.map_err(failed)?;
    let [first, second, other] = vectors.as_slice() else {
        return Err(failed(EmbedError::BadInput("no text".into())));
    };
    let texts: Vec<String> = (0..PASSAGES).map(|number| format!("{PASSAGE} {number}")).collect();
    let started = Instant::now();
    let embedded = engine.embed_passages(&texts).await;
    let seconds = started.elapsed().as_secs_f64().max(1e-6);
    embedded.into_iter().collect::<Result<Vec<_>, _>>().map_err(failed)?;
    Ok(Tried {
        tokens_per_second: (PASSAGES * PASSAGE.len()) as f64 / BYTES_PER_TOKEN / seconds,
        bytes_per_token: BYTES_PER_TOKEN,
        cosine_alike: cosine(first, second),
        cosine_other: cosine(first, other),
    })
}

/// What the figures warn of.
pub(super) fn warning(tried: &Tried) -> Option<String> {
    (tried.cosine_alike <= tried.cosine_other).then(|| {
        "it finds two unrelated sentences more alike than two that say the same; check --pooling and the prefixes"
            .to_owned()
    })
}
