//! Every scenario of module `topos` that keeps its dialogs in a database, with the other storages in its place.

use sim::{Scenario, Subject, Verdict, play};
use std::fs;
use std::path::{Path, PathBuf};

/// How a scenario says that its storage is a database.
const DATABASE: &str = "modparam(\"topos\", \"db_url\", \"sqlite:///{db}\")\n";
const MEMORY: &str = "modparam(\"topos\", \"storage\", \"memory\")\n";
const REDIS: &str = r#"loadmodule "ndb_redis.so"
loadmodule "topos_redis.so"
modparam("ndb_redis", "server", "name=shared;addr=127.0.0.1;port=6379")
modparam("topos", "storage", "redis")
modparam("topos_redis", "serverid", "shared")
"#;

#[test]
fn every_scenario_plays_in_memory() {
    assert!(played_with(MEMORY) > 8);
}

#[test]
fn every_scenario_plays_in_redis() {
    assert!(played_with(REDIS) > 8);
}

/// How many there were.
#[allow(clippy::disallowed_methods, reason = "the scenarios stand in files")]
fn played_with(storage: &str) -> usize {
    let mut count = 0;
    for file in scenarios() {
        let text = fs::read_to_string(&file).expect("a scenario");
        // Where a script reads the tables of the database, it is about that.
        if !text.contains(DATABASE) || text.contains("sqlops.so") {
            continue;
        }
        let text = text.replace(DATABASE, storage);
        let scenario = Scenario::parse(&file, &text).expect("a scenario still");
        for seed in 1..=4 {
            if let Verdict::Failed(why) = play(&scenario, Subject::Sim, seed) {
                panic!("{} with {storage}{why}", file.display());
            }
        }
        count += 1;
    }
    count
}

fn scenarios() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../modules/src/topos/tests");
    let entries = fs::read_dir(folder).expect("the folder");
    let files = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    files
}
