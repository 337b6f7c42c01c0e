//! `GetCallerIdentity`: who the simulated credentials are.

use axum::response::Response;

use super::super::world::World;
use super::query::{IDENTITY, response};

/// Answers the call.
pub(super) fn caller(world: &World) -> Response {
    response("GetCallerIdentity", IDENTITY, |result| {
        result.leaf("UserId", "AROASIMULATEDEXAMPLE:holdup").leaf("Account", &world.account.id).leaf("Arn", &world.account.caller_arn);
    })
}
