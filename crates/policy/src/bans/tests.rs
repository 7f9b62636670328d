use super::*;

const NOW_MS: u64 = 1_795_246_834_000;
const TIMES: BanTimes = BanTimes {
    unvalidated_s: 60,
    longest_s: 86_400,
    remember_s: 3600,
};

fn bans(sources: usize) -> Bans {
    let limits = BanLimits {
        sources,
        networks: 2,
        known: 64 * 64,
        unsaved: 100,
    };
    Bans::new(RandomState::with_seeds(1, 2, 3, 4), limits)
}

fn peer(text: &str) -> SocketAddr {
    text.parse().expect(text)
}

fn source(text: &str) -> Source {
    Source::parse(text).expect(text)
}

fn add(bans: &Bans, from: &str, is_validated: bool, now_ms: u64) -> Result<Listed, NotBanned> {
    let order = BanOrder {
        peer: peer(from),
        seconds: 300,
        reason: "test",
        is_validated,
    };
    bans.add(&order, &TIMES, now_ms)
}

/// Whether the packets of each are dropped.
fn dropped<const N: usize>(bans: &Bans, peers: [&str; N], now_ms: u64) -> [bool; N] {
    peers.map(|from| bans.drops(peer(from), b"INVITE", now_ms))
}

#[test]
fn a_ban_holds_for_its_source_and_its_time() {
    let bans = bans(640);
    assert_eq!(dropped(&bans, ["192.0.2.1:5060"], NOW_MS), [false]);
    add(&bans, "192.0.2.1:5060", true, NOW_MS).expect("a ban");
    let peers = ["192.0.2.1:5060", "192.0.2.1:7", "192.0.2.2:5060"];
    assert_eq!(dropped(&bans, peers, NOW_MS + 299_999), [true, true, false]);
    assert_eq!(dropped(&bans, peers, NOW_MS + 300_000), [false; 3]);
    assert_eq!(bans.dropped(), 2);
    let listed = bans.list(NOW_MS);
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].source, source("192.0.2.1"));
    assert!(bans.remove(source("192.0.2.1")) && !bans.remove(source("192.0.2.1")));
    assert_eq!(dropped(&bans, peers, NOW_MS), [false; 3]);
}

#[test]
fn in_ipv6_a_subscribers_network_is_banned() {
    let bans = bans(640);
    add(&bans, "[2001:db8::1]:5060", true, NOW_MS).expect("a ban");
    let peers = ["[2001:db8::2]:1", "[2001:db8:0:1::1]:5060"];
    assert_eq!(dropped(&bans, peers, NOW_MS), [true, false]);
}

#[test]
fn repeaters_are_banned_longer_each_time() {
    let bans = bans(640);
    let mut now_ms = NOW_MS;
    let mut seconds = Vec::new();
    for _ in 0..12 {
        let made = add(&bans, "192.0.2.1:5060", true, now_ms).expect("a ban");
        assert_eq!(made.ban.since_ms, NOW_MS);
        seconds.push((made.ban.until_ms - now_ms) / 1000);
        now_ms = made.ban.until_ms + 1000;
        bans.sweep(&TIMES, &|_| false, now_ms);
    }
    assert_eq!(seconds[..4], [300, 600, 1200, 2400]);
    assert_eq!(seconds[11], TIMES.longest_s);
    now_ms += 3_700_000;
    bans.sweep(&TIMES, &|_| false, now_ms);
    assert!(bans.is_empty());
    let made = add(&bans, "192.0.2.1:5060", true, now_ms).expect("a ban");
    assert_eq!(made.ban.until_ms - now_ms, 300_000);
}

#[test]
fn one_incident_is_one_ban() {
    let bans = bans(640);
    add(&bans, "192.0.2.1:5060", true, NOW_MS).expect("a ban");
    let again = add(&bans, "192.0.2.1:5060", true, NOW_MS + 1000).expect("a ban");
    assert_eq!(again.ban.strikes, 0);
    assert_eq!(again.ban.until_ms, NOW_MS + 301_000);
}

#[test]
fn unvalidated_bans_are_short_and_let_replies_pass() {
    let bans = bans(640);
    let made = add(&bans, "192.0.2.1:5060", false, NOW_MS).expect("a ban");
    assert_eq!(made.ban.until_ms, NOW_MS + 60_000);
    let from = peer("192.0.2.1:5060");
    assert!(bans.drops(from, b"REGISTER sip:a SIP/2.0\r\n", NOW_MS));
    assert!(!bans.drops(from, b"SIP/2.0 200 OK\r\n", NOW_MS));
    assert!(!bans.hangs_up(from, NOW_MS));
    assert_eq!(bans.take_change(), None, "it is written nowhere");
    add(&bans, "192.0.2.1:5060", true, NOW_MS).expect("a ban");
    assert!(bans.drops(from, b"SIP/2.0 200 OK\r\n", NOW_MS));
    assert!(bans.hangs_up(from, NOW_MS));
    assert!(matches!(bans.take_change(), Some(BanChange::Put(_))));
    // Whoever spoofs afterwards makes it no shorter.
    add(&bans, "192.0.2.1:5060", false, NOW_MS).expect("a ban");
    assert!(bans.drops(from, b"INVITE", NOW_MS + 299_000));
}

#[test]
fn nobody_silences_a_source_that_proved_itself() {
    let bans = bans(640);
    bans.note_known(peer("192.0.2.1:5060"), None, NOW_MS + 60_000, NOW_MS);
    for from in ["192.0.2.1:5060", "192.0.2.1:7"] {
        assert_eq!(add(&bans, from, false, NOW_MS), Err(NotBanned::Known));
    }
    assert_eq!(
        add(&bans, "192.0.2.1:5060", true, NOW_MS),
        Err(NotBanned::Known)
    );
    // A neighbour behind the same translator is banned alone.
    let made = add(&bans, "192.0.2.1:7", true, NOW_MS).expect("a ban");
    assert_eq!(made.port, Some(7));
    let peers = ["192.0.2.1:5060", "192.0.2.1:7", "192.0.2.1:8"];
    assert_eq!(dropped(&bans, peers, NOW_MS), [false, true, false]);
    // It is over with the binding.
    add(&bans, "192.0.2.1:5060", false, NOW_MS + 60_000).expect("a ban");
}

#[test]
fn standing_tells_user_and_port_apart() {
    let bans = bans(640);
    bans.note_known(
        peer("192.0.2.1:5060"),
        Some(b"alice"),
        NOW_MS + 1000,
        NOW_MS,
    );
    let standing = |from: &str, user: &[u8]| bans.standing(peer(from), user, NOW_MS);
    assert_eq!(standing("192.0.2.1:5060", b"alice"), Standing::Flow);
    assert_eq!(standing("192.0.2.1:5060", b"bob"), Standing::Port);
    bans.note_known(peer("192.0.2.1:7"), None, NOW_MS + 1000, NOW_MS);
    assert_eq!(standing("192.0.2.1:7", b"alice"), Standing::User);
    assert_eq!(standing("192.0.2.1:7", b"bob"), Standing::Port);
    assert_eq!(standing("192.0.2.1:8", b"bob"), Standing::Source);
    assert_eq!(standing("192.0.2.2:5060", b"alice"), Standing::Unknown);
    assert_eq!(
        bans.standing(peer("192.0.2.1:7"), b"bob", NOW_MS + 1000),
        Standing::Unknown
    );
    bans.sweep(&TIMES, &|_| false, NOW_MS + 1000);
    assert_eq!(bans.known(), 0);
}

#[test]
fn what_is_never_banned_is_heard_whatever_was_said() {
    let bans = bans(640);
    add(&bans, "192.0.2.1:5060", true, NOW_MS).expect("a ban");
    bans.add_by_operator(source("192.0.0.0/16"), None, "x", NOW_MS)
        .expect("a ban");
    let peers = ["192.0.2.1:5060", "192.0.3.1:5060"];
    assert_eq!(dropped(&bans, peers, NOW_MS), [true, true]);
    assert!(bans.add_never(source("192.0.2.0/24")));
    assert_eq!(dropped(&bans, peers, NOW_MS), [false, true]);
    assert_eq!(
        add(&bans, "192.0.2.1:5060", true, NOW_MS),
        Err(NotBanned::Never)
    );
    assert_eq!(bans.never(), [source("192.0.2.0/24")]);
    assert!(bans.remove_never(source("192.0.2.0/24")));
    assert_eq!(dropped(&bans, peers, NOW_MS), [true, true]);
}

#[test]
fn trusted_sources_are_let_go() {
    let bans = bans(640);
    add(&bans, "192.0.2.1:5060", true, NOW_MS).expect("a ban");
    bans.sweep(&TIMES, &|trusted| trusted == source("192.0.2.1"), NOW_MS);
    assert_eq!(dropped(&bans, ["192.0.2.1:5060"], NOW_MS), [false]);
}

#[test]
fn a_full_list_prefers_what_is_founded() {
    let bans = bans(64 * 4);
    for number in 0..2000_u16 {
        let [a, b] = number.to_be_bytes();
        let _full = add(&bans, &format!("10.0.{a}.{b}:5060"), false, NOW_MS);
    }
    assert!(
        bans.len() <= 128,
        "unvalidated bans fill half: {}",
        bans.len()
    );
    assert!(bans.refused() > 1500);
    for number in 0..2000_u16 {
        let [a, b] = number.to_be_bytes();
        add(&bans, &format!("11.0.{a}.{b}:5060"), true, NOW_MS).expect("a ban");
    }
    assert!(bans.len() <= 256);
    let list = bans.list(NOW_MS);
    assert!(
        list.iter()
            .all(|listed| listed.ban.proof == Proof::Validated)
    );
    // What has ended makes room.
    let later = NOW_MS + 301_000;
    for number in 0..10_u16 {
        add(&bans, &format!("12.0.0.{number}:5060"), false, later).expect("room");
    }
}

#[test]
fn networks_are_few_and_said_to_be_full() {
    let bans = bans(640);
    let network = |text| bans.add_by_operator(source(text), Some(60), "x", NOW_MS);
    assert!(network("10.0.0.0/8").is_ok() && network("11.0.0.0/8").is_ok());
    assert_eq!(network("12.0.0.0/8"), Err(NotBanned::Full));
    assert!(network("10.0.0.0/8").is_ok(), "it is there already");
    bans.sweep(&TIMES, &|_| false, NOW_MS + 60_000);
    assert!(bans.list(NOW_MS).is_empty());
    assert!(network("12.0.0.0/8").is_ok());
}

#[test]
fn those_who_proved_themselves_are_bounded() {
    let bans = bans(640);
    for port in 1..60_000_u16 {
        let from = SocketAddr::new([192, 0, 2, 1].into(), port);
        bans.note_known(from, Some(b"alice"), NOW_MS + 1000, NOW_MS);
    }
    assert!(bans.known() <= 64, "a part of the table: {}", bans.known());
    assert_eq!(
        bans.standing(peer("192.0.2.1:1"), b"alice", NOW_MS),
        Standing::Flow
    );
    assert_eq!(
        bans.standing(peer("192.0.2.1:59999"), b"alice", NOW_MS),
        Standing::User
    );
}

#[test]
fn a_list_is_restored() {
    let first = bans(640);
    add(&first, "192.0.2.1:5060", true, NOW_MS).expect("a ban");
    first
        .add_by_operator(source("10.0.0.0/8"), None, "x", NOW_MS)
        .expect("a ban");
    first.note_known(peer("192.0.2.9:1"), Some(b"alice"), NOW_MS + 1000, NOW_MS);
    add(&first, "192.0.2.9:7000", true, NOW_MS).expect("a ban of one port");
    let kept = first.list(NOW_MS).into_iter();
    let second = bans(640);
    assert!(second.restore(kept, [source("10.1.0.0/16")].into_iter(), NOW_MS));
    let peers = ["192.0.2.1:5060", "10.2.0.1:1", "10.1.0.1:1"];
    assert_eq!(dropped(&second, peers, NOW_MS), [true, true, false]);
    let ports = ["192.0.2.9:7000", "192.0.2.9:7001"];
    assert_eq!(dropped(&second, ports, NOW_MS), [true, false]);
    assert_eq!(first.list(NOW_MS), second.list(NOW_MS));
}

#[test]
fn a_ban_made_since_outlives_an_older_one_that_was_kept() {
    let (kept, since) = (bans(640), bans(640));
    add(&kept, "192.0.2.1:5060", true, NOW_MS).expect("a ban");
    add(&since, "192.0.2.1:5060", true, NOW_MS + 1000).expect("a later ban");
    let later = since.list(NOW_MS);
    assert!(since.restore(kept.list(NOW_MS).into_iter(), [].into_iter(), NOW_MS));
    assert_eq!(since.list(NOW_MS), later);
    // The other way round the later one takes its place.
    assert!(kept.restore(later.clone().into_iter(), [].into_iter(), NOW_MS));
    assert_eq!(kept.list(NOW_MS), later);
}

#[test]
fn founded_bans_of_whole_sources_may_be_dropped_elsewhere() {
    let bans = bans(640);
    let mut seen = bans.revision();
    let mut changes =
        |bans: &Bans| std::mem::replace(&mut seen, bans.revision()) != bans.revision();
    add(&bans, "192.0.2.1:5060", false, NOW_MS).expect("a ban");
    assert!(!changes(&bans) && bans.founded(NOW_MS).is_empty());
    add(&bans, "192.0.2.2:5060", true, NOW_MS).expect("a ban");
    assert!(changes(&bans));
    bans.note_known(peer("192.0.2.3:5060"), None, NOW_MS + 60_000, NOW_MS);
    add(&bans, "192.0.2.3:7", true, NOW_MS).expect("a ban of one port");
    assert!(!changes(&bans));
    let founded = [(source("192.0.2.2"), NOW_MS + 300_000)];
    assert_eq!(bans.founded(NOW_MS), founded);
    assert!(bans.founded(NOW_MS + 300_000).is_empty());
    assert!(bans.remove(source("192.0.2.2")) && changes(&bans));
    assert!(bans.founded(NOW_MS).is_empty());
}

#[test]
fn a_source_has_parts() {
    for text in ["192.0.2.1", "10.0.0.0/8", "2001:db8::/64", "::1"] {
        let (address, bits) = source(text).parts();
        assert_eq!(Source::network(address, bits).to_string(), text);
    }
}

#[test]
fn a_place_is_a_source_or_one_port_of_it() {
    for (text, port) in [
        ("192.0.2.1", None),
        ("192.0.2.1 port 7000", Some(7000)),
        ("2001:db8:1:2::/64 port 1", Some(1)),
        ("10.0.0.0/8", None),
    ] {
        let (source, found) = parse_place(text).expect(text);
        assert_eq!((place(source, found).as_str(), found), (text, port));
    }
    for wrong in [
        "x port 1",
        "192.0.2.1 port",
        "192.0.2.1 port x",
        "192.0.2.1 port 65536",
    ] {
        assert!(parse_place(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn lifting_a_ban_tells_of_each_of_its_ports() {
    let bans = bans(640);
    bans.note_known(peer("192.0.2.9:1"), Some(b"alice"), NOW_MS + 1000, NOW_MS);
    add(&bans, "192.0.2.9:7000", true, NOW_MS).expect("a ban of one port");
    let changes = || std::iter::from_fn(|| bans.take_change()).collect::<Vec<_>>();
    assert!(matches!(&changes()[..], [BanChange::Put(listed)] if listed.port == Some(7000)));
    assert!(bans.remove(source("192.0.2.9")));
    let told = changes();
    assert!(
        told.contains(&BanChange::Remove(source("192.0.2.9"), Some(7000))),
        "{told:?}"
    );
}
