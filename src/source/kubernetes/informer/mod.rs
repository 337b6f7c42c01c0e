//! Keeps a copy of each kind of object: listed once in pages, then watched.
//!
//! Whatever breaks is read again from where it broke; the copy stays meanwhile and what is wrong
//! with it is told. Nothing is listed on a timer. Nothing here knows what an object means.

mod alive;
mod backoff;
mod discovery;
mod kinds;
mod lines;
mod list;
mod path;
mod run;
mod scan;
mod shared;
mod watch;

pub use backoff::Pace;
pub use discovery::Served;
pub use kinds::{Feed, Kept, read_kinds};
pub use lines::{Line, Lines};
pub use path::{Scope, escaped, request_path};
pub use run::{Conduct, conduct};
pub use scan::{Part, Scanner};
pub use shared::{Progress, Shared, State, Watched};
