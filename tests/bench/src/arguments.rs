//! What the command line asks for.

use crate::workload::{self, Workload};

/// How often each server runs each workload, unless `--runs` says otherwise.
const RUNS: usize = 5;

/// The peer that Debian has; it comes first where no server is named.
const KAMAILIO: &str = "kamailio=kamailio -f {cfg} {defs} -DD -E -m 1024 -M 32";

/// What is measured.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// The servers in the order of their turns; ratios are to the first.
    pub(crate) servers: Vec<Named>,
    pub(crate) workloads: Vec<&'static Workload>,
    pub(crate) runs: usize,
    /// Operations a second, instead of the workload's.
    pub(crate) rate: Option<u64>,
    /// Operations in a run, instead of the workload's.
    pub(crate) operations: Option<u64>,
    /// Whether bare sockets take a turn too.
    pub(crate) floor: bool,
}

/// A server and its command line, in which `{cfg}` and `{defs}` stand for the configuration and the `-A NAME`
/// switches of a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) command: String,
}

/// Reads the arguments.
///
/// # Errors
/// A sentence and the usage.
pub(crate) fn parse(words: &[String]) -> Result<Wanted, String> {
    let mut wanted = Wanted {
        servers: Vec::new(),
        workloads: Vec::new(),
        runs: RUNS,
        rate: None,
        operations: None,
        floor: true,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || {
            let value = words.next();
            value.ok_or_else(|| usage(&format!("{word} wants a value")))
        };
        match word.as_str() {
            "--server" => wanted.servers.push(named(value()?)?),
            "--runs" => wanted.runs = number(value()?)?.max(1) as usize,
            "--rate" => wanted.rate = Some(number(value()?)?.max(1)),
            "--operations" => wanted.operations = Some(number(value()?)?.max(1)),
            "--no-floor" => wanted.floor = false,
            name => wanted
                .workloads
                .push(workload::find(name).ok_or_else(|| usage(&format!("no workload `{name}`")))?),
        }
    }
    if wanted.servers.is_empty() {
        wanted.servers = both()?;
    }
    if wanted.workloads.is_empty() {
        wanted.workloads = workload::ALL.iter().collect();
    }
    Ok(wanted)
}

/// Debian's Kamailio and our own server.
///
/// # Errors
/// A sentence, where the program does not know its own place.
pub(crate) fn both() -> Result<Vec<Named>, String> {
    Ok(vec![named(KAMAILIO)?, ours()?])
}

/// The server that was built together with this program.
///
/// # Errors
/// A sentence, where the program does not know its own place.
pub(crate) fn ours() -> Result<Named, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let binary = own.with_file_name("ringwall");
    Ok(Named {
        name: "ringwall".to_owned(),
        command: format!("{} -f {{cfg}} {{defs}} -DD -E", binary.display()),
    })
}

/// Reads `NAME=COMMAND`.
///
/// # Errors
/// The usage.
pub(crate) fn named(text: &str) -> Result<Named, String> {
    let (name, command) = text
        .split_once('=')
        .ok_or_else(|| usage(&format!("`{text}` is no NAME=COMMAND")))?;
    Ok(Named {
        name: name.to_owned(),
        command: command.to_owned(),
    })
}

fn number(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| usage(&format!("`{text}` is no number")))
}

fn usage(why: &str) -> String {
    let names: Vec<&str> = workload::ALL.iter().map(|one| one.name).collect();
    format!(
        "{why}\n\
         bench [--server NAME=COMMAND]... [--runs N] [--rate N] [--operations N] [--no-floor] [WORKLOAD]...\n\
         COMMAND has {{cfg}} for the configuration and {{defs}} for `-A NAME` switches\n\
         workloads: {}",
        names.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn everything_has_a_default() {
        let wanted = parse(&[]).unwrap();
        let names: Vec<&str> = wanted.servers.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["kamailio", "ringwall"]);
        assert_eq!(wanted.workloads.len(), workload::ALL.len());
        assert_eq!((wanted.runs, wanted.rate, wanted.floor), (RUNS, None, true));
    }

    #[test]
    fn what_is_said_counts() {
        let wanted = parse(&words("--server a=b=c --runs 3 --rate 7 --no-floor call")).unwrap();
        let server = Named {
            name: "a".to_owned(),
            command: "b=c".to_owned(),
        };
        assert_eq!(wanted.servers, [server]);
        assert_eq!(wanted.workloads[0].name, "call");
        assert_eq!(
            (wanted.runs, wanted.rate, wanted.floor),
            (3, Some(7), false)
        );
    }

    #[test]
    fn nonsense_is_named() {
        for (text, why) in [
            ("--runs", "--runs wants a value"),
            ("--rate x", "`x` is no number"),
            ("--server x", "`x` is no NAME=COMMAND"),
            ("cal", "no workload `cal`"),
        ] {
            assert!(parse(&words(text)).unwrap_err().starts_with(why), "{text}");
        }
    }
}
