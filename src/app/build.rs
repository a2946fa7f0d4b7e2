//! Start and stop: lock, store, indexes, model, workers; and back.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::base::error::Outcome;
use crate::base::fsx::{FolderLock, LockError};
use crate::base::{Code, Fault};
use crate::config::Config;
use crate::dial::{DialConfig, Dialer, ProxyConfig};
use crate::embed::{Bundle, ModelHandle};
use crate::store::Store;
use crate::svc::crawl::Render;
use crate::svc::dialog::Dialogs;
use crate::svc::extract::ocr;
use crate::svc::index::Indexes;
use crate::svc::ingest::watch::run_watches;
use crate::svc::ingest::{Above, Blobs, Embedder, Ingest, Live, run_jobs, run_schedules};
use crate::svc::job::Jobs;
use crate::svc::knowledge::count_uses;
use crate::svc::model::{ModelKey, Models};
use crate::svc::retrieve::Retriever;
use crate::svc::services::Services;
use crate::svc::switch::Switches;

/// Vectors of a build without a model have these many dimensions; there are none.
const DIMENSIONS_WITHOUT_MODEL: usize = 384;
/// How long running jobs may take to reach a safe point at shutdown; the next start takes them over.
const DRAIN: Duration = Duration::from_secs(5);

/// The product running on a data folder, until [`Running::stop`].
pub struct Running {
    pub services: Arc<Services>,
    pub data_dir: PathBuf,
    stopping: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<()>>,
    /// Dropped last: while it lives nobody else opens the folder.
    _lock: FolderLock,
}

/// Opens the data folder and starts the workers. `patience`: how long to wait for another process to
/// let go of the folder. Without `workers` nothing is embedded and no job runs.
pub fn build(config: Config, patience: Duration, workers: bool) -> Outcome<Running> {
    let data_dir = PathBuf::from(&config.server.data_dir);
    let lock = FolderLock::acquire(&data_dir, patience).map_err(|e| match &e {
        LockError::Held { .. } => Fault::new(Code::FolderLocked, e.to_string()),
        LockError::Io { .. } => Fault::new(Code::StoreFailed, e.to_string()),
    })?;
    ocr::use_command(&config.extract.ocr_command, Duration::from_secs(config.extract.ocr_seconds));
    let store = Store::open(&data_dir)?;
    count_uses(&store)?;
    let model = model(&data_dir, config.limits.embed_threads)?;
    let dialer = Dialer::new(DialConfig {
        offline: config.network.offline,
        user_agent: config.network.user_agent.clone(),
        connect_timeout: Duration::from_secs(config.network.connect_timeout_seconds),
        request_timeout: Duration::from_secs(config.network.request_timeout_seconds),
        proxies: ProxyConfig::from_env(),
    })
    .map_err(|error| Fault::new(Code::ConfigInvalid, error.to_string()))?;
    let dialer = Arc::new(dialer);
    let models = Arc::new(Models::new(
        store.clone(),
        data_dir.join("models"),
        model.handle.clone(),
        model.key,
        embed_threads(config.limits.embed_threads),
        Arc::clone(&dialer),
    ));
    // Models of sites are loaded behind the start, like the built-in one.
    for site in crate::svc::site::list(&store)? {
        models.lookup(models.key_of(site.id)?)?;
    }
    let indexes = Arc::new(Indexes::open(store.clone(), &data_dir.join("index"), Arc::clone(&models))?);
    let embedder = Embedder::new(store.clone(), Arc::clone(&indexes), Arc::clone(&models));
    let ingest = Arc::new(Ingest {
        store: store.clone(),
        indexes: Arc::clone(&indexes),
        embedder: Arc::clone(&embedder),
        model: model.handle.clone(),
        models: Arc::clone(&models),
        dialer,
        blobs: Arc::new(Blobs::new(data_dir.join("blobs"))),
        folders: config.ingest.folders.iter().map(PathBuf::from).collect(),
        pages_max: config.limits.crawl_pages as usize,
        render: render(&config)?,
        live: Live::default(),
    });
    let jobs = Arc::new(Jobs::open(store.clone())?);
    let retriever = Retriever::new(store.clone(), Arc::clone(&indexes), Arc::clone(&models));
    let dialogs = Dialogs { store: store.clone(), retriever: retriever.clone() };
    let switches = Switches {
        store: store.clone(),
        models: Arc::clone(&models),
        indexes: Arc::clone(&indexes),
        embedder: Arc::clone(&embedder),
        jobs: Arc::clone(&jobs),
        retriever: retriever.clone(),
    };
    let stopping = Arc::new(AtomicBool::new(false));
    let tasks = if workers {
        vec![
            tokio::spawn(Arc::clone(&embedder).run()),
            tokio::spawn(run_jobs(Arc::clone(&ingest), Arc::clone(&jobs), above(&switches), Arc::clone(&stopping))),
            tokio::spawn(run_watches(Arc::clone(&ingest), Arc::clone(&jobs), Arc::clone(&stopping))),
            tokio::spawn(run_schedules(store.clone(), Arc::clone(&jobs), Arc::clone(&stopping))),
        ]
    } else {
        Vec::new()
    };
    let services = Arc::new(Services {
        config,
        store,
        indexes,
        model: model.handle,
        models,
        jobs,
        ingest,
        retriever,
        dialogs,
        switches,
    });
    Ok(Running { services, data_dir, stopping, tasks, _lock: lock })
}

/// The service that renders pages, if one is named.
fn render(config: &Config) -> Outcome<Option<Render>> {
    let crawl = &config.crawl;
    if crawl.render_url.is_empty() {
        return Ok(None);
    }
    let key = match crawl.render_key_env.as_str() {
        "" => None,
        name => Some(std::env::var(name).map_err(|_| {
            Fault::new(
                Code::ConfigInvalid,
                format!("crawl.render_key_env names the environment variable {name}, which is not set; set it"),
            )
        })?),
    };
    let timeout = Duration::from_secs(crawl.render_seconds.max(1));
    Render::new(&crawl.render_url, key.as_deref(), timeout, crawl.render_pages as usize)
        .map(Some)
        .map_err(|error| Fault::new(Code::ConfigInvalid, format!("crawl.render_url: {error}")))
}

/// Jobs of services that the one running jobs does not know.
fn above(switches: &Switches) -> Above {
    let switches = switches.clone();
    Arc::new(move |job, progress| {
        let switches = switches.clone();
        Box::pin(async move { switches.work(job, progress).await })
    })
}

struct ChosenModel {
    handle: ModelHandle,
    key: ModelKey,
}

/// The model of `<data>/model` if there is one, else the one compiled in.
fn model(data_dir: &Path, threads: u32) -> Outcome<ChosenModel> {
    let missing = |e: crate::embed::EmbedError| Fault::new(Code::ModelMissing, e.to_string());
    let own = data_dir.join("model");
    let bundle = if own.is_dir() {
        Some(Bundle::from_dir(&own).map_err(missing)?)
    } else {
        Bundle::compiled().map_err(missing)?
    };
    let key = bundle.as_ref().map_or(ModelKey { id: [0; 32], dimensions: DIMENSIONS_WITHOUT_MODEL }, |b| ModelKey {
        id: *b.manifest().id().as_bytes(),
        dimensions: b.manifest().dimensions,
    });
    Ok(ChosenModel { handle: ModelHandle::spawn(bundle, embed_threads(threads)), key })
}

/// 0 means one per core.
fn embed_threads(configured: u32) -> usize {
    match configured {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        n => n as usize,
    }
}

impl Running {
    /// Stops the workers, saves the indexes and closes the store.
    pub async fn stop(self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.services.ingest.embedder.stop();
        let drain = async {
            for task in self.tasks {
                let _ = task.await;
            }
        };
        if tokio::time::timeout(DRAIN, drain).await.is_err() {
            tracing::info!("work that is still running is taken over by the next start");
        }
        let indexes = Arc::clone(&self.services.indexes);
        let _ = tokio::task::spawn_blocking(move || indexes.close()).await;
    }
}
