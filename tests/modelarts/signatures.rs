//! Signatures against published and recomputed vectors; what is sent, by whom it is proven.

#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

use std::collections::BTreeMap;

use holdup::config::SignStyle;
use holdup::source::modelarts::connect_with;
use holdup::source::modelarts::sign::{Form, Keys, Signed, authorization, canonical_query, canonical_request};
use serde_json::{Value, json};

use super::server::{PROJECT, Replay, context, fixture, keys, poll, variables};

fn pairs(vector: &Value) -> Vec<(&str, &str)> {
    vector["query"].as_array().unwrap().iter().map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap())).collect()
}

#[test]
fn all_nine_vectors_come_out_equal() {
    let vectors = fixture("signing_vectors.json");
    let vectors = vectors.as_array().unwrap();
    assert_eq!(vectors.len(), 9);
    for vector in vectors {
        let name = vector["name"].as_str().unwrap();
        let query = pairs(vector);
        if let Some(expected) = vector["canonical_query"].as_str() {
            assert_eq!(canonical_query(&query), expected, "{name}");
            continue;
        }
        let said = |field: &str| vector[field].as_str().unwrap_or_default();
        let mut headers: BTreeMap<String, String> = BTreeMap::from([("host".to_owned(), said("host").to_owned())]);
        let sent = vector["headers"].as_object().unwrap();
        headers.extend(sent.iter().map(|(name, value)| (name.to_lowercase(), value.as_str().unwrap().to_owned())));
        if let Some(only) = vector["signed_headers"].as_array() {
            headers.retain(|name, _| only.iter().any(|kept| kept == name));
        }
        let request =
            Signed { method: said("method"), path: said("path"), query: &query, headers: &headers, body: said("body").as_bytes() };
        let style = if said("style") == "access" { SignStyle::Access } else { SignStyle::Credential };
        let keys = Keys { access: said("access_key").to_owned(), secret: said("secret_key").to_owned().into(), token: None };
        let made = authorization(&request, &keys, Form { style, region: said("region"), service: said("service") });
        if let Some(expected) = vector["canonical_request"].as_str() {
            assert_eq!(canonical_request(&request, style), expected, "{name}");
        }
        assert!(made.ends_with(&format!("Signature={}", said("signature"))), "{name}: {made}");
        if let Some(expected) = vector["authorization"].as_str() {
            assert_eq!(made, expected, "{name}");
        }
    }
}

#[tokio::test]
async fn a_refused_signature_is_sent_once_in_the_other_form_which_is_then_kept() {
    let replay = Replay::default()
        .fixture("/services", "errors/apigw_0301_signature.json")
        .fixture("/services", "services_list_empty.json")
        .fixture("/services/specifications", "specifications.json")
        .fixture("/quotas", "quotas_os.json");
    let mut source = super::server::source(&replay.serve().await);
    assert!(poll(source.as_mut()).await.unwrap().workloads.is_empty());
    let sent = replay.headers("authorization");
    assert!(sent[0].starts_with("SDK-HMAC-SHA256 Access=AKEXAMPLE0000000001, SignedHeaders=host;x-sdk-date, "), "{}", sent[0]);
    assert!(
        sent[1..]
            .iter()
            .all(|header| header.contains("Credential=AKEXAMPLE0000000001/") && header.contains("/eu-de/modelarts/sdk_request"))
    );
}

#[tokio::test]
async fn temporary_keys_tokens_and_passwords_are_sent_as_they_should_be() {
    let replay = Replay::default().fixture("/services", "services_list_empty.json");
    let endpoint = replay.serve().await;
    let temporary = variables(&[("HW_ACCESS_KEY", "AK"), ("HW_SECRET_KEY", "SK"), ("HW_SECURITY_TOKEN", "tok/en")]);
    let mut source = connect_with(&context(&endpoint), temporary).unwrap().sources.remove(0);
    poll(source.as_mut()).await.unwrap();
    assert_eq!(replay.headers("x-security-token")[0], "tok/en");
    assert!(replay.headers("authorization")[0].contains("SignedHeaders=host;x-sdk-date;x-security-token"));

    let replay = Replay::default().fixture("/services", "services_list_empty.json");
    let endpoint = replay.serve().await;
    let mut source = connect_with(&context(&endpoint), variables(&[("OS_TOKEN", "MIIEXAMPLE")])).unwrap().sources.remove(0);
    poll(source.as_mut()).await.unwrap();
    assert_eq!(replay.headers("x-auth-token")[0], "MIIEXAMPLE");

    let replay = Replay::default().fixture("/services", "services_list_empty.json").fixture("/v3/auth/tokens", "iam_token_response.json");
    let mut context = context(&replay.serve().await);
    context.modelarts.as_mut().unwrap().project = None;
    let user = variables(&[("OS_USERNAME", "ops"), ("OS_PASSWORD", "hunter2"), ("OS_DOMAIN_NAME", "OTC-EU-DE-000000")]);
    let mut source = connect_with(&context, user).unwrap().sources.remove(0);
    poll(source.as_mut()).await.unwrap();
    assert!(replay.asked()[0].starts_with("/v3/auth/tokens?nocatalog=true"));
    assert!(replay.asked()[1].starts_with(&format!("/v1/{PROJECT}/services?")), "{:?}", replay.asked());
    assert_eq!(replay.headers("x-auth-token")[1], "MIIEXAMPLETOKEN");
}

#[tokio::test]
async fn the_project_is_asked_of_iam_where_nobody_says_it() {
    let replay = Replay::default().fixture("/services", "services_list_empty.json").fixture("/v3/projects", "iam_projects.json");
    let mut context = context(&replay.serve().await);
    context.modelarts.as_mut().unwrap().project = None;
    let mut source = connect_with(&context, keys()).unwrap().sources.remove(0);
    poll(source.as_mut()).await.unwrap();
    assert_eq!(replay.asked()[0], "/v3/projects?name=eu-de");
    let replay = Replay::default().json("/v3/projects", &json!({ "projects": [] }));
    context.endpoint = Some(replay.serve().await);
    let mut source = connect_with(&context, keys()).unwrap().sources.remove(0);
    let failure = poll(source.as_mut()).await.unwrap_err();
    assert!(failure.message.contains("eu-de") && failure.hint.contains("project"), "{failure:?}");
}

#[test]
fn regions_lead_to_the_clouds_they_belong_to() {
    use holdup::source::modelarts::place::{Place, Service};
    let at = |region: &str| {
        let mut context = context("x");
        context.endpoint = None;
        context.modelarts.as_mut().unwrap().region = Some(region.to_owned());
        Place::of(&context, &variables(&[])).unwrap()
    };
    assert_eq!(at("eu-de").base(Service::ModelArts).as_str(), "https://modelarts.eu-de.otc.t-systems.com/");
    assert_eq!(at("eu-de").base(Service::Lts).as_str(), "https://lts.eu-de.otc.t-systems.com/");
    assert_eq!(at("cn-north-4").base(Service::Iam).as_str(), "https://iam.cn-north-4.myhuaweicloud.com/");
    let told = Place::of(&context("https://modelarts.eu-nl.otc.t-systems.com/v1/abc"), &variables(&[])).unwrap();
    assert_eq!(told.base(Service::Iam).as_str(), "https://iam.eu-nl.otc.t-systems.com/");
}
