//! Forwarding without a transaction: `forward()`, ACK, and the replies that come back.

use crate::hooked::{HeldLeaving, Hidden, Leaving, Rendered};
use crate::next_hop::fenced;
use crate::outbound::Aim;
use crate::perform::Performed;
use crate::{Output, Transmit, Worker};
use bytes::Bytes;
use policy::{
    Answer, Context, Continuation, Effect, Flow, NextHop, Notes, Outcome, Proto, Relay, TlsWay,
    go_on,
};
use script::Flow as ScriptFlow;
use sip::Message;
use stack::branch::StatelessFields;
use stack::location::{Resolver, Step};
use std::net::SocketAddr;
use std::sync::Arc;

impl Worker {
    /// `t_relay()` of an ACK: that of a negative reply ends here, any other goes on statelessly.
    pub(crate) fn relay_ack(
        &mut self,
        context: &mut Context,
        relay: Relay,
        resume: Continuation,
    ) -> Performed {
        if self.check_ack(context) == 0 {
            return go_on(context, resume, Answer::Code(0));
        }
        self.forward(context, relay.to, resume)
    }

    /// `forward()`: to a fixed hop, or wherever the Request-URI leads.
    pub(crate) fn forward(
        &mut self,
        context: &mut Context,
        to: Option<NextHop>,
        resume: Continuation,
    ) -> Performed {
        if self.is_loop(context) {
            context.error = Some((482, "Loop Detected"));
            return go_on(context, resume, Answer::Code(-1));
        }
        let relay = Relay {
            to,
            ..Relay::default()
        };
        let destination = match crate::next_hop::destination(context, &relay) {
            Ok(destination) => destination,
            Err(error) => {
                context.error = Some(error);
                return go_on(context, resume, Answer::Code(-1));
            }
        };
        let mut resolver = self.resolver(context, destination);
        let step = resolver.next();
        self.forward_to(context, (relay, resolver), step, resume)
    }

    fn forward_to(
        &mut self,
        context: &mut Context,
        (relay, resolver): Search,
        step: Step,
        resume: Continuation,
    ) -> Performed {
        match fenced(context, &relay, step) {
            Err(error) => {
                context.error = Some(error);
                go_on(context, resume, Answer::Code(-1))
            }
            Ok(Step::Ask(query)) => ScriptFlow::Wait(
                Effect::Lookup(query),
                after_wait(Stage::Located((relay, resolver)), resume),
            ),
            Ok(Step::Unreachable) => {
                context.error = Some((478, "Unresolvable destination (478/SL)"));
                go_on(context, resume, Answer::Code(-1))
            }
            Ok(Step::Done(targets)) => {
                let (socket, connection) = (context.target.socket, context.target.connection);
                let aim = targets.first().map(|target| Aim {
                    proto: target.transport,
                    address: target.address,
                    socket,
                    connection,
                });
                match aim {
                    Some(aim) => self.send_stateless_request(context, aim, resolver.host(), resume),
                    None => go_on(context, resume, Answer::Code(-1)),
                }
            }
        }
    }

    /// Goes on after the name servers, or the storage of a message hook, answered a forward.
    pub(crate) fn forward_step(
        &mut self,
        context: &mut Context,
        job: ForwardJob,
        resume: Continuation,
    ) -> Performed {
        let ForwardJob { stage, answer } = job;
        match (stage, answer) {
            (Stage::Located((relay, mut resolver)), answer) => {
                let answer = match answer {
                    Answer::Names(names) => names,
                    _ => stack::location::Answer::Nothing,
                };
                let step = resolver.answer(answer);
                self.forward_to(context, (relay, resolver), step, resume)
            }
            (Stage::Hidden(way, held), answer) => {
                let hidden = self.hide_after(*held, answer, context);
                self.send_hidden(context, way, hidden, resume)
            }
        }
    }

    fn send_stateless_request(
        &mut self,
        context: &mut Context,
        aim: Aim,
        host: Option<&Bytes>,
        resume: Continuation,
    ) -> Performed {
        let way = self.way_to(context, aim);
        let Some(flow) = way.filter(|way| !self.holds_back_stateless(context, way)) else {
            context.error = Some((
                477,
                "Unfortunately error on sending to next hop occurred (477/SL)",
            ));
            return go_on(context, resume, Answer::Code(-1));
        };
        let branch = self.stateless_branch(context);
        let rendered =
            branch.and_then(|token| self.render_request(context, &flow, token.as_bytes()));
        let Some(rendered) = rendered.filter(|_| !self.is_dropped_on_send(context, flow)) else {
            return go_on(context, resume, Answer::Code(-1));
        };
        let way = StatelessWay {
            flow,
            tls: self.tls_way(context, flow.proto, host),
        };
        let hidden = self.hide_on(Leaving::new(flow, rendered), Some(context), true);
        self.send_hidden(context, way, hidden, resume)
    }

    /// Sends a request as far as the message hooks let it.
    fn send_hidden(
        &mut self,
        context: &mut Context,
        way: StatelessWay,
        hidden: Hidden,
        resume: Continuation,
    ) -> Performed {
        let bytes = match hidden {
            Hidden::Done(bytes) => bytes,
            Hidden::Refused(refusal) => {
                refusal.tell(context);
                return go_on(context, resume, Answer::Code(-1));
            }
            Hidden::Wait(effect, held) => {
                return ScriptFlow::Wait(effect, after_wait(Stage::Hidden(way, held), resume));
            }
        };
        self.edge.counts.forwarded_requests.inc();
        self.put(Output::Transmit(Transmit {
            flow: way.flow,
            bytes,
            no_connect: context.switches.forward_no_connect,
            close: context.switches.forward_close,
            tls: way.tls,
        }));
        go_on(context, resume, Answer::Code(1))
    }

    fn stateless_branch(&self, context: &Context) -> Option<stack::branch::Token> {
        let way_back = self.return_of(context)?;
        let fields = StatelessFields::of_request(&context.message, &way_back).ok()?;
        Some(
            self.edge
                .brancher
                .encode_stateless(&fields, self.loop_part(context)?),
        )
    }

    /// A reply to something forwarded without a transaction, or by a server that is no more: only what verifies
    /// goes on, or what a message hook vouches for, to where the Via below ours leads.
    pub(crate) fn stateless_reply(&mut self, flow: Flow, message: &Arc<Message>, notes: Notes) {
        match self.way_of_stray(flow, message, &notes) {
            Some((way, no_connect)) => {
                let mut edits = sip::Edits::new();
                edits.drop_top_via();
                let rendered = Rendered::of(message, &edits);
                self.edge.counts.forwarded_replies.inc();
                if let Some(bytes) = self.hide_stray(way, rendered, notes) {
                    self.put(Output::Transmit(Transmit {
                        flow: way,
                        bytes,
                        no_connect,
                        close: false,
                        tls: None,
                    }));
                }
            }
            None => self.edge.counts.stray_replies.inc(),
        }
    }

    /// The way of such a reply, and whether no connection may be opened for it. Those of a server that is no more
    /// ended with it: then a new one leads to the sent-by (RFC 3261 section 18.2.2), not to the old one's port.
    fn way_of_stray(&self, flow: Flow, message: &Message, notes: &Notes) -> Option<(Flow, bool)> {
        let mut vias = message.vias();
        let (own, next) = (vias.next()?.ok()?, vias.next()?.ok()?);
        let fields = StatelessFields::of_reply(message).ok()?;
        let config = &self.config;
        let branch = own.branch.unwrap_or_default();
        let is_ours = || {
            config
                .identity
                .is_myself(own.host, own.port.unwrap_or(0), None)
        };
        let mut hooks = config.installed.message_hooks.iter();
        let left_here = self.edge.brancher.verify_stateless(branch, &fields);
        let goes_on = left_here || (is_ours() && hooks.any(|hook| hook.vouches(notes)));
        if !goes_on {
            return None;
        }
        let proto = Proto::parse(next.transport)?;
        let ip = next.received_addr().or(next.host_addr())?;
        let rport = next
            .rport
            .flatten()
            .filter(|_| left_here || !proto.is_reliable());
        let port = rport.or(next.port).unwrap_or(proto.default_port());
        let socket = config.identity.socket_to(proto, ip, Some(flow.socket))?;
        let way = Flow {
            proto,
            socket: socket.id,
            local: socket.addr,
            peer: SocketAddr::new(ip, port),
            connection: None,
        };
        Some((way, left_here))
    }
}

/// A forward that waited, and what was answered.
pub(crate) struct ForwardJob {
    stage: Stage,
    answer: Answer,
}

/// What a forward waits for.
enum Stage {
    /// The name servers.
    Located(Search),
    /// A message hook, once the way is known.
    Hidden(StatelessWay, Box<HeldLeaving>),
}

/// What was asked for, and the search for its address.
type Search = (Relay, Resolver);

/// The way of a request without a transaction.
struct StatelessWay {
    flow: Flow,
    tls: Option<Arc<TlsWay>>,
}

fn after_wait(stage: Stage, resume: Continuation) -> Continuation {
    Box::new(move |_, answer| {
        Outcome::Ask(Effect::Step(Box::new(ForwardJob { stage, answer })), resume)
    })
}
