//! `holdup sim`: serves a simulated cloud until interrupted.

use std::path::PathBuf;

use super::report::{Error, Exit, print};
use crate::config::Problem;
use crate::domain::time::Duration;
use crate::sim::{self, Options, Running, SimError};

/// Arguments of `sim`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A built-in scenario (`holdup demo --list`), or a scenario file
    scenario: String,
    /// Listen here: AWS on this port, the operators of the clusters on the next ones, then
    /// their Kubernetes APIs [default: free ports]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// Story seconds in a real second
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    speed: f64,
    /// Start this far into the story, such as 41m [default: what the scenario says]
    #[arg(long, value_name = "TIME", value_parser = span)]
    elapsed: Option<Duration>,
    /// Write a configuration that points at it, for `holdup --config FILE`
    #[arg(long, value_name = "FILE")]
    config_out: Option<PathBuf>,
}

fn span(text: &str) -> Result<Duration, String> {
    let seconds = sim::scenario::Span::try_from(text.to_owned())?.0;
    u64::try_from(seconds).map(Duration::from_secs).map_err(|_| "a story cannot start before it begins".to_owned())
}

/// Runs the command.
///
/// # Errors
/// A wrong scenario, a port that is taken, a file that cannot be written.
pub fn run(args: &Args) -> Result<Exit, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| Error::Failed(error.into()))?;
    runtime.block_on(serve(args))
}

async fn serve(args: &Args) -> Result<Exit, Error> {
    if !(args.speed.is_finite() && args.speed > 0.0 && args.speed <= 3_600.0) {
        return Err(Error::usage("--speed must be more than 0 and at most 3600", "for example --speed 10"));
    }
    let options = Options { port: args.port, speed: args.speed, elapsed: args.elapsed };
    let running = sim::start(&args.scenario, options).await.map_err(failed)?;
    if let Some(file) = &args.config_out {
        std::fs::write(file, running.config_toml()).map_err(|error| {
            Error::Files(vec![Problem::of_file(
                file,
                format!("cannot be written: {error}"),
                "choose a file in a folder that you may write to",
            )])
        })?;
    }
    print(&greeting(args, &running))?;
    interrupted().await.map_err(|error| Error::Failed(error.into()))?;
    running.stop().await;
    Ok(Exit::Clear)
}

fn greeting(args: &Args, running: &Running) -> String {
    let contexts = running.contexts();
    let operators = contexts.iter().filter_map(|context| Some(format!("{} {}", context.name, context.endpoint.as_ref()?)));
    let operators = operators.collect::<Vec<_>>().join(", ");
    let (aws, region) = (running.aws_endpoint(), running.region());
    let config = args.config_out.as_ref().map(|file| format!("; look at it with `holdup --config {}`", file.display()));
    let kubectl = contexts.iter().filter_map(|context| {
        let endpoint = context.kubernetes.as_ref()?.endpoint_url.as_ref()?;
        Some(format!("kubectl for {}: kubectl --server {endpoint} get pods -A\n", context.name))
    });
    let kubectl: String = kubectl.collect();
    format!(
        "ready {}: operators {operators}; AWS {aws}{}\n\
         aws command line: AWS_ACCESS_KEY_ID=sim AWS_SECRET_ACCESS_KEY=sim aws --endpoint-url {aws} --region {region} \
         autoscaling describe-scaling-activities\n{kubectl}",
        args.scenario,
        config.unwrap_or_default()
    )
}

fn failed(error: SimError) -> Error {
    match error {
        SimError::Scenario(problem) => Error::Files(vec![*problem]),
        SimError::Port { port, why } => Error::usage(
            format!("port {port} of this machine cannot be listened on: {why}"),
            "choose another with --port, or leave it out for a free one",
        ),
    }
}

/// Waits for an interrupt, a termination or a hang-up.
async fn interrupted() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
        _ = hang_up.recv() => Ok(()),
    }
}
