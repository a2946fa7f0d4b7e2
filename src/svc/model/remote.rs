//! An embedding service that speaks the OpenAI contract: `POST {url}/embeddings` with `{model, input, dimensions}`.
//!
//! Texts leave this machine: whoever adds such a model is told. Every answer is checked before a number of it is
//! believed: as many vectors as texts, each named once, of the promised length, finite. The key is read from the
//! environment or a file at each request and kept nowhere.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

use crate::base::Fault;
use crate::base::error::Outcome;
use crate::dial::{AllowPrivate, DialError, Dialer, GetOptions, Response, SecretHeader};
use crate::embed::EmbedError;

use super::engine::Embedded;
use super::record::ModelKey;

/// Texts of one request, and bytes of one text.
const BATCH: usize = 64;
const TEXT_BYTES_MAX: usize = 16 << 10;
/// Attempts for texts nobody waits for.
const ATTEMPTS: u32 = 4;
/// Longest pause a service may ask for and get.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// A question is answered without meaning rather than later.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(8);
const PASSAGES_TIMEOUT: Duration = Duration::from_secs(120);
/// Bytes a number takes in JSON, at most, and what stands around the vectors.
const NUMBER_BYTES: usize = 32;
const FRAME_BYTES: usize = 256 << 10;
/// Longest vector that is taken.
pub(super) const DIMENSIONS_MAX: usize = 4_096;

/// How a service is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Without `/embeddings`.
    pub url: String,
    /// What the service calls the model.
    pub model: String,
    /// Length of a vector.
    pub dimensions: usize,
    /// Whether `dimensions` is sent: services that cannot shorten vectors refuse it.
    #[serde(default)]
    pub send_dimensions: bool,
    /// Environment variable with the key.
    #[serde(default)]
    pub key_env: Option<String>,
    /// File with the key.
    #[serde(default)]
    pub key_file: Option<String>,
    #[serde(default)]
    pub query_prefix: String,
    #[serde(default)]
    pub passage_prefix: String,
}

/// A service that can be asked.
pub struct Remote {
    service: Service,
    key: ModelKey,
    url: Url,
    allow: AllowPrivate,
    dialer: Arc<Dialer>,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    index: usize,
    embedding: Vec<f32>,
}

/// Why a request failed, and whether asking again can help.
struct Failure {
    reason: String,
    again_after: Option<Duration>,
}

impl Remote {
    /// # Errors
    /// [`crate::base::Code::Invalid`] when the address or the length of the vectors cannot be used.
    pub fn new(service: Service, dialer: Arc<Dialer>) -> Outcome<Self> {
        let base = service.url.trim_end_matches('/');
        let url = Url::parse(&format!("{base}/embeddings")).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.host().is_some()
                && url.username().is_empty()
                && url.password().is_none()
        });
        let url = url.ok_or_else(|| {
            Fault::invalid(format!(
                "\"{}\" is not the address of a service; write it like https://api.example/v1, the key apart",
                service.url
            ))
        })?;
        if service.model.is_empty() || !(16..=DIMENSIONS_MAX).contains(&service.dimensions) {
            return Err(Fault::invalid(format!("name the model, and 16 to {DIMENSIONS_MAX} dimensions")));
        }
        // The operator names this very host, so that it may lie in the own network.
        let host = url.port_or_known_default().map(|port| format!("{}:{port}", url.host_str().unwrap_or_default()));
        let allow = AllowPrivate::parse(host).map_err(|e| Fault::invalid(e.to_string()))?;
        Ok(Self { key: ModelKey { id: id(&service), dimensions: service.dimensions }, service, url, allow, dialer })
    }

    pub(super) fn key(&self) -> ModelKey {
        self.key
    }

    pub(super) async fn embed_queries(&self, texts: &[String]) -> Vec<Embedded> {
        self.embed(&self.service.query_prefix, texts, false).await
    }

    /// `patient`: nobody waits, so that it may be tried again.
    pub(super) async fn embed_passages(&self, texts: &[String], patient: bool) -> Vec<Embedded> {
        self.embed(&self.service.passage_prefix, texts, patient).await
    }

    async fn embed(&self, prefix: &str, texts: &[String], patient: bool) -> Vec<Embedded> {
        let mut embedded = Vec::with_capacity(texts.len());
        for part in texts.chunks(BATCH) {
            let input: Vec<String> = part.iter().map(|text| format!("{prefix}{}", cut(text))).collect();
            match self.request_again(&input, patient).await {
                Ok(vectors) => embedded.extend(vectors.into_iter().map(Ok)),
                Err(reason) => {
                    // The rest would fail the same way.
                    embedded.resize_with(texts.len(), || Err(EmbedError::Service(reason.clone())));
                    break;
                }
            }
        }
        embedded
    }

    async fn request_again(&self, input: &[String], patient: bool) -> Result<Vec<Arc<[f32]>>, String> {
        let mut attempt = 1;
        loop {
            match self.request(input, patient).await {
                Ok(vectors) => return Ok(vectors),
                Err(Failure { again_after: Some(pause), .. }) if patient && attempt < ATTEMPTS => {
                    tokio::time::sleep(pause.max(Duration::from_millis(200 << attempt)).min(PAUSE_MAX)).await;
                    attempt += 1;
                }
                Err(failure) => return Err(failure.reason),
            }
        }
    }

    async fn request(&self, input: &[String], patient: bool) -> Result<Vec<Arc<[f32]>>, Failure> {
        let final_ = |reason: String| Failure { reason, again_after: None };
        let mut body = json!({"model": self.service.model, "input": input, "encoding_format": "float"});
        if self.service.send_dimensions {
            body["dimensions"] = json!(self.service.dimensions);
        }
        let opts = GetOptions {
            max_bytes: input.len() * self.service.dimensions * NUMBER_BYTES + FRAME_BYTES,
            accept: Some("application/json".into()),
            secret: self.service.secret().map_err(final_)?,
            timeout: Some(if patient { PASSAGES_TIMEOUT } else { QUESTION_TIMEOUT }),
            ..GetOptions::default()
        };
        let answer = self.dialer.post_json(&self.url, &self.allow, body.to_string(), &opts).await;
        let answer = answer.map_err(|error| Failure {
            again_after: matches!(
                error,
                DialError::Timeout { .. } | DialError::Connect { .. } | DialError::Protocol { .. }
            )
            .then_some(Duration::ZERO),
            reason: error.to_string(),
        })?;
        match answer.status {
            200 => read(&answer.body, input.len(), self.service.dimensions).map_err(final_),
            status => Err(Failure {
                reason: format!("it answered with status {status}: {}", said(&answer)),
                again_after: (status == 429 || status >= 500).then(|| retry_after(&answer)),
            }),
        }
    }
}

impl Service {
    fn secret(&self) -> Result<Option<SecretHeader>, String> {
        let read = match (&self.key_env, &self.key_file) {
            (Some(name), _) => {
                std::env::var(name).map_err(|_| format!("the environment variable {name} with its key is not set"))
            }
            (None, Some(file)) => {
                std::fs::read_to_string(file).map_err(|e| format!("its key cannot be read from {file}: {e}"))
            }
            (None, None) => return Ok(None),
        };
        let key = read?;
        let header = SecretHeader::new("Authorization", &format!("Bearer {}", key.trim()));
        header
            .map(Some)
            .map_err(|_| "its key cannot stand in a request; it is one line of letters and digits".to_owned())
    }
}

/// The vectors in the order of the texts, each of length one.
fn read(body: &[u8], texts: usize, dimensions: usize) -> Result<Vec<Arc<[f32]>>, String> {
    let answer: Answer = serde_json::from_slice(body).map_err(|e| format!("its answer is not of the contract: {e}"))?;
    if answer.data.len() != texts {
        return Err(format!("it sent {} vectors for {texts} texts", answer.data.len()));
    }
    let mut vectors: Vec<Option<Arc<[f32]>>> = vec![None; texts];
    for Item { index, embedding } in answer.data {
        if embedding.len() != dimensions {
            return Err(format!(
                "its vectors have {} numbers; {dimensions} were agreed on (--dimensions)",
                embedding.len()
            ));
        }
        let length = embedding.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
        if !length.is_normal() {
            return Err("it sent a vector without a direction".to_owned());
        }
        let slot = vectors.get_mut(index).filter(|slot| slot.is_none());
        let slot = slot.ok_or_else(|| format!("it numbers its vectors wrongly ({index} of {texts})"))?;
        #[allow(clippy::cast_possible_truncation)]
        let unit: Vec<f32> = embedding.iter().map(|x| (f64::from(*x) / length) as f32).collect();
        *slot = Some(unit.into());
    }
    vectors.into_iter().collect::<Option<Vec<_>>>().ok_or_else(|| "it left a text out".to_owned())
}

/// What the service said of an error, shortened, without line breaks.
fn said(answer: &Response) -> String {
    let text = String::from_utf8_lossy(&answer.body);
    let told = serde_json::from_str::<serde_json::Value>(&text).ok();
    let told = told.as_ref().and_then(|value| value["error"]["message"].as_str()).unwrap_or(&text);
    told.chars().filter(|c| !c.is_control()).take(200).collect()
}

fn retry_after(answer: &Response) -> Duration {
    answer.header("retry-after").and_then(|text| text.trim().parse().ok()).map_or(Duration::ZERO, Duration::from_secs)
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Everything that shapes a vector.
fn id(service: &Service) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("dialogengine 2026 embedding service id v1");
    let dimensions = service.dimensions.to_string();
    for field in [&service.url, &service.model, &dimensions, &service.query_prefix, &service.passage_prefix] {
        hasher.update(&(field.len() as u64).to_le_bytes());
        hasher.update(field.as_bytes());
    }
    *hasher.finalize().as_bytes()
}
