//! What ids tell: `<16 hex digits>-<deployment>-<specification>`, the first part counting down
//! from the largest signed 64-bit number of nanoseconds, so that newer ids sort first.

use crate::domain::time::Timestamp;

/// When the version (or job) with this id was made.
pub fn deployed_at(id: &str) -> Option<Timestamp> {
    let digits = id.split('-').next().filter(|digits| digits.len() == 16)?;
    let countdown = i64::from_str_radix(digits, 16).ok()?;
    Timestamp::from_nanosecond(i128::from(i64::MAX - countdown)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_tell_the_deploy_time() {
        let at = deployed_at("68e525118905cbff-kq3v9x1m2z-33cb2f4b6434fd47debc11ec428d5559").unwrap();
        assert_eq!(at.as_second(), 1_664_883_730);
        assert_eq!(deployed_at("68e976c4bbd0bfff--32a3a04a").unwrap().as_second(), 1_663_668_000);
        for nonsense in ["", "abc", "zzzzzzzzzzzzzzzz-a-b", "ffffffffffffffff"] {
            assert_eq!(deployed_at(nonsense), None, "{nonsense}");
        }
    }
}
