//! AWS beneath a platform, over real sockets: recorded answers, errors as the services word them,
//! broken answers, and the simulated account read by the production sources.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

#[path = "aws/errors.rs"]
mod errors;
#[path = "aws/groups.rs"]
mod groups;
#[path = "aws/quotas.rs"]
mod quotas;
#[path = "aws/simulated.rs"]
mod simulated;
#[path = "aws/stand.rs"]
mod stand;
