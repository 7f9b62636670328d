//! The functions, with the routes they may be called from (as Kamailio 5.6.3 allows them).

use super::Tm;
use policy::{Context, Declaration, Routes};

/// Where a request comes in.
const INCOMING: Routes = Routes::REQUEST.or(Routes::BRANCH_FAILURE).or(Routes::EVENT);
/// Where targets can be tried.
const TRYING: Routes = INCOMING.or(Routes::FAILURE);
/// Wherever there is or will be a transaction.
const TRANSACTION: Routes = TRYING.or(Routes::REPLY).or(Routes::BRANCH);
/// Where a reply can be sent.
const REPLYING: Routes = TRYING.or(Routes::REPLIES);

pub(super) fn functions(d: &mut Declaration<Tm>) {
    relaying(d);
    replying(d);
    looking(d);
    arming(d);
    setting(d);
    asking(d);
    forking(d);
}

fn relaying(d: &mut Declaration<Tm>) {
    d.function("t_relay([host], [port])", "Relays the request to its targets, or to host and port: 1 done, 0 it was a retransmission, below 0 nothing was sent.", TRYING, Tm::relay).waits();
    d.function(
        "t_relay_to_udp([host], [port])",
        "The same over UDP.",
        TRYING,
        Tm::relay_udp,
    )
    .waits();
    d.function(
        "t_relay_to_tcp([host], [port])",
        "The same over TCP.",
        TRYING,
        Tm::relay_tcp,
    )
    .waits();
    d.function(
        "t_relay_to_tls([host], [port])",
        "The same over TLS.",
        TRYING,
        Tm::relay_tls,
    )
    .waits();
    d.function("t_relay_to([proxy], [flags])", "The same to transport:host:port; flags: 1 no 100, 2 no reply where it fails, 4 only the first address of a name.", TRYING, Tm::relay_to).waits();
    d.function(
        "t_forward_nonack(host, port)",
        "Relays a request that has its transaction to host and port.",
        INCOMING,
        Tm::forward,
    )
    .waits();
    d.function(
        "t_forward_nonack_udp(host, port)",
        "The same over UDP.",
        INCOMING,
        Tm::forward_udp,
    )
    .waits();
    d.function(
        "t_forward_nonack_tcp(host, port)",
        "The same over TCP.",
        INCOMING,
        Tm::forward_tcp,
    )
    .waits();
    d.function(
        "t_forward_nonack_tls(host, port)",
        "The same over TLS.",
        INCOMING,
        Tm::forward_tls,
    )
    .waits();
    d.function(
        "t_replicate([uri], [port])",
        "Sends a copy to a URI, or to host and port; its replies go nowhere.",
        INCOMING,
        Tm::replicate,
    )
    .waits();
    d.function(
        "t_replicate_udp(host, port)",
        "The same over UDP.",
        INCOMING,
        Tm::replicate_udp,
    )
    .waits();
    d.function(
        "t_replicate_tcp(host, port)",
        "The same over TCP.",
        INCOMING,
        Tm::replicate_tcp,
    )
    .waits();
    d.function(
        "t_replicate_tls(host, port)",
        "The same over TLS.",
        INCOMING,
        Tm::replicate_tls,
    )
    .waits();
    d.function(
        "t_replicate_to(proto, hostport)",
        "The same over the named transport.",
        INCOMING,
        Tm::replicate_to,
    )
    .waits();
    d.function(
        "t_relay_cancel()",
        "A CANCEL follows its INVITE: 0 done, which ends the script, 1 there is none.",
        INCOMING,
        Tm::relay_cancel,
    );
}

fn replying(d: &mut Declaration<Tm>) {
    d.function(
        "t_newtran()",
        "Makes the transaction: 1 done, 0 it was a retransmission, -10 there is one already.",
        INCOMING,
        Tm::newtran,
    );
    d.function(
        "t_reply(code, reason)",
        "Replies through the transaction: 1 sent, -1 there is none, or its final reply went out.",
        REPLYING,
        Tm::reply,
    )
    .replies();
    d.function(
        "t_send_reply(code, reason)",
        "The same, and makes the transaction first where there is none.",
        REPLYING,
        Tm::send_reply,
    )
    .replies();
    d.function(
        "t_retransmit_reply()",
        "Sends the last reply again.",
        INCOMING,
        Tm::retransmit_reply,
    );
    d.function(
        "t_uac_send(method, ruri, nexthop, socket, headers, body)",
        "Sends a request of our own; headers have at least From and To. 1 on its way, -1 it is none that can be sent.",
        Routes::ANY,
        Tm::uac_send,
    );
    d.function(
        "t_release()",
        "The transaction is over for the script.",
        INCOMING,
        Tm::release,
    );
}

fn looking(d: &mut Declaration<Tm>) {
    d.function(
        "t_lookup_request()",
        "1 where the request has a transaction already, else -1.",
        INCOMING,
        Tm::lookup_request,
    );
    d.function(
        "t_lookup_cancel([flags])",
        "1 where the INVITE of this CANCEL has a transaction, else -1; with 1 as argument its flags become those of the CANCEL.",
        INCOMING,
        Tm::lookup_cancel,
    );
    d.function("t_check_trans()", "Ends a retransmission and the ACK of a negative reply (0); 1 for a CANCEL, ACK or reply whose transaction is known, else -1.", INCOMING.or(Routes::REPLIES).or(Routes::BRANCH), Tm::check_trans);
    d.function(
        "t_is_retr_async_reply()",
        "1 where the transaction of this reply is suspended, else -1.",
        Routes::REPLY,
        Tm::is_suspended,
    );
}

fn arming(d: &mut Declaration<Tm>) {
    d.function("t_on_failure(route)", "The failure_route that runs when every branch has failed; an empty name or 0 takes it back.", TRANSACTION, Tm::on_failure);
    d.function(
        "t_on_branch_failure(route)",
        "The event_route[tm:branch-failure:…] that runs when a branch has failed.",
        TRANSACTION,
        Tm::on_branch_failure,
    );
    d.function(
        "t_on_reply(route)",
        "The onreply_route that sees every reply; in a branch_route, of this branch.",
        TRANSACTION,
        Tm::on_reply,
    );
    d.function(
        "t_on_branch(route)",
        "The branch_route that runs for every branch of the next relaying.",
        TRYING,
        Tm::on_branch,
    );
    d.function(
        "t_is_set(target)",
        "1 where branch_route, failure_route or onreply_route is armed, else -1.",
        Routes::ANY,
        Tm::is_set,
    );
    d.event_route("tm:branch-failure:NAME", "Armed by t_on_branch_failure().");
    d.event_route(
        "tm:local-request",
        "A request of our own is about to leave; drop keeps it back.",
    );
    d.event_route(
        "tm:local-response",
        "A reply of ours was sent through a transaction; the message is that reply.",
    );
}

fn setting(d: &mut Declaration<Tm>) {
    d.function(
        "t_set_fr(inv_ms, [ms])",
        "fr_inv_timer and fr_timer of this transaction; 0 leaves one as it is.",
        TRANSACTION,
        Tm::set_fr,
    );
    d.function(
        "t_reset_fr()",
        "Back to fr_inv_timer and fr_timer of the module.",
        TRANSACTION,
        Tm::reset_fr,
    );
    d.function(
        "t_set_max_lifetime(inv_ms, noninv_ms)",
        "The longest life of this transaction; 0 leaves one as it is.",
        TRANSACTION,
        Tm::set_max_lifetime,
    );
    d.function(
        "t_reset_max_lifetime()",
        "Back to the lifetimes of the module.",
        TRANSACTION,
        Tm::reset_max_lifetime,
    );
    d.function(
        "t_set_retr(t1_ms, t2_ms)",
        "retr_timer1 and retr_timer2 of this transaction; 0 leaves one as it is.",
        TRANSACTION,
        Tm::set_retr,
    );
    d.function(
        "t_reset_retr()",
        "Back to retr_timer1 and retr_timer2 of the module.",
        TRANSACTION,
        Tm::reset_retr,
    );
    d.function(
        "t_set_auto_inv_100(on)",
        "auto_inv_100 of this transaction.",
        INCOMING,
        Tm::set_auto_100,
    );
    d.function(
        "t_set_disable_6xx(on)",
        "disable_6xx_block of this transaction.",
        TRANSACTION,
        Tm::set_no_6xx,
    );
    d.function(
        "t_set_disable_failover(on)",
        "Only the first address of a name is tried.",
        TRANSACTION,
        Tm::set_no_failover,
    );
    d.function(
        "t_set_disable_internal_reply(on)",
        "No reply of ours where relaying fails.",
        TRANSACTION,
        Tm::set_no_internal_reply,
    );
    d.function(
        "t_set_no_e2e_cancel_reason(on)",
        "The Reason of a received CANCEL does not go on.",
        TRANSACTION,
        Tm::set_no_cancel_reason,
    );
    d.function(
        "t_use_uac_headers()",
        "Accepted; means nothing here because CANCEL and ACK are always made from what was sent.",
        Routes::ANY,
        |_: &Tm, _: &mut Context| true,
    );
    d.function(
        "t_clean()",
        "Accepted; means nothing here because transactions end by themselves.",
        Routes::ANY,
        |_: &Tm, _: &mut Context| true,
    );
}

fn asking(d: &mut Declaration<Tm>) {
    d.function("t_check_status(re)", "1 where the status in hand matches: of the reply, of the failure, else of the last reply sent.", REPLYING, Tm::check_status);
    d.function(
        "t_get_status_code()",
        "The same status as return code, -1 where there is none.",
        REPLYING.or(Routes::BRANCH),
        Tm::status_code,
    );
    d.function(
        "t_grep_status(code)",
        "1 where a branch ended with this status, else -1.",
        TRANSACTION,
        Tm::grep_status,
    );
    d.function(
        "t_branch_timeout()",
        "1 where the branch in hand timed out, else -1.",
        TRYING,
        Tm::branch_timeout,
    );
    d.function(
        "t_branch_replied()",
        "1 where the branch in hand had replied before, else -1.",
        TRYING,
        Tm::branch_replied,
    );
    d.function(
        "t_any_timeout()",
        "1 where some branch timed out, else -1.",
        TRANSACTION,
        Tm::any_timeout,
    );
    d.function(
        "t_any_replied()",
        "1 where some branch had replied before, else -1.",
        TRANSACTION,
        Tm::any_replied,
    );
    d.function(
        "t_is_canceled()",
        "1 where the caller cancelled, else -1.",
        TRANSACTION,
        Tm::is_canceled,
    );
    d.function(
        "t_is_expired()",
        "1 where the lifetime is over, else -1.",
        TRANSACTION,
        Tm::is_expired,
    );
}

fn forking(d: &mut Declaration<Tm>) {
    d.function(
        "t_drop_replies([mode])",
        "Forgets replies received so far: a or nothing all, l those of the last branches, n none.",
        Routes::FAILURE,
        Tm::drop_replies,
    );
    d.function(
        "t_save_lumps()",
        "Failure routes find the changes made so far, not those to come.",
        INCOMING,
        Tm::save_lumps,
    );
    d.function("t_load_contacts([mode])", "Puts the targets away in order of q, with mode 1 in an order drawn by q; 1 done, -1 contacts_avp is not set.", TRYING, Tm::load_contacts);
    d.function("t_next_contacts()", "Takes the next targets of equal q: 1 done, -2 there is none left, -1 contacts_avp is not set.", TRYING, Tm::next_contacts);
    d.function("t_next_contact_flow()", "Takes another flow to the device whose branch failed: 1 done, -2 there is none left, -1 contact_flows_avp is not set.", INCOMING, Tm::next_contact_flow);
}
