//! Bodies: pieces of bytes that were made before, sent without joining them all.

use std::io;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt as _, stream};

/// A body up to here is sent at once, with its length.
const SMALL: usize = 2_048;
/// Pieces are joined up to about this.
const CHUNK: usize = 64 * 1_024;

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With its last byte.
    Whole,
    /// In the middle, and the connection stays open.
    Stalled,
    /// In the middle, and the connection is cut.
    Cut,
}

/// A JSON answer of pieces.
pub(super) fn json(pieces: Vec<Bytes>, end: End) -> Response {
    let size: usize = pieces.iter().map(Bytes::len).sum();
    let body = match end {
        End::Whole if size <= SMALL => Body::from(pieces.concat()),
        End::Whole => Body::from_stream(stream::iter(Chunks { pieces: pieces.into_iter() }.map(Ok::<_, io::Error>))),
        End::Stalled | End::Cut => {
            let half: Vec<_> = Chunks { pieces: first_half(pieces).into_iter() }.map(Ok).collect();
            let rest = if end == End::Cut {
                stream::iter([Err(io::Error::from(io::ErrorKind::ConnectionReset))]).left_stream()
            } else {
                stream::pending().right_stream()
            };
            Body::from_stream(stream::iter(half).chain(rest))
        }
    };
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Up to the middle of a piece in the middle.
fn first_half(mut pieces: Vec<Bytes>) -> Vec<Bytes> {
    pieces.truncate(pieces.len() / 2 + 1);
    if let Some(last) = pieces.last_mut() {
        last.truncate(last.len() / 2);
    }
    pieces
}

struct Chunks {
    pieces: std::vec::IntoIter<Bytes>,
}

impl Iterator for Chunks {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let first = self.pieces.next()?;
        let mut joined = first.to_vec();
        while joined.len() < CHUNK
            && let Some(piece) = self.pieces.next()
        {
            joined.extend_from_slice(&piece);
        }
        Some(joined.into())
    }
}
