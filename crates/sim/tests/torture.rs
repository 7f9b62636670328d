//! Sends every torture message over UDP and TCP; see `docs/testing.md`.

use libtest_mimic::{Arguments, Failed, Trial};
use sim::{Expected, Row, Subject, rows, torture};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    match trials() {
        Ok(trials) => libtest_mimic::run(&arguments, trials).exit_code(),
        Err(wrong) => {
            eprintln!("{wrong}");
            ExitCode::FAILURE
        }
    }
}

fn trials() -> Result<Vec<Trial>, String> {
    let subject = Subject::from_environment()?;
    let expected = Arc::new(Expected::read(&directory().join("expected.toml"))?);
    let rows = rows(&directory())?;
    for entry in &expected.disagreement {
        if !rows.iter().any(|row| row.name == entry.about) {
            return Err(format!(
                "expected.toml names {}, which is not there",
                entry.about
            ));
        }
    }
    let transports = ["udp", "tcp"].into_iter();
    Ok(transports
        .flat_map(|transport| rows.iter().map(move |row| (row.clone(), transport)))
        .map(|(row, transport)| trial(row, transport, subject, expected.clone()))
        .collect())
}

fn trial(row: Row, transport: &'static str, subject: Subject, expected: Arc<Expected>) -> Trial {
    Trial::test(format!("{} {transport}", row.name), move || {
        let proto = policy::Proto::parse(transport.as_bytes()).ok_or("no transport")?;
        let script = directory().join("torture.cfg");
        let came = torture(&row, proto, &script, (subject, 1));
        let judged = expected.judge(&row.name, subject.name(), Some(transport), came);
        judged.map_err(Failed::from)
    })
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/torture")
}
