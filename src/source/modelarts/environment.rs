//! What Huawei's own tools left in the environment: region, project, keys, tokens, passwords.
//!
//! Three families of names are in use: those of Huawei's SDKs, those of its Terraform provider and
//! those of `OpenStack`, which Open Telekom Cloud documents. Values of secrets are read by
//! [`super::credential`] only, and never shown.

use std::collections::BTreeMap;

use crate::config::{ContextConfig, ModelArtsConfig};
use crate::source::Discovery;

/// Variables with a region, the more specific first.
pub const REGION_VARIABLES: [&str; 3] = ["HUAWEICLOUD_SDK_REGION", "HW_REGION_NAME", "OS_REGION_NAME"];
/// Variables with a project's id.
pub const PROJECT_VARIABLES: [&str; 4] = ["HUAWEICLOUD_SDK_PROJECT_ID", "HW_PROJECT_ID", "OS_PROJECT_ID", "OS_TENANT_ID"];
/// Variables with a project's name: that of the region, or `REGION_NAME`.
pub const PROJECT_NAME_VARIABLES: [&str; 3] = ["HW_PROJECT_NAME", "OS_PROJECT_NAME", "OS_TENANT_NAME"];
/// Access key, secret key, security token; the first whole pair counts.
pub const KEY_VARIABLES: [[&str; 3]; 3] = [
    ["HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_SECURITY_TOKEN"],
    ["HW_ACCESS_KEY", "HW_SECRET_KEY", "HW_SECURITY_TOKEN"],
    ["OS_ACCESS_KEY", "OS_SECRET_KEY", "OS_SECURITY_TOKEN"],
];
/// Variables with an IAM token.
pub const TOKEN_VARIABLES: [&str; 3] = ["HW_AUTH_TOKEN", "OS_AUTH_TOKEN", "OS_TOKEN"];

/// Environment variables, as of one moment. Its `Debug` shows no values.
#[derive(Clone, Default)]
pub struct Variables(BTreeMap<String, String>);

impl std::fmt::Debug for Variables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

impl Variables {
    /// Those of this process that concern this platform.
    pub fn of_this_process() -> Self {
        let ours = |name: &str| ["HUAWEICLOUD_SDK_", "HW_", "OS_"].iter().any(|prefix| name.starts_with(prefix));
        Self::from_pairs(std::env::vars().filter(|(name, _)| ours(name)))
    }

    /// Given ones.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().filter(|(_, value)| !value.trim().is_empty()).collect())
    }

    /// One that is set and not empty.
    pub fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|value| value.trim().to_owned())
    }

    /// The first of several that is set.
    pub fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.get(name))
    }
}

/// The context that the environment describes, if it does.
pub fn discover(variables: &Variables) -> Discovery {
    let keys = KEY_VARIABLES.iter().find(|names| names.iter().take(2).all(|name| variables.get(name).is_some()));
    let half = KEY_VARIABLES.iter().find(|names| names.iter().take(2).any(|name| variables.get(name).is_some()));
    let token = TOKEN_VARIABLES.iter().find(|name| variables.get(name).is_some());
    let password = variables.get("OS_USERNAME").is_some() && variables.get("OS_PASSWORD").is_some();
    // OpenStack's variables are those of every OpenStack; only a token or password of a cloud of Huawei's kind counts.
    let auth_url = variables.get("OS_AUTH_URL").unwrap_or_default();
    let of_huawei = [".t-systems.com", ".myhuaweicloud."].iter().any(|domain| auth_url.contains(domain));
    let mut found = Discovery::default();
    if keys.is_none() && !((token.is_some() || password) && of_huawei) {
        let note = match half {
            Some([access, secret, _]) => format!("ModelArts: {access} and {secret} belong together, and one of them is not set"),
            None => "ModelArts: no keys in the environment (HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK)".to_owned(),
        };
        found.notes.push(note);
        return found;
    }
    let named = variables.first(&PROJECT_NAME_VARIABLES).map(|name| name.split('_').next().unwrap_or_default().to_owned());
    let in_url = || auth_url.split("://").nth(1)?.strip_prefix("iam.")?.split('.').next().map(str::to_owned);
    match variables.first(&REGION_VARIABLES).or(named).or_else(in_url).filter(|region| !region.is_empty()) {
        Some(region) => found.contexts.push(ContextConfig {
            name: format!("modelarts-{region}"),
            platform: "modelarts".to_owned(),
            aws: None,
            kubernetes: None,
            modelarts: Some(ModelArtsConfig { region: Some(region), ..ModelArtsConfig::default() }),
            ..ContextConfig::default()
        }),
        None => found.notes.push("ModelArts: keys are set and no region; set HW_REGION_NAME or OS_REGION_NAME".to_owned()),
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        Variables::from_pairs(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn each_family_of_names_makes_a_context() {
        let sdk = [("HUAWEICLOUD_SDK_AK", "a"), ("HUAWEICLOUD_SDK_SK", "s"), ("HW_REGION_NAME", "cn-north-4")];
        let terraform = [("HW_ACCESS_KEY", "a"), ("HW_SECRET_KEY", "s"), ("HW_REGION_NAME", "cn-north-4")];
        let openstack = [("OS_ACCESS_KEY", "a"), ("OS_SECRET_KEY", "s"), ("OS_PROJECT_NAME", "cn-north-4_team")];
        let password = [("OS_USERNAME", "u"), ("OS_PASSWORD", "p"), ("OS_AUTH_URL", "https://iam.cn-north-4.myhuaweicloud.com/v3")];
        for pairs in [&sdk, &terraform, &openstack, &password] {
            let found = discover(&variables(pairs));
            assert_eq!(found.contexts.len(), 1, "{pairs:?}: {:?}", found.notes);
            assert_eq!(found.contexts[0].modelarts.as_ref().unwrap().region.as_deref(), Some("cn-north-4"));
        }
    }

    #[test]
    fn another_openstack_is_left_alone_and_half_a_pair_is_told() {
        let other =
            [("OS_USERNAME", "u"), ("OS_PASSWORD", "p"), ("OS_AUTH_URL", "https://keystone.example.com/v3"), ("OS_REGION_NAME", "r1")];
        assert!(discover(&variables(&other)).contexts.is_empty());
        let half = discover(&variables(&[("HW_ACCESS_KEY", "AKNOBODYSEES")]));
        assert!(half.contexts.is_empty() && half.notes[0].contains("HW_SECRET_KEY"), "{:?}", half.notes);
        assert!(!format!("{half:?}{:?}", variables(&[("HW_ACCESS_KEY", "AKNOBODYSEES")])).contains("NOBODYSEES"));
    }
}
