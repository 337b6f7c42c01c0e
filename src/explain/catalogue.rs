//! The cause catalogue: every reason known to hold a rollout up, as data.
//!
//! The data lives in `causes/<platform>.toml` (or in a folder of that name), compiled into the
//! program. This module reads it once, finds entries and fills in remedies; it recognises nothing (that is
//! [`super::signature`]) and decides nothing (that is what rules do). An entry that does not
//! parse is left out at run time; a unit test keeps that from ever being shipped.

mod entry;
mod fill;

use std::collections::BTreeMap;
use std::sync::OnceLock;

pub use entry::{Cause, CauseRemedy, Layer, Placed, Sample, Seconds, Signature};

use super::finding::CauseId;

/// The files, one or more a platform, those of one together. Their order and the order inside
/// them break ties between signatures, so the more exact causes stand first.
const FILES: &[(&str, &str)] = &[
    ("aws", include_str!("causes/aws.toml")),
    ("azure", include_str!("causes/azure.toml")),
    ("cortex", include_str!("causes/cortex.toml")),
    ("gateway", include_str!("causes/gateway.toml")),
    // Kubernetes has a folder: its causes stand by the part of the system that tells them.
    ("kubernetes", include_str!("causes/kubernetes/autoscaling.toml")),
    ("kubernetes", include_str!("causes/kubernetes/scheduling.toml")),
    ("kubernetes", include_str!("causes/kubernetes/karpenter.toml")),
    ("kubernetes", include_str!("causes/kubernetes/images.toml")),
    ("kubernetes", include_str!("causes/kubernetes/volumes.toml")),
    ("kubernetes", include_str!("causes/kubernetes/network.toml")),
    ("kubernetes", include_str!("causes/kubernetes/gpu.toml")),
    ("kubernetes", include_str!("causes/kubernetes/application.toml")),
    ("kubernetes", include_str!("causes/kubernetes/program.toml")),
    ("kubernetes", include_str!("causes/kubernetes/containers.toml")),
    ("kubernetes", include_str!("causes/kubernetes/probes.toml")),
    ("kubernetes", include_str!("causes/kubernetes/nodes.toml")),
    ("kubernetes", include_str!("causes/kubernetes/admission.toml")),
    ("kubernetes", include_str!("causes/kubernetes/rollouts.toml")),
    ("kubernetes", include_str!("causes/kubernetes/serving.toml")),
    ("anyscale", include_str!("causes/anyscale.toml")),
    ("modelarts", include_str!("causes/modelarts.toml")),
];

/// How alike two ids must be (Jaro-Winkler, 0 to 1) to be offered as "did you mean".
const NEAR: f64 = 0.82;

/// The whole catalogue, read once.
#[derive(Debug, Default)]
pub struct Catalogue {
    causes: Vec<Cause>,
    /// Position by id and by every other name an entry is known under.
    by_name: BTreeMap<String, usize>,
}

impl Catalogue {
    /// The catalogue that is compiled in.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Catalogue> = OnceLock::new();
        SHARED.get_or_init(|| Self::from_files(FILES).0)
    }

    /// Reads catalogue files given as `(platform, TOML)`. What does not parse is left out and
    /// told in the second part.
    pub fn from_files(files: &[(&str, &str)]) -> (Self, Vec<String>) {
        let mut catalogue = Self::default();
        let mut faults = Vec::new();
        for (platform, text) in files {
            match entry::read(platform, text) {
                Ok((causes, wrong)) => {
                    for cause in causes {
                        catalogue.push(cause, &mut faults);
                    }
                    faults.extend(wrong);
                }
                Err(fault) => faults.push(format!("{platform}: {fault}")),
            }
        }
        (catalogue, faults)
    }

    fn push(&mut self, cause: Cause, faults: &mut Vec<String>) {
        let position = self.causes.len();
        let names = std::iter::once(cause.id.as_str()).chain(cause.also_known_as.iter().map(CauseId::as_str));
        for name in names {
            if self.by_name.insert(name.to_owned(), position).is_some() {
                faults.push(format!("{name}: named twice"));
            }
        }
        self.causes.push(cause);
    }

    /// Every cause, in catalogue order.
    pub fn all(&self) -> &[Cause] {
        &self.causes
    }

    /// The cause of that id, or the one that is also known under it.
    pub fn find(&self, id: &CauseId) -> Option<&Cause> {
        self.by_name.get(id.as_str()).and_then(|at| self.causes.get(*at))
    }

    /// The position of a cause in [`Catalogue::all`].
    pub fn position(&self, id: &CauseId) -> Option<usize> {
        self.by_name.get(id.as_str()).copied()
    }

    /// Causes whose id resembles `id`, the most alike first, at most five.
    pub fn near(&self, id: &str) -> Vec<&Cause> {
        let wanted = id.trim().to_lowercase();
        let slug = wanted.rsplit('/').next().unwrap_or(&wanted);
        let mut scored: Vec<(f64, &Cause)> =
            self.causes.iter().map(|cause| (likeness(cause, &wanted, slug), cause)).filter(|(score, _)| *score >= NEAR).collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.id.cmp(&b.1.id)));
        scored.into_iter().take(5).map(|(_, cause)| cause).collect()
    }
}

/// How much any of a cause's names is like the wanted one, whole or without the platform.
fn likeness(cause: &Cause, wanted: &str, slug: &str) -> f64 {
    let names = std::iter::once(&cause.id).chain(&cause.also_known_as);
    names
        .map(|name| {
            let own = name.as_str().rsplit('/').next().unwrap_or(name.as_str());
            let contained = slug.len() >= 4 && own.contains(slug);
            let by_slug = if contained { 0.95 } else { strsim::jaro_winkler(own, slug) };
            by_slug.max(strsim::jaro_winkler(name.as_str(), wanted) - 0.05)
        })
        .fold(0.0, f64::max)
}

/// Every cause, in catalogue order.
pub fn all() -> &'static [Cause] {
    Catalogue::shared().all()
}

/// The cause of that id, or the one that is also known under it.
pub fn find(id: &CauseId) -> Option<&'static Cause> {
    Catalogue::shared().find(id)
}

/// Causes whose id resembles `id`, the most alike first.
pub fn near(id: &str) -> Vec<&'static Cause> {
    Catalogue::shared().near(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiled_in_catalogue_reads_without_a_fault() {
        let (catalogue, faults) = Catalogue::from_files(FILES);
        assert_eq!(faults, Vec::<String>::new());
        assert!(catalogue.all().len() >= 2);
    }

    #[test]
    fn preferences_name_causes_that_exist() {
        for cause in all() {
            for other in &cause.prefer_over {
                assert!(find(other).is_some_and(|found| found.id == *other), "{} prefers over {other}", cause.id);
            }
        }
    }

    #[test]
    fn a_broken_entry_is_left_out_and_told() {
        let text = "[[cause]]\nid = \"aws/fine\"\ntitle = \"t\"\nlayer = \"quota\"\nexplanation = \"e\"\n[[cause]]\nid = \"aws/broken\"\n";
        let (catalogue, faults) = Catalogue::from_files(&[("aws", text), ("other", "not [ toml")]);
        assert_eq!(catalogue.all().len(), 1);
        assert_eq!(faults.len(), 2);
    }

    #[test]
    fn other_names_and_near_misses_are_found() {
        assert!(find(&"cortex/rolling-update-deadlock".into()).is_some());
        let near = near("aws/vcpu-quota-ondemand");
        assert_eq!(near.first().map(|cause| cause.id.as_str()), Some("aws/vcpu-quota-on-demand"));
        assert!(super::near("zzz").is_empty());
    }
}
