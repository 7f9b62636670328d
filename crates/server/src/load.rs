//! From a file to a configuration that can be served, or to a list of what is wrong with it.

use crate::addresses::System;
use crate::log::Lines;
use crate::stores::Databases;
use crate::wire::Tls;
use policy::{Counters, Extra, Loader, Logger, Ready, States, Surroundings, World};
use script::{Defines, Files, Options, Parsed};
use std::process::ExitCode;
use std::sync::Arc;

/// What outlives a configuration.
pub(crate) struct Ground {
    pub(crate) counters: Counters,
    pub(crate) states: States,
    pub(crate) databases: Databases,
    pub(crate) lines: Arc<Lines>,
    pub(crate) logger: Logger,
    pub(crate) secret: [u8; 32],
    /// The TLS side, which modules ask about connections.
    pub(crate) tls: Tls,
}

impl Ground {
    /// The ground of a process that starts now.
    pub(crate) fn new(config_file: &str) -> Ground {
        let lines = Arc::new(Lines::to_standard_error());
        let states = States::default();
        states.set_surroundings(Surroundings {
            pid: std::process::id(),
            started_s: crate::clock::unix_ms() / 1000,
            host_name: nix::unistd::gethostname()
                .ok()
                .and_then(|name| name.into_string().ok())
                .unwrap_or_default(),
            environment: std::env::vars_os()
                .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
                .collect(),
            config_file: config_file.to_owned(),
            read_file: Some(Arc::new(crate::files::read)),
            local_offset: Some(crate::zone::local()),
            local_zone: Some(crate::zone::named()),
        });
        let tls = Tls::default();
        states.set_tls_connections(Arc::new(tls.clone()));
        Ground {
            tls,
            counters: Counters::default(),
            states,
            databases: Databases::default(),
            logger: Logger::new(0, lines.clone()),
            lines,
            secret: random(),
        }
    }
}

impl Ground {
    /// What the edge and the modules share of it.
    pub(crate) fn world(&self) -> World<'_> {
        World {
            counters: &self.counters,
            states: &self.states,
            stores: &self.databases,
        }
    }
}

/// What is to be loaded.
pub(crate) struct Source<'a> {
    pub(crate) files: &'a dyn Files,
    pub(crate) path: &'a str,
    pub(crate) options: Options,
    pub(crate) extra: Extra,
}

/// A configuration with the names its preprocessor knows, or findings already rendered for people.
pub(crate) fn load(source: Source<'_>, ground: &Ground) -> Result<(Ready, Defines), String> {
    let parsed = script::parse(source.files, source.path, &options(source.options));
    let loader = Loader {
        entries: modules::ALL,
        world: ground.world(),
        logger: ground.logger.clone(),
        secret: ground.secret,
        addresses: &System,
        extra: source.extra,
    };
    match loader.load(&parsed) {
        Ok(ready) => {
            warn(&ready, &parsed);
            Ok((ready, parsed.defines))
        }
        Err(findings) => match findings.iter().find(|finding| is_of_no_place(finding)) {
            Some(unreadable) => Err(unreadable.message.clone()),
            None => Err(rendered(&findings, &parsed)),
        },
    }
}

/// Prints the file with its includes in it and skipped blocks taken out.
///
/// # Errors
/// What is wrong with directives or includes, rendered for people.
pub(crate) fn print(files: &dyn Files, path: &str, given: Options) -> Result<ExitCode, String> {
    use std::io::Write;
    let printed = script::print(files, path, &options(given));
    // A reader that went away, such as `head`, is no error.
    let _gone = std::io::stdout().lock().write_all(&printed.text);
    if let Some(unreadable) = printed
        .diagnostics
        .iter()
        .find(|found| is_of_no_place(found))
    {
        return Err(unreadable.message.clone());
    }
    if printed.diagnostics.iter().any(script::Diagnostic::is_error) {
        return Err(script::render(
            &printed.diagnostics,
            &printed.sources,
            colored(),
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether the file itself could not be read: then there is no line to show, and nothing else to say.
pub(crate) fn is_of_no_place(finding: &script::Diagnostic) -> bool {
    finding.code == "E0105" && finding.span == script::Span::default()
}

/// The names that are defined from the start, as Kamailio 5.6.3 defines them, and ours.
pub(crate) fn options(mut options: Options) -> Options {
    for name in [
        "KAMAILIO",
        "KAMAILIO_5",
        "KAMAILIO_5_6",
        "KAMAILIO_5_6_3",
        "RINGWALL",
    ] {
        options.defines.push((name.to_owned(), None));
    }
    options.environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    options
}

fn warn(ready: &Ready, parsed: &Parsed) {
    if !ready.warnings.is_empty() {
        eprintln!(
            "{}",
            script::render(&ready.warnings, &parsed.sources, colored())
        );
    }
}

pub(crate) fn rendered(findings: &[script::Diagnostic], parsed: &Parsed) -> String {
    let errors = findings.iter().filter(|finding| finding.is_error()).count();
    let text = script::render(findings, &parsed.sources, colored());
    let errors = if errors == 1 {
        "1 error".to_owned()
    } else {
        format!("{errors} errors")
    };
    format!("{text}\n\n{errors}; `ringwall explain CODE` tells more")
}

pub(crate) fn colored() -> bool {
    use std::io::IsTerminal;
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Random bytes from the system.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rustls::crypto::ring::default_provider()
        .secure_random
        .fill(&mut bytes)
        .unwrap_or_else(|_| unreachable!("the system has random numbers"));
    bytes
}
