//! The AWS configuration of a context: profile, region, endpoint, credentials.
//!
//! Loading reads files and environment; credentials themselves are fetched when first needed.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

use crate::config::AwsConfig;
use crate::domain::source::{Failure, FailureKind};

/// The access key of simulated credentials: worthless everywhere.
pub const SIMULATED_ACCESS_KEY: &str = "SIMULATED";

/// Loads the configuration of a context; `region` is used where the context names none.
///
/// # Errors
/// `Misconfigured` when simulated credentials are asked for without an endpoint on this machine.
pub async fn sdk_config(aws: &AwsConfig, region: Option<&str>) -> Result<SdkConfig, Failure> {
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(profile) = &aws.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = aws.region.as_deref().or(region) {
        loader = loader.region(Region::new(region.to_owned()));
    }
    if let Some(endpoint) = &aws.endpoint_url {
        loader = loader.endpoint_url(endpoint);
    }
    if aws.simulated_credentials {
        if !aws.endpoint_url.as_deref().is_some_and(is_on_this_machine) {
            return Err(Failure::new(
                FailureKind::Misconfigured,
                "simulated credentials are for a simulator on this machine only",
                "set aws.endpoint_url to an address on 127.0.0.1, or remove aws.simulated_credentials",
            ));
        }
        let credentials = Credentials::new(SIMULATED_ACCESS_KEY, SIMULATED_ACCESS_KEY, None, None, "simulated");
        loader = loader.credentials_provider(SharedCredentialsProvider::new(credentials));
    }
    Ok(loader.load().await)
}

/// Whether a URL's host is this machine.
pub fn is_on_this_machine(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    url.host_str().is_some_and(|host| {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}
