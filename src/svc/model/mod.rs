//! The embedding models of this installation: the one that comes with the program, and those that were added.
//!
//! Invariants: a model that is listed was loaded and tried on this machine; its files lie whole in `models/NAME` of the
//! data folder and are checked against their manifest before each use; a model is removed from the list before its
//! files are.
//! A model is loaded when it is first needed, and once, however many sites use it. Counting tokens, judging and the
//! question-only model stay with the built-in one, whatever a site has chosen.
//! Deliberately absent: downloads. Files come from the operator.

mod engine;
mod record;
mod remote;
mod switch;
mod trial;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::clock::now_ms;
use crate::base::error::Outcome;
use crate::base::id::SiteId;
use crate::base::{Code, Fault, fsx};
use crate::dial::Dialer;
use crate::embed::{Bundle, EmbedError, ImportOptions, Imported, LoadState, Model, ModelHandle};
use crate::store::Store;
use crate::svc::site::{Scale, Site};

pub use engine::{Embedded, Engine};
pub use record::{Added, BUILT_IN, ModelKey, Tried, name_from};
pub use remote::Service;
pub use switch::{Stage, Switch};

use remote::Remote;

/// Models that can be added: each takes memory when it is used.
const MODELS_MAX: usize = 50;
const LICENCE_FILE: &str = "LICENSE";

/// The models there are.
pub struct Models {
    store: Store,
    dir: PathBuf,
    built_in: ModelHandle,
    built_in_key: ModelKey,
    threads: usize,
    dialer: Arc<Dialer>,
    /// Added models in use, by name.
    opened: Mutex<HashMap<String, Opened>>,
}

#[derive(Clone)]
enum Opened {
    Local(ModelHandle),
    Remote(Arc<Remote>),
    /// The message says what to do.
    Failed(String),
}

/// How far a model is.
#[derive(Clone)]
pub enum Lookup {
    Ready(Engine),
    Loading,
    /// The message says what to do.
    Failed(String),
    /// This build has no model of its own.
    Absent,
}

impl Models {
    /// `dir`: the folder of added models. `built_in`: the model that is used where no other was chosen.
    #[must_use]
    pub fn new(
        store: Store,
        dir: PathBuf,
        built_in: ModelHandle,
        built_in_key: ModelKey,
        threads: usize,
        dialer: Arc<Dialer>,
    ) -> Self {
        Self { store, dir, built_in, built_in_key, threads, dialer, opened: Mutex::default() }
    }

    /// Where only keys matter.
    #[cfg(test)]
    pub(crate) fn without_files(store: Store, built_in_key: ModelKey) -> Self {
        let dialer = Dialer::new(crate::dial::DialConfig { offline: true, ..Default::default() }).unwrap();
        Self::new(store, PathBuf::new(), ModelHandle::spawn(None, 1), built_in_key, 1, Arc::new(dialer))
    }

    /// The key of a model's vectors, by name.
    pub fn key(&self, name: &str) -> Outcome<ModelKey> {
        if name == BUILT_IN { Ok(self.built_in_key) } else { Ok(self.find(name)?.key()) }
    }

    /// The key of the vectors a site is searched with.
    pub fn key_of(&self, site: SiteId) -> Outcome<ModelKey> {
        let chosen = self.store.snapshot()?.get::<Site>(site.to_key())?.and_then(|site| site.model);
        let Some(chosen) = chosen else { return Ok(self.built_in_key) };
        self.key(&chosen.name).or_else(|fault| {
            tracing::error!(%site, model = chosen.name, %fault, "the site's model is gone; the built-in one answers");
            Ok(self.built_in_key)
        })
    }

    /// The name of the model a site uses.
    pub fn name_of(&self, site: SiteId) -> Outcome<String> {
        let chosen = self.store.snapshot()?.get::<Site>(site.to_key())?.and_then(|site| site.model);
        Ok(chosen.map_or_else(|| BUILT_IN.to_owned(), |model| model.name))
    }

    /// What makes cosines of these vectors comparable in a site.
    pub fn scale(&self, site: SiteId, key: ModelKey) -> Outcome<Scale> {
        if key == self.built_in_key {
            return Ok(Scale::default());
        }
        let snapshot = self.store.snapshot()?;
        let chosen = snapshot.get::<Site>(site.to_key())?.and_then(|site| site.model);
        if let Some(chosen) = chosen.filter(|chosen| self.key(&chosen.name).is_ok_and(|own| own == key)) {
            return Ok(chosen.scale);
        }
        // For a moment after a switch the index still holds the vectors of the model before.
        let switch = snapshot.get::<Switch>(site.to_key())?;
        Ok(switch.map_or_else(Scale::default, |switch| {
            if self.key(&switch.from).is_ok_and(|from| from == key) { switch.from_scale } else { switch.to_scale }
        }))
    }

    /// The change of model a site is in.
    pub fn switch(&self, site: SiteId) -> Outcome<Option<Switch>> {
        Ok(self.store.snapshot()?.get(site.to_key())?)
    }

    /// A model by the key of its vectors; loading begins with the first call.
    pub fn lookup(&self, key: ModelKey) -> Outcome<Lookup> {
        if key == self.built_in_key {
            return Ok(of_handle(&self.built_in));
        }
        let named = self.list()?.into_iter().find(|model| model.key() == key);
        let Some(named) = named else {
            return Ok(Lookup::Failed("the model was removed; choose another for this site".to_owned()));
        };
        Ok(match self.open(&named) {
            Opened::Local(handle) => of_handle(&handle),
            Opened::Remote(remote) => Lookup::Ready(Engine::Remote(remote)),
            Opened::Failed(reason) => Lookup::Failed(reason),
        })
    }

    /// The model if it is ready now.
    pub fn get(&self, key: ModelKey) -> Outcome<Option<Engine>> {
        Ok(match self.lookup(key)? {
            Lookup::Ready(engine) => Some(engine),
            _ => None,
        })
    }

    /// Waits until the model of a site has been loaded.
    pub async fn ready(&self, site: SiteId) -> Outcome<Lookup> {
        self.ready_key(self.key_of(site)?).await
    }

    /// Waits until a model has been loaded.
    pub async fn ready_key(&self, key: ModelKey) -> Outcome<Lookup> {
        let handle = if key == self.built_in_key {
            self.built_in.clone()
        } else {
            let named = self.list()?.into_iter().find(|model| model.key() == key);
            match named.map(|named| self.open(&named)) {
                Some(Opened::Local(handle)) => handle,
                _ => return self.lookup(key),
            }
        };
        let _ = handle.ready().await;
        Ok(of_handle(&handle))
    }

    fn open(&self, model: &Added) -> Opened {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = opened.get(&model.name) {
            return known.clone();
        }
        let new = match &model.service {
            Some(service) => match Remote::new(service.clone(), Arc::clone(&self.dialer)) {
                Ok(remote) => Opened::Remote(Arc::new(remote)),
                Err(fault) => Opened::Failed(fault.detail),
            },
            None => Opened::Local(ModelHandle::spawn_from(self.dir.join(&model.name), self.threads)),
        };
        opened.insert(model.name.clone(), new.clone());
        new
    }

    /// Adds an embedding service, after asking it once. Texts of sites that use it leave this machine.
    pub async fn add_service(&self, name: &str, service: Service) -> Outcome<(Added, Option<String>)> {
        self.check_new(name)?;
        let remote = Remote::new(service.clone(), Arc::clone(&self.dialer))?;
        let key = remote.key();
        let tried = trial::run_engine(&Engine::Remote(Arc::new(remote))).await?;
        let added = Added {
            name: name.to_owned(),
            id: blake3::Hash::from_bytes(key.id).to_hex().to_string(),
            dimensions: key.dimensions,
            max_tokens: 0,
            bytes: 0,
            tried,
            service: Some(service),
            added_at: now_ms(),
        };
        self.keep(&added).await?;
        let warning = trial::warning(&added.tried);
        Ok((added, warning))
    }

    fn check_new(&self, name: &str) -> Outcome<()> {
        record::check_name(name)?;
        if self.store.snapshot()?.get::<Added>(name)?.is_some() {
            return Err(Fault::new(
                Code::Conflict,
                format!("there is a model \"{name}\" already; choose another --name, or remove it first"),
            ));
        }
        Ok(())
    }

    async fn keep(&self, added: &Added) -> Outcome<()> {
        let stored = added.clone();
        self.store
            .write(move |batch| {
                if batch.list::<Added>([])?.len() >= MODELS_MAX {
                    return Err(Fault::invalid(format!("at most {MODELS_MAX} models can be added; remove one first")));
                }
                Ok(batch.put(stored.name.as_str(), &stored)?)
            })
            .await
    }

    /// The model that comes with the program.
    #[must_use]
    pub fn built_in(&self) -> &ModelHandle {
        &self.built_in
    }

    /// The key of its vectors.
    #[must_use]
    pub fn built_in_key(&self) -> ModelKey {
        self.built_in_key
    }

    /// Added models by name.
    pub fn list(&self) -> Outcome<Vec<Added>> {
        Ok(self.store.snapshot()?.list::<Added>([])?.into_iter().map(|(_, model)| model).collect())
    }

    /// An added model.
    pub fn find(&self, name: &str) -> Outcome<Added> {
        let found = self.store.snapshot()?.get::<Added>(name)?;
        found.ok_or_else(|| {
            Fault::not_found(format!("model \"{name}\"; `dialogengine model list` shows those there are"))
        })
    }

    /// Reads, loads and tries the model at `path`, then keeps it as `name`. The warning says when it does not seem to tell texts apart.
    pub async fn import(&self, path: &Path, name: &str, options: ImportOptions) -> Outcome<(Added, Option<String>)> {
        self.check_new(name)?;
        let (path, own_name, threads) = (path.to_owned(), name.to_owned(), self.threads);
        let read = move || -> Result<(Imported, Model), EmbedError> {
            let imported = Imported::read(&path, &own_name, &options)?;
            let model = Model::load(&imported.bundle, threads)?;
            Ok((imported, model))
        };
        let (imported, model) = tokio::task::spawn_blocking(read).await.map_err(Fault::internal)?.map_err(refused)?;
        let model = Arc::new(model);
        let tried = trial::run(&model).await?;
        let added = Added {
            name: name.to_owned(),
            id: model.id.to_string(),
            dimensions: model.manifest.dimensions,
            max_tokens: model.manifest.max_tokens,
            bytes: imported.bundle.bytes(),
            tried,
            service: None,
            added_at: now_ms(),
        };
        let folder = self.dir.join(name);
        tokio::task::spawn_blocking(move || {
            // The threads of the trial end here.
            drop(model);
            write(&folder, &imported)
        })
        .await
        .map_err(Fault::internal)??;
        self.keep(&added).await?;
        let warning = trial::warning(&added.tried);
        Ok((added, warning))
    }

    /// Removes an added model and its files. Its vectors stay until they are forgotten.
    pub async fn remove(&self, name: &str) -> Outcome<()> {
        self.find(name)?;
        let key = name.to_owned();
        self.store
            .write(move |batch| {
                let sites = batch.list::<Site>([])?;
                let switches = batch.list::<Switch>([])?;
                let is_used = |site: &Site| site.model.as_ref().is_some_and(|model| model.name == key);
                if let Some((_, site)) = sites.iter().find(|(_, site)| is_used(site)) {
                    return Err(in_use(&key, &site.slug));
                }
                if let Some((at, _)) = switches.iter().find(|(_, switch)| switch.from == key || switch.to == key) {
                    let site = sites.iter().find(|(own, _)| own == at).map_or("?", |(_, site)| site.slug.as_str());
                    return Err(in_use(&key, site));
                }
                batch.delete(crate::store::Table::Models, key.as_str());
                Ok::<_, Fault>(())
            })
            .await?;
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        let folder = self.dir.join(name);
        let removed =
            tokio::task::spawn_blocking(move || std::fs::remove_dir_all(folder)).await.map_err(Fault::internal)?;
        match removed {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Fault::new(
                Code::Unavailable,
                format!(
                    "the model \"{name}\" is removed, but its files in {} could not be deleted",
                    self.dir.display()
                ),
            )
            .with_source(error)),
            _ => Ok(()),
        }
    }

    /// The files of an added model.
    pub fn bundle(&self, name: &str) -> Outcome<Bundle> {
        record::check_name(name)?;
        Bundle::from_dir(&self.dir.join(name)).map_err(refused)
    }
}

/// Writes to a folder of another name first, so that a folder with the model's name is whole.
fn write(folder: &Path, imported: &Imported) -> Outcome<()> {
    let failed = |e: std::io::Error| {
        Fault::new(Code::StoreFailed, format!("the model cannot be written to {}: {e}", folder.display()))
    };
    let part = folder.with_file_name(format!(".{}.part", folder.file_name().unwrap_or_default().to_string_lossy()));
    for leftover in [&part, folder] {
        match std::fs::remove_dir_all(leftover) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    fsx::create_private_dir(&part).map_err(failed)?;
    imported.bundle.write_to(&part).map_err(|e| Fault::new(Code::StoreFailed, e.to_string()))?;
    if let Some(licence) = &imported.licence {
        fsx::write_atomic(&part.join(LICENCE_FILE), licence.as_bytes()).map_err(failed)?;
    }
    std::fs::rename(&part, folder).map_err(failed)
}

fn of_handle(handle: &ModelHandle) -> Lookup {
    match handle.state() {
        LoadState::Ready(model) => Lookup::Ready(Engine::Local(model)),
        LoadState::Loading => Lookup::Loading,
        LoadState::Failed(reason) => Lookup::Failed(reason),
        LoadState::Absent => Lookup::Absent,
    }
}

fn in_use(model: &str, site: &str) -> Fault {
    Fault::new(
        Code::Conflict,
        format!(
            "the site \"{site}\" uses the model \"{model}\" or is changing it; `dialogengine model status --site {site}` says how far it is"
        ),
    )
}

fn refused(error: EmbedError) -> Fault {
    Fault::invalid(error.to_string())
}
