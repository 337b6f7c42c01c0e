//! Serves a scenario on loopback: AWS on one port, the operator of each cluster on the next ones,
//! then the Kubernetes API of each cluster where it can be reached.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::build::build;
use super::scenario::{FILES, RayFile, Scenario, parse};
use super::world::{OperatorFault, Platform, SharedWorld, World};
use super::{aws, azure, cortex, gateway, kubernetes, modelarts, ray};
use crate::clock::now;
use crate::config::problem::{Problem, suggestion};
use crate::config::{AwsConfig, ContextConfig, KubernetesConfig, render};
use crate::domain::time::Duration;

/// How to serve.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The first port; `None` or zero takes free ones.
    pub port: Option<u16>,
    /// Story seconds in a real second, from the start on.
    pub speed: f64,
    /// How far into the story to start; `None` for what the scenario says.
    pub elapsed: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Self { port: None, speed: 1.0, elapsed: None }
    }
}

/// Why a scenario cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The file, or a name in it, is wrong.
    #[error("{0}")]
    Scenario(Box<Problem>),
    /// A port could not be taken.
    #[error("port {port} of this machine cannot be listened on: {why}\n  hint: choose another with --port, or leave it out")]
    Port {
        /// The port.
        port: u16,
        /// What the system says.
        why: std::io::Error,
    },
}

/// Reads a scenario: a built-in one by name, or a file.
///
/// # Errors
/// What is wrong in the file, or that there is none of that name.
pub fn load(name_or_path: &str) -> Result<Scenario, Box<Problem>> {
    let path = Path::new(name_or_path);
    if let Some((name, text)) = FILES.iter().find(|(name, _)| *name == name_or_path) {
        return parse(Path::new(name), text);
    }
    let is_file = name_or_path.contains(std::path::MAIN_SEPARATOR) || path.extension().is_some();
    if !is_file {
        let names: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        return Err(Box::new(Problem::of_file(path, "no scenario has this name", suggestion(name_or_path, &names))));
    }
    let text = std::fs::read_to_string(path).map_err(|error| {
        Box::new(Problem::of_file(path, format!("cannot be read: {error}"), "`holdup demo --list` names the built-in scenarios"))
    })?;
    parse(path, &text)
}

/// Starts serving a scenario and returns once it listens.
///
/// # Errors
/// A wrong scenario, or a port that is taken.
pub async fn start(name_or_path: &str, options: Options) -> Result<Running, SimError> {
    let scenario = load(name_or_path).map_err(SimError::Scenario)?;
    let elapsed = options.elapsed.map_or(scenario.elapsed.0, |elapsed| i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX));
    let world = build(Path::new(name_or_path), &scenario, now(), elapsed, options.speed).map_err(SimError::Scenario)?;
    let cast = Cast::of(&world);
    let mut running = Running::new(SharedWorld::new(world), cast.region.clone());
    let mut ports = Ports(options.port.unwrap_or_default());
    let aws = aws::router(running.world.clone());
    let listener = ports.first().await?;
    running.aws = running.serve(listener, aws);
    running.clusters(&cast, &mut ports).await?;
    running.platforms(&cast, &mut ports).await?;
    Ok(running)
}

/// Who is served, in the order of their ports.
struct Cast {
    region: String,
    clusters: Vec<(String, Platform)>,
    /// Clusters whose Kubernetes API can be reached.
    reachable: Vec<String>,
    azure: Vec<String>,
    ray: Vec<RayFile>,
    modelarts: Vec<String>,
    gateway: Vec<String>,
    /// Whether nobody listens where the operators, and the Kubernetes APIs, are said to be.
    down: (bool, bool),
}

impl Cast {
    fn of(world: &World) -> Self {
        Self {
            region: world.account.region.clone(),
            clusters: world.clusters.iter().map(|cluster| (cluster.name.clone(), cluster.platform)).collect(),
            reachable: world.clusters.iter().filter(|cluster| cluster.kubernetes).map(|cluster| cluster.name.clone()).collect(),
            azure: world.azure.iter().map(|workspace| workspace.name.clone()).collect(),
            ray: world.ray.clone(),
            modelarts: world.modelarts.iter().map(|project| project.name.clone()).collect(),
            gateway: world.gateway.iter().map(|gateway| gateway.name.clone()).collect(),
            down: (world.faults.operator == OperatorFault::Down, world.faults.kubernetes.down),
        }
    }
}

/// The ports, one after the other; zero leaves the choice to the system each time.
struct Ports(u16);

impl Ports {
    /// A listener on the first port.
    async fn first(&self) -> Result<Listener, SimError> {
        let port = self.0;
        let unusable = |why| SimError::Port { port, why };
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(unusable)?;
        let address = socket.local_addr().map_err(unusable)?;
        Ok(Listener { socket, address })
    }

    /// A listener on the port after the last one.
    async fn next(&mut self) -> Result<Listener, SimError> {
        self.0 = if self.0 == 0 { 0 } else { self.0.saturating_add(1) };
        self.first().await
    }
}

/// A port that is taken. Dropped, its address is known and nobody listens there.
struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

/// A scenario that is being served; dropping it ends that.
#[derive(Debug)]
pub struct Running {
    world: SharedWorld,
    aws: SocketAddr,
    /// Contexts in their order, with the operator's address where there is an operator.
    operators: Vec<(String, Option<SocketAddr>)>,
    /// Kubernetes APIs by the cluster's name.
    kubernetes: BTreeMap<String, SocketAddr>,
    azure: Vec<(String, SocketAddr)>,
    ray: Vec<ContextConfig>,
    modelarts: Vec<(String, SocketAddr)>,
    gateway: Vec<ContextConfig>,
    region: String,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Running {
    fn new(world: SharedWorld, region: String) -> Self {
        Self {
            world,
            aws: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            operators: Vec::new(),
            kubernetes: BTreeMap::new(),
            azure: Vec::new(),
            ray: Vec::new(),
            modelarts: Vec::new(),
            gateway: Vec::new(),
            region,
            stop: CancellationToken::new(),
            tasks: JoinSet::new(),
        }
    }

    fn serve(&mut self, listener: Listener, router: Router) -> SocketAddr {
        let stop = self.stop.clone().cancelled_owned();
        self.tasks.spawn(async move {
            // Serving ends only by the stop signal; the accept loop survives errors by itself.
            let _ended = axum::serve(listener.socket, router).with_graceful_shutdown(stop).await;
        });
        listener.address
    }

    /// The operators, then the Kubernetes APIs.
    async fn clusters(&mut self, cast: &Cast, ports: &mut Ports) -> Result<(), SimError> {
        let (no_operator, no_kubernetes) = cast.down;
        for (name, platform) in &cast.clusters {
            if *platform == Platform::Kubernetes {
                self.operators.push((name.clone(), None));
                continue;
            }
            let listener = ports.next().await?;
            let router = cortex::router(self.world.clone(), name);
            let address = if no_operator { listener.address } else { self.serve(listener, router) };
            self.operators.push((name.clone(), Some(address)));
        }
        for name in &cast.reachable {
            let listener = ports.next().await?;
            let router = kubernetes::router(Arc::new(kubernetes::WorldBacking::new(self.world.clone(), name)));
            let address = if no_kubernetes { listener.address } else { self.serve(listener, router) };
            self.kubernetes.insert(name.clone(), address);
        }
        Ok(())
    }

    /// Managed platforms, each workspace, cluster or project on a port of its own.
    async fn platforms(&mut self, cast: &Cast, ports: &mut Ports) -> Result<(), SimError> {
        for name in &cast.azure {
            let listener = ports.next().await?;
            let address = self.serve(listener, azure::router(self.world.clone(), name));
            self.azure.push((name.clone(), address));
        }
        for file in &cast.ray {
            let listener = ports.next().await?;
            let address = self.serve(listener, ray::router(self.world.clone(), &file.name));
            self.ray.push(ray::context(file, address));
        }
        for name in &cast.modelarts {
            let listener = ports.next().await?;
            let address = self.serve(listener, modelarts::router(self.world.clone(), name));
            self.modelarts.push((name.clone(), address));
        }
        for name in &cast.gateway {
            let listener = ports.next().await?;
            let address = self.serve(listener, gateway::router(self.world.clone(), name));
            self.gateway.push(gateway::context(name, address));
        }
        Ok(())
    }

    /// The world behind it, for those who want to look without the wire.
    pub fn world(&self) -> &SharedWorld {
        &self.world
    }

    /// Where the AWS services answer.
    pub fn aws_endpoint(&self) -> String {
        format!("http://{}", self.aws)
    }

    /// Where the Kubernetes API of a cluster answers, if it can be reached.
    pub fn kubernetes_endpoint(&self, cluster: &str) -> Option<String> {
        self.kubernetes.get(cluster).map(|address| format!("http://{address}"))
    }

    /// The region the world is in.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The contexts that point at it.
    pub fn contexts(&self) -> Vec<ContextConfig> {
        let context = |(name, operator): &(String, Option<SocketAddr>)| ContextConfig {
            name: name.clone(),
            platform: if operator.is_some() { "cortex" } else { "kubernetes" }.to_owned(),
            endpoint: operator.map(|address| format!("http://{address}")),
            aws: Some(AwsConfig {
                region: Some(self.region.clone()),
                endpoint_url: Some(self.aws_endpoint()),
                simulated_credentials: true,
                ..AwsConfig::default()
            }),
            kubernetes: self
                .kubernetes_endpoint(name)
                .map(|endpoint| KubernetesConfig { endpoint_url: Some(endpoint), ..Default::default() }),
            ..ContextConfig::default()
        };
        let workspaces = self.azure.iter().map(|(name, address)| azure::context(name, *address));
        let projects = self.modelarts.iter().map(|(name, address)| modelarts::context(name, *address));
        self.operators
            .iter()
            .map(context)
            .chain(workspaces)
            .chain(self.ray.iter().cloned())
            .chain(projects)
            .chain(self.gateway.iter().cloned())
            .collect()
    }

    /// A configuration file that points at it.
    pub fn config_toml(&self) -> String {
        render(&self.contexts())
    }

    /// Stops listening, and waits a moment for answers under way.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        within(Duration::from_millis(300), ended).await;
    }
}

/// Waits at most so long; what still runs then is dropped with its owner.
async fn within(limit: Duration, work: impl Future<Output = ()>) {
    let _late = tokio::time::timeout(limit, work).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_suggested() {
        let problem = load("stuck-gpu-qota").unwrap_err();
        assert!(problem.hint.unwrap_or_default().contains("did you mean `stuck-gpu-quota`"));
    }

    #[tokio::test]
    async fn every_cluster_gets_a_context_that_points_at_it() {
        let running = start("bad-day", Options::default()).await.unwrap();
        let names: Vec<String> = running.contexts().into_iter().map(|context| context.name).collect();
        assert_eq!(names, ["prod", "staging", "serving", "mlw-prod", "lab", "inference", "compute"]);
        let parsed: toml::Table = running.config_toml().parse().unwrap();
        assert!(parsed.contains_key("contexts"));
        let endpoints = running.contexts().into_iter().filter_map(|context| context.kubernetes?.endpoint_url);
        assert_eq!(endpoints.collect::<std::collections::BTreeSet<_>>().len(), 3, "each its own Kubernetes API");
        running.stop().await;
        let running = start("operator-down", Options::default()).await.unwrap();
        assert_eq!(running.kubernetes_endpoint("prod"), None, "not everybody reaches the cluster");
        running.stop().await;
    }
}
