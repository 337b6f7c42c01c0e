//! `/api/v0/logs/file`: plain text from Ray 2.45 on; before, each chunk begins with a `1` for data
//! or a `0` for an error.

use axum::http::StatusCode;

use super::serve::{log_path, replicas};
use super::{Answer, Look};

pub(super) fn file(look: &Look<'_>) -> Answer {
    let framed = !look.since(45);
    let Some(wanted) = look.asked("filename").filter(|_| look.asked("node_id").is_some()) else {
        return Answer::Text(StatusCode::INTERNAL_SERVER_ERROR, "500 Internal Server Error\n\nServer got itself in trouble".to_owned());
    };
    let keep = look.asked("lines").and_then(|lines| lines.parse::<usize>().ok()).unwrap_or(1_000);
    match lines(look, wanted) {
        Some(lines) => {
            let kept = lines.get(lines.len().saturating_sub(keep)..).unwrap_or_default().join("\n");
            Answer::Text(StatusCode::OK, if framed { format!("1{kept}\n") } else { format!("{kept}\n") })
        }
        None if framed => Answer::Text(StatusCode::OK, format!("0A file is not found at: /tmp/ray/session/logs/{wanted}")),
        None => Answer::Text(StatusCode::INTERNAL_SERVER_ERROR, format!("A file is not found at: /tmp/ray/session/logs/{wanted}")),
    }
}

fn lines(look: &Look<'_>, wanted: &str) -> Option<Vec<String>> {
    for app in &look.ray.app {
        for deployment in &app.deployment {
            let own = replicas(look, app, deployment).into_iter().filter(|replica| replica.node.is_some()).map(|replica| replica.id);
            let dead = deployment.death.iter().map(|_| "dead0001".to_owned());
            for id in own.chain(dead) {
                if log_path(app, deployment, &id).trim_start_matches('/') == wanted {
                    let at = look.world.stamp(app.at.0 + 4).strftime("%Y-%m-%d %H:%M:%S,000").to_string();
                    let head = format!("INFO {at} {}_{} {id} -- Replica starting.", app.name, deployment.name);
                    return Some(std::iter::once(head).chain(deployment.log.iter().cloned()).collect());
                }
            }
        }
    }
    None
}
