//! A file of addresses: `group address [mask] [port] [tag]`, one a line.

use super::is_single;
use super::table::{Entry, Subnet, Table};
use bytes::Bytes;
use std::net::IpAddr;

/// Reads a file; each line that cannot be used is left out and named, as `line 3: …`.
pub(super) fn parse(text: &str, max_subnets: usize) -> (Table, Vec<String>) {
    let (mut table, mut wrong) = (Table::default(), Vec::new());
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        if let Err(why) = record(&mut table, &words, max_subnets) {
            wrong.push(format!("line {}: {why}", number + 1));
        }
    }
    (table, wrong)
}

fn record(table: &mut Table, words: &[&str], max_subnets: usize) -> Result<(), &'static str> {
    let word = |index: usize| words.get(index).copied();
    let number = |index: usize| word(index).map_or(Ok(0), str::parse::<i64>);
    let group = number(0).map_err(|_| "its group is no number")?;
    let address = word(1).ok_or("it has no address")?;
    let mask = number(2).map_err(|_| "its mask is no number")?;
    let port = number(3).map_err(|_| "its port is no number")?;
    let entry = Entry {
        group,
        port: u16::try_from(port).map_err(|_| "its port is none")?,
        tag: word(4).map(|tag| Bytes::copy_from_slice(tag.as_bytes())),
    };
    match policy::address_of(address.as_bytes()) {
        _ if group < 1 => Err(NO_GROUP),
        Some(ip) => add(table, ip, mask, entry, max_subnets),
        None => {
            table.add_domain(address.as_bytes(), entry);
            Ok(())
        }
    }
}

/// Groups begin with 1: 0 would end the script that `allow_source_address_group()` returns it to.
pub(super) const NO_GROUP: &str = "its group is not above 0";

/// Adds an address or a network. A mask of 0 is a full one, as in Kamailio.
pub(super) fn add(
    table: &mut Table,
    address: IpAddr,
    mask: i64,
    entry: Entry,
    max_subnets: usize,
) -> Result<(), &'static str> {
    let full: u8 = if address.is_ipv4() { 32 } else { 128 };
    let mask = match u8::try_from(mask) {
        Ok(0) => full,
        Ok(mask) if mask <= full => mask,
        _ => return Err("its mask is none"),
    };
    if is_single(address, mask) {
        table.addresses.entry(address).or_default().push(entry);
    } else if table.subnets.len() < max_subnets {
        table.subnets.push(Subnet {
            address,
            mask,
            entry,
        });
    } else {
        return Err("there are more networks than max_subnets");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sample of Kamailio's README, and lines that are none.
    #[test]
    fn a_file_of_addresses() {
        let text = "# address file\n\n1 127.0.0.1 32 0 tag1\n1 10.0.0.10 # full mask\n2 192.168.1.0 24 0 tag2\n\
            3 [1:5ee::900d:c0de]\n4 trunk.test 0 5060 a=b;c\n5 10.9.9.9 0\nx 10.0.0.1\n1\n1 10.0.0.1 33\n0 10.0.0.2\n1 10.0.0.1 32 70000\n";
        let (table, wrong) = parse(text, 512);
        let found = |address: &str, port| {
            let ip = address.parse().expect("an address");
            table.address(None, ip, port).map(|entry| entry.group)
        };
        assert_eq!(found("127.0.0.1", 1), Some(1));
        assert_eq!(found("10.0.0.10", 1), Some(1));
        assert_eq!(found("192.168.1.77", 1), Some(2));
        assert_eq!(found("1:5ee::900d:c0de", 1), Some(3));
        assert_eq!(found("10.9.9.9", 1), Some(5));
        assert_eq!(found("10.9.9.8", 1), None);
        let domain = table.domain(None, b"trunk.test", 5060).expect("a name");
        assert_eq!(domain.tag.as_deref(), Some(b"a=b;c".as_slice()));
        assert_eq!(wrong.len(), 5);
        assert_eq!(
            wrong.first().map(String::as_str),
            Some("line 9: its group is no number")
        );
    }

    #[test]
    fn there_are_no_more_networks_than_max_subnets() {
        let (table, wrong) = parse("1 10.0.0.0 8\n1 11.0.0.0 8\n1 12.0.0.1\n", 1);
        let knows = |ip: &str| table.address(None, ip.parse().expect("an address"), 1);
        assert!(knows("10.1.1.1").is_some());
        assert!(knows("11.1.1.1").is_none());
        assert!(
            knows("12.0.0.1").is_some(),
            "a single address is no network"
        );
        assert_eq!(wrong, ["line 2: there are more networks than max_subnets"]);
    }

    #[test]
    fn a_name_may_stand_in_several_groups() {
        let (table, _) = parse("1 trunk.test 0 5060\n2 trunk.test 0 5070\n", 512);
        let group = |port| {
            table
                .domain(None, b"trunk.test", port)
                .map(|entry| entry.group)
        };
        assert_eq!(
            [group(5060), group(5070), group(5080)],
            [Some(1), Some(2), None]
        );
    }
}
