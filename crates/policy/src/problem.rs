//! Findings that modules report while a configuration loads.

use script::Problem;

/// A finding of a module: an error at the place that is being prepared.
pub fn problem(message: impl Into<String>) -> Problem {
    Problem::new(MODULE_ERROR, message)
}

/// A variable, transformation, parameter or route name nobody knows, with the nearest known ones.
pub fn unknown<'a>(what: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Problem {
    unknown_as(UNKNOWN_NAME, what, name, known)
}

/// The same under a finding code of its own.
pub(crate) fn unknown_as<'a>(
    code: &'static str,
    what: &str,
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Problem {
    let candidates = script::nearest(name, known);
    Problem::new(code, format!("unknown {what} `{name}`")).candidates(candidates)
}

/// Wrong arguments, wrong places, whatever a module objects to.
const MODULE_ERROR: &str = "E0405";
/// An unknown variable or other name.
const UNKNOWN_NAME: &str = "E0401";
/// An unknown function.
pub(crate) const UNKNOWN_FUNCTION: &str = "E0402";
/// A variable that can only be read.
pub(crate) const NOT_ASSIGNABLE: &str = "E0408";
