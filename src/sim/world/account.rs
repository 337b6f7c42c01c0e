//! The AWS account: quotas, increase requests, and the faults between a client and the services.

use std::collections::BTreeSet;

use super::clock::Moment;
use super::permissions::KubernetesFaults;

/// One account in one region.
#[derive(Clone, Debug)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// The region all clusters are in.
    pub region: String,
    /// Who the simulated credentials belong to.
    pub caller_arn: String,
    /// vCPU quotas of EC2.
    pub quotas: Vec<Quota>,
}

impl Account {
    /// The quota that a class (such as `G/OnDemand`) counts against.
    pub fn quota(&self, class: &str) -> Option<&Quota> {
        self.quotas.iter().find(|quota| quota.class == class)
    }
}

/// One vCPU quota. How much is used is [`super::World::vcpus_in_use`].
#[derive(Clone, Debug)]
pub struct Quota {
    /// Such as `L-DB2E81BA`.
    pub code: &'static str,
    /// The name Service Quotas shows.
    pub name: &'static str,
    /// `Class` dimension of its usage metric, such as `G/OnDemand`.
    pub class: &'static str,
    /// The limit in vCPUs that holds for the account.
    pub limit: u32,
    /// The limit AWS gives everybody.
    pub default: u32,
    /// Whether the account has an applied value (`GetServiceQuota` answers), or only the default.
    pub applied: bool,
    /// vCPUs that others in the account run.
    pub used_elsewhere: u32,
    /// Increase requests, newest first.
    pub requests: Vec<QuotaRequest>,
}

/// Somebody asked for a higher limit.
#[derive(Clone, Debug)]
pub struct QuotaRequest {
    /// The value asked for.
    pub desired: u32,
    /// Such as `PENDING` or `CASE_OPENED`.
    pub status: String,
    /// When it was asked.
    pub created_at: Moment,
    /// The support case, if there is one.
    pub case: Option<String>,
}

/// What stands between clients and the world.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// How the operators misbehave (all of them, unless the cluster says otherwise).
    pub operator: OperatorFault,
    /// How the AWS services misbehave.
    pub aws: AwsFaults,
    /// How the Kubernetes API servers misbehave.
    pub kubernetes: KubernetesFaults,
}

/// How an operator misbehaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OperatorFault {
    /// It works.
    #[default]
    None,
    /// Nothing listens.
    Down,
    /// It accepts and never answers.
    Hang,
    /// A proxy in front answers a page of HTML.
    Html,
    /// It answers bytes that are not what it says they are.
    Garbage,
}

/// How the AWS services misbehave.
#[derive(Clone, Debug, Default)]
pub struct AwsFaults {
    /// Actions the caller may not do, such as `servicequotas:GetServiceQuota`.
    pub denied: BTreeSet<String>,
    /// Every call is answered with throttling.
    pub throttled: bool,
    /// The session of the caller has expired.
    pub credentials_expired: bool,
    /// Accepts and never answers.
    pub hang: bool,
    /// A proxy in front answers a page of HTML.
    pub html: bool,
}

/// The EC2 vCPU quotas: code, name, class, AWS default. Source: "Amazon EC2 instance type quotas".
pub(crate) const QUOTAS: &[(&str, &str, &str, u32)] = &[
    ("L-1216C47A", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", "Standard/OnDemand", 5),
    ("L-DB2E81BA", "Running On-Demand G and VT instances", "G/OnDemand", 0),
    ("L-417A185B", "Running On-Demand P instances", "P/OnDemand", 0),
    ("L-1945791B", "Running On-Demand Inf instances", "Inf/OnDemand", 0),
    ("L-2C3B7624", "Running On-Demand Trn instances", "Trn/OnDemand", 0),
    ("L-6E869C2A", "Running On-Demand DL instances", "DL/OnDemand", 0),
    ("L-74FC7D96", "Running On-Demand F instances", "F/OnDemand", 0),
    ("L-7295265B", "Running On-Demand X instances", "X/OnDemand", 0),
    ("L-34B43A08", "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests", "Standard/Spot", 5),
    ("L-3819A6DF", "All G and VT Spot Instance Requests", "G/Spot", 0),
    ("L-7212CCBC", "All P4, P3 and P2 Spot Instance Requests", "P/Spot", 0),
    ("L-B5D1601B", "All Inf Spot Instance Requests", "Inf/Spot", 0),
    ("L-6B0D517C", "All Trn Spot Instance Requests", "Trn/Spot", 0),
    ("L-88CF9481", "All F Spot Instance Requests", "F/Spot", 0),
    ("L-E3A00192", "All X Spot Instance Requests", "X/Spot", 0),
];
