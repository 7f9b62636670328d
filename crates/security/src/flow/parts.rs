//! What an expression speaks of.

use bytes::Bytes;
use script::ast::{Call, Expr, ExprKind};
use script::{Keyword, VarSpec};

/// Something of a request that a condition asks about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Subject<'a> {
    /// The method.
    Method,
    /// The Request-URI or its host.
    Destination,
    /// The URI of From or its host.
    Sender,
    /// The address it came from.
    Source,
    /// `$rc`
    ReturnCode,
    /// The User-Agent header.
    UserAgent,
    /// The tag of To.
    ToTag,
    /// A table of the server, asked for the source; with the name of the table.
    SourceTable(Bytes),
    /// A table of the server, asked for the host of the Request-URI.
    DestinationTable,
    /// A header of the message.
    Header,
    /// A certificate of the peer that was verified.
    Certificate,
    /// A variable of the script.
    Own(&'a VarSpec),
}

/// What `expr` asks about; none where that decides nothing.
pub(super) fn subject(expr: &Expr) -> Option<Subject<'_>> {
    match &expr.kind {
        ExprKind::Keyword(Keyword::Method) => Some(Subject::Method),
        ExprKind::Keyword(Keyword::Uri) => Some(Subject::Destination),
        ExprKind::Keyword(Keyword::FromUri) => Some(Subject::Sender),
        ExprKind::Keyword(Keyword::SrcIp) => Some(Subject::Source),
        ExprKind::Word(word) if word.as_ref() == b"retcode" => Some(Subject::ReturnCode),
        ExprKind::Variable(spec) => of_variable(spec),
        ExprKind::Select(select) if is_user_agent(&select.text) => Some(Subject::UserAgent),
        _ => None,
    }
}

fn of_variable(spec: &VarSpec) -> Option<Subject<'_>> {
    let plain = spec.transformations.is_empty();
    Some(match spec.name.as_ref() {
        b"rm" => Subject::Method,
        b"ru" | b"rd" => Subject::Destination,
        b"fu" | b"fd" => Subject::Sender,
        b"si" => Subject::Source,
        b"rc" | b"retcode" | b"?" => Subject::ReturnCode,
        b"ua" => Subject::UserAgent,
        b"tt" => Subject::ToTag,
        b"hdr" | b"sel" if spec.inner.as_deref().is_some_and(is_user_agent) => Subject::UserAgent,
        b"sht" | b"shtex" | b"shtinc" | b"shtcn" | b"shtcv" => of_table(spec)?,
        b"hdr" => Subject::Header,
        name if name.starts_with(b"tls_peer_") => Subject::Certificate,
        _ if plain => Subject::Own(spec),
        _ => return None,
    })
}

fn of_table(spec: &VarSpec) -> Option<Subject<'_>> {
    let inner = spec.inner.as_ref()?;
    let at = inner.windows(2).position(|pair| pair == b"=>")?;
    let names = |variables: &[&[u8]]| {
        variables_of(&inner.slice(at + 2..))
            .iter()
            .any(|spec| variables.contains(&spec.name.as_ref()))
    };
    if names(&[b"si"]) {
        return Some(Subject::SourceTable(inner.slice(..at)));
    }
    if names(&[b"rd"]) {
        return Some(Subject::DestinationTable);
    }
    Some(Subject::Own(spec))
}

fn is_user_agent(text: &[u8]) -> bool {
    let text = text.to_ascii_lowercase();
    let text: &[u8] = text.strip_prefix(b"@").unwrap_or(&text);
    [b"user-agent".as_slice(), b"user_agent", b"msg.user_agent"].contains(&text)
}

/// A constant, or something that the operator keeps: what a peer cannot choose.
pub(super) fn is_of_operator(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Myself | ExprKind::Address(_) | ExprKind::Word(_) | ExprKind::Int(_) => true,
        ExprKind::Str(text) => !text.is_empty() && !text.contains(&b'$'),
        ExprKind::Variable(spec) => {
            let name = spec.name.as_ref();
            [b"def".as_slice(), b"env", b"myself", b"Ri", b"RAi"].contains(&name)
                || (name == b"sel" && is_setting(spec))
        }
        ExprKind::Select(select) => select.text.starts_with(b"@cfg_get"),
        _ => false,
    }
}

fn is_setting(spec: &VarSpec) -> bool {
    let inner = spec.inner.as_deref().unwrap_or_default();
    inner.starts_with(b"cfg_get") || inner.starts_with(b"@cfg_get")
}

/// `$null`
pub(super) fn is_null(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Variable(spec) if spec.name.as_ref() == b"null")
        || matches!(&expr.kind, ExprKind::Word(word) if word.as_ref() == b"null")
}

/// The text of a constant.
pub(crate) fn text(expr: &Expr) -> Option<Bytes> {
    match &expr.kind {
        ExprKind::Str(text) | ExprKind::Word(text) => Some(text.clone()),
        ExprKind::Int(number) => Some(Bytes::from(number.to_string())),
        _ => None,
    }
}

/// The number of a constant, with its sign.
pub(super) fn number(expr: &Expr) -> Option<i64> {
    match &expr.kind {
        ExprKind::Int(number) => Some(*number),
        ExprKind::Str(text) => script::parse_int(text),
        ExprKind::Unary(script::ast::UnaryOp::Negate, inner) => number(inner)?.checked_neg(),
        _ => None,
    }
}

/// The text of an argument of a call; none where it is computed.
pub(super) fn argument(call: &Call, at: usize) -> Option<Bytes> {
    call.args.get(at).and_then(text)
}

/// The variables in a text; a `$` that begins none is passed over.
pub(crate) fn variables_of(text: &Bytes) -> Vec<VarSpec> {
    let placed = placed_variables(text).into_iter();
    placed.map(|(_, _, spec)| spec).collect()
}

/// The same, each behind its offset and its length.
pub(crate) fn placed_variables(text: &Bytes) -> Vec<(usize, usize, VarSpec)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(dollar) = text[at..].iter().position(|byte| *byte == b'$') {
        at += dollar;
        if text[at..].starts_with(b"$$") {
            at += 2;
        } else if let Ok((spec, length)) = VarSpec::parse_prefix(&text.slice(at..)) {
            found.push((at, length.max(1), spec));
            at += length.max(1);
        } else {
            at += 1;
        }
    }
    found
}
