//! Recognition: which cause a message from outside names.

mod field;

pub use field::Field;
