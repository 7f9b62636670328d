//! Contacts are asked whether they are there (`ka_mode`): a SIP request to each, whenever the timer
//! visits its slot. Who does not answer for `ka_timeout` is removed as if it had expired.

use super::keeper::Keeper;
use super::table::Table;
use bytes::Bytes;
use policy::{
    Binding, Context, Declaration, Init, LateText, Level, LocalRequest, Logger, Outbox, Proto, Task,
};
use sip::Uri;
use std::io::Write;
use std::sync::Arc;

/// Flags of `ka_mode`.
const NATTED: i64 = 2;
const UDP: i64 = 4;

/// CSeq number of the requests, as in Kamailio.
const CSEQ: u32 = 80;

/// The `ka_…` parameters as the script sets them.
pub(super) struct Params {
    mode: i64,
    method: Bytes,
    from: Bytes,
    domain: Bytes,
    own_only: bool,
    timeout_s: u64,
    level: Option<Level>,
    message: Bytes,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            mode: 0,
            method: Bytes::from_static(b"OPTIONS"),
            from: Bytes::from_static(b"sip:server@kamailio.org"),
            domain: Bytes::from_static(b"kamailio.org"),
            own_only: false,
            timeout_s: 0,
            level: None,
            message: Bytes::from_static(b" to-uri: [$tu] remote-addr: [$sas]"),
        }
    }
}

/// Declares them.
pub(super) fn declare(d: &mut Declaration<super::Usrloc>) {
    sending(d);
    answers(d);
    d.param(
        "ka_flag",
        "Accepted; means nothing here, and is unknown to Kamailio 5.6.3.",
        |_, _: policy::ParamValue| {},
    );
}

fn sending(d: &mut Declaration<super::Usrloc>) {
    d.number(
        "ka_mode",
        "Keepalive requests to contacts: 0 none (default), 1 all, 2 those behind NAT, 4 those over UDP.",
        0..=7,
        |p, mode| p.keepalive.mode = mode,
    );
    d.try_param(
        "ka_method",
        "Method of keepalive requests; default OPTIONS.",
        |p, method: Bytes| {
            let fits = matches!(sip::Method::parse(&method), method if method != sip::Method::Invite
                && method != sip::Method::Ack && method != sip::Method::Cancel);
            if !fits || !method.iter().all(u8::is_ascii_alphanumeric) || method.is_empty() {
                return Err("expected a method other than INVITE, ACK and CANCEL".to_owned());
            }
            p.keepalive.method = method;
            Ok(())
        },
    );
    d.try_param(
        "ka_from",
        "URI in From of keepalive requests; default sip:server@kamailio.org.",
        |p, uri: Bytes| {
            Uri::parse(&uri).map_err(|problem| problem.to_string())?;
            p.keepalive.from = uri;
            Ok(())
        },
    );
    d.try_param(
        "ka_domain",
        "Domain in To of keepalive requests where use_domain is 0; default kamailio.org.",
        |p, domain: Bytes| {
            let uri = [b"sip:x@", domain.as_ref()].concat();
            Uri::parse(&uri).map_err(|problem| problem.to_string())?;
            p.keepalive.domain = domain;
            Ok(())
        },
    );
    d.number(
        "ka_filter",
        "1: keepalive requests only to contacts of this server_id; default 0.",
        0..=1,
        |p, filter: u8| p.keepalive.own_only = filter == 1,
    );
}

fn answers(d: &mut Declaration<super::Usrloc>) {
    d.number(
        "ka_timeout",
        "Seconds without an answer after which a contact is removed; default 0, never.",
        0..,
        |p, n: u32| p.keepalive.timeout_s = n.into(),
    );
    d.param(
        "ka_loglevel",
        "Level of the line for each answer, -5 to 3; default 255, none.",
        |p, n: i64| {
            let level = i32::try_from(n).ok().filter(|n| *n < 255);
            p.keepalive.level = level.map(Level::from_number);
        },
    );
    d.param(
        "ka_logmsg",
        "What the line goes on with; default \" to-uri: [$tu] remote-addr: [$sas]\".",
        |p, text: Bytes| p.keepalive.message = text,
    );
}

/// Sends keepalive requests and judges silence.
pub(super) struct Keepalive {
    mode: i64,
    nat_mask: u32,
    server_id: Option<i64>,
    timeout_s: u64,
    use_domain: bool,
    method: Bytes,
    from: Bytes,
    domain: Bytes,
    report: Option<Report>,
    outbox: Outbox,
}

/// The log line for each answer.
#[derive(Clone)]
struct Report {
    level: Level,
    rest: LateText,
    logger: Logger,
}

impl Keepalive {
    /// As the parameters say; none where nobody is asked.
    pub(super) fn new(
        own: &Params,
        all: &super::params::Params,
        init: &mut Init<'_>,
    ) -> Option<Keepalive> {
        // With the database alone no contact is in memory to be asked.
        if own.mode == 0 || all.db_mode == super::params::DbMode::DatabaseOnly {
            return None;
        }
        let report = own.level.map(|level| Report {
            level,
            rest: init.late_text("ka_logmsg", own.message.clone()),
            logger: init.logger.clone(),
        });
        Some(Keepalive {
            mode: own.mode,
            nat_mask: all.rules.nat_mask,
            server_id: own.own_only.then_some(init.core.server_id),
            timeout_s: own.timeout_s,
            use_domain: all.rules.use_domain,
            method: own.method.clone(),
            from: [b"<", own.from.as_ref(), b">"].concat().into(),
            domain: own.domain.clone(),
            report,
            outbox: init.outbox(),
        })
    }

    /// Sends a request to each contact of a slot that is to be asked.
    pub(super) fn ask(&self, keeper: &Keeper, table: &Table, index: usize, now_ms: u64) {
        let wanted = |binding: &Arc<Binding>| self.concerns(binding);
        for (aor, bindings) in table.records_where(index, |_, list| list.iter().any(wanted)) {
            for binding in bindings.iter().filter(|binding| wanted(binding)) {
                if binding.ask(now_ms / 1000) && !self.send(&aor, binding, now_ms) {
                    binding.asked();
                    let problem = "too much is waiting to be sent: keepalive requests are left out";
                    return keeper.log(Level::Warn, problem.to_owned());
                }
            }
        }
    }

    /// True where a contact has been silent for too long.
    pub(super) fn has_lost(&self, binding: &Binding, now_s: u64) -> bool {
        self.timeout_s > 0 && binding.silence_s(now_s) > self.timeout_s && self.concerns(binding)
    }

    /// True where this contact is asked at all.
    fn concerns(&self, binding: &Binding) -> bool {
        let is_natted = || binding.branch_flags() & self.nat_mask != 0;
        let own = self
            .server_id
            .is_none_or(|id| id == i64::from(binding.server_id()));
        own && (self.mode & NATTED == 0 || is_natted())
            && (self.mode & UDP == 0 || transport(binding) == Proto::Udp)
    }

    fn send(&self, aor: &[u8], binding: &Arc<Binding>, sent_ms: u64) -> bool {
        let target = binding.destination();
        let route = target.path.iter().flat_map(|path| {
            let line: [&[u8]; 3] = [b"Route: ", path, b"\r\n"];
            line.concat()
        });
        let (heard, over, report) = (binding.clone(), binding.clone(), self.report.clone());
        self.outbox.post(Task::Request(Box::new(LocalRequest {
            method: self.method.clone(),
            uri: target.uri,
            next_hop: target.dst_uri,
            contact: Some(binding.clone()),
            from: self.from.clone(),
            to: self.to(aor),
            cseq: Some(CSEQ),
            lines: route.collect(),
            on_reply: Some(Box::new(move |context| {
                hear(context, &heard, sent_ms, report)
            })),
            on_end: Some(Box::new(move |_, _, _| over.asked())),
            ..LocalRequest::default()
        })))
    }

    /// The address-of-record as To; what may not stand in a user part is escaped.
    fn to(&self, aor: &[u8]) -> Bytes {
        let at = aor.iter().rposition(|byte| *byte == b'@');
        let (user, domain) = match at.filter(|_| self.use_domain) {
            Some(at) => (&aor[..at], &aor[at + 1..]),
            None => (aor, self.domain.as_ref()),
        };
        let mut out = b"<sip:".to_vec();
        for byte in user {
            if byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/%".contains(byte) {
                out.push(*byte);
            } else {
                // Writing to a Vec cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
        out.push(b'@');
        out.extend_from_slice(domain);
        out.push(b'>');
        out.into()
    }
}

/// An answer, whatever it says, shows that the contact is there.
fn hear(context: &mut Context, binding: &Binding, sent_ms: u64, report: Option<Report>) {
    let roundtrip_us = context.now.unix_ms.saturating_sub(sent_ms) * 1000;
    binding.answered(context.now.unix_s(), roundtrip_us);
    let Some(report) = report else { return };
    let rest = report.rest.get(context);
    report.logger.log_all(report.level, "usrloc", || {
        let (whole, part) = (roundtrip_us / 1_000_000, roundtrip_us % 1_000_000);
        let ruid = String::from_utf8_lossy(binding.ruid());
        let rest = String::from_utf8_lossy(&rest);
        format!("keepalive roundtrip: {whole}.{part:06} sec - ruid [{ruid}]{rest}")
    });
}

/// The transport a contact is reached over: that of where it came from, else that of its URI.
fn transport(binding: &Binding) -> Proto {
    let uri = binding.received().unwrap_or_else(|| binding.contact());
    let named = Uri::parse(uri).ok().and_then(|uri| {
        uri.param(b"transport")
            .and_then(|param| param.value)
            .and_then(Proto::parse)
    });
    named.unwrap_or(Proto::Udp)
}

#[cfg(test)]
mod tests {
    use super::super::testing::binding;
    use super::*;
    use policy::Registration;

    fn keepalive(mode: i64) -> Keepalive {
        Keepalive {
            mode,
            nat_mask: 2,
            server_id: None,
            timeout_s: 30,
            use_domain: false,
            method: Bytes::from_static(b"OPTIONS"),
            from: Bytes::from_static(b"<sip:edge@example.test>"),
            domain: Bytes::from_static(b"users.test"),
            report: None,
            outbox: Outbox::default(),
        }
    }

    fn with(contact: &[u8], received: &[u8], branch_flags: u32) -> Binding {
        Binding::new(Registration {
            contact,
            received,
            branch_flags,
            ..Registration::default()
        })
    }

    #[test]
    fn the_mode_says_whom_it_concerns() {
        let plain = with(b"sip:a@192.0.2.1", b"", 0);
        let natted = with(b"sip:a@192.0.2.1", b"", 2);
        let tcp = with(b"sip:a@192.0.2.1;transport=tcp", b"", 2);
        let behind = with(b"sip:a@192.0.2.1", b"sip:192.0.2.2;transport=TLS", 2);
        let contacts = [&plain, &natted, &tcp, &behind];
        for (mode, wanted) in [
            (1, [true, true, true, true]),
            (2, [false, true, true, true]),
            (4, [true, true, false, false]),
            (6, [false, true, false, false]),
        ] {
            assert_eq!(
                contacts.map(|c| keepalive(mode).concerns(c)),
                wanted,
                "{mode}"
            );
        }
    }

    #[test]
    fn only_a_contact_that_is_asked_can_be_lost() {
        let binding = with(b"sip:a@192.0.2.1", b"", 0);
        assert!(!keepalive(1).has_lost(&binding, 1_000_000));
        binding.ask(1000);
        assert!(!keepalive(1).has_lost(&binding, 1030));
        assert!(keepalive(1).has_lost(&binding, 1031));
        assert!(!keepalive(2).has_lost(&binding, 1031));
    }

    #[test]
    fn an_address_of_record_is_a_uri_whatever_is_in_it() {
        let to = |aor: &[u8], use_domain| {
            let keepalive = Keepalive {
                use_domain,
                ..keepalive(1)
            };
            keepalive.to(aor)
        };
        assert_eq!(to(b"alice", false), "<sip:alice@users.test>");
        assert_eq!(to(b"alice@b.test", true), "<sip:alice@b.test>");
        assert_eq!(
            to(b"a>\r\n b@c", false),
            "<sip:a%3E%0D%0A%20b%40c@users.test>"
        );
    }

    #[test]
    fn a_contact_has_one_request_at_a_time() {
        let keepalive = keepalive(1);
        let contact = binding("sip:a@192.0.2.1", 0, "uloc-1");
        assert!(contact.ask(1) && keepalive.send(b"alice", &contact, 1000));
        assert!(!contact.ask(2));
        let Some(Task::Request(mut request)) = keepalive.outbox.take() else {
            panic!("no request");
        };
        if let Some(on_end) = request.on_end.take() {
            on_end(408, b"", None);
        }
        assert!(contact.ask(3));
    }
}
