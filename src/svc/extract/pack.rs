//! ZIP files as containers: named parts of an OpenDocument file or a book, and members of an archive. Names are only names;
//! nothing is written to a disk.

use std::io::{Cursor, Read as _};

use zip::ZipArchive;

use super::{RejectCode, Rejected};

/// Members a container may list.
const MEMBERS_MAX: usize = 20_000;
/// Signature of an entry of the list of members (APPNOTE 4.3.12).
const LISTED: &[u8] = b"PK\x01\x02";

/// An open container.
pub struct Pack<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
}

/// What is known of a member before it is unpacked.
pub struct Member {
    /// As the container states it.
    pub name: String,
    pub is_folder: bool,
}

impl<'a> Pack<'a> {
    /// Reads the list of members.
    ///
    /// # Errors
    /// `TooComplex` for more than [`MEMBERS_MAX`], `Damaged` for a broken list.
    pub fn open(bytes: &'a [u8]) -> Result<Self, Rejected> {
        // Before the list is built in memory; each member of it has a signature of its own.
        let listed = bytes.windows(LISTED.len()).filter(|window| *window == LISTED).take(MEMBERS_MAX + 1).count();
        if listed > MEMBERS_MAX {
            return Err(Rejected::new(
                RejectCode::TooComplex,
                format!("the archive lists more than {MEMBERS_MAX} files: split it into several"),
            ));
        }
        ZipArchive::new(Cursor::new(bytes)).map(|zip| Self { zip }).map_err(|error| damaged(&error))
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.zip.len()
    }

    /// Whether there is a part of this name.
    pub fn has(&self, name: &str) -> bool {
        self.zip.index_for_name(name).is_some()
    }

    /// Whether a part lies in one of these folders.
    pub fn has_folder(&self, folders: &[&str]) -> bool {
        let mut names = self.zip.file_names_raw();
        names.any(|name| folders.iter().any(|folder| name.starts_with(folder.as_bytes())))
    }

    /// The member at `at`; `None` when its entry is broken.
    pub fn member(&mut self, at: usize) -> Option<Member> {
        let file = self.zip.by_index_raw(at).ok()?;
        let name = file
            .name()
            .map_or_else(|_| String::from_utf8_lossy(file.name_raw()).into_owned(), std::borrow::Cow::into_owned);
        Some(Member { name, is_folder: file.is_dir() })
    }

    /// Unpacks the member at `at`.
    ///
    /// # Errors
    /// `TooLarge` past `bytes_max`, `Protected`, `Damaged`.
    pub fn bytes(&mut self, at: usize, bytes_max: usize) -> Result<Vec<u8>, Rejected> {
        if self.zip.by_index_raw(at).is_ok_and(|file| file.encrypted()) {
            return Err(Rejected::new(
                RejectCode::Protected,
                "the file is protected by a password: pack it again without one",
            ));
        }
        let file = self.zip.by_index(at).map_err(|error| damaged(&error))?;
        let mut bytes = Vec::new();
        // What the list states about sizes is a claim: only what comes out counts.
        file.take(bytes_max as u64 + 1).read_to_end(&mut bytes).map_err(|error| damaged(&error))?;
        if bytes.len() > bytes_max {
            return Err(Rejected::new(
                RejectCode::TooLarge,
                format!("it unpacks to more than {} MB; split it", bytes_max / 1_048_576),
            ));
        }
        Ok(bytes)
    }

    /// The text of the part `name`; `None` when there is none.
    ///
    /// # Errors
    /// As [`Pack::bytes`].
    pub fn text(&mut self, name: &str, bytes_max: usize) -> Result<Option<String>, Rejected> {
        let Some(at) = self.zip.index_for_name(name) else { return Ok(None) };
        let bytes = self.bytes(at, bytes_max)?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        Ok(Some(String::from_utf8_lossy(bytes).into_owned()))
    }
}

fn damaged(error: &dyn std::fmt::Display) -> Rejected {
    Rejected::new(
        RejectCode::Damaged,
        format!("the file cannot be unpacked ({error}): save or pack it again with a current program"),
    )
}
