//! Keys of topology hiding that everybody knows.

use super::Settings;
use script::Diagnostic;

/// The default, and the keys printed in manuals and tutorials.
const PRINTED: [&str; 8] = [
    "_static_value_",
    "some secret here",
    "YouDoHaveToChangeThisKey",
    "my-random-key",
    "mysecretkey",
    "secret",
    "changeme",
    "kamailio",
];

pub(super) fn find(settings: &Settings<'_>, findings: &mut Vec<Diagnostic>) {
    let Some(loaded) = settings.loaded("topoh") else {
        return;
    };
    let key = settings.param("topoh", "mask_key");
    let (span, what) = match key {
        None => (
            loaded,
            "topology is hidden with the key that everybody knows",
        ),
        Some(key) if is_printed(key.text().as_bytes()) => (
            key.span,
            "topology is hidden with a key that is printed in manuals",
        ),
        Some(_) => return,
    };
    findings.push(
        Diagnostic::new("E0616", span, what)
            .label("who knows the key reads the hidden addresses")
            .help("write `modparam(\"topoh\", \"mask_key\", \"…\")` with a long random text of your own"),
    );
}

/// True for a key that stands in manuals and tutorials.
#[must_use]
pub fn is_printed(key: &[u8]) -> bool {
    let is_key = |known: &&str| known.as_bytes().eq_ignore_ascii_case(key);
    key.is_empty() || PRINTED.iter().any(is_key)
}
