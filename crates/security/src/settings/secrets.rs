//! Passwords that too many can read.

use super::Settings;
use crate::Surroundings;
use script::{Diagnostic, FileId, SourceMap, Span};

/// Passwords of users that stand in the database as they are.
pub(super) fn passwords(settings: &Settings<'_>, findings: &mut Vec<Diagnostic>) {
    let Some(computed) = settings.param("auth_db", "calculate_ha1") else {
        return;
    };
    let column = settings.param("auth_db", "password_column");
    // The column that is read where none is named has the hash.
    let is_hash = column.is_none_or(|column| column.text().starts_with("ha1"));
    if computed.is_on() != Some(true) || is_hash {
        return;
    }
    let mut finding = Diagnostic::new(
        "W0613",
        computed.span,
        "the passwords of all users stand in the database as they are",
    )
    .label("hashes are computed from plain text")
    .help(
        "write `modparam(\"auth_db\", \"calculate_ha1\", 0)` and \
             `modparam(\"auth_db\", \"password_column\", \"ha1\")`, and keep only the hashes",
    );
    if let Some(column) = column {
        finding = finding.related(column.span, "the column with the passwords");
    }
    findings.push(finding);
}

/// Passwords of databases in files that everybody on the machine reads.
pub(super) fn readable(
    settings: &Settings<'_>,
    sources: &SourceMap,
    surroundings: &dyn Surroundings,
    findings: &mut Vec<Diagnostic>,
) {
    for setting in settings.of_module(None) {
        let url = setting.text();
        let Some(secret) = secret_of(&url) else {
            continue;
        };
        let (span, path) = place_of(&secret, setting.span, sources);
        if surroundings.is_world_readable(&path) {
            findings.push(
                Diagnostic::new(
                    "E0620",
                    span,
                    "everybody on this machine can read this password",
                )
                .label("a password of the database")
                .help(format!(
                    "run `chmod o-rwx {path}`, and give the file to the user the server runs as"
                )),
            );
        }
    }
}

/// `user:password@` of a URL, where it has a password.
pub(super) fn secret_of(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split('/').next()?;
    let (user, _) = authority.rsplit_once('@')?;
    let (_, password) = user.split_once(':')?;
    (!password.is_empty()).then(|| format!("{user}@"))
}

/// Where a secret stands: at its definition, where it came by one.
fn place_of(secret: &str, used: Span, sources: &SourceMap) -> (Span, String) {
    for (number, file) in sources.files().enumerate() {
        let text = file.text();
        let found = text
            .windows(secret.len())
            .position(|part| part == secret.as_bytes());
        if let (Some(at), Ok(number)) = (found, u32::try_from(number)) {
            let span = Span::new(FileId(number), at, at + secret.len());
            return (span, file.path().to_owned());
        }
    }
    (used, sources.position(used).path.to_owned())
}
