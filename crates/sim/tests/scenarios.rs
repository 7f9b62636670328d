//! Plays every scenario of the modules and of `tests/scenarios`; see `docs/testing.md`.
#![allow(clippy::disallowed_methods, reason = "a runner is the world")]

use libtest_mimic::{Arguments, Failed, Trial};
use sim::{Expected, Scenario, Subject, Verdict, play};
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
    let expected = Arc::new(Expected::read(&root().join("tests/expected.toml"))?);
    let files = files();
    if let Some(entry) = expected.disagreement.iter().find(|entry| {
        entry.about.ends_with(".md") && !files.iter().any(|file| name(file) == entry.about)
    }) {
        return Err(format!(
            "expected.toml names {}, which is not there",
            entry.about
        ));
    }
    Ok(files
        .into_iter()
        .map(|file| trial(file, subject, expected.clone()))
        .collect())
}

fn trial(file: PathBuf, subject: Subject, expected: Arc<Expected>) -> Trial {
    let name = name(&file);
    let scenario = Scenario::read(&file);
    let excuse = scenario
        .as_ref()
        .ok()
        .and_then(|scenario| subject.excuse(scenario));
    if let Some(why) = &excuse {
        eprintln!("skipped: {name}: {why}");
    }
    let about = name.clone();
    Trial::test(name, move || {
        let came = scenario.and_then(|scenario| run(&scenario, subject));
        expected
            .judge(&about, subject.name(), None, came)
            .map_err(Failed::from)
    })
    .with_ignored_flag(excuse.is_some())
}

fn run(scenario: &Scenario, subject: Subject) -> Result<(), String> {
    for seed in seeds(subject)? {
        match play(scenario, subject, seed) {
            Verdict::Failed(failure) => return Err(failure),
            Verdict::Played | Verdict::Skipped(_) => {}
        }
    }
    Ok(())
}

/// Which seeds are played: `SIM_SEED`, or those from 1 to `SIM_SEEDS`. A real subject is not driven by
/// a seed, so one play is enough.
fn seeds(subject: Subject) -> Result<std::ops::RangeInclusive<u64>, String> {
    let number = |name: &str| match std::env::var(name) {
        Ok(text) => text
            .parse()
            .map(Some)
            .map_err(|_| format!("{name}={text} is no number")),
        Err(_) => Ok(None),
    };
    Ok(match (number("SIM_SEED")?, number("SIM_SEEDS")?) {
        (Some(seed), _) => seed..=seed,
        (None, Some(last)) if subject == Subject::Sim => 1..=last,
        _ if subject == Subject::Sim => 1..=4,
        _ => 1..=1,
    })
}

/// Every scenario there is, in order. A `README.md` is an index of others.
fn files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    find(&root().join("tests/scenarios"), &mut files);
    for module in entries(&root().join("crates/modules/src")) {
        find(&module.join("tests"), &mut files);
    }
    files.sort();
    files
}

fn find(directory: &Path, files: &mut Vec<PathBuf>) {
    for path in entries(directory) {
        if path.is_dir() {
            find(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "md")
            && !path.ends_with("README.md")
        {
            files.push(path);
        }
    }
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten();
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect()
}

fn name(file: &Path) -> String {
    file.strip_prefix(root())
        .unwrap_or(file)
        .display()
        .to_string()
}

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}
