//! Wordings that more than one cause shares, and what tells them apart. Those that need a cluster
//! to tell stand with the rules that read it; these are told by the words around them.

use crate::explain::signature::{Field, Hints, classify, classify_log};

fn event(text: &str) -> String {
    let found = classify(text, &Hints::platform("kubernetes"));
    found.cause.map(|cause| cause.0).unwrap_or_default()
}

fn log(text: &str) -> String {
    let found = classify_log(text, &Hints::field("kubernetes", Field::LogLine));
    found.and_then(|(found, _)| found.cause).map(|cause| cause.0).unwrap_or_default()
}

#[test]
fn umbrellas_step_back_behind_the_line_above_them() {
    let engine = "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}";
    assert_eq!(log(engine), "kubernetes/app-engine-init-failed");
    let memory = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.16 GiB. GPU 0 has a total capacity of 14.58 GiB";
    assert_eq!(log(&format!("{memory}\n{engine}\n")), "kubernetes/app-cuda-oom");
    let ranks = "ncclSystemError: System call (e.g. socket, malloc) or external library call failed or device error.";
    let shared = "NCCL WARN Error while creating shared memory segment /dev/shm/nccl-x (size 9637888), error: No space left on device";
    assert_eq!(log(ranks), "kubernetes/app-nccl");
    assert_eq!(log(&format!("{shared}\n{ranks}\n")), "kubernetes/app-shm");
}

#[test]
fn an_empty_model_folder_of_kserve_is_no_wrong_path() {
    assert_eq!(
        log("FileNotFoundError: [Errno 2] No such file or directory: '/mnt/models/config.json'"),
        "kubernetes/kserve-storage-not-injected"
    );
    assert_eq!(log("FileNotFoundError: [Errno 2] No such file or directory: '/srv/models/config.json'"), "kubernetes/app-model-missing");
}

#[test]
fn a_digest_that_the_controller_cannot_look_up_is_no_failed_pull() {
    let text = "Revision \"x-00001\" failed with message: failed to resolve image to digest: Get \"https://registry.example/v2/\": x509: certificate signed by unknown authority";
    assert!(event(text).starts_with("kubernetes/knative-"), "{}", event(text));
    assert_eq!(event("Failed to pull image \"acme/x:1\": x509: certificate signed by unknown authority"), "kubernetes/image-tls");
}

#[test]
fn an_address_that_is_missing_is_a_matter_of_the_network_not_of_the_image() {
    let text = "plugin type=\"aws-cni\" name=\"aws-cni\" failed (add): add cmd: failed to assign an IP address to container";
    assert_eq!(event(text), "kubernetes/net-ip-exhausted");
}
