//! When two URIs mean the same, RFC 3261 section 19.1.4.

use super::{Scheme, Uri, unescape};
use crate::Params;

/// Whether both name the same resource. User, password and opaque text compare with case, the
/// rest without; a missing port is not the default port; `transport`, `user`, `ttl`, `method` and
/// `maddr` must stand in both or in neither, other parameters only count when both have them.
pub fn equivalent(a: &Uri<'_>, b: &Uri<'_>) -> bool {
    if a.raw == b.raw {
        return true;
    }
    if a.scheme != b.scheme {
        return false;
    }
    match a.scheme {
        Scheme::Sip | Scheme::Sips => {
            same_text(a.user, b.user)
                && same_text(a.password, b.password)
                && a.host.eq_ignore_ascii_case(b.host)
                && a.port == b.port
                && params_agree(a.params, b.params)
                && params_agree(b.params, a.params)
                && same_headers(a.headers, b.headers)
        }
        Scheme::Tel => same_number(a, b),
        Scheme::Urn | Scheme::Other => false,
    }
}

/// Parameters that name another destination when they stand in one URI only.
const DECISIVE: [&[u8]; 5] = [b"transport", b"user", b"ttl", b"method", b"maddr"];

/// How many parameters are compared; URIs with more are equal only when their text is.
const MAX_PARAMS: usize = 32;

fn same_text(a: Option<&[u8]>, b: Option<&[u8]>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a == b || unescape(a) == unescape(b),
        (None, None) => true,
        _ => false,
    }
}

fn params_agree(mine: Params<'_>, others: Params<'_>) -> bool {
    if mine.clone().nth(MAX_PARAMS).is_some() {
        return mine == others;
    }
    mine.into_iter()
        .all(|param| match others.find_name(param.name) {
            Some(other) => same_folded(param.value, other.value),
            None => !DECISIVE.iter().any(|name| param.is(name)),
        })
}

fn same_folded(a: Option<&[u8]>, b: Option<&[u8]>) -> bool {
    let (a, b) = (
        unescape(a.unwrap_or_default()),
        unescape(b.unwrap_or_default()),
    );
    a.eq_ignore_ascii_case(&b)
}

/// Headers are never ignored: the same ones in any order.
fn same_headers(a: Option<&[u8]>, b: Option<&[u8]>) -> bool {
    let (Some(a), Some(b)) = (a, b) else {
        return a.is_none() && b.is_none();
    };
    let sorted = |text: &[u8]| {
        let mut parts: Vec<_> = text
            .split(|&byte| byte == b'&')
            .map(|p| unescape(p).into_owned())
            .collect();
        parts
            .iter_mut()
            .for_each(|part| part.make_ascii_lowercase());
        parts.sort_unstable();
        parts
    };
    a == b || sorted(a) == sorted(b)
}

/// RFC 3966 section 4: visual separators do not count, all parameters do.
fn same_number(a: &Uri<'_>, b: &Uri<'_>) -> bool {
    let digits = |uri: &Uri<'_>| -> Vec<u8> {
        let number = uri.user.unwrap_or_default().iter();
        number
            .filter(|byte| !b"-.()".contains(byte))
            .map(u8::to_ascii_lowercase)
            .collect()
    };
    let covers = |mine: Params<'_>, others: Params<'_>| {
        mine.clone().nth(MAX_PARAMS).is_none()
            && mine.into_iter().all(|p| {
                others
                    .find_name(p.name)
                    .is_some_and(|other| same_folded(p.value, other.value))
            })
    };
    digits(a) == digits(b) && covers(a.params, b.params) && covers(b.params, a.params)
}
