//! Names of the tables and of their columns.

use super::params::Params;
use policy::Declaration;
use store::Name;

/// A table or column whose name a parameter may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Table,
    CallId,
    FromUri,
    FromTag,
    ToUri,
    ToTag,
    FromCseq,
    ToCseq,
    FromRoute,
    ToRoute,
    FromContact,
    ToContact,
    FromSock,
    ToSock,
    HashId,
    HashEntry,
    State,
    StartTime,
    Timeout,
    Flags,
    Switches,
    TimeoutRoute,
    RequestUri,
    Xdata,
    VarsTable,
    VarsHashId,
    VarsHashEntry,
    VarsKey,
    VarsValue,
}

/// Each with its parameter, none where Kamailio's README has none, and its default.
const ALL: [(Column, &str, &str); 29] = [
    (Column::Table, "table_name", "dialog"),
    (Column::CallId, "call_id_column", "callid"),
    (Column::FromUri, "from_uri_column", "from_uri"),
    (Column::FromTag, "from_tag_column", "from_tag"),
    (Column::ToUri, "to_uri_column", "to_uri"),
    (Column::ToTag, "to_tag_column", "to_tag"),
    (Column::FromCseq, "from_cseq_column", "caller_cseq"),
    (Column::ToCseq, "to_cseq_column", "callee_cseq"),
    (Column::FromRoute, "from_route_column", "caller_route_set"),
    (Column::ToRoute, "to_route_column", "callee_route_set"),
    (Column::FromContact, "from_contact_column", "caller_contact"),
    (Column::ToContact, "to_contact_column", "callee_contact"),
    (Column::FromSock, "from_sock_column", "caller_sock"),
    (Column::ToSock, "to_sock_column", "callee_sock"),
    (Column::HashId, "h_id_column", "hash_id"),
    (Column::HashEntry, "h_entry_column", "hash_entry"),
    (Column::State, "state_column", "state"),
    (Column::StartTime, "start_time_column", "start_time"),
    (Column::Timeout, "timeout_column", "timeout"),
    (Column::Flags, "sflags_column", "sflags"),
    (Column::Switches, "", "iflags"),
    (Column::TimeoutRoute, "toroute_name_column", "toroute_name"),
    (Column::RequestUri, "", "req_uri"),
    (Column::Xdata, "", "xdata"),
    (Column::VarsTable, "vars_table_name", "dialog_vars"),
    (Column::VarsHashId, "vars_h_id_column", "hash_id"),
    (Column::VarsHashEntry, "vars_h_entry_column", "hash_entry"),
    (Column::VarsKey, "vars_key_column", "dialog_key"),
    (Column::VarsValue, "vars_value_column", "dialog_value"),
];

/// The names in use.
#[derive(Clone)]
pub(super) struct Columns([Name; ALL.len()]);

impl Default for Columns {
    fn default() -> Columns {
        Columns(ALL.map(|(_, _, name)| Name::fixed(name)))
    }
}

impl Columns {
    /// The name of a table or column.
    pub(super) fn name(&self, column: Column) -> Name {
        self.0[column as usize].clone()
    }
}

/// Declares the parameters that change names.
pub(super) fn declare(d: &mut Declaration<super::DialogModule>) {
    for (column, parameter, _) in ALL.into_iter().filter(|(_, name, _)| !name.is_empty()) {
        let doc = match column {
            Column::Table => "The table of dialogs; default dialog.",
            Column::VarsTable => "The table of their variables; default dialog_vars.",
            _ => "The name of a column; the default is that of the standard tables.",
        };
        d.param(parameter, doc, move |p: &mut Params, name| {
            p.columns.0[column as usize] = name;
        });
    }
}
