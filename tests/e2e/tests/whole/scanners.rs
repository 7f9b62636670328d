//! The tools of SIPVicious against the built-in policy, as they are and in disguise.

use crate::phones::House;
use ringwall_e2e::Transport::Udp;
use ringwall_e2e::{Scratch, User};
use std::fs;
use std::process::Command;

/// Where Debian puts the tools.
const PACKAGE: &str = "/usr/share/sipvicious/sipvicious";

/// The address that they scan from.
const SCANNER: &str = "127.0.0.7";

#[test]
fn svmap_learns_no_product_and_no_version() {
    let house = House::built_in(Udp);
    for method in ["INVITE", "REGISTER", "OPTIONS"] {
        let arguments = ["-p", &house.port().to_string(), "-m", method, "127.0.0.1"];
        let found = run("svmap", Disguise::On, &arguments);
        assert!(found.contains("unknown"), "{method}: {found}");
        let found = found.to_lowercase();
        for word in ["ringwall", "kamailio", env!("CARGO_PKG_VERSION")] {
            assert!(!found.contains(word), "{method}: {found}");
        }
    }
    let arguments = ["-p", &house.port().to_string(), "127.0.0.1"];
    let found = run("svmap", Disguise::Off, &arguments);
    assert!(found.contains("found nothing"), "{found}");
}

#[test]
fn svwar_enumerates_nobody() {
    let house = House::built_in(Udp);
    let alice = house.phone(User::ALICE);
    alice.await_registered();
    for method in ["REGISTER", "INVITE", "OPTIONS", "SUBSCRIBE"] {
        for force in [&["--force"][..], &[]] {
            let scratch = Scratch::new();
            let names = scratch.write("names", "alice\nbob\nnobody\nalicia\n1000\n1001\n");
            let (port, names) = (house.port().to_string(), names.display().to_string());
            let mut arguments = vec!["-p", &port, "-m", method, "-d", &names];
            arguments.extend(["--domain", "example.test", "--maximumtime", "3"]);
            arguments.extend(force);
            arguments.push("127.0.0.1");
            let found = run("svwar", Disguise::On, &arguments);
            let is_found = |name: &str| found.contains(&format!("| {name} "));
            let all = ["alice", "bob", "nobody", "alicia", "1000", "1001"].map(is_found);
            assert!(
                all.iter().all(|found| *found == all[0]),
                "{method}: {found}"
            );
            assert!(!all[0] || !force.is_empty(), "{method}: {found}");
        }
    }
}

#[test]
fn svcrack_is_banned_within_ten_guesses() {
    for disguise in [Disguise::Off, Disguise::On] {
        let house = House::built_in(Udp);
        let scratch = Scratch::new();
        let mut words: Vec<String> = (0..30).map(|number| format!("guess{number}")).collect();
        words.push(User::ALICE.password.to_owned());
        let words = scratch
            .write("words", &words.join("\n"))
            .display()
            .to_string();
        let port = house.port().to_string();
        let arguments = [
            "-p",
            &port,
            "-u",
            "alice",
            "-d",
            &words,
            "--domain",
            "example.test",
            "--maximumtime",
            "3",
            "127.0.0.1",
        ];
        let found = run("svcrack", disguise, &arguments);
        assert!(!found.contains(User::ALICE.password), "{found}");
        let log = house.printed();
        let guesses = log.matches(&format!("failed login from {SCANNER}")).count();
        let listed = house.ctl(&["ban", "list"]);
        match disguise {
            // It hears nothing, so it never gets to guess.
            Disguise::Off => assert_eq!(guesses, 0, "{log}"),
            Disguise::On => {
                assert!(listed.contains(SCANNER), "{listed}\n{found}\n{log}");
                assert!((1..=10).contains(&guesses), "{guesses} guesses\n{log}");
                assert!(listed.contains("guessing passwords"), "{listed}");
            }
        }
        // Nobody else is the worse for it.
        house.phone(User::ALICE).await_registered();
    }
}

/// Whether a tool says who it is.
#[derive(Clone, Copy)]
enum Disguise {
    /// `User-Agent: friendly-scanner`, as it comes.
    Off,
    /// The name of a phone.
    On,
}

/// Runs a tool from [`SCANNER`]; everything it prints.
fn run(tool: &str, disguise: Disguise, arguments: &[&str]) -> String {
    let scratch = Scratch::new();
    let package = scratch.make_dir("sipvicious");
    copy(std::path::Path::new(PACKAGE), &package, disguise);
    let program = format!("from sipvicious.{tool} import main; main()");
    let output = Command::new("python3")
        .args(["-c", &program, "-b", SCANNER, "-x", SCANNER])
        .args(arguments)
        .current_dir(scratch.path())
        .env("HOME", scratch.path())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("python3");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(!text.contains("Traceback"), "{text}");
    text
}

/// Copies a package of Python, in disguise or not.
fn copy(from: &std::path::Path, to: &std::path::Path, disguise: Disguise) {
    let entries = fs::read_dir(from).expect("sipvicious; `cargo xtask packages` installs it");
    for entry in entries.flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            fs::create_dir(&target).expect("a directory");
            copy(&path, &target, disguise);
        } else if path.extension().is_some_and(|extension| extension == "py") {
            let mut text = fs::read_to_string(&path).expect("a program");
            // Two of the tools forget what `-b` says.
            let bound = format!("bindingip='{SCANNER}'");
            text = text.replace("bindingip=''", &bound);
            if let Disguise::On = disguise {
                text = text.replace("friendly-scanner", "Snom 720");
            }
            fs::write(&target, text).expect("a file");
        }
    }
}
