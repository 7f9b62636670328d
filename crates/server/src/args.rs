//! The command line.

use crate::clock::Clock;
use crate::files::Disk;
use crate::load::{Ground, Source, load};
use crate::serve::Server;
use clap::{Args, Parser, Subcommand};
use policy::Extra;
use script::Options;
use std::process::ExitCode;

/// What the command line asks for.
pub(crate) fn parse() -> Command {
    Command::parse()
}

/// A SIP edge server that runs Kamailio configurations.
#[derive(Parser)]
#[command(name = "ringwall", version, about)]
pub(crate) struct Command {
    #[command(subcommand)]
    word: Option<Word>,
    #[command(flatten)]
    switches: Switches,
}

#[derive(Subcommand)]
enum Word {
    /// Runs a Kamailio configuration.
    Run(Switches),
    /// Tells everything that is wrong with a configuration.
    Check(Switches),
}

/// Kamailio's switches.
#[derive(Args, Default)]
struct Switches {
    /// The configuration file.
    #[arg(short = 'f', value_name = "FILE")]
    file: Option<String>,
    /// Defines a name.
    #[arg(short = 'A', value_name = "NAME[=VALUE]")]
    define: Vec<String>,
    /// Debug mode; twice stays in the foreground.
    #[arg(short = 'D', action = clap::ArgAction::Count)]
    debug: u8,
    /// Log to standard error.
    #[arg(short = 'E')]
    standard_error: bool,
    /// Shared memory in megabytes.
    #[arg(short = 'm')]
    shared_memory: Option<String>,
    /// Private memory in megabytes.
    #[arg(short = 'M')]
    private_memory: Option<String>,
}

impl Command {
    pub(crate) fn run(self) -> Result<ExitCode, String> {
        match self.word {
            Some(Word::Run(switches)) => serve(&switches),
            Some(Word::Check(switches)) => check(&switches),
            None => serve(&self.switches),
        }
    }
}

fn serve(switches: &Switches) -> Result<ExitCode, String> {
    let clock = Clock::start()?;
    let path = switches.path()?;
    let ground = Ground::new(path);
    let ready = load(switches.source(path), &ground)?;
    ground
        .logger
        .set_level(i32::try_from(ready.config.core.debug).unwrap_or(0));
    let server = Server::start(ready.config, &ground, clock)?;
    server.run(&ground)?;
    Ok(ExitCode::SUCCESS)
}

fn check(switches: &Switches) -> Result<ExitCode, String> {
    let path = switches.path()?;
    load(switches.source(path), &Ground::new(path))?;
    Ok(ExitCode::SUCCESS)
}

impl Switches {
    fn path(&self) -> Result<&str, String> {
        self.file
            .as_deref()
            .ok_or_else(|| "which file? write -f FILE".to_owned())
    }

    fn source<'a>(&self, path: &'a str) -> Source<'a> {
        let define = |text: &String| match text.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (text.clone(), None),
        };
        let options = Options {
            defines: self.define.iter().map(define).collect(),
            ..Options::default()
        };
        Source {
            files: &Disk,
            path,
            options,
            extra: Extra::default(),
        }
    }
}
