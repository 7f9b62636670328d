//! What every server of keys and values promises. A broken promise panics.

use bytes::Bytes;

use crate::keys::{Command, KeyStore, Said, wait, words};

/// Runs the whole suite on an empty server.
pub fn run(store: &dyn KeyStore) {
    answers_come_in_order(store);
    values_come_back_as_they_were(store);
    mistakes_are_answers(store);
    counters_count(store);
    keys_have_times(store);
    transactions_are_one_answer(store);
    logs_are_read_from_where_they_were_left(store);
    keys_are_found_by_their_beginning(store);
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

fn keys_have_times(store: &dyn KeyStore) {
    let said = ask(
        store,
        &[
            "SET t 1 EX 100",
            "SET t 2 NX",
            "SET t 3 KEEPTTL",
            "EXPIRE t 7 NX",
            "PERSIST t",
            "PTTL t",
            "EXPIRE t 50 NX",
            "GET t",
            "PTTL nosuch",
            "EXPIRE nosuch 5",
            "SET t 4",
            "PTTL t",
        ],
    );
    let numbers = [0, 1, -1, 1].map(Said::Int);
    assert_eq!(
        said.get(..3),
        Some(&[status("OK"), Said::Nil, status("OK")][..])
    );
    assert_eq!(said.get(3..7), Some(&numbers[..]));
    let rest = [
        text("3"),
        Said::Int(-2),
        Said::Int(0),
        status("OK"),
        Said::Int(-1),
    ];
    assert_eq!(said.get(7..), Some(&rest[..]));
    let said = ask(store, &["EXPIRE t 50", "PTTL t", "DEL t"]);
    assert!(
        matches!(said[1], Said::Int(left) if (40_000..=50_000).contains(&left)),
        "{said:?}"
    );
}

fn transactions_are_one_answer(store: &dyn KeyStore) {
    let said = ask(
        store,
        &["MULTI", "INCRBY m 2", "SADD m x", "GET m", "EXEC", "DEL m"],
    );
    let queued = || status("QUEUED");
    assert_eq!(
        said.get(..4),
        Some(&[status("OK"), queued(), queued(), queued()][..])
    );
    let Some(Said::Array(inner)) = said.get(4) else {
        panic!("{said:?}");
    };
    assert_eq!((&inner[0], &inner[2]), (&Said::Int(2), &text("2")));
    assert!(
        matches!(inner[1], Said::Error(_)),
        "one mistake stops no other"
    );
    assert_eq!(said.get(5), Some(&Said::Int(1)));
}

fn logs_are_read_from_where_they_were_left(store: &dyn KeyStore) {
    let read = |after: &str| ask(store, &[&format!("XREAD COUNT 2 STREAMS l {after}")]).remove(0);
    assert_eq!(read("0-0"), Said::Nil);
    assert_eq!(
        ask(store, &["XREVRANGE l + - COUNT 1"]),
        [Said::Array(Vec::new())]
    );
    let add = |value: &str| {
        let command = format!("XADD l MAXLEN ~ 1000 * k {value} k again");
        match ask(store, &[&command]).remove(0) {
            Said::Text(id) => String::from_utf8_lossy(&id).into_owned(),
            other => panic!("{other:?}"),
        }
    };
    let ids = ["a", "b", "c"].map(add);
    let entry = |at: usize, value: &str| {
        let fields = ["k", value, "k", "again"].map(text).to_vec();
        Said::Array(vec![text(&ids[at]), Said::Array(fields)])
    };
    let of =
        |entries: Vec<Said>| Said::Array(vec![Said::Array(vec![text("l"), Said::Array(entries)])]);
    assert_eq!(read("0-0"), of(vec![entry(0, "a"), entry(1, "b")]));
    assert_eq!(read(&ids[1]), of(vec![entry(2, "c")]));
    assert_eq!(read(&ids[2]), Said::Nil);
    let last = ask(store, &["XREVRANGE l + - COUNT 1", "DEL l"]).remove(0);
    assert_eq!(last, Said::Array(vec![entry(2, "c")]));
}

fn keys_are_found_by_their_beginning(store: &dyn KeyStore) {
    ask(store, &["SET p:one 1", "SET p:two 2", "SET q:one 3"]);
    let (mut cursor, mut found) = ("0".to_owned(), Vec::new());
    loop {
        let said = ask(store, &[&format!("SCAN {cursor} MATCH p:* COUNT 1")]).remove(0);
        let Said::Array(said) = said else {
            panic!("{said:?}")
        };
        let [Said::Text(next), Said::Array(keys)] = &said[..] else {
            panic!("{said:?}")
        };
        found.extend(keys.iter().map(|key| format!("{key:?}")));
        cursor = String::from_utf8_lossy(next).into_owned();
        if cursor == "0" {
            break;
        }
    }
    found.sort();
    let expected = ["p:one", "p:two"].map(|key| format!("{:?}", text(key)));
    assert_eq!(found, expected);
}
