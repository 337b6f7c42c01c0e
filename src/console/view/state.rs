//! Glyph and word for how a workload stands: what is held up is told before what its platform says.

use crate::console::meaning::Meaning;
use crate::domain::workload::{Phase, Workload};
use crate::explain::{Explanation, Verdict};

/// How a workload stands, for the eye.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Does not finish, and holdup knows why.
    Held,
    /// Does not finish, and holdup could not read why.
    CannotTell,
    /// The platform says that it failed.
    Failed,
    /// Serving with fewer replicas than asked for.
    Short,
    /// A phase holdup does not know.
    Unrecognized,
    /// On its way.
    Progressing,
    /// Going away.
    Stopping,
    /// As it should be.
    Live,
    /// At zero on purpose, or nothing to do.
    Idle,
}

impl Standing {
    /// How this workload stands.
    pub fn of(workload: &Workload, explanation: Option<&Explanation>) -> Self {
        match explanation.map(|explanation| explanation.verdict) {
            Some(Verdict::Held) => return Self::Held,
            Some(Verdict::CannotTell) => return Self::CannotTell,
            Some(Verdict::Clear) | None => {}
        }
        match workload.status.phase {
            Phase::Live => Self::Live,
            Phase::Short => Self::Short,
            Phase::Updating => Self::Progressing,
            Phase::Failed => Self::Failed,
            Phase::Zero | Phase::Idle => Self::Idle,
            Phase::Stopping => Self::Stopping,
            Phase::Unrecognized => Self::Unrecognized,
        }
    }

    /// The glyph; each differs in shape, not only in colour.
    pub fn glyph(self) -> &'static str {
        match self {
            Self::Held | Self::Failed => "✖",
            Self::CannotTell | Self::Unrecognized => "?",
            Self::Short => "◐",
            Self::Progressing | Self::Stopping => "◌",
            Self::Live => "●",
            Self::Idle => "○",
        }
    }

    /// Its meaning for the theme.
    pub fn meaning(self) -> Meaning {
        match self {
            Self::Held => Meaning::Held,
            Self::CannotTell | Self::Unrecognized => Meaning::Unknown,
            Self::Failed => Meaning::Failed,
            Self::Short => Meaning::Warning,
            Self::Progressing | Self::Stopping => Meaning::Progressing,
            Self::Live => Meaning::Live,
            Self::Idle => Meaning::Idle,
        }
    }

    /// Whether somebody should look at it.
    pub fn is_problem(self) -> bool {
        matches!(self, Self::Held | Self::CannotTell | Self::Failed | Self::Short | Self::Unrecognized)
    }
}
