//! The command line: our own words, and Kamailio's switches.

pub(crate) mod extra;
mod start;
mod switches;
mod words;

pub(crate) use start::loaded;
pub(crate) use switches::Switches;
pub(crate) use words::print;

use crate::builtin::{POLICY, Place};
use crate::ctl::Ctl;
use crate::firewall::FirewallWord;
use clap::{Args, Parser, Subcommand};
use std::process::ExitCode;

/// Reads the command line. A link named `kamailio` takes Kamailio's switches alone.
pub(crate) fn parse() -> Command {
    if is_called_kamailio() {
        let AsKamailio { switches } = AsKamailio::parse();
        return Command::of_kamailio(switches);
    }
    Command::parse()
}

/// A SIP edge server that runs Kamailio configurations.
///
/// Without a word and without -f it serves the built-in policy.
#[derive(Parser)]
#[command(
    name = "ringwall",
    args_conflicts_with_subcommands = true,
    args_override_self = true
)]
pub(crate) struct Command {
    #[command(subcommand)]
    word: Option<Word>,
    #[command(flatten)]
    run: Run,
}

#[derive(Parser)]
#[command(
    name = "kamailio",
    about = "Ringwall in the place of Kamailio",
    args_override_self = true
)]
struct AsKamailio {
    #[command(flatten)]
    switches: Switches,
}

#[derive(Subcommand)]
enum Word {
    /// Serve a configuration, or the built-in policy.
    Run(Run),
    /// Tell everything that is wrong with a configuration.
    Check(Check),
    /// Print the built-in policy.
    Policy,
    /// Explain a finding, such as E0402.
    Explain {
        /// The code.
        code: String,
    },
    /// List every module with what it offers.
    Modules {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Command a running server, or change its database.
    Ctl(Ctl),
    /// Print, load or remove an nftables ruleset for a configuration.
    #[command(subcommand)]
    Firewall(FirewallWord),
}

/// What `run` and `check` take.
#[derive(Args, Default)]
pub(crate) struct Run {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    switches: Switches,
}

/// What `check` takes.
#[derive(Args, Default)]
struct Check {
    /// Tell what strangers could do with it, instead: open relays, registrations and commands without
    /// authentication, injection, weak settings, missing defences. Exit code 1 where there is an error,
    /// 0 where there are only warnings.
    #[arg(long)]
    security: bool,
    /// The configuration, as -f names it.
    #[arg(value_name = "FILE", conflicts_with = "file")]
    configuration: Option<String>,
    #[command(flatten)]
    run: Run,
}

impl Check {
    fn run(mut self) -> Result<ExitCode, String> {
        let file = &mut self.run.switches.file;
        *file = file.take().or(self.configuration);
        match self.security {
            true => start::audit(&self.run),
            false => start::check(&self.run),
        }
    }
}

impl Command {
    fn of_kamailio(mut switches: Switches) -> Command {
        switches
            .file
            .get_or_insert_with(|| words::DEFAULT_FILE.to_owned());
        Command {
            word: None,
            run: Run {
                switches,
                ..Run::default()
            },
        }
    }

    /// Does what was asked for.
    ///
    /// # Errors
    /// What is wrong, for a person.
    pub(crate) fn run(self) -> Result<ExitCode, String> {
        match self.word {
            None => start::run(&self.run),
            Some(Word::Run(run)) => start::run(&run),
            Some(Word::Check(check)) => check.run(),
            Some(Word::Policy) => print(POLICY),
            Some(Word::Explain { code }) => words::explain(&code),
            Some(Word::Modules { json }) => words::modules(json),
            Some(Word::Ctl(ctl)) => ctl.run(),
            Some(Word::Firewall(word)) => word.run(),
        }
    }
}

fn is_called_kamailio() -> bool {
    let name = std::env::args_os().next();
    name.is_some_and(|name| {
        std::path::Path::new(&name)
            .file_name()
            .is_some_and(|file| file == "kamailio")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Command::command().debug_assert();
        AsKamailio::command().debug_assert();
    }

    #[test]
    fn every_switch_of_kamailio_is_taken() {
        let line = "kamailio -f x.cfg -A A -A B=1 -c -E -e -DD -ddd -P p -w / -Y r -L l -l udp:127.0.0.1:5060 -n 4 \
             -m 64 -M8 -a no -u u -g g -x fm -b 1 -G pg -I -K -N 2 -O 1 -Q 1 -rR -S -t / -T -v -W epoll -X qm \
             --loadmodule=a.so --modparam=a:b:i:1 --alias=h --subst=/a/b/ --substdef=/a/b/ --substdefs=/a/b/ \
             --server-id=3 --atexit=no --cfg-print --debug=-1 --log-engine=json:M";
        let AsKamailio { switches } = AsKamailio::parse_from(line.split_whitespace());
        assert_eq!(switches.file.as_deref(), Some("x.cfg"));
        assert_eq!(switches.define, ["A", "B=1"]);
        assert_eq!((switches.foreground, switches.verbose), (2, 3));
        assert_eq!(switches.debug, Some(-1));
        assert_eq!(switches.log_engine.as_deref(), Some("json:M"));
        assert!(switches.cfg_print && switches.internals);
        assert_eq!(
            switches.without_meaning.given().join(" "),
            "-m -M -L -x -X -b -K -N -Q -O -r -R -S -W --atexit",
        );
    }
}
