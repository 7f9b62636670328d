//! `$cnt(…)`: how many values a variable has.

use super::Pv;
use super::{avp, xavp};
use policy::{Declaration, problem};
use script::VarSpec;

pub(super) fn declare(declaration: &mut Declaration<Pv>) {
    let doc = "How many values $avp(x), $xavp(x) or $xavp(x=>y) has.";
    declaration.variable("cnt(variable)", doc, false, |module, spec, prepare| {
        let inner = spec
            .inner
            .as_ref()
            .ok_or_else(|| problem("the variable is missing"))?;
        let inner = inner.slice_ref(inner.trim_ascii());
        let counted = VarSpec::parse(&inner).map_err(|error| problem(error.what))?;
        match counted.name.as_ref() {
            b"avp" => avp::counter(module, &counted, prepare),
            b"xavp" => xavp::counter(&counted, prepare),
            _ => Err(problem("$cnt counts the values of $avp(…) or $xavp(…)")),
        }
    });
}
