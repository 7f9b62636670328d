//! Wishes that the edge itself fulfils.

use crate::relay::RelayJob;
use crate::run::Place;
use crate::stateless::ForwardJob;
use crate::tx::Made;
use crate::{Output, Transmit, Worker};
use policy::{Answer, Context, Continuation, Effect, Level, Parcel, TransactionAction, go_on};
use script::Flow;
use sip::Method;
use stack::table::Lookup;

/// What a wish came to.
pub(crate) type Performed = Flow<Effect, Continuation>;

impl Worker {
    /// Fulfils a wish and goes on with the function that had it.
    pub(crate) fn perform(
        &mut self,
        context: &mut Context,
        effect: Effect,
        resume: Continuation,
    ) -> Performed {
        let code = match effect {
            Effect::Transaction(action) => return self.transaction_wish(context, action, resume),
            Effect::Step(job) => return self.step(context, job, resume),
            Effect::Reply(reply) => self.reply_to(context, reply),
            Effect::Forward(to) => return self.forward(context, to, resume),
            Effect::Request(request) => {
                self.ask_for(request);
                1
            }
            Effect::Send(parcel) => self.send_raw(context, *parcel),
            Effect::CloseConnection => self.close_connection(context),
            // No room to wait: as if nobody had answered.
            Effect::Store { .. }
            | Effect::Keys { .. }
            | Effect::Lookup(_)
            | Effect::Sleep { .. } => {
                context.log(Level::Err, "core", || {
                    "too many routes wait already".to_owned()
                });
                return go_on(context, resume, Answer::TimedOut);
            }
        };
        go_on(context, resume, Answer::Code(code))
    }

    fn step(
        &mut self,
        context: &mut Context,
        job: Box<dyn std::any::Any + Send>,
        resume: Continuation,
    ) -> Performed {
        let job = match job.downcast::<RelayJob>() {
            Ok(job) => return self.relay_step(context, *job, resume),
            Err(job) => job.downcast::<ForwardJob>(),
        };
        match job {
            Ok(job) => self.forward_step(context, *job, resume),
            Err(_) => go_on(context, resume, Answer::Code(-1)),
        }
    }

    fn transaction_wish(
        &mut self,
        context: &mut Context,
        action: TransactionAction,
        resume: Continuation,
    ) -> Performed {
        let code = match action {
            TransactionAction::Relay(relay) => return self.relay(context, relay, resume),
            TransactionAction::Replicate(to) => return self.replicate(context, to, resume),
            TransactionAction::New => self.wish_new(context),
            TransactionAction::Hold => self.wish_hold(context),
            TransactionAction::LookupRequest => found(self.find(context, Lookup::Same).is_some()),
            TransactionAction::LookupCancel => {
                found(self.find(context, Lookup::Cancelled).is_some())
            }
            TransactionAction::Check => self.wish_check(context),
            TransactionAction::Precheck => self.wish_precheck(context),
            TransactionAction::RelayCancel => self.wish_relay_cancel(context),
            TransactionAction::RetransmitReply => {
                self.retransmit_reply(context);
                1
            }
            TransactionAction::Release | TransactionAction::Drop => self.wish_release(context),
            TransactionAction::CancelBranches(which) => self.cancel_branches(context, which),
            TransactionAction::Suspend => self.wish_suspend(context),
            TransactionAction::Continue {
                index,
                label,
                route,
            } => {
                let id = stack::table::TxId { hash: index, label };
                let is_there = self.edge.table.contains(id);
                self.post(id, crate::mail::Mail::Continue(route));
                found(is_there)
            }
            TransactionAction::Remote { id, what } => {
                self.post(id, crate::mail::Mail::Remote(*what));
                1
            }
        };
        go_on(context, resume, Answer::Code(code))
    }

    fn wish_new(&mut self, context: &mut Context) -> i32 {
        if context.transaction.is_some() {
            return -1;
        }
        match self.make_transaction(context) {
            Made::Yes => 1,
            Made::Again => 0,
            Made::No => -1,
        }
    }

    fn wish_hold(&mut self, context: &mut Context) -> i32 {
        let code = match context.held() {
            Some(_) => 1,
            None => match self.hold_place(context) {
                Place::Held => 1,
                Place::Taken => return 0,
                Place::Full => return -1,
            },
        };
        context.switches.reply_held = true;
        self.in_hand = context.held();
        code
    }

    /// `t_check_trans()`.
    fn wish_check(&mut self, context: &mut Context) -> i32 {
        match context.message.method() {
            Method::Cancel => found(self.find(context, Lookup::Cancelled).is_some()),
            Method::Ack => self.check_ack(context),
            _ => match self.find(context, Lookup::Same) {
                Some(id) if !is_own(context, id) => {
                    self.absorb(id);
                    0
                }
                _ => -1,
            },
        }
    }

    /// The ACK of a negative reply ends here; that of a 2xx is known by its tags.
    pub(crate) fn check_ack(&mut self, context: &mut Context) -> i32 {
        if let Some(id) = self.find(context, Lookup::Same) {
            self.post(id, crate::mail::Mail::Ack);
            return 0;
        }
        match self.find(context, Lookup::AckOfAccepted) {
            Some(id) => {
                self.post(
                    id,
                    crate::mail::Mail::AckOfAccepted(context.message.clone()),
                );
                1
            }
            None => -1,
        }
    }

    fn wish_precheck(&mut self, context: &mut Context) -> i32 {
        let lookup = match context.message.method() {
            Method::Cancel => Lookup::Cancelled,
            _ => Lookup::Same,
        };
        match self.find(context, lookup) {
            Some(id) => found(!is_own(context, id)),
            None => -1,
        }
    }

    fn wish_release(&mut self, context: &mut Context) -> i32 {
        match context.transaction_mut() {
            Some(transaction) => {
                transaction.is_over = true;
                1
            }
            None => -1,
        }
    }

    fn close_connection(&mut self, context: &Context) -> i32 {
        match context.flow.connection {
            Some(connection) => {
                self.put(Output::Close(connection));
                1
            }
            None => -1,
        }
    }

    fn send_raw(&mut self, context: &Context, parcel: Parcel) -> i32 {
        let Parcel { to, socket, bytes } = parcel;
        let proto = to.proto.unwrap_or(context.flow.proto);
        let Some(ip) = policy::address_of(&to.host) else {
            return -1;
        };
        let port = if to.port == 0 {
            proto.default_port()
        } else {
            to.port
        };
        let address = std::net::SocketAddr::new(ip, port);
        let aim = crate::outbound::Aim {
            proto,
            address,
            socket,
            connection: None,
        };
        let Some(flow) = self.way_to(context, aim) else {
            return -1;
        };
        let no_connect = context.switches.forward_no_connect;
        self.put(Output::Transmit(Transmit {
            flow,
            bytes,
            no_connect,
            close: false,
            tls: None,
        }));
        1
    }
}

fn is_own(context: &Context, id: stack::table::TxId) -> bool {
    context.reserved == Some(id)
        || context
            .transaction
            .as_ref()
            .is_some_and(|transaction| transaction.id == id)
}

fn found(yes: bool) -> i32 {
    if yes { 1 } else { -1 }
}
