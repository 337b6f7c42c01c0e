//! The query protocol: a form comes in, XML goes out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Refusal;

/// The fields of a form.
#[derive(Clone, Debug, Default)]
pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    /// Reads a form body; what is not one has no fields.
    pub(super) fn read(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// One field.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A list: `Name.member.1`, `Name.member.2`, …
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        (1..).map_while(|index| self.get(&format!("{name}.member.{index}"))).collect()
    }

    /// Filters: a name and its values.
    pub(super) fn filters(&self) -> Vec<(&str, Vec<&str>)> {
        (1..)
            .map_while(|index| {
                let name = self.get(&format!("Filters.member.{index}.Name"))?;
                Some((name, self.list(&format!("Filters.member.{index}.Values"))))
            })
            .collect()
    }

    /// Where a page begins and how long it may be.
    pub(super) fn page(&self, default: usize) -> Result<Page, Refusal> {
        let size = match self.get("MaxRecords") {
            None => default,
            Some(text) => match text.parse() {
                Ok(size @ 1..=100) => size,
                _ => return Err(Refusal::invalid(format!("MaxRecords value {text} is not between 1 and 100"))),
            },
        };
        Ok(Page { start: page_start(self.get("NextToken"))?, size })
    }
}

/// A page of a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    start: usize,
    size: usize,
}

/// Reads the token of the next page; tokens are opaque to clients.
fn page_start(token: Option<&str>) -> Result<usize, Refusal> {
    let Some(token) = token else { return Ok(0) };
    let start = token.strip_prefix("page-").and_then(|start| start.parse().ok());
    start.ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "InvalidNextToken", "The token is not valid"))
}

impl Page {
    /// The items of this page, and the token of the next.
    pub(super) fn of<T>(self, all: &[T]) -> (&[T], Option<String>) {
        let end = self.start.saturating_add(self.size).min(all.len());
        let token = (end < all.len()).then(|| format!("page-{end}"));
        (all.get(self.start..end).unwrap_or_default(), token)
    }
}

/// XML under construction.
#[derive(Debug, Default)]
pub(super) struct Xml(String);

impl Xml {
    /// `<name>text</name>`, escaped.
    pub(super) fn leaf(&mut self, name: &str, text: impl std::fmt::Display) -> &mut Self {
        let text = text.to_string().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        // Writing into a string cannot fail.
        let _ = write!(self.0, "<{name}>{text}</{name}>");
        self
    }

    /// `<name>…</name>` around what `inside` adds; `<name/>` if it adds nothing.
    pub(super) fn node(&mut self, name: &str, inside: impl FnOnce(&mut Self)) -> &mut Self {
        let mut child = Self::default();
        inside(&mut child);
        let _ = if child.0.is_empty() { write!(self.0, "<{name}/>") } else { write!(self.0, "<{name}>{}</{name}>", child.0) };
        self
    }

    /// A list of `<member>`s.
    pub(super) fn members<T>(&mut self, name: &str, items: impl IntoIterator<Item = T>, each: impl Fn(&mut Self, T)) -> &mut Self {
        self.node(name, |list| {
            for item in items {
                list.node("member", |member| each(member, item));
            }
        })
    }

    /// A list of texts.
    pub(super) fn texts<'a>(&mut self, name: &str, items: impl IntoIterator<Item = &'a str>) -> &mut Self {
        self.node(name, |list| {
            for item in items {
                list.leaf("member", item);
            }
        })
    }
}

/// The namespace of Auto Scaling.
pub(super) const AUTO_SCALING: &str = "http://autoscaling.amazonaws.com/doc/2011-01-01/";
/// The namespace of STS.
pub(super) const IDENTITY: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// A good answer: `<OperationResponse><OperationResult>…`.
pub(super) fn response(operation: &str, namespace: &str, result: impl FnOnce(&mut Xml)) -> Response {
    let mut inside = Xml::default();
    inside.node(&format!("{operation}Result"), result);
    inside.node("ResponseMetadata", |metadata| {
        metadata.leaf("RequestId", REQUEST_ID);
    });
    let body = format!("<{operation}Response xmlns=\"{namespace}\">{}</{operation}Response>", inside.0);
    ([(header::CONTENT_TYPE, "text/xml")], body).into_response()
}

/// An error.
pub(super) fn error(refusal: &Refusal) -> Response {
    let mut inside = Xml::default();
    inside.node("Error", |error| {
        let kind = if refusal.status.is_server_error() { "Receiver" } else { "Sender" };
        error.leaf("Type", kind).leaf("Code", refusal.code).leaf("Message", &refusal.message);
    });
    inside.leaf("RequestId", REQUEST_ID);
    let body = format!("<ErrorResponse xmlns=\"{AUTO_SCALING}\">{}</ErrorResponse>", inside.0);
    (refusal.status, [(header::CONTENT_TYPE, "text/xml")], body).into_response()
}

/// Every answer carries one; nobody compares them.
const REQUEST_ID: &str = "5f1d2c3b-4a59-4687-9b7a-0c1d2e3f4a5b";
