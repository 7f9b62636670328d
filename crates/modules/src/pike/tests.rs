//! The numbers are those that Kamailio 5.6.3 gave for the same requests.

use super::rules::{Limits, Rules};
use super::tree::{Heat, Tree, Verdict};
use crate::testing::{Bench, UNIX_MS};
use ahash::RandomState;
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr};

fn rules(density: u32) -> Rules {
    Rules {
        density,
        unit_s: 2,
        latency_s: 120,
        limits: Limits::default(),
    }
}

fn tree() -> Tree {
    Tree::new(RandomState::with_seeds(1, 2, 3, 4))
}

/// Requests that pass until the first is refused.
fn passes(tree: &Tree, address: &str, unit: u32, rules: &Rules) -> usize {
    let address: IpAddr = address.parse().expect("an address");
    let passed = (0..10_000).take_while(|_| tree.hit(address, unit, rules) == Verdict::Pass);
    passed.count()
}

#[test]
fn neighbours_are_blocked_sooner() {
    // Density; a fresh address, then one that shares three, two, one octet; a fresh IPv6 address.
    let observed = [
        (1, [4, 1, 2, 3], 16),
        (3, [6, 3, 4, 5], 18),
        (8, [11, 8, 9, 10], 23),
        (10, [13, 10, 11, 12], 25),
        (16, [21, 16, 17, 18], 33),
        (20, [26, 20, 21, 22], 38),
        (32, [41, 32, 33, 34], 53),
        (100, [126, 100, 101, 102], 138),
    ];
    for (density, wanted, wanted_v6) in observed {
        let (tree, rules) = (tree(), rules(density));
        let addresses = ["10.1.2.3", "10.1.2.4", "10.1.9.4", "10.7.9.4"];
        let found = addresses.map(|address| passes(&tree, address, 5, &rules));
        assert_eq!(found, wanted, "density {density}");
        assert_eq!(passes(&tree, "::1", 5, &rules), wanted_v6);
        assert_eq!(passes(&tree, "11.7.9.4", 5, &rules), wanted[0]);
    }
}

#[test]
fn a_block_lasts_this_unit_and_the_next() {
    let (tree, rules) = (tree(), rules(20));
    assert_eq!(passes(&tree, "10.1.2.3", 5, &rules), 26);
    let hit = |unit| tree.hit("10.1.2.3".parse().expect("an address"), unit, &rules);
    assert_eq!([hit(5), hit(6), hit(6)], [Verdict::Red; 3]);
    assert!(tree.sweep(6, &rules).is_empty());
    assert_eq!(tree.sweep(7, &rules).len(), 1);
    assert_eq!(hit(7), Verdict::Pass);
    // The address is known whole, so it is red with the density alone.
    assert_eq!(passes(&tree, "10.1.2.3", 9, &rules), 19);
}

#[test]
fn inner_nodes_forget_with_the_unit() {
    let (tree, rules) = (tree(), rules(20));
    let address = "6.1.2.3".parse().expect("an address");
    (0..6).for_each(|_| assert_eq!(tree.hit(address, 5, &rules), Verdict::Pass));
    assert_eq!(passes(&tree, "6.1.2.3", 6, &rules), 24);
    assert_eq!(passes(&tree, "6.7.1.1", 7, &rules), 26);
}

#[test]
fn what_is_idle_is_forgotten_with_the_way_to_it() {
    let (tree, rules) = (tree(), rules(20));
    passes(&tree, "10.1.2.3", 5, &rules);
    tree.sweep(5 + 59, &rules);
    assert_eq!(tree.leaves(5 + 59, &rules).len(), 1);
    assert!(
        tree.sweep(5 + 60, &rules).is_empty(),
        "no line for what expires"
    );
    assert!(tree.leaves(5 + 60, &rules).is_empty());
    assert_eq!(passes(&tree, "10.1.2.3", 65, &rules), 26);
}

#[test]
fn a_spoofed_flood_finds_an_end_and_a_real_one_is_still_seen() {
    let limits = Limits { nodes: 6400 };
    let (tree, rules) = (tree(), Rules { limits, ..rules(8) });
    for number in 0..500_000_u32 {
        // An odd factor: half a million different addresses, from everywhere.
        let address = Ipv4Addr::from(number.wrapping_mul(2_654_435_761)).into();
        assert_eq!(
            tree.hit(address, 5 + number / 125_000, &rules),
            Verdict::Pass
        );
    }
    assert!(tree.nodes() <= 6400, "{}", tree.nodes());
    assert!(tree.nodes() > 3000, "{}", tree.nodes());
    // What the flood left makes room two units later.
    assert!(passes(&tree, "10.1.2.3", 11, &rules) < 30);
}

#[test]
fn the_list_has_the_busiest_first() {
    let (tree, rules) = (tree(), rules(20));
    for (address, hits) in [("10.1.2.3", 8), ("11.1.2.3", 20), ("12.1.2.3", 40)] {
        let address = address.parse().expect("an address");
        (0..hits).for_each(|_| {
            tree.hit(address, 5, &rules);
        });
    }
    let found: Vec<_> = tree
        .leaves(6, &rules)
        .iter()
        .map(|leaf| (leaf.previous, leaf.heat))
        .collect();
    assert_eq!(found, [(33, Heat::Hot), (13, Heat::Warm), (1, Heat::Cold)]);
}

const SCRIPT: &str = r#"
loadmodule "pike.so"
modparam("pike", "reqs_density_per_unit", 2)
request_route {
    pike_check_req();
    rc();
    pike_check_ip("$hdr(X-IP)");
    rc();
}
"#;

fn options(address: &str) -> String {
    format!(
        "OPTIONS sip:a@b SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1\nFrom: <sip:a@b>;tag=1\nTo: <sip:a@b>\n\
         Call-ID: 1\nCSeq: 1 OPTIONS\nX-IP: {address}\nContent-Length: 0\n\n"
    )
}

#[test]
fn codes_and_lines_are_kamailios() {
    let bench = Bench::new(&SCRIPT.replace("loadmodule", "loadmodule \"pv.so\"\nloadmodule"));
    let mut codes = Vec::new();
    let mut log = Vec::new();
    for _ in 0..7 {
        let ran = bench.run(&options("2001:db8::1"));
        codes.push(ran.codes[0]);
        log.extend(ran.log);
    }
    assert_eq!(codes, [1, 1, 1, 1, 1, -2, -1]);
    assert!(
        log[0].starts_with("WARNING pike: PIKE - BLOCKing ip 127.0.0.1, node=0x"),
        "{log:?}"
    );
    let ran = bench.run(&options("127.0.0.300"));
    assert_eq!(ran.codes, [-1, -1]);
    assert_eq!(
        ran.log,
        ["ERROR pike: failed to parse ip address: 127.0.0.300"]
    );
    bench.tick(UNIX_MS + 4000);
    let node = log[0].rsplit('=').next().unwrap_or_default();
    let ran = bench.run(&options("127.0.0.1"));
    assert!(
        ran.log
            .contains(&format!("WARNING pike: PIKE - UNBLOCKing node {node}")),
        "{:?}",
        ran.log
    );
}

#[test]
fn commands_list_by_heat() {
    let bench = Bench::new(&SCRIPT.replace("loadmodule", "loadmodule \"pv.so\"\nloadmodule"));
    (0..7).for_each(|_| drop(bench.run(&options("10.1.2.3"))));
    let top = |word| bench.rpc("pike.top", word).expect("an answer");
    let hot = top(json!([]));
    assert_eq!(hot["max_hits"], 2);
    assert_eq!(hot["number_of_rows"], 2);
    assert_eq!(hot["list"][0]["status"], "HOT");
    assert_eq!(hot["list"][0]["leaf_hits_curr"], 3);
    assert_eq!(top(json!(["WARM"]))["list"], json!([]));
    assert_eq!(top(json!(["all"]))["number_of_rows"], 2);
    let refused = bench.rpc("pike.list", json!(["X"])).expect_err("an error");
    assert_eq!(refused.message, "Bad argument. Select: ALL, HOT or WARM");
}
