//! Whether a user may use a URI: credentials, table `subscriber` or table `uri`.

#[cfg(test)]
mod tests;

use bytes::Bytes;
use policy::{
    Authenticated, Claim, Context, Declaration, Entry, Init, Level, Module, Outcome, Problem,
    Routes, Text, Untold,
};
use sip::{HeaderError, NameAddr, Uri};
use std::sync::Arc;
use store::{Cell, Filter, Name, Select, Store, name, schema};

pub(crate) const ENTRY: Entry = Entry::of::<UriDb>();

/// Module `uri_db`.
struct UriDb {
    params: Params,
    store: Option<Arc<dyn Store>>,
}

/// `modparam("uri_db", …)`, with Kamailio's defaults.
struct Params {
    db_url: String,
    table: Name,
    user_column: Name,
    domain_column: Name,
    uri_user_column: Name,
    use_uri_table: bool,
    use_domain: bool,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            db_url: "mysql://kamailioro:kamailioro@localhost/kamailio".to_owned(),
            table: name!("subscriber"),
            user_column: name!("username"),
            domain_column: name!("domain"),
            uri_user_column: name!("uri_user"),
            use_uri_table: false,
            use_domain: false,
        }
    }
}

/// A URI cannot be read, or the database failed.
const INTERNAL: i32 = -1;
/// There are no verified credentials.
const CREDENTIALS: i32 = -2;
/// The URI has no user part.
const NOBODY: i32 = -4;
/// There is no such user.
const NO_USER: i32 = -5;
/// The table does not give the URI to the user.
const NO_ROW: i32 = -9;
/// The user of the URI is not the one of the credentials.
const OTHER_USER: i32 = -10;

impl Module for UriDb {
    const NAME: &'static str = "uri_db";
    type Params = Params;

    fn declare(d: &mut Declaration<UriDb>) {
        d.doc("Tells whether a user who proved his password may use a URI, and whether a user exists.");
        declare_params(d);
        declare_functions(d);
        d.table("subscriber", "Users.");
        d.table("uri", "User parts of URIs that users may use.");
        d.deviation("Credentials are those whose password was right; Kamailio 5.6.3 takes any whose nonce was good.");
        d.deviation("With an empty db_url the functions that need no database work; Kamailio takes its default database.");
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<UriDb, Problem> {
        let store = match params.db_url.is_empty() {
            true => None,
            false => Some(init.store(&params.db_url)?),
        };
        if store.is_some() {
            let schema = match params.use_uri_table {
                true => &schema::URI,
                false => &schema::SUBSCRIBER,
            };
            init.expect_table(&params.db_url, &params.table, schema, Untold::Refused)?;
        }
        Ok(UriDb { params, store })
    }
}

fn declare_params(d: &mut Declaration<UriDb>) {
    d.param(
        "db_url",
        "The database, default mysql://kamailioro:kamailioro@localhost/kamailio.",
        |p, url| p.db_url = url,
    );
    d.param("db_table", "The table, default subscriber.", |p, name| {
        p.table = name
    });
    d.param(
        "user_column",
        "Its column of usernames, default username.",
        |p, name| p.user_column = name,
    );
    d.param(
        "domain_column",
        "Its column of domains, default domain.",
        |p, name| p.domain_column = name,
    );
    d.param(
        "uriuser_column",
        "The column of user parts in the table uri, default uri_user.",
        |p, name| p.uri_user_column = name,
    );
    d.param(
        "use_uri_table",
        "db_table is a table like uri. Default off.",
        |p, yes| p.use_uri_table = yes,
    );
    d.param(
        "use_domain",
        "does_uri_exist() compares the domain too. Default off.",
        |p, yes| p.use_domain = yes,
    );
}

fn declare_functions(d: &mut Declaration<UriDb>) {
    d.function("check_to()", "1 where the user of To is the one of the credentials, or the table uri gives it to him; -4 no user there, -2 no verified credentials, -10 another user, -9 no such row, -1 no URI or the database failed.", Routes::REQUEST, UriDb::check_to).waits();
    d.function(
        "check_from()",
        "The same for From.",
        Routes::REQUEST,
        UriDb::check_from,
    )
    .waits();
    d.function(
        "check_uri(uri)",
        "The same for a URI.",
        Routes::REQUEST,
        UriDb::check_uri,
    )
    .waits();
    d.function("does_uri_exist()", "1 where the user of the Request-URI is in the table, -5 not, -1 no URI or the database failed.", Routes::REQUEST, UriDb::does_uri_exist).waits();
}

impl UriDb {
    fn check_to(&self, context: &mut Context) -> Outcome {
        let user = user_of(context.message.to());
        self.check_user(context, user)
    }

    fn check_from(&self, context: &mut Context) -> Outcome {
        let user = user_of(context.message.from());
        self.check_user(context, user)
    }

    fn check_uri(&self, context: &mut Context, uri: &Text) -> Outcome {
        let uri = uri.get(context);
        let user = Uri::parse(&uri)
            .ok()
            .map(|uri| Bytes::copy_from_slice(uri.user.unwrap_or_default()));
        self.check_user(context, user)
    }

    fn check_user(&self, context: &mut Context, user: Option<Bytes>) -> Outcome {
        let Some(user) = user else {
            return failed(context, "Error while parsing URI");
        };
        if user.is_empty() {
            failed(context, "Username not found in URI");
            return Outcome::Code(NOBODY);
        }
        let claim = context
            .extension::<Authenticated>()
            .and_then(|known| known.verified.clone());
        let Some(claim) = claim else {
            failed(
                context,
                "No authorized credentials found (error in scripts)",
            );
            return Outcome::Code(CREDENTIALS);
        };
        if self.params.use_uri_table {
            return self.find_uri(context, &claim, user);
        }
        match user == claim.user() {
            true => Outcome::TRUE,
            false => Outcome::Code(OTHER_USER),
        }
    }

    /// Whether the table gives the user part to whoever proved his password.
    fn find_uri(&self, context: &mut Context, claim: &Claim, user: Bytes) -> Outcome {
        let params = &self.params;
        let filter = Filter::all()
            .eq(params.user_column.clone(), Cell::Text(claim.user()))
            .eq(params.domain_column.clone(), Cell::Text(claim.realm()))
            .eq(params.uri_user_column.clone(), Cell::Text(user));
        self.find(context, filter, NO_ROW)
    }

    fn does_uri_exist(&self, context: &mut Context) -> Outcome {
        let params = &self.params;
        let target = context.target.uri.clone();
        let Ok(Uri { user, host, .. }) = Uri::parse(&target) else {
            return failed(context, "Error while parsing URI");
        };
        let column = match params.use_uri_table {
            true => &params.uri_user_column,
            false => &params.user_column,
        };
        let mut filter = Filter::all().eq(column.clone(), Cell::text(user.unwrap_or_default()));
        if params.use_domain {
            filter = filter.eq(params.domain_column.clone(), Cell::text(host));
        }
        self.find(context, filter, NO_USER)
    }

    fn find(&self, context: &mut Context, filter: Filter, otherwise: i32) -> Outcome {
        let Some(store) = self.store.clone() else {
            return failed(context, "db_url is empty");
        };
        let params = &self.params;
        let select = Select::from(params.table.clone())
            .columns([params.user_column.clone()])
            .filter(filter)
            .limit(1);
        Outcome::query(
            "uri_db",
            store,
            select,
            INTERNAL,
            move |_, outcome| match outcome.into_rows().is_empty() {
                true => Outcome::Code(otherwise),
                false => Outcome::TRUE,
            },
        )
    }
}

fn user_of(address: Result<NameAddr<'_>, HeaderError>) -> Option<Bytes> {
    let uri = address.ok()?.parse_uri().ok()?;
    Some(Bytes::copy_from_slice(uri.user.unwrap_or_default()))
}

fn failed(context: &mut Context, why: &'static str) -> Outcome {
    context.log(Level::Err, "uri_db", || why.to_owned());
    Outcome::Code(INTERNAL)
}
