//! Who is in which group: tables `grp` and `re_grp`.

mod expressions;
#[cfg(test)]
mod tests;
mod who;

use expressions::{Expressions, Source};
use parking_lot::RwLock;
use policy::{AvpName, Context, Declaration, Entry, Init, Level, Module, Outcome, Problem};
use policy::{Routes, Text, Untold};
use script::Value;
use std::sync::Arc;
use store::{Cell, Filter, Name, Select, Store, name, schema};
use who::Who;

pub(crate) const ENTRY: Entry = Entry::of::<Group>();

/// Module `group`.
struct Group {
    params: Params,
    store: Arc<dyn Store>,
    expressions: Arc<RwLock<Arc<Expressions>>>,
}

/// `modparam("group", …)`, with Kamailio's defaults.
struct Params {
    db_url: String,
    table: Name,
    user_column: Name,
    domain_column: Name,
    group_column: Name,
    use_domain: bool,
    re_table: Option<Name>,
    re_exp_column: Name,
    re_gid_column: Name,
    multiple_gid: bool,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            db_url: "mysql://kamailioro:kamailioro@localhost/kamailio".to_owned(),
            table: name!("grp"),
            user_column: name!("username"),
            domain_column: name!("domain"),
            group_column: name!("grp"),
            use_domain: false,
            re_table: None,
            re_exp_column: name!("reg_exp"),
            re_gid_column: name!("group_id"),
            multiple_gid: true,
        }
    }
}

/// The user is not in the group.
const NOT_IN_GROUP: i32 = -6;

impl Module for Group {
    const NAME: &'static str = "group";
    type Params = Params;

    fn declare(d: &mut Declaration<Group>) {
        d.doc("Tells which groups users are in, by name or by regular expression.");
        declare_params(d);
        let requests = Routes::REQUEST.or(Routes::FAILURE);
        d.function(
            "is_user_in(uri, group)",
            "1 where the user of the URI (Request-URI, To, From, Credentials or a variable) is in the group, -6 not, -1 no user there or the database failed.",
            requests,
            Group::is_user_in,
        )
        .waits();
        d.function(
            "get_user_group(uri, avp)",
            "How many expressions of re_table match the user@host of the URI, -1 none; their group numbers go into the AVP.",
            requests,
            Group::get_user_group,
        );
        d.table("grp", "Users and their groups.");
        d.table(
            "re_grp",
            "Regular expressions over URIs, with group numbers.",
        );
        d.deviation("The group of is_user_in() may have variables in it; Kamailio 5.6.3 takes their names for the group.");
        d.deviation("Credentials are those whose password was right; Kamailio 5.6.3 takes any whose nonce was good.");
        d.deviation("The URI of is_user_in() and get_user_group() may be any text with variables, not only $avp(name).");
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<Group, Problem> {
        let store = init.store(&params.db_url)?;
        let url = &params.db_url;
        init.expect_table(url, &params.table, &schema::GRP, Untold::Refused)?;
        let expressions = Arc::new(RwLock::new(Arc::default()));
        if let Some(table) = params.re_table.clone() {
            init.expect_table(url, &table, &schema::RE_GRP, Untold::Refused)?;
            let source = Source {
                store: store.clone(),
                table,
                expression: params.re_exp_column.clone(),
                group: params.re_gid_column.clone(),
            };
            let expressions = expressions.clone();
            init.on_database(url, move |done| {
                source.clone().read(expressions.clone(), done)
            });
        }
        Ok(Group {
            params,
            store,
            expressions,
        })
    }
}

fn declare_params(d: &mut Declaration<Group>) {
    d.param(
        "db_url",
        "The database, default mysql://kamailioro:kamailioro@localhost/kamailio.",
        |p, url| p.db_url = url,
    );
    for (name, doc, place) in NAMES {
        d.param(name, doc, move |p, name| *place(p) = name);
    }
    d.param(
        "use_domain",
        "The domain belongs to the user. Default off.",
        |p, yes| p.use_domain = yes,
    );
    d.param(
        "re_table",
        "The table of regular expressions; without it there are none.",
        |p, name| p.re_table = Some(name),
    );
    d.param(
        "multiple_gid",
        "Every group that matches counts, not only one. Default on.",
        |p, yes| p.multiple_gid = yes,
    );
}

/// A table or column: its parameter, its doc line, where it is kept.
type Named = (&'static str, &'static str, fn(&mut Params) -> &mut Name);

const NAMES: [Named; 6] = [
    ("table", "The table of groups, default grp.", |p| {
        &mut p.table
    }),
    (
        "user_column",
        "Its column of usernames, default username.",
        |p| &mut p.user_column,
    ),
    (
        "domain_column",
        "Its column of domains, default domain.",
        |p| &mut p.domain_column,
    ),
    ("group_column", "Its column of groups, default grp.", |p| {
        &mut p.group_column
    }),
    (
        "re_exp_column",
        "The column of expressions of re_table, default reg_exp.",
        |p| &mut p.re_exp_column,
    ),
    (
        "re_gid_column",
        "Its column of group numbers, default group_id.",
        |p| &mut p.re_gid_column,
    ),
];

impl Group {
    fn is_user_in(&self, context: &mut Context, uri: &Who, group: &Text) -> Outcome {
        let found = match uri.find(context) {
            Ok(found) => found,
            Err(why) => return failed(context, why),
        };
        if found.user.is_empty() {
            return Outcome::FALSE;
        }
        let params = &self.params;
        let mut filter = Filter::all()
            .eq(params.user_column.clone(), Cell::Text(found.user))
            .eq(params.group_column.clone(), Cell::Text(group.get(context)));
        if params.use_domain {
            filter = filter.eq(params.domain_column.clone(), Cell::Text(found.domain));
        }
        let select = Select::from(params.table.clone())
            .columns([params.group_column.clone()])
            .filter(filter)
            .limit(1);
        Outcome::query(
            "group",
            self.store.clone(),
            select,
            -1,
            |_, outcome| match outcome.into_rows().is_empty() {
                true => Outcome::Code(NOT_IN_GROUP),
                false => Outcome::TRUE,
            },
        )
    }

    fn get_user_group(&self, context: &mut Context, uri: &Who, avp: &AvpName) -> Outcome {
        if self.params.re_table.is_none() {
            return failed(context, "re_table is not set");
        }
        let found = match uri.find(context) {
            Ok(found) => found,
            Err(why) => return failed(context, why),
        };
        if found.user.is_empty() {
            return Outcome::FALSE;
        }
        let expressions = self.expressions.read().clone();
        let groups = expressions.groups_of(&found.uri(), self.params.multiple_gid);
        for group in &groups {
            context.vars.avps.add(avp.clone(), Value::Int(*group));
        }
        match groups.len() {
            0 => Outcome::FALSE,
            many => Outcome::Code(i32::try_from(many).unwrap_or(i32::MAX)),
        }
    }
}

fn failed(context: &mut Context, why: &'static str) -> Outcome {
    context.log(Level::Err, "group", || why.to_owned());
    Outcome::FALSE
}
