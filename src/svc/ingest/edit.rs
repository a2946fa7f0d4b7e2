//! An editor's title and text for a document: cut into passages like a text that was read.

use crate::base::Fault;
use crate::base::error::Outcome;
use crate::base::id::{DocumentId, SiteId};
use crate::svc::extract::Extracted;
use crate::svc::knowledge::{self, Document, NewChunk, Wanted};

use super::Ingest;

/// Longest title, in bytes.
const TITLE_BYTES_MAX: usize = 500;
/// Longest text, in bytes: it travels in the body of one call.
pub const TEXT_BYTES_MAX: usize = 200_000;

/// What an editor saved.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// [`Document::version`] the editor saw.
    pub version: String,
    pub title: Option<String>,
    /// As [`knowledge::to_text`] writes it.
    pub text: Option<String>,
    /// Who the editor is.
    pub by: String,
}

impl Ingest {
    /// Puts an editor's title or text in place of what was read. It is searchable by its words when this returns.
    ///
    /// # Errors
    /// See [`knowledge::edit()`]; also when title or text is empty or too long.
    pub async fn edit(&self, site: SiteId, id: DocumentId, change: Change) -> Outcome<Document> {
        let title = change.title.map(|title| title.split_whitespace().collect::<Vec<_>>().join(" "));
        if title.as_ref().is_some_and(|title| title.is_empty() || title.len() > TITLE_BYTES_MAX) {
            return Err(Fault::invalid(format!("a title has 1 to {TITLE_BYTES_MAX} bytes")));
        }
        let chunks = match change.text {
            Some(text) => Some(self.cut(text).await?),
            None => None,
        };
        let wanted = Wanted { title, chunks, by: change.by };
        let version = change.version;
        let document = self.store.write(move |batch| knowledge::edit(batch, site, id, &version, wanted)).await?;
        self.indexes.poke();
        self.embedder.poke();
        Ok(document)
    }

    async fn cut(&self, text: String) -> Outcome<Vec<NewChunk>> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(Fault::invalid(format!(
                "a text has at most {} KB; upload the file in parts instead",
                TEXT_BYTES_MAX / 1_000
            )));
        }
        let model = self.tokenizer().await;
        let cut = move || {
            let extracted = Extracted { sections: knowledge::from_text(&text), ..Extracted::default() };
            Ingest::chunks_of(&extracted, model.as_deref()).0
        };
        let chunks = tokio::task::spawn_blocking(cut).await.map_err(Fault::internal)?;
        if chunks.is_empty() {
            return Err(Fault::invalid(
                "the text has no words; to take a document out of answers, exclude or delete it",
            ));
        }
        Ok(chunks)
    }
}

impl Ingest {
    /// Drops an editor's title and text: the document is again what was read last.
    ///
    /// # Errors
    /// See [`knowledge::drop_edit`].
    pub async fn drop_edit(&self, site: SiteId, id: DocumentId, version: String) -> Outcome<Document> {
        let document = self.store.write(move |batch| knowledge::drop_edit(batch, site, id, &version)).await?;
        self.indexes.poke();
        self.embedder.poke();
        Ok(document)
    }

    /// Deletes a document with everything only it has: passages, vectors, edits, the kept file. What the indexes' files still
    /// hold of it nobody finds; it leaves them when they are merged or built anew.
    ///
    /// # Errors
    /// There is no such document, or the store or the folder of kept files cannot be written.
    pub async fn delete(&self, site: SiteId, id: DocumentId) -> Outcome<Document> {
        let document = self.store.write(move |batch| knowledge::delete(batch, site, id)).await?;
        self.indexes.poke();
        self.blobs.sweep(&self.store).await?;
        Ok(document)
    }
}
