//! Scaling activities: the history of an auto scaling group, in AWS's own words.

use super::clock::Moment;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// A UUID.
    pub id: String,
    /// `Launching a new EC2 instance…` or `Terminating EC2 instance…`.
    pub description: String,
    /// Why the group did it, without the leading `At <stamp>Z ` of each sentence: the server puts
    /// the stamp of the sentence there.
    pub cause: Vec<Sentence>,
    /// How it stands.
    pub status: ActivityStatus,
    /// Why it failed.
    pub message: Option<String>,
    /// Percent.
    pub progress: u32,
    /// When it began.
    pub started_at: Moment,
    /// When it ended.
    pub ended_at: Option<Moment>,
    /// Zone.
    pub zone: String,
    /// Subnet.
    pub subnet: String,
    /// The instance concerned, once there is one.
    pub instance: Option<String>,
}

/// One sentence of a cause; the wire form is `At <stamp>Z <text>`, joined by two blanks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// When.
    pub at: Moment,
    /// What, ending in a full stop.
    pub text: String,
}

/// The status codes that occur here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActivityStatus {
    /// Launched, not yet in service.
    PreInService,
    /// Under way.
    InProgress,
    /// Done.
    Successful,
    /// Refused.
    Failed,
}

impl ActivityStatus {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::PreInService => "PreInService",
            Self::InProgress => "InProgress",
            Self::Successful => "Successful",
            Self::Failed => "Failed",
        }
    }
}

/// Why AWS refuses to launch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The on-demand vCPU quota has no room.
    VcpuQuota {
        /// The limit, which the text names.
        limit: u32,
    },
    /// The spot vCPU quota has no room.
    SpotQuota,
    /// No spot machines.
    SpotCapacity,
    /// No on-demand machines in the zone.
    ZoneCapacity {
        /// The type asked for.
        instance_type: String,
        /// The zone asked for.
        zone: String,
        /// Zones that AWS suggests instead.
        others: Vec<String>,
    },
}

impl Refusal {
    /// The status message, as AWS words it.
    pub fn message(&self) -> String {
        const END: &str = "Launching EC2 instance failed.";
        match self {
            Self::VcpuQuota { limit } => format!(
                "Could not launch On-Demand Instances. VcpuLimitExceeded - You have requested more vCPU capacity than your \
                 current vCPU limit of {limit} allows for the instance bucket that the specified instance type belongs to. \
                 Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit. {END}"
            ),
            Self::SpotQuota => {
                format!("Could not launch Spot Instances. MaxSpotInstanceCountExceeded - Max spot instance count exceeded. {END}")
            }
            Self::SpotCapacity => format!(
                "Could not launch Spot Instances. UnfulfillableCapacity - Unable to fulfill capacity due to your request \
                 configuration. Please adjust your request and try again. {END}"
            ),
            Self::ZoneCapacity { instance_type, zone, others } => {
                let choosing = match others.as_slice() {
                    [] => String::new(),
                    zones => format!(" or choosing {}", zones.join(", ")),
                };
                format!(
                    "We currently do not have sufficient {instance_type} capacity in the Availability Zone you requested \
                     ({zone}). Our system will be working on provisioning additional capacity. You can currently get \
                     {instance_type} capacity by not specifying an Availability Zone in your request{choosing}. {END}"
                )
            }
        }
    }
}
