//! Everything the front doors call, built once by `app`.

use std::sync::Arc;

use crate::config::Config;
use crate::embed::ModelHandle;
use crate::store::Store;

use super::dialog::Dialogs;
use super::index::Indexes;
use super::ingest::Ingest;
use super::job::Jobs;
use super::model::Models;
use super::retrieve::Retriever;
use super::switch::Switches;

/// The running product without its listeners.
pub struct Services {
    pub config: Config,
    pub store: Store,
    pub indexes: Arc<Indexes>,
    /// The model that comes with the program.
    pub model: ModelHandle,
    pub models: Arc<Models>,
    pub jobs: Arc<Jobs>,
    pub ingest: Arc<Ingest>,
    pub retriever: Retriever,
    pub dialogs: Dialogs,
    pub switches: Switches,
}
