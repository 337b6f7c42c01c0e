//! What the state of the informers means for a view: current, with gaps, or not to be had. Pure.

use super::informer::{Feed, Progress, Scope, State, Watched};
use crate::domain::source::{Failure, FailureKind, Gap};
use crate::domain::text::Text;

/// The kind without which a view says nothing.
fn essence(feed: Feed) -> &'static str {
    match feed {
        Feed::Workloads => "pods",
        Feed::Nodes => "nodes",
        Feed::Events => "events",
    }
}

/// Judges a view.
///
/// # Errors
/// Why nothing of it is current: what the view is about cannot be read at all.
pub fn judge(feed: Feed, progress: &[(Watched, Progress)]) -> Result<Vec<Gap>, Failure> {
    let mut essential = progress.iter().filter(|(watched, one)| watched.plural == essence(feed) && one.narrowed.is_none()).peekable();
    if essential.peek().is_some() {
        let failures: Vec<&Failure> = essential.map_while(|(_, one)| one.trouble()).collect();
        let asked = progress.iter().filter(|(watched, one)| watched.plural == essence(feed) && one.narrowed.is_none()).count();
        if let (Some(first), true) = (failures.first(), failures.len() == asked) {
            let wider = progress.iter().filter(|(watched, _)| watched.plural == essence(feed)).filter_map(|(_, one)| one.narrowed.as_ref());
            let permissions: Vec<Text> = wider.chain(failures.iter().copied()).flat_map(|failure| failure.permissions.clone()).collect();
            return Err(Failure { permissions, ..(*first).clone() });
        }
    }
    // Each gap is told by one view; without pods no other is whole either.
    let is_mine = |watched: &Watched, one: &Progress| one.feeds.first() == Some(&feed) || watched.plural == essence(Feed::Workloads);
    Ok(progress.iter().filter(|(watched, one)| is_mine(watched, one)).flat_map(|(watched, one)| gaps(watched, one)).collect())
}

fn gaps(watched: &Watched, progress: &Progress) -> Vec<Gap> {
    let what = words(watched);
    let mut gaps = Vec::new();
    let mut gap = |what: String, failure: Failure| gaps.push(Gap { what: what.into(), failure });
    if let Some(failure) = progress.trouble() {
        let what = if progress.has_data { format!("{what} (what is shown is older)") } else { what.clone() };
        gap(what, failure.clone());
    }
    if let Some(failure) = &progress.narrowed {
        gap(format!("{} of other namespaces", watched.plural), failure.clone());
    }
    if progress.state == State::Reading && !progress.has_data {
        let hint = "nothing to do: they appear as soon as their list is whole";
        gap(what.clone(), Failure::new(FailureKind::TimedOut, "their list is still on its way", hint));
    }
    if progress.unreadable > 0 {
        let why = progress.example.as_ref().map_or_else(String::new, |why| format!(": {why}"));
        let message = format!("{} of them came as something that cannot be read{why}", progress.unreadable);
        let hint = "kubectl get on the same kind shows whether the object or the way here is damaged; what was known of it stays";
        gap(what, Failure::new(FailureKind::Garbage, message, hint));
    }
    gaps
}

fn words(watched: &Watched) -> String {
    match &watched.scope {
        Scope::All => watched.plural.to_owned(),
        Scope::Namespace(namespace) => format!("{} in namespace {namespace}", watched.plural),
        Scope::One { namespace, name } => format!("{} {namespace}/{name}", watched.plural),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(state: State, has_data: bool) -> Progress {
        Progress { feeds: &[Feed::Workloads], state, has_data, unreadable: 0, example: None, narrowed: None }
    }

    fn troubled(kind: FailureKind, times: u32) -> State {
        let failure = Failure { permissions: vec!["list pods".into()], ..Failure::new(kind, "x", "y") };
        State::Troubled { failure, since: tokio::time::Instant::now(), times }
    }

    fn watched(plural: &'static str, namespace: Option<&str>) -> Watched {
        Watched { plural, scope: namespace.map_or(Scope::All, |name| Scope::Namespace(name.into())) }
    }

    #[test]
    fn one_kind_that_is_denied_is_a_gap_and_the_essential_one_a_failure() {
        let denied = progress(troubled(FailureKind::Denied, 1), false);
        let good = progress(State::Alive, true);
        let gaps = judge(Feed::Workloads, &[(watched("pods", None), good.clone()), (watched("namespaces", None), denied.clone())]).unwrap();
        assert_eq!(gaps.iter().map(|gap| gap.what.as_str()).collect::<Vec<_>>(), ["namespaces"]);
        let failure =
            judge(Feed::Workloads, &[(watched("namespaces", None), good.clone()), (watched("pods", None), denied.clone())]).unwrap_err();
        assert_eq!(failure.permissions, ["list pods"]);
        let narrowed = Progress { narrowed: Some(Failure::new(FailureKind::Denied, "no", "ask")), ..good.clone() };
        let own = (watched("pods", Some("ml")), good);
        let gaps = judge(Feed::Workloads, &[(watched("pods", None), narrowed.clone()), own]).unwrap();
        assert_eq!(gaps.iter().map(|gap| gap.what.as_str()).collect::<Vec<_>>(), ["pods of other namespaces"]);
        judge(Feed::Workloads, &[(watched("pods", None), narrowed), (watched("pods", Some("ml")), denied)]).unwrap_err();
    }

    #[test]
    fn a_first_interruption_is_not_worth_a_word_while_there_is_something_to_show() {
        let of = |times, has_data| {
            judge(Feed::Workloads, &[(watched("pods", None), progress(troubled(FailureKind::Unreachable, times), has_data))])
        };
        assert!(of(1, true).is_ok());
        assert!(of(2, true).is_err());
        assert!(of(1, false).is_err());
    }
}
