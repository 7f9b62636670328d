//! What the kernel could not keep: datagrams that found a receive buffer full. They are the
//! machine's loss, not the server's; the peers retransmit them.

const TABLE: &str = "/proc/net/udp";

/// Datagrams that sockets on these ports have lost since they were opened.
pub(super) fn lost(ports: &[u16]) -> Result<u64, String> {
    let text = std::fs::read_to_string(TABLE).map_err(|error| format!("{TABLE}: {error}"))?;
    Ok(lost_in(&text, ports))
}

/// The second column is `ADDRESS:PORT` in hexadecimal, the last one counts.
fn lost_in(table: &str, ports: &[u16]) -> u64 {
    let columns = table.lines().skip(1).map(|line| {
        let mut columns = line.split_whitespace();
        (columns.nth(1), columns.next_back())
    });
    columns
        .filter(|(local, _)| {
            let port = local.and_then(|local| local.rsplit(':').next());
            let port = port.and_then(|port| u16::from_str_radix(port, 16).ok());
            port.is_some_and(|port| ports.contains(&port))
        })
        .filter_map(|(_, lost)| lost?.parse::<u64>().ok())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_ports_count() {
        let table = "  sl  local_address rem_address   st tx_queue inode drops\n\
            1: 0100007F:13C4 00000000:0000 07 00000000:00000000 00:00000000 0 0 0 9 2 0 3\n\
            2: 0100007F:13CE 00000000:0000 07 00000000:00000000 00:00000000 0 0 0 9 2 0 4\n\
            3: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 0 0 0 9 2 0 5\n";
        assert_eq!(lost_in(table, &[5060, 5070]), 7);
        assert_eq!(lost_in(table, &[]), 0);
    }
}
