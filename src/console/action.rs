//! Everything a key can do, by name. The configuration rebinds names; help shows descriptions.
//! Nothing here changes anything remote, and no action may be added that does.

use std::fmt;

macro_rules! actions {
    ($($variant:ident $name:literal $description:literal;)*) => {
        /// What a key asks of the console.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $(#[doc = $description] $variant,)*
        }

        impl Action {
            /// All actions, in the order of the help.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name in the configuration.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// What it does, for the help and the hint line.
            pub fn description(self) -> &'static str {
                match self { $(Self::$variant => $description),* }
            }

            /// The action of this name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|action| action.name() == name)
            }
        }
    };
}

actions! {
    MoveDown "move-down" "next row";
    MoveUp "move-up" "previous row";
    MoveFirst "move-first" "first row";
    MoveLast "move-last" "last row";
    HalfPageDown "half-page-down" "half a page down";
    HalfPageUp "half-page-up" "half a page up";
    PageDown "page-down" "a page down";
    PageUp "page-up" "a page up";
    PanLeft "pan-left" "show what is to the left";
    PanRight "pan-right" "show what is to the right";
    Open "open" "open the selected row";
    Back "back" "back";
    BackOrQuit "back-or-quit" "back, at the top quit";
    Quit "quit" "quit";
    Explain "explain" "why is it held up";
    Logs "logs" "logs";
    PreviousLogs "previous-logs" "logs of the previous container";
    Replicas "replicas" "replicas";
    Jobs "jobs" "jobs";
    Timeline "timeline" "timeline";
    Details "details" "details";
    Fit "fit" "would the next update fit";
    MoreReplicas "fit-more-replicas" "plan with one replica more";
    FewerReplicas "fit-fewer-replicas" "plan with one replica fewer";
    NextSurge "fit-next-surge" "plan with surge 0, 1, 25 %, as it is";
    FewerGpus "fit-fewer-gpus" "plan with one GPU a replica fewer";
    MoreGpus "fit-more-gpus" "plan with one GPU a replica more";
    AsItIs "fit-as-it-is" "plan with what is deployed";
    NextSort "next-sort-of-moments" "only warnings, events, scaling, rollouts";
    NextContainer "next-container" "the log of the next container";
    Raw "raw" "the record as received";
    NextProblem "next-problem" "next problem";
    PreviousProblem "previous-problem" "previous problem";
    Filter "filter" "filter rows (! not, col:text, re:pattern)";
    NextMatch "next-match" "next match";
    PreviousMatch "previous-match" "previous match";
    OnlyProblems "only-problems" "only problems";
    Sort "sort" "sort by the next column";
    SortReverse "sort-reverse" "reverse the order";
    CopyCell "copy-name" "copy the name";
    CopyCommand "copy-command" "copy the command that shows the same";
    CopyReport "copy-report" "copy the explanation as a report (Markdown)";
    CopyRemedy "copy-remedy" "copy the command of a remedy";
    Remedy1 "copy-remedy-1" "copy remedy 1";
    Remedy2 "copy-remedy-2" "copy remedy 2";
    Remedy3 "copy-remedy-3" "copy remedy 3";
    Remedy4 "copy-remedy-4" "copy remedy 4";
    Remedy5 "copy-remedy-5" "copy remedy 5";
    Remedy6 "copy-remedy-6" "copy remedy 6";
    Remedy7 "copy-remedy-7" "copy remedy 7";
    Remedy8 "copy-remedy-8" "copy remedy 8";
    Remedy9 "copy-remedy-9" "copy remedy 9";
    Expand "expand" "show or hide further evidence";
    ExpandAll "expand-all" "show or hide all evidence";
    NextPanel "next-panel" "next panel or tab";
    PreviousPanel "previous-panel" "previous panel or tab";
    Tab1 "tab-1" "first tab";
    Tab2 "tab-2" "second tab";
    Tab3 "tab-3" "third tab";
    Tab4 "tab-4" "fourth tab";
    Tab5 "tab-5" "fifth tab";
    Tab6 "tab-6" "sixth tab";
    Tab7 "tab-7" "seventh tab";
    Tab8 "tab-8" "eighth tab";
    HistoryBack "history-back" "the view before";
    HistoryForward "history-forward" "the view after";
    LastView "last-view" "to and fro between two views";
    Pause "pause" "hold the screen still";
    Palette "palette" "go to a view, an object or a context, or do anything, by name";
    Help "help" "help";
    Refetch "refetch" "ask all sources now";
    Repaint "repaint" "paint the screen again";
    Suspend "suspend" "suspend";
    LogFollow "log-follow" "follow new lines";
    LogWrap "log-wrap" "wrap long lines";
    LogTimestamps "log-timestamps" "show times";
    LogSearch "log-search" "search";
    LogFilter "log-filter" "only lines that match (! not)";
    LogSave "log-save" "save to a file";
    LogSince0 "log-since-all" "all lines held";
    LogSince1 "log-since-1m" "last minute";
    LogSince2 "log-since-5m" "last 5 minutes";
    LogSince3 "log-since-15m" "last 15 minutes";
    LogSince4 "log-since-30m" "last 30 minutes";
    LogSince5 "log-since-1h" "last hour";
    LogSince6 "log-since-6h" "last 6 hours";
}

impl Action {
    /// Whether it moves the selection and changes nothing that rows are made of.
    pub fn only_moves(self) -> bool {
        matches!(
            self,
            Self::MoveDown
                | Self::MoveUp
                | Self::MoveFirst
                | Self::MoveLast
                | Self::HalfPageDown
                | Self::HalfPageUp
                | Self::PageDown
                | Self::PageUp
                | Self::PanLeft
                | Self::PanRight
                | Self::NextProblem
                | Self::PreviousProblem
                | Self::NextMatch
                | Self::PreviousMatch
        )
    }

    /// The remedy number this action copies.
    pub fn remedy(self) -> Option<usize> {
        let all = [
            Self::Remedy1,
            Self::Remedy2,
            Self::Remedy3,
            Self::Remedy4,
            Self::Remedy5,
            Self::Remedy6,
            Self::Remedy7,
            Self::Remedy8,
            Self::Remedy9,
        ];
        all.iter().position(|action| *action == self).map(|index| index + 1)
    }

    /// The tab this action opens, from 0.
    pub fn tab(self) -> Option<usize> {
        let all = [Self::Tab1, Self::Tab2, Self::Tab3, Self::Tab4, Self::Tab5, Self::Tab6, Self::Tab7, Self::Tab8];
        all.iter().position(|action| *action == self)
    }

    /// The span of time this action limits the log to, in minutes; `Some(None)` is all.
    pub fn since_minutes(self) -> Option<Option<i64>> {
        match self {
            Self::LogSince0 => Some(None),
            Self::LogSince1 => Some(Some(1)),
            Self::LogSince2 => Some(Some(5)),
            Self::LogSince3 => Some(Some(15)),
            Self::LogSince4 => Some(Some(30)),
            Self::LogSince5 => Some(Some(60)),
            Self::LogSince6 => Some(Some(360)),
            _ => None,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
