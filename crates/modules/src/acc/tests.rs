//! Log lines and rows as Kamailio 5.6.3 was seen to write them.

use crate::testing::{Bench, UNIX_MS};
use policy::{AvpName, Context, Replied};
use script::Value;
use std::sync::Arc;
use store::{Cell, Memory, Operation, Rows, Select, Store, name, schema};

/// `$out(x)` stands for any variable: the bench has no others.
const HEAD: &str = "loadmodule \"acc.so\"
modparam(\"acc\", \"log_flag\", 1)
modparam(\"acc\", \"log_missed_flag\", 2)
modparam(\"acc\", \"failed_transaction_flag\", 3)
";

const ALL_FLAGS: u32 = 0b1110;

fn message(start: &str, headers: &str) -> String {
    let method = start.split(' ').next().unwrap_or_default();
    format!(
        "{start} SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\nFrom: <sip:alice@a.test>;tag=ft\nCall-ID: c1\nCSeq: 1 {method}\n{headers}Content-Length: 0\n\n"
    )
}

fn invite() -> String {
    message("INVITE sip:bob@b.test", "To: <sip:bob@b.test>\n")
}

fn reply(code: u16, reason: &str) -> sip::Message {
    reply_with(code, reason, "Content-Length: 0\r\n\r\n")
}

fn reply_with(code: u16, reason: &str, rest: &str) -> sip::Message {
    let text = format!(
        "SIP/2.0 {code} {reason}\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:alice@a.test>;tag=ft\r\nTo: <sip:bob@b.test>;tag=uas\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\n{rest}"
    );
    sip::Message::parse(text.into(), &sip::Limits::default()).expect("a reply")
}

/// What the module's hook writes.
struct Watch {
    bench: Bench,
    context: Context,
}

impl Watch {
    fn new(params: &str, message: &str) -> Watch {
        Watch::with(
            params,
            message,
            Arc::new(Memory::new(store::Limits::default())),
        )
    }

    fn with(params: &str, message: &str, store: Arc<dyn Store>) -> Watch {
        let bench = Bench::with_store(&format!("{HEAD}{params}\nrequest_route {{ exit; }}"), store);
        let mut context = bench.context(message);
        context.flags = ALL_FLAGS;
        Watch { bench, context }
    }

    fn tell(&mut self, what: impl Fn(&dyn policy::TransactionHook, &mut Context)) {
        let config = self.context.config.clone();
        for hook in &config.installed.transaction_hooks {
            what(hook.as_ref(), &mut self.context);
        }
    }

    fn replied(&mut self, code: u16, reason: &str) -> Vec<String> {
        let reply = reply(code, reason);
        let outcome = Replied {
            code,
            reason: reason.as_bytes(),
            reply: Some(&reply),
        };
        self.tell(|hook, context| hook.replied(context, &outcome));
        self.lines()
    }

    fn failed(&mut self, code: u16, reason: &str) -> Vec<String> {
        let reply = reply(code, reason);
        let outcome = Replied {
            code,
            reason: reason.as_bytes(),
            reply: Some(&reply),
        };
        self.tell(|hook, context| hook.failed(context, &outcome));
        self.lines()
    }

    /// The lines since the last call.
    fn lines(&mut self) -> Vec<String> {
        self.bench
            .run(&message("OPTIONS sip:x", "To: <sip:x>\n"))
            .log
    }
}

fn line(words: &str, method: &str, code: u16, reason: &str, more: &str) -> String {
    let timestamp = UNIX_MS / 1000;
    format!(
        "NOTICE acc: ACC: {words}: timestamp={timestamp};method={method};from_tag=ft;to_tag=uas;call_id=c1;code={code};reason={reason}{more}"
    )
}

#[test]
fn an_answered_call_is_a_line() {
    let extra = "modparam(\"acc\", \"log_extra\", \"src_user=$out(a);b=$out(b)\")";
    let mut watch = Watch::new(extra, &invite());
    let expected = line("transaction answered", "INVITE", 200, "OK", ";src_user=;b=");
    assert_eq!(watch.replied(200, "OK"), [expected]);
    watch.context.flags = 0;
    assert!(watch.replied(200, "OK").is_empty());
}

#[test]
fn a_missed_call_is_one_line_and_its_failure_another() {
    let missed = line("call missed", "INVITE", 486, "Busy Here", "");
    let failed = line("transaction answered", "INVITE", 486, "Busy Here", "");
    let mut watch = Watch::new("", &invite());
    assert_eq!(
        watch.replied(486, "Busy Here"),
        [missed.clone(), failed.clone()]
    );
    // The flag is taken back, so that nothing is told twice.
    assert_eq!(watch.replied(486, "Busy Here"), [failed]);
    let mut watch = Watch::new("", &invite());
    watch.context.flags = 0b0110;
    assert_eq!(watch.replied(486, "Busy Here"), [missed]);
}

#[test]
fn a_serial_fork_tells_each_attempt() {
    let mut watch = Watch::new("", &invite());
    assert_eq!(
        watch.failed(486, "Busy Here"),
        [line("call missed", "INVITE", 486, "Busy Here", "")]
    );
    watch.context.flags |= 0b100;
    assert_eq!(
        watch.failed(603, "Decline"),
        [line("call missed", "INVITE", 603, "Decline", "")]
    );
    assert_eq!(
        watch.replied(603, "Decline"),
        [line("transaction answered", "INVITE", 603, "Decline", "")]
    );
}

#[test]
fn filters_and_other_methods() {
    let mut watch = Watch::new(
        "modparam(\"acc\", \"failed_filter\", \"404,407\")",
        &invite(),
    );
    watch.context.flags = 0b1010;
    assert!(watch.replied(404, "Not Found").is_empty());
    assert_eq!(watch.replied(500, "Err").len(), 1);
    let options = message("OPTIONS sip:bob@b.test", "To: <sip:bob@b.test>\n");
    let mut watch = Watch::new("", &options);
    assert_eq!(
        watch.replied(500, "Err"),
        [line("transaction answered", "OPTIONS", 500, "Err", "")]
    );
    let cancel = message("CANCEL sip:bob@b.test", "To: <sip:bob@b.test>\n");
    assert!(Watch::new("", &cancel).replied(200, "OK").is_empty());
    let mut watch = Watch::new("modparam(\"acc\", \"report_cancels\", 1)", &cancel);
    assert_eq!(watch.replied(200, "OK").len(), 1);
}

#[test]
fn early_media_and_the_reason_header() {
    let with_body = reply_with(
        183,
        "Progress",
        "Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n",
    );
    let tell = |watch: &mut Watch, reply: &sip::Message| {
        let outcome = Replied {
            code: 183,
            reason: b"Progress",
            reply: Some(reply),
        };
        watch.tell(|hook, context| hook.progressed(context, &outcome));
        watch.lines()
    };
    let on = "modparam(\"acc\", \"early_media\", 1)";
    let expected = line("transaction answered", "INVITE", 183, "Progress", "");
    assert_eq!(tell(&mut Watch::new(on, &invite()), &with_body), [expected]);
    assert!(tell(&mut Watch::new("", &invite()), &with_body).is_empty());
    assert!(tell(&mut Watch::new(on, &invite()), &reply(180, "Ringing")).is_empty());
    let mut watch = Watch::new("modparam(\"acc\", \"reason_from_hf\", 1)", &invite());
    let busy = reply_with(
        486,
        "Busy",
        "Reason: SIP;cause=486\r\nContent-Length: 0\r\n\r\n",
    );
    let outcome = Replied {
        code: 486,
        reason: b"Busy",
        reply: Some(&busy),
    };
    watch.tell(|hook, context| hook.failed(context, &outcome));
    assert_eq!(
        watch.lines(),
        [line("call missed", "INVITE", 486, "SIP;cause=486", "")]
    );
}

#[test]
fn an_ack_is_accounted_as_its_own_request() {
    let ack = message("ACK sip:bob@b.test", "To: <sip:bob@b.test>;tag=uas\n");
    for (params, count) in [("modparam(\"acc\", \"report_ack\", 1)", 1), ("", 0)] {
        let mut watch = Watch::new(params, &invite());
        let ack = watch.bench.context(&ack).message;
        watch.tell(|hook, context| hook.acknowledged(context, &ack));
        let lines = watch.lines();
        assert_eq!(lines.len(), count);
        let expected = "ACC: request acknowledged: timestamp=1795246834;method=ACK;from_tag=ft;to_tag=uas;call_id=c1;code=";
        assert!(
            lines.iter().all(|line| line.contains(expected)),
            "{lines:?}"
        );
        assert!(watch.context.message.method() == sip::Method::Invite);
    }
}

#[test]
fn legs_follow_the_extra_attributes() {
    let legs = "modparam(\"acc\", \"multi_leg_info\", \"l1=$avp(la);l2=$avp(lb)\")";
    let mut watch = Watch::new(legs, &invite());
    for (avp, value) in [("la", "a1"), ("lb", "b1"), ("la", "a2"), ("lb", "b2")] {
        let name = AvpName::Text(avp.into());
        watch.context.vars.avps.add(name, Value::Str(value.into()));
    }
    let expected = line(
        "transaction answered",
        "INVITE",
        200,
        "OK",
        ";l1=a2;l2=b2;l1=a1;l2=b1",
    );
    assert_eq!(watch.replied(200, "OK"), [expected]);
}

#[test]
fn the_direction_of_a_dialog_is_kept() {
    let bye = message("BYE sip:alice@a.test", "To: <sip:bob@b.test>;tag=uas\n");
    let mut watch = Watch::new("modparam(\"acc\", \"detect_direction\", 1)", &bye);
    let config = watch.context.config.clone();
    let see = config.installed.own_route.first().expect("a watcher");
    see(&mut watch.context, b";lr;ftag=uas");
    let lines = watch.replied(200, "OK");
    assert!(lines[0].contains("from_tag=uas;to_tag=ft;"), "{lines:?}");
    see(&mut watch.context, b";lr;ftag=ft");
    assert!(watch.replied(200, "OK")[0].contains("from_tag=ft;to_tag=uas;"));
}

#[test]
fn time_attributes_have_their_forms() {
    for (mode, more) in [
        (1, ";us=0;"),
        (2, ";at=1795246834.000;"),
        (3, ";at=2026-11-21 07:40:34;"),
        (4, ";at=2026-11-21 07:40:34;"),
    ] {
        let params = format!(
            "modparam(\"acc\", \"time_mode\", {mode})\nmodparam(\"acc\", \"time_attr\", \"at\")\nmodparam(\"acc\", \"time_exten\", \"us\")"
        );
        let lines = Watch::new(&params, &invite()).replied(200, "OK");
        let expected = format!("timestamp=1795246834{more}method=");
        assert!(lines[0].contains(&expected), "{lines:?}");
    }
}

#[test]
fn nothing_forges_a_line() {
    let mut watch = Watch::new("", &invite());
    let lines = watch.replied(200, "a\u{1}b");
    assert!(lines[0].ends_with("reason=a?b"), "{lines:?}");
}

fn database() -> Arc<dyn Store> {
    let store: Arc<dyn Store> = Arc::new(Memory::new(store::Limits::default()));
    let tables = vec![&schema::ACC, &schema::MISSED_CALLS, &schema::VERSION];
    store::wait(store.as_ref(), Operation::CreateTables(tables)).expect("tables");
    store
}

fn rows(store: &Arc<dyn Store>, table: store::Name) -> Rows {
    let answer = store::wait(store.as_ref(), Select::from(table).into());
    answer.expect("rows").into_rows()
}

const DB: &str = "modparam(\"acc\", \"db_url\", \"memory://x\")\nmodparam(\"acc\", \"db_flag\", 1)\nmodparam(\"acc\", \"db_missed_flag\", 2)";

#[test]
fn rows_go_to_their_tables() {
    let store = database();
    let mut watch = Watch::with(DB, &invite(), store.clone());
    watch.replied(486, "Busy Here");
    for table in [name!("acc"), name!("missed_calls")] {
        let rows = rows(&store, table);
        let cell = |column: &str| rows.rows[0][rows.position(column).expect("a column")].clone();
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (cell("sip_code"), cell("to_tag")),
            (Cell::text("486"), Cell::text("uas"))
        );
        assert_eq!(cell("time"), Cell::Time(1_795_246_834));
    }
}

#[test]
fn scripts_account_by_themselves() {
    let store = database();
    let script = format!(
        "{HEAD}{DB}\nrequest_route {{ acc_log_request(\"404 Not Found\"); rc(); acc_db_request(\"200 Fine\", \"acc\"); rc(); acc_request(\"x\", \"nosuch\"); rc(); acc_db_request(\"x\", \"a b\"); rc(); }}"
    );
    let bench = Bench::with_store(&script, store.clone());
    let served = bench.serve(bench.context(&invite()));
    assert_eq!(served.ran.codes, [1, 1, -1, -1]);
    let expected = "NOTICE acc: ACC: request accounted: timestamp=1795246834;method=INVITE;from_tag=ft;to_tag=;call_id=c1;code=404;reason=Not Found";
    assert_eq!(served.ran.log.first().map(String::as_str), Some(expected));
    assert_eq!(rows(&store, name!("acc")).len(), 1);
}

#[test]
fn call_data_records_need_dialogs_and_names() {
    let with = |params: &str| {
        crate::testing::problems(&format!("{HEAD}{params}\nrequest_route {{ exit; }}"))
    };
    let dialog = "loadmodule \"dialog.so\"\nmodparam(\"acc\", \"cdr_enable\", 1)\n";
    assert_eq!(with("modparam(\"acc\", \"cdr_enable\", 0)"), "");
    assert!(with("modparam(\"acc\", \"cdr_enable\", 1)").contains("needs module dialog"));
    assert_eq!(with(dialog), "");
    let odd = format!("{dialog}modparam(\"acc\", \"cdr_end_id\", \"a b\")");
    assert!(with(&odd).contains("call data records"));
    let many = format!(
        "{dialog}modparam(\"acc\", \"cdr_extra_size\", 1)\nmodparam(\"acc\", \"cdr_extra\", \"a=$rm;b=$rm\")"
    );
    assert!(with(&many).contains("more than 1 attributes"));
}
