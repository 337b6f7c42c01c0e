//! Where a text is from, where nobody said so: words that only one platform's own parts write.
//!
//! It unlocks the names that this platform alone has for a text, and keeps other platforms' names from
//! making it doubtful. It never keeps a cause out, and what was told always goes first.

use aho_corasick::AhoCorasick;

/// Words of one platform's own parts.
const SIGNS: &[(&str, &[&str])] = &[
    (
        "azure",
        &[
            "azmlinfsrv",
            "azureml-app",
            "azureml-envs",
            "aka.ms/oe-tsg",
            "inferencingclient",
            "microsoft.machinelearningservices",
            "azureml://",
            "ms-azureml-",
            "in invoke_init",
            "in invoke_run",
            ".inference.ml.azure.com",
        ],
    ),
    ("anyscale", &["servereplica:", "ray::", "(servecontroller", "ray.exceptions.", "ray.serve", "(raylet", "anyscale"]),
    ("modelarts", &["modelarts", "/home/mind/", "model_service.", "error_code\":\"apig."]),
];

/// Beginnings of sentences that only the parts of Kubernetes write.
const KUBERNETES: &[&str] = &[
    "nodes are available:",
    "failed to pull image \"",
    "back-off pulling image",
    "back-off restarting failed container",
    "ness probe failed: ",
    "startup probe failed: ",
    "failed to create pod sandbox",
    "mountvolume.",
    "attachvolume.",
    "unable to attach or mount volumes",
];

/// The platform whose texts are mostly other systems' texts passed on: that it has a name for one says
/// nothing about where the text is from.
pub(super) const QUOTES_OTHERS: &str = "gateway";

/// The words, to search for.
#[derive(Debug)]
pub(super) struct Homes {
    words: Option<AhoCorasick>,
    /// The platform of each word.
    platforms: Vec<&'static str>,
}

impl Homes {
    /// Makes the words ready.
    pub(super) fn new() -> Self {
        let signs = SIGNS.iter().flat_map(|(platform, words)| words.iter().map(|word| (*platform, *word)));
        let all: Vec<(&str, &str)> = signs.chain(KUBERNETES.iter().map(|word| ("kubernetes", *word))).collect();
        let words = AhoCorasick::builder().ascii_case_insensitive(true).build(all.iter().map(|(_, word)| *word)).ok();
        Self { words, platforms: all.into_iter().map(|(platform, _)| platform).collect() }
    }

    /// The platform that a text names itself, if it does. One that runs on Kubernetes goes before it.
    pub(super) fn of(&self, text: &[u8]) -> Option<&'static str> {
        let words = self.words.as_ref()?;
        let found: Vec<&str> = words.find_iter(text).filter_map(|found| self.platforms.get(found.pattern().as_usize()).copied()).collect();
        found.iter().find(|platform| **platform != "kubernetes").or_else(|| found.first()).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platforms_own_words_tell_it() {
        let of = |text: &str| Homes::new().of(text.as_bytes());
        assert_eq!(of("2026-01-01 E [70] azmlinfsrv - User's init function failed"), Some("azure"));
        assert_eq!(of("Readiness probe failed: (ServeReplica:chat:LLM pid=9) x"), Some("anyscale"));
        assert_eq!(of("0/3 nodes are available: 3 Insufficient cpu."), Some("kubernetes"));
        assert_eq!(of("CUDA out of memory."), None);
    }
}
