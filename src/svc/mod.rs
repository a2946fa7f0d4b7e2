//! What the product does, one module per noun. Each module calls only those listed before it.
//!
//! Services return [`crate::base::Fault`]; they know the store, the indexes and the model, and
//! nothing of HTTP or the command line.

pub mod extract;

pub mod site;

pub mod auth;

pub mod model;

pub mod knowledge;

pub mod repeat;

pub mod alike;

pub mod topic;

pub mod index;

pub mod job;

pub mod crawl;

pub mod ingest;

pub mod retrieve;

pub mod dialog;

pub mod eval;

pub mod switch;

pub mod services;
