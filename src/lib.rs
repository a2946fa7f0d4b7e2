//! DialogEngine: one binary that crawls a website and answers visitors' questions about it,
//! with citations that are checked. Start reading in `src/ARCHITECTURE.md`.
//!
//! The modules below are layers: each sees only what stands before it (kept by `tests/it/tidy.rs`).

pub mod base;
pub mod config;
pub mod dial;
pub mod store;

pub mod embed;
pub mod lexical;
pub mod vector;

pub mod svc;

pub mod http;
pub mod net;

pub mod app;
pub mod cli;
