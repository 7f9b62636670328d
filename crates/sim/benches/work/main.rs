//! What each message of a call, an OPTIONS and a registration costs from the datagram that came to those
//! that leave: time and allocations.
//!
//! `cargo bench -p ringwall-sim --bench work`. Instructions by function:
//! `valgrind --tool=callgrind --toggle-collect='edge::worker::Worker::handle_input'
//! --toggle-collect='edge::worker::Worker::release' BENCH whole_call --sample-count 300 --sample-size 1`.
#![allow(clippy::expect_used, reason = "a benchmark that cannot run stops")]

mod phones;
mod server;

use divan::{AllocProfiler, Bencher};
use phones::{Call, Part, Visitor};
use std::cell::RefCell;

#[global_allocator]
static HEAP: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// One message in the course of a call through a record-routing proxy.
#[divan::bench(args = Part::ALL)]
fn message_of_a_call(bencher: Bencher, part: Part) {
    let call = RefCell::new(Call::new());
    bencher
        .with_inputs(|| call.borrow_mut().up_to(part))
        .bench_local_values(|message| call.borrow_mut().give(message));
}

/// All of them, and the timers that are due meanwhile; a call every 2 ms.
#[divan::bench]
fn whole_call(bencher: Bencher) {
    let mut call = Call::new();
    bencher.bench_local(|| call.whole());
}

/// The INVITE of a call that is refused beyond capacity.
#[divan::bench]
fn refused(bencher: Bencher) {
    let call = RefCell::new(Call::overloaded());
    bencher
        .with_inputs(|| call.borrow_mut().late())
        .bench_local_values(|message| call.borrow_mut().give_late(message));
}

/// The ACK of such a refusal.
#[divan::bench]
fn ack_of_refusal(bencher: Bencher) {
    let call = RefCell::new(Call::overloaded());
    bencher
        .with_inputs(|| call.borrow_mut().late_ack())
        .bench_local_values(|message| call.borrow_mut().give_late(message));
}

/// An OPTIONS that the script answers.
#[divan::bench]
fn options(bencher: Bencher) {
    let visitor = RefCell::new(Visitor::new());
    bencher
        .with_inputs(|| visitor.borrow_mut().options())
        .bench_local_values(|message| visitor.borrow_mut().give(message));
}

/// A REGISTER that is challenged.
#[divan::bench]
fn challenged(bencher: Bencher) {
    let visitor = RefCell::new(Visitor::new());
    bencher
        .with_inputs(|| visitor.borrow_mut().register())
        .bench_local_values(|message| visitor.borrow_mut().give(message));
}

/// The same once more, with the answer to the challenge: the contact of a new user is saved.
#[divan::bench]
fn registered(bencher: Bencher) {
    let visitor = RefCell::new(Visitor::new());
    bencher
        .with_inputs(|| visitor.borrow_mut().register_with_password())
        .bench_local_values(|message| visitor.borrow_mut().give(message));
}
