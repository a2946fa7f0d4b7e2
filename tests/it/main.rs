//! The integration tests: one binary, one file per theme.
// A failed expectation is how a test fails; `.clippy.toml` covers `#[test]` functions, not their helpers.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod api;
mod bad_content;
mod bad_input;
mod cli;
mod crash;
mod crawl_fresh;
mod crawl_render;
mod crawl_report;
mod crawl_sign_in;
mod crawl_sources;
mod disk;
mod documents;
mod facts;
mod faults;
mod formats;
mod fresh;
#[path = "../fuzz/mod.rs"]
mod fuzz;
mod import;
mod isolation;
mod models;
mod repeated;
mod support;
mod tidy;
mod topics;
