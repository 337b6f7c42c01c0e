//! Filling `{placeholders}` of remedies with what is known about the case.
//!
//! The values come from outside and land in a line that a person pastes into a shell, so in
//! commands they are quoted unless they are plainly harmless.

/// Fills prose: values as they are.
pub(super) fn text(template: &str, fill: &[(&str, &str)]) -> String {
    replace(template, |name| value(name, fill).map_or_else(|| format!("<{name}>"), str::to_owned))
}

/// Fills a command: values quoted, context options expanded.
pub(super) fn command(template: &str, fill: &[(&str, &str)]) -> String {
    replace(template, |name| match name {
        "aws" => [Some(option("--region", "region", fill)), known("--profile", "profile", fill)]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" "),
        "az" => [
            Some(option("--resource-group", "resource_group", fill)),
            Some(option("--workspace-name", "workspace", fill)),
            known("--subscription", "subscription", fill),
        ]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" "),
        // The key stays in the environment of the person's shell: it is never written into a command.
        "gateway" => format!("-sS -H \"Authorization: Bearer $GATEWAY_KEY\" {}", argument("base_url", fill)),
        "kube" => option("--context", "kube_context", fill),
        "env" => option("--env", "env", fill),
        _ => argument(name, fill),
    })
}

fn value<'a>(name: &str, fill: &[(&str, &'a str)]) -> Option<&'a str> {
    fill.iter().find(|(key, _)| *key == name).map(|(_, value)| *value).filter(|value| !value.is_empty())
}

fn option(flag: &str, name: &str, fill: &[(&str, &str)]) -> String {
    format!("{flag} {}", argument(name, fill))
}

/// The option only if its value is known: most people have no named profile.
fn known(flag: &str, name: &str, fill: &[(&str, &str)]) -> Option<String> {
    value(name, fill).map(|_| option(flag, name, fill))
}

/// A value as one shell word. One that would be read as an option is not filled in at all.
fn argument(name: &str, fill: &[(&str, &str)]) -> String {
    match value(name, fill) {
        Some(value) if !value.starts_with('-') => quoted(value),
        _ => format!("<{name}>"),
    }
}

fn quoted(value: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "._:/@%+=,-".contains(c);
    if value.chars().all(harmless) { value.to_owned() } else { format!("'{}'", value.replace('\'', r"'\''")) }
}

/// Replaces every `{name}`; braces that hold anything else (JSON paths, curl's `%{…}`) stay.
fn replace(template: &str, with: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        match after.split_once('}') {
            Some((name, behind)) if !before.ends_with('%') && is_name(name) => {
                out.push_str(&with(name));
                rest = behind;
            }
            _ => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_are_filled_and_unknown_ones_named() {
        let fill = [("asg", "workers-gpu"), ("region", "eu-west-1")];
        assert_eq!(
            command("aws x --name {asg} --id {instance} {aws}", &fill),
            "aws x --name workers-gpu --id <instance> --region eu-west-1"
        );
        assert_eq!(text("the group {asg} of {cluster}", &fill), "the group workers-gpu of <cluster>");
        assert_eq!(command("k {kube}", &[("kube_context", "prod")]), "k --context prod");
        assert_eq!(command("az x {az}", &[("workspace", "ml")]), "az x --resource-group <resource_group> --workspace-name ml");
        assert_eq!(
            command("curl {gateway}/api/health", &[("base_url", "https://gw.example")]),
            "curl -sS -H \"Authorization: Bearer $GATEWAY_KEY\" https://gw.example/api/health"
        );
    }

    #[test]
    fn values_cannot_leave_their_word() {
        assert_eq!(command("rm {name}", &[("name", "a b'; reboot")]), r"rm 'a b'\''; reboot'");
        assert_eq!(command("rm {name}", &[("name", "--all")]), "rm <name>");
        assert_eq!(command("rm {name}", &[("name", "{asg}"), ("asg", "x")]), "rm '{asg}'");
    }

    #[test]
    fn other_braces_stay() {
        let query = "curl -w '%{http_code}' -o jsonpath='{.status.ready}' --query 'A[].{n:Name}'";
        assert_eq!(command(query, &[("http_code", "1")]), query);
    }
}
