//! Profiles: which limits hold for whom, and what becomes of a call that exceeds one.

use super::hours::Hours;

/// A declared profile: `users=>calls=20;calls_per_hour=100:alert`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Profile {
    pub(super) name: String,
    /// In the order they were written.
    pub(super) rules: Vec<Rule>,
    /// Seconds between two calls that pass while a limit of action `throttle` is exceeded.
    pub(super) throttle_s: u64,
    /// Seconds that everything is blocked once a limit of action `block` was exceeded; 0 for as long as it
    /// is.
    pub(super) block_s: u64,
}

/// A limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) measure: Measure,
    /// The highest value that is not too much.
    pub(super) most: u64,
    pub(super) action: Action,
}

/// What is counted, with the call that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// Calls that ring or are up.
    Calls,
    /// Calls in the last hour.
    CallsPerHour,
    /// Numbers called in the last hour.
    DestinationsPerHour,
    /// Minutes talked since midnight, those of calls that are up among them.
    MinutesPerDay,
    /// Calls to high-risk destinations in the last hour; 0 for a call to another one.
    RiskyCallsPerHour,
    /// 1 outside of these hours of the day.
    Hours(Hours),
}

/// What becomes of a call that exceeds a limit, the mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    /// It passes, and somebody is told.
    Alert,
    /// One passes now and then.
    Throttle,
    /// It does not pass.
    Block,
}

/// Destinations of one user that a limit may count, each 16 octets.
pub(super) const MOST_DESTINATIONS: u64 = 1000;

impl Measure {
    /// Its name in profiles, lines and variables.
    pub(super) fn name(self) -> &'static str {
        match self {
            Measure::Calls => "calls",
            Measure::CallsPerHour => "calls_per_hour",
            Measure::DestinationsPerHour => "destinations_per_hour",
            Measure::MinutesPerDay => "minutes_per_day",
            Measure::RiskyCallsPerHour => "risky_calls_per_hour",
            Measure::Hours(_) => "hours",
        }
    }

    fn of_name(name: &str) -> Option<Measure> {
        let counted = [
            Measure::Calls,
            Measure::CallsPerHour,
            Measure::DestinationsPerHour,
            Measure::MinutesPerDay,
            Measure::RiskyCallsPerHour,
        ];
        counted.into_iter().find(|measure| measure.name() == name)
    }
}

impl Action {
    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Action::Alert => "alert",
            Action::Throttle => "throttle",
            Action::Block => "block",
        }
    }

    fn parse(name: &str) -> Result<Action, String> {
        let all = [Action::Alert, Action::Throttle, Action::Block];
        let found = all.into_iter().find(|action| action.name() == name);
        found.ok_or_else(|| format!("the action {name:?} is none of alert, throttle, block"))
    }
}

impl Profile {
    /// Reads a declaration.
    ///
    /// # Errors
    /// A sentence about the first part that is wrong.
    pub(super) fn parse(text: &str) -> Result<Profile, String> {
        let (name, settings) = text
            .split_once("=>")
            .ok_or("write NAME=>LIMIT=NUMBER;…, such as users=>calls=20")?;
        let name = name.trim();
        if name.is_empty() || name.len() > 64 {
            return Err("the name of a profile has 1 to 64 octets".to_owned());
        }
        let mut profile = Profile {
            name: name.to_owned(),
            rules: Vec::new(),
            throttle_s: 60,
            block_s: 0,
        };
        let mut usual = Action::Block;
        let settings = settings.split(';').map(str::trim);
        for setting in settings.filter(|setting| !setting.is_empty()) {
            let (key, value) = setting
                .split_once('=')
                .ok_or_else(|| format!("{setting:?}: a value is missing"))?;
            profile.set(key.trim(), value.trim(), &mut usual)?;
        }
        Ok(profile)
    }

    /// Destinations of one user that have to be remembered.
    pub(super) fn destinations(&self) -> usize {
        let counted = self
            .rules
            .iter()
            .filter(|rule| rule.measure == Measure::DestinationsPerHour);
        let most = counted.map(|rule| rule.most.saturating_add(1)).max();
        usize::try_from(most.unwrap_or(0)).unwrap_or(0)
    }

    fn set(&mut self, key: &str, value: &str, usual: &mut Action) -> Result<(), String> {
        match key {
            "action" => *usual = Action::parse(value)?,
            "throttle" => self.throttle_s = number(key, value)?,
            "block" => self.block_s = number(key, value)?,
            _ => self.rules.extend(rule(key, value, *usual)?),
        }
        Ok(())
    }
}

/// A limit, `NUMBER` or `NUMBER:ACTION`; none where it is `off`.
fn rule(key: &str, value: &str, usual: Action) -> Result<Option<Rule>, String> {
    let (value, action) = match value.rsplit_once(':') {
        Some((value, action)) if action.starts_with(|first: char| first.is_ascii_alphabetic()) => {
            (value.trim(), Action::parse(action.trim())?)
        }
        _ => (value, usual),
    };
    if key == "hours" {
        let is_off = value == "off";
        let hours = (!is_off).then(|| Hours::parse(value)).transpose()?;
        return Ok(hours.map(|hours| Rule {
            measure: Measure::Hours(hours),
            most: 0,
            action,
        }));
    }
    let measure = Measure::of_name(key).ok_or_else(|| {
        format!("{key:?} is none of calls, calls_per_hour, destinations_per_hour, minutes_per_day, risky_calls_per_hour, hours, action, throttle, block")
    })?;
    if value == "off" {
        return Ok(None);
    }
    let most = number(key, value)?;
    if measure == Measure::DestinationsPerHour && most > MOST_DESTINATIONS {
        return Err(format!("{key} is at most {MOST_DESTINATIONS}"));
    }
    Ok(Some(Rule {
        measure,
        most,
        action,
    }))
}

fn number(key: &str, value: &str) -> Result<u64, String> {
    value
        .parse()
        .map_err(|_| format!("{key}: expected a number, found {value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_is_read_in_order() {
        let profile = Profile::parse(
            "users=>calls=3; calls_per_hour=10:alert;action=throttle;throttle=5;\
             destinations_per_hour=7;minutes_per_day=off;hours=22-6:block;block=600",
        );
        let profile = profile.expect("a profile");
        assert_eq!((profile.throttle_s, profile.block_s), (5, 600));
        let shown = |rule: &Rule| {
            format!(
                "{} {} {}",
                rule.measure.name(),
                rule.most,
                rule.action.name()
            )
        };
        let rules: Vec<String> = profile.rules.iter().map(shown).collect();
        assert_eq!(
            rules,
            [
                "calls 3 block",
                "calls_per_hour 10 alert",
                "destinations_per_hour 7 throttle",
                "hours 0 block",
            ]
        );
        assert_eq!(profile.destinations(), 8);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            ("users", "NAME=>"),
            ("=>calls=1", "name of a profile"),
            ("u=>calls", "a value is missing"),
            ("u=>calls=x", "expected a number"),
            ("u=>calls=-1", "expected a number"),
            ("u=>call=1", "none of calls"),
            ("u=>calls=1:kill", "none of alert"),
            ("u=>destinations_per_hour=1001", "at most 1000"),
            ("u=>hours=25-3", "hours"),
        ] {
            let why = Profile::parse(text).expect_err(text);
            assert!(why.contains(expected), "{text}: {why}");
        }
    }
}
