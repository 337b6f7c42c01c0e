//! Which containers a request means, among the replicas there are. Pure.

use crate::domain::id::ResourceKey;
use crate::domain::replica::Replica;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;
use crate::source::LogRequest;

/// What of a replica matters to its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    replica: Text,
    workload: Option<ResourceKey>,
    ready: bool,
    is_current: bool,
    created_at: Option<Timestamp>,
    going: bool,
    containers: Vec<(Text, bool)>,
}

/// One container's log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The namespace.
    pub namespace: Text,
    /// The pod.
    pub pod: Text,
    /// The container.
    pub container: Text,
    /// Whether the pod has others, so that its name alone does not say enough.
    pub among_others: bool,
}

/// What a request means at the moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// The containers.
    pub places: Vec<Place>,
    /// How many more there are than are followed.
    pub left_out: usize,
    /// What took the place of a replica that is gone.
    pub instead: Option<Place>,
}

impl Place {
    /// What tells it from the others.
    pub fn label(&self) -> String {
        if self.among_others { format!("{}/{}", self.pod, self.container) } else { self.pod.to_string() }
    }
}

impl Member {
    /// What of a replica matters.
    pub fn of(replica: &Replica) -> Self {
        Self {
            replica: replica.key.name.clone(),
            workload: replica.workload.clone(),
            ready: replica.ready,
            is_current: replica.is_current,
            created_at: replica.created_at,
            going: replica.deleting_since.is_some(),
            containers: replica.containers.iter().map(|container| (container.name.clone(), container.init)).collect(),
        }
    }

    /// Its containers that are wanted. Those that run first are of interest until they are through.
    fn places(&self, request: &LogRequest) -> Vec<Place> {
        let Some((namespace, pod)) = self.replica.split_once('/') else { return Vec::new() };
        let wanted = |name: &Text, init: bool| match &request.container {
            Some(only) => name == only,
            None => !init || !self.ready,
        };
        let chosen: Vec<&Text> = self.containers.iter().filter(|(name, init)| wanted(name, *init)).map(|(name, _)| name).collect();
        let among_others = chosen.len() > 1;
        chosen
            .into_iter()
            .map(|container| Place { namespace: namespace.into(), pod: pod.into(), container: container.clone(), among_others })
            .collect()
    }
}

/// The containers that a request means; those of the newest and of unready replicas come first.
pub fn choose(members: &[Member], request: &LogRequest, limit: usize) -> Chosen {
    let is_wanted = |member: &&Member| match &request.replica {
        Some(replica) => member.replica == *replica,
        None => member.workload.as_ref() == Some(&request.workload) || member.replica == request.workload.name,
    };
    let mut wanted: Vec<&Member> = members.iter().filter(is_wanted).collect();
    let mut instead = None;
    if let (Some(_), true) = (&request.replica, wanted.is_empty()) {
        let heir = members
            .iter()
            .filter(|member| member.workload.as_ref() == Some(&request.workload) && !member.going)
            .max_by_key(|member| (member.is_current, member.created_at));
        wanted.extend(heir);
        instead = heir.and_then(|heir| heir.places(request).into_iter().next());
    }
    wanted.sort_by_key(|member| (member.ready, std::cmp::Reverse(member.created_at)));
    let mut places: Vec<Place> = wanted.iter().flat_map(|member| member.places(request)).collect();
    let left_out = places.len().saturating_sub(limit);
    places.truncate(limit);
    Chosen { places, left_out, instead }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::ResourceKind;

    fn key(name: &str) -> ResourceKey {
        ResourceKey::new(&"prod".into(), ResourceKind::Workload, name)
    }

    fn member(replica: &str, workload: &str, ready: bool, second: i64) -> Member {
        Member {
            replica: replica.into(),
            workload: Some(key(workload)),
            ready,
            is_current: second > 5,
            created_at: Timestamp::from_second(second).ok(),
            going: false,
            containers: vec![("fetch".into(), true), ("api".into(), false)],
        }
    }

    fn request(replica: Option<&str>, container: Option<&str>) -> LogRequest {
        LogRequest {
            workload: key("llm"),
            job: None,
            replica: replica.map(Text::clean),
            container: container.map(Text::clean),
            previous: false,
        }
    }

    fn labels(chosen: &Chosen) -> Vec<String> {
        chosen.places.iter().map(|place| format!("{}/{}", place.pod, place.container)).collect()
    }

    #[test]
    fn a_workload_means_all_its_replicas_and_the_unready_come_first() {
        let members = [member("ml/a", "llm", true, 1), member("ml/b", "llm", false, 9), member("ml/x", "other", true, 1)];
        let all = choose(&members, &request(None, None), 10);
        assert_eq!(labels(&all), ["b/fetch", "b/api", "a/api"], "what runs first only while the replica is not ready");
        assert_eq!(choose(&members, &request(None, None), 1).left_out, 2);
        assert_eq!(labels(&choose(&members, &request(Some("ml/a"), Some("fetch")), 10)), ["a/fetch"]);
    }

    #[test]
    fn what_took_the_place_of_a_replica_is_followed_instead() {
        let members = [member("ml/a", "llm", true, 1), member("ml/b", "llm", true, 9)];
        let chosen = choose(&members, &request(Some("ml/gone"), None), 10);
        assert_eq!(labels(&chosen), ["b/api"]);
        assert_eq!(chosen.instead.unwrap().pod, "b");
        assert_eq!(choose(&[], &request(Some("ml/gone"), None), 10), Chosen::default());
    }
}
