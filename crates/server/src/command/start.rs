//! `run` and `check`: from the command line to a running server.

use super::{Run, Switches, extra, words};
use crate::builtin::{self, Files};
use crate::clock::Clock;
use crate::load::{self, Ground, Source, load};
use crate::log::Engine;
use crate::process::Process;
use crate::serve::{Server, Setup};
use crate::zone;
use policy::{Level, Ready};
use script::Defines;
use std::path::PathBuf;
use std::process::ExitCode;

/// Serves until it is told to stop.
pub(super) fn run(run: &Run) -> Result<ExitCode, String> {
    let switches = &run.switches;
    if switches.internals {
        return words::internals();
    }
    if switches.version {
        return words::version();
    }
    if switches.cfg_print {
        return print(run);
    }
    if switches.check {
        return check(run);
    }
    let clock = Clock::start()?;
    let files = Files::new(&run.place, switches.file.is_none());
    let ground = Ground::new(&path(switches));
    let (ready, defines) = ready(switches, &files, &ground)?;
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
        defines,
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
    ready(switches, &files, &Ground::new(&path(switches)))?;
    eprintln!("config file ok, exiting...");
    Ok(ExitCode::SUCCESS)
}

/// Loads for those who want to know what is in it; opens nothing.
///
/// # Errors
/// What is wrong with it, for a person.
pub(crate) fn loaded(run: &Run) -> Result<(Ready, Ground), String> {
    let switches = &run.switches;
    let files = Files::new(&run.place, switches.file.is_none());
    let ground = Ground::new(&path(switches));
    let (ready, _) = ready(switches, &files, &ground)?;
    Ok((ready, ground))
}

/// Says what strangers could do with it; modules need not be there.
pub(super) fn audit(run: &Run) -> Result<ExitCode, String> {
    let switches = &run.switches;
    let files = Files::new(&run.place, switches.file.is_none());
    crate::audit::audit(&files, &path(switches), extra::options(switches))
}

/// Prints the configuration as one text.
fn print(run: &Run) -> Result<ExitCode, String> {
    let switches = &run.switches;
    let files = Files::new(&run.place, switches.file.is_none());
    load::print(&files, &path(switches), extra::options(switches))
}

/// The file that is read, absolute: the working directory changes before its names are used.
fn path(switches: &Switches) -> String {
    let Some(file) = &switches.file else {
        return builtin::NAME.to_owned();
    };
    let absolute = std::path::absolute(file).ok();
    absolute.map_or_else(|| file.clone(), |path| path.display().to_string())
}

fn ready(switches: &Switches, files: &Files, ground: &Ground) -> Result<(Ready, Defines), String> {
    let source = Source {
        files,
        path: &path(switches),
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
        work_dir: given(&switches.work_dir, &core.workdir).or_else(|| root_for(switches)),
        run_dir: PathBuf::from(switches.run_dir.as_deref().unwrap_or("/run/kamailio")),
        root_dir: switches.root_dir.clone(),
        user: given(&switches.user, &core.user),
        group: given(&switches.group, &core.group),
    }
}

/// Kamailio goes to `/` where nothing else is said, so relative names in its files begin there. The
/// built-in policy has absolute names only and stays where it is.
fn root_for(switches: &Switches) -> Option<String> {
    switches.file.as_ref().map(|_| "/".to_owned())
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
    if let Some(engine) = &switches.log_engine {
        match Engine::parse(engine) {
            Some(engine) => ground.lines.use_engine(engine),
            None => ground.logger.log(Level::Warn, "core", || {
                format!("there is no log engine {engine}: lines are plain text")
            }),
        }
    }
    let here = switches.standard_error
        || switches.foreground > 1
        || core.log_stderror
        || std::io::stderr().is_terminal();
    if !here {
        ground.lines.use_syslog(core, zone::local());
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
