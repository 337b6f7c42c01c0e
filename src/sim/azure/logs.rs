//! What getLogs gives out: the state of an instance, the events of its containers, their lines.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::scenario::{AzureDeploymentFile, AzureLogWord};
use super::{Answer, Look};

pub(super) fn answer(look: &Look<'_>, deployment: &AzureDeploymentFile, body: &[u8]) -> Answer {
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let container = asked.get("containerType").and_then(Value::as_str).unwrap_or("InferenceServer");
    let tail = asked.get("tail").and_then(Value::as_u64).and_then(|tail| usize::try_from(tail).ok()).unwrap_or(usize::MAX);
    let content = match container {
        "InferenceServer" => inference(look, deployment),
        "StorageInitializer" => initializer(look, deployment),
        other => {
            let message = format!("Invalid container type '{other}'.");
            return (StatusCode::BAD_REQUEST, json!({ "error": { "code": "BadRequest", "message": message } }));
        }
    };
    let lines: Vec<&str> = content.lines().collect();
    let kept = lines.get(lines.len().saturating_sub(tail)..).unwrap_or_default().join("\n");
    (StatusCode::OK, json!({ "content": kept }))
}

const WITHHELD: &str = "Deployment is in deleting or creating state so logs can't be retrieved.";
const NONE: &str = "There are no logs for this deployment at the moment.";

/// The block that stands above every log.
fn block(look: &Look<'_>, deployment: &AzureDeploymentFile, states: [&str; 4], events: &[(i64, &str, &str, &str)], lines: &str) -> String {
    let names = ["SystemSetup", "UserContainerImagePull", "ModelDownload", "UserContainerStart"];
    let states: Vec<String> = names.iter().zip(states).map(|(name, state)| format!("{name}: {state}")).collect();
    let events: Vec<String> = events
        .iter()
        .map(|(after, name, kind, message)| {
            let at = look.world.stamp(deployment.at.0 + after).strftime("%Y-%m-%dT%H:%M:%S.100000Z").to_string();
            format!("Kind: Pod, Name: {name}, Type: {kind}, Time: {at}, Message: {message}")
        })
        .collect();
    format!("Instance status:\n{}\n\nContainer events:\n{}\n\nContainer logs:\n{lines}\n", states.join("\n"), events.join("\n"))
}

const STARTED: [(i64, &str, &str, &str); 5] = [
    (90, "Pulling", "Normal", "Start pulling container image"),
    (91, "Downloading", "Normal", "Start downloading models"),
    (180, "Pulled", "Normal", "Container image is pulled successfully"),
    (181, "Downloaded", "Normal", "Models are downloaded successfully or no model need to download"),
    (182, "Started", "Normal", "Started container inference-server"),
];

fn inference(look: &Look<'_>, deployment: &AzureDeploymentFile) -> String {
    let at = |after: i64| look.world.stamp(deployment.at.0 + after).strftime("%Y-%m-%d %H:%M:%S,000").to_string();
    let done = ["Succeeded"; 4];
    let starting = ["Succeeded", "Succeeded", "Succeeded", "InProgress"];
    match deployment.log {
        AzureLogWord::Withheld => WITHHELD.to_owned(),
        AzureLogWord::Nothing => NONE.to_owned(),
        AzureLogWord::Downloading => {
            let events = STARTED.get(..3).unwrap_or_default();
            block(look, deployment, ["InProgress", "Succeeded", "InProgress", "Waiting"], events, "+ ./mir-imagefetcher")
        }
        AzureLogWord::DownloadFails => {
            let failed = "Model download failed, retrying. Please check storage-initializer log for detail.";
            let events: Vec<_> = (0..6).map(|n| (200 + 15 * n, "DownloadFailed", "Warning", failed)).collect();
            block(look, deployment, ["InProgress", "Succeeded", "InProgress", "Waiting"], &events, "+ ./mir-imagefetcher")
        }
        AzureLogWord::Serving => {
            let lines = format!(
                "{} I [12] azmlinfsrv - Users's init has completed successfully\n{} I [12] azmlinfsrv - Worker with pid 12 ready for serving traffic",
                at(200),
                at(201)
            );
            block(look, deployment, done, &STARTED, &lines)
        }
        AzureLogWord::MissingPackage => block(look, deployment, starting, &STARTED, &missing_package(&at(190))),
        AzureLogWord::RaisesOnScore => block(look, deployment, done, &STARTED, &raises(&at(200), &at(400))),
    }
}

fn missing_package(at: &str) -> String {
    format!(
        "Azure ML Inferencing HTTP server v1.5.1
{at} I [18409] gunicorn.error - Booting worker with pid: 18410
{at} E [18410] azmlinfsrv - Traceback (most recent call last):
  File \"/azureml-envs/env/lib/python3.11/site-packages/azureml_inference_server_http/server/user_script.py\", line 77, in load_script
    main_module_spec.loader.exec_module(user_module)
  File \"/var/azureml-app/onlinescoring/score.py\", line 2, in <module>
    import lightgbm as lgb
ModuleNotFoundError: No module named 'lightgbm'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File \"/azureml-envs/env/lib/python3.11/site-packages/azureml_inference_server_http/server/user_script.py\", line 79, in load_script
    raise UserScriptImportException(ex) from ex
azureml_inference_server_http.server.user_script.UserScriptImportException: Failed to import user script because it raised an unhandled exception

{at} E [18409] gunicorn.error - Worker (pid:18410) exited with code 3.
{at} E [18409] gunicorn.error - Reason: Worker failed to boot."
    )
}

fn raises(started: &str, asked: &str) -> String {
    format!(
        "{started} I [12] azmlinfsrv - Users's init has completed successfully
{asked} E [12] azmlinfsrv - Encountered Exception: Traceback (most recent call last):
  File \"/azureml-envs/env/lib/python3.11/site-packages/azureml_inference_server_http/server/user_script.py\", line 132, in invoke_run
    run_output = self._wrapped_user_run(request_obj, **run_parameters)
  File \"/var/azureml-app/onlinescoring/score.py\", line 21, in run
    return model.predict(rows[\"features\"])
KeyError: 'features'
{asked} I [12] gunicorn.access - POST /score 500 2.536ms 92"
    )
}

fn initializer(look: &Look<'_>, deployment: &AzureDeploymentFile) -> String {
    match deployment.log {
        AzureLogWord::Withheld => WITHHELD.to_owned(),
        AzureLogWord::Nothing => NONE.to_owned(),
        AzureLogWord::DownloadFails => {
            let line = "azure.core.exceptions.ResourceNotFoundError: The specified blob does not exist. ErrorCode:BlobNotFound";
            block(look, deployment, ["InProgress", "Succeeded", "InProgress", "Waiting"], &[], line)
        }
        _ => block(look, deployment, ["Succeeded"; 4], &STARTED, "storage-initializer done"),
    }
}
