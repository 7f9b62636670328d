//! A writer of small databases in MaxMind's format, for tests.
//!
//! Source: "MaxMind DB File Format Specification", version 2.0. Records of 24 bits; IPv4 networks
//! stand below `::/96`.

use std::net::IpAddr;

/// A value of a record.
pub(super) enum Data {
    Text(&'static str),
    Double(f64),
    Short(u16),
    Number(u32),
    Long(u64),
    Map(Vec<(&'static str, Data)>),
    List(Vec<Data>),
}

/// A network of IPv4 or IPv6 with its record.
pub(super) type Network = (&'static str, u8, Data);

/// The octets of a database.
pub(super) fn database(networks: &[Network]) -> Vec<u8> {
    let mut tree = vec![[Slot::Empty, Slot::Empty]];
    let mut data = Vec::new();
    for (address, length, record) in networks {
        let (bits, length) = bits_of(address, *length);
        insert(&mut tree, bits, length, data.len());
        write(record, &mut data);
    }
    let mut out = Vec::new();
    for node in &tree {
        for slot in node {
            let number = match slot {
                Slot::Empty => tree.len(),
                Slot::Node(node) => *node,
                Slot::Data(offset) => tree.len() + 16 + offset,
            };
            out.extend_from_slice(&u32::try_from(number).expect("a small tree").to_be_bytes()[1..]);
        }
    }
    out.extend_from_slice(&[0; 16]);
    out.extend_from_slice(&data);
    out.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
    write(&metadata(tree.len()), &mut out);
    out
}

#[derive(Clone, Copy)]
enum Slot {
    Empty,
    Node(usize),
    Data(usize),
}

fn bits_of(address: &str, length: u8) -> (u128, u8) {
    match address.parse().expect("an address") {
        IpAddr::V4(ip) => (u128::from(ip.to_bits()), length + 96),
        IpAddr::V6(ip) => (ip.to_bits(), length),
    }
}

fn insert(tree: &mut Vec<[Slot; 2]>, bits: u128, length: u8, offset: usize) {
    let mut node = 0;
    for depth in 0..length {
        let side = usize::from(bits >> (127 - depth) & 1 == 1);
        if depth + 1 == length {
            tree[node][side] = Slot::Data(offset);
            return;
        }
        node = match tree[node][side] {
            Slot::Node(next) => next,
            _ => {
                tree.push([Slot::Empty, Slot::Empty]);
                tree[node][side] = Slot::Node(tree.len() - 1);
                tree.len() - 1
            }
        };
    }
}

fn write(data: &Data, out: &mut Vec<u8>) {
    match data {
        Data::Text(text) => {
            control(2, text.len(), out);
            out.extend_from_slice(text.as_bytes());
        }
        Data::Double(number) => {
            control(3, 8, out);
            out.extend_from_slice(&number.to_be_bytes());
        }
        Data::Short(number) => {
            control(5, 2, out);
            out.extend_from_slice(&number.to_be_bytes());
        }
        Data::Long(number) => {
            out.extend_from_slice(&[8, 2]);
            out.extend_from_slice(&number.to_be_bytes());
        }
        Data::Number(number) => {
            control(6, 4, out);
            out.extend_from_slice(&number.to_be_bytes());
        }
        Data::Map(fields) => {
            control(7, fields.len(), out);
            for (name, value) in fields {
                write(&Data::Text(name), out);
                write(value, out);
            }
        }
        Data::List(items) => {
            out.extend_from_slice(&[u8::try_from(items.len()).expect("a short list"), 4]);
            items.iter().for_each(|item| write(item, out));
        }
    }
}

fn control(kind: u8, size: usize, out: &mut Vec<u8>) {
    let size = u8::try_from(size).expect("a short value");
    match size {
        0..29 => out.push(kind << 5 | size),
        _ => out.extend_from_slice(&[kind << 5 | 29, size - 29]),
    }
}

fn metadata(nodes: usize) -> Data {
    Data::Map(vec![
        (
            "node_count",
            Data::Number(u32::try_from(nodes).expect("a small tree")),
        ),
        ("record_size", Data::Short(24)),
        ("ip_version", Data::Short(6)),
        ("database_type", Data::Text("GeoLite2-City")),
        ("languages", Data::List(vec![Data::Text("en")])),
        ("binary_format_major_version", Data::Short(2)),
        ("binary_format_minor_version", Data::Short(0)),
        ("build_epoch", Data::Long(1_700_000_000)),
        (
            "description",
            Data::Map(vec![("en", Data::Text("places for tests"))]),
        ),
    ])
}
