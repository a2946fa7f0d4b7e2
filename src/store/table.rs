//! The table catalogue. Adding a table is one line here; `prepare` creates it, `dump` and backup
//! read it because they walk [`Table::ALL`].

use std::path::Path;

use redb::{ReadableDatabase as _, ReadableTable as _, TableDefinition};

use super::{SCHEMA, StoreError};

macro_rules! tables {
    ($($(#[$doc:meta])* $variant:ident $name:literal;)+) => {
        /// Every table of the store.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Table { $($(#[$doc])* $variant,)+ }

        impl Table {
            pub const ALL: &'static [Table] = &[$(Table::$variant,)+];

            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Table::$variant => $name,)+ }
            }
        }
    };
}

tables! {
    /// `schema`, and counters by name.
    Meta "meta";
    /// site -> Site
    Sites "sites";
    /// slug -> site
    SiteSlugs "site_slugs";
    /// name -> embedding model that was added
    Models "models";
    /// site -> change of its embedding model
    ModelSwitches "model_switches";
    /// site, document -> Document
    Documents "documents";
    /// site, document key -> document (also the keys of collapsed duplicates)
    DocumentKeys "document_keys";
    /// site, content hash -> document
    DocumentHashes "document_hashes";
    /// site, document -> what it states
    Facts "facts";
    /// site, chunk -> Chunk
    Chunks "chunks";
    /// site, document -> the passages before repeated parts were left out, where any were
    FullTexts "full_texts";
    /// site, source -> parts that repeat across its pages
    Repeated "repeated";
    /// site, version -> what the site is about
    Topics "topics";
    /// model, text hash -> f32 vector, little endian
    Vectors "vectors";
    /// text hash, site, chunk -> nothing: who needs the vector of a text
    TextUses "text_uses";
    /// file hash, site, document -> nothing: who was read from a kept file
    BlobUses "blob_uses";
    /// site, document -> what an editor put in place of what was read, and what that was
    Edits "edits";
    /// site, document key -> why there is no document: deleted, or not readable
    Absent "absent";
    /// priority, site, chunk -> what is still to be embedded
    EmbedQueue "embed_queue";
    /// site, sequence -> change to searchable content
    Outbox "outbox";
    /// source -> Source
    Sources "sources";
    /// source -> how it signs in
    SourceSecrets "source_secrets";
    /// source -> its folder, when it is one
    Folders "folders";
    /// source, document key -> the file as it was when it was read
    FolderFiles "folder_files";
    /// source, URL -> what became of it in the last crawl
    SourceUrls "source_urls";
    /// source, requested URL -> what the last crawl saw there
    Visits "visits";
    /// job -> Job
    Jobs "jobs";
    /// site, dialog -> Dialog
    Dialogs "dialogs";
    /// site, dialog, turn -> Turn
    Turns "turns";
    /// site, citation -> the passage as it stood
    Citations "citations";
    /// user -> User
    Users "users";
    /// e-mail -> user
    UserMails "user_mails";
    /// hash of session token -> Session
    Sessions "sessions";
    /// key id -> ApiKey
    Keys "keys";
    /// name -> setting (set-up token and the like)
    Settings "settings";
}

/// The only shape tables have: bytes to bytes, encoded by us.
pub(super) type Bytes = &'static [u8];

impl Table {
    pub(super) const fn definition(self) -> TableDefinition<'static, Bytes, Bytes> {
        TableDefinition::new(self.name())
    }
}

const SCHEMA_KEY: &[u8] = b"schema";
/// Random, made with the file: tells caches that belong to another store.
pub(super) const STORE_ID_KEY: &[u8] = b"store_id";

/// Creates missing tables and refuses newer files. Reading comes first: a newer file is not touched.
pub(super) fn prepare(db: &redb::Database, path: &Path) -> Result<(), StoreError> {
    let read = db.begin_read().map_err(StoreError::engine)?;
    match read.open_table(Table::Meta.definition()) {
        Ok(meta) => {
            let found = meta.get(SCHEMA_KEY).map_err(StoreError::engine)?;
            let found = found.and_then(|v| v.value().try_into().ok().map(u32::from_be_bytes)).unwrap_or(0);
            if found > SCHEMA {
                return Err(StoreError::SchemaNewer { path: path.to_owned(), found });
            }
        }
        Err(redb::TableError::TableDoesNotExist(_)) => {}
        Err(error) => return Err(StoreError::engine(error)),
    }
    drop(read);
    let write = db.begin_write().map_err(StoreError::engine)?;
    for table in Table::ALL {
        write.open_table(table.definition()).map_err(StoreError::engine)?;
    }
    {
        let mut meta = write.open_table(Table::Meta.definition()).map_err(StoreError::engine)?;
        let known = meta.get(SCHEMA_KEY).map_err(StoreError::engine)?.is_some();
        if !known {
            meta.insert(SCHEMA_KEY, SCHEMA.to_be_bytes().as_slice()).map_err(StoreError::engine)?;
        }
        let named = meta.get(STORE_ID_KEY).map_err(StoreError::engine)?.is_some();
        if !named {
            meta.insert(STORE_ID_KEY, crate::base::secret::random_token(18).as_bytes()).map_err(StoreError::engine)?;
        }
    }
    write.commit().map_err(StoreError::engine)
}
