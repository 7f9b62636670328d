//! Running a route: from its start, through its wishes, to its end.

use crate::worker::Hint;
use crate::{Output, Ticket, Worker};
use policy::{Answer, Config, Context, Effect};
use script::{End, EndKind, Machine, RouteId, Step};
use stack::table::Refused;

/// A route under way, with all it owns.
pub(crate) struct Run {
    context: Box<Context>,
    machine: Machine<Context>,
    purpose: Purpose,
}

/// Why a route runs, and so what follows its end.
pub(crate) enum Purpose {
    /// `request_route`.
    Request,
    /// `reply_route`: afterwards the reply looks for its transaction.
    CoreReply,
    /// The `onreply_route` of replies without a transaction (`on_sl_reply`).
    StrayReply,
    /// `onreply_route` of a transaction; the context's home is the request.
    Reply(crate::mail::Reply),
    /// `event_route[tm:branch-failure:…]`: afterwards the branch's end counts.
    BranchFailure(crate::response::BranchEnd),
    /// `failure_route`.
    Failure,
    /// A route whose end nobody waits for.
    Event,
    /// `event_route[tm:local-request]`: afterwards the request is sent.
    LocalRequest,
    /// A request of our own is being sent.
    LocalSent,
}

/// Why a run has stopped.
pub(crate) enum Stop {
    /// The route has ended.
    Ended(End),
    /// It waits for this.
    Waits(Effect),
    /// The request turned out to be a retransmission: the script ends here, as it does where t_relay() finds this out.
    Absorbed,
}

/// What became of the wish for a place in the transaction table.
pub(crate) enum Place {
    /// It is there, or not needed.
    Held,
    /// The request is a retransmission of one that has its transaction already.
    Taken,
    /// A bound of the table is reached.
    Full,
}

/// What waits for the world outside.
pub(crate) struct Waiting {
    what: Waits,
    /// What it gets when nothing comes in time.
    at_deadline: Answer,
}

/// Who goes on when the answer is there.
pub(crate) enum Waits {
    /// A route.
    Route(Box<Run>),
    /// A message that came, before any route.
    Arrival(Box<crate::hooked::HeldArrival>),
}

impl Run {
    /// A run of a machine that has begun.
    pub(crate) fn new(context: Box<Context>, machine: Machine<Context>, purpose: Purpose) -> Run {
        Run {
            context,
            machine,
            purpose,
        }
    }
}

impl Worker {
    /// Runs a route on a context. What comes back is to be put to rest; nothing comes back where
    /// the route waits.
    pub(crate) fn run(
        &mut self,
        context: Box<Context>,
        route: RouteId,
        purpose: Purpose,
    ) -> Option<Box<Context>> {
        let config = context.config.clone();
        let limits = self.script_limits(&config);
        let mut run = Run {
            context,
            machine: Machine::new(&config.program, route, limits),
            purpose,
        };
        let step = run.machine.run(&config.program, &mut run.context);
        let stop = self.drive(&config, &mut run, step);
        self.stopped(run, stop)
    }

    /// Runs a route that cannot wait (`onsend_route`) and tells whether it ended with `drop`.
    pub(crate) fn run_now(&mut self, context: &mut Context, route: RouteId) -> bool {
        let config = context.config.clone();
        let mut machine = Machine::new(&config.program, route, self.script_limits(&config));
        let mut step = machine.run(&config.program, context);
        loop {
            match step {
                Step::Ended(end) => return end.kind == EndKind::Drop,
                Step::Waiting(effect) => {
                    step = machine.answer_with(&config.program, context, |context, resume| {
                        self.perform(context, effect, resume)
                    });
                }
            }
        }
    }

    pub(crate) fn script_limits(&self, config: &Config) -> script::Limits {
        script::Limits {
            while_loops: config.core.max_while_loops,
            ..self.edge.limits.script
        }
    }

    /// Goes on with a run of a route of `config` until it ends or waits. The run stays where it is meanwhile, since
    /// it is large.
    pub(crate) fn drive(&mut self, config: &Config, run: &mut Run, mut step: Step<Effect>) -> Stop {
        loop {
            let effect = match step {
                Step::Ended(end) => return Stop::Ended(end),
                Step::Waiting(effect) => effect,
            };
            if effect.is_outside() && self.may_wait(run) {
                match self.reserve(&mut run.context, &run.purpose) {
                    Place::Held => return Stop::Waits(effect),
                    Place::Taken => return Stop::Absorbed,
                    Place::Full => {}
                }
            }
            let (machine, context) = (&mut run.machine, &mut *run.context);
            step = machine.answer_with(&config.program, context, |context, resume| {
                self.perform(context, effect, resume)
            });
        }
    }

    /// What follows where a run has stopped.
    pub(crate) fn stopped(&mut self, run: Run, stop: Stop) -> Option<Box<Context>> {
        match stop {
            Stop::Ended(end) => self.ended(run.context, run.purpose, end),
            Stop::Waits(effect) => {
                self.wait(run, effect);
                None
            }
            Stop::Absorbed => Some(run.context),
        }
    }

    fn may_wait(&self, run: &Run) -> bool {
        let may = !matches!(run.purpose, Purpose::CoreReply if run.context.sending.is_some());
        may && self.edge.waiting.has_room()
    }

    /// A request that waits before it has a transaction takes the place of one, so that its
    /// retransmissions are absorbed and its CANCEL is kept.
    fn reserve(&mut self, context: &mut Context, purpose: &Purpose) -> Place {
        let needs = matches!(purpose, Purpose::Request)
            && context.transaction.is_none()
            && context.reserved.is_none();
        if needs {
            self.hold_place(context)
        } else {
            Place::Held
        }
    }

    /// Takes the place of the request's transaction in the table; an ACK has none.
    pub(crate) fn hold_place(&mut self, context: &mut Context) -> Place {
        if context.message.method() == sip::Method::Ack {
            return Place::Held;
        }
        let Some(key) = self.key(context) else {
            return Place::Held;
        };
        match self.edge.table.insert_busy(&key) {
            Ok(id) => {
                self.edge.reserved.hold(id);
                context.reserved = Some(id);
                Place::Held
            }
            Err(Refused::Exists(id)) => {
                self.absorb(id);
                Place::Taken
            }
            Err(_) => Place::Full,
        }
    }

    fn wait(&mut self, run: Run, effect: Effect) {
        self.in_hand = None;
        self.wait_for(Waits::Route(Box::new(run)), effect);
    }

    /// Puts aside who waits for the world outside, and asks.
    pub(crate) fn wait_for(&mut self, what: Waits, effect: Effect) {
        let (at_deadline, wait_ms) = match &effect {
            Effect::Sleep { ms } => (Answer::Code(1), u64::from(*ms)),
            _ => (Answer::TimedOut, self.edge.limits.wait_ms),
        };
        let ticket = self.edge.waiting.enter(Waiting { what, at_deadline });
        self.remind(self.now.mono.after_ms(wait_ms), Hint::Waiting(ticket));
        if !matches!(effect, Effect::Sleep { .. }) {
            self.put(Output::Ask { ticket, effect });
        }
    }

    /// An answer came from outside.
    pub(crate) fn answered(&mut self, ticket: Ticket, answer: Answer) {
        if let Some(waiting) = self.edge.waiting.leave(ticket) {
            self.resume(waiting.what, answer);
        }
    }

    /// The deadline of a waiting route has come.
    pub(crate) fn waited_long_enough(&mut self, ticket: Ticket) {
        if let Some(waiting) = self.edge.waiting.leave(ticket) {
            self.resume(waiting.what, waiting.at_deadline);
        }
    }

    fn resume(&mut self, what: Waits, answer: Answer) {
        match what {
            Waits::Route(run) => self.go_on(run, answer),
            Waits::Arrival(held) => self.arrival_answered(*held, answer),
        }
    }

    fn go_on(&mut self, mut run: Box<Run>, answer: Answer) {
        let config = run.context.config.clone();
        run.context.now = self.now;
        self.in_hand = run.context.held();
        let (machine, context) = (&mut run.machine, &mut *run.context);
        let step = machine.answer(&config.program, context, answer);
        let stop = self.drive(&config, &mut run, step);
        if let Some(context) = self.stopped(*run, stop) {
            self.rest(context);
        }
    }

    fn ended(&mut self, context: Box<Context>, purpose: Purpose, end: End) -> Option<Box<Context>> {
        match purpose {
            Purpose::Request => Some(self.request_ended(context)),
            Purpose::CoreReply => self.core_reply_ended(context, end.kind == EndKind::Drop),
            Purpose::StrayReply => {
                let dropped =
                    end.kind == EndKind::Drop || (end.kind == EndKind::Returned && end.code == 0);
                self.stray_reply_ended(context, dropped)
            }
            Purpose::Reply(reply) => {
                self.reply_route_ended(context, reply, end.kind == EndKind::Drop)
            }
            Purpose::BranchFailure(end) => self.branch_failure_route_ended(context, end),
            Purpose::Failure => Some(self.failure_route_ended(context)),
            Purpose::Event => Some(context),
            Purpose::LocalRequest => self.local_route_ended(context, end),
            Purpose::LocalSent => Some(self.local_sent(context, end)),
        }
    }
}
