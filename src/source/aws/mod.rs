//! AWS beneath a platform: autoscaling groups with their activities, vCPU quotas with their usage.
//!
//! Nothing here knows a platform: what its groups look like comes in as a [`GroupSelector`].
//! Nothing here explains, and no call changes anything. EC2 itself is not asked: its SDK crate
//! costs more to build than all the others together, and what holdup needs of it is known
//! elsewhere (machine states from the group, machine shapes from the embedded table, refusals
//! from the group's activities, nodes from the platform).

pub mod account;
pub mod activities;
pub mod autoscaling;
pub mod budget;
pub mod errors;
pub mod metrics;
pub mod quota_codes;
pub mod quotas;
pub mod selector;
mod wanted;

use std::sync::Arc;

pub use account::{Account, Identity, identity, sdk_config};
pub use selector::{GroupSelector, WorkerPrefix};

use crate::config::ContextConfig;
use crate::domain::text::Text;
use crate::source::Source;

/// The AWS sources of a context: groups and quotas, sharing credentials and request budget.
/// Empty when the context asks AWS nothing. Opens no connection.
pub fn sources(context: &ContextConfig, selector: GroupSelector) -> Vec<Box<dyn Source>> {
    let Some(aws) = &context.aws else { return Vec::new() };
    let name = Text::clean(&context.name);
    let account = Arc::new(Account::new(aws.clone()));
    vec![
        Box::new(autoscaling::Autoscaling::new(name.clone(), Arc::clone(&account), selector)),
        Box::new(quotas::Quotas::new(name, account)),
    ]
}
