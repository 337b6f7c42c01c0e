//! Small drawing parts that panes share. They know rectangles and spans, no domain.

pub mod gauge;
pub mod sparkline;
pub mod table;
pub mod wrap;
