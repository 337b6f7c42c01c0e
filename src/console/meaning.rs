//! What a piece of text on the screen means. Views speak of meanings only; the theme alone knows
//! colours, and every meaning must still be readable without any.

use std::fmt;

macro_rules! meanings {
    ($($(#[doc = $doc:literal])* $variant:ident $name:literal;)*) => {
        /// The meaning of a span; the keys of a theme file.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Meaning {
            $($(#[doc = $doc])* $variant,)*
        }

        impl Meaning {
            /// All meanings, in the order of the theme files.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The key in a theme file.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

meanings! {
    /// Ordinary text.
    Plain "plain";
    /// Text that matters less: units, ids, explanations of keys.
    Muted "muted";
    /// Column titles and headings.
    Heading "heading";
    /// The object a screen is about.
    Subject "subject";
    /// The selected row.
    Selected "selected";
    /// A rollout that does not finish, and why.
    Held "held";
    /// Something on its way that needs no help.
    Progressing "progressing";
    /// As it should be.
    Live "live";
    /// Serving, but not as much as asked for; close to a limit.
    Warning "warning";
    /// Ended badly by itself.
    Failed "failed";
    /// Off on purpose.
    Idle "idle";
    /// What could not be told.
    Unknown "unknown";
    /// Data older than it should be.
    Stale "stale";
    /// The status line at the top.
    Status "status";
    /// A tab that is not open.
    Tab "tab";
    /// The tab that is open.
    TabOpen "tab-open";
    /// Lines that separate and join.
    Rule "rule";
    /// A key one may press.
    Key "key";
    /// A command to copy.
    Command "command";
    /// What a service said, word for word.
    Quoted "quoted";
    /// A remedy that only looks.
    RiskInspect "risk-inspect";
    /// A remedy that nobody will notice.
    RiskLow "risk-low";
    /// A remedy that changes the system.
    RiskMutating "risk-mutating";
    /// A remedy that may interrupt service.
    RiskDestructive "risk-destructive";
    /// The used part of a gauge.
    Used "used";
    /// The free part of a gauge.
    Free "free";
    /// A place where a search matched.
    Match "match";
    /// The banner of a paused screen.
    Paused "paused";
    /// The line one types into.
    Prompt "prompt";
    /// What the console has to say about the last key.
    Message "message";
}

impl fmt::Display for Meaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
