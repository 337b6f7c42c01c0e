//! The command line as scripts and people meet it: the built program in an empty home folder.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test ends at the first thing that is not as it should be")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

struct Home(TempDir);

struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Home {
    fn empty() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn write(&self, path: &str, text: &str) -> PathBuf {
        let file = self.0.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        file
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_holdup"));
        command.args(arguments).env_clear().env("HOME", self.0.path()).env("AWS_EC2_METADATA_DISABLED", "true").stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command(arguments).output().unwrap())
    }

    /// Standard error with this home folder and the fixtures folder written in a fixed way.
    fn said(&self, ran: &Ran) -> String {
        ran.err.replace(&self.0.path().display().to_string(), "~").replace(&fixtures().display().to_string(), "FIXTURES")
    }
}

impl Ran {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().expect("it ended by itself"),
            out: String::from_utf8(output.stdout.clone()).unwrap(),
            err: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cli")
}

fn fixture(name: &str) -> String {
    fixtures().join(name).display().to_string()
}

/// Compares with a file; `HOLDUP_BLESS=1` writes it instead.
fn assert_golden(name: &str, actual: &str) {
    let file = fixtures().join(name);
    if std::env::var_os("HOLDUP_BLESS").is_some() {
        std::fs::write(&file, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(actual, expected, "{name} differs; HOLDUP_BLESS=1 writes it");
}

#[test]
fn help_teaches_and_version_is_the_packages() {
    let home = Home::empty();
    let help = home.run(&["--help"]);
    assert_eq!(help.code, 0);
    for word in ["holdup demo", "holdup why", "Exit codes", "Keys", "config.toml", "cli.yaml"] {
        assert!(help.out.contains(word), "--help does not mention {word}");
    }
    assert_eq!(home.run(&["--version"]).out, format!("holdup {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn every_command_has_help() {
    let home = Home::empty();
    for command in ["demo", "why", "status", "doctor", "config", "completions"] {
        let help = home.run(&[command, "--help"]);
        assert_eq!((help.code, help.err.as_str()), (0, ""), "{command}");
    }
}

#[test]
fn a_malformed_configuration_is_told_whole_and_exits_two() {
    let home = Home::empty();
    for name in ["malformed", "unclosed"] {
        for command in [&["why"][..], &["status"], &["doctor"], &["config"]] {
            let mut arguments = vec!["--config"];
            let file = fixture(&format!("{name}.toml"));
            arguments.push(&file);
            arguments.extend(command);
            let ran = home.run(&arguments);
            assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}");
            assert_golden(&format!("{name}.stderr"), &home.said(&ran));
        }
    }
}

#[test]
fn the_usual_configuration_is_found_and_a_named_one_must_exist() {
    let home = Home::empty();
    home.write(".config/holdup/config.toml", "[ui]\nthme = \"dark\"\n");
    let ran = home.run(&["why"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("config.toml:2:1") && ran.err.contains("did you mean `theme`?"), "{}", ran.err);

    let missing = home.run(&["--config", "nowhere.toml", "why"]);
    assert_eq!(missing.code, 2);
    assert!(missing.err.contains("nowhere.toml: cannot be read: no such file"), "{}", missing.err);
}

#[test]
fn escape_sequences_in_a_configuration_reach_nobodys_terminal() {
    let home = Home::empty();
    let file = home.write("c.toml", "[ui]\n\"th\\u001b[31mme\" = 1\n");
    let ran = home.run(&["--config", file.to_str().unwrap(), "config"]);
    assert_eq!(ran.code, 2);
    assert!(!ran.err.contains('\u{1b}'), "{:?}", ran.err);
}

#[test]
fn without_anything_to_look_at_it_says_where_it_looked_and_offers_the_demo() {
    let home = Home::empty();
    for command in ["why", "status"] {
        let ran = home.run(&[command]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""));
        for word in ["~/.config/holdup/config.toml", "cli.yaml", "holdup demo"] {
            assert!(home.said(&ran).contains(word), "{command} does not mention {word}: {}", ran.err);
        }
    }
    let doctor = home.run(&["doctor"]);
    assert_eq!(doctor.code, 1);
    assert!(doctor.out.contains("FAIL") && doctor.out.contains("next:"), "{}", doctor.out);
}

#[test]
fn a_malformed_cli_yaml_is_named_with_its_line() {
    let home = Home::empty();
    home.write(".cortex/cli.yaml", "environments: 7\n");
    let ran = home.run(&["why"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("cli.yaml:1"), "{}", ran.err);
}

#[test]
fn unknown_names_get_near_ones() {
    let home = Home::empty();
    let file = home.write("c.toml", "[contexts.prod]\nplatform = \"cortex\"\n");
    let ran = home.run(&["--config", file.to_str().unwrap(), "--context", "prd", "status"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("did you mean `prod`?"), "{}", ran.err);
    let ran = home.run(&["statsu"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("'status'"), "{}", ran.err);
}

#[test]
fn a_broken_context_is_named_with_its_next_step_and_cannot_be_told() {
    let home = Home::empty();
    let file = home.write("c.toml", "[contexts.far]\nplatform = \"cortex\"\nendpoint = \"http://operator.example.com\"\n");
    let ran = home.run(&["--config", file.to_str().unwrap(), "why", "--format", "json"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.err.contains("far/cortex could not be read") && ran.err.contains("hint:"), "{}", ran.err);
    let answer: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(answer["verdicts"][0]["verdict"], "cannot_tell");
    assert_eq!(answer["verdicts"][0]["context"], "far");
}

#[test]
fn the_scenarios_are_listed_for_scripts() {
    let home = Home::empty();
    let ran = home.run(&["demo", "--list", "--format", "json"]);
    let list: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(list["schema"], "holdup/demo/1");
    let scenarios = list["scenarios"].as_array().unwrap();
    let named = |name: &str| scenarios.iter().find(|scenario| scenario["name"] == name).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(named("stuck-gpu-quota")["root"], "aws/vcpu-quota-on-demand");
    assert_eq!(named("healthy")["verdict"], "clear");
    assert_eq!(named("bad-day")["default"], true);
}

#[test]
fn the_policy_is_json_that_only_reads() {
    let ran = Home::empty().run(&["doctor", "--policy"]);
    let policy: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let actions = policy["Statement"][0]["Action"].as_array().unwrap();
    assert!(actions.iter().any(|action| action == "servicequotas:GetServiceQuota"));
}

#[test]
fn the_example_configuration_is_accepted_as_printed() {
    let home = Home::empty();
    let example = home.run(&["config", "--example"]).out;
    home.write(".config/holdup/config.toml", &example);
    let ran = home.run(&["config"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn the_log_goes_to_its_file_which_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::empty();
    let log = home.0.path().join("holdup.log");
    let ran = Ran::of(&home.command(&["config"]).env("HOLDUP_LOG", &log).output().unwrap());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(log.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let home = Home::empty();
    let mut child = home.command(&["demo", "--list"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
}

#[test]
fn without_a_terminal_it_says_what_to_use_instead() {
    let ran = Home::empty().run(&[]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("holdup status") && ran.err.contains("holdup why"), "{}", ran.err);
}

/// Serves a scenario in this process while `look` runs.
fn with_scenario(name: &str, look: impl FnOnce(&Home, &str)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let running = runtime.block_on(holdup::sim::start(name, holdup::sim::Options::default())).unwrap();
    let home = Home::empty();
    let file = home.write("sim.toml", &running.config_toml());
    look(&home, file.to_str().unwrap());
    runtime.block_on(running.stop());
}

fn has(value: &serde_json::Value, fields: &[&str]) {
    for field in fields {
        assert!(value.get(field).is_some(), "no field `{field}` in {value:#}");
    }
}

#[test]
fn why_answers_scripts_by_the_contract() {
    with_scenario("crash-loop", |home, config| {
        let ran = home.run(&["--config", config, "why", "--format", "json"]);
        assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
        let answer: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(answer["schema"], "holdup/why/1");
        has(&answer, &["observed_at", "verdicts"]);
        let verdicts = answer["verdicts"].as_array().unwrap();
        for verdict in verdicts {
            has(verdict, &["context", "workload", "platform", "verdict", "since", "root", "headline", "chain", "missing"]);
        }
        let held = verdicts.iter().find(|verdict| verdict["verdict"] == "held").expect("one is held up");
        assert_eq!(held["root"], "cortex/update-crash");
        let chain = held["chain"].as_array().unwrap();
        assert!(!chain.is_empty());
        for link in chain {
            has(link, &["cause", "resource", "says", "confidence", "evidence", "remedies", "leads_to"]);
            for evidence in link["evidence"].as_array().unwrap() {
                has(evidence, &["source", "resource", "field", "value", "observed_at"]);
            }
            for remedy in link["remedies"].as_array().unwrap() {
                has(remedy, &["text", "command", "risk"]);
            }
        }
    });
}

#[test]
fn why_and_status_look_at_what_they_are_asked_for() {
    with_scenario("crash-loop", |home, config| {
        let one = home.run(&["--config", config, "why", "sentiment"]);
        assert_eq!(one.code, 0, "{}{}", one.out, one.err);
        assert!(!one.out.contains("recommender"), "{}", one.out);

        let unknown = home.run(&["--config", config, "why", "sentimnet"]);
        assert_eq!((unknown.code, unknown.out.as_str()), (2, ""));
        assert!(unknown.err.contains("did you mean `sentiment`?"), "{}", unknown.err);

        let status = home.run(&["--config", config, "status"]);
        assert_eq!(status.code, 1);
        assert!(status.out.contains("recommender") && status.out.contains("sentiment"), "{}", status.out);

        let ticket = home.run(&["--config", config, "why", "recommender", "--format", "markdown"]);
        assert_eq!(ticket.code, 1);
        assert!(ticket.out.contains("cortex/update-crash"), "{}", ticket.out);
    });
}

#[test]
fn an_operator_that_is_down_cannot_be_told_and_the_doctor_says_what_next() {
    with_scenario("operator-down", |home, config| {
        let why = home.run(&["--config", config, "why"]);
        assert_eq!(why.code, 3, "{}{}", why.out, why.err);
        assert!(why.err.contains("could not be read"), "{}", why.err);
        let doctor = home.run(&["--config", config, "doctor"]);
        assert_eq!(doctor.code, 1);
        assert!(doctor.out.contains("FAIL") && doctor.out.contains("next:"), "{}", doctor.out);
    });
}

#[test]
fn the_doctor_finds_nothing_wrong_with_a_sound_cloud() {
    with_scenario("healthy", |home, config| {
        let ran = home.run(&["--config", config, "doctor", "--format", "json"]);
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(report["schema"], "holdup/doctor/1");
        let checks = report["checks"].as_array().unwrap();
        assert!(checks.iter().any(|check| check["what"] == "cortex" && check["mark"] == "ok"), "{}", ran.out);
    });
}

#[test]
fn a_wrong_scenario_or_theme_gets_the_near_name() {
    let home = Home::empty();
    let scenario = home.run(&["demo", "bad-dya"]);
    assert_eq!(scenario.code, 2);
    assert!(scenario.err.contains("did you mean `bad-day`?"), "{}", scenario.err);
    for command in [&["config"][..], &["demo"], &[]] {
        let theme = home.run(&[&["--theme", "drak"], command].concat());
        assert_eq!(theme.code, 2);
        assert!(theme.err.contains("did you mean `dark`?"), "{}", theme.err);
    }
    home.write(".config/holdup/themes/mine.toml", "held = { fg = \"redd\" }\n");
    let own = home.run(&["--theme", "mine", "config"]);
    assert_eq!(own.code, 2);
    assert!(own.err.contains("mine.toml:1:1: ") && own.err.contains("`red`"), "{}", own.err);
    let cause = home.run(&["explain", "aws/vcpu-quota-on-demnd"]);
    assert_eq!(cause.code, 2);
    assert!(cause.err.contains("aws/vcpu-quota-on-demand"), "{}", cause.err);
}

#[test]
fn a_denied_account_is_named_with_the_missing_actions() {
    with_scenario("aws-denied", |home, config| {
        let why = home.run(&["--config", config, "why", "text-generator", "--format", "json"]);
        assert_eq!(why.code, 3, "{}{}", why.out, why.err);
        assert!(why.out.contains("servicequotas:GetServiceQuota"), "{}", why.out);
        let doctor = home.run(&["--config", config, "doctor"]);
        assert_eq!(doctor.code, 1);
        assert!(doctor.out.contains("needs: "), "{}", doctor.out);
    });
}
