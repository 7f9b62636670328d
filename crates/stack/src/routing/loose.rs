//! `loose_route()`: takes our own entries off the route set and tells where the request goes next.

use sip::{Edits, HeaderId, Message, Uri};
use smallvec::SmallVec;

use super::removal;

/// Which kinds of routing are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `loose_route()`, `loose_route_mode("0")`: also a request that a strict router sent us.
    Both,
    /// `loose_route_mode("1")`: our address in the Request-URI means nothing.
    LooseOnly,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The request goes on by the route set.
    Routed,
    /// There is no Route.
    NoRoute,
    /// A Route that had to be read cannot be.
    Malformed,
    /// Outside a dialog there was only our own address in the route set: route it as if there were
    /// none.
    OnlyPreloadedSelf,
}

impl Outcome {
    /// The return code of `loose_route()`.
    pub const fn code(self) -> i32 {
        match self {
            Outcome::Routed => 1,
            Outcome::NoRoute | Outcome::Malformed => -1,
            Outcome::OnlyPreloadedSelf => -3,
        }
    }
}

/// What a route set comes to.
#[derive(Clone, Debug)]
pub struct Loose<'m> {
    /// How it ended.
    pub outcome: Outcome,
    /// The next hop (`$du`), if the route set names one.
    pub next_hop: Option<&'m [u8]>,
    /// The new Request-URI, if there is one: of a strict router behind us, or the target that one
    /// before us had put last.
    pub request_uri: Option<&'m [u8]>,
    /// Our own topmost route: its parameters are what `check_route_param` sees.
    pub own: Option<Uri<'m>>,
    /// The second route of a pair (`;r2=on`): the request leaves from its address, where it is ours.
    pub send_from: Option<Uri<'m>>,
    /// Whether it came outside a dialog.
    pub preloaded: bool,
    removed: SmallVec<[usize; 3]>,
    /// The old Request-URI becomes the last Route, for a strict router behind us.
    keep_request_uri: bool,
}

/// Works out the route set of a request whose Request-URI is now `request_uri`. `is_myself` tells
/// whether a URI's host and port are ours.
///
/// Every own route is left alone but the first, or the first two if they are a pair.
pub fn loose_route<'m>(
    message: &'m Message,
    request_uri: &'m [u8],
    mode: Mode,
    is_myself: impl Fn(&Uri<'_>) -> bool,
) -> Loose<'m> {
    let mut loose = Loose::empty(message);
    if message.header(HeaderId::Route).is_none() {
        return loose;
    }
    let set = RouteSet { message, is_myself };
    let own = Uri::parse(request_uri)
        .ok()
        .filter(|uri| set.is_strict_target(uri));
    let done = match own.filter(|_| mode == Mode::Both && !loose.preloaded) {
        Some(uri) => set.after_strict(uri, &mut loose),
        None => set.after_loose(&mut loose),
    };
    loose.outcome = done.unwrap_or(Outcome::Malformed);
    loose
}

struct RouteSet<'m, F> {
    message: &'m Message,
    is_myself: F,
}

impl<'m, F: Fn(&Uri<'_>) -> bool> RouteSet<'m, F> {
    /// A strict router puts our own Record-Route into the Request-URI. A GRUU is not ours
    /// in that sense (RFC 5627).
    fn is_strict_target(&self, uri: &Uri<'_>) -> bool {
        (self.is_myself)(uri) && uri.param(b"gr").is_none()
    }

    /// RFC 3261 16.4, the previous hop is a loose router. `None`: a route cannot be read.
    fn after_loose(&self, loose: &mut Loose<'m>) -> Option<Outcome> {
        let first = self.uri(0)??;
        let mut at = 0;
        if (self.is_myself)(&first) {
            at = self.skip_own(first, loose)?;
        }
        let Some(next) = self.uri(at)? else {
            let only_self = loose.preloaded && loose.own.is_some();
            return Some(if only_self {
                Outcome::OnlyPreloadedSelf
            } else {
                Outcome::Routed
            });
        };
        if is_loose(&next) {
            loose.next_hop = Some(next.raw);
        } else {
            // 16.6 step 6: a strict router finds itself in the Request-URI.
            loose.request_uri = Some(next.raw);
            loose.removed.push(at);
            loose.keep_request_uri = true;
        }
        Some(Outcome::Routed)
    }

    /// Takes off our own first route, and the second of a pair. Returns the number of the next.
    fn skip_own(&self, first: Uri<'m>, loose: &mut Loose<'m>) -> Option<usize> {
        let paired = is_pair(&first);
        loose.own = Some(first);
        loose.removed.push(0);
        if !paired {
            return Some(1);
        }
        let Some(second) = self.uri(1)? else {
            return Some(1);
        };
        if !is_pair(&second) && !(self.is_myself)(&second) {
            return Some(1);
        }
        loose.removed.push(1);
        loose.send_from = Some(second);
        Some(2)
    }

    /// RFC 3261 16.4, the previous hop is a strict router: our route is in the Request-URI, the
    /// target is the last Route.
    fn after_strict(&self, own: Uri<'m>, loose: &mut Loose<'m>) -> Option<Outcome> {
        let mut first = self.uri(0)??;
        let mut at = 0;
        loose.own = Some(own);
        if is_pair(&own) && (self.is_myself)(&first) {
            loose.send_from = Some(first);
            loose.removed.push(0);
            at = 1;
            match self.uri(1)? {
                Some(next) => first = next,
                None => return Some(Outcome::Routed),
            }
        }
        if is_loose(&first) {
            loose.next_hop = Some(first.raw);
            let (last, target) = self.last()?;
            loose.request_uri = Some(target);
            loose.removed.push(last);
        } else {
            loose.request_uri = Some(first.raw);
            loose.removed.push(at);
        }
        Some(Outcome::Routed)
    }

    /// Outer `None`: it cannot be read. Inner `None`: there is none.
    fn uri(&self, number: usize) -> Option<Option<Uri<'m>>> {
        match self.message.nth_address(HeaderId::Route, number) {
            Some(route) => route.ok()?.parse_uri().ok().map(Some),
            None => Some(None),
        }
    }

    fn last(&self) -> Option<(usize, &'m [u8])> {
        let (number, route) = self.message.routes().enumerate().last()?;
        route.ok().map(|route| (number, route.uri))
    }
}

impl<'m> Loose<'m> {
    fn empty(message: &Message) -> Self {
        let in_dialog = message.has_to_tag();
        Loose {
            outcome: Outcome::NoRoute,
            next_hop: None,
            request_uri: None,
            own: None,
            send_from: None,
            preloaded: !in_dialog,
            removed: SmallVec::new(),
            keep_request_uri: false,
        }
    }

    /// Whether the request goes from callee to caller: the `ftag` of our route is not its From tag.
    pub fn is_upstream(&self, from_tag: &[u8]) -> bool {
        let ftag = self
            .own
            .as_ref()
            .and_then(|uri| uri.param(b"ftag"))
            .and_then(|p| p.value);
        ftag.is_some_and(|tag| tag != from_tag)
    }

    /// Takes the routes off that have been used, and appends the Request-URI that a strict router
    /// behind us needs as last Route. Request-URI and next hop are the caller's to set.
    pub fn apply(&self, message: &Message, request_uri: &[u8], edits: &mut Edits) {
        removal::spans(message, &self.removed).for_each(|span| edits.remove(span));
        let last = message.all(HeaderId::Route).last();
        if let (true, Some(last)) = (self.keep_request_uri, last) {
            let line = [b"Route: <", request_uri, b">\r\n"].concat();
            edits.insert_after(last.span, line);
        }
    }
}

/// Whether the router there is a loose one (RFC 3261 19.1.1), whatever value the parameter has.
fn is_loose(uri: &Uri<'_>) -> bool {
    uri.param(b"lr").is_some()
}

/// Whether it is one of two Record-Routes of ours.
fn is_pair(uri: &Uri<'_>) -> bool {
    uri.param(b"r2").is_some_and(|p| p.value == Some(b"on"))
}
