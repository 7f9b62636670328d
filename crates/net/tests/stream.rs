//! TCP connections over loopback.
#![allow(
    clippy::disallowed_methods,
    reason = "real sockets, clocks and files are tested"
)]
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use net::stream::{
    AliasError, CloseReason, Config, Connect, Event, Filter, Find, Kind, SendError, Streams,
    channels,
};
use support::{World, dial, ended, localhost};

fn find(peer: SocketAddr) -> Find<'static> {
    Find {
        kind: Kind::Tcp,
        peer,
        local: None,
        tls_name: None,
    }
}

#[test]
fn bytes_go_both_ways_and_the_end_is_told() {
    let world = World::new(Config::default());
    let address = world.listen();
    let mut client = dial(address);
    let id = match world.next() {
        Event::Opened {
            id,
            kind: Kind::Tcp,
            local,
            peer,
            inbound: true,
        } => {
            assert_eq!((local, peer), (address, client.local_addr().unwrap()));
            id
        }
        other => panic!("{other:?}"),
    };
    client.write_all(b"question").unwrap();
    assert_eq!(world.received_all(id, 8), b"question");
    world
        .streams
        .send(id, Bytes::from_static(b"answer"))
        .unwrap();
    let mut got = [0; 6];
    client.read_exact(&mut got).unwrap();
    assert_eq!(&got, b"answer");
    let info = world.streams.info(id).unwrap();
    assert_eq!(
        (
            info.received_bytes,
            info.sent_bytes,
            info.queued_bytes,
            info.inbound
        ),
        (8, 6, 0, true)
    );
    drop(client);
    assert_eq!(world.closed(), (id, CloseReason::PeerClosed));
    assert!(world.streams.info(id).is_none());
    assert_eq!(
        world.streams.send(id, Bytes::from_static(b"late")),
        Err(SendError::Gone)
    );
}

#[test]
fn messages_wait_for_the_connection_and_keep_their_order() {
    let config = Config {
        max_queued_bytes: 8 << 20,
        max_queued_messages: 5000,
        ..Config::default()
    };
    let world = World::new(config);
    let out = world.connect(world.listen());
    let mut sent = Vec::new();
    for number in 0..2000_u32 {
        let message: Vec<u8> = number
            .to_be_bytes()
            .iter()
            .copied()
            .cycle()
            .take(1 + number as usize % 1500)
            .collect();
        sent.extend_from_slice(&message);
        world.streams.send(out, message.into()).unwrap();
    }
    let mut got = Vec::new();
    while got.len() < sent.len() {
        match world.next() {
            Event::Received { bytes, .. } => got.extend_from_slice(&bytes),
            Event::Opened { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(got == sent);
}

#[test]
fn a_full_queue_closes_the_connection() {
    let world = World::new(Config {
        max_queued_bytes: 10_000,
        ..Config::default()
    });
    let (_client, id) = world.client(world.listen());
    let message = Bytes::from(vec![b'x'; 4000]);
    let error = loop {
        if let Err(error) = world.streams.send(id, message.clone()) {
            break error;
        }
    };
    assert_eq!(error, SendError::Full);
    for _ in 0..2 {
        assert!(matches!(world.next(), Event::SendFailed { bytes, .. } if bytes == message));
    }
    assert_eq!(world.closed(), (id, CloseReason::QueueFull));
}

#[test]
fn too_many_messages_or_too_much_in_all_close_it_too() {
    let large = 1 << 30;
    for (max_queued_messages, max_queued_bytes_total) in [(3, large), (1000, 20 << 20)] {
        let world = World::new(Config {
            max_queued_bytes: large,
            max_queued_messages,
            max_queued_bytes_total,
            ..Config::default()
        });
        let (_client, id) = world.client(world.listen());
        // The first leaves in part and counts as a whole while it waits.
        let message = Bytes::from(vec![b'x'; 8 << 20]);
        let taken = (0..5).take_while(|_| world.streams.send(id, message.clone()).is_ok());
        assert_eq!(taken.count(), if max_queued_messages == 3 { 3 } else { 2 });
        while !matches!(
            world.next(),
            Event::Closed {
                reason: CloseReason::QueueFull,
                ..
            }
        ) {}
    }
}

#[test]
fn a_peer_that_does_not_read_is_cut_off() {
    let send_timeout = Duration::from_millis(60);
    let world = World::new(Config {
        send_timeout,
        max_queued_bytes_total: 32 << 20,
        ..Config::default()
    });
    let (_client, id) = world.client(world.listen());
    let message = Bytes::from(vec![b'x'; 16 << 20]);
    world.streams.send(id, message.clone()).unwrap();
    assert!(matches!(world.next(), Event::SendFailed { bytes, .. } if bytes == message));
    assert_eq!(world.closed(), (id, CloseReason::SendTimeout));
}

#[test]
fn a_silent_peer_and_an_idle_one_are_cut_off() {
    let short = Duration::from_millis(60);
    let world = World::new(Config {
        first_data_timeout: short,
        ..Config::default()
    });
    let (mut client, id) = world.client(world.listen());
    assert_eq!(world.closed(), (id, CloseReason::Silent));
    assert!(ended(&mut client));

    let world = World::new(Config {
        connection_lifetime: short,
        ..Config::default()
    });
    let (mut client, id) = world.client(world.listen());
    client.write_all(b"x").unwrap();
    world.received();
    assert_eq!(world.closed(), (id, CloseReason::Idle));
}

#[test]
fn one_source_cannot_take_all_places() {
    let world = World::new(Config {
        max_connections_per_source: 3,
        ..Config::default()
    });
    let address = world.listen();
    let mut held: Vec<_> = (0..3).map(|_| world.client(address)).collect();
    let mut refused = dial(address);
    assert!(ended(&mut refused));
    assert_eq!(world.streams.counters().refused_source, 1);

    // Another source gets in.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket
        .bind(&"127.0.0.2:0".parse::<SocketAddr>().unwrap().into())
        .unwrap();
    socket.connect(&address.into()).unwrap();
    world.opened();

    // A place is free again when the worker has handled the end of a connection, not before.
    let (client, id) = held.remove(0);
    drop(client);
    let end = world.next();
    assert!(matches!(end, Event::Closed { id: closed, .. } if closed == id));
    assert!(ended(&mut dial(address)));
    drop(end);
    world.client(address);
}

#[test]
fn a_full_server_evicts_who_never_spoke_then_who_is_longest_idle() {
    let world = World::new(Config {
        max_connections: 3,
        ..Config::default()
    });
    let address = world.listen();
    let (mut first, first_id) = world.client(address);
    first.write_all(b"1").unwrap();
    world.received();
    let (mut second, second_id) = world.client(address);
    second.write_all(b"2").unwrap();
    world.received();
    let (_silent, silent_id) = world.client(address);

    let (mut third, third_id) = evict(&world, address, silent_id);
    third.write_all(b"3").unwrap();
    world.received();
    world.streams.trust(first_id);
    let (_fourth, fourth_id) = evict(&world, address, second_id);
    world.streams.trust(third_id);
    world.streams.trust(fourth_id);
    assert!(ended(&mut dial(address)));
    let counters = world.streams.counters();
    assert_eq!(
        (
            counters.evicted,
            counters.refused_full,
            counters.connections
        ),
        (2, 1, 3)
    );
}

/// Connects once more; `victim` must go.
fn evict(
    world: &World,
    address: SocketAddr,
    victim: net::stream::ConnId,
) -> (std::net::TcpStream, net::stream::ConnId) {
    let client = dial(address);
    let mut opened = None;
    for _ in 0..2 {
        match world.next() {
            Event::Opened { id, .. } => opened = Some(id),
            Event::Closed { id, reason, .. } => {
                assert_eq!((id, reason), (victim, CloseReason::Evicted))
            }
            other => panic!("{other:?}"),
        }
    }
    (client, opened.unwrap())
}

#[test]
fn unhandled_bytes_stop_reading_and_credit_resumes_it() {
    let world = World::new(Config {
        receive_window: 4096,
        ..Config::default()
    });
    let (mut client, id) = world.client(world.listen());
    let sent: Vec<u8> = (0..4_000_000_u32).map(|n| (n % 251) as u8).collect();
    let expected = sent.clone();
    let writer = thread::spawn(move || client.write_all(&sent).map(|()| client));
    let mut held = Vec::new();
    let mut got = Vec::new();
    while got.len() < 4096 {
        let event = world.next();
        if let Event::Received { bytes, .. } = &event {
            got.extend_from_slice(bytes);
        }
        held.push(event);
    }
    assert_eq!(got.len(), 4096);
    world.quiet();
    drop(held);
    got.extend(world.received_all(id, expected.len() - got.len()));
    assert!(got == expected);
    writer.join().unwrap().unwrap();
}

#[test]
fn single_bytes_are_charged_as_what_they_cost() {
    let world = World::new(Config {
        receive_window: 1024,
        ..Config::default()
    });
    let (mut client, id) = world.client(world.listen());
    let mut held = Vec::new();
    for _ in 0..4 {
        client.write_all(b"x").unwrap();
        held.push(world.next());
    }
    client.write_all(b"y").unwrap();
    world.quiet();
    held.pop();
    assert_eq!(world.received(), (id, Bytes::from_static(b"y")));
}

#[test]
fn a_connection_is_found_by_peer_and_local_address() {
    let world = World::new(Config::default());
    let address = world.listen();
    let (client, id) = world.client(address);
    let peer = client.local_addr().unwrap();
    assert_eq!(world.streams.find(find(peer)), Some(id));
    for (local, found) in [
        (address, Some(id)),
        ("127.0.0.1:0".parse().unwrap(), Some(id)),
        ("127.0.0.1:1".parse().unwrap(), None),
        ("127.0.0.2:0".parse().unwrap(), None),
    ] {
        assert_eq!(
            world.streams.find(Find {
                local: Some(local),
                ..find(peer)
            }),
            found,
            "{local}"
        );
    }
    assert_eq!(
        world.streams.find(Find {
            kind: Kind::Tls,
            ..find(peer)
        }),
        None
    );
    assert_eq!(
        world.streams.find(Find {
            tls_name: Some("a.test"),
            ..find(peer)
        }),
        None
    );

    // One of ours is found at once and reused from the listener's address.
    let out = world.connect(address);
    assert_eq!(world.streams.find(find(address)), Some(out));
    assert_eq!(
        world.streams.find(Find {
            local: Some("127.0.0.1:5060".parse().unwrap()),
            ..find(address)
        }),
        Some(out)
    );
    drop(client);
    while !matches!(world.next(), Event::Closed { .. }) {}
    assert_eq!(world.streams.find(find(peer)), None);

    // Also while it is being established.
    let (_socket, _held, deaf) = deaf();
    let local = Some("127.0.0.3:5060".parse().unwrap());
    let from = Connect {
        local,
        peer: deaf,
        tls: None,
        tls_key: None,
    };
    let id = world.streams.connect(from).unwrap();
    assert_eq!(
        world.streams.find(Find {
            local,
            ..find(deaf)
        }),
        Some(id)
    );
    let other = Some("127.0.0.4:5060".parse().unwrap());
    assert_eq!(
        world.streams.find(Find {
            local: other,
            ..find(deaf)
        }),
        None
    );
}

#[test]
fn an_alias_leads_to_the_connection_until_it_ends() {
    let world = World::new(Config::default());
    let address = world.listen();
    let (first, first_id) = world.client(address);
    let (_second, second_id) = world.client(address);
    let alias: SocketAddr = "127.0.0.1:5060".parse().unwrap();
    assert_eq!(
        world
            .streams
            .alias(first_id, "127.0.0.9:5060".parse().unwrap()),
        Err(AliasError::Foreign)
    );
    world.streams.alias(second_id, alias).unwrap();
    world.streams.alias(first_id, alias).unwrap();
    assert_eq!(world.streams.find(find(alias)), Some(first_id));
    assert_eq!(world.streams.info(first_id).unwrap().aliases, [alias]);
    drop(first);
    assert_eq!(world.closed().0, first_id);
    assert_eq!(world.streams.find(find(alias)), Some(second_id));
    assert_eq!(world.streams.alias(first_id, alias), Err(AliasError::Gone));
    let more = (1..20).map(|port| {
        world
            .streams
            .alias(second_id, SocketAddr::new(alias.ip(), port))
    });
    assert_eq!(
        more.filter(|done| *done == Err(AliasError::Full)).count(),
        8
    );
}

#[test]
fn a_refused_connection_gives_its_messages_back() {
    let world = World::new(Config::default());
    let closed = TcpListener::bind(localhost())
        .unwrap()
        .local_addr()
        .unwrap();
    let id = world.connect(closed);
    // It may have failed before the message comes.
    if world.streams.send(id, Bytes::from_static(b"lost")).is_ok() {
        assert!(matches!(world.next(), Event::SendFailed { bytes, .. } if &bytes[..] == b"lost"));
    }
    assert_eq!(
        world.closed(),
        (id, CloseReason::ConnectFailed(ErrorKind::ConnectionRefused))
    );
}

/// A listener whose backlog is full, so that the kernel leaves further connections unanswered.
fn deaf() -> (socket2::Socket, std::net::TcpStream, SocketAddr) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&localhost().into()).unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let held = dial(address);
    (socket, held, address)
}

#[test]
fn a_peer_that_does_not_answer_is_given_up() {
    let connect_timeout = Duration::from_millis(60);
    let world = World::new(Config {
        connect_timeout,
        ..Config::default()
    });
    let (_socket, _held, address) = deaf();
    let id = world.connect(address);
    world
        .streams
        .send(id, Bytes::from_static(b"waits"))
        .unwrap();
    assert!(matches!(world.next(), Event::SendFailed { bytes, .. } if &bytes[..] == b"waits"));
    assert_eq!(world.closed(), (id, CloseReason::ConnectTimeout));
}

#[test]
fn an_unestablished_connection_can_be_closed() {
    let world = World::new(Config::default());
    let (_socket, _held, address) = deaf();
    let id = world.connect(address);
    world.streams.close(id);
    assert_eq!(world.closed(), (id, CloseReason::Requested));
}

#[test]
fn filtered_sources_do_not_enter() {
    let filter = Filter::new(|peer| peer.ip().to_string() != "127.0.0.1");
    let world = World::new(Config {
        filter: Some(filter),
        ..Config::default()
    });
    assert!(ended(&mut dial(world.listen())));
    assert_eq!(world.streams.counters().refused_filter, 1);
    assert_eq!(world.streams.counters().accepted, 0);
}

#[test]
fn ipv6_works_alike() {
    let world = World::new(Config::default());
    let address = world
        .streams
        .listen_tcp("[::1]:0".parse().unwrap())
        .unwrap();
    let (mut client, id) = world.client(address);
    client.write_all(b"six").unwrap();
    assert_eq!(world.received_all(id, 3), b"six");
    assert_eq!(
        world.streams.find(find(client.local_addr().unwrap())),
        Some(id)
    );
}

#[test]
fn the_last_message_survives_unread_bytes() {
    let world = World::new(Config {
        receive_window: 1024,
        ..Config::default()
    });
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    // So that the message's end is still in our kernel's buffer when the connection ends.
    socket.set_recv_buffer_size(4096).unwrap();
    socket.set_read_timeout(Some(support::DEADLINE)).unwrap();
    socket.connect(&world.listen().into()).unwrap();
    let mut client = std::net::TcpStream::from(socket);
    let id = world.opened();
    client.write_all(&[b'x'; 100_000]).unwrap();
    let held = world.next();
    let message = Bytes::from(vec![b'y'; 200_000]);
    world.streams.send(id, message.clone()).unwrap();
    world.streams.close(id);
    // It waits for the peer's end.
    world.quiet();
    let mut got = Vec::new();
    client.read_to_end(&mut got).unwrap();
    assert!(got == message);
    drop(held);
}

#[test]
fn a_connection_leaves_from_the_address_given() {
    let world = World::new(Config::default());
    let address = world.listen();
    let local = Some("127.0.0.3:5060".parse().unwrap());
    world
        .streams
        .connect(Connect {
            local,
            peer: address,
            tls: None,
            tls_key: None,
        })
        .unwrap();
    let peers: Vec<SocketAddr> = (0..2)
        .filter_map(|_| match world.next() {
            Event::Opened {
                inbound: true,
                peer,
                ..
            } => Some(peer),
            _ => None,
        })
        .collect();
    assert_eq!(peers.len(), 1);
    assert_eq!(peers[0].ip().to_string(), "127.0.0.3");
    assert_ne!(peers[0].port(), 5060);
}

#[test]
fn close_sends_what_waits_first() {
    let world = World::new(Config::default());
    let (mut client, id) = world.client(world.listen());
    world
        .streams
        .send(id, Bytes::from(vec![b'x'; 6 << 20]))
        .unwrap();
    world.streams.close(id);
    assert_eq!(
        world.streams.send(id, Bytes::from_static(b"late")),
        Err(SendError::Gone)
    );
    let mut got = Vec::new();
    client.read_to_end(&mut got).unwrap();
    assert_eq!(got.len(), 6 << 20);
    drop(client);
    assert_eq!(world.closed(), (id, CloseReason::Requested));
}

#[test]
fn events_of_a_connection_go_to_the_worker_of_its_id() {
    let (sinks, receivers) = channels(3);
    let streams = Streams::start(Config::default(), sinks).unwrap();
    let address = streams.listen_tcp(localhost()).unwrap();
    let _clients: Vec<_> = (0..6).map(|_| dial(address)).collect();
    for (number, events) in receivers.iter().enumerate() {
        for _ in 0..2 {
            let event = events.recv_timeout(support::DEADLINE).unwrap();
            assert_eq!(event.id().worker(3), number);
        }
    }
}

#[test]
fn an_address_is_listened_on_once_and_never_a_wildcard() {
    let world = World::new(Config::default());
    let address = world.listen();
    let error = World::new(Config::default())
        .streams
        .listen_tcp(address)
        .unwrap_err();
    assert_eq!(error.to_string(), format!("tcp:{address}: address in use"));
    assert!(
        world
            .streams
            .listen_tcp("0.0.0.0:0".parse().unwrap())
            .is_err()
    );
}

#[test]
fn shutdown_ends_everything_and_frees_the_address() {
    let world = World::new(Config::default());
    let address = world.listen();
    let (mut client, id) = world.client(address);
    world.streams.shutdown();
    assert_eq!(world.closed(), (id, CloseReason::Shutdown));
    assert!(ended(&mut client));
    assert!(
        world
            .streams
            .connect(Connect {
                local: None,
                peer: address,
                tls: None,
                tls_key: None,
            })
            .is_err()
    );
    World::new(Config::default())
        .streams
        .listen_tcp(address)
        .unwrap();
}
