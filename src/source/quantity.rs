//! Kubernetes quantities: `250m`, `1.5Gi`, `1e3`, `128974848`.
//!
//! Exact arithmetic on whole numbers; no amount passes through a float.

/// An amount that no machine exceeds, so that sums of it stay in range.
const MOST: i64 = 1 << 53;

/// Digits of a fraction that count: more than any quantity carries.
const DIGITS: usize = 12;

/// A quantity in thousandths of its unit, rounded away from zero as the API server rounds what is
/// finer. `None` for what is no quantity, or larger than any machine by orders of magnitude.
///
/// Source: the documentation of `resource.Quantity` of the Kubernetes API.
pub fn quantity(text: &str) -> Option<i128> {
    let text = text.trim();
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let split = unsigned.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at_checked(split)?;
    let (multiplier, divisor) = scale(suffix)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let fraction = fraction.get(..DIGITS).unwrap_or(fraction);
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let part: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let precision = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let digits = whole.checked_mul(precision)?.checked_add(part)?;
    let dividend = digits.checked_mul(1_000)?.checked_mul(multiplier)?;
    let divisor = precision.checked_mul(divisor)?;
    let rounded = dividend.checked_add(divisor - 1)?.checked_div(divisor)?;
    Some(if negative { -rounded } else { rounded })
}

/// What a suffix multiplies and divides by.
fn scale(suffix: &str) -> Option<(i128, i128)> {
    const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    const DECIMAL: [&str; 6] = ["k", "M", "G", "T", "P", "E"];
    const SMALL: [&str; 3] = ["m", "u", "n"];
    let power = |list: &[&str]| list.iter().position(|known| *known == suffix).and_then(|index| u32::try_from(index + 1).ok());
    if suffix.is_empty() {
        return Some((1, 1));
    }
    if let Some(power) = power(&BINARY) {
        return Some((1_024_i128.pow(power), 1));
    }
    if let Some(power) = power(&DECIMAL) {
        return Some((1_000_i128.pow(power), 1));
    }
    if let Some(power) = power(&SMALL) {
        return Some((1, 1_000_i128.pow(power)));
    }
    let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok().filter(|power: &i32| power.abs() <= 18)?;
    let factor = 10_i128.checked_pow(exponent.unsigned_abs())?;
    Some(if exponent < 0 { (1, factor) } else { (factor, 1) })
}

/// An amount bounded so that sums of it stay in range.
pub fn believable(amount: i128) -> i64 {
    i64::try_from(amount.clamp(i128::from(-MOST), i128::from(MOST))).unwrap_or(MOST)
}

/// A quantity in thousandths, such as CPU in thousandths of a core.
pub fn millis(text: &str) -> Option<i64> {
    quantity(text).map(believable)
}

/// A quantity in whole units, such as bytes or devices; a part of one counts as one.
pub fn units(text: &str) -> Option<i64> {
    let thousandths = quantity(text)?;
    let whole = thousandths / 1_000;
    let rest = (thousandths % 1_000).signum();
    Some(believable(whole + rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_of_every_spelling() {
        let cases = [
            ("200m", 200),
            ("250m", 250),
            ("2", 2_000),
            ("0", 0),
            ("0.5", 500),
            (".5", 500),
            ("5.", 5_000),
            ("-1.5", -1_500),
            ("-0.5", -500),
            ("+3", 3_000),
            ("8Gi", 8 * 1_073_741_824_000),
            ("1.5Gi", 1_610_612_736_000),
            ("14G", 14_000_000_000_000),
            ("2Ki", 2_048_000),
            ("6732732Ki", 6_732_732 * 1_024_000),
            ("128974848", 128_974_848_000),
            ("1e3", 1_000_000),
            ("1E3", 1_000_000),
            ("1e-3", 1),
            ("1E", 1_000_000_000_000_000_000_000),
            ("100n", 1),
            ("1500u", 2),
        ];
        for (text, expected) in cases {
            assert_eq!(quantity(text), Some(expected), "{text}");
        }
        let nonsense = ["", "-", ".", "x", "1e99", "5Qi", "1.2.3", "--1", "1 Gi", "Gi", "1e", "99999999999999999999999999999999999999999"];
        for nonsense in nonsense {
            assert_eq!(quantity(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn units_round_away_from_zero_and_absurd_amounts_are_cut() {
        assert_eq!((units("1500m"), units("1k"), units("-1500m")), (Some(2), Some(1_000), Some(-2)));
        assert_eq!((units("1Ei"), millis("250m")), (Some(MOST), Some(250)));
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_strange(text in "[0-9eEmkMGTPinu.+-]{0,40}") {
            let _ = (quantity(&text), units(&text), millis(&text));
        }
    }
}
