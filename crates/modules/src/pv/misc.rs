//! The rest: `$sel`, `$_s`, `$stat`, `$version`, `$C`, `$K`, `$pp`.

use super::Pv;
use super::part::text;
use bytes::Bytes;
use policy::{Declaration, Var, problem};
use script::{SelectPart, SelectSpec, Value};

pub(super) fn declare(declaration: &mut Declaration<Pv>) {
    declaration.read("pp", "The process id.", |_, context| {
        Value::Int(context.config.installed.surroundings.pid.into())
    });
    declaration.variable(
        "_s(format)",
        "The format with its variables put in.",
        false,
        |_, spec, prepare| {
            let format = prepare.text(spec.inner.as_ref().unwrap_or(&Bytes::new()))?;
            Ok(Var::read_only(move |context| {
                Value::Str(format.printed(context))
            }))
        },
    );
    declaration.variable(
        "sel(select)",
        "An @select, without the @.",
        false,
        |_, spec, prepare| {
            let inner = spec
                .inner
                .as_ref()
                .ok_or_else(|| problem("the select is missing"))?;
            let select = parse_select(inner).ok_or_else(|| problem("no select"))?;
            prepare.select(&select)
        },
    );
    declaration.variable(
        "stat(name)",
        "A counter, by its name or as group:name.",
        false,
        |module, spec, prepare| {
            let name = prepare.text(
                spec.inner
                    .as_ref()
                    .ok_or_else(|| problem("the name of the counter is missing"))?,
            )?;
            let Some(pv) = module.cloned() else {
                return Ok(Var::null());
            };
            Ok(Var::read_only(move |context| {
                let name = name.get(context);
                let name = String::from_utf8_lossy(&name);
                let found = match name.split_once([':', '.']) {
                    Some((group, name)) => pv.counters.find(group, name),
                    None => pv.counters.find_by_name(&name),
                };
                found.map_or(Value::Null, |counter| Value::Int(counter.value()))
            }))
        },
    );
    declaration.variable(
        "version(key)",
        "The version: num, full, hash.",
        false,
        |_, spec, _| {
            let version = match spec.inner.as_deref().map(<[u8]>::trim_ascii) {
                Some(b"num") => text(env!("CARGO_PKG_VERSION")),
                Some(b"full") => text(concat!("ringwall ", env!("CARGO_PKG_VERSION"))),
                Some(b"hash") => Value::text("unknown"),
                _ => return Err(problem("$version takes num, full or hash")),
            };
            Ok(Var::constant(version))
        },
    );
    declaration.variable(
        "C(xy)",
        "Colours of a terminal: foreground x and background y out of xdrgybpcw.",
        false,
        |_, spec, _| {
            let colour = colour(spec.inner.as_deref().unwrap_or_default().trim_ascii());
            colour
                .map(|colour| Var::constant(text(colour)))
                .ok_or_else(|| problem("two letters out of x d r g y b p c w"))
        },
    );
    declaration.variable(
        "K(name)",
        "The number of a word: IPv4, IPv6, UDP, TCP, TLS, SCTP, WS, WSS.",
        false,
        |_, spec, _| {
            let name = spec.inner.as_deref().unwrap_or_default().trim_ascii();
            let family = match name {
                b"IPv4" | b"INET" => Some(2),
                b"IPv6" | b"INET6" => Some(10),
                _ => policy::Proto::parse(name).map(policy::Proto::number),
            };
            family
                .map(|number| Var::constant(Value::Int(number)))
                .ok_or_else(|| problem("a word that has no number"))
        },
    );
}

/// `a.b["c"].d[1]` in parts.
pub(super) fn parse_select(text: &Bytes) -> Option<SelectSpec> {
    let mut parts = Vec::new();
    let mut rest = text
        .trim_ascii()
        .strip_prefix(b"@")
        .unwrap_or(text.trim_ascii());
    loop {
        let end = rest
            .iter()
            .position(|byte| matches!(byte, b'.' | b'['))
            .unwrap_or(rest.len());
        let (name, tail) = rest.split_at(end);
        if !name.is_empty() {
            parts.push(SelectPart {
                name: Bytes::copy_from_slice(name),
                index: None,
            });
        }
        match tail {
            [] => break,
            [b'.', more @ ..] => rest = more,
            [_, more @ ..] => {
                let close = more.iter().position(|byte| *byte == b']')?;
                let index = more.get(..close)?.trim_ascii();
                let index = index
                    .strip_prefix(b"\"")
                    .and_then(|index| index.strip_suffix(b"\""))
                    .unwrap_or(index);
                let part = parts
                    .last_mut()
                    .filter(|part: &&mut SelectPart| part.index.is_none());
                part?.index = Some(Bytes::copy_from_slice(index));
                rest = more.get(close + 1..)?;
            }
        }
    }
    (!parts.is_empty()).then(|| SelectSpec {
        text: text.clone(),
        parts,
    })
}

/// The escape sequence for two letters, as Kamailio prints it.
fn colour(letters: &[u8]) -> Option<String> {
    let [front, back] = letters else {
        return None;
    };
    let bold = if front.is_ascii_uppercase() { 1 } else { 0 };
    Some(format!(
        "\x1b[{bold};{};{}m",
        number(*front, 30)?,
        number(*back, 40)?
    ))
}

fn number(letter: u8, base: u8) -> Option<u8> {
    let place = b"xsrgybpcwd"
        .iter()
        .position(|known| *known == letter.to_ascii_lowercase())?;
    match place {
        0 => Some(base + 9),
        9 => Some(base),
        place => u8::try_from(place).ok().map(|place| base + place - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selects_have_names_and_indexes() {
        let select = parse_select(&Bytes::from_static(b"hf_value[\"X-One.y\"].uri.params[-1]"))
            .expect("well-formed");
        let parts: Vec<_> = select
            .parts
            .iter()
            .map(|part| (part.name.as_ref(), part.index.as_deref()))
            .collect();
        let expected: [(&[u8], Option<&[u8]>); 3] = [
            (b"hf_value", Some(b"X-One.y")),
            (b"uri", None),
            (b"params", Some(b"-1")),
        ];
        assert_eq!(parts, expected);
        assert!(parse_select(&Bytes::from_static(b"a[1")).is_none());
        assert!(parse_select(&Bytes::from_static(b"")).is_none());
    }
}
