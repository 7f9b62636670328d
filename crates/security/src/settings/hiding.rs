//! Topology hiding that hides nothing: keys that everybody knows, masks that can be undone.

use super::Settings;
use script::{Diagnostic, Span};

/// The default, and the keys printed in manuals and tutorials.
const PRINTED: [&str; 10] = [
    "_static_value_",
    "some secret here",
    "my secret here",
    "YouDoHaveToChangeThisKey",
    "my-random-key",
    "mysecretkey",
    "secret",
    "changeme",
    "kamailio",
    // A key of the process in mode `sealed`, and this word in every other.
    "random",
];

pub(super) fn find(settings: &Settings<'_>, findings: &mut Vec<Diagnostic>) {
    if let Some(loaded) = settings.loaded("topoh") {
        findings.extend(known_key(settings, loaded));
        findings.extend(weak_mask(settings, loaded));
    }
    if settings.loaded("topos").is_some() {
        findings.extend(known_call_id_key(settings));
    }
}

fn known_key(settings: &Settings<'_>, loaded: Span) -> Option<Diagnostic> {
    let (span, what) = match settings.param("topoh", "mask_key") {
        None => (
            loaded,
            "topology is hidden with the key that everybody knows",
        ),
        Some(key) if key.text() == "random" && is_sealed(settings) => return None,
        Some(key) if is_printed(key.text().as_bytes()) => (
            key.span,
            "topology is hidden with a key that is printed in manuals",
        ),
        Some(_) => return None,
    };
    let help =
        "write `modparam(\"topoh\", \"mask_key\", \"…\")` with a long random text of your own";
    let finding = Diagnostic::new("E0616", span, what);
    Some(
        finding
            .label("who knows the key reads the hidden addresses")
            .help(help),
    )
}

/// The Call-IDs of topos: its key, or what it makes one of.
fn known_call_id_key(settings: &Settings<'_>) -> Option<Diagnostic> {
    let param = |name| settings.param("topos", name);
    let masks = param("mask_callid").filter(|masks| masks.is_on() == Some(true))?;
    let is_in_database = param("storage").is_none_or(|storage| storage.text() == "db");
    let (span, what) = match param("mask_key").filter(|key| !key.text().is_empty()) {
        Some(key) if is_printed(key.text().as_bytes()) => (
            key.span,
            "Call-IDs are masked with a key that is printed in manuals",
        ),
        None if is_in_database && param("db_url").is_none_or(|url| is_known_url(&url.text())) => (
            masks.span,
            "Call-IDs are masked with a key that is made of a database URL without a secret in it",
        ),
        _ => return None,
    };
    let help =
        "write `modparam(\"topos\", \"mask_key\", \"…\")` with a long random text of your own";
    let finding = Diagnostic::new("E0616", span, what);
    Some(
        finding
            .label("who knows the key reads the Call-IDs, and the addresses in them")
            .help(help),
    )
}

/// True for the URL of a database that has no password, or the one Kamailio is shipped with.
#[must_use]
pub fn is_known_url(url: &str) -> bool {
    let secret = super::secrets::secret_of(url);
    secret.is_none_or(|secret| secret.ends_with(":kamailiorw@"))
}

fn is_sealed(settings: &Settings<'_>) -> bool {
    let mode = settings.param("topoh", "mask_mode");
    mode.is_some_and(|mode| mode.text() == "sealed")
}

/// Kamailio's encoding can be undone without the key, and forged.
fn weak_mask(settings: &Settings<'_>, loaded: Span) -> Option<Diagnostic> {
    let span = match settings.param("topoh", "mask_mode") {
        None => loaded,
        Some(mode) if mode.text() == "kamailio" => mode.span,
        Some(_) => return None,
    };
    let finding = Diagnostic::new(
        "E0621",
        span,
        "topology is hidden with a mask that can be undone",
    );
    Some(
        finding
            .label("who has seen a few masks of addresses he knows reads the others")
            .help("write `modparam(\"topoh\", \"mask_mode\", \"sealed\")`, or \"migrate\" while calls hidden by Kamailio are up"),
    )
}

/// True for a key that stands in manuals and tutorials.
#[must_use]
pub fn is_printed(key: &[u8]) -> bool {
    let is_key = |known: &&str| known.as_bytes().eq_ignore_ascii_case(key);
    key.is_empty() || PRINTED.iter().any(is_key)
}
