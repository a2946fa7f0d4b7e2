//! The embedding models of this installation: the one that comes with the program, and those that were added.
//!
//! Invariants: a model that is listed was loaded and tried on this machine; its files lie whole in `models/NAME` of the
//! data folder and are checked against their manifest before each use; a model is removed from the list before its
//! files are.
//! Deliberately absent: downloads. Files come from the operator.

mod record;
mod trial;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use crate::base::clock::now_ms;
use crate::base::error::Outcome;
use crate::base::{Code, Fault, fsx};
use crate::embed::{Bundle, EmbedError, ImportOptions, Imported, Model, ModelHandle};
use crate::store::Store;

pub use record::{Added, BUILT_IN, ModelKey, Tried, name_from};

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
}

impl Models {
    /// `dir`: the folder of added models. `built_in`: the model that is used where no other was chosen.
    #[must_use]
    pub fn new(store: Store, dir: PathBuf, built_in: ModelHandle, built_in_key: ModelKey, threads: usize) -> Self {
        Self { store, dir, built_in, built_in_key, threads }
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
        record::check_name(name)?;
        let taken = self.store.snapshot()?.get::<Added>(name)?.is_some();
        if taken {
            return Err(Fault::new(
                Code::Conflict,
                format!("there is a model \"{name}\" already; choose another --name, or remove it first"),
            ));
        }
        let (path, own_name, threads) = (path.to_owned(), name.to_owned(), self.threads);
        let read = move || -> Result<(Imported, Model), EmbedError> {
            let imported = Imported::read(&path, &own_name, &options)?;
            let model = Model::load(&imported.bundle, threads)?;
            Ok((imported, model))
        };
        let (imported, model) = tokio::task::spawn_blocking(read).await.map_err(Fault::internal)?.map_err(refused)?;
        let tried = trial::run(&model).await?;
        let added = Added {
            name: name.to_owned(),
            id: model.id.to_string(),
            dimensions: model.manifest.dimensions,
            max_tokens: model.manifest.max_tokens,
            bytes: imported.bundle.bytes(),
            tried,
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
        let stored = added.clone();
        self.store
            .write(move |batch| {
                if batch.list::<Added>([])?.len() >= MODELS_MAX {
                    return Err(Fault::invalid(format!("at most {MODELS_MAX} models can be added; remove one first")));
                }
                Ok(batch.put(stored.name.as_str(), &stored)?)
            })
            .await?;
        let is_blind = added.tried.cosine_alike <= added.tried.cosine_other;
        let warning = is_blind.then(|| {
            "it finds two unrelated sentences more alike than two that say the same; check --pooling and the prefixes".to_owned()
        });
        Ok((added, warning))
    }

    /// Removes an added model and its files. Its vectors stay until they are forgotten.
    pub async fn remove(&self, name: &str) -> Outcome<()> {
        self.find(name)?;
        let key = name.to_owned();
        self.store
            .write(move |batch| {
                batch.delete(crate::store::Table::Models, key.as_str());
                Ok::<_, Fault>(())
            })
            .await?;
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

fn refused(error: EmbedError) -> Fault {
    Fault::invalid(error.to_string())
}
