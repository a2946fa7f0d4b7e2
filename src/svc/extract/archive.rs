//! ZIP archives: each file in them is a document of its own. They are unpacked here, one file at a time and within limits, in
//! memory: names lead nowhere on a disk.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::base::limits::FILE_BYTES_MAX;

use super::pack::Pack;
use super::{RejectCode, Rejected, sniff, text};

/// Files of one archive that are read.
const FILES_MAX: usize = 5_000;
/// Bytes all of them may unpack to …
const UNPACKED_BYTES_MAX: usize = 1024 * 1024 * 1024;
/// … and how many times the archive's own bytes, beyond [`UNPACKED_FREE`]: text shrinks to a tenth, hardly ever to a hundredth.
const RATIO_MAX: usize = 100;
const UNPACKED_FREE: usize = 16 * 1024 * 1024;
/// Archives in archives.
const NESTING_MAX: usize = 2;

/// Whether the bytes are an archive of files, not a file that happens to be packed so.
#[must_use]
pub fn is_archive(bytes: &[u8]) -> bool {
    sniff::is_archive(bytes)
}

/// Unpacks an archive: `take` gets each file's path inside, and its bytes or why there are none; false ends it.
///
/// # Errors
/// When the archive as a whole cannot be read, or unpacks to too much: files before that were taken.
pub fn each(bytes: &[u8], take: &mut dyn FnMut(String, Result<Vec<u8>, Rejected>) -> bool) -> Result<(), Rejected> {
    let left = bytes.len().saturating_mul(RATIO_MAX).saturating_add(UNPACKED_FREE).min(UNPACKED_BYTES_MAX);
    let mut work = Work { left, files: FILES_MAX, known: HashMap::new(), stopped: false, take };
    // Someone else's code reads someone else's bytes: whatever happens concerns this archive only.
    catch_unwind(AssertUnwindSafe(|| work.unpack(bytes, "", 1))).unwrap_or_else(|_| {
        Err(Rejected::new(RejectCode::Damaged, "the archive cannot be unpacked: pack it again with a current program"))
    })
}

struct Work<'a> {
    /// Bytes that may still be unpacked.
    left: usize,
    files: usize,
    /// Paths given so far, and how often each was wanted.
    known: HashMap<String, usize>,
    stopped: bool,
    take: &'a mut dyn FnMut(String, Result<Vec<u8>, Rejected>) -> bool,
}

impl Work<'_> {
    fn unpack(&mut self, bytes: &[u8], before: &str, nesting: usize) -> Result<(), Rejected> {
        let mut pack = Pack::open(bytes)?;
        for at in 0..pack.len() {
            let Some(member) = pack.member(at) else { continue };
            let Some(name) = clean(&member.name).filter(|_| !member.is_folder) else { continue };
            let path = self.distinct(format!("{before}{name}"));
            self.files = self.files.checked_sub(1).ok_or_else(|| {
                Rejected::new(
                    RejectCode::TooComplex,
                    format!("the archive holds more than {FILES_MAX} files: those after that were left out; split it"),
                )
            })?;
            let most = FILE_BYTES_MAX.min(self.left);
            let unpacked = pack.bytes(at, most);
            let spent = match &unpacked {
                Ok(bytes) => bytes.len(),
                Err(refused) if refused.code == RejectCode::TooLarge => most,
                Err(_) => 0,
            };
            self.left -= spent;
            if self.left == 0 {
                return Err(Rejected::new(
                    RejectCode::TooLarge,
                    format!(
                        "the archive unpacks to far more than it should, or to more than {} MB: from {path} on it was left out; split it",
                        UNPACKED_BYTES_MAX / 1_048_576
                    ),
                ));
            }
            let goes_on = match unpacked {
                Ok(inner) if sniff::is_archive(&inner) && nesting < NESTING_MAX => {
                    match self.unpack(&inner, &format!("{path}/"), nesting + 1) {
                        Ok(()) => true,
                        // What ends the whole archive ends it from inside too.
                        Err(refused) if self.left == 0 || self.files == 0 => return Err(refused),
                        Err(refused) => (self.take)(path, Err(refused)),
                    }
                }
                Ok(inner) if sniff::is_archive(&inner) => {
                    let text = format!("archives in archives are read {NESTING_MAX} deep: unpack it first");
                    (self.take)(path, Err(Rejected::new(RejectCode::TooComplex, text)))
                }
                other => (self.take)(path, other),
            };
            self.stopped |= !goes_on;
            if self.stopped {
                break;
            }
        }
        Ok(())
    }

    /// Two files may state one name, or names that come to the same.
    fn distinct(&mut self, path: String) -> String {
        let uses = self.known.entry(path.clone()).or_default();
        *uses += 1;
        if *uses == 1 { path } else { format!("{path} ({uses})") }
    }
}

/// A member's name without what could lead elsewhere; `None` for what programs leave behind.
fn clean(name: &str) -> Option<String> {
    let name = name.replace('\\', "/");
    let parts: Vec<String> =
        name.split('/').map(text::squash).filter(|part| !matches!(part.as_str(), "" | "." | "..")).collect();
    let is_left_behind = parts.iter().any(|part| part.starts_with('.') || part == "__MACOSX")
        || parts
            .last()
            .is_none_or(|last| last.eq_ignore_ascii_case("thumbs.db") || last.eq_ignore_ascii_case("desktop.ini"));
    (!is_left_behind).then(|| parts.join("/"))
}
