//! What one transaction, ringing and answered, one dialog and one registered contact hold of the heap, and what is
//! left of it after a peak, counted by the allocator.
//!
//! `cargo test -p ringwall-sim --test memory -- --nocapture` prints the figures, which the docs of `Limits` repeat.

#[path = "memory/phones.rs"]
mod phones;

use cap::Cap;
use phones::{
    CALLER, FIRST_TCP, OVER_MS, PROXY, REGISTRAR, converse, invite, is_answer, listen, options,
    register, say, within_dialog, world,
};
use sim::{Simulated, World};
use std::alloc::System;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Counts what is held.
#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

#[test]
fn prices() {
    let _alone = alone();
    let transaction = transaction();
    let routed = answered(&with_reply_route());
    let accounted = answered(&with_module("acc.so", "(\"acc\", \"log_flag\", 4)"));
    let hidden = answered(&with_module(
        "topoh.so",
        "(\"topoh\", \"mask_key\", \"a key of one's own\")",
    ));
    let followed = answered(&with_dialogs());
    let answered = answered(PROXY);
    let bye = bye();
    let dialog = dialog();
    let contact = contact();
    println!(
        "bytes held: transaction {transaction}, answered one {answered}, with an onreply_route {routed}, accounted \
         {accounted}, hidden {hidden}, with its dialog {followed}, answered BYE {bye}, dialog {dialog}, registered \
         contact {contact}"
    );
    // A transaction holds the INVITE of 886 octets twice, as it came and as it was sent on.
    assert!(transaction <= 6_500, "a transaction: {transaction} bytes");
    assert!(answered <= 1_600, "an answered one: {answered} bytes");
    assert!(routed <= 2_600, "one with an onreply_route: {routed} bytes");
    // The simulated world keeps the line that tells of it.
    assert!(accounted <= 1_800, "an accounted one: {accounted} bytes");
    assert!(hidden <= 2_000, "one with topology hiding: {hidden} bytes");
    assert!(followed <= 2_400, "one with its dialog: {followed} bytes");
    assert!(bye <= 1_200, "an answered BYE: {bye} bytes");
    assert!(dialog <= 3_000, "a dialog: {dialog} bytes");
    assert!(contact <= 600, "a registered contact: {contact} bytes");
}

/// An INVITE that was relayed and rings for ever.
fn transaction() -> usize {
    const COUNT: usize = 5_000;
    let mut world = world(PROXY, 0);
    let call = |world: &mut Simulated, number: usize| {
        say(world, CALLER, &invite(number));
        listen(world, 10, |_, _, _| ());
    };
    let price = price(&mut world, COUNT, call);
    assert_eq!(world.transactions(), COUNT + WARM);
    price
}

/// An INVITE that was answered and acknowledged: it waits for retransmissions of its 200.
fn answered(script: &str) -> usize {
    const COUNT: usize = 2_000;
    let mut world = world(script, 0);
    let price = price(&mut world, COUNT, |world, number| {
        say(world, CALLER, &invite(number));
        listen(world, 10, converse);
    });
    assert_eq!(world.transactions(), COUNT + WARM);
    price
}

/// The proxy, whose script sees every reply.
fn with_reply_route() -> String {
    PROXY.replace("#FLAG", "t_on_reply(\"seen\");") + "onreply_route[seen] { return; }\n"
}

/// The BYE of a call, which waits for retransmissions too.
fn bye() -> usize {
    const COUNT: usize = 1_000;
    let mut world = world(PROXY, 0);
    let mut byes = Vec::new();
    for number in 0..COUNT + WARM {
        say(&mut world, CALLER, &invite(number));
        listen(&mut world, 10, |world, agent, heard| {
            converse(world, agent, heard);
            byes.extend(is_answer(heard).then(|| within_dialog("BYE", heard)));
        });
    }
    listen(&mut world, OVER_MS, converse);
    let price = price(&mut world, COUNT, |world, number| {
        say(world, CALLER, &byes[number]);
        listen(world, 3, converse);
    });
    assert_eq!(world.transactions(), COUNT + WARM);
    price
}

/// A call that stands, after its transactions have gone.
fn dialog() -> usize {
    const COUNT: usize = 2_000;
    let mut world = world(&with_dialogs(), 0);
    let price = price(&mut world, COUNT, |world, number| {
        say(world, CALLER, &invite(number));
        listen(world, 10, converse);
        if (number + 1).is_multiple_of(100) {
            listen(world, OVER_MS, converse);
        }
    });
    assert_eq!(world.transactions(), 0);
    let stats = world
        .rpc("dlg.stats_active", Vec::new())
        .expect("a command");
    let all = format!("\"all\":{}", COUNT + WARM);
    assert!(stats.contains(&all), "{stats} without {all}");
    price
}

/// The proxy, which follows calls.
fn with_dialogs() -> String {
    with_module("dialog.so", "(\"dialog\", \"dlg_flag\", 4)")
}

/// The proxy with a module and a parameter of it; calls have flag 4.
fn with_module(name: &str, param: &str) -> String {
    let module = format!("loadmodule \"{name}\"\nmodparam{param}");
    PROXY
        .replace("#EXTRA", &module)
        .replace("#FLAG", "setflag(4);")
}

/// A phone that registered.
fn contact() -> usize {
    const COUNT: usize = 20_000;
    let mut world = world(REGISTRAR, 0);
    let price = price(&mut world, COUNT, |world, number| {
        say(world, CALLER, &register(number));
        listen(world, 10, |_, _, heard| {
            assert_eq!(heard.status(), Some(200))
        });
    });
    let dump = world
        .rpc("ul.dump", vec!["brief".into()])
        .expect("a command");
    assert_eq!(dump.matches("\"AoR\":").count(), COUNT + WARM);
    price
}

/// What is done before the count begins: tables and buffers have their first size then.
const WARM: usize = 500;

/// How much more one of them holds, on average.
fn price(world: &mut Simulated, count: usize, mut act: impl FnMut(&mut Simulated, usize)) -> usize {
    (0..WARM).for_each(|number| act(world, number));
    let before = HEAP.allocated();
    (WARM..WARM + count).for_each(|number| act(world, number));
    HEAP.allocated().saturating_sub(before) / count
}

#[test]
fn memory_comes_back_after_a_peak() {
    let _alone = alone();
    for (what, tide) in [
        ("calls", calls()),
        ("users", users()),
        ("connections", connections()),
    ] {
        println!("{what}: {tide:?}");
        assert!(tide.peak >= 2 * tide.before, "{what}: no peak: {tide:?}");
        assert!(
            tide.after <= tide.before + tide.before / 10,
            "{what}: {tide:?}"
        );
    }
}

#[test]
fn a_server_that_is_gone_holds_nothing() {
    let _alone = alone();
    let live_and_end = |calls: usize| {
        let mut world = world(&with_dialogs(), 0);
        for number in 0..calls {
            say(&mut world, CALLER, &invite(number));
            listen(&mut world, 10, |_, _, _| ());
        }
        assert_eq!(world.transactions(), calls);
        drop(world);
        HEAP.allocated()
    };
    // What the process makes once, such as tables of names, is there after the first.
    let first = live_and_end(1_000);
    let second = live_and_end(1_000);
    let left = second.saturating_sub(first);
    assert!(left < 1_000, "{left} octets");
}

/// Octets that are held before, at the height of a peak, and when it is over.
#[derive(Debug)]
struct Tide {
    before: usize,
    peak: usize,
    after: usize,
}

/// Thousands of calls at once, and all of them end.
fn calls() -> Tide {
    let start = HEAP.allocated();
    let mut world = world(&with_dialogs(), 0);
    let up_and_down = |world: &mut Simulated, calls: std::ops::Range<usize>| {
        let mut byes = Vec::new();
        let mut hear = |world: &mut Simulated, agent, heard: &sim::Heard| {
            converse(world, agent, heard);
            if is_answer(heard) {
                byes.push(within_dialog("BYE", heard));
            }
        };
        for number in calls {
            say(world, CALLER, &invite(number));
            listen(world, 10, &mut hear);
        }
        listen(world, 1000, &mut hear);
        let peak = HEAP.allocated();
        for bye in byes.drain(..) {
            say(world, CALLER, &bye);
            listen(world, 10, converse);
        }
        drop(byes);
        listen(world, 2 * OVER_MS, converse);
        assert_eq!(world.transactions(), 0);
        peak
    };
    up_and_down(&mut world, 0..WARM);
    let before = HEAP.allocated();
    let peak = up_and_down(&mut world, WARM..WARM + 3_000);
    let stats = world
        .rpc("dlg.stats_active", Vec::new())
        .expect("a command");
    assert!(stats.contains("\"all\":0"), "{stats}");
    tide(start, before, peak)
}

/// Many users register, and none of them comes again.
fn users() -> Tide {
    let start = HEAP.allocated();
    let mut world = world(REGISTRAR, 0);
    let come_and_go = |world: &mut Simulated, users: std::ops::Range<usize>| {
        for number in users {
            say(world, CALLER, &register(number));
            listen(world, 1, |_, _, _| ());
        }
        let peak = HEAP.allocated();
        listen(world, 3_700_000, |_, _, _| ());
        peak
    };
    come_and_go(&mut world, 0..WARM);
    let before = HEAP.allocated();
    let peak = come_and_go(&mut world, WARM..WARM + 20_000);
    let dump = world
        .rpc("ul.dump", vec!["brief".into()])
        .expect("a command");
    assert_eq!(dump.matches("\"AoR\":").count(), 0);
    tide(start, before, peak)
}

/// Phones open TCP connections, ask once, hold them, and go.
fn connections() -> Tide {
    const COUNT: usize = 2_000;
    let script = "loadmodule \"sl.so\"\nrequest_route { sl_send_reply(\"200\", \"OK\"); }";
    let start = HEAP.allocated();
    let mut world = world(script, COUNT as u32);
    let open_and_close = |world: &mut Simulated, phones: std::ops::Range<usize>| {
        for number in phones.clone() {
            say(world, FIRST_TCP + number, &options(number));
            listen(world, 10, |_, _, heard| {
                assert_eq!(heard.status(), Some(200))
            });
        }
        let peak = HEAP.allocated();
        phones.for_each(|number| world.close(FIRST_TCP + number));
        listen(world, 20_000, |_, _, _| ());
        peak
    };
    open_and_close(&mut world, 0..WARM);
    let before = HEAP.allocated();
    let peak = open_and_close(&mut world, 0..COUNT);
    tide(start, before, peak)
}

/// Counted from what was held before the world was made.
fn tide(start: usize, before: usize, peak: usize) -> Tide {
    let of = |held: usize| held.saturating_sub(start);
    Tide {
        before: of(before),
        peak: of(peak),
        after: of(HEAP.allocated()),
    }
}

/// Nothing else allocates meanwhile.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
