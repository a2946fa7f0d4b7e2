//! Builds everything in order, supervises it, and stops it in reverse.

mod build;
pub mod demo;
pub mod local;

pub use build::{Running, build};
