//! The world model: clusters, node groups, quotas, a scheduler, rollouts, a clock.
