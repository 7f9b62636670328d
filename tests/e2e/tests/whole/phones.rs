//! Two baresip phones register with digest, and set up, hold and end calls.

mod house;

pub(crate) use house::House;
use ringwall_e2e::Transport::{Tcp, Tls, Udp};
use ringwall_e2e::{Phone, Subject, User};

#[test]
fn phones_call_through_the_built_in_policy_over_udp() {
    phones_call(&House::built_in(Udp));
}

#[test]
fn phones_call_through_the_built_in_policy_over_tcp() {
    phones_call(&House::built_in(Tcp));
}

#[test]
fn phones_call_through_the_built_in_policy_over_tls() {
    phones_call(&House::built_in(Tls));
}

#[test]
fn phones_call_through_the_stock_file_over_udp() {
    phones_call(&House::stock(Subject::Ringwall, Udp));
}

#[test]
fn phones_call_through_the_stock_file_over_tcp() {
    phones_call(&House::stock(Subject::Ringwall, Tcp));
}

#[test]
fn phones_call_through_the_stock_file_over_tls() {
    phones_call(&House::stock(Subject::Ringwall, Tls));
}

/// Nobody registers again, and still it rings: the registrations were on disk.
#[test]
fn phones_call_after_the_server_was_killed() {
    let house = House::built_in(Udp);
    let mut alice = house.phone(User::ALICE);
    let mut bob = house.phone(User::BOB);
    alice.await_registered();
    bob.await_registered();
    let house = house.kill_and_restart();
    converse(&house, &mut alice, &mut bob);
    assert_eq!(bob.count_printed(" binding"), 1, "registered once");
}

/// A phone that takes no connections is reached over the one that it made.
#[test]
fn a_phone_is_called_over_its_own_connection() {
    let mut house = House::built_in(Tls);
    let mut alice = house.phone(User::ALICE);
    house.hide_phones();
    let mut bob = house.phone(User::BOB);
    converse(&house, &mut alice, &mut bob);
}

/// The server changes the transport on the way, in both directions.
#[test]
fn phones_call_from_one_transport_to_another() {
    for (of_alice, of_bob) in [(Udp, Tls), (Tls, Tcp), (Tcp, Udp)] {
        let mut house = House::built_in(of_alice);
        let mut alice = house.phone(User::ALICE);
        house.set_transport(of_bob);
        let mut bob = house.phone(User::BOB);
        converse(&house, &mut alice, &mut bob);
    }
}

#[test]
fn kamailio_takes_the_same_phones() {
    for transport in [Udp, Tcp, Tls] {
        phones_call(&House::stock(Subject::Kamailio, transport));
    }
}

/// The liar comes last: who guessed from an address waits there before the right password counts again.
fn phones_call(house: &House) {
    let mut alice = house.phone(User::ALICE);
    let mut bob = house.phone(User::BOB);
    converse(house, &mut alice, &mut bob);
    wrong_password_never_registers(house);
}

/// A call of each to the other, once both are registered.
fn converse(house: &House, alice: &mut Phone, bob: &mut Phone) {
    alice.await_registered();
    bob.await_registered();
    set_up(alice, bob, &house.uri(User::BOB));
    change_media(alice, bob, Phone::hold, "a=sendonly");
    change_media(alice, bob, Phone::resume, "a=sendrecv");
    bob.hang_up();
    bob.expect("CALL_CLOSED");
    alice.expect("CALL_CLOSED");
    // And the other way round, ended by the caller.
    set_up(bob, alice, &house.uri(User::ALICE));
    bob.hang_up();
    alice.expect("CALL_CLOSED");
}

fn wrong_password_never_registers(house: &House) {
    let liar = house.phone(User::ALICE.with_password("guessed"));
    liar.await_refused();
    assert!(!liar.has_printed("SIP/2.0 200"), "registered with a guess");
}

fn set_up(caller: &mut Phone, callee: &mut Phone, uri: &str) {
    caller.dial(uri);
    callee.expect("CALL_INCOMING");
    caller.expect("CALL_RINGING");
    callee.accept();
    callee.expect("CALL_ESTABLISHED");
    caller.expect("CALL_ESTABLISHED");
    assert_eq!(callee.expect("CALL_REMOTE_SDP"), "offer");
    assert_eq!(caller.expect("CALL_REMOTE_SDP"), "answer");
    // The descriptions went through unharmed: sound arrives.
    caller.expect("CALL_RTPESTAB");
}

fn change_media(caller: &mut Phone, callee: &mut Phone, change: fn(&mut Phone), direction: &str) {
    let before = callee.count_printed(direction);
    change(caller);
    assert_eq!(callee.expect("CALL_REMOTE_SDP"), "offer");
    assert_eq!(caller.expect("CALL_REMOTE_SDP"), "answer");
    assert!(callee.count_printed(direction) > before, "{direction}");
}
