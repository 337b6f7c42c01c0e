//! The rules: one question each, one file each, listed here.
//!
//! A rule reads the world and says whether its condition is explained by its causes. It asks no
//! network, keeps no state, and names the causes it may give, so that a test can hold it to them.

pub mod at_max;
pub mod autoscaler_silent;
pub mod claim_coming;
pub mod claim_holds;
pub mod claim_pending;
pub mod cluster_unread;
pub mod crash;
pub mod creating_silent;
pub mod creation_refused;
pub mod deploy_stage;
pub mod drain_blocked;
pub mod fragmentation;
pub mod gpu_held;
pub mod gpu_not_allocatable;
pub mod group_backoff;
pub mod group_idle;
pub mod image_pull;
pub mod job_waiting;
pub mod launch_reason;
pub mod launch_refused;
pub mod log_tells;
pub mod machine_reclaimed;
pub mod managed_quota;
pub mod network_down;
pub mod network_takes_none;
pub mod never_ready;
pub mod node_groups_pin;
pub mod node_joining;
pub mod node_sick;
pub mod nodes_weighed;
pub mod not_scheduled;
pub mod order_waiting;
pub mod out_of_memory;
pub mod platform_says;
pub mod pod_limit;
pub mod pool_refuses;
pub mod probe_fails;
pub mod purchase_refused;
pub mod quota_unread;
pub mod ray_states;
pub mod replica_lost;
pub mod replica_tells;
pub mod rolling_deadlock;
pub mod rollout_held;
pub mod room;
pub mod route_empty;
pub mod route_unweighted;
pub mod scale_up;
pub mod start_blocked;
pub mod suspended;
pub mod target_silent;
pub mod too_big;
pub mod unfinished;
pub mod vcpu_quota;
pub mod wants_more;

use super::condition::Condition;
use super::engine::Verdict;
use super::world::World;
use crate::domain::id::ResourceKey;

/// One rule.
pub struct Rule {
    /// Its name: the file's.
    pub slug: &'static str,
    /// What it explains.
    pub explains: Condition,
    /// Causes it may give; of the catalogue. Empty for a rule that only tells of movement, or
    /// whose causes are recognised from text.
    pub causes: &'static [&'static str],
    /// What it says of one resource.
    pub check: fn(&World<'_>, &ResourceKey) -> Verdict,
}

/// All rules, by rank.
pub static RULES: &[Rule] = &[
    unfinished::RULE,
    job_waiting::RULE,
    order_waiting::RULE,
    route_empty::RULE,
    rolling_deadlock::RULE,
    managed_quota::RULE,
    route_unweighted::RULE,
    creating_silent::RULE,
    // Before the sentences, whose findings of the same cause it tells with more of what it rests on.
    ray_states::RULE,
    platform_says::RULE,
    deploy_stage::RULE,
    network_takes_none::RULE,
    crash::RULE,
    out_of_memory::RULE,
    machine_reclaimed::RULE,
    replica_lost::RULE,
    rollout_held::RULE,
    creation_refused::RULE,
    wants_more::RULE,
    drain_blocked::RULE,
    not_scheduled::RULE,
    claim_holds::RULE,
    nodes_weighed::RULE,
    room::RULE,
    gpu_not_allocatable::RULE,
    fragmentation::RULE,
    node_groups_pin::RULE,
    gpu_held::RULE,
    pod_limit::RULE,
    too_big::RULE,
    image_pull::RULE,
    start_blocked::RULE,
    probe_fails::RULE,
    never_ready::RULE,
    target_silent::RULE,
    node_joining::RULE,
    suspended::RULE,
    node_sick::RULE,
    network_down::RULE,
    log_tells::RULE,
    claim_pending::RULE,
    replica_tells::RULE,
    claim_coming::RULE,
    pool_refuses::RULE,
    scale_up::RULE,
    group_backoff::RULE,
    at_max::RULE,
    launch_refused::RULE,
    group_idle::RULE,
    vcpu_quota::RULE,
    launch_reason::RULE,
    quota_unread::RULE,
    autoscaler_silent::RULE,
    purchase_refused::RULE,
    cluster_unread::RULE,
];
