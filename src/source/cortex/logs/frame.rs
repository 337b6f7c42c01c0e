//! The three things a first frame can be.

/// What a first frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// The operator waits for a replica to start; lines come later.
    Waiting,
    /// There is no replica to read from; the operator closes.
    NoReplicas,
    /// A line of the log.
    Line,
}

/// Tells a first frame apart. The operator has no other mark for its own words than the words:
/// `waiting for pod to initialize` (replica or worker in old versions), and a sentence that begins
/// `there are currently no pods` (replicas, workers).
pub fn classify(frame: &str) -> First {
    let text = frame.trim_end();
    let waits = text.strip_prefix("waiting for ").is_some_and(|rest| {
        ["pod", "replica", "worker", "workers"]
            .iter()
            .any(|what| rest.strip_prefix(what).is_some_and(|rest| rest.trim_end_matches(['.', ' ']) == " to initialize"))
    });
    if waits {
        First::Waiting
    } else if ["pods", "replicas", "workers"].iter().any(|what| text.starts_with(&format!("there are currently no {what} running"))) {
        First::NoReplicas
    } else {
        First::Line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operators_words_are_told_from_log_lines() {
        let cases = [
            ("waiting for pod to initialize ...\n", First::Waiting),
            ("waiting for replica to initialize ...", First::Waiting),
            ("waiting for worker to initialize ...\n", First::Waiting),
            ("there are currently no pods running for this workload; ...\n", First::NoReplicas),
            ("there are currently no replicas running for this API", First::NoReplicas),
            ("waiting for database to initialize ...\n", First::Line),
            ("there are currently no users\n", First::Line),
            ("", First::Line),
        ];
        for (frame, expected) in cases {
            assert_eq!(classify(frame), expected, "{frame}");
        }
    }
}
