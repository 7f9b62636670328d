//! The script functions.

use super::book::{Book, CallId, Full, Question};
use super::person::{Exceeded, Verdict};
use super::prefixes::number;
use super::profile::{Action, Profile};
use super::tell::{Alert, quoted};
use super::{Fraud, moment};
use bytes::Bytes;
use policy::{Context, Level, Text};
use sip::{Message, Method, Uri};
use std::sync::Arc;

/// Frees the place of a call whose INVITE came to nothing: dropped with the request.
pub(super) struct Place {
    book: Arc<Book>,
    call: CallId,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.book.given_up(self.call);
    }
}

/// The places that a request holds.
#[derive(Default)]
struct Places(Vec<Place>);

/// Octets of a name that are kept.
const LONGEST_NAME: usize = 128;

impl Fraud {
    pub(super) fn check(
        &self,
        context: &mut Context,
        profile: &Option<Text>,
        who: &Option<Text>,
        written: &Option<Text>,
    ) -> i32 {
        let wanted = profile.as_ref().map(|profile| profile.get(context));
        let Some(profile) = self.profile(wanted.as_deref()) else {
            context.log(Level::Err, "fraud", || {
                format!("no profile {}", quoted(&wanted.unwrap_or_default()))
            });
            return -3;
        };
        let who = match who {
            Some(who) => who.get(context),
            None => caller(context),
        };
        let Some(call) = self.call_of(context).filter(|_| !who.is_empty()) else {
            return -3;
        };
        if !begins_call(context) {
            return 1;
        }
        let number = self.number(context, written);
        let risk = self.prefixes.read().risk(&number);
        let question = Question {
            profile,
            who: who.get(..LONGEST_NAME).unwrap_or(&who),
            number: &number,
            is_risky: risk.is_some(),
            call,
            at: moment(&self.surroundings, context.now.unix_s()),
            tell_s: self.params.alert_interval_s,
        };
        let judged = self.book.ask(&question);
        self.act(context, &question, risk.as_deref(), judged)
    }

    pub(super) fn is_risky(&self, context: &mut Context, written: &Option<Text>) -> bool {
        let number = self.number(context, written);
        self.prefixes.read().risk(&number).is_some()
    }

    /// Holds the place of a call that passes, tells of what is exceeded, and makes a return code of it.
    fn act(
        &self,
        context: &mut Context,
        question: &Question<'_>,
        risk: Option<&str>,
        judged: Result<(Verdict, Vec<Exceeded>), Full>,
    ) -> i32 {
        let Ok((verdict, exceeded)) = judged else {
            self.counts.uncounted.inc();
            return -4;
        };
        let code = match verdict {
            Verdict::Pass => 1,
            Verdict::Alert => 2,
            Verdict::Throttled => -2,
            Verdict::Blocked => -1,
        };
        if code > 0 {
            let book = self.book.clone();
            let places = &mut context.extension_mut::<Places>().0;
            places.push(Place {
                book,
                call: question.call,
            });
        }
        let count = match verdict {
            Verdict::Blocked => Some(&self.counts.blocked),
            Verdict::Throttled => Some(&self.counts.throttled),
            _ => None,
        };
        count.inspect(|count| count.inc());
        for exceeded in &exceeded {
            let alert = Alert::new(question, risk, exceeded, verdict_of(verdict, exceeded));
            self.tell(context, alert, exceeded.is_news);
        }
        code
    }

    /// The profile of this name; without a name the first.
    fn profile(&self, name: Option<&[u8]>) -> Option<&Profile> {
        let mut profiles = self.params.profiles.iter();
        match name {
            Some(name) => profiles.find(|profile| profile.name.as_bytes() == name),
            None => profiles.next(),
        }
    }

    /// The number that is called, as it is compared.
    fn number(&self, context: &mut Context, written: &Option<Text>) -> Vec<u8> {
        let written = match written {
            Some(written) => written.get(context),
            None => called(context),
        };
        number(&written, &self.params.international)
    }

    fn call_of(&self, context: &Context) -> Option<CallId> {
        call_of(&self.book, context.request()?)
    }
}

/// The call that an INVITE begins.
pub(super) fn call_of(book: &Book, request: &Message) -> Option<CallId> {
    let from = request.from().ok()?;
    let via = request.top_via().ok()?;
    let (tag, branch) = (
        from.tag().unwrap_or_default(),
        via.branch.unwrap_or_default(),
    );
    let cseq = request.cseq().ok()?;
    Some(book.call(request.call_id().ok()?, tag, branch, cseq.number))
}

/// True for an INVITE outside of a dialog.
fn begins_call(context: &Context) -> bool {
    context.request().is_some_and(|request| {
        let is_outside = request.to().is_ok_and(|to| to.tag().is_none());
        request.method() == Method::Invite && is_outside
    })
}

/// What became of a call, of which one of several limits is told.
fn verdict_of(verdict: Verdict, exceeded: &Exceeded) -> &'static str {
    match (verdict, exceeded.action) {
        (Verdict::Blocked, _) => "blocked",
        (Verdict::Throttled, _) => "throttled",
        (_, Action::Throttle) => "slowed down",
        _ => "passed",
    }
}

/// The caller as the From header names him: user and host.
fn caller(context: &Context) -> Bytes {
    let Some(request) = context.request() else {
        return Bytes::new();
    };
    let from = request.from().ok();
    let Some(uri) = from.as_ref().and_then(|from| from.parse_uri().ok()) else {
        return Bytes::new();
    };
    let user = uri.user.unwrap_or_default();
    [user, b"@", &uri.host.to_ascii_lowercase()].concat().into()
}

/// The user part of the Request-URI as it is now.
fn called(context: &Context) -> Bytes {
    let uri = Uri::parse(&context.target.uri).ok();
    let user = uri.and_then(|uri| uri.user);
    Bytes::copy_from_slice(user.unwrap_or_default())
}
