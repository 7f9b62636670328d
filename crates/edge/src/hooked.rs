//! Message hooks: who stands between the wire and everything else sees a message on its way in and out.

use crate::Worker;
use crate::outbound::reparse;
use crate::run::Waits;
use bytes::Bytes;
use policy::{
    Answer, Config, Context, Effect, Flow, Incoming, Level, MessageHook, Notes, Outgoing, Received,
    Routes, Sent, ThenReceived, ThenSent,
};
use sip::{Edits, Message, Rewritten};
use std::sync::Arc;

/// A message that came, on its way through the hooks.
pub(crate) struct Arriving {
    config: Arc<Config>,
    flow: Flow,
    message: Arc<Message>,
    notes: Notes,
    /// How many hooks have seen it.
    seen: usize,
}

/// A message that came and waits for the world outside.
pub(crate) struct HeldArrival {
    arriving: Arriving,
    then: ThenReceived,
}

/// A message about to leave, on its way through the hooks.
pub(crate) struct Leaving {
    flow: Flow,
    rendered: Rendered,
    /// What was noted of it, where it is a reply without a transaction.
    notes: Notes,
    /// How many hooks, from the last one on, have seen it.
    seen: usize,
}

/// A message as it was rendered.
pub(crate) struct Rendered {
    octets: Rewritten,
    /// What it was made of.
    of: Option<Arc<Message>>,
    /// How many hooks, from the last one on, need not see it any more.
    seen: usize,
}

/// What the hooks say of a message about to leave.
pub(crate) enum Hidden {
    /// These octets leave.
    Done(Bytes),
    /// Nothing leaves, for this reason.
    Refused(Refusal),
    /// First this must be answered.
    Wait(Effect, Box<HeldLeaving>),
}

/// Why a message goes no further, as its sender is told.
#[derive(Clone, Copy)]
pub(crate) struct Refusal {
    code: u16,
    reason: &'static str,
    retry_after_s: Option<u32>,
}

/// A message about to leave that waits for the world outside.
pub(crate) struct HeldLeaving {
    leaving: Leaving,
    then: ThenSent,
}

impl Worker {
    /// Leads a well-formed message that came through the hooks, then on.
    pub(crate) fn receive(&mut self, flow: Flow, message: Arc<Message>) {
        if self.config.installed.message_hooks.is_empty() {
            return self.received(flow, message, Notes::new());
        }
        self.receive_on(Arriving {
            config: self.config.clone(),
            flow,
            message,
            notes: Notes::new(),
            seen: 0,
        });
    }

    fn receive_on(&mut self, mut arriving: Arriving) {
        let config = arriving.config.clone();
        while let Some(hook) = config.installed.message_hooks.get(arriving.seen) {
            arriving.seen += 1;
            if self.passes_in(&config, &**hook, &arriving) {
                continue;
            }
            let received = hook.on_receive(&Incoming {
                message: &arriving.message,
                flow: arriving.flow,
                now: self.now,
                config: &config,
            });
            match self.take_received(arriving, received) {
                Some(goes_on) => arriving = goes_on,
                None => return,
            }
        }
        self.received(arriving.flow, arriving.message, arriving.notes);
    }

    /// Does what a hook wants with a message that came; none where that is its end, or a wait.
    fn take_received(&mut self, mut arriving: Arriving, received: Received) -> Option<Arriving> {
        match received {
            Received::Unchanged(note) => arriving.notes.extend(note),
            Received::Replaced(made, note) => {
                let read = made.read(&arriving.message, &self.edge.limits.sip).ok();
                let passes =
                    |message: &Arc<Message>| message.check_again(&arriving.message, &made).is_ok();
                let Some(message) = read.filter(passes) else {
                    self.refuse_arrival(arriving, Some(Refusal::new(400, "Bad Request")));
                    return None;
                };
                arriving.message = message;
                arriving.notes.extend(note);
            }
            Received::Refused {
                code,
                reason,
                retry_after_s,
            } => {
                let refusal = Refusal {
                    retry_after_s,
                    ..Refusal::new(code, reason)
                };
                self.refuse_arrival(arriving, Some(refusal));
                return None;
            }
            Received::Dropped => {
                self.refuse_arrival(arriving, None);
                return None;
            }
            Received::Wait(effect, then) => {
                self.hold_arrival(HeldArrival { arriving, then }, effect);
                return None;
            }
        }
        Some(arriving)
    }

    fn refuse_arrival(&mut self, arriving: Arriving, reply: Option<Refusal>) {
        let Arriving { flow, message, .. } = arriving;
        match reply.filter(|_| message.is_request()) {
            Some(refusal) => self.refuse_with(flow, message, |context| refusal.tell(context)),
            None if message.is_request() => self.edge.counts.dropped_requests.inc(),
            None => self.edge.counts.dropped_replies.inc(),
        }
    }

    fn hold_arrival(&mut self, held: HeldArrival, effect: Effect) {
        if effect.is_outside() && self.edge.waiting.has_room() {
            return self.wait_for(Waits::Arrival(Box::new(held)), effect);
        }
        held.arriving.config.logger.log(Level::Err, "core", || {
            "too many messages wait already".to_owned()
        });
        let HeldArrival { arriving, then } = held;
        match then(Answer::TimedOut) {
            Received::Wait(..) => self.refuse_arrival(arriving, Some(Refusal::UNAVAILABLE)),
            received => self.go_on_arriving(arriving, received),
        }
    }

    /// The world outside has answered, or has not in time.
    pub(crate) fn arrival_answered(&mut self, held: HeldArrival, answer: Answer) {
        let HeldArrival { arriving, then } = held;
        self.go_on_arriving(arriving, then(answer));
    }

    fn go_on_arriving(&mut self, arriving: Arriving, received: Received) {
        if let Some(arriving) = self.take_received(arriving, received) {
            self.receive_on(arriving);
        }
    }

    /// True where an event route lets a message that came pass this hook.
    fn passes_in(&mut self, config: &Config, hook: &dyn MessageHook, arriving: &Arriving) -> bool {
        let routes = hook.routes();
        let (flow, message) = (arriving.flow, &arriving.message);
        self.drops(config, routes.incoming, flow, None)
            || self.drops(config, routes.receiving, flow, Some(message))
    }

    /// A message with these edits, and with those of the hooks that say by edits what they change.
    pub(crate) fn rendered(
        &self,
        message: &Arc<Message>,
        edits: &mut Edits,
        flow: Flow,
        request: &Context,
    ) -> Rendered {
        let config = &request.config;
        let outgoing = Outgoing {
            message,
            flow,
            now: self.now,
            config,
            request: Some(request),
            notes: &Notes::new(),
            may_wait: false,
        };
        let seen = spared(config, |hook| hook.on_render(&outgoing, edits));
        let rendered = match seen < config.installed.message_hooks.len() {
            true => Rendered::of(message, edits),
            // Nobody reads it again.
            false => Rendered::from(edits.to_bytes(message)),
        };
        Rendered { seen, ..rendered }
    }

    /// The octets of a message as they leave where nothing can wait; none where it does not leave.
    pub(crate) fn hide(
        &mut self,
        flow: Flow,
        rendered: impl Into<Rendered>,
        request: Option<&Context>,
    ) -> Option<Bytes> {
        self.hide_at_once(Leaving::new(flow, rendered), request)
    }

    /// The same for a reply that finds its way without a transaction, with what was noted of it.
    pub(crate) fn hide_stray(
        &mut self,
        flow: Flow,
        rendered: Rendered,
        notes: Notes,
    ) -> Option<Bytes> {
        let leaving = Leaving {
            notes,
            ..Leaving::new(flow, rendered)
        };
        self.hide_at_once(leaving, None)
    }

    fn hide_at_once(&mut self, leaving: Leaving, request: Option<&Context>) -> Option<Bytes> {
        match self.hide_on(leaving, request, false) {
            Hidden::Done(bytes) => Some(bytes),
            Hidden::Refused(_) | Hidden::Wait(..) => None,
        }
    }

    /// Leads a message about to leave through the hooks.
    pub(crate) fn hide_on(
        &mut self,
        mut leaving: Leaving,
        request: Option<&Context>,
        may_wait: bool,
    ) -> Hidden {
        let config = request.map_or(&self.config, |context| &context.config);
        if config.installed.message_hooks.is_empty() {
            return Hidden::Done(leaving.rendered.octets.into_bytes());
        }
        let config = config.clone();
        let hooks = config.installed.message_hooks.iter().rev();
        for hook in hooks.skip(leaving.seen) {
            leaving.seen += 1;
            let Some(message) = leaving.rendered.read(&self.edge.limits.sip) else {
                // What cannot be read cannot be hidden.
                return Hidden::Refused(Refusal::new(500, "Server Internal Error (500/SL)"));
            };
            if self.passes_out(&config, &**hook, leaving.flow, &message) {
                continue;
            }
            let sent = hook.on_send(&Outgoing {
                message: &message,
                flow: leaving.flow,
                now: self.now,
                config: &config,
                request,
                notes: &leaving.notes,
                may_wait,
            });
            match sent {
                Sent::Unchanged => {}
                Sent::Replaced(bytes) => leaving.rendered = bytes.into(),
                Sent::Refused {
                    code,
                    reason,
                    retry_after_s,
                } => return Hidden::refused(code, reason, retry_after_s),
                Sent::Wait(effect, then) if may_wait => {
                    return Hidden::Wait(effect, Box::new(HeldLeaving { leaving, then }));
                }
                Sent::Wait(..) => return Hidden::Refused(Refusal::UNAVAILABLE),
            }
        }
        Hidden::Done(leaving.rendered.octets.into_bytes())
    }

    /// Goes on with a message about to leave, once the world outside has answered.
    pub(crate) fn hide_after(
        &mut self,
        held: HeldLeaving,
        answer: Answer,
        request: &Context,
    ) -> Hidden {
        let HeldLeaving { mut leaving, then } = held;
        match then(answer) {
            Sent::Unchanged => {}
            Sent::Replaced(bytes) => leaving.rendered = bytes.into(),
            Sent::Refused {
                code,
                reason,
                retry_after_s,
            } => return Hidden::refused(code, reason, retry_after_s),
            Sent::Wait(effect, then) => {
                return Hidden::Wait(effect, Box::new(HeldLeaving { leaving, then }));
            }
        }
        self.hide_on(leaving, Some(request), true)
    }

    /// True where an event route lets a message about to leave pass this hook.
    fn passes_out(
        &mut self,
        config: &Config,
        hook: &dyn MessageHook,
        flow: Flow,
        message: &Arc<Message>,
    ) -> bool {
        let routes = hook.routes();
        self.drops(config, routes.outgoing, flow, None)
            || self.drops(config, routes.sending, flow, Some(message))
    }

    /// Runs an event route of a hook; true where it ended with `drop`.
    fn drops(
        &mut self,
        config: &Config,
        name: Option<&'static str>,
        flow: Flow,
        message: Option<&Arc<Message>>,
    ) -> bool {
        let Some(route) = name.and_then(|name| config.event_route(name)) else {
            return false;
        };
        let context = match message {
            Some(message) => Some(self.arrive(flow, message.clone(), Routes::EVENT)),
            None => self.without_message(flow),
        };
        context.is_some_and(|mut context| {
            context.sending = Some(Box::new(flow));
            self.run_now(&mut context, route)
        })
    }
}

impl Leaving {
    /// A message that no hook has seen.
    pub(crate) fn new(flow: Flow, rendered: impl Into<Rendered>) -> Leaving {
        let rendered = rendered.into();
        Leaving {
            flow,
            notes: Notes::new(),
            seen: rendered.seen,
            rendered,
        }
    }
}

impl Rendered {
    /// A reply of ours, `bare` where no header of it was added by a script.
    pub(crate) fn reply(request: &Context, bytes: Bytes, bare: bool) -> Rendered {
        let need_not = |hook: &dyn MessageHook| bare && hook.passes_bare_replies(request);
        Rendered {
            seen: spared(&request.config, need_not),
            ..Rendered::from(bytes)
        }
    }

    /// A message with these edits.
    pub(crate) fn of(message: &Arc<Message>, edits: &Edits) -> Rendered {
        Rendered {
            octets: edits.rewrite(message),
            of: Some(message.clone()),
            seen: 0,
        }
    }

    /// Its octets.
    pub(crate) fn bytes(&self) -> &Bytes {
        self.octets.bytes()
    }

    /// The same as a message. What stayed of the one it was made of is not read again.
    fn read(&self, limits: &sip::Limits) -> Option<Arc<Message>> {
        match &self.of {
            Some(former) => self.octets.read(former, limits).ok(),
            None => reparse(self.bytes().clone(), limits).map(Arc::new),
        }
    }
}

impl From<Bytes> for Rendered {
    fn from(bytes: Bytes) -> Rendered {
        Rendered {
            octets: bytes.into(),
            of: None,
            seen: 0,
        }
    }
}

/// How many hooks, from the last one on, need not see a message that leaves: those that need not by `need_not`
/// and have no event route to ask.
fn spared(config: &Config, mut need_not: impl FnMut(&dyn MessageHook) -> bool) -> usize {
    let hooks = config.installed.message_hooks.iter().rev();
    let is_spared =
        |hook: &&Arc<dyn MessageHook>| !hook.routes().any_on_send() && need_not(&***hook);
    hooks.take_while(is_spared).count()
}

impl Hidden {
    fn refused(code: u16, reason: &'static str, retry_after_s: Option<u32>) -> Hidden {
        Hidden::Refused(Refusal {
            code,
            reason,
            retry_after_s,
        })
    }
}

impl Refusal {
    const UNAVAILABLE: Refusal = Refusal::new(503, "Service Unavailable");

    const fn new(code: u16, reason: &'static str) -> Refusal {
        Refusal {
            code,
            reason,
            retry_after_s: None,
        }
    }

    /// Notes in the request's context what its sender is told; a Retry-After stands in whatever is answered.
    pub(crate) fn tell(self, context: &mut Context) -> (u16, &'static str) {
        if let Some(seconds) = self.retry_after_s {
            context.append_to_reply(format!("Retry-After: {seconds}").as_bytes());
        }
        context.error = Some((self.code, self.reason));
        (self.code, self.reason)
    }
}
