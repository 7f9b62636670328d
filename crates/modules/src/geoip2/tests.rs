//! A small database; what is expected was seen in Kamailio 5.6.3 with the same file.

use super::place::{Place, field};
use super::writer::{Data, Network, database};
use maxminddb::Reader;

fn networks() -> [Network; 3] {
    let names = |name| Data::Map(vec![("names", Data::Map(vec![("en", Data::Text(name))]))]);
    let code = |key, code| Data::Map(vec![(key, Data::Text(code))]);
    let region = Data::Map(vec![
        ("iso_code", Data::Text("VC")),
        (
            "names",
            Data::Map(vec![("en", Data::Text("Valencia Community"))]),
        ),
    ]);
    let valencia = Data::Map(vec![
        ("city", names("Valencia")),
        ("continent", code("code", "EU")),
        ("country", code("iso_code", "ES")),
        (
            "location",
            Data::Map(vec![
                ("latitude", Data::Double(39.4698)),
                ("longitude", Data::Double(-0.3774)),
                ("metro_code", Data::Short(501)),
                ("time_zone", Data::Text("Europe/Madrid")),
            ]),
        ),
        ("postal", code("code", "46001")),
        ("subdivisions", Data::List(vec![region])),
    ]);
    let middle = Data::Map(vec![
        ("country", code("iso_code", "DE")),
        (
            "location",
            Data::Map(vec![
                ("latitude", Data::Double(51.0)),
                ("longitude", Data::Double(9.0)),
            ]),
        ),
    ]);
    [
        ("127.0.0.0", 8, valencia),
        (
            "192.0.2.0",
            24,
            Data::Map(vec![("country", code("iso_code", "PS"))]),
        ),
        ("2001:db8::", 32, middle),
    ]
}

/// The scenarios read a file that Kamailio reads too.
#[test]
fn the_file_of_the_scenarios_is_this_database() {
    assert_eq!(
        include_bytes!("tests/places.mmdb").as_slice(),
        database(&networks())
    );
}

#[test]
fn places_have_fields() {
    let database = Reader::from_source(database(&networks())).expect("a database");
    let keys = [
        "cc", "tz", "zip", "lat", "lon", "nmask", "city", "regc", "regn", "metro", "contc",
    ];
    let fields = |ip: &str| {
        let place = Place::find(&database, ip.parse().expect("an address")).expect("sound");
        place.map(|place| {
            let read = |key: &str| field(key.as_bytes()).expect("a key")(&place);
            let texts = keys.map(|key| String::from_utf8_lossy(&read(key).to_text()).into_owned());
            texts.join(" ")
        })
    };
    assert_eq!(
        fields("127.0.0.1").as_deref(),
        Some(
            "ES Europe/Madrid 46001 39.469800 -0.377400 104 Valencia VC Valencia Community 501 EU"
        )
    );
    assert_eq!(fields("192.0.2.7").as_deref(), Some("PS     120     "));
    assert_eq!(
        fields("2001:db8::1").as_deref(),
        Some("DE   51.000000 9.000000 32     ")
    );
    assert_eq!(fields("8.8.8.8"), None);
    assert!(field(b"dma").is_none());
}

/// Whatever is in a file, nobody falls over it.
#[test]
fn a_broken_database_is_an_error() {
    let whole = database(&networks());
    for cut in 0..whole.len() {
        let Some(part) = whole.get(..cut) else {
            continue;
        };
        if let Ok(database) = Reader::from_source(part.to_vec()) {
            let _any = Place::find(&database, "127.0.0.1".parse().expect("an address"));
        }
    }
    for (at, change) in (0..whole.len()).flat_map(|at| [(at, 1), (at, 0x80), (at, 0xff)]) {
        let mut octets = whole.clone();
        if let Some(octet) = octets.get_mut(at) {
            *octet ^= change;
        }
        if let Ok(database) = Reader::from_source(octets) {
            for ip in ["127.0.0.1", "192.0.2.1", "2001:db8::1", "8.8.8.8"] {
                let _any = Place::find(&database, ip.parse().expect("an address"));
            }
        }
    }
}
