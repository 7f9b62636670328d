//! Ports for one test alone.

use std::net::{TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range from which systems choose ports by themselves.
const FIRST: u16 = 10_000;
const COUNT: u16 = 20_000;

/// Where the next block is looked for; 0 until the first.
static NEXT: AtomicU16 = AtomicU16::new(0);

/// The first of `count` neighbouring ports on which nobody listens, over UDP or TCP.
///
/// # Panics
/// Where there is no such block.
#[must_use]
pub fn block(count: u16) -> u16 {
    // Another run at the same time starts elsewhere.
    let start = u16::try_from(std::process::id() % 97).unwrap_or(0) * 200;
    for _ in 0..COUNT / count {
        let first = first(NEXT.fetch_add(count, Ordering::Relaxed).wrapping_add(start));
        if (first..first + count).all(is_free) {
            return first;
        }
    }
    panic!("no {count} free ports");
}

/// Whether a program has bound this UDP port, without disturbing one that is about to.
#[must_use]
pub fn is_udp_bound(port: u16) -> bool {
    let wanted = format!(":{port:04X}");
    let table = std::fs::read_to_string("/proc/net/udp").unwrap_or_default();
    table
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1))
        .any(|local| local.ends_with(&wanted))
}

/// Where the block at an offset begins. Whatever its size, it ends before the one that follows it.
fn first(offset: u16) -> u16 {
    FIRST + offset % COUNT
}

fn is_free(port: u16) -> bool {
    UdpSocket::bind(("0.0.0.0", port)).is_ok() && TcpListener::bind(("0.0.0.0", port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_any_size_lie_apart_where_the_range_begins_anew() {
        let (mut offset, mut taken) = (COUNT - 50, std::collections::BTreeSet::new());
        for count in [1, 3, 2, 8].into_iter().cycle().take(40) {
            let block = first(offset)..first(offset) + count;
            assert!(block.into_iter().all(|port| taken.insert(port)), "{offset}");
            offset += count;
        }
    }
}
