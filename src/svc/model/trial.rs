//! Trying a model before it is kept: does it tell texts apart, and how fast is it here?

use std::time::Instant;

use crate::base::Fault;
use crate::base::error::Outcome;
use crate::embed::Model;

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

/// Embeds a few texts.
pub(super) async fn run(model: &Model) -> Outcome<Tried> {
    let failed =
        |error: crate::embed::EmbedError| Fault::invalid(format!("the model was read but computes no vector: {error}"));
    let cosine = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    let [first, second] = ALIKE.map(|text| model.pool.embed_passage(text));
    let (first, second) = (first.await.map_err(failed)?, second.await.map_err(failed)?);
    let other = model.pool.embed_passage(OTHER).await.map_err(failed)?;
    let tokens = model.tokenizer.count(PASSAGE).min(model.manifest.max_tokens);
    let started = Instant::now();
    let texts: Vec<String> = (0..PASSAGES).map(|number| format!("{PASSAGE} {number}")).collect();
    let vectors = futures_util::future::join_all(texts.iter().map(|text| model.pool.embed_passage(text))).await;
    let seconds = started.elapsed().as_secs_f64().max(1e-6);
    vectors.into_iter().collect::<Result<Vec<_>, _>>().map_err(failed)?;
    Ok(Tried {
        tokens_per_second: (PASSAGES * tokens) as f64 / seconds,
        bytes_per_token: PASSAGE.len() as f64 / model.tokenizer.count(PASSAGE).max(1) as f64,
        cosine_alike: cosine(&first, &second),
        cosine_other: cosine(&first, &other),
    })
}
