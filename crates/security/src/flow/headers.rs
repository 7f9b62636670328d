//! Headers that tell of their sender's side, and what functions do to them.

use super::parts;
use script::Regex;
use script::ast::Call;

/// Headers that betray where a message comes from, and which nobody behind needs.
const TELLTALES: [&str; 14] = [
    "User-Agent",
    "Server",
    "Warning",
    "Organization",
    "P-Asserted-Identity",
    "P-Preferred-Identity",
    "Remote-Party-ID",
    "History-Info",
    "Diversion",
    "P-Charging-Vector",
    "P-Charging-Function-Addresses",
    "P-Access-Network-Info",
    "P-Visited-Network-ID",
    "P-Called-Party-ID",
];

/// Some of the headers that betray.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Headers(u16);

impl Headers {
    /// None of them.
    pub(crate) const NONE: Headers = Headers(0);
    /// All of them.
    pub(crate) const ALL: Headers = Headers((1 << TELLTALES.len()) - 1);

    /// Both.
    pub(crate) fn and(self, other: Headers) -> Headers {
        Headers(self.0 | other.0)
    }

    /// Those of `self` that are not in `other`.
    pub(crate) fn without(self, other: Headers) -> Headers {
        Headers(self.0 & !other.0)
    }

    /// Their names.
    pub(crate) fn names(self) -> Vec<&'static str> {
        let names = TELLTALES.iter().enumerate();
        let here = names.filter(|(at, _)| self.0 >> at & 1 == 1);
        here.map(|(_, name)| *name).collect()
    }

    /// What a call of `remove_hf()`, its kin or `keep_hf()` takes out. What is computed may be any header.
    pub(super) fn removed_by(call: &Call) -> Headers {
        let Some(first) = parts::argument(call, 0).filter(|text| !text.contains(&b'$')) else {
            return Headers::ALL;
        };
        let second = parts::argument(call, 1).unwrap_or_default();
        match call.name.text.as_str() {
            "remove_hf" | "remove_hf_pv" => Headers::of(|name| name.eq_ignore_ascii_case(&first)),
            "keep_hf" => Headers::ALL.without(Headers::matching(&first)),
            "remove_hf_exp" => Headers::matching(&first).without(Headers::matching(&second)),
            _ => Headers::matching(&first),
        }
    }

    fn matching(pattern: &[u8]) -> Headers {
        match Regex::compile(pattern) {
            Ok(regex) => Headers::of(|name| regex.matches(name).unwrap_or(false)),
            Err(_) => Headers::NONE,
        }
    }

    fn of(mut wanted: impl FnMut(&[u8]) -> bool) -> Headers {
        let names = TELLTALES.iter().enumerate();
        let wanted = names.filter(|(_, name)| wanted(name.as_bytes()));
        Headers(wanted.fold(0, |all, (at, _)| all | 1 << at))
    }
}
