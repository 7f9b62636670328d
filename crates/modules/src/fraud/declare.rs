//! Everything the module offers, by name.

use super::profile::Profile;
use super::{Fraud, SWEEP_MS, rpc, tell};
use policy::{Declaration, Routes};

pub(super) fn all(d: &mut Declaration<Fraud>) {
    params(d);
    functions(d);
    tell::declare(d);
    rpc::declare(d);
    d.table(
        "fraud_prefix",
        "High-risk destinations, version 1; made, with an example in it, where it is missing.",
    );
    d.timer(|_| SWEEP_MS, |module, now_ms| module.each_minute(now_ms));
}

fn params(d: &mut Declaration<Fraud>) {
    d.try_param(
        "profile",
        "NAME=>LIMIT=NUMBER[:ACTION];…, such as users=>calls=20;calls_per_hour=100:alert; may be given several times.",
        |p, text: String| {
            p.profiles.push(Profile::parse(&text)?);
            Ok(())
        },
    );
    d.param(
        "db_url",
        "The database of the table of high-risk destinations; without it the example that is built in.",
        |p, url: String| p.db_url = Some(url),
    );
    d.param(
        "international",
        "What is dialled for a plus sign, separated by commas, default 00.",
        |p, text: String| {
            let prefixes = text.split(',').map(str::trim);
            let given = prefixes.filter(|prefix| !prefix.is_empty());
            p.international = given.map(str::to_owned).collect();
        },
    );
    d.number(
        "call_lifetime",
        "Seconds after which a call whose BYE never came counts as over, default 14400.",
        1..,
        |p, seconds| p.lifetime_s = seconds,
    );
    d.number(
        "alert_interval",
        "Seconds for which nobody is told again of a limit that somebody exceeds, default 300.",
        1..,
        |p, seconds| p.alert_interval_s = seconds,
    );
}

fn functions(d: &mut Declaration<Fraud>) {
    d.function(
        "fraud_check([profile], [who], [number])",
        "Counts the call of this INVITE: 1 it passes, 2 it passes and exceeds a limit, -1 blocked, -2 throttled, -3 no such profile or nobody named, -4 no room to count it.",
        Routes::ANY,
        Fraud::check,
    );
    d.function(
        "is_risky_destination([number])",
        "1 where the number, else that of the Request-URI, leads to a high-risk destination, else -1.",
        Routes::ANY,
        Fraud::is_risky,
    );
}
