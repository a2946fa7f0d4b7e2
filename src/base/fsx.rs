//! Files that are either the old or the new version, never half of one; and the folder lock.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Writes `bytes` to `path` so that a crash leaves either the previous file or the whole new one:
/// temporary file in the same folder, fsync, rename, fsync of the folder.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = path.parent().ok_or_else(|| io::Error::other("path has no folder"))?;
    let mut tmp = path.as_os_str().to_owned();
    tmp.push(".tmp");
    let tmp = PathBuf::from(tmp);
    let mut file = private_options().write(true).create(true).truncate(true).open(&tmp)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(&tmp, path)?;
    File::open(dir)?.sync_all()
}

/// Creates a folder (and its parents) that only its owner can enter.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Options for files only their owner can read.
#[must_use]
pub fn private_options() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// Why a data folder could not be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error(
        "the data folder {dir} is in use by process {pid}; stop it (systemctl stop dialogengine, or kill {pid}) or choose another --data-dir"
    )]
    Held { dir: PathBuf, pid: String },
    #[error(
        "the data folder {dir} cannot be written: {source}; give the user that runs dialogengine write access, or choose another --data-dir"
    )]
    Io { dir: PathBuf, source: io::Error },
}

/// Exclusive use of a data folder for as long as the value lives. The kernel drops the lock when
/// the process ends, however it ends.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Locks `dir`, waiting up to `patience` for another process to let go.
    pub fn acquire(dir: &Path, patience: Duration) -> Result<Self, LockError> {
        let io_error = |source| LockError::Io { dir: dir.to_owned(), source };
        create_private_dir(dir).map_err(io_error)?;
        let path = dir.join("lock");
        let mut file =
            private_options().read(true).write(true).create(true).truncate(false).open(&path).map_err(io_error)?;
        let until = Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                Err(TryLockError::WouldBlock) => {
                    let mut pid = String::new();
                    // The holder may be between locking and writing its number; an empty name is still a message.
                    let _ = file.read_to_string(&mut pid);
                    return Err(LockError::Held { dir: dir.to_owned(), pid: pid.trim().to_owned() });
                }
                Err(TryLockError::Error(source)) => return Err(io_error(source)),
            }
        }
        file.set_len(0).map_err(io_error)?;
        file.seek(SeekFrom::Start(0)).map_err(io_error)?;
        write!(file, "{}", std::process::id()).map_err(io_error)?;
        file.sync_all().map_err(io_error)?;
        Ok(Self { _file: file })
    }
}
