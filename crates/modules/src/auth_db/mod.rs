//! Digest authentication against a database: table `subscriber`.

mod credentials;
mod identity;
mod lookup;
mod table;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use credentials::Credential;
use lookup::Check;
use parking_lot::Mutex;
use policy::{
    Context, Declaration, DigestAuth, Entry, Init, Int, Level, Module, Outcome, Problem, Routes,
    Text, Untold,
};
use sip::{HeaderId, Method, Uri};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::{Name, name, schema};
use table::Table;

pub(crate) const ENTRY: Entry = Entry::of::<AuthDb>();

/// Module `auth_db`.
struct AuthDb {
    digest: Arc<dyn DigestAuth>,
    lookup: Arc<lookup::Lookup>,
    /// The tables that functions are given.
    tables: Arc<Tables>,
}

type Tables = Mutex<BTreeSet<Name>>;

/// `modparam("auth_db", …)`, with Kamailio's defaults.
struct Params {
    db_url: String,
    user_column: Name,
    domain_column: Name,
    password_column: Name,
    password_column_2: Name,
    calculate_ha1: bool,
    use_domain: bool,
    credentials: Vec<Credential>,
    version_table: bool,
    force_avps: bool,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            db_url: "mysql://kamailioro:kamailioro@localhost/kamailio".to_owned(),
            user_column: name!("username"),
            domain_column: name!("domain"),
            password_column: name!("ha1"),
            password_column_2: name!("ha1b"),
            calculate_ha1: false,
            use_domain: false,
            credentials: Vec::new(),
            version_table: true,
            force_avps: false,
        }
    }
}

impl Module for AuthDb {
    const NAME: &'static str = "auth_db";
    type Params = Params;

    fn declare(d: &mut Declaration<AuthDb>) {
        d.doc("Checks digest credentials against users in a database.");
        declare_params(d);
        declare_functions(d);
        d.table(
            "subscriber",
            "Users: username, domain, password, ha1, ha1b.",
        );
        d.table(
            "subscriber_sha256",
            "HA1 values for SHA-256, beside those for MD5.",
        );
        d.deviation("An empty password or HA1 verifies nobody: with calculate_ha1 Kamailio 5.6.3 lets a user in whose password column is empty.");
        d.deviation("Where a user's HA1 is not one of SHA-256 and a client answers with SHA-256, table TABLE_sha256 is asked: Kamailio 5.6.3 has one algorithm for all.");
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<AuthDb, Problem> {
        let digest = init.service::<dyn DigestAuth>("auth")?;
        let store = init.store(&params.db_url)?;
        let tables = Arc::default();
        if params.version_table {
            expect_tables(&params.db_url, &tables, init)?;
        }
        let named = params.credentials.iter().cloned();
        let credentials = named
            .map(|named| named.prepare(|text| init.late_text("load_credentials", text)))
            .collect();
        let lookup = Arc::new(lookup::Lookup {
            params,
            credentials,
            store,
        });
        Ok(AuthDb {
            digest,
            lookup,
            tables,
        })
    }
}

/// The usual tables may lack a version; those that functions are given may not, as in Kamailio.
fn expect_tables(url: &str, tables: &Arc<Tables>, init: &mut Init<'_>) -> Result<(), Problem> {
    let tables = tables.clone();
    let names = move || tables.lock().iter().cloned().collect();
    init.expect_tables(url, names, &schema::SUBSCRIBER, Untold::Refused)?;
    for table in [&schema::SUBSCRIBER, &schema::SUBSCRIBER_SHA256] {
        init.expect_table(url, &table.name, table, Untold::Accepted)?;
    }
    Ok(())
}

fn declare_params(d: &mut Declaration<AuthDb>) {
    d.param(
        "db_url",
        "The database, default mysql://kamailioro:kamailioro@localhost/kamailio.",
        |p, url| p.db_url = url,
    );
    d.try_param(
        "user_column",
        "The column with usernames, default username.",
        |p, text: String| set(&mut p.user_column, &text),
    );
    d.try_param(
        "domain_column",
        "The column with domains, default domain.",
        |p, text: String| set(&mut p.domain_column, &text),
    );
    d.try_param(
        "password_column",
        "The column with passwords or HA1 values, default ha1.",
        |p, text: String| set(&mut p.password_column, &text),
    );
    d.try_param(
        "password_column_2",
        "The column with HA1 values of user@domain, default ha1b.",
        |p, text: String| set(&mut p.password_column_2, &text),
    );
    d.param(
        "calculate_ha1",
        "The password column has passwords, not HA1 values. Default off.",
        |p, yes| p.calculate_ha1 = yes,
    );
    d.param(
        "use_domain",
        "The domain belongs to the user. Default off.",
        |p, yes| p.use_domain = yes,
    );
    d.try_param(
        "load_credentials",
        "Columns to put into AVPs or other variables: $avp(i:12)=rpid; email_address; $xavp(who=>name)=ha1. Default none.",
        |p, text: String| {
            p.credentials = credentials::parse(&text)?;
            Ok(())
        },
    );
    d.param(
        "version_table",
        "The versions of table subscriber and of those that functions are given are checked at start. Default on.",
        |p, yes| p.version_table = yes,
    );
    d.param(
        "force_generate_avps",
        "The AVPs of load_credentials are set also for a wrong password. Default off.",
        |p, yes| p.force_avps = yes,
    );
}

fn declare_functions(d: &mut Declaration<AuthDb>) {
    d.function("www_authenticate(realm, table, [method])", "Checks the Authorization header: 1 verified, -1 malformed, forged, or the database failed, -2 wrong password, -3 no such user, -4 stale nonce, -5 none for the realm, -6 nonce used before.", Routes::REQUEST, AuthDb::www_authenticate).alias("www_authorize").waits();
    d.function(
        "proxy_authenticate(realm, table)",
        "The same with the Proxy-Authorization header.",
        Routes::REQUEST,
        AuthDb::proxy_authenticate,
    )
    .alias("proxy_authorize")
    .waits();
    d.function("auth_check(realm, table, flags)", "www_authenticate() for a REGISTER, else proxy_authenticate(); with flag 1 it is -8 where the user is not that of From (REGISTER: and To; PUBLISH: and To and Request-URI), with flag 2 besides not for INVITE, BYE, PRACK, UPDATE, MESSAGE.", Routes::REQUEST, AuthDb::auth_check).waits();
    d.function("is_subscriber(uri, dbtable, flags)", "1 where the user of a URI is in the table, -1 no URI or the database failed, -2 not. Flags: 1 with the domain, 2 sets no AVPs.", Routes::ANY, AuthDb::is_subscriber).waits();
}

impl AuthDb {
    fn www_authenticate(
        &self,
        context: &mut Context,
        realm: &Text,
        table: &Table,
        method: &Option<Text>,
    ) -> Outcome {
        let method = method.as_ref().map(|method| method.get(context));
        self.authenticate(context, HeaderId::Authorization, realm, table, method, 0)
    }

    fn proxy_authenticate(&self, context: &mut Context, realm: &Text, table: &Table) -> Outcome {
        self.authenticate(context, HeaderId::ProxyAuthorization, realm, table, None, 0)
    }

    fn auth_check(
        &self,
        context: &mut Context,
        realm: &Text,
        table: &Table,
        flags: &Int,
    ) -> Outcome {
        let header = match context.message.method() {
            Method::Register => HeaderId::Authorization,
            _ => HeaderId::ProxyAuthorization,
        };
        let flags = flags.get_or_0(context);
        self.authenticate(context, header, realm, table, None, flags)
    }

    fn authenticate(
        &self,
        context: &mut Context,
        header: HeaderId,
        realm: &Text,
        table: &Table,
        method: Option<Bytes>,
        flags: i64,
    ) -> Outcome {
        let realm = realm.get(context);
        let Some(table) = table.get(context).filter(|_| !realm.is_empty()) else {
            context.log(Level::Err, "auth_db", || {
                "invalid realm or table parameter".to_owned()
            });
            return Outcome::FALSE;
        };
        let (digest, lookup) = (self.digest.clone(), self.lookup.clone());
        let ask = move |_: &mut Context, claim| match claim {
            Err(code) => Outcome::Code(code),
            Ok(claim) => Check {
                claim,
                flags,
                table,
                digest,
                lookup,
            }
            .ask(),
        };
        let digest = self.digest.clone();
        digest.claim(context, header, &realm, method, Box::new(ask))
    }

    fn is_subscriber(
        &self,
        context: &mut Context,
        uri: &Text,
        dbtable: &Table,
        flags: &Int,
    ) -> Outcome {
        let uri = uri.get(context);
        let (Ok(uri), Some(table)) = (Uri::parse(&uri), dbtable.get(context)) else {
            context.log(Level::Err, "auth_db", || {
                "invalid uri or table parameter".to_owned()
            });
            return Outcome::FALSE;
        };
        let flags = flags.get_or_0(context);
        let (user, host) = (uri.user.unwrap_or_default(), uri.host);
        self.lookup
            .clone()
            .find_subscriber(table, user, host, flags)
    }
}

fn set(column: &mut Name, text: &str) -> Result<(), String> {
    *column = Name::parse(text).map_err(|error| error.to_string())?;
    Ok(())
}
