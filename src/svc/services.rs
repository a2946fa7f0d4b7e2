//! Everything the front doors call, built once by `app`.

use std::sync::Arc;

use crate::config::Config;
use crate::embed::ModelHandle;
use crate::store::Store;

use super::dialog::Dialogs;
use super::index::Indexes;
use super::ingest::Ingest;
use super::job::Jobs;
use super::retrieve::Retriever;

/// The running product without its listeners.
pub struct Services {
    pub config: Config,
    pub store: Store,
    pub indexes: Arc<Indexes>,
    pub model: ModelHandle,
    pub jobs: Arc<Jobs>,
    pub ingest: Arc<Ingest>,
    pub retriever: Retriever,
    pub dialogs: Dialogs,
}
