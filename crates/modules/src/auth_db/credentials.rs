//! `load_credentials`: which columns of a user become AVPs.

use bytes::Bytes;
use policy::{AvpName, Context};
use script::Value;
use store::{Cell, Name};

/// A column and the AVP that gets its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Credential {
    pub(super) avp: AvpName,
    pub(super) column: Name,
}

/// Reads `$avp(i:12)=rpid; email_address`; an empty text names none.
pub(super) fn parse(text: &str) -> Result<Vec<Credential>, String> {
    let entries = text.split(';').map(str::trim);
    entries
        .filter(|entry| !entry.is_empty())
        .map(parse_one)
        .collect()
}

/// Puts the values of a row into their AVPs; a column without a value gets none.
pub(super) fn load(context: &mut Context, credentials: &[Credential], cells: &[Cell]) {
    let owner = context.home.as_mut();
    let avps = owner.map_or(&mut context.vars.avps, |home| &mut home.vars.avps);
    for (credential, cell) in credentials.iter().zip(cells) {
        if let Some(value) = value_of(cell) {
            avps.add(credential.avp.clone(), value);
        }
    }
}

fn parse_one(entry: &str) -> Result<Credential, String> {
    let (avp, column) = match entry.split_once('=') {
        Some((avp, column)) => (avp_of(avp.trim())?, column.trim()),
        None => (
            AvpName::Text(Bytes::copy_from_slice(entry.as_bytes())),
            entry,
        ),
    };
    let column = Name::parse(column).map_err(|error| error.to_string())?;
    Ok(Credential { avp, column })
}

fn avp_of(text: &str) -> Result<AvpName, String> {
    let inner = text
        .strip_prefix("$avp(")
        .and_then(|rest| rest.strip_suffix(')'));
    inner
        .and_then(AvpName::parse)
        .ok_or_else(|| format!("expected $avp(name)=column or a column, found \"{text}\""))
}

fn value_of(cell: &Cell) -> Option<Value> {
    match cell {
        Cell::Null => None,
        Cell::Int(number) | Cell::Time(number) => Some(Value::Int(*number)),
        Cell::Real(number) => Some(Value::Str(number.to_string().into())),
        Cell::Text(text) | Cell::Blob(text) => Some(Value::Str(text.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_parameter_is_read() {
        let text = |name: &'static str| AvpName::Text(Bytes::from_static(name.as_bytes()));
        for (written, expected) in [
            ("", vec![]),
            ("rpid", vec![(text("rpid"), "rpid")]),
            (
                "$avp(i:12)=rpid; $avp(i:14)=email_address",
                vec![
                    (AvpName::Number(12), "rpid"),
                    (AvpName::Number(14), "email_address"),
                ],
            ),
            ("$avp(s:x)=a;b;", vec![(text("x"), "a"), (text("b"), "b")]),
        ] {
            let read = parse(written).unwrap();
            let read: Vec<_> = read
                .iter()
                .map(|c| (c.avp.clone(), c.column.as_str()))
                .collect();
            assert_eq!(read, expected, "{written}");
        }
        for wrong in ["$avp(x=rpid", "x=rpid", "a b", "x;drop table"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
