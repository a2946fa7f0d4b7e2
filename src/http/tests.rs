//! The front door through a real listener: one server per theme, calls as raw HTTP/1.1.

mod api;
mod parts;
mod roles;
mod wire;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::base::Progress;
use crate::config::Config;
use crate::dial::{DialConfig, Dialer};
use crate::embed::ModelHandle;
use crate::net;
use crate::store::Store;
use crate::svc::auth::{self, NewUser, Scope};
use crate::svc::dialog::Dialogs;
use crate::svc::index::Indexes;
use crate::svc::ingest::{Blobs, Embedder, Ingest, Live};
use crate::svc::job::{Jobs, Kind};
use crate::svc::model::{ModelKey, Models};
use crate::svc::retrieve::Retriever;
use crate::svc::services::Services;
use crate::svc::site::{self, NewSite, Patch, Site};
use crate::svc::switch::Switches;

use super::*;
use wire::{Reply, call};

const PASSWORD: &str = "correct horse battery";
const ORIGIN: &str = "https://www.example.de";

/// A server with two sites, an operator, a document, a source and a job; no model, no workers.
struct Fixture {
    address: std::net::SocketAddr,
    services: Arc<Services>,
    a: Site,
    b: Site,
    source: String,
    job: String,
    _dir: tempfile::TempDir,
    _shutdown: tokio_util::sync::DropGuard,
}

fn services(dir: &std::path::Path, config: Config) -> Services {
    let store = Store::open(dir).unwrap();
    let model = ModelHandle::spawn(None, 1);
    let key = ModelKey { id: [0; 32], dimensions: 384 };
    let second = std::time::Duration::from_secs(1);
    let dialer = Dialer::new(DialConfig {
        offline: true,
        user_agent: "test".into(),
        connect_timeout: second,
        request_timeout: second,
        ..DialConfig::default()
    })
    .unwrap();
    let dialer = Arc::new(dialer);
    let models = Arc::new(Models::new(store.clone(), dir.join("models"), model.clone(), key, 1, Arc::clone(&dialer)));
    let indexes = Arc::new(Indexes::open(store.clone(), &dir.join("index"), Arc::clone(&models)).unwrap());
    let ingest = Arc::new(Ingest {
        store: store.clone(),
        indexes: Arc::clone(&indexes),
        embedder: Embedder::new(store.clone(), Arc::clone(&indexes), Arc::clone(&models)),
        model: model.clone(),
        models: Arc::clone(&models),
        dialer,
        blobs: Arc::new(Blobs::new(dir.join("blobs"))),
        folders: Vec::new(),
        pages_max: 100,
        render: None,
        live: Live::default(),
    });
    let retriever = Retriever::new(store.clone(), Arc::clone(&indexes), Arc::clone(&models));
    let dialogs = Dialogs { store: store.clone(), retriever: retriever.clone() };
    let jobs = Arc::new(Jobs::open(store.clone()).unwrap());
    let switches = Switches {
        store: store.clone(),
        models: Arc::clone(&models),
        indexes: Arc::clone(&indexes),
        embedder: Arc::clone(&ingest.embedder),
        jobs: Arc::clone(&jobs),
        retriever: retriever.clone(),
    };
    Services { config, store, indexes, model, models, jobs, ingest, retriever, dialogs, switches }
}

fn roomy() -> Config {
    let mut config = Config::default();
    config.limits.sign_in_per_minute_address = 0;
    config.limits.ask_per_minute_address = 0;
    config
}

const PAGE: &str = "# Gebühren\n\nDer Personalausweis kostet 37 Euro. Bitte bringen Sie ein Foto mit.\n\n## Kontakt\n\nBürgerbüro, Telefon 0234 123456.\n";

impl Fixture {
    async fn start(config: Config) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        let services = Arc::new(services(dir.path(), config));
        let store = &services.store;
        let a = site::create(
            store,
            NewSite { slug: "a".into(), name: Some("Stadt A".into()), origins: vec![ORIGIN.into()], locale: None },
        )
        .await
        .unwrap();
        let b = site::create(
            store,
            NewSite { slug: "b".into(), origins: vec!["https://b.example".into()], ..Default::default() },
        )
        .await
        .unwrap();
        let patch = Patch { suggestions: Some(vec!["Was kostet ein Personalausweis?".into()]), ..Patch::default() };
        let a = site::update(store, &a.slug, patch).await.unwrap();
        let page = dir.path().join("gebuehren.md");
        std::fs::write(&page, PAGE).unwrap();
        services.ingest.ingest_paths(a.id, &[page.display().to_string()], &Progress::silent()).await.unwrap();
        auth::create_operator(
            store,
            NewUser { email: "op@a.de".into(), password: PASSWORD.into(), ..Default::default() },
        )
        .await
        .unwrap();
        let source = crate::svc::ingest::source::create(
            store,
            a.id,
            crate::svc::ingest::source::NewSource { url: "https://www.example.de".into(), ..Default::default() },
            100,
        )
        .await
        .unwrap();
        let job = services.jobs.submit(a.id, Kind::Discover { source: source.id }).await.unwrap();
        let shutdown = CancellationToken::new();
        let listener = net::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let options = Options { own_origin: format!("http://{address}"), shutdown: shutdown.clone() };
        tokio::spawn(net::serve(
            listener,
            app(Arc::clone(&services), options),
            net::Options::default(),
            shutdown.clone(),
        ));
        Self {
            address,
            a,
            b,
            source: source.id.to_string(),
            job: job.to_string(),
            services,
            _dir: dir,
            _shutdown: shutdown.drop_guard(),
        }
    }

    fn own(&self) -> String {
        format!("http://{}", self.address)
    }

    async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        call(self.address, method, path, headers, body.as_bytes()).await
    }

    /// A call with a bearer key and JSON.
    async fn keyed(&self, key: &str, method: &str, path: &str, body: &str) -> Reply {
        let bearer = format!("Bearer {key}");
        self.call(
            method,
            &format!("/api/v1{path}"),
            &[("Authorization", &bearer), ("Content-Type", "application/json")],
            body,
        )
        .await
    }

    async fn key(&self, site: &Site, scope: Scope) -> String {
        auth::create_key(&self.services.store, site.id, vec![scope], None).await.unwrap().key
    }

    async fn session(&self) -> String {
        let user = auth::users(&self.services.store).unwrap()[0].id;
        format!("de_session={}", auth::open_session(&self.services.store, user).await.unwrap())
    }
}
