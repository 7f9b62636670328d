//! Which variables a peer can write into.

use super::narrow::{is_harmless, is_narrow};
use super::place::{Place, has_quotes, placed};
use crate::flow::parts;
use crate::settings::Settings;
use bytes::Bytes;
use script::ast::{Assign, BinaryOp, Block, Expr, Item, StatementKind};
use script::{Script, Transformation, VarSpec};
use std::collections::{BTreeMap, BTreeSet};

/// Parts of a message that its sender writes as he likes.
const OF_PEER: [&[u8]; 42] = [
    b"rU",
    b"ru",
    b"rd",
    b"rz",
    b"rp",
    b"fU",
    b"fu",
    b"fd",
    b"fn",
    b"ft",
    b"tU",
    b"tu",
    b"td",
    b"tn",
    b"tt",
    b"ua",
    b"ct",
    b"ci",
    b"hdr",
    b"hdrc",
    b"au",
    b"ad",
    b"ar",
    b"aU",
    b"adu",
    b"aa",
    b"rb",
    b"mb",
    b"cT",
    b"oU",
    b"ou",
    b"od",
    b"rm",
    b"rr_params",
    b"route_uri",
    b"ai",
    b"di",
    b"pU",
    b"pu",
    b"pd",
    b"hu",
    b"x_hdr",
];

/// Transformations after which only letters and digits are left.
const SAFE_EVERYWHERE: [&[u8]; 11] = [
    b"len",
    b"int",
    b"md5",
    b"sha256",
    b"sha384",
    b"sha512",
    b"encode.hexa",
    b"encode.base64",
    b"encode.base58",
    b"encode.base64url",
    b"corehash",
];

/// What a peer's text may still do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Harm {
    /// Nothing in a query, wherever it stands; in a command line anything.
    Settled,
    /// Nothing between single quotes, for which it is escaped.
    Between,
    /// Nothing outside of quotes: it has its own.
    Literal,
    /// Anything.
    Any,
}

impl Harm {
    /// What two texts may do that stand side by side.
    fn with(self, other: Harm) -> Harm {
        match (self, other) {
            (Harm::Settled, harm) | (harm, Harm::Settled) => harm,
            (one, other) if one == other => one,
            _ => Harm::Any,
        }
    }
}

/// What is known of variables at one point of a route.
#[derive(Clone, Default)]
pub(super) struct Taint {
    /// Variables of the script that hold a peer's text.
    held: BTreeMap<Bytes, Harm>,
    /// Variables that hold harmless signs alone, for a condition asked.
    checked: BTreeSet<Bytes>,
    /// Whether the database honours a backslash, so that what is escaped is safe between `"` too.
    has_backslashes: bool,
}

impl Taint {
    /// What all routes together do to variables of the script.
    pub(super) fn of(script: &Script) -> Taint {
        let settings = Settings::of(script);
        let mut connections = settings.of_module(Some("sqlops"));
        let mut taint = Taint {
            has_backslashes: connections.any(|setting| setting.text().contains("=>mysql:")),
            ..Taint::default()
        };
        // What comes through another variable needs another round.
        for _ in 0..3 {
            for item in &script.items {
                if let Item::Route(route) = item {
                    let mut own = taint.clone();
                    own.block(&route.body);
                    taint.learn(own);
                }
            }
        }
        taint
    }

    fn learn(&mut self, other: Taint) {
        for (name, harm) in other.held {
            let held = self.held.entry(name).or_insert(harm);
            *held = held.with(harm);
        }
    }

    fn block(&mut self, block: &Block) {
        for statement in &block.statements {
            match &statement.kind {
                StatementKind::Assign(assign) => self.assign(assign),
                StatementKind::If(arms, otherwise) => {
                    arms.iter().for_each(|(_, body)| self.block(body));
                    otherwise.iter().for_each(|body| self.block(body));
                }
                StatementKind::Switch(_, cases) => {
                    cases.iter().for_each(|case| self.block(&case.body));
                }
                StatementKind::While(_, body) | StatementKind::Block(body) => self.block(body),
                _ => {}
            }
        }
    }

    /// Follows an assignment.
    pub(super) fn assign(&mut self, assign: &Assign) {
        let name = &assign.target.variable.text;
        let harm = self.harm_of(&assign.value);
        self.checked.remove(name);
        match harm {
            Some(harm) => drop(self.held.insert(name.clone(), harm)),
            None => drop(self.held.remove(name)),
        }
    }

    /// What the value of an expression may do. One with quotes in it is taken for a query, in which each
    /// variable has its place; else it is part of one, and what its variables may do together counts.
    fn harm_of(&self, value: &Expr) -> Option<Harm> {
        let is_query = has_quotes(value);
        let parts = placed(value).into_iter().filter_map(|(spec, place)| {
            let harm = self.harm(&spec)?;
            Some(match is_query {
                true if self.is_safe(harm, place) => Harm::Settled,
                true => Harm::Any,
                false => harm,
            })
        });
        parts.reduce(Harm::with)
    }

    /// Follows a condition: `$rU =~ "^[0-9]+$"` lets only digits pass, one way or the other.
    pub(super) fn test(&mut self, op: BinaryOp, left: &Expr, right: &Expr) {
        let is_match = matches!(op, BinaryOp::Match | BinaryOp::Mismatch);
        let pattern = parts::text(right).filter(|pattern| is_match && is_narrow(pattern));
        if pattern.is_some() {
            for (spec, _) in placed(left) {
                self.checked.insert(spec.text);
            }
        }
    }

    /// What a peer can do through a variable that stands in a place; none where that is nothing.
    pub(super) fn danger(&self, spec: &VarSpec, place: Place) -> Option<Harm> {
        self.harm(spec).filter(|harm| !self.is_safe(*harm, place))
    }

    fn is_safe(&self, harm: Harm, place: Place) -> bool {
        match place {
            Place::Shell => false,
            Place::Bare => matches!(harm, Harm::Settled | Harm::Literal),
            Place::Single => matches!(harm, Harm::Settled | Harm::Between),
            Place::Double => {
                harm == Harm::Settled || (harm == Harm::Between && self.has_backslashes)
            }
        }
    }

    /// What the text of a variable may do; none where no peer writes it, or it can do nothing.
    fn harm(&self, spec: &VarSpec) -> Option<Harm> {
        let harmless = |transformation: &Transformation| {
            SAFE_EVERYWHERE.contains(&transformation.name.as_ref())
                || takes_signs_out(transformation)
        };
        let plain = plain(spec);
        if spec.transformations.iter().any(harmless)
            || self.checked.contains(&plain)
            || self.checked.contains(&spec.text)
        {
            return None;
        }
        let held = self.held.get(&plain).copied();
        let harm = held.or_else(|| is_of_peer(spec).then_some(Harm::Any))?;
        let escaped = spec.transformations.iter().rev().find_map(after);
        Some(escaped.unwrap_or(harm))
    }
}

/// What a text may still do after a transformation that makes it fit for queries.
fn after(transformation: &Transformation) -> Option<Harm> {
    match transformation.name.as_ref() {
        b"escape.common" => Some(Harm::Between),
        b"val" | b"val.str" => Some(Harm::Literal),
        b"val.int" | b"numeric" => Some(Harm::Settled),
        _ => None,
    }
}

/// `{re.subst,/[^0-9]//g}`: everything but harmless signs is taken out.
fn takes_signs_out(transformation: &Transformation) -> bool {
    let params = transformation.params.as_deref().unwrap_or_default();
    let kept = params
        .strip_prefix(b"/[^")
        .and_then(|rest| rest.strip_suffix(b"]//g").or(rest.strip_suffix(b"]+//g")));
    let is_subst =
        transformation.class.as_ref() == b"re" && transformation.name.as_ref() == b"subst";
    is_subst && kept.is_some_and(|kept| kept.iter().all(|byte| is_harmless(*byte)))
}

/// The variable without its transformations.
fn plain(spec: &VarSpec) -> Bytes {
    if spec.transformations.is_empty() && spec.index.is_none() {
        return spec.text.clone();
    }
    let mut text = vec![b'$'];
    text.extend_from_slice(&spec.name);
    if let Some(inner) = &spec.inner {
        text.push(b'(');
        text.extend_from_slice(inner);
        text.push(b')');
    }
    Bytes::from(text)
}

fn is_of_peer(spec: &VarSpec) -> bool {
    let name = spec.name.as_ref();
    if name == b"sel" {
        let inner = spec.inner.as_deref().unwrap_or_default();
        let select = inner.strip_prefix(b"@").unwrap_or(inner);
        return !select.starts_with(b"cfg_get") && !select.starts_with(b"sys");
    }
    OF_PEER.contains(&name)
}
