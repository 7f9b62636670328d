//! What scripts know of a transaction beyond relaying: variables, route kinds, suspending.

mod functions;
mod vars;

use policy::{
    Context, Declaration, Entry, Init, Module, Problem, Remains, Routes, TransactionHook,
    TransactionsLink,
};
use script::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) const ENTRY: Entry = Entry::of::<Tmx>();

struct Tmx {
    params: Params,
    transactions: TransactionsLink,
    invites: Arc<Invites>,
}

/// Whether the script reads the INVITE of a CANCEL (`$T_inv(…)`): then it is kept for that when it is answered.
#[derive(Default)]
struct Invites(AtomicBool);

impl TransactionHook for Invites {
    fn remains(&self, _: &Context) -> Remains {
        match self.0.load(Ordering::Relaxed) {
            true => Remains::Request,
            false => Remains::Names,
        }
    }
}

struct Params {
    precheck: bool,
}

impl Default for Params {
    fn default() -> Params {
        Params { precheck: true }
    }
}

/// Where a request comes in.
const INCOMING: Routes = Routes::REQUEST.or(Routes::BRANCH_FAILURE).or(Routes::EVENT);

impl Module for Tmx {
    const NAME: &'static str = "tmx";
    type Params = Params;

    fn declare(d: &mut Declaration<Tmx>) {
        d.deviation("An unknown name in $T(…) and $T_branch(…) is an error when the file is loaded; Kamailio 5.6.3 accepts some of them.");
        d.deviation("$T(id_index) has 64 bits and prints as a signed number.");
        d.deviation("$T_inv(…) reads the INVITE as it was received: changes and AVPs of its transaction are not seen.");
        d.deviation(
            "t_suspend() is -1 in a branch route; in Kamailio 5.6.3 it breaks the relaying.",
        );
        d.deviation("A reply that is suspended longer than fr_timer goes on by itself.");
        d.doc("What scripts know of a transaction: variables, kinds of routes, suspending.");
        d.param(
            "precheck_trans",
            "t_precheck_trans() looks at all, else it is always false; default yes.",
            |p, on| {
                p.precheck = on;
            },
        );
        transaction_functions(d);
        route_functions(d);
        variables(d);
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<Tmx, Problem> {
        let invites = Arc::new(Invites::default());
        init.observe_transactions(invites.clone());
        Ok(Tmx {
            params,
            transactions: init.transactions(),
            invites,
        })
    }
}

fn transaction_functions(d: &mut Declaration<Tmx>) {
    d.function(
        "t_precheck_trans()",
        "1 where the request has come before, also before its transaction was made; -1 else, and for ACK and CANCEL.",
        INCOMING,
        Tmx::precheck,
    );
    d.function(
        "t_suspend()",
        "Keeps the request, or in a reply route the reply, until t_continue() names it by $T(id_index) and $T(id_label), or fr_timer has passed. 1, -1.",
        Routes::ANY,
        Tmx::suspend,
    );
    d.function(
        "t_continue(index, label, route)",
        "A suspended request goes on with a route, as a failure route; a suspended reply as a reply route: 1 done, -1 no such transaction or route.",
        Routes::ANY,
        Tmx::go_on,
    );
    d.function(
        "t_drop([code])",
        "The transaction ends without a reply, as if it had been code (500).",
        Routes::ANY,
        Tmx::drop,
    );
    d.function(
        "t_cancel_branches(which)",
        "Cancels branches of the reply's transaction: all, others but its own, or this one. 1, -1 no such word.",
        Routes::REPLIES,
        Tmx::cancel_branches,
    );
    d.function(
        "t_cancel_callid(callid, cseq, flag, [rcode])",
        "Cancels the branches of an INVITE and sets a flag in its transaction, 0 for none; rcode is the cause of the Reason. 1 done, -1 no such INVITE.",
        Routes::ANY,
        Tmx::cancel_callid,
    );
    d.function(
        "t_reply_callid(callid, cseq, code, reason)",
        "Replies through the transaction of an INVITE: 1 done, -1 no such INVITE, or its final reply went out.",
        Routes::ANY,
        Tmx::reply_callid,
    );
    d.function(
        "t_reuse_branch()",
        "The branch that failed is the target again: URI, Path, flags, ruid and instance. 1, -1 there is none.",
        INCOMING,
        Tmx::reuse_branch,
    );
    let flags = "1 where there is a transaction, -1 not; flags are its own from the beginning, nothing is left to do.";
    d.function("t_flush_flags()", flags, Routes::ANY, Tmx::has_transaction);
    d.function("t_flush_xflags()", flags, Routes::ANY, Tmx::has_transaction);
}

fn route_functions(d: &mut Declaration<Tmx>) {
    d.function(
        "t_is_request_route()",
        "1 where a request_route led here, else -1.",
        Routes::ANY,
        |_: &Tmx, c: &mut Context| c.route.meets(Routes::REQUEST),
    );
    d.function(
        "t_is_failure_route()",
        "1 where a failure_route led here, else -1.",
        Routes::ANY,
        |_: &Tmx, c: &mut Context| c.route.meets(Routes::FAILURE),
    );
    d.function(
        "t_is_branch_route()",
        "1 where a branch_route led here, else -1.",
        Routes::ANY,
        |_: &Tmx, c: &mut Context| c.route.meets(Routes::BRANCH),
    );
    d.function(
        "t_is_reply_route()",
        "1 where a reply route led here, else -1.",
        Routes::ANY,
        |_: &Tmx, c: &mut Context| c.route.meets(Routes::REPLIES),
    );
}

fn variables(d: &mut Declaration<Tmx>) {
    d.read(
        "T_branch_idx",
        "The branch of a branch or reply route; in a failure route the number of branches; else 0.",
        |_, context| vars::branch_index(context),
    );
    d.read(
        "T_reply_code",
        "The status in hand: of the reply or the failure, else of the last reply sent, 0 for none.",
        |_, context| vars::reply_code(context),
    );
    d.read(
        "T_reply_reason",
        "The reason phrase of the reply or the failure, else empty.",
        |_, context| vars::reply_reason(context),
    );
    d.read(
        "T_reply_last",
        "In reply routes the status last received, else empty.",
        |_, context| vars::reply_last(context),
    );
    d.read(
        "T_reply_ruid",
        "The record id of the contact whose branch is in hand, else empty.",
        |_, context| vars::reply_ruid(context),
    );
    d.variable("T(name)", "id_index, id_label, branch_index, reply_code, reply_reason, reply_last, reply_type (1 made here) or method.", false, vars::prepare_part);
    d.variable(
        "T_branch(name)",
        "uri or flags of the branch of a reply; null elsewhere.",
        false,
        vars::prepare_branch,
    );
    d.variable(
        "T_req(pv)",
        "A variable as it is for the request, in reply routes too; null without a transaction.",
        false,
        vars::prepare_request,
    );
    d.variable(
        "T_inv(pv)",
        "In the route of a CANCEL, a variable as it is for its INVITE as received; null elsewhere, and while the INVITE's route runs.",
        false,
        vars::prepare_invite,
    );
    d.variable(
        "T_rpl(pv)",
        "A variable as it is for the reply that a failure route was called for; null elsewhere.",
        false,
        vars::prepare_reply,
    );
}

/// An empty text, which Kamailio prints where a variable means nothing in a route.
const EMPTY: Value = Value::text("");

#[cfg(test)]
mod tests;
