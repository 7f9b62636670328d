//! What every server of keys and values promises. A broken promise panics.

use bytes::Bytes;

use crate::keys::{Command, KeyStore, Said, wait, words};

/// Runs the whole suite on an empty server.
pub fn run(store: &dyn KeyStore) {
    answers_come_in_order(store);
    values_come_back_as_they_were(store);
    mistakes_are_answers(store);
    counters_count(store);
}

fn ask(store: &dyn KeyStore, commands: &[&str]) -> Vec<Said> {
    let pipeline = commands.iter().map(|text| words(text)).collect();
    wait(store, pipeline).expect("answers")
}

fn text(text: &str) -> Said {
    Said::Text(Bytes::copy_from_slice(text.as_bytes()))
}

fn status(text: &'static str) -> Said {
    Said::Status(Bytes::from_static(text.as_bytes()))
}

fn answers_come_in_order(store: &dyn KeyStore) {
    let said = ask(
        store,
        &[
            "PING",
            "GET a",
            "SET a 1",
            "GET a",
            "HSET h f v g w",
            "HGET h g",
            "HGETALL h",
            "SADD s m",
            "SMEMBERS s",
            "EXISTS a h nosuch",
            "DEL a h s",
            "EXISTS a",
        ],
    );
    let expected = [
        status("PONG"),
        Said::Nil,
        status("OK"),
        text("1"),
        Said::Int(2),
        text("w"),
        Said::Array(["f", "v", "g", "w"].map(text).to_vec()),
        Said::Int(1),
        Said::Array(vec![text("m")]),
        Said::Int(2),
        Said::Int(3),
        Said::Int(0),
    ];
    assert_eq!(said, expected);
    assert_eq!(wait(store, Vec::new()), Ok(Vec::new()));
}

fn values_come_back_as_they_were(store: &dyn KeyStore) {
    let long = vec![b'x'; 1 << 20];
    let values: [&[u8]; 5] = [b"", b"two words", b"\r\n$-1\r\n", b"\xff\0\xfe", &long];
    for value in values {
        let [key, value] = [Bytes::from_static(b"a key"), Bytes::copy_from_slice(value)];
        let set: Command = vec![Bytes::from_static(b"SET"), key.clone(), value.clone()];
        let get: Command = vec![Bytes::from_static(b"GET"), key];
        let said = wait(store, vec![set, get]);
        assert_eq!(said, Ok(vec![status("OK"), Said::Text(value)]));
    }
}

fn mistakes_are_answers(store: &dyn KeyStore) {
    let said = ask(store, &["SADD set m", "GET set", "nosuch", "GET", "PING"]);
    let is_error = |at: usize| matches!(said.get(at), Some(Said::Error(_)));
    assert_eq!(said.first(), Some(&Said::Int(1)));
    assert!(is_error(1) && is_error(2) && is_error(3), "{said:?}");
    assert_eq!(said.get(4), Some(&status("PONG")));
    assert!(
        matches!(&said[1], Said::Error(why) if why.starts_with(b"WRONGTYPE")),
        "{said:?}"
    );
}

fn counters_count(store: &dyn KeyStore) {
    let said = ask(
        store,
        &["INCR n", "INCRBY n 41", "DECR n", "SET n x", "INCR n"],
    );
    let counted = [Said::Int(1), Said::Int(42), Said::Int(41), status("OK")];
    assert_eq!(said.get(..4), Some(&counted[..]));
    assert!(matches!(said.get(4), Some(Said::Error(_))), "{said:?}");
}
