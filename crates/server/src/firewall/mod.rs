//! `ringwall firewall`: an nftables ruleset for what a configuration listens on, and the set of banned
//! sources in it.

mod feeder;
mod open_port;
mod plan;
mod ruleset;

pub(crate) use feeder::Feeder;

use crate::command::Run;
use clap::{Args, Subcommand};
use open_port::{OpenPort, PortRange};
use plan::Plan;
use std::io::Write;
use std::process::{Command, ExitCode, Stdio};

/// The words of `ringwall firewall`.
#[derive(Subcommand)]
pub(crate) enum FirewallWord {
    /// Print the ruleset.
    Print(Box<What>),
    /// Load it, in the place of an earlier one. Needs the right to change firewalls (CAP_NET_ADMIN).
    Apply {
        #[command(flatten)]
        what: Box<What>,
        /// Let nft check it, and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Take it out.
    Remove {
        /// Say what would be done, and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

/// What the ruleset is for: a configuration, as `ringwall run` takes it, and what it does not tell.
#[derive(Args)]
pub(crate) struct What {
    /// The interface to the outside [default: that of the default route].
    #[arg(long, value_name = "NAME")]
    interface: Option<String>,
    /// An address or network that is trusted, besides those of the configuration; may be given again.
    #[arg(long, value_name = "NETWORK", value_parser = policy::Source::parse)]
    trusted: Vec<policy::Source>,
    /// The ports of a media relay on this host, such as 30000-40000; this server has none of its own.
    #[arg(long, value_name = "FROM-TO")]
    rtp: Option<PortRange>,
    /// Another port that stays open; may be given again.
    #[arg(long, value_name = "PORT/tcp|udp", default_value = "22/tcp")]
    open: Vec<OpenPort>,
    #[command(flatten)]
    run: Run,
}

impl FirewallWord {
    /// Does what was asked for.
    ///
    /// # Errors
    /// What is wrong, for a person.
    pub(crate) fn run(self) -> Result<ExitCode, String> {
        match self {
            FirewallWord::Print(what) => crate::command::print(&text(&what)?),
            FirewallWord::Apply { what, dry_run } => {
                let text = text(&what)?;
                match dry_run {
                    true => nft(&["-c", "-f", "-"], &text),
                    false => nft(&["-f", "-"], &text),
                }
            }
            FirewallWord::Remove { dry_run: true } => crate::command::print(REMOVE),
            FirewallWord::Remove { dry_run: false } => nft(&["-f", "-"], REMOVE),
        }
    }
}

/// Adding what is there is no mistake, deleting what is not there would be one.
const REMOVE: &str = "add table inet ringwall\ndelete table inet ringwall\n";

fn text(what: &What) -> Result<String, String> {
    Ok(ruleset::text(&Plan::of(what)?))
}

/// Runs nft on a text.
fn nft(args: &[&str], text: &str) -> Result<ExitCode, String> {
    let failed = |error| format!("cannot run {}: {error}; install nftables", program());
    let mut child = Command::new(program())
        .args(args)
        .stdin(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut input) = child.stdin.take() {
        // Where it does not read to the end it says why itself.
        let _ = input.write_all(text.as_bytes());
    }
    let status = child.wait().map_err(failed)?;
    match status.success() {
        true => Ok(ExitCode::SUCCESS),
        false => Err("nft refused the ruleset".to_owned()),
    }
}

/// Where nft is: not every user has this directory in PATH.
fn program() -> &'static str {
    const USUAL: &str = "/usr/sbin/nft";
    match std::path::Path::new(USUAL).exists() {
        true => USUAL,
        false => "nft",
    }
}
