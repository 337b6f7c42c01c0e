//! Ids and names that look random and are the same in every run.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// `length` hexadecimal digits from a label.
pub fn hex(label: &str, length: usize) -> String {
    let mut digits = String::with_capacity(64);
    for byte in Sha256::digest(label.as_bytes()) {
        // Writing to a string cannot fail.
        let _infallible = write!(digits, "{byte:02x}");
    }
    digits.truncate(length);
    digits
}

/// A number from a label.
pub fn number(label: &str) -> u64 {
    u64::from_str_radix(&hex(label, 15), 16).unwrap_or_default()
}

/// `length` letters and digits from an alphabet, by a label.
pub fn letters(label: &str, alphabet: &str, length: usize) -> String {
    let symbols: Vec<char> = alphabet.chars().collect();
    let digest = Sha256::digest(label.as_bytes());
    digest.iter().cycle().take(length).filter_map(|byte| symbols.get(usize::from(*byte) % symbols.len().max(1))).collect()
}

/// A UUID from a label.
pub fn uuid(label: &str) -> String {
    let digits = hex(label, 32);
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}
