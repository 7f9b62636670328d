//! Switches as additions to a configuration.

use super::Switches;
use bytes::Bytes;
use policy::{Extra, ParamValue};
use script::ast::{Endpoint, Item, Listen};
use script::{FileError, Files, Opened, Span};

/// Names that the preprocessor knows from the start.
pub(super) fn options(switches: &Switches) -> script::Options {
    let define = |text: &String| match text.split_once('=') {
        Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
        None => (text.clone(), None),
    };
    script::Options {
        defines: switches.define.iter().map(define).collect(),
        substs: switches.subst.clone(),
        substdefs: switches.substdef.clone(),
        substdefs_quoted: switches.substdefs.clone(),
        modules: switches.loadmodule.clone(),
        ..script::Options::default()
    }
}

/// What is added to the file.
///
/// # Errors
/// A sentence about the first switch that cannot be read.
pub(super) fn extra(switches: &Switches) -> Result<Extra, String> {
    let mut extra = Extra {
        modules: switches.loadmodule.clone(),
        core: core(switches)?,
        ..Extra::default()
    };
    for text in &switches.define {
        if text.is_empty() || text.starts_with('=') {
            return Err(format!("-A {text}: write NAME or NAME=VALUE"));
        }
    }
    for text in &switches.listen {
        extra.listen.push(listen(text)?);
    }
    for text in &switches.alias {
        extra.aliases.extend(alias(text)?);
    }
    for text in &switches.modparam {
        extra.params.push(modparam(text)?);
    }
    Ok(extra)
}

fn core(switches: &Switches) -> Result<Vec<(String, ParamValue)>, String> {
    let mut core = Vec::new();
    let mut number = |name: &str, value: Option<i64>| {
        core.extend(value.map(|value| (name.to_owned(), ParamValue::Int(value))));
    };
    number("children", switches.children);
    number("server_id", switches.server_id);
    number("disable_tcp", switches.no_tcp.then_some(1));
    let auto_aliases = switches.auto_aliases.as_deref().map(|mode| match mode {
        "yes" | "on" => Ok(1),
        "no" | "off" => Ok(0),
        _ => Err(format!("-a {mode}: write yes or no")),
    });
    number("auto_aliases", auto_aliases.transpose()?);
    Ok(core)
}

/// `[proto:]address[:port][/advertised[:port]]`.
fn listen(text: &str) -> Result<Listen, String> {
    let line = match text.split_once('/') {
        Some((address, advertised)) => format!("listen={address} advertise {advertised}\n"),
        None => format!("listen={text}\n"),
    };
    match single(&line) {
        Some(Item::Listen(mut listen)) => {
            listen.span = Span::default();
            for endpoint in listen.endpoints.iter_mut().chain(&mut listen.advertise) {
                endpoint.span = Span::default();
            }
            Ok(listen)
        }
        _ => Err(format!(
            "-l {text}: write [proto:]address[:port][/advertised]"
        )),
    }
}

fn alias(text: &str) -> Result<Vec<Endpoint>, String> {
    match single(&format!("alias={text}\n")) {
        Some(Item::Alias(mut endpoints)) => {
            for endpoint in &mut endpoints {
                endpoint.span = Span::default();
            }
            Ok(endpoints)
        }
        _ => Err(format!("--alias {text}: write [proto:]host[:port]")),
    }
}

/// The one item of a line, where it has no mistake: switches are read as the language reads lines.
fn single(line: &str) -> Option<Item> {
    let parsed = script::parse(&Line(line), "line", &script::Options::default());
    if parsed.diagnostics.iter().any(script::Diagnostic::is_error) || parsed.script.items.len() != 1
    {
        return None;
    }
    parsed.script.items.into_iter().next()
}

/// A file that is this text.
pub(crate) struct Line<'a>(pub(crate) &'a str);

impl Files for Line<'_> {
    fn open(&self, includer: Option<&str>, path: &str) -> Result<Opened, FileError> {
        if includer.is_some() {
            return Err(FileError::NotFound);
        }
        Ok(Opened {
            path: path.to_owned(),
            text: self.0.as_bytes().to_vec(),
        })
    }
}

/// `module:name:s|i:value`.
///
/// # Errors
/// A sentence, where it is not that.
pub(crate) fn modparam(text: &str) -> Result<(String, String, ParamValue), String> {
    let wrong = || format!("--modparam={text}: write module:name:s:text or module:name:i:number");
    let mut parts = text.splitn(4, ':');
    let mut part = || parts.next().filter(|part| !part.is_empty());
    let (module, name, kind) = (part(), part(), part());
    let value = parts.next();
    let (Some(module), Some(name), Some(kind), Some(value)) = (module, name, kind, value) else {
        return Err(wrong());
    };
    let value = match kind {
        "s" => ParamValue::Text(Bytes::copy_from_slice(value.as_bytes())),
        "i" => ParamValue::Int(value.parse().map_err(|_| wrong())?),
        _ => return Err(wrong()),
    };
    Ok((module.to_owned(), name.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_in_a_file() {
        for good in [
            "127.0.0.1",
            "udp:127.0.0.1:5080",
            "tls:[::1]:5061",
            "eth0:5062",
            "udp:127.0.0.1:5080/1.2.3.4:5060",
            "udp:127.0.0.1:5080/[2001:db8::1]:5060",
        ] {
            assert!(listen(good).is_ok(), "{good}");
        }
        assert!(listen("udp:127.0.0.1:99999").is_err());
        assert!(listen("a\ndebug=3").is_err());
        assert!(alias("sip.example.test:5060").is_ok_and(|all| all.len() == 1));
    }

    #[test]
    fn parameters_have_a_type() {
        let text = modparam("corex:alias_subdomains:s:a:b").map(|(_, _, value)| value);
        assert_eq!(text, Ok(ParamValue::Text(Bytes::from_static(b"a:b"))));
        assert!(modparam("tm:fr_timer:i:x").is_err());
        assert!(modparam("tm:fr_timer").is_err());
    }
}
