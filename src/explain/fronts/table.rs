//! The table itself: who answers what, after how long, in which words.

use super::Cloud::{Aws, Azure, Gcp, Huawei};
use super::{Cloud, Front};

const fn front(who: &'static str, codes: &'static [u16], says: &'static str) -> Front {
    Front { who, cloud: None, platforms: &[], codes, seconds: None, fixed: false, body: &[], says }
}

impl Front {
    const fn on(self, cloud: Cloud) -> Self {
        Self { cloud: Some(cloud), ..self }
    }
    const fn of(self, platforms: &'static [&'static str]) -> Self {
        Self { platforms, ..self }
    }
    const fn after(self, seconds: f64) -> Self {
        Self { seconds: Some(seconds), ..self }
    }
    const fn always_after(self, seconds: f64) -> Self {
        Self { seconds: Some(seconds), fixed: true, ..self }
    }
    const fn writes(self, body: &'static [&'static str]) -> Self {
        Self { body, ..self }
    }
}

/// Everything in front that is known. Those of one cloud or platform stand before those of all.
pub(super) const FRONTS: &[Front] = &[
    // Amazon Web Services
    front("API Gateway (REST)", &[504], "waits 29 s for what is behind it; the program may still be at work. Answer asynchronously, or have the quota raised (regional and private APIs only)")
        .on(Aws)
        .of(&["aws", "cortex", "kubernetes", "gateway"])
        .after(29.0)
        .writes(&["endpoint request timed out"]),
    front("API Gateway (HTTP API)", &[503, 504], "waits 30 s at most (29 s as Cortex sets it) and that cannot be raised; its 503 \"Service Unavailable\" then means slow, not down")
        .on(Aws)
        .of(&["aws", "cortex", "kubernetes", "gateway"])
        .always_after(29.5)
        .writes(&["{\"message\":\"service unavailable\"}", "{\"message\": \"service unavailable\"}"]),
    front("API Gateway", &[413], "takes bodies of up to 10 MB: send a reference to an object instead")
        .on(Aws)
        .of(&["aws", "cortex", "kubernetes", "gateway"])
        .writes(&["request too long", "\"message\":\"request entity too large", "\"message\": \"request entity too large"]),
    front("API Gateway", &[429], "10,000 requests a second for the account and region (5,000 at once) unless the stage or a usage plan allows less")
        .on(Aws)
        .of(&["aws", "cortex", "kubernetes", "gateway"])
        .writes(&["{\"message\":\"too many requests\"}", "{\"message\": \"too many requests\"}", "limit exceeded", "rate exceeded"]),
    front("API Gateway", &[404], "has no route for that method and path; a REST API says \"Missing Authentication Token\" with 403 instead")
        .on(Aws)
        .of(&["aws", "cortex", "kubernetes", "gateway"])
        .writes(&["{\"message\":\"not found\"}", "{\"message\": \"not found\"}"]),
    front("API Gateway", &[500, 502], "the integration failed or answered in a form the gateway cannot use: its execution log says which")
        .on(Aws)
        .of(&["aws", "cortex", "kubernetes", "gateway"])
        .writes(&["{\"message\": \"internal server error\"}", "{\"message\":\"internal server error\"}"]),
    front("application load balancer", &[504], "nothing moved on the connection for 60 s (idle time-out, 1 to 4,000 s): raise it, or send something earlier")
        .on(Aws)
        .of(&["aws", "cortex", "kubernetes", "gateway"])
        .after(60.0),
    front("application load balancer of Anyscale", &[504], "nothing moved on the connection for 300 s, the idle time-out that Anyscale sets on AWS")
        .on(Aws)
        .of(&["anyscale"])
        .after(300.0),
    front("application load balancer", &[504], "no connection to a target within 10 s: a security group, a subnet's rules, or a target whose queue is full")
        .on(Aws)
        .after(10.0),
    front("application load balancer", &[502], "the target closed a connection that was used again: its keep-alive must outlast the idle time-out (60 s unless set, 300 s with Anyscale); or it sent what is not HTTP")
        .on(Aws)
        .writes(&["awselb", "<center><h1>502 bad gateway</h1></center> </body>"]),
    front("load balancer", &[503], "no target is registered, or the target group is empty; with targets that are all unhealthy it tries them anyway")
        .on(Aws)
        .writes(&["awselb", "<center><h1>503 service temporarily unavailable</h1></center> </body>"]),
    front("load balancer", &[408], "the caller sent nothing for the idle time-out (60 s unless set)").on(Aws).after(60.0),
    front("application load balancer", &[413], "takes 1 MB for a function as target and any size otherwise: look for a limit further in").on(Aws),
    front("network load balancer", &[502, 504], "forgets a TCP connection on which nothing moved for 350 s (60 to 6,000 s; fixed for TLS) and answers nothing itself: keep-alives from the client side help")
        .on(Aws)
        .after(350.0),
    // Azure
    front("managed online endpoint", &[408], "waits 5 s unless request_timeout_ms says more, 180 s at most: raise it, or make scoring quicker")
        .on(Azure)
        .of(&["azure"])
        .after(5.0)
        .writes(&["upstream request timeout"]),
    front("managed online endpoint", &[408, 504], "waits no longer than 180 s, whatever is set: longer work belongs into a batch endpoint").on(Azure).of(&["azure"]).always_after(180.0),
    front("router of attached Kubernetes", &[504], "waits 5 s unless set and 300 s at most").on(Azure).of(&["azure"]).after(300.0),
    front("managed online endpoint", &[424], "the container answered with something else than 200: header ms-azureml-model-error-statuscode has its code, the container's log the reason").on(Azure).of(&["azure"]),
    front("managed online endpoint", &[429], "holds 2 x max_concurrent_requests_per_instance x instances requests at a time (two, with the defaults and one instance)").on(Azure).of(&["azure"]),
    front("managed online endpoint", &[413], "the body is over the endpoint's limit: pass a reference to a blob instead").on(Azure).of(&["azure"]),
    front("application gateway", &[504], "waits 20 s for its backend unless the backend setting says more").on(Azure).after(20.0),
    front("application gateway", &[502], "no backend is healthy, or none answered within the backend setting's time (20 s unless set)")
        .on(Azure)
        .writes(&["microsoft-azure-application-gateway"]),
    front("load balancer", &[408, 502, 504], "forgets a connection on which nothing moved for 4 minutes (set per rule) and answers nothing itself").on(Azure).after(240.0),
    // Google Cloud
    front("load balancer", &[502, 504], "waits 30 s for the whole answer unless the backend service says more (timeoutSec)").on(Gcp).of(&["kubernetes", "gateway"]).after(30.0),
    front("load balancer of Anyscale", &[504], "600 s in all, the backend time-out that Anyscale sets on Google Cloud").on(Gcp).of(&["anyscale"]).after(600.0),
    front("load balancer", &[502], "keeps connections for 600 s, which cannot be changed: the program's keep-alive must be longer (620 s), or requests meet closed connections")
        .on(Gcp)
        .writes(&["the server encountered a temporary error and could not complete your request"]),
    // Huawei Cloud
    front("API gateway of ModelArts", &[408, 500, 503, 504], "waits 40 s over the whole way: a longer prediction has to be asynchronous").on(Huawei).of(&["modelarts"]).always_after(40.0),
    front("API gateway of ModelArts", &[413], "takes bodies of up to 12 MB (8 MB from the console's prediction tab)").on(Huawei).of(&["modelarts"]),
    front("API gateway of ModelArts", &[429], "a throttling policy was passed; the body names its figures (limit, time): slow down, or have the policy raised").on(Huawei).of(&["modelarts"]),
    front("API gateway of ModelArts", &[500, 502, 503], "the instance closed a connection that was used again: keep-alive of 200 s is advised, Gunicorn's own is 2 s")
        .on(Huawei)
        .of(&["modelarts"]),
    front("load balancer", &[504], "waits 60 s for an answer unless the listener's response time-out says more (1 to 300 s)").on(Huawei).after(60.0),
    // Ray Serve and Knative
    front("Ray Serve", &[408], "its own request_timeout_s passed; unset it waits for ever").of(&["anyscale"]).writes(&["timed out after"]),
    front("Ray Serve", &[503], "max_queued_requests of the deployment is reached, or the deployment failed to deploy").of(&["anyscale"]).writes(&["backpressure", "failed to deploy"]),
    front("Knative", &[502, 503, 504], "waking up from zero, or the queue of the replica is full; a request may take 300 s unless timeoutSeconds says more")
        .of(&["kubernetes"])
        .writes(&["activator", "queue-proxy", "pending request queue full"]),
    // Proxies that stand anywhere
    front("nginx", &[504], "waits 60 s between two reads unless proxy_read_timeout (proxy-read-timeout of the ingress) says more").after(60.0).writes(&["nginx"]),
    front("nginx", &[502], "nobody listens at the port, the program died with the request, or it closed a kept connection (nginx keeps 60 s)").writes(&["nginx"]),
    front("nginx", &[503], "the Service behind the ingress has no ready endpoint, or a limit of requests was reached").writes(&["nginx"]),
    front("nginx", &[413], "takes bodies of up to 1 MB unless client_max_body_size (proxy-body-size of the ingress) says more").writes(&["nginx"]),
    front("nginx", &[404], "no rule of the ingress fits that host and path (\"default backend - 404\"), or the program does not know the path").writes(&["nginx", "default backend - 404"]),
    front("nginx", &[408], "the caller sent nothing for 60 s (client_body_timeout)").after(60.0).writes(&["nginx"]),
    front("Envoy (Istio, Contour, Emissary)", &[504, 408], "the route's time passed: 15 s unless set, no limit by default in Istio")
        .after(15.0)
        .writes(&["upstream request timeout"]),
    front("Envoy", &[504, 408], "nothing moved on the stream for 300 s").after(300.0).writes(&["stream timeout"]),
    front("Envoy (Istio, Contour, Emissary)", &[503], "no replica is ready behind the name: look at the pods and their readiness probes").writes(&["no healthy upstream"]),
    front("Envoy (Istio, Contour, Emissary)", &[503], "the connection to the program failed or was cut before an answer: refused means that nothing listens, time-out means network or policy, reset after a while means that keep-alive is shorter than the proxy's, TLS means that one side speaks plain text")
        .writes(&["upstream connect error or disconnect/reset before headers", "upstream reset: ", "delayed connect error"]),
    front("Envoy", &[503], "a limit of connections or waiting requests was reached (circuit breaker, 1,024 unless set)").writes(&["reset reason: overflow", "upstream_overflow"]),
    front("Envoy", &[404], "no route for that host and path").writes(&["route_not_found"]),
    front("Envoy", &[413], "a filter that holds the whole body has a smaller buffer than the request").writes(&["payload too large"]),
    front("Envoy", &[429], "a rate limit of the proxy, local or shared").writes(&["local_rate_limited", "ratelimited"]),
    // What each code says wherever nobody signed
    front("route or program", &[404], "no route for that host or path, or the program does not know the path: the body tells whose 404 it is"),
    front("caller or server", &[408], "the caller was too slow to send, or the server's own time limit was reached"),
    front("limit of a body", &[413], "the request is larger than somebody on the way takes: 1 MB is nginx, 10 MB API Gateway, 12 MB ModelArts"),
    front("program behind a front", &[424], "the front passes on an error of the program: read the program's log"),
    front("limit of calls", &[429], "a limit of calls or of the queue was reached: slow down with growing pauses, or add replicas"),
    front("program", &[500], "the program raised and nothing caught it: its log has the traceback"),
    front("proxy before the program", &[502], "nobody listens at the port, the program died with the request, or its keep-alive is shorter than the proxy's"),
    front("proxy before the program", &[503], "no replica is ready behind the name, or a limit of connections was reached"),
    front("proxy before the program", &[504], "the program answered too late for one of those before it: the time it took tells which (15, 29, 30, 40, 60, 180, 300, 600 s)"),
];
