//! `ringwall ctl ban`: who is not heard.

use super::print_lines;
use super::target::Target;
use crate::clock::unix_ms;
use clap::Subcommand;
use control::bans;
use policy::Source;
use serde_json::{Value as Json, json};

#[derive(Subcommand)]
pub(super) enum BanWord {
    /// List the bans that hold, the newest first.
    List,
    /// Ban an address or a network.
    Add {
        /// 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32
        source: String,
        /// For so many seconds; without it for ever.
        seconds: Option<u32>,
        /// Why.
        #[arg(long, default_value = "operator")]
        reason: String,
    },
    /// Lift a ban.
    Rm {
        /// As it is listed.
        source: String,
    },
    /// What is never banned, besides trusted peers.
    #[command(subcommand)]
    Never(NeverWord),
}

#[derive(Subcommand)]
pub(super) enum NeverWord {
    /// List it.
    List,
    /// Never ban an address or a network.
    Add {
        /// 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32
        source: String,
    },
    /// It may be banned again.
    Rm {
        /// As it is listed.
        source: String,
    },
}

pub(super) fn run(word: BanWord, target: &mut Target) -> Result<(), String> {
    match word {
        BanWord::List => print_lines(list(target)?),
        BanWord::Add {
            source,
            seconds,
            reason,
        } => {
            let source = Source::parse(&source)?;
            add(target, source, seconds, &reason)?;
            println!("{source} is banned");
            Ok(())
        }
        BanWord::Rm { source } => {
            let source = Source::parse(&source)?;
            change(target, "ban.rm", source, |store| {
                bans::remove(store, source, false)
            })?;
            println!("{source} is banned no longer");
            Ok(())
        }
        BanWord::Never(word) => never(word, target),
    }
}

fn never(word: NeverWord, target: &mut Target) -> Result<(), String> {
    match word {
        NeverWord::List => print_lines(target.list("ban.never_list", Vec::new(), bans::never)?),
        NeverWord::Add { source } => {
            let source = Source::parse(&source)?;
            change(target, "ban.never_add", source, |store| {
                bans::add_never(store, source)
            })?;
            println!("{source} is never banned");
            Ok(())
        }
        NeverWord::Rm { source } => {
            let source = Source::parse(&source)?;
            change(target, "ban.never_rm", source, |store| {
                bans::remove(store, source, true)
            })?;
            println!("{source} may be banned");
            Ok(())
        }
    }
}

fn add(
    target: &mut Target,
    source: Source,
    seconds: Option<u32>,
    reason: &str,
) -> Result<(), String> {
    let params = vec![
        json!(source.to_string()),
        json!(seconds.unwrap_or(0)),
        json!(reason),
    ];
    let now_s = now_s();
    let until_s = seconds.filter(|seconds| *seconds > 0);
    let until_s = until_s.map(|seconds| now_s + i64::from(seconds));
    target.change("ban.add", params, |store| {
        bans::add(store, source, (now_s, until_s), reason)
    })
}

fn change(
    target: &mut Target,
    method: &str,
    source: Source,
    change: impl FnOnce(&dyn store::Store) -> Result<(), String>,
) -> Result<(), String> {
    target.change(method, vec![json!(source.to_string())], change)
}

fn list(target: &mut Target) -> Result<Vec<String>, String> {
    if let Target::Database { .. } = target {
        return target.with_database(|store| bans::list(store, now_s()));
    }
    let found = target.call("ban.list", Vec::new())?;
    let line = |ban: &Json| {
        let text = |name: &str| ban[name].as_str().unwrap_or_default();
        let (port, left_s) = (ban["port"].as_u64(), ban["left"].as_i64());
        bans::shown(text("source"), port, left_s, text("reason"))
    };
    Ok(found.as_array().into_iter().flatten().map(line).collect())
}

fn now_s() -> i64 {
    i64::try_from(unix_ms() / 1000).unwrap_or(i64::MAX)
}
