//! A limit on everything that comes from outside. Units stand last in the names.

/// Longest question a visitor may ask, in bytes.
pub const QUESTION_BYTES_MAX: usize = 4_000;
/// Longest search query, in bytes.
pub const QUERY_BYTES_MAX: usize = 4_000;
/// Largest JSON body of an API call, in bytes.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// Largest upload request, in bytes.
pub const UPLOAD_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Largest file or page that is read, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Largest PDF or Office file that is read, in bytes: most of them is pictures and fonts.
pub const FILE_BYTES_MAX: usize = 50 * 1024 * 1024;
/// Files of one ingest call.
pub const INGEST_FILES_MAX: usize = 50_000;
/// Chunks of one document; the rest is cut and said so.
pub const DOCUMENT_CHUNKS_MAX: usize = 5_000;
/// Largest value in the store, in bytes.
pub const VALUE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Longest document key or URL, in bytes.
pub const KEY_BYTES_MAX: usize = 2_000;
/// Most hits of one search.
pub const HITS_MAX: usize = 100;
/// Turns of one dialog; then a new one begins.
pub const DIALOG_TURNS_MAX: usize = 200;
