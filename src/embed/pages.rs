//! Memory of the compiled-in files once they are loaded.
//!
//! The files lie in the program, and reading them for their checksums maps every page. What is computed with lies elsewhere
//! by then, except for the rows of the word table, which come back as they are used.

// Telling the kernel which pages are not needed is a system call without a safe face.
#![allow(unsafe_code)]

/// Pages are at least so large, and this is a multiple of every larger size in use.
const PAGE_BYTES: usize = 64 * 1024;

/// Lets the system take back the pages of constants of this program; reading them again brings them back.
pub(super) fn give_back(constants: impl IntoIterator<Item = &'static [u8]>) {
    for bytes in constants {
        let start = bytes.as_ptr().addr().next_multiple_of(PAGE_BYTES);
        let end = (bytes.as_ptr().addr() + bytes.len()) / PAGE_BYTES * PAGE_BYTES;
        if start >= end {
            continue;
        }
        let first = bytes.as_ptr().wrapping_add(start - bytes.as_ptr().addr());
        // SAFETY: the range lies within `bytes`, whole pages of the program's read-only data. They are a private mapping of the
        // program's file that nobody has written to: the kernel reads dropped pages from the file again.
        let told =
            unsafe { rustix::mm::madvise(first.cast_mut().cast(), end - start, rustix::mm::Advice::LinuxDontNeed) };
        if let Err(error) = told {
            tracing::debug!(%error, "pages of the model stay in memory");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::compiled::FILES;

    #[test]
    fn what_was_given_back_reads_as_before() {
        let sums = || FILES.map(|(_, content)| blake3::hash(content));
        let before = sums();
        give_back(FILES.map(|(_, content)| content));
        // Less than a page, and nothing at all.
        give_back([&FILES[0].1[..10], &[]]);
        assert_eq!(sums(), before);
    }
}
