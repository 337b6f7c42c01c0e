//! Configuration: one file a section. Reading happens here and nowhere else; the rest of the
//! program gets values. Nothing here asks the network or prints.

pub mod azure;
pub mod context;
pub mod gateway;
pub mod modelarts;
pub mod paths;
pub mod problem;
pub mod ray;
pub mod reader;
mod render;
pub mod ui;

use std::io::Read;
use std::path::Path;

pub use azure::{AzureCloud, AzureConfig, AzureCredential};
pub use context::{AwsConfig, ContextConfig, KubernetesConfig, TlsTrust};
pub use gateway::GatewayConfig;
pub use modelarts::{ModelArtsConfig, SignStyle};
pub use paths::Paths;
pub use problem::{Place, Problem};
pub use ray::RayConfig;
pub use render::{EXAMPLE, render};
pub use ui::{ColorChoice, NotifyChoice, UiConfig};

use reader::{Document, Section};

/// The largest configuration file that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// Everything a configuration file can say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// `[contexts.NAME]`, in the order of the names.
    pub contexts: Vec<ContextConfig>,
    /// `[ui]`.
    pub ui: UiConfig,
}

/// Reads a configuration file. `platforms` are the ids that a context may name.
///
/// # Errors
/// All problems of the file at once.
pub fn load(file: &Path, platforms: &[&str]) -> Result<Config, Vec<Problem>> {
    let text = read_text(file).map_err(|problem| vec![problem])?;
    parse(file, &text, platforms)
}

/// Reads the text of a configuration file.
///
/// # Errors
/// All problems of the text at once.
pub fn parse(file: &Path, text: &str, platforms: &[&str]) -> Result<Config, Vec<Problem>> {
    Document::new(file, text).read(|top| read(top, platforms))
}

fn read(mut top: Section<'_, '_>, platforms: &[&str]) -> Config {
    let contexts = top.section("contexts").map(|section| context::read_all(&section, platforms)).unwrap_or_default();
    let ui = top.section("ui").map(ui::read).unwrap_or_default();
    top.finish();
    Config { contexts, ui }
}

/// Reads a file that a person wrote: bounded, UTF-8.
///
/// # Errors
/// The problem with its next step.
pub fn read_text(file: &Path) -> Result<String, Problem> {
    let unreadable = |error: &std::io::Error| {
        let hint = match error.kind() {
            std::io::ErrorKind::NotFound => "check the path, or leave it out to use what is found".to_owned(),
            std::io::ErrorKind::PermissionDenied => format!("make it readable: chmod u+r {}", file.display()),
            _ => "check that it is a readable file".to_owned(),
        };
        Problem::of_file(file, format!("cannot be read: {}", plain(error)), hint)
    };
    let opened = std::fs::File::open(file).map_err(|error| unreadable(&error))?;
    let mut bytes = Vec::new();
    opened.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LARGEST) {
        return Err(Problem::of_file(file, "is larger than 1 MiB", "this is not a file of holdup's; check the path"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes().iter().take(error.utf8_error().valid_up_to()).filter(|byte| **byte == b'\n').count() + 1;
        Problem::of_file(file, format!("is not UTF-8 text (line {line})"), "save it as UTF-8")
    })
}

fn plain(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLATFORMS: &[&str] = &["cortex"];

    fn problems(text: &str) -> Vec<String> {
        let problems = parse(Path::new("c"), text, PLATFORMS).unwrap_err();
        problems
            .iter()
            .map(|p| format!("{}:{}: {} ({})", p.place.line, p.place.column, p.message, p.hint.as_deref().unwrap_or("")))
            .collect()
    }

    #[test]
    fn every_problem_is_told_at_once_with_place_and_near_name() {
        let found = problems(
            "thme = 1\n[contexts.prod]\nplatform = \"cortx\"\nendpiont = \"x\"\ntls = 7\n[ui]\nascii = \"yes\"\ncolor = \"atuo\"\n",
        );
        assert_eq!(found.len(), 6, "{found:#?}");
        assert!(found[0].starts_with("1:1: unknown key `thme` at the top"));
        assert!(found[1].starts_with("3:12: unknown platform \"cortx\" (did you mean `cortex`?"), "{}", found[1]);
        assert!(found[2].starts_with("4:1: unknown key `endpiont` in [contexts.prod] (did you mean `endpoint`?"), "{}", found[2]);
        assert!(found[3].starts_with("5:7: `tls` must be a string, found an integer"));
        assert!(found[4].starts_with("7:9: `ascii` must be true or false, found a string"));
        assert!(found[5].starts_with("8:9: `color` cannot be \"atuo\" (did you mean `auto`?"));
    }

    #[test]
    fn a_syntax_error_has_its_place() {
        let found = problems("[ui\ntheme = \"dark\"\n");
        assert!(found[0].starts_with("1:"), "{found:?}");
    }

    #[test]
    fn what_is_rendered_is_read_back_equal() {
        let full = ContextConfig {
            name: "pro d".into(),
            platform: "cortex".into(),
            endpoint: Some("http://127.0.0.1:8080".into()),
            allow_plain_http: true,
            tls: TlsTrust::AcceptInvalid,
            aws: Some(AwsConfig {
                profile: Some("p".into()),
                region: Some("us-east-1".into()),
                endpoint_url: Some("http://127.0.0.1:1".into()),
                simulated_credentials: true,
            }),
            kubernetes: Some(KubernetesConfig {
                kubeconfig: Some("/etc/kubeconfig".into()),
                context: Some("prod".into()),
                namespaces: vec!["models".into()],
                selector: Some("team=ml".into()),
                endpoint_url: None,
            }),
            azure: Some(AzureConfig {
                workspace: Some("mlw".into()),
                cloud: AzureCloud::China,
                credential: AzureCredential::ServicePrincipal,
                simulated_credentials: true,
                ..AzureConfig::default()
            }),
            gateway: Some(GatewayConfig { prefix: Some("/gw/api".into()), ..GatewayConfig::default() }),
            ray: Some(RayConfig { dashboard: Some("http://127.0.0.1:8265".into()), ..RayConfig::default() }),
            modelarts: Some(ModelArtsConfig {
                region: Some("eu-de".into()),
                sign_style: SignStyle::Credential,
                ..ModelArtsConfig::default()
            }),
        };
        let without_aws = ContextConfig { name: "bare".into(), platform: "cortex".into(), aws: None, ..ContextConfig::default() };
        let text = render(&[without_aws.clone(), full.clone()]);
        let config = parse(Path::new("c"), &text, PLATFORMS).unwrap_or_else(|p| panic!("{text}\n{p:?}"));
        assert_eq!(config.contexts, [without_aws, full]);
    }

    #[test]
    fn the_example_reads_and_says_nothing_until_uncommented() {
        assert_eq!(parse(Path::new("c"), EXAMPLE, PLATFORMS).unwrap(), Config::default());
        let lines: Vec<&str> = EXAMPLE.lines().map(|line| line.strip_prefix("#: ").unwrap_or(line)).collect();
        let live = lines.join("\n");
        let all = ["anyscale", "azure", "cortex", "gateway", "kubernetes", "modelarts"];
        let config = parse(Path::new("c"), &live, &all).unwrap_or_else(|p| panic!("{p:?}"));
        let mut shown: Vec<&str> = config.contexts.iter().map(|context| context.platform.as_str()).collect();
        shown.sort_unstable();
        assert_eq!(shown, all, "each platform has its example");
        assert!(config.ui.theme.is_some() && config.ui.ascii.is_some() && config.ui.color.is_some() && config.ui.notify.is_some());
    }

    #[test]
    fn a_word_for_the_simulator_only_is_refused_away_from_this_machine() {
        let found = problems(
            "[contexts.x]\nplatform = \"cortex\"\n[contexts.x.aws]\nendpoint_url = \"https://example.com\"\nsimulated_credentials = true\n",
        );
        assert!(found[0].contains("simulated_credentials"), "{found:?}");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\[|\\]|=|\"|ui|contexts|\\.|\n|[a-z]| |#|é){0,60}") {
            let _ = parse(Path::new("c"), &text, PLATFORMS);
        }
    }
}
