//! Texts to vectors: tokens per second beside candle's own BERT on the same weights, and what one question costs.

use std::collections::HashMap;
use std::io::Cursor;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use candle_core::quantized::gguf_file::Content;
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use dialogengine::embed::{Bundle, Encoder, Model, Tokenizer};

use super::corpus::Corpus;
use super::timing::{Samples, memory, report};

const LENGTHS: [usize; 3] = [32, 128, 256];
/// Each throughput is measured for about this long, several times; the median counts.
const SPAN: Duration = Duration::from_millis(1_500);
const ROUNDS: usize = 3;

fn bundle() -> anyhow::Result<Bundle> {
    Bundle::compiled()?.context("built without a model")
}

fn corpus() -> anyhow::Result<Corpus> {
    Corpus::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo/pages"), 16)
}

/// Token ids of a text of exactly `tokens` tokens.
fn ids(tokenizer: &Tokenizer, corpus: &Corpus, tokens: usize) -> anyhow::Result<Vec<u32>> {
    let text: String = (0..8).map(|n| corpus.passage(n).text).collect();
    let ids = tokenizer.encode(&text, tokens);
    anyhow::ensure!(ids.len() == tokens, "the sample text is too short");
    Ok(ids)
}

/// Tokens per second of `threads` threads with one text each: the median of several rounds.
fn throughput(threads: usize, tokens: usize, work: &(dyn Fn() -> anyhow::Result<()> + Sync)) -> anyhow::Result<f64> {
    work()?;
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let texts: usize = std::thread::scope(|scope| {
            let running: Vec<_> = (0..threads)
                .map(|_| {
                    scope.spawn(|| {
                        let mut texts = 0;
                        while started.elapsed() < SPAN {
                            work()?;
                            texts += 1;
                        }
                        anyhow::Ok(texts)
                    })
                })
                .collect();
            running.into_iter().map(|thread| thread.join().unwrap_or(Ok(0))).sum::<anyhow::Result<usize>>()
        })?;
        rates.push((texts * tokens) as f64 / started.elapsed().as_secs_f64());
    }
    rates.sort_by(f64::total_cmp);
    Ok(rates[ROUNDS / 2])
}

/// Throughput of the product's encoder and of candle's model. Run with `RAYON_NUM_THREADS=1`: both then use the threads
/// they are given, one text each.
pub fn rates() -> anyhow::Result<()> {
    let bundle = bundle()?;
    let (tokenizer, encoder) = (Tokenizer::load(&bundle)?, Encoder::load(&bundle)?);
    let reference = reference(&bundle)?;
    let corpus = corpus()?;
    for tokens in LENGTHS {
        let ids = ids(&tokenizer, &corpus, tokens)?;
        let similarity = cosine(&encoder.embed(&ids)?, &forward(&reference, &ids)?);
        anyhow::ensure!(similarity > 0.999, "both compute different vectors: {similarity}");
        for threads in [1, 2] {
            let ours = throughput(threads, tokens, &|| {
                std::hint::black_box(encoder.embed(&ids)?);
                Ok(())
            })?;
            let theirs = throughput(threads, tokens, &|| {
                std::hint::black_box(forward(&reference, &ids)?);
                Ok(())
            })?;
            report(
                "embedding",
                &format!("{threads} threads, {tokens} tokens"),
                &[("tokens_per_s", ours), ("candle_bert_tokens_per_s", theirs), ("ratio", ours / theirs)],
            );
        }
    }
    Ok(())
}

/// What one question costs, from text to vector; and what loading the model takes.
pub async fn questions() -> anyhow::Result<()> {
    let before = memory(std::process::id())?;
    let started = Instant::now();
    let model = Model::load(&bundle()?, 2)?;
    let loaded = started.elapsed().as_secs_f64() * 1e3;
    let after = memory(std::process::id())?;
    report(
        "model",
        "load",
        &[("load_ms", loaded), ("rss_mb", after.resident - before.resident), ("own_mb", after.own - before.own)],
    );
    let corpus = corpus()?;
    let mut samples = Samples::default();
    for number in 0..550 {
        let question = corpus.question(number, 10_000);
        let started = Instant::now();
        model.pool.embed_query(&question).await?;
        if number >= 50 {
            samples.push(started.elapsed());
        }
    }
    report(
        "question to vector",
        "3 to 7 words, one at a time",
        &[
            ("p50_ms", samples.percentile(0.5)),
            ("p95_ms", samples.percentile(0.95)),
            ("p99_ms", samples.percentile(0.99)),
        ],
    );
    Ok(())
}

/// candle's BERT with the product's weights, dequantised.
fn reference(bundle: &Bundle) -> anyhow::Result<BertModel> {
    let device = Device::Cpu;
    let bytes = bundle.file("encoder.gguf")?;
    let mut reader = Cursor::new(&bytes);
    let content = Content::read(&mut reader)?;
    let mut tensors = HashMap::new();
    for name in content.tensor_infos.keys() {
        tensors.insert(name.clone(), content.tensor(&mut reader, name, &device)?.dequantize(&device)?);
    }
    let number = |key: &str| -> anyhow::Result<usize> {
        Ok(content.metadata.get(key).with_context(|| key.to_owned())?.to_u32()? as usize)
    };
    let config = Config {
        vocab_size: content
            .tensor_infos
            .get("embeddings.word_embeddings.weight")
            .context("no word table")?
            .shape
            .dims()[0],
        hidden_size: number("bert.embedding_length")?,
        num_hidden_layers: number("bert.block_count")?,
        num_attention_heads: number("bert.attention.head_count")?,
        intermediate_size: number("bert.feed_forward_length")?,
        max_position_embeddings: number("bert.context_length")?,
        layer_norm_eps: 1e-12,
        ..Config::default()
    };
    Ok(BertModel::load(VarBuilder::from_tensors(tensors, DType::F32, &device), &config)?)
}

fn forward(model: &BertModel, ids: &[u32]) -> anyhow::Result<Vec<f32>> {
    let ids = Tensor::new(ids, &Device::Cpu)?.unsqueeze(0)?;
    let rows = model.forward(&ids, &ids.zeros_like()?, None)?;
    Ok(rows.mean(1)?.squeeze(0)?.to_vec1()?)
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}
