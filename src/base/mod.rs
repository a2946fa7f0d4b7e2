//! What every layer may use: errors, ids, clock, files, limits, secrets. No I/O policy lives here.

pub mod clock;
pub mod error;
pub mod fsx;
pub mod id;
pub mod limits;
pub mod progress;
pub mod secret;

pub use error::{Code, Fault};
pub use progress::{Progress, Report};
