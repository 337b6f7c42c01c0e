//! Makes sure that what the watches told is still true while they tell nothing: after a silence of
//! every one of them the server is asked for its version, and where no answer comes, everything
//! that was read is marked as old and the watches are opened anew. Reads no objects.

use std::sync::Arc;

use super::backoff::{Backoff, Pace};
use super::discovery::version_of;
use super::shared::Shared;
use crate::domain::source::{Failure, FailureKind};
use crate::source::kubernetes::refusal::timed_out;
use crate::source::kubernetes::server::Server;

/// Watches over a server for ever.
pub(super) async fn stay_sure(server: Arc<Server>, shared: Arc<Shared>, pace: Pace) {
    let quiet = server.patience().quiet;
    let mut backoff = Backoff::new("liveness", pace);
    let mut lost = false;
    loop {
        let silence = server.pulse().silence();
        if silence < quiet {
            if std::mem::take(&mut lost) {
                backoff.reset();
                shared.start(Ok(()));
            }
            tokio::time::sleep(quiet.saturating_sub(silence)).await;
            continue;
        }
        // Any answer will do, also one that refuses.
        let Err(failure) = ask(&server).await else { continue };
        if server.pulse().silence() < quiet {
            continue;
        }
        // A login that fails says nothing of the watches that are open.
        if matches!(failure.kind, FailureKind::TimedOut | FailureKind::Unreachable) {
            if !std::mem::replace(&mut lost, true) {
                server.pulse().lose();
            }
            shared.start(Err(failure.clone()));
        }
        // Once a watch is open again, everything is true again.
        tokio::time::sleep(backoff.pause(&failure).min(quiet / 4)).await;
    }
}

async fn ask(server: &Server) -> Result<(), Failure> {
    let patience = server.patience().stall;
    let connection = server.connection().await?;
    match tokio::time::timeout(patience, version_of(server)).await {
        Ok(answer) => answer.map(drop),
        Err(_) => Err(timed_out(&connection.server, patience)),
    }
}
