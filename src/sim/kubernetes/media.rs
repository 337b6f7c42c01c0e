//! The form in which a client wants its answer.

use axum::http::{HeaderMap, header};

use super::options::Query;
use super::status::Refusal;

/// How objects are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As they are.
    Whole,
    /// Only their metadata.
    Metadata,
    /// As rows for people.
    Table(Rows),
}

/// What comes along with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// Nothing.
    Bare,
    /// The object's metadata.
    WithMetadata,
    /// The whole object.
    WithObject,
}

impl Form {
    /// Reads the `Accept` header: the first form of it that is known.
    pub(super) fn read(headers: &HeaderMap, query: &Query) -> Result<Self, Refusal> {
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if accept.trim().is_empty() {
            return Ok(Self::Whole);
        }
        let rows = match query.get("includeObject").map(String::as_str) {
            Some("None") => Rows::Bare,
            Some("Object") => Rows::WithObject,
            _ => Rows::WithMetadata,
        };
        accept.split(',').find_map(|clause| clause_form(clause, rows)).ok_or_else(Refusal::not_acceptable)
    }
}

fn clause_form(clause: &str, rows: Rows) -> Option<Form> {
    let mut parts = clause.split(';').map(str::trim);
    let media = parts.next()?;
    if !["application/json", "application/*", "*/*"].contains(&media) {
        return None;
    }
    let parameters: Vec<(&str, &str)> = parts.filter_map(|part| part.split_once('=')).collect();
    let of = |name: &str| parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    match of("as") {
        None => Some(Form::Whole),
        Some(_) if of("g") != Some("meta.k8s.io") || of("v") != Some("v1") => None,
        Some("Table") => Some(Form::Table(rows)),
        Some("PartialObjectMetadata" | "PartialObjectMetadataList") => Some(Form::Metadata),
        Some(_) => None,
    }
}

/// Whether a client asks for the aggregated discovery, in which version of it.
pub(super) fn aggregated(headers: &HeaderMap) -> Option<&'static str> {
    let accept = headers.get(header::ACCEPT)?.to_str().ok()?;
    let first = accept.split(',').next()?.replace(' ', "");
    let wanted = first.starts_with("application/json;") && first.contains("as=APIGroupDiscoveryList");
    match (wanted, first.contains("v=v2beta1")) {
        (false, _) => None,
        (true, true) => Some("v2beta1"),
        (true, false) => Some("v2"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_known_form_is_taken() {
        let form = |accept: &str| {
            let headers = HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]);
            Form::read(&headers, &Query::new())
        };
        let kubectl = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
        assert_eq!(form(kubectl).unwrap(), Form::Table(Rows::WithMetadata));
        assert_eq!(form("application/vnd.kubernetes.protobuf,application/json").unwrap(), Form::Whole);
        assert_eq!(form("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1").unwrap(), Form::Metadata);
        assert_eq!(form("*/*").unwrap(), Form::Whole);
        assert_eq!(form("text/html").unwrap_err().status.as_u16(), 406);
    }
}
