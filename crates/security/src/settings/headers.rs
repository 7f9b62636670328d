//! Headers that tell a scanner what it has found.

use super::{Setting, Settings};
use script::Diagnostic;

pub(super) fn find(settings: &Settings<'_>, findings: &mut Vec<Diagnostic>) {
    let is_on = |name, default| {
        let setting = settings.core(name);
        setting
            .and_then(|setting| setting.is_on())
            .unwrap_or(default)
    };
    if is_on("server_signature", true) {
        header(settings, "server_header", "Server", findings);
        header(settings, "user_agent_header", "User-Agent", findings);
    }
    if let Some(warning) = settings
        .core("sip_warning")
        .filter(|_| is_on("sip_warning", false))
    {
        findings.push(
            Diagnostic::new(
                "W0617",
                warning.span,
                "replies tell addresses and the process",
            )
            .label("every reply of the server itself has a Warning header with them")
            .help("write `sip_warning=0`"),
        );
    }
}

fn header(settings: &Settings<'_>, name: &str, field: &str, findings: &mut Vec<Diagnostic>) {
    let help = format!("write `{name}=\"{field}: sip\"`, or `server_signature=no`");
    let setting = settings.core(name);
    let (span, what) = match setting {
        None => (
            settings.start(),
            format!("the {field} header tells product and version"),
        ),
        Some(setting) if tells_a_version(&setting) => {
            (setting.span, format!("this {field} header tells a version"))
        }
        Some(_) => return,
    };
    findings.push(Diagnostic::new("W0617", span, what).help(help));
}

/// Digits on both sides of a dot.
fn tells_a_version(setting: &Setting<'_>) -> bool {
    let text = setting.text();
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    text.as_bytes()
        .windows(3)
        .any(|part| matches!(part, [before, b'.', after] if is_digit(before) && is_digit(after)))
}
