//! Trusted peers in the table `address`, group 1.

use crate::accounts::run;
use std::net::IpAddr;
use store::{Cell, Filter, Name, Select, Store, Write, schema};

/// A peer or a network of peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trunk {
    /// The address, or the first address of the network.
    pub address: IpAddr,
    /// How many bits count.
    pub mask: u8,
}

impl Trunk {
    /// Reads `192.0.2.1`, `192.0.2.0/24` or `2001:db8::/32`.
    ///
    /// # Errors
    /// A sentence, where it is neither.
    pub fn parse(text: &str) -> Result<Trunk, String> {
        let wrong = || format!("{text:?} is no address such as 192.0.2.1 or 192.0.2.0/24");
        let (address, mask) = text.split_once('/').unwrap_or((text, ""));
        let address: IpAddr = address
            .trim_matches(['[', ']'])
            .parse()
            .map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let mask = if mask.is_empty() {
            most
        } else {
            mask.parse().map_err(|_| wrong())?
        };
        if mask == 0 || mask > most {
            return Err(format!("{text:?}: the mask must be 1 to {most}"));
        }
        Ok(Trunk { address, mask })
    }
}

impl std::fmt::Display for Trunk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.mask)
    }
}

/// Trusts a peer.
///
/// # Errors
/// A sentence, where it is trusted already, or where the database refuses.
pub fn add(store: &dyn Store, trunk: Trunk) -> Result<(), String> {
    let select = Select::from(schema::ADDRESS.name.clone())
        .filter(which(trunk))
        .limit(1);
    if !run(store, select.into())?.into_rows().is_empty() {
        return Err(format!("{trunk} is trusted already"));
    }
    let insert = Write::Insert {
        table: schema::ADDRESS.name.clone(),
        row: vec![
            (GROUP, Cell::Int(TRUNKS)),
            (ADDRESS, Cell::text(trunk.address.to_string())),
            (MASK, Cell::Int(trunk.mask.into())),
            (PORT, Cell::Int(0)),
        ],
    };
    run(store, insert.into()).map(drop)
}

/// Trusts a peer no longer.
///
/// # Errors
/// A sentence, where it was not trusted, or where the database refuses.
pub fn remove(store: &dyn Store, trunk: Trunk) -> Result<(), String> {
    let delete = Write::Delete {
        table: schema::ADDRESS.name.clone(),
        filter: which(trunk),
    };
    match run(store, delete.into())?.affected() {
        0 => Err(format!("{trunk} is not trusted")),
        _ => Ok(()),
    }
}

/// All trusted peers.
///
/// # Errors
/// A sentence, where the database refuses.
pub fn list(store: &dyn Store) -> Result<Vec<String>, String> {
    let select = Select::from(schema::ADDRESS.name.clone())
        .columns([ADDRESS, MASK])
        .filter(Filter::all().eq(GROUP, Cell::Int(TRUNKS)));
    let rows = run(store, select.into())?.into_rows();
    let line = |row| {
        let address = rows.cell(row, &ADDRESS).and_then(Cell::as_str)?;
        let mask = rows.cell(row, &MASK).and_then(Cell::as_int)?;
        Some(format!("{address}/{mask}"))
    };
    Ok((0..rows.len()).filter_map(line).collect())
}

/// The group that the built-in policy trusts.
const TRUNKS: i64 = 1;
const GROUP: Name = Name::fixed("grp");
const ADDRESS: Name = Name::fixed("ip_addr");
const MASK: Name = Name::fixed("mask");
const PORT: Name = Name::fixed("port");

fn which(trunk: Trunk) -> Filter {
    Filter::all()
        .eq(GROUP, Cell::Int(TRUNKS))
        .eq(ADDRESS, Cell::text(trunk.address.to_string()))
        .eq(MASK, Cell::Int(trunk.mask.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::Memory;

    #[test]
    fn a_peer_comes_and_goes() {
        let store = Memory::standard();
        let trunk = Trunk::parse("192.0.2.0/24").expect("a network");
        assert_eq!(add(&store, trunk), Ok(()));
        assert!(add(&store, trunk).is_err());
        assert_eq!(list(&store), Ok(vec!["192.0.2.0/24".to_owned()]));
        assert_eq!(remove(&store, trunk), Ok(()));
        assert!(remove(&store, trunk).is_err());
    }

    #[test]
    fn only_addresses_are_trusted() {
        assert!(Trunk::parse("[2001:db8::1]").is_ok_and(|trunk| trunk.mask == 128));
        for bad in ["", "example.test", "192.0.2.1/33", "192.0.2.1/0", "::1/129"] {
            assert!(Trunk::parse(bad).is_err(), "{bad}");
        }
    }
}
