//! `ctl ul`: who is registered.

use super::target::Target;
use super::{UlWord, print_lines};
use serde_json::{Value as Json, json};
use store::{Cell, Filter, Name, Operation, Select, Store, Write, schema};

pub(super) fn run(word: UlWord, target: &mut Target) -> Result<(), String> {
    match word {
        UlWord::Show { aor } => show(target, aor.as_deref()),
        UlWord::Rm { aor, contact } => {
            remove(target, &aor, contact.as_deref())?;
            println!("removed");
            Ok(())
        }
    }
}

/// Removes whatever is registered of a user that goes; nothing registered is no error.
pub(super) fn forget(target: &mut Target, user: &str) -> Result<(), String> {
    match target {
        Target::Server(_) => {
            // The server says no where nothing is registered.
            let _ = target.ask("ul.rm", vec![json!(TABLE), json!(user)]);
            Ok(())
        }
        Target::Database { .. } => target
            .with_database(|store| delete(store, user, None))
            .map(drop),
    }
}

const TABLE: &str = "location";

fn show(target: &mut Target, aor: Option<&str>) -> Result<(), String> {
    let mut found = match target {
        Target::Server(_) => of_dump(&target.call("ul.dump", Vec::new())?),
        Target::Database { .. } => target.with_database(of_table)?,
    };
    found.retain(|shown| aor.is_none_or(|aor| shown.aor == user_of(aor) || shown.aor == aor));
    found.sort();
    if found.is_empty() {
        return print_lines(vec!["nobody is registered".to_owned()]);
    }
    print_lines(found.iter().map(Shown::line).collect())
}

fn remove(target: &mut Target, aor: &str, contact: Option<&str>) -> Result<(), String> {
    let aor = user_of(aor);
    match (&target, contact) {
        (Target::Server(_), None) => target
            .call("ul.rm", vec![json!(TABLE), json!(aor)])
            .map(drop),
        (Target::Server(_), Some(contact)) => {
            let params = vec![json!(TABLE), json!(aor), json!(contact)];
            target.call("ul.rm_contact", params).map(drop)
        }
        (Target::Database { .. }, contact) => {
            match target.with_database(|store| delete(store, aor, contact))? {
                0 => Err(format!("nothing is registered of {aor}")),
                _ => Ok(()),
            }
        }
    }
}

/// The built-in policy serves one domain, so users are registered by their names alone.
fn user_of(aor: &str) -> &str {
    let aor = aor.strip_prefix("sip:").unwrap_or(aor);
    aor.split_once('@').map_or(aor, |(user, _)| user)
}

/// One binding, as it is shown.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Shown {
    aor: String,
    contact: String,
    expires: String,
    agent: String,
}

impl Shown {
    fn line(&self) -> String {
        let line = format!(
            "{:20} {}  {}  {}",
            self.aor, self.contact, self.expires, self.agent
        );
        line.trim_end().to_owned()
    }
}

/// The bindings in the answer of `ul.dump`, however deep they lie in it.
fn of_dump(dump: &Json) -> Vec<Shown> {
    let mut found = Vec::new();
    collect(dump, &mut found);
    found
}

fn collect(value: &Json, found: &mut Vec<Shown>) {
    match value {
        Json::Array(values) => values.iter().for_each(|value| collect(value, found)),
        Json::Object(fields) => match (fields.get("AoR"), fields.get("Contacts")) {
            (Some(aor), Some(contacts)) => {
                let contacts = contacts.as_array().into_iter().flatten();
                found.extend(contacts.map(|contact| shown(aor, contact)));
            }
            _ => fields.values().for_each(|value| collect(value, found)),
        },
        _ => {}
    }
}

fn shown(aor: &Json, contact: &Json) -> Shown {
    let contact = contact.get("Contact").unwrap_or(contact);
    let field = |name| match contact.get(name) {
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    Shown {
        aor: aor.as_str().unwrap_or_default().to_owned(),
        contact: field("Address"),
        expires: format!("expires {}", field("Expires")),
        agent: field("User-Agent"),
    }
}

const USERNAME: Name = Name::fixed("username");
const CONTACT: Name = Name::fixed("contact");
const AGENT: Name = Name::fixed("user_agent");

fn of_table(store: &dyn Store) -> Result<Vec<Shown>, String> {
    let select = Select::from(schema::LOCATION.name.clone()).columns([USERNAME, CONTACT, AGENT]);
    let rows = ask(store, select.into())?.into_rows();
    let text = |row, column: &Name| {
        let cell = rows.cell(row, column);
        cell.and_then(Cell::as_str).unwrap_or_default().to_owned()
    };
    let found = (0..rows.len()).map(|row| Shown {
        aor: text(row, &USERNAME),
        contact: text(row, &CONTACT),
        expires: "stored".to_owned(),
        agent: text(row, &AGENT),
    });
    Ok(found.collect())
}

fn delete(store: &dyn Store, user: &str, contact: Option<&str>) -> Result<u64, String> {
    let mut filter = Filter::all().eq(USERNAME, Cell::text(user));
    if let Some(contact) = contact {
        filter = filter.eq(CONTACT, Cell::text(contact));
    }
    let table = schema::LOCATION.name.clone();
    let outcome = ask(store, Write::Delete { table, filter }.into())?;
    Ok(outcome.affected())
}

fn ask(store: &dyn Store, operation: Operation) -> Result<store::Outcome, String> {
    store::wait(store, operation).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bindings_are_found_in_what_the_server_dumps() {
        let dump = json!({"Domains": [{"Domain": {"Domain": "location", "AoRs": [{"Info": {
            "AoR": "alice", "HashID": 1, "Contacts": [{"Contact": {
                "Address": "sip:alice@127.0.0.1:5062", "Expires": 60, "User-Agent": "x"}}]}}]}}]});
        let lines: Vec<String> = of_dump(&dump).iter().map(Shown::line).collect();
        assert_eq!(
            lines,
            ["alice                sip:alice@127.0.0.1:5062  expires 60  x"]
        );
    }

    #[test]
    fn users_are_named_with_or_without_a_domain() {
        assert_eq!(user_of("sip:alice@example.test"), "alice");
        assert_eq!(user_of("alice"), "alice");
    }
}
