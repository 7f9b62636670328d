//! TLS that protects less than it seems to.

use super::{Settings, word};
use script::{Diagnostic, Span};

/// The setting that a certificate must be valid.
pub(super) const VERIFY: &str = "verify_certificate";

pub(super) fn find(settings: &Settings<'_>, findings: &mut Vec<Diagnostic>) {
    for setting in settings.of_module(Some("tls")) {
        // Parameters are for connections in both directions.
        findings.extend(judge(setting.name, &setting.text(), true, setting.span));
    }
}

/// The finding of one setting, if there is one.
pub(super) fn judge(name: &str, value: &str, is_client: bool, span: Span) -> Option<Diagnostic> {
    match name {
        "tls_method" | "method" if is_old(value) => Some(
            Diagnostic::new("W0614", span, format!("{value} is broken"))
                .label("TLS before 1.2 can be read or forced down")
                .help(format!("write `{name}` with `TLSv1.2+`")),
        ),
        "cipher_list" => weak_cipher(value).map(|cipher| {
            Diagnostic::new("W0614", span, format!("{cipher} protects nothing"))
                .label("a cipher that can be broken")
                .help("leave `cipher_list` out, or end it with `:!aNULL:!eNULL:!EXPORT:!RC4:!3DES:!MD5`")
        }),
        VERIFY if is_client && word(value) == Some(false) => Some(unverified(span)),
        _ => None,
    }
}

/// The finding that certificates of servers are not verified.
pub(super) fn unverified(span: Span) -> Diagnostic {
    Diagnostic::new(
        "W0615",
        span,
        "the certificates of servers are not verified",
    )
    .label("whoever stands between poses as the other server")
    .help("write `verify_certificate` with 1 and name the authorities in `ca_list`")
}

/// Versions before 1.2, and methods that allow them.
fn is_old(method: &str) -> bool {
    let method = method.trim().to_ascii_lowercase();
    method.starts_with("sslv")
        || [
            "tlsv1", "tlsv1.0", "tlsv1.1", "tlsv1+", "tlsv1.0+", "tlsv1.1+",
        ]
        .contains(&method.as_str())
}

/// The first cipher of a list that is let in though it is broken.
fn weak_cipher(list: &str) -> Option<&str> {
    const WEAK: [&str; 8] = ["NULL", "EXP", "RC4", "DES", "MD5", "ADH", "LOW", "RC2"];
    list.split([':', ',', ' ']).find(|cipher| {
        let is_in = !cipher.starts_with(['!', '-']);
        let upper = cipher.to_ascii_uppercase();
        is_in && WEAK.iter().any(|weak| upper.contains(weak))
    })
}
