//! From the cluster's objects to the common vocabulary. Pure: stores in, views out.
//!
//! Nothing here asks anything. What could not be listed is an empty store, and the result says as
//! much as the rest allows.

use crate::domain::text::Text;
use crate::domain::time::Timestamp;
use crate::source::kubernetes::Adoption;
use crate::source::kubernetes::objects::Selector;

/// What a person and the platform above chose to look at.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The configured context.
    pub context: Text,
    /// The kubeconfig context, for commands a person could type; `None` without kubeconfig.
    pub kubectl_context: Option<Text>,
    /// The platform whose objects these are; `None` where Kubernetes itself is the platform.
    pub adoption: Option<Adoption>,
    /// Which workloads are shown, by their labels.
    pub selector: Selector,
    /// Namespaces whose workloads are shown; empty for all but those of the cluster itself.
    pub namespaces: Vec<Text>,
    /// The present.
    pub now: Timestamp,
}
