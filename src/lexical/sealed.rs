//! The folder of an index, with a checksum under the small files too.
//!
//! tantivy puts a checksum under its segment files, but not under `meta.json` and its list of files, which say what
//! the index consists of. This wrapper appends one on writing, and takes it off and checks it on reading.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    Directory, DirectoryLock, FileHandle, Lock, MmapDirectory, WatchCallback, WatchHandle, WritePtr,
};

const SEAL_BYTES: usize = blake3::OUT_LEN * 2;

#[derive(Clone, Debug)]
pub struct SealedDirectory(pub MmapDirectory);

impl Directory for SealedDirectory {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        self.0.get_file_handle(path)
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.0.delete(path)
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.0.exists(path)
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        self.0.open_write(path)
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        let mut data = self.0.atomic_read(path)?;
        let damaged = || {
            let error = io::Error::new(io::ErrorKind::InvalidData, "checksum differs");
            OpenReadError::IoError { io_error: Arc::new(error), filepath: path.to_owned() }
        };
        let length = data.len().checked_sub(SEAL_BYTES).ok_or_else(damaged)?;
        let seal = data.split_off(length);
        if blake3::hash(&data).to_hex().as_bytes() != seal {
            return Err(damaged());
        }
        Ok(data)
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        let seal = blake3::hash(data).to_hex();
        self.0.atomic_write(path, &[data, seal.as_bytes()].concat())
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.0.sync_directory()
    }

    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        self.0.acquire_lock(lock)
    }

    fn watch(&self, callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        self.0.watch(callback)
    }
}
