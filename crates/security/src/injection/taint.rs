//! Which variables a peer can write into.

use super::narrow::{is_harmless, is_narrow};
use super::variables;
use crate::flow::parts;
use bytes::Bytes;
use script::ast::{Assign, BinaryOp, Block, Expr, Item, StatementKind};
use script::{Script, Transformation, VarSpec};
use std::collections::BTreeSet;

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

/// Transformations after which a text is harmless in a query.
const SAFE_IN_QUERIES: [&[u8]; 5] = [b"escape.common", b"val", b"val.int", b"val.str", b"numeric"];

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

/// What is known of variables at one point of a route.
#[derive(Clone, Default)]
pub(super) struct Taint {
    /// Variables of the script that hold a peer's text.
    tainted: BTreeSet<Bytes>,
    /// Variables that hold harmless signs alone, for a condition asked.
    checked: BTreeSet<Bytes>,
    /// Variables that hold a peer's text with signs escaped for queries.
    escaped: BTreeSet<Bytes>,
}

impl Taint {
    /// What all routes together do to variables of the script.
    pub(super) fn of(script: &Script) -> Taint {
        let mut taint = Taint::default();
        // What comes through another variable needs another round.
        for _ in 0..3 {
            for item in &script.items {
                if let Item::Route(route) = item {
                    let mut own = taint.clone();
                    own.block(&route.body);
                    taint.tainted.extend(own.tainted);
                    taint.escaped.extend(own.escaped);
                }
            }
        }
        taint
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
        let sources = variables(&assign.value);
        let of_query = sources.iter().any(|spec| self.is_dangerous(spec, false));
        let of_shell = sources.iter().any(|spec| self.is_dangerous(spec, true));
        self.checked.remove(name);
        let mut note = |set: fn(&mut Taint) -> &mut BTreeSet<Bytes>, holds: bool| match holds {
            true => drop(set(self).insert(name.clone())),
            false => drop(set(self).remove(name)),
        };
        note(|taint| &mut taint.tainted, of_query);
        note(|taint| &mut taint.escaped, of_shell && !of_query);
    }

    /// Follows a condition: `$rU =~ "^[0-9]+$"` lets only digits pass, one way or the other.
    pub(super) fn test(&mut self, op: BinaryOp, left: &Expr, right: &Expr) {
        let is_match = matches!(op, BinaryOp::Match | BinaryOp::Mismatch);
        let pattern = parts::text(right).filter(|pattern| is_match && is_narrow(pattern));
        if pattern.is_some() {
            for spec in variables(left) {
                self.checked.insert(spec.text);
            }
        }
    }

    /// Whether a peer can break out of a query, or of a command line, through a variable.
    pub(super) fn is_dangerous(&self, spec: &VarSpec, is_shell: bool) -> bool {
        let is_safe = spec.transformations.iter().any(|transformation| {
            let name = transformation.name.as_ref();
            let everywhere = SAFE_EVERYWHERE.contains(&name) || takes_signs_out(transformation);
            everywhere || (!is_shell && SAFE_IN_QUERIES.contains(&name))
        });
        let plain = plain(spec);
        if is_safe || self.checked.contains(&plain) || self.checked.contains(&spec.text) {
            return false;
        }
        let of_script =
            self.tainted.contains(&plain) || (is_shell && self.escaped.contains(&plain));
        of_script || is_of_peer(spec)
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
