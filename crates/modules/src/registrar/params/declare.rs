//! How a script sets the parameters of module registrar.

use super::{Outbound, PathMode};
use policy::{Declaration, Q};

type Decl = Declaration<super::super::Registrar>;

/// Declares every parameter.
pub(in super::super) fn declare(d: &mut Decl) {
    expires(d);
    contacts(d);
    sockets(d);
    paths(d);
    extensions(d);
}

fn expires(d: &mut Decl) {
    d.number(
        "default_expires",
        "Seconds where the REGISTER names none; default 3600.",
        0..,
        |p, n| p.default_expires_s = n,
    );
    d.number(
        "default_expires_range",
        "Percent that may be taken off default_expires at random; default 0.",
        0..=100,
        |p, n| p.default_expires_range = n,
    );
    d.number(
        "expires_range",
        "Percent that may be taken off the REGISTER's expires at random; default 0.",
        0..=100,
        |p, n| p.expires_range = n,
    );
    d.number(
        "min_expires",
        "Least seconds; 0 for no bound, default 60.",
        0..,
        |p, n| p.min_expires_s = n,
    );
    d.param(
        "min_expires_mode",
        "Below min_expires: 0 raises it (default), 1 answers 423.",
        |p, on| p.min_expires_mode = on,
    );
    d.number(
        "max_expires",
        "Most seconds; 0 for no bound (default).",
        0..,
        |p, n| p.max_expires_s = n,
    );
}

fn contacts(d: &mut Decl) {
    d.number(
        "default_q",
        "q of contacts without one, in thousandths; -1 for none (default).",
        -1..=1000,
        |p, q| p.default_q = Q(q),
    );
    d.param(
        "realm_prefix",
        "Taken off the front of the domain; default empty.",
        |p, text| p.realm_prefix = text,
    );
    d.param(
        "append_branches",
        "1 (default): lookup() makes a branch for each further contact.",
        |p, on| p.append_branches = on,
    );
    d.param(
        "case_sensitive",
        "1: case matters in user names; default 0.",
        |p, on| p.case_sensitive = on,
    );
    d.number(
        "max_contacts",
        "Most contacts of an address-of-record; 0 for no bound (default).",
        0..,
        |p, n| p.max_contacts = n,
    );
    d.number(
        "retry_after",
        "Seconds in the Retry-After of 5xx replies; 0 for none (default).",
        0..,
        |p, n| p.retry_after_s = n,
    );
    d.number(
        "contact_max_size",
        "Longest contact URI in bytes; default 512.",
        0..,
        |p, n| p.contact_max_size = n,
    );
    d.param(
        "method_filtering",
        "1: lookup() gives only contacts that allow the method; default 0.",
        |p, on| p.method_filtering = on,
    );
    d.param(
        "use_expired_contacts",
        "1: lookup() gives contacts that have expired too; default 0.",
        |p, on| p.use_expired_contacts = on,
    );
    d.param(
        "received_avp",
        "AVP with the URI the REGISTER really came from; default none.",
        |p, avp| p.received_avp = Some(avp),
    );
    d.param(
        "received_param",
        "Contact parameter of the 200 for it; empty for none, default received.",
        |p, name| p.received_param = name,
    );
    d.param(
        "contacts_at_source",
        "Ringwall only. 1: a contact with another host than the source of its REGISTER, or that came over a stream, is reached at that source, whatever the contact says of it; default 0.",
        |p, on| p.contacts_at_source = on,
    );
    d.param(
        "reject_self_contacts",
        "Ringwall only. 1: a contact that points at this server is refused with 403; default 0.",
        |p, on| p.reject_self_contacts = on,
    );
    d.param(
        "displace_contacts",
        "Ringwall only. 1: where max_contacts is reached, new contacts take the place of those refreshed the longest ago; default 0.",
        |p, on| p.displace_contacts = on,
    );
}

fn sockets(d: &mut Decl) {
    d.param(
        "sock_flag",
        "Message flag that makes save() look for sock_hdr_name; default none.",
        |p, flag| p.sock_flag = Some(flag),
    );
    d.param(
        "sock_hdr_name",
        "Header with the socket the REGISTER came in on elsewhere.",
        |p, name| p.sock_hdr_name = Some(name),
    );
    d.param(
        "sock_mode",
        "1: the advertised address is kept as the socket; default 0.",
        |p, on| p.sock_advertised = on,
    );
}

fn paths(d: &mut Decl) {
    d.param(
        "use_path",
        "1: the Path is kept (RFC 3327); default 0.",
        |p, on| p.use_path = on,
    );
    d.try_param(
        "path_mode",
        "Reply to a Path: 0 silent, 1 to those who support it, 2 (default) 420 to the others.",
        |p, n: i64| {
            p.path_mode = match n {
                0 => PathMode::Off,
                1 => PathMode::Lazy,
                2 => PathMode::Strict,
                _ => return Err(format!("expected 0 to 2, found {n}")),
            };
            Ok(())
        },
    );
    d.param(
        "path_use_received",
        "1: received of the first Path URI becomes the contact's; default 0.",
        |p, on| p.path_use_received = on,
    );
    d.param(
        "path_check_local",
        "1: lookup() leaves out a first hop that is this server; default 0.",
        |p, on| p.path_check_local = on,
    );
}

fn extensions(d: &mut Decl) {
    d.param(
        "xavp_cfg",
        "XAVP with settings for one call; default none.",
        |p, name| p.xavp_cfg = Some(name),
    );
    d.param(
        "xavp_rcd",
        "XAVP that gets the record found; default none.",
        |p, name| p.xavp_rcd = Some(name),
    );
    d.param(
        "xavp_rcd_mask",
        "What xavp_rcd leaves out: 1 ruid, 2 contact, 4 expires, 8 received, 16 path; default 0.",
        |p, n| p.xavp_rcd_mask = n,
    );
    d.param(
        "gruu_enabled",
        "1 (default): GRUUs for contacts with +sip.instance (RFC 5627).",
        |p, on| p.gruu_enabled = on,
    );
    d.try_param(
        "outbound_mode",
        "RFC 5626: 0 no (default), 1 supported, 2 required.",
        |p, n: i64| {
            p.outbound = match n {
                0 => Outbound::Off,
                1 => Outbound::Supported,
                2 => Outbound::Required,
                _ => return Err(format!("expected 0 to 2, found {n}")),
            };
            Ok(())
        },
    );
    d.param(
        "regid_mode",
        "Accepted; means nothing here because reg-id tells contacts of a device apart in any case, as in Kamailio 5.6.3.",
        |_, _: bool| {},
    );
    d.number(
        "flow_timer",
        "Seconds in the Flow-Timer of the 200, with outbound_mode 1 or 2; 0 for none (default).",
        0..,
        |p, n| p.flow_timer_s = n,
    );
    d.callback("event_callback", |_, _| {});
    d.try_param("lookup_filter_mode", "1: only contacts with a branch flag of rlf_bflags in xavp_cfg; default 0.", |p, n: i64| {
        p.filters_flags = n == 1;
        if (0..=1).contains(&n) { Ok(()) } else { Err(format!("expected 0 or 1, found {n}; contacts of lost connections go with usrloc's handle_lost_tcp")) }
    });
}
