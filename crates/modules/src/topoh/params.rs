//! The parameters, and what can be wrong with them.

use super::Topoh;
use crate::veil::Look;
use crate::veil::Mode;
use bytes::Bytes;
use policy::{Declaration, Problem, problem};
use std::net::IpAddr;

pub(super) struct Params {
    pub(super) mask_key: Bytes,
    pub(super) mask_mode: Mode,
    mask_ip: Bytes,
    pub(super) mask_callid: bool,
    uparam_name: Bytes,
    uparam_prefix: Bytes,
    vparam_name: Bytes,
    vparam_prefix: Bytes,
    callid_prefix: Bytes,
    pub(super) sanity_checks: bool,
    uri_prefix_checks: bool,
    pub(super) event_mode: i64,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            mask_key: Bytes::from_static(b"_static_value_"),
            mask_mode: Mode::default(),
            mask_ip: Bytes::from_static(b"127.0.0.8"),
            mask_callid: false,
            uparam_name: Bytes::from_static(b"line"),
            uparam_prefix: Bytes::from_static(b"sr-"),
            vparam_name: Bytes::from_static(b"branch"),
            vparam_prefix: Bytes::from_static(b"z9hG4bKsr-"),
            callid_prefix: Bytes::from_static(b"!!:"),
            sanity_checks: false,
            uri_prefix_checks: false,
            event_mode: 3,
        }
    }
}

pub(super) fn declare(d: &mut Declaration<Topoh>) {
    d.try_param(
        "mask_key",
        "The key. Nodes that share calls share it. In mode sealed `random` is one of this process alone.",
        |p: &mut Params, key: Bytes| {
            p.mask_key = key;
            match p.mask_key.is_empty() {
                true => Err("a key has at least one octet".to_owned()),
                false => Ok(()),
            }
        },
    );
    d.try_param(
        "mask_mode",
        "How values are encoded: kamailio (default) as 5.6.3 does, sealed with authenticated encryption, migrate seals and reads both.",
        |p: &mut Params, mode: Bytes| {
            p.mask_mode = match mode.as_ref() {
                b"kamailio" => Mode::Kamailio,
                b"sealed" => Mode::Sealed,
                b"migrate" => Mode::Migrate,
                _ => return Err("the modes are kamailio, sealed and migrate".to_owned()),
            };
            Ok(())
        },
    );
    d.try_param(
        "mask_ip",
        "The address in masks, default 127.0.0.8. Nothing is sent to it.",
        |p: &mut Params, ip: Bytes| {
            p.mask_ip = bracketed(&ip).ok_or("mask IP parameter is invalid")?;
            Ok(())
        },
    );
    d.param(
        "mask_callid",
        "Whether Call-IDs are hidden from callees, default 0.",
        |p: &mut Params, v| p.mask_callid = v,
    );
    declare_names(d);
    d.param(
        "sanity_checks",
        "Whether requests that fail the default checks of module sanity are left as they came, default 0.",
        |p: &mut Params, v| p.sanity_checks = v,
    );
    d.param(
        "uri_prefix_checks",
        "Whether only URIs that begin exactly as masks do are opened, default 0. Phones that add a port or a user part need 0.",
        |p: &mut Params, v| p.uri_prefix_checks = v,
    );
    d.callback("event_callback", |_, _| {});
    d.param(
        "event_mode",
        "Which event routes run, a sum: 1 topoh:msg-outgoing, 2 topoh:msg-sending. Default 3.",
        |p: &mut Params, v| p.event_mode = v,
    );
}

fn declare_names(d: &mut Declaration<Topoh>) {
    d.try_param(
        "uparam_name",
        "The URI parameter a mask is in, default line.",
        |p: &mut Params, v| name(v, &mut p.uparam_name),
    );
    d.try_param(
        "uparam_prefix",
        "What the value of that parameter begins with, default sr-.",
        |p: &mut Params, v| prefix(v, &mut p.uparam_prefix),
    );
    d.try_param(
        "vparam_name",
        "The Via parameter a mask is in, default branch.",
        |p: &mut Params, v| name(v, &mut p.vparam_name),
    );
    d.try_param(
        "vparam_prefix",
        "What the value of that parameter begins with, default z9hG4bKsr-.",
        |p: &mut Params, v| prefix(v, &mut p.vparam_prefix),
    );
    d.try_param(
        "callid_prefix",
        "What a hidden Call-ID begins with, default !!:.",
        |p: &mut Params, v: Bytes| match v.iter().all(|&byte| is_of_call_id(byte)) {
            true => {
                p.callid_prefix = v;
                Ok(())
            }
            false => Err("this cannot stand in a Call-ID".to_owned()),
        },
    );
}

impl Params {
    /// How masks look.
    ///
    /// # Errors
    /// Every Call-ID would look like a mask.
    pub(super) fn look(&self) -> Result<Look<'_>, Problem> {
        if self.mask_callid && self.callid_prefix.is_empty() {
            return Err(problem(
                "topoh.callid_prefix is empty: every Call-ID would look hidden",
            ));
        }
        Ok(Look {
            ip: &self.mask_ip,
            uri: (&self.uparam_name, &self.uparam_prefix),
            via: (&self.vparam_name, &self.vparam_prefix),
            call_id: &self.callid_prefix,
            whole_prefix: self.uri_prefix_checks,
        })
    }
}

fn name(value: Bytes, slot: &mut Bytes) -> Result<(), String> {
    match value.is_empty() {
        true => Err("a parameter has a name".to_owned()),
        false => prefix(value, slot),
    }
}

fn prefix(value: Bytes, slot: &mut Bytes) -> Result<(), String> {
    match value.iter().all(|&byte| is_of_token(byte)) {
        true => {
            *slot = value;
            Ok(())
        }
        false => Err("only letters, digits and -.!*_ stand in Via and URI alike".to_owned()),
    }
}

/// Both a token and unreserved in a URI.
fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.!*_".contains(&byte)
}

/// RFC 3261 section 25.1, `word`.
fn is_of_call_id(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.!%*_+`'~()<>:\\\"/[]?{}".contains(&byte)
}

/// An address as it stands in a URI; none where it is no address.
fn bracketed(ip: &[u8]) -> Option<Bytes> {
    Some(match policy::address_of(ip)? {
        IpAddr::V4(ip) => ip.to_string().into(),
        IpAddr::V6(ip) => format!("[{ip}]").into(),
    })
}
