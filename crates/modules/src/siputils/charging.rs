//! P-Charging-Vector (RFC 7315 section 5.6).

use super::SipUtils;
use bytes::Bytes;
use policy::{Argument, Context, Declaration, Prepare, Problem, Routes, Var, Written, problem};
use script::Value;
use sip::{HeaderId, Params};

pub(super) fn declare(d: &mut Declaration<SipUtils>) {
    d.function(
        "sip_p_charging_vector(flags)",
        "`r` removes the header, `g` makes one where there is none, `f` removes it and makes one.",
        Routes::ANY,
        charging_vector,
    );
    d.variable(
        "pcv(name)",
        "P-Charging-Vector: all, value, genaddr, orig or term.",
        false,
        |_, spec, _| {
            let name = spec.inner.clone().unwrap_or_default();
            let field = match &name[..] {
                b"all" => None,
                b"value" => Some(&b"icid-value"[..]),
                b"genaddr" => Some(&b"icid-generated-at"[..]),
                b"orig" => Some(&b"orig-ioi"[..]),
                b"term" => Some(&b"term-ioi"[..]),
                other => {
                    return Err(problem(format!(
                        "unknown pcv name {}",
                        String::from_utf8_lossy(other)
                    )));
                }
            };
            Ok(Var::read_only(move |context| read(context, field)))
        },
    );
    d.deviation(
        "sip_p_charging_vector(\"r\") and (\"f\") take the received header out; Kamailio 5.6.3 leaves it, \
         and after \"f\" $pcv() shows foreign memory.",
    );
    d.deviation(
        "$pcv(all) is the header's value for a header made here too, without name and line end.",
    );
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Remove,
    Generate,
    Force,
}

impl Argument for Action {
    fn prepare(written: Option<&Written>, _: &mut Prepare<'_>) -> Result<Action, Problem> {
        match written.map(Written::source).unwrap_or_default().first() {
            Some(b'r' | b'R') => Ok(Action::Remove),
            Some(b'g' | b'G') => Ok(Action::Generate),
            Some(b'f' | b'F') => Ok(Action::Force),
            _ => Err(problem("expected \"r\", \"g\" or \"f\"")),
        }
    }
}

/// What was done to the header of the message in hand.
#[derive(Default)]
struct Made {
    removed: bool,
    value: Option<Bytes>,
}

fn charging_vector(_: &SipUtils, context: &mut Context, action: &Action) -> bool {
    if *action != Action::Generate {
        context
            .edits
            .remove_headers(&context.message, b"P-Charging-Vector");
        *context.extension_mut::<Made>() = Made {
            removed: true,
            value: None,
        };
    }
    if *action != Action::Remove && present(context).is_none() {
        let id = context.rng.u128(..);
        let value = format!(
            "icid-value={id:032X}; icid-generated-at={}",
            context.flow.local.ip()
        );
        context
            .edits
            .append_header(&context.message, format!("P-Charging-Vector: {value}"));
        context.extension_mut::<Made>().value = Some(value.into());
    }
    true
}

/// The value as it will be sent.
fn present(context: &Context) -> Option<Bytes> {
    let made = context.extension::<Made>();
    if let Some(value) = made.and_then(|made| made.value.clone()) {
        return Some(value);
    }
    let is_removed = made.is_some_and(|made| made.removed);
    let header = context
        .message
        .header(HeaderId::PChargingVector)
        .filter(|_| !is_removed)?;
    Some(context.message.bytes().slice(header.value_span.range()))
}

fn read(context: &mut Context, field: Option<&'static [u8]>) -> Value {
    let Some(value) = present(context) else {
        return Value::Null;
    };
    let Some(field) = field else {
        return Value::Str(value);
    };
    let params = [b";", &value[..]].concat();
    let found = Params::new(&params).find_name(field);
    found.map_or(Value::Null, |param| {
        Value::Str(Bytes::copy_from_slice(param.unquoted()))
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    fn notes(flag: &str, header: &str) -> (Vec<i32>, Vec<String>, String) {
        let script = format!(
            "loadmodule \"siputils\"\nrequest_route {{ sip_p_charging_vector(\"{flag}\"); rc(); note(\"$pcv(value)|$pcv(genaddr)|$pcv(orig)|$pcv(term)\"); note(\"$pcv(all)\"); }}"
        );
        let ran = run(&script, &format!("OPTIONS sip:x SIP/2.0\n{header}\n"));
        (ran.codes, ran.notes, ran.sent)
    }

    const GIVEN: &str =
        "P-Charging-Vector: icid-value=abc;icid-generated-at=1.1.1.1;orig-ioi=o;term-ioi=t\n";

    #[test]
    fn a_vector_is_made_where_there_is_none() {
        let (codes, notes, sent) = notes("g", "");
        let id = notes[0].split('|').next().unwrap_or_default();
        assert_eq!((codes, id.len()), (vec![1], 32));
        assert!(notes[0].ends_with("|127.0.0.1|<null>|<null>"), "{notes:?}");
        assert!(
            sent.contains(&format!(
                "P-Charging-Vector: icid-value={id}; icid-generated-at=127.0.0.1\r\n"
            )),
            "{sent}"
        );
    }

    #[test]
    fn one_that_came_is_read_and_kept() {
        let (_, notes, sent) = notes("g", GIVEN);
        assert_eq!(notes[0], "abc|1.1.1.1|o|t");
        assert_eq!(
            notes[1],
            "icid-value=abc;icid-generated-at=1.1.1.1;orig-ioi=o;term-ioi=t"
        );
        assert_eq!(sent.matches("P-Charging-Vector").count(), 1);
    }

    #[test]
    fn it_is_removed_or_made_anew() {
        let (_, gone, sent) = notes("r", GIVEN);
        assert_eq!(gone[0], "<null>|<null>|<null>|<null>");
        assert!(!sent.contains("P-Charging-Vector"));
        let (_, anew, sent) = notes("f", GIVEN);
        assert!(!anew[0].starts_with("abc"), "{anew:?}");
        assert_eq!(sent.matches("P-Charging-Vector").count(), 1);
    }
}
