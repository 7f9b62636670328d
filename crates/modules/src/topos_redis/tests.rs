//! The storage against keys in memory; what Kamailio writes was read from its Redis.

use super::storage::RedisStorage;
use crate::testing::SharedKeys;
use bytes::Bytes;
use policy::{
    Answer, DialogQuery, DialogWay, Effect, HiddenBranch, HiddenDialog, HiddenEnd, Lifetimes,
    Logger, Stored, TopologyStorage, TopologyWrite,
};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::keys::{Said, wait};

const LIFETIMES: Lifetimes = Lifetimes {
    now_s: 1_795_281_179,
    branch_s: 180,
    dialog_s: 10_800,
};

struct Nowhere;

impl policy::Sink for Nowhere {
    fn write(&self, _: policy::Record) {}
}

/// Two servers with one Redis.
fn pair() -> (Arc<SharedKeys>, [RedisStorage; 2]) {
    let keys = Arc::<SharedKeys>::default();
    let storage = || {
        let nowhere = Logger::new(0, Arc::new(Nowhere));
        RedisStorage::new(keys.clone(), nowhere)
    };
    let both = [storage(), storage()];
    (keys, both)
}

fn done<T>(stored: Stored<T>) -> Result<T, String> {
    match stored {
        Stored::Known(known) => known,
        Stored::Ask(Effect::Keys { keys, commands }, read) => {
            read(Answer::Keys(wait(&*keys, commands)))
        }
        Stored::Ask(..) => panic!("another wish"),
    }
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn dialog(tag: &str) -> HiddenDialog {
    HiddenDialog {
        method: bytes("INVITE"),
        cseq: bytes("7"),
        call_id: bytes("call-2@a"),
        uuid: bytes("tpsh-6b01d100-2be9-2"),
        caller: HiddenEnd {
            tag: bytes("atag"),
            contact: bytes("sip:alice@127.0.0.1:24071"),
            shown: bytes("<sip:atpsh-6b01d100-2be9-2@127.0.0.1:24060>"),
            routes: bytes("<sip:10.0.0.9;lr>"),
        },
        callee: HiddenEnd {
            tag: bytes(tag),
            contact: bytes(if tag.is_empty() {
                ""
            } else {
                "sip:bob@127.0.0.1:24072"
            }),
            shown: bytes("<sip:btpsh-6b01d100-2be9-2@127.0.0.1:24060>"),
            routes: Bytes::new(),
        },
        own_routes: bytes("<sip:127.0.0.1:24060;lr;ftag=atag>"),
        is_confirmed: !tag.is_empty(),
        ..HiddenDialog::default()
    }
}

fn branch() -> HiddenBranch {
    HiddenBranch {
        method: bytes("INVITE"),
        cseq: bytes("1"),
        call_id: bytes("call-2@a"),
        uuid: bytes("tpsh-6b01d100-2be9-2"),
        way: DialogWay::ToCaller,
        branch: bytes("z9hG4bK7ecf.0"),
        vias: bytes("SIP/2.0/UDP 127.0.0.1:24072;branch=z9hG4bKbr1"),
        contact: bytes("sip:bob@127.0.0.1:24072"),
        caller_tag: bytes("atag"),
        from_tag: bytes("btag"),
        to_tag: bytes("atag"),
        ..HiddenBranch::default()
    }
}

fn query(tag: &str) -> DialogQuery {
    DialogQuery {
        uuid: bytes("tpsh-6b01d100-2be9-2"),
        callee_tag: bytes(tag),
    }
}

fn put(tag: &str, is_first: bool) -> TopologyWrite {
    let dialog = Arc::new(dialog(tag));
    TopologyWrite::Put { dialog, is_first }
}

/// Runs a command and answers its texts.
fn redis(keys: &SharedKeys, command: &str) -> Vec<String> {
    let said = wait(&keys.memory, vec![store::keys::words(command)]).expect("memory");
    fn texts(said: &Said) -> Vec<String> {
        match said {
            Said::Text(text) => vec![String::from_utf8_lossy(text).into_owned()],
            Said::Array(all) => all.iter().flat_map(texts).collect(),
            other => vec![format!("{other:?}")],
        }
    }
    said.iter().flat_map(texts).collect()
}

#[test]
fn a_dialog_stands_where_kamailio_would_write_it() {
    let (keys, [one, other]) = pair();
    let begin = TopologyWrite::Begin(Arc::new(dialog("")));
    let writes = vec![TopologyWrite::Branch(Arc::new(branch())), begin];
    done(one.write(writes, LIFETIMES)).expect("written");
    let key = "d:z:atpsh-6b01d100-2be9-2";
    let kept = redis(&keys, &format!("HGETALL {key}")).join(" ");
    for pair in [
        "a_callid call-2@a",
        "a_uuid atpsh-6b01d100-2be9-2",
        "b_uuid btpsh-6b01d100-2be9-2",
        "a_contact sip:alice@127.0.0.1:24071",
        "as_contact <sip:atpsh-6b01d100-2be9-2@127.0.0.1:24060>",
        "a_rr <sip:10.0.0.9;lr>",
        "s_rr <sip:127.0.0.1:24060;lr;ftag=atag>",
        "iflags 0",
        "s_method INVITE",
        "s_cseq 7",
        "rectime 1795281179",
    ] {
        assert!(kept.contains(pair), "{pair}: {kept}");
    }
    assert!(!kept.contains("b_tag"), "{kept}");
    assert_eq!(redis(&keys, &format!("PTTL {key}")), ["Int(180000)"]);
    let kept = redis(&keys, "HGETALL b:x:z9hG4bK7ecf.0").join(" ");
    assert!(
        kept.contains("direction 1") && kept.contains("b_contact sip:bob"),
        "{kept}"
    );
    // Whoever asks finds the same, on the other server too.
    assert_eq!(done(other.dialogs(&query("btag"))), Ok(vec![dialog("")]));
    assert_eq!(done(other.branch(b"z9hG4bK7ecf.0")), Ok(Some(branch())));
    assert_eq!(done(other.branch(b"z9hG4bKnone")), Ok(None));
    done(one.write(vec![put("btag", true)], LIFETIMES)).expect("written");
    assert_eq!(redis(&keys, &format!("PTTL {key}")), ["Int(10800000)"]);
    assert_eq!(
        done(other.dialogs(&query("btag"))),
        Ok(vec![dialog("btag")])
    );
    // It was read there, so its end is written where it stands.
    done(other.write(
        vec![TopologyWrite::End(Arc::new(dialog("btag")))],
        LIFETIMES,
    ))
    .expect("written");
    assert_eq!(redis(&keys, &format!("PTTL {key}")), ["Int(180000)"]);
    let over = HiddenDialog {
        is_confirmed: false,
        ..dialog("btag")
    };
    assert_eq!(done(one.dialogs(&query("btag"))), Ok(vec![over]));
    keys.memory.advance(180_000);
    assert_eq!(done(one.dialogs(&query("btag"))), Ok(Vec::new()));
}

#[test]
fn forks_do_not_overwrite_each_other() {
    let (_keys, [one, other]) = pair();
    for write in [put("first", true), put("second", false)] {
        done(one.write(vec![write], LIFETIMES)).expect("written");
    }
    let of = |storage: &RedisStorage, tag: &str| {
        let found = done(storage.dialogs(&query(tag))).expect("dialogs");
        let mut found = found.into_iter().filter(|it| it.callee.tag == tag);
        (found.next(), found.next())
    };
    for tag in ["first", "second"] {
        assert_eq!(of(&other, tag), (Some(dialog(tag)), None));
    }
    // A server that never read the first one writes it anew, and it is found once.
    let mut moved = dialog("first");
    moved.callee.contact = bytes("sip:bob@192.0.2.9");
    let put = TopologyWrite::Put {
        dialog: Arc::new(moved.clone()),
        is_first: false,
    };
    done(other.write(vec![put], LIFETIMES)).expect("written");
    assert_eq!(of(&one, "first"), (Some(moved), None));
    assert_eq!(of(&one, "second").0, Some(dialog("second")));
}

#[test]
fn a_message_costs_one_way_for_each_question() {
    let (keys, [one, _]) = pair();
    let asked = |run: &dyn Fn()| {
        let before = keys.pipelines.load(Ordering::Relaxed);
        run();
        keys.pipelines.load(Ordering::Relaxed) - before
    };
    let writes = || vec![TopologyWrite::Branch(Arc::new(branch())), put("btag", true)];
    assert_eq!(asked(&|| drop(done(one.dialogs(&query("btag"))))), 1);
    assert_eq!(asked(&|| drop(done(one.write(writes(), LIFETIMES)))), 1);
    assert_eq!(asked(&|| one.write_unheard(writes(), LIFETIMES)), 1);
}

#[test]
fn a_redis_that_is_away_is_an_error_and_no_empty_answer() {
    let (keys, [one, _]) = pair();
    keys.is_away.store(true, Ordering::Relaxed);
    assert!(done(one.dialogs(&query("btag"))).is_err());
    assert!(done(one.branch(b"z9hG4bK7ecf.0")).is_err());
    assert!(done(one.write(vec![put("btag", true)], LIFETIMES)).is_err());
    keys.is_away.store(false, Ordering::Relaxed);
    assert_eq!(done(one.dialogs(&query("btag"))), Ok(Vec::new()));
    // What stands there is no hash.
    redis(&keys, "SET d:z:atpsh-6b01d100-2be9-2 x");
    assert!(done(one.dialogs(&query("btag"))).is_err());
    assert!(done(one.write(vec![put("btag", true)], LIFETIMES)).is_err());
}
