//! `run` and `check`: from the command line to a running server.

use super::{Run, Switches, extra};
use crate::builtin::{self, Files};
use crate::clock::Clock;
use crate::load::{Ground, Source, load};
use crate::process::Process;
use crate::serve::{Server, Setup};
use policy::{Level, Ready};
use std::path::PathBuf;
use std::process::ExitCode;

/// Serves until it is told to stop.
pub(super) fn run(run: &Run) -> Result<ExitCode, String> {
    let switches = &run.switches;
    if switches.version || switches.compile_flags {
        return super::words::print(VERSION);
    }
    if switches.check {
        return check(run);
    }
    let clock = Clock::start()?;
    let files = Files::new(&run.place, switches.file.is_none());
    let ground = Ground::new(path(switches));
    let ready = ready(switches, &files, &ground)?;
    let built_in = files.used();
    let process = process(switches, &ready);
    process.check()?;
    process.enter_directory()?;
    if let Some(built_in) = built_in {
        built_in.prepare()?;
        process.give(&built_in.files())?;
    }
    log_as_wanted(switches, &ready, &ground);
    name_what_means_nothing(switches, &ground);
    name_the_drivers(&ready, &ground);
    let server = Server::start(Setup {
        config: ready.config,
        ground: &ground,
        clock,
        process: &process,
        built_in,
    })?;
    server.run()?;
    Ok(ExitCode::SUCCESS)
}

/// Loads and says what is wrong; opens nothing.
pub(super) fn check(run: &Run) -> Result<ExitCode, String> {
    let switches = &run.switches;
    let files = Files::new(&run.place, switches.file.is_none());
    ready(switches, &files, &Ground::new(path(switches)))?;
    eprintln!("config file ok, exiting...");
    Ok(ExitCode::SUCCESS)
}

const VERSION: &str = concat!(
    "version: ringwall ",
    env!("CARGO_PKG_VERSION"),
    " (runs configurations of kamailio 5.6.3)\n"
);

fn path(switches: &Switches) -> &str {
    switches.file.as_deref().unwrap_or(builtin::NAME)
}

fn ready(switches: &Switches, files: &Files, ground: &Ground) -> Result<Ready, String> {
    let source = Source {
        files,
        path: path(switches),
        options: extra::options(switches),
        extra: extra::extra(switches)?,
    };
    load(source, ground)
}

fn process(switches: &Switches, ready: &Ready) -> Process {
    let core = &ready.config.core;
    let given = |switch: &Option<String>, core: &str| {
        let of_file = (!core.is_empty()).then(|| core.to_owned());
        switch.clone().or(of_file)
    };
    Process {
        pid_file: switches.pid_file.clone(),
        group_file: switches.group_file.clone(),
        work_dir: given(&switches.work_dir, &core.workdir),
        run_dir: PathBuf::from(switches.run_dir.as_deref().unwrap_or("/run/kamailio")),
        root_dir: switches.root_dir.clone(),
        user: given(&switches.user, &core.user),
        group: given(&switches.group, &core.group),
    }
}

/// Kamailio's rule: standard error where it is asked for, else syslog. On a terminal a person looks.
fn log_as_wanted(switches: &Switches, ready: &Ready, ground: &Ground) {
    use std::io::IsTerminal;
    let core = &ready.config.core;
    let level = match (switches.debug, i32::from(switches.verbose)) {
        (Some(level), _) => level,
        (None, 0) => i32::try_from(core.debug).unwrap_or(0),
        (None, given) => given,
    };
    ground.logger.set_level(level);
    ground.lines.use_colors(switches.colors);
    let here = switches.standard_error
        || switches.foreground > 1
        || core.log_stderror
        || std::io::stderr().is_terminal();
    if !here {
        ground.lines.use_syslog(core);
    }
}

/// Kamailio needs the driver of a URL loaded; here the URL is enough.
fn name_the_drivers(ready: &Ready, ground: &Ground) {
    const DRIVER: &str = "db_sqlite";
    let mut manifests = ready.config.manifests.iter();
    if manifests.any(|module| module.name == DRIVER) {
        return;
    }
    for url in ground.databases.urls() {
        ground.logger.log(Level::Notice, "core", || {
            format!("loaded {DRIVER} for {url}; Kamailio needs `loadmodule \"{DRIVER}.so\"`")
        });
    }
}

fn name_what_means_nothing(switches: &Switches, ground: &Ground) {
    let given = switches.without_meaning.given();
    if !given.is_empty() {
        ground.logger.log(Level::Notice, "core", || {
            format!("switches that mean nothing here: {}", given.join(" "))
        });
    }
    if switches.file.is_some() && switches.foreground == 0 {
        ground.logger.log(Level::Notice, "core", || {
            "staying in the foreground: let the service manager keep the process".to_owned()
        });
    }
}
