//! Lines that tell of no trouble by their form, whatever words stand in them: samples of metrics that
//! count nothing, the comments between them, and what a model answered, which may speak of anything.
//! Anything else is left to the signatures.

/// Whether a line is such a line.
pub(super) fn tells_nothing(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("# HELP ") || text.starts_with("# TYPE ") || counts_nothing(text) || is_an_answer(text)
}

/// Whether it is what a model answered, in the form that model servers share: its words are the model's.
fn is_an_answer(text: &str) -> bool {
    let Some((_, object)) = text.split_once("\"object\"").filter(|_| text.starts_with('{') || text.starts_with("data: {")) else {
        return false;
    };
    let kind = object.trim_start_matches([' ', ':', '"']);
    (kind.starts_with("chat.completion") || kind.starts_with("text_completion"))
        && text.contains("\"choices\"")
        && !text.contains("\"error\"")
}

/// Whether it is a sample `name{label="value"} 0`, with or without the time behind it.
fn counts_nothing(text: &str) -> bool {
    let timed = text.rsplit_once(' ').filter(|(sample, time)| sample.contains(' ') && time.bytes().all(|byte| byte.is_ascii_digit()));
    is_nought(text) || timed.is_some_and(|(sample, _)| is_nought(sample))
}

fn is_nought(sample: &str) -> bool {
    let Some((series, "0" | "0.0")) = sample.rsplit_once(' ') else { return false };
    let name = series.split('{').next().unwrap_or_default();
    let closed = series.ends_with('}') || series.len() == name.len();
    closed && name.contains('_') && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_samples_of_nothing_are_left_out() {
        for line in [
            "restarts_total{reason=\"OOMKilled\"} 0",
            "xid_errors 0.0",
            "oom_total{a=\"b c\"} 0 1715000000000",
            "# HELP xid_errors Value of the last XID error.",
            r#"{"id":"c-1","object":"chat.completion","choices":[{"message":{"content":"CUDA out of memory means …"}}]}"#,
            r#"data: {"id": "c-1", "object": "chat.completion.chunk", "choices": [{"delta": {"content": "OOMKilled"}}]}"#,
        ] {
            assert!(tells_nothing(line), "{line}");
        }
        for line in [
            "restarts_total{reason=\"OOMKilled\"} 2",
            "OOMKilled 0",
            "CUDA out of memory. GPU 0",
            "",
            "# out of memory",
            r#"{"object":"error","message":"CUDA out of memory"}"#,
        ] {
            assert!(!tells_nothing(line), "{line}");
        }
    }
}
