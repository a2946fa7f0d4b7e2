//! Loading a model beside everything else: word search answers while the weights are still being decoded.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use tokio::sync::watch;

use super::body::Precision;
use super::bundle::Bundle;
use super::cross::CrossEncoder;
use super::encoder::Encoder;
use super::error::{EmbedError, Result};
use super::manifest::{Manifest, ModelId};
use super::pool::EmbedPool;
use super::tokenizer::Tokenizer;

/// A model ready for use.
pub struct Model {
    pub manifest: Manifest,
    /// Key of the vectors this model makes.
    pub id: ModelId,
    pub tokenizer: Arc<Tokenizer>,
    pub pool: EmbedPool,
}

impl Model {
    /// Checks and loads a bundle on this thread and one helper, then starts the inference threads.
    ///
    /// # Errors
    /// Whatever [`Bundle::verify`], [`Tokenizer::load`], [`Encoder::load`], [`CrossEncoder::load`] and [`EmbedPool::start`] say, and
    /// [`EmbedError::Malformed`] when tokenizer and encoder do not belong together.
    pub fn load(bundle: &Bundle, threads: usize) -> Result<Self> {
        // First, so that no parser ever sees a damaged file.
        bundle.verify()?;
        let (tokenizer, encoder) = thread::scope(|scope| {
            let beside = scope.spawn(|| Tokenizer::load(bundle));
            let encoder = Encoder::load(bundle);
            let panicked = |_| EmbedError::LoadFailed("a panic while reading the vocabulary".into());
            beside.join().map_err(panicked).map(|tokenizer| (tokenizer, encoder))
        })?;
        let (tokenizer, encoder) = (Arc::new(tokenizer?), Arc::new(encoder?));
        let manifest = bundle.manifest().clone();
        if tokenizer.vocabulary_len() > encoder.vocabulary_len() {
            return Err(EmbedError::Malformed {
                file: "vocabulary".into(),
                reason: "it has more pieces than the encoder has rows".into(),
            });
        }
        let cross = CrossEncoder::load(bundle, encoder.words(), Precision::Int8)?.map(Arc::new);
        #[cfg(feature = "model")]
        super::pages::give_back(super::compiled::FILES.iter().map(|(_, content)| *content));
        let pool = EmbedPool::start(encoder, cross, Arc::clone(&tokenizer), &manifest, threads)?;
        Ok(Self { id: manifest.id(), manifest, tokenizer, pool })
    }
}

/// How far loading is.
#[derive(Clone)]
pub enum LoadState {
    Loading,
    Ready(Arc<Model>),
    /// The message says what to do.
    Failed(String),
    /// No model was given.
    Absent,
}

impl LoadState {
    /// The word for it in health reports.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Ready(_) => "ready",
            Self::Failed(_) => "failed",
            Self::Absent => "absent",
        }
    }
}

/// Follows the loading of one model; clones follow the same.
#[derive(Clone)]
pub struct ModelHandle {
    state: watch::Receiver<LoadState>,
}

impl ModelHandle {
    /// Starts loading on a thread of its own and returns at once. Without a bundle the state is [`LoadState::Absent`].
    pub fn spawn(bundle: Option<Bundle>, threads: usize) -> Self {
        match bundle {
            Some(bundle) => Self::spawn_with(move || Ok(bundle), threads),
            None => Self { state: watch::channel(LoadState::Absent).1 },
        }
    }

    /// The same for a model in a folder, which is read behind the caller's back too: it may be large.
    pub fn spawn_from(folder: PathBuf, threads: usize) -> Self {
        Self::spawn_with(move || Bundle::from_dir(&folder), threads)
    }

    fn spawn_with(read: impl FnOnce() -> Result<Bundle> + Send + 'static, threads: usize) -> Self {
        let (sender, state) = watch::channel(LoadState::Loading);
        let load = move || {
            let started = Instant::now();
            let loaded = catch_unwind(AssertUnwindSafe(|| Model::load(&read()?, threads)));
            let loaded = loaded.unwrap_or_else(|_| Err(EmbedError::LoadFailed("a panic while loading".into())));
            sender.send_replace(match loaded {
                Ok(model) => {
                    tracing::info!(model = model.manifest.name, id = %model.id, elapsed = ?started.elapsed(), "embedding model ready");
                    LoadState::Ready(Arc::new(model))
                }
                Err(error) => {
                    tracing::error!(%error, "embedding model not loaded");
                    LoadState::Failed(error.to_string())
                }
            });
        };
        match thread::Builder::new().name("embed-load".into()).spawn(load) {
            Ok(_) => Self { state },
            Err(error) => Self { state: watch::channel(LoadState::Failed(error.to_string())).1 },
        }
    }

    /// The state now.
    pub fn state(&self) -> LoadState {
        self.state.borrow().clone()
    }

    /// The model if it is ready now.
    pub fn get(&self) -> Option<Arc<Model>> {
        match &*self.state.borrow() {
            LoadState::Ready(model) => Some(Arc::clone(model)),
            _ => None,
        }
    }

    /// Waits until loading has ended.
    ///
    /// # Errors
    /// [`EmbedError::Absent`] without a model, [`EmbedError::LoadFailed`] with the first error's message.
    pub async fn ready(&self) -> Result<Arc<Model>> {
        let mut state = self.state.clone();
        let ended = state.wait_for(|state| !matches!(state, LoadState::Loading)).await;
        match ended.as_deref() {
            Ok(LoadState::Ready(model)) => Ok(Arc::clone(model)),
            Ok(LoadState::Absent) => Err(EmbedError::Absent),
            Ok(LoadState::Failed(reason)) => Err(EmbedError::LoadFailed(reason.clone())),
            Ok(LoadState::Loading) | Err(_) => Err(EmbedError::LoadFailed("loading was given up".into())),
        }
    }
}
