//! Replies of our own, with and without a transaction.

use crate::hooked::Rendered;
use crate::tx::Made;
use crate::{Output, Transmit, Worker};
use bytes::Bytes;
use policy::{Context, Level, ReplyHow};
use script::RouteId;
use sip::{Message, Method, Violation};
use std::sync::Arc;

impl Worker {
    /// A reply that a script function asked for. Answers the function's return code.
    pub(crate) fn reply_to(&mut self, context: &mut Context, wish: policy::Reply) -> i32 {
        if context
            .request()
            .is_none_or(|request| request.method() == Method::Ack)
        {
            return -1;
        }
        match wish.how {
            _ if context.switches.reply_held => {
                self.reply_statefully(context, wish.code, wish.reason)
            }
            ReplyHow::Stateless => self.reply_statelessly(context, wish.code, wish.reason),
            ReplyHow::Auto if context.transaction().is_none() => {
                self.reply_statelessly(context, wish.code, wish.reason)
            }
            _ => self.reply_statefully(context, wish.code, wish.reason),
        }
    }

    /// `t_reply()`.
    fn reply_statefully(&mut self, context: &mut Context, code: u16, reason: Bytes) -> i32 {
        if let Some(mut home) = context.home.take() {
            home.reply_lines.append(&mut context.reply_lines);
            let done = self.reply_statefully(&mut home, code, reason);
            context.home = Some(home);
            return done;
        }
        match self.make_transaction(context) {
            Made::Yes => {}
            Made::Again => return 0,
            Made::No => return -1,
        }
        if context
            .transaction()
            .is_none_or(|transaction| transaction.is_final())
        {
            return -1;
        }
        if self.final_of_ours(context, code, reason) {
            1
        } else {
            -1
        }
    }

    /// Sends a reply of our own through the transaction, and cancels what is still under way; false
    /// where no reply could be made.
    pub(crate) fn final_of_ours(
        &mut self,
        context: &mut Context,
        code: u16,
        reason: Bytes,
    ) -> bool {
        let transaction = context.transaction.as_deref();
        if transaction.is_some_and(policy::Transaction::is_local) {
            self.local_ended(context, code, &reason, None);
            return true;
        }
        let Some(reply) = self.render_reply(context, code, reason.clone()) else {
            return false;
        };
        if code >= 200 {
            self.tell_replied(context, code, &reason, None);
            self.cancel_pending(context);
            if let Some(transaction) = context.transaction.as_deref_mut() {
                transaction.fork.mark_answered();
                (transaction.suspended, transaction.suspended_until) = (false, None);
                // What is answered is there for retransmissions, also where relaying had failed.
                transaction.is_over = false;
            }
        }
        self.reply_through(context, code, reply, true);
        true
    }

    fn reply_statelessly(&mut self, context: &mut Context, code: u16, reason: Bytes) -> i32 {
        let owner = context.home.take();
        let done = match owner {
            Some(mut home) => {
                let done = self.send_stateless(&mut home, code, reason);
                context.home = Some(home);
                done
            }
            None => self.send_stateless(context, code, reason),
        };
        if done { 1 } else { -1 }
    }

    fn send_stateless(&mut self, context: &mut Context, code: u16, reason: Bytes) -> bool {
        let route = context.config.entry.stateless_response;
        let sent = self.send_beside(context, (code, reason), route);
        tell_stateless(context, code, sent);
        sent
    }

    /// The 200 of a CANCEL that found its INVITE; it counts as a reply of a transaction.
    pub(crate) fn answer_cancel(&mut self, context: &mut Context, reason: Bytes) {
        let route = context.config.entry.local_response;
        if self.send_beside(context, (200, reason), route) {
            self.edge.counts.generated_replies.inc();
        }
    }

    fn send_beside(
        &mut self,
        context: &mut Context,
        (code, reason): (u16, Bytes),
        route: Option<RouteId>,
    ) -> bool {
        let Some(reply) = self.render_reply(context, code, reason) else {
            return false;
        };
        let flow = self.way_back(context);
        let seen = route.map(|_| reply.bytes().clone());
        let (no_connect, close) = (
            context.switches.reply_no_connect,
            context.switches.reply_close,
        );
        context.answered |= code >= 200;
        if let Some(bytes) = self.hide(flow, reply, Some(context)) {
            self.put(Output::Transmit(Transmit {
                flow,
                bytes,
                no_connect,
                close,
                tls: None,
            }));
        }
        if let Some(bytes) = seen {
            self.see_response(context, route, bytes);
        }
        true
    }

    /// Runs `event_route[tm:local-response]` or `event_route[sl:local-response]` on a reply of ours that
    /// was sent; it cannot wait.
    pub(crate) fn see_response(&mut self, context: &Context, route: Option<RouteId>, bytes: Bytes) {
        let reply = crate::outbound::reparse(bytes, &self.edge.limits.sip);
        let (Some(route), Some(reply)) = (route, reply) else {
            return;
        };
        let mut seen = self.arrive(context.flow, Arc::new(reply), policy::Routes::EVENT);
        self.run_now(&mut seen, route);
    }

    /// The ACK of a reply that was sent without a transaction ends here.
    pub(crate) fn filter_ack(&mut self, flow: policy::Flow, ack: Arc<Message>) {
        let config = self.config.clone();
        for hook in &config.installed.transaction_hooks {
            hook.ack_filtered();
        }
        if let Some(route) = config.entry.filtered_ack {
            let mut context = self.arrive(flow, ack, policy::Routes::EVENT);
            self.run_now(&mut context, route);
        }
    }

    /// Answers what RFC 3261 forbids, where a reply can be built and is allowed.
    pub(crate) fn refuse(
        &mut self,
        flow: policy::Flow,
        message: Arc<Message>,
        violation: &Violation,
    ) {
        self.refuse_with(flow, message, |_| (violation.status, violation.reason));
    }

    /// The same, with what `say` puts into the context of the reply, and the status that it gives.
    pub(crate) fn refuse_with(
        &mut self,
        flow: policy::Flow,
        message: Arc<Message>,
        say: impl FnOnce(&mut Context) -> (u16, &'static str),
    ) {
        self.edge.counts.failed_requests.inc();
        if message.method() == Method::Ack {
            return;
        }
        let mut context = self.arrive(flow, message, policy::Routes::REQUEST);
        let (status, reason) = say(&mut context);
        self.send_stateless(&mut context, status, Bytes::from_static(reason.as_bytes()));
    }

    /// A reply of ours as bytes, with what the script wants in it. Where none can be made of that, the log
    /// says why.
    pub(crate) fn render_reply(
        &mut self,
        context: &mut Context,
        code: u16,
        reason: Bytes,
    ) -> Option<Rendered> {
        match self.built_reply(context, code, reason) {
            Ok(bytes) => {
                let is_bare = context.reply_lines.is_empty();
                // A final reply takes the lines with it; a provisional one leaves them for the final one.
                if code >= 200 {
                    context.reply_lines.clear();
                }
                Some(Rendered::reply(context, bytes, is_bare))
            }
            Err(problem) => {
                self.edge.counts.failed_replies.inc();
                context.log(Level::Err, "core", || {
                    format!("a {code} reply is not sent: {problem}")
                });
                None
            }
        }
    }

    fn built_reply(
        &self,
        context: &mut Context,
        code: u16,
        reason: Bytes,
    ) -> Result<Bytes, &'static str> {
        let message = context.message.clone();
        if !message.has(sip::HeaderId::Via) {
            return Err("the request has no Via");
        }
        let reply = sip::build::Reply::new(&message, code, reason);
        let mut reply = reply.map_err(|_| "its reason phrase has a line break in it")?;
        // One that cannot be read goes back as it came, to where it came from.
        if let Some(back) = self.return_of(context) {
            reply = reply.note_source(back.received, back.rport);
        }
        if code > 100 {
            let tagged = reply.to_tag(self.tag_for(context));
            reply = tagged.map_err(|_| "its To tag is no token")?;
        }
        let broken = |_| "a header line for it is no \"name: value\"";
        reply = reply.lines(&context.reply_lines).map_err(broken)?;
        let core = context.core();
        if core.server_signature && !core.server_header.is_empty() {
            reply = reply.lines(&core.server_header).map_err(broken)?;
        }
        if core.sip_warning {
            reply = reply.last_lines(warning(context)).map_err(broken)?;
        }
        if let Some((body, content_type)) = context.reply_body.as_deref().cloned() {
            let filled = reply.body(content_type, body);
            reply = filled.map_err(|_| "the type of its body has a line break in it")?;
        }
        Ok(reply.to_bytes())
    }

    /// The To tag of our replies to the request in hand, made when the first of them wants it: most requests are
    /// answered by others. Its transaction keeps it.
    fn tag_for(&self, context: &mut Context) -> Bytes {
        let known = context.transaction().and_then(|own| own.local_tag.clone());
        known.unwrap_or_else(|| {
            let tag = self.tag_of(context.request().unwrap_or(&context.message), TagFor::Reply);
            if let Some(transaction) = context.transaction_mut() {
                transaction.local_tag = Some(tag.clone());
            }
            tag
        })
    }

    /// The To tag of our replies to a request, by what it is for: the same for each of its retransmissions, and
    /// recognised in the ACK.
    pub(crate) fn tag_of(&self, message: &Message, purpose: TagFor) -> Bytes {
        Bytes::copy_from_slice(&self.tag_octets(message, purpose))
    }

    fn tag_octets(&self, message: &Message, purpose: TagFor) -> [u8; TAG_LENGTH] {
        let branch = message.top_branch().ok().flatten().unwrap_or_default();
        let keys = &self.edge.tag_keys;
        let (call, rest) = (
            message.call_id().unwrap_or_default(),
            message.from_tag().unwrap_or_default(),
        );
        let (high, low) = (
            keys.hash_one((call, rest)),
            keys.hash_one((branch, call, purpose as u8)),
        );
        let mut tag = [0; TAG_LENGTH];
        let (first, second) = tag.split_at_mut(16);
        write_hex(first, high);
        write_hex(second, low);
        tag
    }

    /// True for the ACK of a negative reply that was sent without a transaction: it ends here.
    pub(crate) fn is_ack_of_ours(&self, message: &Message) -> bool {
        self.has_tag_of(message, TagFor::Reply) && {
            let key = self.key_of(message);
            let known = key.and_then(|key| self.edge.table.find(&key, stack::table::Lookup::Same));
            known.is_none()
        }
    }

    /// True where the To tag of a request is what we gave it for this purpose.
    pub(crate) fn has_tag_of(&self, message: &Message, purpose: TagFor) -> bool {
        let tag = message.to_tag().unwrap_or_default();
        tag.len() == TAG_LENGTH && tag == self.tag_octets(message, purpose)
    }
}

/// What a To tag of ours is for.
#[derive(Clone, Copy)]
pub(crate) enum TagFor {
    /// A reply that the script or a violation brought.
    Reply = 1,
    /// The refusal of a request beyond capacity.
    Refusal = 2,
}

fn tell_stateless(context: &Context, code: u16, sent: bool) {
    for hook in &context.config.installed.transaction_hooks {
        hook.replied_statelessly(code, sent);
    }
}

/// Octets of our tags, which have no other mark: nobody shall know this server by them.
const TAG_LENGTH: usize = 24;

/// Writes the low digits of a number over all of `out`.
fn write_hex(out: &mut [u8], mut number: u64) {
    for place in out.iter_mut().rev() {
        *place = b"0123456789abcdef"[(number & 15) as usize];
        number >>= 4;
    }
}

/// The Warning header of `sip_warning=1`, in Kamailio's form.
fn warning(context: &Context) -> String {
    let (local, peer) = (context.flow.local, context.flow.peer);
    let in_uri = String::from_utf8_lossy(context.message.request_uri());
    // What the script made of the Request-URI is no URI yet.
    let out_uri = context.target.uri.escape_ascii();
    format!(
        "Warning: 392 {local} \"Noisy feedback tells:  pid={} req_src_ip={} req_src_port={} in_uri={in_uri} \
         out_uri={out_uri} via_cnt=={}\"\r\n",
        1,
        peer.ip(),
        peer.port(),
        context.message.vias().count()
    )
}
