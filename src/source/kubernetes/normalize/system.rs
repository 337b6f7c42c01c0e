//! Namespaces that run the cluster itself. Their workloads are not shown unless somebody names the
//! namespace in the configuration; their pods are tenants of nodes all the same.

/// Namespaces of Kubernetes and of widespread add-ons, under their usual names.
const NAMESPACES: [&str; 48] = [
    "amazon-cloudwatch",
    "amazon-guardduty",
    "argo-rollouts",
    "argocd",
    "aws-observability",
    "calico-apiserver",
    "calico-system",
    "cert-manager",
    "cilium",
    "external-secrets",
    "flux-system",
    "gatekeeper-system",
    "gmp-public",
    "gmp-system",
    "gpu-operator",
    "ingress-nginx",
    "istio-ingress",
    "istio-system",
    "karpenter",
    "keda",
    "knative-eventing",
    "knative-operator",
    "knative-serving",
    "kourier-system",
    "kserve",
    "kube-node-lease",
    "kube-public",
    "kube-system",
    "kuberay",
    "kuberay-operator",
    "kuberay-system",
    "kubernetes-dashboard",
    "kueue-system",
    "kyverno",
    "linkerd",
    "local-path-storage",
    "logging",
    "longhorn-system",
    "lws-system",
    "metallb-system",
    "monitoring",
    "node-feature-discovery",
    "nvidia-gpu-operator",
    "opentelemetry",
    "prometheus",
    "rook-ceph",
    "tigera-operator",
    "velero",
];

/// What namespaces of distributions begin with.
const PREFIXES: [&str; 3] = ["gke-managed-", "kube-", "openshift-"];

/// Whether a namespace runs the cluster itself.
pub fn is_system(namespace: &str) -> bool {
    NAMESPACES.contains(&namespace) || PREFIXES.iter().any(|prefix| namespace.starts_with(prefix))
}
