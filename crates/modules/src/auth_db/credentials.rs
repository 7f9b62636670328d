//! `load_credentials`: which columns of a user become variables.

use bytes::Bytes;
use policy::{AvpName, Context, LateText};
use script::Value;
use store::{Cell, Name};

/// A column and what gets its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Credential<P = Place> {
    pub(super) place: P,
    pub(super) column: Name,
}

/// A place as it is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    /// An AVP, which gets one more value.
    Avp(AvpName),
    /// Another variable that can be written, `$xavp(who=>name)`.
    Variable(Bytes),
}

/// The same once the configuration is loaded.
#[derive(Clone)]
pub(super) enum Target {
    Avp(AvpName),
    Variable(LateText),
}

impl Credential {
    /// Has its variable prepared by `late`.
    pub(super) fn prepare(self, late: impl FnOnce(Bytes) -> LateText) -> Credential<Target> {
        let place = match self.place {
            Place::Avp(name) => Target::Avp(name),
            Place::Variable(text) => Target::Variable(late(text)),
        };
        Credential {
            place,
            column: self.column,
        }
    }
}

/// Reads `$avp(i:12)=rpid; email_address`; an empty text names none.
pub(super) fn parse(text: &str) -> Result<Vec<Credential>, String> {
    let entries = text.split(';').map(str::trim);
    entries
        .filter(|entry| !entry.is_empty())
        .map(parse_one)
        .collect()
}

/// Puts the values of a row into their places; a column without a value changes none.
pub(super) fn load(context: &mut Context, credentials: &[Credential<Target>], cells: &[Cell]) {
    for (credential, cell) in credentials.iter().zip(cells) {
        let Some(value) = value_of(cell) else {
            continue;
        };
        match &credential.place {
            Target::Avp(name) => {
                let owner = context.home.as_mut();
                let avps = owner.map_or(&mut context.vars.avps, |home| &mut home.vars.avps);
                avps.add(name.clone(), value);
            }
            Target::Variable(variable) => {
                let _can_be_written = variable.set(context, value);
            }
        }
    }
}

fn parse_one(entry: &str) -> Result<Credential, String> {
    // Behind the last one: there is another in `$xavp(who=>name)`.
    let (place, column) = match entry.rsplit_once('=') {
        Some((place, column)) => (place_of(place.trim())?, column.trim()),
        None => {
            let name = Bytes::copy_from_slice(entry.as_bytes());
            (Place::Avp(AvpName::Text(name)), entry)
        }
    };
    let column = Name::parse(column).map_err(|error| error.to_string())?;
    Ok(Credential { place, column })
}

fn place_of(text: &str) -> Result<Place, String> {
    let wrong = || format!("expected $avp(name)=column or a column, found \"{text}\"");
    let Some(rest) = text.strip_prefix("$avp(") else {
        let is_variable = text.starts_with('$') && text.ends_with(')');
        let text = Bytes::copy_from_slice(text.as_bytes());
        return is_variable
            .then_some(Place::Variable(text))
            .ok_or_else(wrong);
    };
    let name = rest.strip_suffix(')').and_then(AvpName::parse);
    name.map(Place::Avp).ok_or_else(wrong)
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
        let text =
            |name: &'static str| Place::Avp(AvpName::Text(Bytes::from_static(name.as_bytes())));
        let variable = |text: &'static str| Place::Variable(Bytes::from_static(text.as_bytes()));
        for (written, expected) in [
            ("", vec![]),
            ("rpid", vec![(text("rpid"), "rpid")]),
            (
                "$avp(i:12)=rpid; $avp(i:14)=email_address",
                vec![
                    (Place::Avp(AvpName::Number(12)), "rpid"),
                    (Place::Avp(AvpName::Number(14)), "email_address"),
                ],
            ),
            ("$avp(s:x)=a;b;", vec![(text("x"), "a"), (text("b"), "b")]),
            (
                "$xavp(who=>d) = rpid",
                vec![(variable("$xavp(who=>d)"), "rpid")],
            ),
        ] {
            let read = parse(written).unwrap();
            let read: Vec<_> = read
                .iter()
                .map(|c| (c.place.clone(), c.column.as_str()))
                .collect();
            assert_eq!(read, expected, "{written}");
        }
        for wrong in ["$avp(x=rpid", "x=rpid", "a b", "x;drop table"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
