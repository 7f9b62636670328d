//! What a database says of an address.

use super::Database;
use bytes::Bytes;
use maxminddb::{MaxMindDbError, geoip2::City};
use script::Value;
use std::net::IpAddr;

/// Where an address is.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    country: Option<Bytes>,
    time_zone: Option<Bytes>,
    postal_code: Option<Bytes>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    network_bits: u8,
    city: Option<Bytes>,
    region_code: Option<Bytes>,
    region_name: Option<Bytes>,
    metro_code: Option<u16>,
    continent: Option<Bytes>,
}

impl Place {
    /// What the database says; none where it has nothing about the address.
    pub(super) fn find(database: &Database, ip: IpAddr) -> Result<Option<Place>, MaxMindDbError> {
        let found = database.lookup(ip)?;
        let Some(city) = found.decode::<City<'_>>()? else {
            return Ok(None);
        };
        // An IPv4 network in a tree of IPv6 is counted from the tree's root, as Kamailio does.
        let above = match ip.is_ipv4() && database.metadata().ip_version == 6 {
            true => 96,
            false => 0,
        };
        let network_bits = found.network()?.prefix().saturating_add(above);
        let region = city.subdivisions.first();
        Ok(Some(Place {
            country: owned(city.country.iso_code),
            time_zone: owned(city.location.time_zone),
            postal_code: owned(city.postal.code),
            latitude: city.location.latitude,
            longitude: city.location.longitude,
            network_bits,
            city: owned(city.city.names.english),
            region_code: owned(region.and_then(|region| region.iso_code)),
            region_name: owned(region.and_then(|region| region.names.english)),
            metro_code: city.location.metro_code,
            continent: owned(city.continent.code),
        }))
    }
}

fn owned(text: Option<&str>) -> Option<Bytes> {
    text.map(|text| Bytes::copy_from_slice(text.as_bytes()))
}

/// How a field of `$gip2(pvc=>key)` is read.
pub(super) type Field = fn(&Place) -> Value;

/// The field with this key.
pub(super) fn field(key: &[u8]) -> Option<Field> {
    Some(match key {
        b"cc" => |place| text(&place.country),
        b"tz" => |place| text(&place.time_zone),
        b"zip" => |place| text(&place.postal_code),
        b"lat" => |place| degrees(place.latitude),
        b"lon" => |place| degrees(place.longitude),
        b"nmask" => |place| Value::Int(place.network_bits.into()),
        b"city" => |place| text(&place.city),
        b"regc" => |place| text(&place.region_code),
        b"regn" => |place| text(&place.region_name),
        b"metro" => |place| {
            place
                .metro_code
                .map_or(Value::Null, |code| Value::Int(code.into()))
        },
        b"contc" => |place| text(&place.continent),
        _ => return None,
    })
}

fn text(text: &Option<Bytes>) -> Value {
    text.clone().map_or(Value::Null, Value::Str)
}

fn degrees(number: Option<f64>) -> Value {
    number.map_or(Value::Null, |number| {
        Value::Str(format!("{number:.6}").into())
    })
}

/// Places, each under the name that the script gave it. They live as long as the request.
#[derive(Default)]
pub(super) struct Places(Vec<(Bytes, Place)>);

/// Names that one request may use; a further place is not kept.
const MOST: usize = 64;

impl Places {
    /// Keeps a place in the place of the former one; none forgets it.
    pub(super) fn keep(&mut self, name: Bytes, place: Option<Place>) {
        self.0.retain(|(other, _)| *other != name);
        if let Some(place) = place.filter(|_| self.0.len() < MOST) {
            self.0.push((name, place));
        }
    }

    /// The place under a name.
    pub(super) fn get(&self, name: &[u8]) -> Option<&Place> {
        let found = self.0.iter().find(|(other, _)| other.as_ref() == name);
        found.map(|(_, place)| place)
    }
}
