//! One worker: it takes inputs, leaves outputs, and owns what it works on.

use crate::answered::{Answered, Resident};
use crate::mail::Mail;
use crate::overload::Monitor;
use crate::shed::Shedder;
use crate::streams::Streams;
use crate::{Edge, Input, Output, Ticket};
use policy::{Config, ConnectionId, Context, LocalRequest, Now};
use stack::Instant;
use stack::table::{Out, TxId};
use stack::timer::Wheel;
use std::collections::VecDeque;
use std::sync::Arc;

/// One worker of an [`Edge`]. Several work on the same edge, each on its own thread.
pub struct Worker {
    pub(crate) edge: Arc<Edge>,
    /// The configuration that new messages get, as of the input in hand.
    pub(crate) config: Arc<Config>,
    /// Which one it is ([`Edge::replaced`]).
    config_number: usize,
    pub(crate) rng: fastrand::Rng,
    pub(crate) now: Now,
    pub(crate) streams: Streams,
    pub(crate) shedder: Shedder,
    pub(crate) monitor: Monitor,
    /// Counts what came of inputs: outputs, reminders, letters. It wraps around.
    pub(crate) deeds: u64,
    wheel: Wheel<Hint>,
    due: Vec<Hint>,
    /// Letters for transactions that were found while another one was in hand.
    letters: VecDeque<(TxId, Mail)>,
    /// Requests of our own that routes asked for.
    requests: VecDeque<Box<LocalRequest>>,
    outputs: VecDeque<Output>,
    /// Transactions that are done with, until what was said in them has left ([`Worker::release`]).
    resting: VecDeque<(TxId, Resident)>,
    /// The transaction that is checked out now, for [`Worker::recover`].
    pub(crate) in_hand: Option<TxId>,
}

/// What a timer entry reminds of. The owner looks whether it is really due.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hint {
    /// A transaction.
    Transaction(TxId),
    /// A route that waits.
    Waiting(Ticket),
    /// A stream with a started message.
    Stream(ConnectionId),
}

impl Worker {
    /// A worker whose random numbers come from `seed`.
    pub fn new(edge: Arc<Edge>, now: Now, seed: u64) -> Worker {
        let config_number = edge.replaced();
        Worker {
            config: edge.config(),
            config_number,
            rng: fastrand::Rng::with_seed(seed),
            now,
            streams: Streams::default(),
            shedder: Shedder::new(edge.tag_keys.clone()),
            monitor: Monitor::default(),
            deeds: 0,
            wheel: Wheel::new(now.mono),
            due: Vec::new(),
            letters: VecDeque::new(),
            requests: VecDeque::new(),
            outputs: VecDeque::new(),
            resting: VecDeque::new(),
            in_hand: None,
            edge,
        }
    }

    /// Takes one input at `now`. What has become due is done first. Outputs are to be carried out, then
    /// [`Worker::release`] gives back what was worked on; several inputs may come before that.
    pub fn handle_input(&mut self, now: Now, input: Input) {
        self.now = now;
        self.take_config();
        self.expire();
        // What was left at start, such as htable:mod-init, comes before the first message.
        self.run_tasks();
        self.review_load();
        match input {
            Input::Datagram {
                flow,
                bytes,
                waited_ms,
            } => {
                self.note_wait(waited_ms);
                self.datagram(flow, bytes);
            }
            Input::Overflow { lost } => self.overflowed(lost),
            Input::Opened { flow } => self.stream_opened(flow),
            Input::Received {
                connection,
                bytes,
                waited_ms,
            } => {
                self.note_wait(waited_ms);
                self.stream_received(connection, bytes);
            }
            Input::Closed { connection } => self.stream_closed(connection),
            Input::SendFailed { transmit } => self.send_failed(transmit),
            Input::Answer { ticket, answer } => self.answered(ticket, answer),
            Input::Tick => {}
        }
        self.monitor.clear();
        self.deliver_letters();
        self.run_tasks();
    }

    /// Goes on after a panic in [`Worker::handle_input`]: what was in hand is given up, the place of
    /// its transaction is cleared; timers, connections and all other transactions stay.
    pub fn recover(&mut self) {
        if let Some(id) = self.in_hand.take() {
            self.edge.reserved.give_up(id);
            self.edge.table.remove(id);
        }
    }

    /// The next thing to do outside, in order.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Gives back the transactions that were worked on, once the outputs so far have left: who took
    /// one earlier could send a 200 before the 180 that still waits here to be sent. Letters that came
    /// meanwhile are opened. True where that left something to do: carry it out and release again.
    pub fn release(&mut self) -> bool {
        for _ in 0..self.resting.len() {
            let Some((id, kept)) = self.resting.pop_front() else {
                break;
            };
            if let Some((again, mail)) = self.edge.table.put_back(id, kept) {
                self.in_hand = Some(id);
                self.open(again, mail);
            }
        }
        self.deliver_letters();
        !(self.outputs.is_empty() && self.resting.is_empty())
    }

    /// When [`Input::Tick`] is wanted at the latest.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.wheel.next_deadline()
    }

    pub(crate) fn put(&mut self, output: Output) {
        self.deeds = self.deeds.wrapping_add(1);
        self.outputs.push_back(output);
    }

    pub(crate) fn remind(&mut self, at: Instant, hint: Hint) {
        self.deeds = self.deeds.wrapping_add(1);
        self.wheel.arm(at, hint);
    }

    /// Leaves a letter for a transaction; it is delivered before the input is done.
    pub(crate) fn post(&mut self, id: TxId, mail: Mail) {
        self.letters.push_back((id, mail));
    }

    /// Leaves a request of our own; it is sent before the input is done.
    pub(crate) fn ask_for(&mut self, request: Box<LocalRequest>) {
        self.requests.push_back(request);
    }

    /// Does what modules want done outside of any message.
    fn run_tasks(&mut self) {
        while let Some(task) = self.edge.outbox.take() {
            match task {
                policy::Task::Close(connection) => self.put(Output::Close(connection)),
                policy::Task::Event { name, prepare } => {
                    self.event(script::RouteKind::Event, &name, prepare);
                }
                policy::Task::Route { name, prepare } => {
                    self.event(script::RouteKind::Sub, &name, prepare);
                }
                policy::Task::Remote { id, what } => self.deliver(id, Mail::Remote(what)),
                policy::Task::Request(request) => {
                    self.local_request(*request);
                }
            }
        }
    }

    /// Takes a configuration that has come since the last input.
    fn take_config(&mut self) {
        let number = self.edge.replaced();
        if number != self.config_number {
            self.config = self.edge.config();
            self.config_number = number;
        }
    }

    fn expire(&mut self) {
        self.wheel.expire(self.now.mono, &mut self.due);
        self.due.reverse();
        // One by one, so that a panic over one of them loses none of the others.
        while let Some(hint) = self.due.pop() {
            match hint {
                Hint::Transaction(id) => self.deliver(id, Mail::Timer),
                Hint::Waiting(ticket) => self.waited_long_enough(ticket),
                Hint::Stream(connection) => self.stream_due(connection),
            }
        }
    }

    fn deliver_letters(&mut self) {
        while let Some((id, mail)) = self.letters.pop_front() {
            self.deliver(id, mail);
        }
        while let Some(request) = self.requests.pop_front() {
            self.local_request(*request);
            self.deliver_letters();
        }
    }

    /// Brings a letter to a transaction: opened at once where nobody works on it.
    pub(crate) fn deliver(&mut self, id: TxId, mail: Mail) {
        match self.edge.table.check_out(id, mail) {
            Out::Taken(id, kept, mail) => {
                self.deeds = self.deeds.wrapping_add(1);
                self.in_hand = Some(id);
                self.open(kept, mail);
            }
            Out::Queued(_) => self.deeds = self.deeds.wrapping_add(1),
            Out::Missing(mail) | Out::Full(mail) => self.undeliverable(&mail),
        }
    }

    /// Opens a letter to a transaction that this worker owns now, and puts it to rest again.
    pub(crate) fn open(&mut self, kept: Resident, mail: Mail) {
        match kept {
            Resident::Open(context) => {
                if let Some(context) = self.open_letter(context, mail) {
                    self.rest(context);
                }
            }
            Resident::Answered(answered) => self.open_late(answered, mail),
        }
    }

    /// Puts a context aside: a transaction goes back into the table with [`Worker::release`]; a request
    /// without one is over.
    pub(crate) fn rest(&mut self, mut context: Box<Context>) {
        if let Some(id) = context
            .transaction
            .as_ref()
            .map(|transaction| transaction.id)
        {
            self.in_hand = None;
            self.arm(&mut context);
            if is_finished(&context) {
                self.edge.table.remove(id);
            } else {
                let kept = self.settled(context);
                self.lay_aside(id, kept);
            }
        } else if let Some(id) = context.reserved {
            self.in_hand = None;
            self.edge.reserved.give_up(id);
            self.edge.table.remove(id);
        }
    }

    /// What stays of a context that is put aside: once its final reply was sent, hardly anything.
    fn settled(&self, mut context: Box<Context>) -> Resident {
        match Answered::of(&mut context, |context| self.way_back(context)) {
            Some(answered) => Resident::Answered(Box::new(answered)),
            None => Resident::Open(context),
        }
    }

    /// Keeps a transaction for [`Worker::release`].
    pub(crate) fn lay_aside(&mut self, id: TxId, kept: Resident) {
        self.resting.push_back((id, kept));
    }

    fn undeliverable(&mut self, mail: &Mail) {
        if let Mail::Reply(_) = mail {
            self.edge.counts.stray_replies.inc();
        }
    }
}

fn is_finished(context: &Context) -> bool {
    context
        .transaction
        .as_ref()
        .is_none_or(|transaction| crate::timers::is_finished(transaction))
}
