//! The parameters, and what can be wrong with them.

use super::Topos;
use super::contact::{Mode, Style, is_host};
use bytes::Bytes;
use policy::{Declaration, Problem, problem};

pub(super) struct Params {
    /// `db`, `memory`, or what a module that is loaded later offers.
    pub(super) storage: Bytes,
    pub(super) db_url: String,
    pub(super) mask_callid: bool,
    /// Empty where it is not given.
    pub(super) mask_key: Bytes,
    pub(super) sanity_checks: bool,
    pub(super) branch_expire_s: u32,
    pub(super) dialog_expire_s: u32,
    pub(super) clean_interval_s: u32,
    pub(super) event_mode: i64,
    contact_host: Bytes,
    contact_mode: i64,
    cparam_name: Bytes,
    xavu_cfg: Bytes,
    xavu_field_a_contact: Bytes,
    xavu_field_b_contact: Bytes,
    xavu_field_contact_host: Bytes,
    pub(super) rr_update: bool,
    pub(super) context: Bytes,
    pub(super) failure: Failure,
    pub(super) retry_after_s: u32,
}

/// What becomes of a message whose state cannot be written or read (`storage_failure`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Failure {
    /// Its sender is told to come again.
    #[default]
    Refuse,
    /// It passes as it is.
    Pass,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            storage: Bytes::from_static(b"db"),
            db_url: "mysql://kamailio:kamailiorw@localhost/kamailio".to_owned(),
            mask_callid: false,
            mask_key: Bytes::new(),
            sanity_checks: false,
            branch_expire_s: 180,
            dialog_expire_s: 10_800,
            clean_interval_s: 60,
            event_mode: 3,
            contact_host: Bytes::new(),
            contact_mode: 0,
            cparam_name: Bytes::from_static(b"tps"),
            xavu_cfg: Bytes::new(),
            xavu_field_a_contact: Bytes::new(),
            xavu_field_b_contact: Bytes::new(),
            xavu_field_contact_host: Bytes::new(),
            rr_update: false,
            context: Bytes::new(),
            failure: Failure::Refuse,
            retry_after_s: 5,
        }
    }
}

pub(super) fn declare(d: &mut Declaration<Topos>) {
    d.param(
        "storage",
        "Where state is kept: db (default), redis (module topos_redis), or memory, this process alone.",
        |p: &mut Params, v| p.storage = v,
    );
    d.param(
        "db_url",
        "The database of storage db, default mysql://kamailio:kamailiorw@localhost/kamailio.",
        |p: &mut Params, v| p.db_url = v,
    );
    d.param(
        "mask_callid",
        "Whether callees see another Call-ID than callers, default 0.",
        |p: &mut Params, v| p.mask_callid = v,
    );
    d.param(
        "mask_key",
        "The key of masked Call-IDs, which servers that share dialogs share. Default with storage db is made of db_url, else one of this process alone. Ours.",
        |p: &mut Params, v| p.mask_key = v,
    );
    d.param(
        "sanity_checks",
        "Whether requests that fail the default checks of module sanity are left as they came, default 0.",
        |p: &mut Params, v| p.sanity_checks = v,
    );
    declare_times(d);
    d.callback("event_callback", |_, _| {});
    d.param(
        "event_mode",
        "Which event routes run, a sum: 1 topos:msg-outgoing, 2 topos:msg-sending, 4 topos:msg-incoming, 8 topos:msg-receiving. Default 3.",
        |p: &mut Params, v| p.event_mode = v,
    );
    declare_contact(d);
    d.param(
        "rr_update",
        "Whether the Record-Routes of a target refresh change the dialog's route, default 0.",
        |p: &mut Params, v| p.rr_update = v,
    );
    d.try_param(
        "context",
        "The name of this instance, at most 12 characters: it stands in Contacts and rows.",
        |p: &mut Params, v: Bytes| {
            p.context = instance(v)?;
            Ok(())
        },
    );
    declare_failure(d);
}

fn declare_times(d: &mut Declaration<Topos>) {
    d.try_param(
        "branch_expire",
        "Seconds after which branches, and dialogs that nobody accepted, are forgotten; default 180.",
        |p: &mut Params, v| at_least_one(v, &mut p.branch_expire_s),
    );
    d.try_param(
        "dialog_expire",
        "Seconds after which dialogs are forgotten, from their last target refresh; default 10800.",
        |p: &mut Params, v| at_least_one(v, &mut p.dialog_expire_s),
    );
    d.try_param(
        "clean_interval",
        "Seconds between two cleanings, default 60.",
        |p: &mut Params, v| at_least_one(v, &mut p.clean_interval_s),
    );
}

fn declare_contact(d: &mut Declaration<Topos>) {
    d.try_param(
        "contact_host",
        "The host in Contacts, default that of our Record-Route.",
        |p: &mut Params, v: Bytes| {
            if !v.is_empty() && !is_host(&v) {
                return Err("this is no host".to_owned());
            }
            p.contact_host = v;
            Ok(())
        },
    );
    d.try_param(
        "contact_mode",
        "Where Contacts name the dialog: 0 as the user (default), 1 in a parameter, with the users of the first request, 2 in a parameter, with users of the XAVU.",
        |p: &mut Params, v: i64| {
            p.contact_mode = v;
            (0..=2).contains(&v).then_some(()).ok_or_else(|| "the modes are 0, 1 and 2".to_owned())
        },
    );
    d.try_param(
        "cparam_name",
        "That parameter's name, default tps.",
        |p: &mut Params, v: Bytes| {
            if v.is_empty()
                || !v
                    .iter()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
            {
                return Err("a parameter's name has letters, digits, - _ and .".to_owned());
            }
            p.cparam_name = v;
            Ok(())
        },
    );
    d.param(
        "xavu_cfg",
        "The XAVU with values for single requests.",
        |p: &mut Params, v| p.xavu_cfg = v,
    );
    d.param(
        "xavu_field_a_contact",
        "Its field with the user that stands for the caller, in Contacts that callees see, for contact_mode 2.",
        |p: &mut Params, v| p.xavu_field_a_contact = v,
    );
    d.param(
        "xavu_field_b_contact",
        "Its field with the user that stands for the callee, in Contacts that callers see, for contact_mode 2.",
        |p: &mut Params, v| p.xavu_field_b_contact = v,
    );
    d.param(
        "xavu_field_contact_host",
        "Its field with the host in Contacts, before contact_host.",
        |p: &mut Params, v| p.xavu_field_contact_host = v,
    );
}

fn declare_failure(d: &mut Declaration<Topos>) {
    d.try_param(
        "storage_failure",
        "What becomes of a request whose state cannot be written or read: refuse (default), with 503, or pass, unhidden. Ours.",
        |p: &mut Params, v: Bytes| {
            p.failure = match v.as_ref() {
                b"refuse" => Failure::Refuse,
                b"pass" => Failure::Pass,
                _ => return Err("this is neither refuse nor pass".to_owned()),
            };
            Ok(())
        },
    );
    d.try_param(
        "retry_after",
        "The seconds in Retry-After of such a 503, default 5. Ours.",
        |p: &mut Params, v| at_least_one(v, &mut p.retry_after_s),
    );
}

impl Params {
    /// The key of masked Call-IDs; none where they are not masked. Without `mask_key` those who share a database
    /// agree on it, since they agree on its URL.
    pub(super) fn call_id_key<'a>(&'a self, secret: &'a [u8; 32]) -> Option<&'a [u8]> {
        let key: &[u8] = match (self.mask_key.is_empty(), self.storage.as_ref()) {
            (false, _) => &self.mask_key,
            (true, b"db") => self.db_url.as_bytes(),
            (true, _) => secret,
        };
        self.mask_callid.then_some(key)
    }

    /// How Contacts are written.
    ///
    /// # Errors
    /// `contact_mode` 2 without the fields it reads, or a field without its XAVU.
    pub(super) fn style(&self) -> Result<Style, Problem> {
        let some = |text: &Bytes| Some(text.clone()).filter(|text| !text.is_empty());
        let fields = [
            &self.xavu_field_a_contact,
            &self.xavu_field_b_contact,
            &self.xavu_field_contact_host,
        ];
        if self.xavu_cfg.is_empty() && fields.iter().any(|field| !field.is_empty()) {
            return Err(problem(
                "topos.xavu_cfg must be set for the fields of an XAVU",
            ));
        }
        let mode = match self.contact_mode {
            0 => Mode::User,
            1 => Mode::Parameter,
            _ => Mode::Fields {
                caller: some(&self.xavu_field_b_contact).ok_or_else(no_fields)?,
                callee: some(&self.xavu_field_a_contact).ok_or_else(no_fields)?,
            },
        };
        Ok(Style {
            mode,
            param: self.cparam_name.clone(),
            host: some(&self.contact_host),
            xavu: some(&self.xavu_cfg),
            host_field: some(&self.xavu_field_contact_host),
        })
    }
}

fn no_fields() -> Problem {
    problem("topos.contact_mode 2 needs xavu_field_a_contact and xavu_field_b_contact")
}

/// The name of an instance.
pub(super) fn instance(name: Bytes) -> Result<Bytes, String> {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    match name.len() <= 12 && name.iter().all(fits) {
        true => Ok(name),
        false => Err("a context has at most 12 letters, digits, - _ and .".to_owned()),
    }
}

fn at_least_one(value: i64, slot: &mut u32) -> Result<(), String> {
    match u32::try_from(value) {
        Ok(value @ 1..) => {
            *slot = value;
            Ok(())
        }
        _ => Err("this must be at least 1".to_owned()),
    }
}
