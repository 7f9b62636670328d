//! `shvset`, `varset`, `avp_aliases`.

use super::Pv;
use bytes::Bytes;
use policy::{AvpName, Declaration};
use script::Value;

/// The parameters as they were given.
#[derive(Default)]
pub(crate) struct Params {
    pub(super) shared: Vec<(Bytes, Value)>,
    pub(super) presets: Vec<Preset>,
    pub(super) aliases: Vec<Alias>,
}

/// `$var(name)` and the value it starts with.
pub(crate) type Preset = (Bytes, Value);

/// `$avp(alias)` and the AVP it means.
pub(crate) type Alias = (Bytes, AvpName);

pub(super) fn declare(declaration: &mut Declaration<Pv>) {
    declaration.try_param(
        "shvset",
        "The first value of a shared variable, `name=i:1` or `name=s:text`; may stand several times.",
        |params: &mut Params, text: String| {
            params.shared.push(assignment(&text)?);
            Ok(())
        },
    );
    declaration.try_param(
        "varset",
        "The value `$var(name)` starts with, `name=i:1` or `name=s:text`; may stand several times.",
        |params: &mut Params, text: String| {
            params.presets.push(assignment(&text)?);
            Ok(())
        },
    );
    declaration.try_param(
        "avp_aliases",
        "Other names of AVPs, `email=s:email_addr;tmp=i:100`.",
        |params: &mut Params, text: String| {
            for one in text.split(';').filter(|one| !one.trim().is_empty()) {
                params.aliases.push(alias(one)?);
            }
            Ok(())
        },
    );
}

fn assignment(text: &str) -> Result<Preset, String> {
    let wrong = || format!("expected name=i:number or name=s:text, found \"{text}\"");
    let (name, typed) = text.split_once('=').ok_or_else(wrong)?;
    let value = match typed.split_once(':').ok_or_else(wrong)? {
        ("i", number) => Value::Int(script::parse_int(number.trim().as_bytes()).ok_or_else(wrong)?),
        ("s", text) => Value::Str(Bytes::copy_from_slice(text.as_bytes())),
        _ => return Err(wrong()),
    };
    Ok((Bytes::copy_from_slice(name.trim().as_bytes()), value))
}

fn alias(text: &str) -> Result<Alias, String> {
    let wrong = || format!("expected alias=s:name or alias=i:number, found \"{text}\"");
    let (name, target) = text.split_once('=').ok_or_else(wrong)?;
    let target = AvpName::parse(target).ok_or_else(wrong)?;
    Ok((Bytes::copy_from_slice(name.trim().as_bytes()), target))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_what_follows_their_type() {
        let (name, value) = assignment("gw=s:sip:11.11.11.11;transport=tcp").expect("well-formed");
        assert_eq!(
            (name.as_ref(), value),
            (&b"gw"[..], Value::text("sip:11.11.11.11;transport=tcp"))
        );
        assert_eq!(
            assignment("n=i:7").map(|(_, value)| value),
            Ok(Value::Int(7))
        );
        for wrong in ["n", "n=7", "n=i:x", "n=f:1"] {
            assert!(assignment(wrong).is_err(), "{wrong}");
        }
    }
}
