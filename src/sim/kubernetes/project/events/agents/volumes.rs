//! What is said of volumes that a pod waits for: a share that cannot be mounted, a disk that
//! another node has.

use super::super::super::super::super::world::{Api, Behaviour, Moment, Pod, Version};
use super::super::super::object::View;
use super::super::Said;
use super::Teller;

/// Story seconds until the node agent gives a volume up for this time.
const PATIENCE: i64 = 123;
/// Story seconds between two tries of a mount, once they are as far apart as they get.
const RETRY: i64 = 122;

/// A disk that another node has.
pub(super) struct Held {
    /// Kubernetes' name of the disk.
    disk: String,
    /// The pod that has it.
    by: String,
}

/// The disk that a pod waits for in vain.
pub(super) fn missing(view: View<'_>, api: &Api, version: &Version, pod: &Pod) -> Option<Held> {
    let claim = version.needs.claim.as_ref()?;
    let by = view.cluster.holds_disk_of(api, pod)?.name.clone();
    Some(Held { disk: format!("pvc-{}", view.uid("PersistentVolumeClaim", &api.namespace, claim)), by })
}

pub(super) fn tell(teller: &mut Teller, version: &Version, scheduled: Moment) {
    let age = teller.now - scheduled;
    if let Some(Held { disk, by }) = &teller.volume {
        let message = format!("Multi-Attach error for volume \"{disk}\" Volume is already used by pod(s) {by}");
        let (about, at) = (teller.about.clone(), scheduled);
        let component = "attachdetach-controller";
        let said =
            Said { about, warning: true, reason: "FailedAttachVolume", message, component, host: None, first: at, last: at, count: 1 };
        teller.said.push(said);
    } else if let (Behaviour::MountFails, Some(share)) = (version.behaviour, &version.needs.share) {
        // The pauses double from half a second, so the first eight tries take a minute.
        let tries = if age < 64 { age / 8 } else { 8 + (age - 64) / RETRY };
        let last = if age < 64 { teller.now } else { scheduled + 64 + (age - 64) / RETRY * RETRY };
        let uid = teller.uid.clone();
        let message = format!(
            "MountVolume.SetUp failed for volume \"model\" : mount failed: exit status 32\nMounting command: mount\nMounting arguments: -t \
             nfs {share} /var/lib/kubelet/pods/{uid}/volumes/kubernetes.io~nfs/model\nOutput: mount.nfs: Connection timed out\n"
        );
        teller.repeated((scheduled + 1, last), tries, (true, "FailedMount"), message);
    }
    if age > PATIENCE {
        let times = age / PATIENCE;
        let message = "Unable to attach or mount volumes: unmounted volumes=[model], unattached volumes=[], failed to process \
                       volumes=[]: timed out waiting for the condition";
        teller.repeated((scheduled + PATIENCE, scheduled + times * PATIENCE), times, (true, "FailedMount"), message.to_owned());
    }
}
