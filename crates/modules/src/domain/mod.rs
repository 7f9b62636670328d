//! The domains that are served here: tables `domain` and `domain_attrs`.

mod rpc;
mod source;
mod table;
#[cfg(test)]
mod tests;

use parking_lot::RwLock;
use policy::{AvpName, Context, Declaration, Entry, Init, Module, Problem, Routes, Text, Untold};
use script::Value;
use sip::Uri;
use source::{Columns, Source};
use std::sync::Arc;
use store::{Name, schema};
use table::Domains;

pub(crate) const ENTRY: Entry = Entry::of::<Domain>();

/// Module `domain`.
struct Domain {
    domains: Arc<RwLock<Arc<Domains>>>,
    source: Source,
}

/// `modparam("domain", …)`, with Kamailio's defaults.
struct Params {
    db_url: String,
    columns: Columns,
    register_myself: bool,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            db_url: "mysql://kamailioro:kamailioro@localhost/kamailio".to_owned(),
            columns: Columns::default(),
            register_myself: false,
        }
    }
}

impl Module for Domain {
    const NAME: &'static str = "domain";
    type Params = Params;

    fn declare(d: &mut Declaration<Domain>) {
        d.doc("Knows which domains are served here, and their attributes.");
        declare_params(d);
        declare_functions(d);
        d.waiting_rpc("domain.reload", "Reads both tables again.", Domain::reload);
        d.rpc(
            "domain.dump",
            "The domains and the names of their attributes.",
            Domain::dump,
        );
        d.table("domain", "Domains, each with the id its attributes have.");
        d.table(
            "domain_attrs",
            "Attributes by id: type 0 a number, 2 a text.",
        );
        d.deviation("In domain.dump `domains` and `attributes` are lists, and attributes are lists of names.");
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<Domain, Problem> {
        let source = Source {
            store: init.store(&params.db_url)?,
            columns: params.columns,
        };
        let (url, columns) = (&params.db_url, &source.columns);
        init.expect_table(url, &columns.domains, &schema::DOMAIN, Untold::Refused)?;
        let attributes = &schema::DOMAIN_ATTRS;
        init.expect_table(url, &columns.attributes, attributes, Untold::Refused)?;
        let domains: Arc<RwLock<Arc<Domains>>> = Arc::default();
        let (reader, into) = (source.clone(), domains.clone());
        init.on_database(url, move |done| reader.clone().read(into.clone(), done));
        if params.register_myself {
            let domains = domains.clone();
            init.add_local_domains(Arc::new(move |host| domains.read().is_local(host)));
        }
        Ok(Domain { domains, source })
    }
}

fn declare_params(d: &mut Declaration<Domain>) {
    d.param(
        "db_url",
        "The database, default mysql://kamailioro:kamailioro@localhost/kamailio.",
        |p, url| p.db_url = url,
    );
    for (name, doc, place) in NAMES {
        d.param(name, doc, move |p, name| *place(&mut p.columns) = name);
    }
    d.param(
        "register_myself",
        "The domains are ours too (myself, is_myself()). Default off.",
        |p, yes| p.register_myself = yes,
    );
    d.param(
        "db_mode",
        "Accepted; means nothing here because the tables are always kept in memory, as in Kamailio 5.6.3.",
        |_, _: i64| {},
    );
}

/// A table or column: its parameter, its doc line, where it is kept.
type Named = (&'static str, &'static str, fn(&mut Columns) -> &mut Name);

const NAMES: [Named; 7] = [
    (
        "domain_table",
        "The table of domains, default domain.",
        |c| &mut c.domains,
    ),
    (
        "domain_attrs_table",
        "The table of attributes, default domain_attrs.",
        |c| &mut c.attributes,
    ),
    ("did_col", "The column of ids in both, default did.", |c| {
        &mut c.did
    }),
    (
        "domain_col",
        "The column of domains, default domain.",
        |c| &mut c.domain,
    ),
    (
        "name_col",
        "The column of attributes' names, default name.",
        |c| &mut c.name,
    ),
    (
        "type_col",
        "The column of attributes' types, default type.",
        |c| &mut c.kind,
    ),
    (
        "value_col",
        "The column of attributes' values, default value.",
        |c| &mut c.value,
    ),
];

fn declare_functions(d: &mut Declaration<Domain>) {
    d.function(
        "is_from_local()",
        "1 where the host of From is a domain of ours, else -1.",
        Routes::ANY,
        Domain::is_from_local,
    );
    d.function(
        "is_uri_host_local()",
        "1 where the host of the Request-URI is a domain of ours, else -1.",
        Routes::ANY,
        Domain::is_uri_host_local,
    );
    d.function(
        "is_domain_local(domain)",
        "1 where the domain is ours, else -1.",
        Routes::ANY,
        Domain::is_domain_local,
    );
    d.function(
        "lookup_domain(domain, [prefix])",
        "1 where the domain is ours; its id and attributes go into AVPs of their names, with the prefix in front. Else -1.",
        Routes::ANY,
        Domain::lookup_domain,
    );
}

impl Domain {
    fn is_from_local(&self, context: &mut Context) -> bool {
        let from = context.message.from().ok();
        let uri = from.and_then(|from| from.parse_uri().ok());
        uri.is_some_and(|uri| self.domains.read().is_local(uri.host))
    }

    fn is_uri_host_local(&self, context: &mut Context) -> bool {
        let uri = Uri::parse(&context.target.uri);
        uri.is_ok_and(|uri| self.domains.read().is_local(uri.host))
    }

    fn is_domain_local(&self, context: &mut Context, domain: &Text) -> bool {
        let domain = domain.get(context);
        self.domains.read().is_local(&domain)
    }

    fn lookup_domain(&self, context: &mut Context, domain: &Text, prefix: &Option<Text>) -> bool {
        let domain = domain.get(context);
        let prefix = prefix
            .as_ref()
            .map(|prefix| prefix.get(context))
            .unwrap_or_default();
        let domains = self.domains.read().clone();
        let Some(did) = domains.did(&domain) else {
            return false;
        };
        let mut add = |name: &[u8], value: Value| {
            let name = AvpName::Text([prefix.as_ref(), name].concat().into());
            context.vars.avps.add(name, value);
        };
        add(b"did", Value::Str(did.clone()));
        // The first row shall be the newest value.
        for (name, value) in domains.attributes(did).iter().rev() {
            add(name, value.clone());
        }
        true
    }
}
