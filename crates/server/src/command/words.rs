//! The words that only print.

use crate::commands::FLAGS;
use policy::Manifest;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

/// Prints a text. A reader that went away, such as `head`, is no error.
pub(crate) fn print(text: &str) -> Result<ExitCode, String> {
    let _gone = std::io::stdout().lock().write_all(text.as_bytes());
    Ok(ExitCode::SUCCESS)
}

/// Prints the version, as tools look for it.
pub(crate) fn version() -> Result<ExitCode, String> {
    print(&format!("version: {VERSION}\nflags: {FLAGS}\n"))
}

/// Prints what Kamailio's `-I` tells, as far as there is anything of it here.
pub(crate) fn internals() -> Result<ExitCode, String> {
    print(&format!(
        "Print out of ringwall internals\n  Version: {VERSION}\n  Default config: the built-in policy \
         (as kamailio: {DEFAULT_FILE})\n  Modules: built in\n  Compile flags: {FLAGS}\n  \
         BUF_SIZE={}\n  Compiled architecture: {}\n",
        65_535,
        std::env::consts::ARCH,
    ))
}

const VERSION: &str = concat!(
    "ringwall ",
    env!("CARGO_PKG_VERSION"),
    " (runs configurations of kamailio 5.6.3)"
);

/// The file that is read where Kamailio's command line names none.
pub(super) const DEFAULT_FILE: &str = "/etc/kamailio/kamailio.cfg";

/// Prints the page of a finding.
pub(crate) fn explain(code: &str) -> Result<ExitCode, String> {
    match script::explain(code) {
        Some(page) => print(page),
        None => Err(format!(
            "no finding has the code {code}; there are {}",
            script::CODES.join(" ")
        )),
    }
}

/// Lists every module.
pub(crate) fn modules(json: bool) -> Result<ExitCode, String> {
    let manifests: Vec<Manifest> = modules::ALL
        .iter()
        .map(|entry| (entry.load)().manifest())
        .collect();
    if json {
        let text = serde_json::to_string_pretty(&manifests).map_err(|error| error.to_string())?;
        return print(&(text + "\n"));
    }
    let mut text = String::new();
    for manifest in &manifests {
        // Writing to a string cannot fail.
        let _ = describe(&mut text, manifest);
    }
    print(&text)
}

fn describe(out: &mut String, module: &Manifest) -> std::fmt::Result {
    writeln!(out, "{}: {}", module.name, module.doc)?;
    for parameter in &module.parameters {
        line(
            out,
            "parameter",
            &format!("{} ({})", parameter.name, parameter.kind),
            parameter.doc,
        )?;
    }
    for function in &module.functions {
        line(out, "function", function.usage, function.doc)?;
    }
    for variable in &module.variables {
        line(
            out,
            "variable",
            &format!("${}", variable.name),
            variable.doc,
        )?;
    }
    let named = [
        ("transformation", &module.transformations),
        ("select", &module.selects),
        ("event route", &module.event_routes),
        ("command", &module.rpcs),
        ("table", &module.tables),
    ];
    for (kind, names) in named {
        for named in names {
            line(out, kind, named.name, named.doc)?;
        }
    }
    for deviation in &module.deviations {
        writeln!(out, "  differs: {deviation}")?;
    }
    writeln!(out)
}

fn line(out: &mut String, kind: &str, name: &str, doc: &str) -> std::fmt::Result {
    writeln!(out, "  {kind} {name}: {doc}")
}
