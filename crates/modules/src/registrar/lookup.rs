//! `lookup()` and its kin: from a URI to the contacts of its user.

use super::aor::{AorError, Target};
use super::{Inner, record, setting};
use bytes::Bytes;
use policy::{Binding, Bindings, Context, Destination, Level, LocationTable, Outcome};
use sip::NameAddr;
use std::sync::Arc;

/// No contact.
const NONE: i32 = -1;
/// Contacts, but none that allows the method.
const METHOD: i32 = -2;
/// The URI cannot be read.
const ERROR: i32 = -3;

/// Where the contacts go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Into {
    /// The first into the Request-URI, the others into branches.
    Uri,
    /// All into branches.
    Branches,
    /// The first into this branch, the others behind all.
    Branch(usize),
}

/// Gets the return code.
type Then = Box<dyn FnOnce(&mut Context, i32) -> Outcome + Send>;

/// Looks up `uri` and puts what is found where `into` says.
pub(super) fn lookup(
    context: &mut Context,
    inner: &Arc<Inner>,
    table: &Arc<dyn LocationTable>,
    uri: &Bytes,
    into: Into,
    then: Then,
) -> Outcome {
    let target = match inner.aor_rules.target(uri) {
        Ok(target) => target,
        Err(error) => {
            context.log(Level::Err, "registrar", || match error {
                AorError::Uri => "failed to extract address of record".to_owned(),
                AorError::Gruu => "failed to extract temp gruu - invalid hash".to_owned(),
            });
            return then(context, ERROR);
        }
    };
    let inner = inner.clone();
    match target {
        Target::Aor(aor) => table.find(context, &aor, all_of(inner, None, into, then)),
        Target::Device(aor, instance) => {
            let instance = uri.slice_ref(instance);
            table.find(context, &aor, all_of(inner, Some(instance), into, then))
        }
        Target::Temporary(ruid, hash) => {
            let one = move |context: &mut Context, found: Option<(Bytes, Arc<Binding>)>| {
                let bindings: Bindings = found.into_iter().map(|(_, binding)| binding).collect();
                let code = place(context, &inner, &bindings, None, into);
                then(context, code)
            };
            table.find_ruid(context, ruid, Some(hash), Box::new(one))
        }
    }
}

/// `lookup_branches()`: the Request-URI, then every branch that is nothing but a URI.
pub(super) fn lookup_branches(
    context: &mut Context,
    inner: Arc<Inner>,
    table: Arc<dyn LocationTable>,
    at: usize,
    code: i32,
) -> Outcome {
    let next =
        (at..context.branches.len()).find(|at| context.branches.get(*at).is_some_and(is_bare));
    let Some((at, uri)) = next.and_then(|at| Some((at, context.branches.get(at)?.uri.clone())))
    else {
        return Outcome::Code(code);
    };
    let (again, same_table) = (inner.clone(), table.clone());
    let then = move |context: &mut Context, found: i32| {
        let code = if found > 0 { found } else { code };
        lookup_branches(context, again, same_table, at + 1, code)
    };
    lookup(
        context,
        &inner,
        &table,
        &uri,
        Into::Branch(at),
        Box::new(then),
    )
}

/// Branches that came of a lookup have a record id.
fn is_bare(branch: &Destination) -> bool {
    branch.ruid().is_none()
        && branch.dst_uri.is_none()
        && branch.path.is_none()
        && branch.socket.is_none()
}

fn all_of(
    inner: Arc<Inner>,
    instance: Option<Bytes>,
    into: Into,
    then: Then,
) -> policy::WithBindings {
    Box::new(move |context, found| {
        let code = match found {
            Some(bindings) => place(context, &inner, &bindings, instance.as_deref(), into),
            None => ERROR,
        };
        then(context, code)
    })
}

/// Puts the contacts where they belong.
fn place(
    context: &mut Context,
    inner: &Inner,
    bindings: &Bindings,
    instance: Option<&[u8]>,
    into: Into,
) -> i32 {
    let now_s = context.now.unix_s();
    let params = &inner.params;
    let is_of_device = |binding: &Binding| {
        instance.is_none_or(|wanted| binding.instance().is_some_and(|own| inside(own) == wanted))
    };
    let is_usable = |binding: &&Arc<Binding>| {
        (params.use_expired_contacts || binding.is_alive(now_s)) && is_of_device(binding)
    };
    let flags = params
        .filters_flags
        .then(|| setting(context, params, b"rlf_bflags"))
        .flatten();
    let has_flags = |binding: &&Arc<Binding>| {
        flags.is_none_or(|flags| i64::from(binding.branch_flags()) & flags != 0)
    };
    let mut found = bindings
        .iter()
        .filter(is_usable)
        .filter(has_flags)
        .peekable();
    if found.peek().is_none() {
        return NONE;
    }
    let method = wanted_method(context, inner);
    let most = if params.append_branches {
        usize::MAX
    } else {
        1
    };
    let chosen: Vec<_> = found
        .filter(|binding| binding.methods() & method == method)
        .take(most)
        .cloned()
        .collect();
    let Some(first) = chosen.first() else {
        return METHOD;
    };
    if into == Into::Uri {
        record::leave(context, params, first);
    }
    for (index, binding) in chosen.iter().enumerate() {
        record::restore(
            context,
            inner.location.rules().xavp_contact.as_ref(),
            binding,
        );
        let destination = destination(context, inner, binding);
        match into {
            Into::Uri if index == 0 => context.target = destination,
            Into::Branch(at) if index == 0 => {
                if let Some(branch) = context.branches.get_mut(at) {
                    *branch = destination;
                }
            }
            _ => context.branches.push(destination),
        }
    }
    1
}

/// The bit of the method that contacts must allow; 0 where any will do.
fn wanted_method(context: &Context, inner: &Inner) -> u32 {
    let Some(request) = context.request().filter(|_| inner.params.method_filtering) else {
        return 0;
    };
    let is_initial = request.to_tag().is_ok_and(<[u8]>::is_empty);
    if is_initial {
        request.method().bit()
    } else {
        0
    }
}

fn destination(context: &Context, inner: &Inner, binding: &Binding) -> Destination {
    let identity = &context.config.identity;
    let mut destination = binding.destination();
    destination.socket = identity.named(binding.socket()).map(|socket| socket.id);
    if inner.params.path_check_local {
        let path = destination.path.clone();
        if let Some(path) = path.filter(|path| first_is_us(context, path)) {
            skip_first(&mut destination, &path, binding);
        }
    }
    destination
}

fn first_is_us(context: &Context, path: &[u8]) -> bool {
    let first = sip::split_values(path)
        .next()
        .and_then(|value| NameAddr::parse(value).ok());
    let uri = first.and_then(|first| first.parse_uri().ok());
    uri.is_some_and(|uri| {
        context
            .config
            .identity
            .is_myself(uri.host, uri.port.unwrap_or(5060), None)
    })
}

/// Leaves out the first hop of a Path: the next one is where to go, or the contact.
fn skip_first(destination: &mut Destination, path: &Bytes, binding: &Binding) {
    let second = sip::split_values(path).nth(1);
    let next = second
        .and_then(|value| NameAddr::parse(value).ok())
        .map(|next| path.slice_ref(next.uri));
    destination.path = second.map(|second| {
        // The rest of the path begins where its second value does.
        let start = second.as_ptr() as usize - path.as_ptr() as usize;
        path.slice(start.min(path.len())..)
    });
    destination.dst_uri =
        next.or_else(|| binding.received().map(|received| binding.share(received)));
}

/// An instance without its angle brackets.
fn inside(instance: &[u8]) -> &[u8] {
    instance
        .strip_prefix(b"<")
        .and_then(|rest| rest.strip_suffix(b">"))
        .unwrap_or(instance)
}
