//! Availability as a number, ordered so that a database can fold rows of several nodes by maximum.

use vigie_core::Availability;

const OFFLINE: i64 = 0;
const AWAY: i64 = 1;
const ONLINE: i64 = 2;

/// The number of an availability; whoever is busy is present, and that it was chosen is kept beside it.
pub(crate) const fn encode(availability: Availability) -> i64 {
    match availability {
        Availability::Offline => OFFLINE,
        Availability::Away => AWAY,
        Availability::Busy | Availability::Online => ONLINE,
    }
}

/// The availability behind a number; `None` when there is none.
pub(crate) const fn decode(code: i64) -> Option<Availability> {
    match code {
        OFFLINE => Some(Availability::Offline),
        AWAY => Some(Availability::Away),
        ONLINE => Some(Availability::Online),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_back_and_keep_the_order() {
        let all = [
            Availability::Offline,
            Availability::Away,
            Availability::Online,
        ];
        assert_eq!(all.map(|one| decode(encode(one))), all.map(Some));
        assert!(all.map(encode).is_sorted());
        assert_eq!(decode(3), None);
    }
}
