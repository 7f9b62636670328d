//! `ringwall ctl`: commands to the running server, or changes of its database where none runs.

mod acl;
mod bans;
mod bindings;
mod driver;
mod password;
mod target;

use crate::builtin::{Place, control_in};
use clap::{Args, Subcommand};
use control::accounts::{self, Credentials};
use control::trunks::{self, Trunk};
use serde_json::{Value as Json, json};
use std::path::PathBuf;
use std::process::ExitCode;
use target::Target;

/// What `ctl` takes.
#[derive(Args)]
pub(crate) struct Ctl {
    #[command(flatten)]
    place: Place,
    /// The control socket of the server [default: control.sock in the state directory].
    #[arg(long, value_name = "PATH", global = true)]
    socket: Option<PathBuf>,
    /// Change this database, whether a server runs or not: sqlite:///PATH,
    /// mysql://user:password@host/database, postgres://user:password@host/database.
    #[arg(long, value_name = "URL", global = true)]
    db: Option<String>,
    /// How that database is connected: a parameter of db_mysql or db_postgres, module:name:s|i:value.
    #[arg(
        long,
        value_name = "MODULE:NAME:TYPE:VALUE",
        global = true,
        requires = "db"
    )]
    modparam: Vec<String>,
    #[command(subcommand)]
    word: Word,
}

#[derive(Subcommand)]
enum Word {
    /// Users: who may register and call.
    #[command(subcommand)]
    User(UserWord),
    /// Who is registered, and from where.
    #[command(subcommand)]
    Ul(UlWord),
    /// Trusted peers, such as a carrier: they call without a password.
    #[command(subcommand)]
    Trunk(TrunkWord),
    /// Groups: what users may do, where the configuration asks for it.
    #[command(subcommand)]
    Acl(acl::AclWord),
    /// Bans: who is not heard.
    #[command(subcommand)]
    Ban(bans::BanWord),
    /// The database.
    #[command(subcommand)]
    Db(DbWord),
    /// Run any command of the server: numbers are given as numbers, s:5 is a text.
    Rpc {
        /// Its name, such as core.uptime; system.listMethods lists all.
        method: String,
        /// Its arguments.
        args: Vec<String>,
    },
}

#[derive(Subcommand)]
enum UserWord {
    /// Add a user. The password is asked for; an empty one is made up and shown once.
    Add(Named),
    /// Give a user another password.
    Passwd(Named),
    /// Remove a user, and what is registered of him.
    Rm {
        /// alice@example.test
        name: String,
    },
    /// List the users.
    List,
}

#[derive(Args)]
struct Named {
    /// alice@example.test; without a domain that of the server is taken.
    name: String,
    /// Read the password from standard input instead of asking for it.
    #[arg(long)]
    stdin: bool,
    /// Store the password too, for modules that need it, and not only its hashes.
    #[arg(long)]
    plain: bool,
}

#[derive(Subcommand)]
enum UlWord {
    /// List bindings, of one user or of all.
    Show {
        /// alice
        aor: Option<String>,
    },
    /// Remove the bindings of a user, or one of them.
    Rm {
        /// alice
        aor: String,
        /// The contact, as `ul show` tells it.
        contact: Option<String>,
    },
}

#[derive(Subcommand)]
enum TrunkWord {
    /// Trust an address or a network.
    Add {
        /// 192.0.2.1 or 192.0.2.0/24
        address: String,
    },
    /// Trust it no longer.
    Rm {
        /// As it was added.
        address: String,
    },
    /// List the trusted addresses.
    List,
}

#[derive(Subcommand)]
enum DbWord {
    /// Make the standard tables that are missing.
    Create,
}

impl Ctl {
    /// Does what was asked for.
    ///
    /// # Errors
    /// What does not work, for a person.
    pub(crate) fn run(self) -> Result<ExitCode, String> {
        let state = match (&self.socket, &self.db) {
            (Some(_), Some(_)) => PathBuf::new(),
            _ => self.place.directory()?,
        };
        let socket = self.socket.clone().unwrap_or_else(|| control_in(&state));
        let mut target = match &self.db {
            Some(url) => Target::database_at(url, &self.modparam, socket)?,
            None => Target::find(socket, &state),
        };
        match self.word {
            Word::User(word) => user(word, &self.place, &mut target),
            Word::Ul(word) => bindings::run(word, &mut target),
            Word::Trunk(word) => trunk(word, &mut target),
            Word::Acl(word) => acl::run(word, &self.place, &mut target),
            Word::Ban(word) => bans::run(word, &mut target),
            Word::Db(DbWord::Create) => create(&target),
            Word::Rpc { method, args } => rpc(&mut target, &method, &args),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

fn user(word: UserWord, place: &Place, target: &mut Target) -> Result<(), String> {
    match word {
        UserWord::Add(named) => set(&named, place, target, ("ringwall.user_add", accounts::add)),
        UserWord::Passwd(named) => set(
            &named,
            place,
            target,
            ("ringwall.user_passwd", accounts::change),
        ),
        UserWord::Rm { name } => {
            let domain = domain(place, target)?;
            let (user, domain) = accounts::parse_name(&name, &domain)?;
            let params = vec![json!(user), json!(domain)];
            target.change("ringwall.user_rm", params, |store| {
                accounts::remove(store, &user, &domain)
            })?;
            bindings::forget(target, &user)?;
            println!("removed {user}@{domain}");
            Ok(())
        }
        UserWord::List => {
            print_lines(target.list("ringwall.user_list", Vec::new(), accounts::list)?)
        }
    }
}

type Change = fn(&dyn store::Store, &Credentials) -> Result<(), String>;

fn set(
    named: &Named,
    place: &Place,
    target: &mut Target,
    (method, change): (&str, Change),
) -> Result<(), String> {
    let served = domain(place, target)?;
    let (user, domain) = accounts::parse_name(&named.name, &served)?;
    let password = password::ask(named.stdin)?;
    let credentials = Credentials::new(&user, &domain, password.text(), named.plain);
    let params = serde_json::to_value(&credentials).map_err(|error| error.to_string())?;
    target.change(method, vec![params], |store| change(store, &credentials))?;
    println!("{user}@{domain}: {}", password.shown());
    if domain != served {
        println!("note: the server serves {served}; run it with --domain {domain} for this user");
    }
    Ok(())
}

/// The domain of names without one: given, that of the running server, or that of this host.
fn domain(place: &Place, target: &mut Target) -> Result<String, String> {
    if place.domain.is_none()
        && let Some(Json::String(domain)) = target.ask("ringwall.domain", Vec::new())
    {
        return Ok(domain);
    }
    place.domain()
}

fn trunk(word: TrunkWord, target: &mut Target) -> Result<(), String> {
    match word {
        TrunkWord::Add { address } => {
            let trunk = Trunk::parse(&address)?;
            let params = vec![json!(trunk.to_string())];
            target.change("ringwall.trunk_add", params, |store| {
                trunks::add(store, trunk)
            })?;
            println!("{trunk} is trusted");
        }
        TrunkWord::Rm { address } => {
            let trunk = Trunk::parse(&address)?;
            let params = vec![json!(trunk.to_string())];
            target.change("ringwall.trunk_rm", params, |store| {
                trunks::remove(store, trunk)
            })?;
            println!("{trunk} is trusted no longer");
        }
        TrunkWord::List => {
            return print_lines(target.list("ringwall.trunk_list", Vec::new(), trunks::list)?);
        }
    }
    target.reload_addresses()
}

fn create(target: &Target) -> Result<(), String> {
    let made = accounts::create_tables(&*target.database()?)?;
    println!("{made} tables made");
    Ok(())
}

fn rpc(target: &mut Target, method: &str, args: &[String]) -> Result<(), String> {
    let params = args.iter().map(|arg| argument(arg)).collect();
    let result = target.call(method, params)?;
    let text = serde_json::to_string_pretty(&result).map_err(|error| error.to_string())?;
    print_lines(vec![text])
}

/// An argument as `kamcmd` reads it: a number where it looks like one, unless `s:` stands before.
fn argument(text: &str) -> Json {
    if let Some(text) = text.strip_prefix("s:") {
        return json!(text);
    }
    let number = text.strip_prefix("i:").unwrap_or(text);
    number
        .parse::<i64>()
        .map_or_else(|_| json!(text), Json::from)
}

fn print_lines(lines: Vec<String>) -> Result<(), String> {
    let text: String = lines.into_iter().map(|line| line + "\n").collect();
    crate::command::print(&text).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_have_the_type_they_look_like() {
        assert_eq!(argument("5"), json!(5));
        assert_eq!(argument("s:5"), json!("5"));
        assert_eq!(argument("i:7"), json!(7));
        assert_eq!(argument("location"), json!("location"));
    }
}
