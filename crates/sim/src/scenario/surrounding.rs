//! Lines of a play that say how things are: agents, name servers, rows of the database.

use super::{Agent, Record, Row, Surroundings, target};
use crate::text::words;

/// Takes a line that says how things are; false where it says what happens.
pub(super) fn surrounding(surroundings: &mut Surroundings, text: &str) -> Result<bool, String> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    match word {
        "agent" => surroundings.agents.push(agent(&words(rest)?)?),
        "dns" => surroundings.records.push(record(&words(rest)?)?),
        "db" => surroundings.rows.push(row(&words(rest)?)?),
        "only" => {
            let (subject, why) = rest.split_once(':').ok_or("write `only SUBJECT: reason`")?;
            surroundings.only = Some((subject.trim().to_owned(), why.trim().to_owned()));
        }
        _ => return Ok(false),
    }
    Ok(true)
}

pub(super) fn agent(words: &[String]) -> Result<Agent, String> {
    let [name, place, rest @ ..] = words else {
        return Err("write `agent NAME PROTOCOL:ADDRESS:PORT`".to_owned());
    };
    let (proto, address) = target::place(place)?;
    let port = if proto.is_secure() { 5061 } else { 5060 };
    let mut agent = Agent {
        name: name.clone(),
        proto,
        address,
        record: format!("sip:{name}@example.test"),
        server: target::server(address, port),
    };
    let mut rest = rest.iter();
    while let Some(word) = rest.next() {
        match word.as_str() {
            "to" => agent.server = target::address(rest.next().map_or("", |word| word))?,
            record if record.contains("sip") => agent.record = record.to_owned(),
            other => return Err(format!("`{other}` says nothing about an agent")),
        }
    }
    Ok(agent)
}

fn record(words: &[String]) -> Result<Record, String> {
    match words {
        [name, kind, data @ ..] if !data.is_empty() => Ok(Record {
            name: name.to_ascii_lowercase(),
            kind: kind.to_ascii_uppercase(),
            data: data.to_vec(),
        }),
        _ => {
            Err("write `dns NAME A ADDRESS` or `dns NAME SRV PRIORITY WEIGHT PORT NAME`".to_owned())
        }
    }
}

fn row(words: &[String]) -> Result<Row, String> {
    let (table, columns) = words
        .split_first()
        .ok_or("write `db TABLE COLUMN=VALUE …`")?;
    let pair = |word: &String| {
        let (name, value) = word.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    };
    let columns: Option<Vec<_>> = columns.iter().map(pair).collect();
    Ok(Row {
        table: table.clone(),
        columns: columns.ok_or("each column is written `name=value`")?,
    })
}
