//! How long things usually take, by platform and stage: one table, so that "normal", "slow" and
//! "stuck" mean the same everywhere. Figures, not judgements: the rules say what follows.

use super::engine::Verdict;
use super::finding::Progress;
use crate::domain::text::Text;
use crate::domain::time::Duration;
use crate::domain::workload::Workload;

/// A stage of a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// A scheduler looks for a machine that has room.
    Placing,
    /// An autoscaler notices that nothing has room.
    Asking,
    /// From the wish for a machine to one that takes replicas.
    Machine,
    /// A new machine makes its accelerators known.
    Device,
    /// An old replica gives its machine up.
    Leaving,
    /// Volumes and the network of a replica.
    Mounting,
    /// The image comes.
    Image,
    /// The program starts, loads its model and answers its probe.
    Start,
    /// An environment or an image is built.
    Build,
    /// A provider of a network takes an order.
    Offer,
    /// An endpoint, a service or a deployment as a whole.
    Rollout,
}

/// How long a stage takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Typical {
    /// The quick end of what is normal.
    pub least: Duration,
    /// The slow end: beyond it the stage is slow.
    pub most: Duration,
    /// Beyond this it is not slow but stuck, and needs a reason.
    pub stuck: Duration,
}

/// One line of the table. Times in seconds.
struct Row {
    platform: &'static str,
    stage: Stage,
    least: u64,
    most: u64,
    stuck: u64,
}

const fn row(platform: &'static str, stage: Stage, (least, most, stuck): (u64, u64, u64)) -> Row {
    Row { platform, stage, least, most, stuck }
}

const MIN: u64 = 60;

/// The platform whose figures stand in where another has none of its own.
const USUAL: &str = "kubernetes";

/// The table. Above each line, what its figures rest on.
const TABLE: &[Row] = &[
    // the scheduler tries within seconds; a reading follows.
    row(USUAL, Stage::Placing, (0, MIN, 3 * MIN)),
    // the cluster autoscaler scans every 10 s.
    row(USUAL, Stage::Asking, (10, MIN, 4 * MIN)),
    // max-node-provision-time of the cluster autoscaler: 15 min.
    row(USUAL, Stage::Machine, (2 * MIN, 5 * MIN, 15 * MIN)),
    // driver, toolkit and device plugin start one after the other.
    row(USUAL, Stage::Device, (30, 5 * MIN, 10 * MIN)),
    // terminationGracePeriodSeconds: 30 s unless configured.
    row(USUAL, Stage::Leaving, (30, 2 * MIN, 3 * MIN)),
    // the kubelet gives a mount up after 2 min and tries again.
    row(USUAL, Stage::Mounting, (5, 2 * MIN, 2 * MIN)),
    // some gigabytes; the runtime gives up after minutes without a byte.
    row(USUAL, Stage::Image, (30, 5 * MIN, 15 * MIN)),
    // progressDeadlineSeconds: 600.
    row(USUAL, Stage::Start, (MIN, 10 * MIN, 20 * MIN)),
    // progressDeadlineSeconds: 600.
    row(USUAL, Stage::Rollout, (MIN, 10 * MIN, 20 * MIN)),
    // Karpenter gives a launch 5 min and a registration 15.
    row("karpenter", Stage::Machine, (MIN, 3 * MIN, 8 * MIN)),
    // EKS calls a machine failed that has not joined after 15 min.
    row("aws", Stage::Machine, (2 * MIN, 5 * MIN, 15 * MIN)),
    // the operator's counts are read every few seconds, its nodes less often.
    row("cortex", Stage::Placing, (0, MIN, 5 * MIN)),
    // Cortex lets the autoscaler scan every 20 s.
    row("cortex", Stage::Asking, (20, MIN, 4 * MIN)),
    // max-node-provision-time 8 min, 15 until EKS gives up.
    row("cortex", Stage::Machine, (2 * MIN, 5 * MIN, 15 * MIN)),
    // Cortex sets no deadline: Kubernetes' 600 s.
    row("cortex", Stage::Start, (MIN, 10 * MIN, 20 * MIN)),
    // as above, and a machine before it where none has room.
    row("cortex", Stage::Rollout, (2 * MIN, 10 * MIN, 20 * MIN)),
    // an environment with many packages is built once.
    row("azure", Stage::Build, (5 * MIN, 20 * MIN, 60 * MIN)),
    // scale-outs of 10 to 20 min; silence of an hour has ended in errors.
    row("azure", Stage::Rollout, (6 * MIN, 20 * MIN, 60 * MIN)),
    // Serve starts replicas in seconds, weights need minutes.
    row("anyscale", Stage::Start, (30, 5 * MIN, 15 * MIN)),
    // first service of a cloud 10 min; moving traffic 2 (AWS) to 8 min.
    row("anyscale", Stage::Rollout, (2 * MIN, 10 * MIN, 25 * MIN)),
    // deploy_timeout_in_seconds covers the start.
    row("modelarts", Stage::Start, (MIN, 5 * MIN, 20 * MIN)),
    // deploy_timeout_in_seconds: 20 min unless configured.
    row("modelarts", Stage::Rollout, (3 * MIN, 20 * MIN, 35 * MIN)),
    // networks of this kind close bids after 5 min.
    row("gateway", Stage::Offer, (30, 5 * MIN, 5 * MIN)),
    // a lease without a running workload lapses in minutes.
    row("gateway", Stage::Start, (MIN, 10 * MIN, 10 * MIN)),
    // an offer and a start.
    row("gateway", Stage::Rollout, (MIN, 5 * MIN, 20 * MIN)),
];

/// How long a stage takes on a platform.
pub fn of(platform: &str, stage: Stage) -> Typical {
    let find = |platform: &str| TABLE.iter().find(|row| row.platform == platform && row.stage == stage);
    find(platform).or_else(|| find(USUAL)).map_or(ROLLOUT, Row::typical)
}

/// What stands in for a stage that the table does not have.
const ROLLOUT: Typical = Typical { least: Duration::from_mins(1), most: Duration::from_mins(10), stuck: Duration::from_mins(20) };

/// However slow a platform usually is, this much more than usual is too much.
const TOO_LATE: Duration = Duration::from_mins(15);

/// A rollout as a whole: where the service itself is given a time, that one counts.
pub fn rollout(workload: &Workload) -> Typical {
    let typical = of(&workload.platform, Stage::Rollout);
    let most = workload.usual_rollout;
    Typical { least: typical.least.min(most), most, stuck: typical.stuck.max(most) }
}

/// The start of replicas in so many waves, each within the time that a rollout is given.
pub fn start(workload: &Workload, waves: u32) -> Typical {
    let most = workload.usual_rollout * waves.max(1);
    let least = of(&workload.platform, Stage::Start).least.min(most);
    Typical { least, most, stuck: (most * 2).min(most + TOO_LATE) }
}

impl Row {
    fn typical(&self) -> Typical {
        let [least, most, stuck] = [self.least, self.most, self.stuck].map(Duration::from_secs);
        Typical { least, most, stuck }
    }
}

impl Typical {
    /// Movement through a stage for so long.
    pub fn progress(self, stage: impl Into<Text>, elapsed: Duration) -> Progress {
        Progress { stage: stage.into(), elapsed, least: self.least, usual: self.most }
    }

    /// The same as a rule's answer.
    pub fn moving(self, stage: impl Into<Text>, elapsed: Duration) -> Verdict {
        Verdict::Moving(self.progress(stage, elapsed))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_line_is_ordered_and_named_once() {
        let mut seen = BTreeSet::new();
        for row in TABLE {
            let typical = row.typical();
            assert!(typical.least < typical.most && typical.most <= typical.stuck, "{} {:?}", row.platform, row.stage);
            assert!(seen.insert((row.platform, row.stage)), "{} {:?} twice", row.platform, row.stage);
        }
        for platform in ["cortex", "kubernetes", "azure", "anyscale", "modelarts", "gateway"] {
            assert!(seen.contains(&(platform, Stage::Rollout)), "{platform}");
        }
    }
}
