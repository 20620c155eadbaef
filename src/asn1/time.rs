//! Times as seconds since 1970-01-01T00:00:00Z.

use super::der::{self, Element};

/// UTCTime or GeneralizedTime (RFC 5280 §4.1.2.5). Older forms without seconds, with a fraction, or with an offset in
/// place of Z are clear and accepted.
pub fn time(element: Element<'_>) -> Option<i64> {
    let mut text = element.value;
    let mut two = || {
        let (pair, rest) = text.split_first_chunk::<2>()?;
        if !pair.iter().all(u8::is_ascii_digit) {
            return None;
        }
        text = rest;
        Some(i64::from(pair[0] - b'0') * 10 + i64::from(pair[1] - b'0'))
    };
    let year = match element.tag {
        der::UTC_TIME => match two()? {
            year @ 50.. => 1900 + year,
            year => 2000 + year,
        },
        der::GENERALIZED_TIME => two()? * 100 + two()?,
        _ => return None,
    };
    let (month, day, hour, minute) = (two()?, two()?, two()?, two()?);
    let second = two().unwrap_or(0);
    if let Some((b'.' | b',', fraction)) = text.split_first() {
        let digits = fraction.iter().take_while(|octet| octet.is_ascii_digit()).count();
        if element.tag != der::GENERALIZED_TIME || digits == 0 {
            return None;
        }
        text = fraction.get(digits..)?;
    }
    let offset = match text {
        b"Z" => 0,
        [sign @ (b'+' | b'-'), h1, h2, m1, m2] if [h1, h2, m1, m2].iter().all(|octet| octet.is_ascii_digit()) => {
            let digit = |octet: &u8| i64::from(octet - b'0');
            let (hours, minutes) = (digit(h1) * 10 + digit(h2), digit(m1) * 10 + digit(m2));
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = hours * 3600 + minutes * 60;
            if *sign == b'+' { seconds } else { -seconds }
        }
        _ => return None,
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return None,
    };
    if day < 1 || day > days || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(days_since_epoch(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset)
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar, counting years from March so that leap days come last.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_the_time_crate_counts_them() {
        for julian in (1_721_060..5_373_484).step_by(13) {
            let date = time::Date::from_julian_day(julian).unwrap();
            let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
            assert_eq!(
                days_since_epoch(year.into(), month.into(), day.into()),
                i64::from(julian) - 2_440_588
            );
        }
    }
}
