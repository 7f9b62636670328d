//! Every way of a request through the routes, and what is known of it on the way.
//!
//! The walk runs the script on states instead of requests. A condition splits a state in what
//! fulfils it and what does not; where nothing is known of a condition, both ways are gone. A route
//! is walked once for every state that enters it. States are finitely many, for values are known
//! only where the script assigns a constant.

mod assign;
mod branch;
mod call;
mod compare;
mod condition;
mod headers;
mod outcome;
pub(crate) mod parts;
mod state;
mod walk;

pub(crate) use headers::Headers;
pub(crate) use state::{Facts, Methods, State, Target, Truth};
pub(crate) use walk::{Routes, Walk, Watch};

/// How the rest of the configuration changes what functions prove.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Profile {
    /// `loose_route()` follows only routes that this server signed.
    pub(crate) routes_are_signed: bool,
    /// Which headers that betray are taken out is kept account of.
    pub(crate) minds_headers: bool,
}
