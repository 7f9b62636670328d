//! What module `ban` offers.

use super::params::Params;
use super::{Ban, commands};
use policy::{Declaration, Routes, Source};

pub(super) fn all(d: &mut Declaration<Ban>) {
    params(d);
    guess_params(d);
    functions(d);
    commands::declare(d);
    d.table("ban", "Banned sources, and those that are never banned.");
    d.timer(|_| 1000, |ban, now_ms| ban.each_second(now_ms));
}

fn params(d: &mut Declaration<Ban>) {
    d.param(
        "db_url",
        "The database that keeps the list over a restart. Default none.",
        |p: &mut Params, url: String| p.db_url = Some(url).filter(|url| !url.is_empty()),
    );
    d.param(
        "redis",
        "The name of a server of module ndb_redis, through which servers share the list. Default none.",
        |p, name| p.redis = Some(name),
    );
    d.try_param(
        "never",
        "An address or network that is never banned; may be given several times.",
        |p, text: String| {
            p.never.push(Source::parse(&text)?);
            Ok(())
        },
    );
    d.param(
        "trusted_group",
        "The group of table address (module permissions) that is never banned, default 1; -1 for none.",
        |p, group| p.trusted_group = group,
    );
    d.number(
        "unvalidated_time",
        "Seconds that a ban for UDP packets of an unproved source lasts at most, default 60.",
        0..,
        |p, n| p.times.unvalidated_s = n,
    );
    d.number(
        "longest_time",
        "Seconds that the ban of a repeater lasts at most, default 86400.",
        0..,
        |p, n| p.times.longest_s = n,
    );
    d.number(
        "remember_time",
        "Seconds that a ban is remembered after its end, default 86400.",
        0..,
        |p, n| p.times.remember_s = n,
    );
}

fn guess_params(d: &mut Declaration<Ban>) {
    d.number(
        "max_guesses",
        "Wrong passwords of one source after which it is banned, default 8.",
        1..,
        |p, n| p.max_guesses = n,
    );
    d.number(
        "guess_ban_time",
        "Seconds that its first ban lasts, default 300.",
        0..,
        |p, n| p.guess_ban_s = n,
    );
    d.number(
        "guess_free",
        "Wrong passwords of one user from one source without a delay, default 2.",
        0..,
        |p, n| p.delay.free = n,
    );
    d.number(
        "guess_delay",
        "Seconds of the first delay, default 1; each further wrong password doubles it.",
        0..,
        |p, n| p.delay.first_s = n,
    );
    d.number(
        "guess_longest_delay",
        "Seconds of the longest delay, default 900.",
        0..,
        |p, n| p.delay.longest_s = n,
    );
    d.number(
        "guess_forgive",
        "Seconds after which one wrong password or offence no longer counts for a ban, default 60.",
        0..,
        |p, n| p.delay.forgive_s = n,
    );
    d.number(
        "guess_forget",
        "Seconds without a wrong password after which all of them are forgotten, default 1800.",
        0..,
        |p, n| p.delay.forget_s = n,
    );
}

fn functions(d: &mut Declaration<Ban>) {
    d.function(
        "ban_add(address, seconds, [reason])",
        "Bans a source: 1 done, -1 no address or number, -2 it is never banned, -3 it proved itself, -4 the list is full.",
        Routes::ANY,
        Ban::add,
    );
    d.function(
        "ban_offence(limit, seconds, reason)",
        "Counts an offence of the source and bans it from the limit on: 1 counted, 2 banned, else as ban_add().",
        Routes::ANY,
        Ban::offence,
    );
    d.function(
        "ban_rm(address)",
        "Takes an address or network out of the list: 1 done, -1 it is not there.",
        Routes::ANY,
        Ban::remove,
    );
    d.function(
        "is_banned(address)",
        "1 where packets from this address are dropped now, else -1.",
        Routes::ANY,
        Ban::is_banned,
    );
    d.function(
        "is_known_source()",
        "1 where somebody proved himself from the source address and port, -1 not.",
        Routes::ANY,
        Ban::is_known_source,
    );
    d.function(
        "guess_failed(user)",
        "Counts a wrong password: 1 counted, 2 counted and a delay runs, 3 counted and the source banned for it, -1 not counted because the source is not proved.",
        Routes::REQUEST,
        Ban::guess_failed,
    );
    d.function(
        "guess_passed(user)",
        "After a right password: 1 let him in, -1 a delay runs and it counts as another wrong one.",
        Routes::REQUEST,
        Ban::guess_passed,
    );
}
