//! The days that an accounting of disclosures is about: at most the six years before the day it is asked for
//! (45 CFR 164.528(a)(1)).

use time::{Date, Month};

/// How many years back.
pub const YEARS: i32 = 6;

/// Whole days, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first.
    pub from: Date,
    /// The last.
    pub to: Date,
}

/// Why days make no period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeriodError {
    /// No day of the calendar: `2026-02-30`, or nothing.
    #[error("the first day is no day of the calendar")]
    From,
    /// The same of the last one.
    #[error("the last day is no day of the calendar")]
    To,
    /// It ends before it begins.
    #[error("the last day lies before the first")]
    Reversed,
    /// It ends after today.
    #[error("the last day lies in the future")]
    Future,
    /// It begins more than six years before today.
    #[error("the first day lies more than six years back")]
    TooLong,
}

/// The same day so many years before; the 28th of February where that year has no 29th, so that nothing of the years is left
/// out.
pub fn years_before(day: Date, years: i32) -> Date {
    let year = day.year().saturating_sub(years);
    let replaced = day.replace_year(year);
    replaced.or_else(|_| Date::from_calendar_date(year, Month::February, 28)).unwrap_or(Date::MIN)
}

/// A day as date fields have it, `2026-11-26`.
pub fn day(text: &str) -> Option<Date> {
    let mut parts = text.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let sized = year.len() == 4 && month.len() == 2 && day.len() == 2;
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if !sized || !digits {
        return None;
    }
    let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
    Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()
}

impl Period {
    /// The six years up to a day.
    pub fn whole(today: Date) -> Self {
        Self { from: years_before(today, YEARS), to: today }
    }

    /// What somebody chose, as date fields have it.
    ///
    /// # Errors
    /// [`PeriodError`], the first that applies.
    pub fn parse(from: &str, to: &str, today: Date) -> Result<Self, PeriodError> {
        let period = Self { from: day(from).ok_or(PeriodError::From)?, to: day(to).ok_or(PeriodError::To)? };
        if period.to < period.from {
            return Err(PeriodError::Reversed);
        }
        if period.to > today {
            return Err(PeriodError::Future);
        }
        if period.from < years_before(today, YEARS) {
            return Err(PeriodError::TooLong);
        }
        Ok(period)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(year: i32, month: u8, day: u8) -> Date {
        Date::from_calendar_date(year, Month::try_from(month).unwrap(), day).unwrap()
    }

    #[test]
    fn six_years_back_is_the_same_day() {
        assert_eq!(years_before(date(2026, 11, 26), 6), date(2020, 11, 26));
        assert_eq!(years_before(date(2026, 2, 28), 6), date(2020, 2, 28));
        assert_eq!(years_before(date(2024, 2, 29), 6), date(2018, 2, 28), "that year had no 29th");
        assert_eq!(years_before(date(2024, 2, 29), 4), date(2020, 2, 29));
        assert_eq!(years_before(date(2026, 3, 1), 6), date(2020, 3, 1), "past a 29th of February");
    }

    #[test]
    fn a_period_keeps_its_limits() {
        let today = date(2026, 11, 26);
        let parse = |from: &str, to: &str| Period::parse(from, to, today);
        assert_eq!(parse("2020-11-26", "2026-11-26"), Ok(Period::whole(today)));
        assert_eq!(parse("2026-11-26", "2026-11-26"), Ok(Period { from: today, to: today }), "one day is a period");
        assert_eq!(parse("2020-11-25", "2026-11-26"), Err(PeriodError::TooLong));
        assert_eq!(parse("2026-01-01", "2026-11-27"), Err(PeriodError::Future));
        assert_eq!(parse("2026-02-01", "2026-01-31"), Err(PeriodError::Reversed));
    }

    #[test]
    fn what_is_no_day_is_said_by_name() {
        let today = date(2026, 11, 26);
        for text in ["", "2026-02-29", "2026-13-01", "2026-1-1", "26-01-01", "2026-01-01 ", "+026-01-01", "2026-01-0é"]
        {
            assert_eq!(Period::parse(text, "2026-11-26", today), Err(PeriodError::From), "{text:?}");
            assert_eq!(Period::parse("2024-02-29", text, today), Err(PeriodError::To), "{text:?}");
        }
    }
}
