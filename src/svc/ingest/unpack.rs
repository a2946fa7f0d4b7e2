//! Files on their way in: one file is one document, an archive is as many as it holds. Read on a blocking thread, stored a few at
//! a time, so that an archive never has to fit into memory whole.

use tokio::sync::mpsc;

use crate::base::error::Outcome;
use crate::base::id::SiteId;
use crate::base::limits::KEY_BYTES_MAX;
use crate::base::{Fault, Progress};
use crate::embed::Model;
use crate::svc::extract::archive;
use crate::svc::knowledge::Draft;

use super::{DRAFTS_MAX, FileError, Incoming, Ingest, Summary};

/// A document read, or why not; answers false when no more is wanted.
pub(super) type Take<'a> = dyn FnMut(Result<Draft, FileError>) -> bool + 'a;

/// Reads a file, or each file of an archive. The key of those is the archive's key, then their path in it.
pub(super) fn read(site: SiteId, incoming: Incoming, model: Option<&Model>, take: &mut Take<'_>) {
    if !archive::is_archive(&incoming.bytes) {
        take(one(site, &incoming, model));
        return;
    }
    let Incoming { key, name, bytes, url, .. } = incoming;
    let whole = archive::each(&bytes, &mut |path, unpacked| {
        let key = format!("{key}/{path}");
        take(match unpacked {
            Ok(bytes) => {
                let name = format!("{name}/{path}");
                one(site, &Incoming { key, name, content_type: None, bytes, url: url.clone(), origin: None }, model)
            }
            Err(refused) => Err(FileError::rejected(key, &refused)),
        })
    });
    if let Err(refused) = whole {
        take(Err(FileError::rejected(key, &refused)));
    }
}

pub(super) fn one(site: SiteId, incoming: &Incoming, model: Option<&Model>) -> Result<Draft, FileError> {
    let length = incoming.key.len();
    if length > KEY_BYTES_MAX {
        let reason = format!("the path has {length} bytes, at most {KEY_BYTES_MAX} are allowed; shorten it");
        return Err(FileError::new(incoming.key.clone(), "name_too_long", reason));
    }
    Ingest::draft(site, incoming, model).map_err(|rejected| FileError::rejected(incoming.key.clone(), &rejected))
}

impl Ingest {
    /// Runs `work` on a blocking thread and stores what it takes, until it ends or `progress` is cancelled.
    pub(super) async fn store_as_read(
        &self,
        summary: &mut Summary,
        progress: &Progress,
        work: impl FnOnce(&mut Take<'_>) + Send + 'static,
    ) -> Outcome<()> {
        let (sender, mut read) = mpsc::channel(DRAFTS_MAX);
        let working = tokio::task::spawn_blocking(move || work(&mut |one| sender.blocking_send(one).is_ok()));
        let mut drafts = Vec::new();
        while let Some(one) = read.recv().await {
            if progress.is_cancelled() {
                break;
            }
            match one {
                Ok(draft) => drafts.push(draft),
                Err(error) => summary.failed.push(error),
            }
            if drafts.len() == DRAFTS_MAX {
                self.store_and_count(std::mem::take(&mut drafts), summary).await?;
            }
        }
        drop(read);
        self.store_and_count(drafts, summary).await?;
        working.await.map_err(Fault::internal)
    }

    async fn store_and_count(&self, drafts: Vec<Draft>, summary: &mut Summary) -> Outcome<()> {
        for stored in self.store(drafts).await? {
            summary.count(stored);
        }
        Ok(())
    }
}
