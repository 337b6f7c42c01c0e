//! The four ways in which answers are wrapped.

use serde_json::{Map, Value, json};

use super::super::scenario::GatewayShape;

/// One thing.
pub(super) fn one(shape: GatewayShape, value: Value) -> Value {
    match shape {
        GatewayShape::Documented => json!({ "success": true, "data": value }),
        GatewayShape::Framework => json!({ "data": value }),
        GatewayShape::Dashboard | GatewayShape::Bare => value,
    }
}

/// A page of many.
pub(super) fn page(shape: GatewayShape, name: &str, rows: Vec<Value>, total: usize, page: usize, size: usize) -> Value {
    let pages = total.div_ceil(size.max(1)).max(1);
    match shape {
        GatewayShape::Documented => {
            let pagination = json!({ "total": total, "page": page, "limit": size, "pages": pages });
            json!({ "success": true, "data": rows, "meta": { "pagination": pagination } })
        }
        GatewayShape::Framework => {
            json!({ "data": rows, "meta": { "count": total, "page": page, "pageSize": size, "totalPage": pages } })
        }
        GatewayShape::Dashboard => Value::Object(Map::from_iter([(name.to_owned(), Value::Array(rows))])),
        GatewayShape::Bare => Value::Array(rows),
    }
}

/// A refusal.
pub(super) fn refused(shape: GatewayShape, code: &str, message: &str) -> Value {
    match shape {
        GatewayShape::Documented => {
            json!({ "success": false, "error": { "code": code, "message": message, "details": {} } })
        }
        GatewayShape::Framework => json!({ "errors": [{ "message": message, "code": code }] }),
        GatewayShape::Dashboard | GatewayShape::Bare => json!({ "error": message }),
    }
}
