//! One TLS policy for every client: rustls with aws-lc, the system's roots, extra roots from the
//! environment, and pinned certificates where a server signs its own.
