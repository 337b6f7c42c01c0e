//! AWS beneath a platform: autoscaling groups with their activities, vCPU quotas with their usage.

pub mod account;
