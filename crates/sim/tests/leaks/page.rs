//! The scripts that must not let anything through.

use crate::end::End;
use crate::wording::TELLTALES;
use policy::Proto;
use sip::digest::{Hash, ha1};
use std::fmt::Write as _;

/// How a server hides, and what it takes out.
#[derive(Clone)]
pub(crate) struct Hiding {
    /// What stands before the routes.
    settings: String,
    /// Headers that are removed.
    removed: Vec<&'static str>,
    /// A policy that is whole, instead.
    policy: Option<String>,
    /// Requests are forwarded without a transaction.
    is_stateless: bool,
}

/// The built-in policy.
pub(crate) const BUILT_IN: &str = include_str!("../../../server/policy/ringwall.cfg");

impl Hiding {
    /// Nothing is hidden.
    pub(crate) fn nothing() -> Hiding {
        Hiding {
            settings: String::new(),
            removed: TELLTALES.iter().map(|(name, _)| *name).collect(),
            policy: None,
            is_stateless: false,
        }
    }

    /// Module topoh hides in this `mask_mode`.
    pub(crate) fn topoh(mode: &str) -> Hiding {
        let settings = format!(
            "loadmodule \"topoh.so\"\nmodparam(\"topoh\", \"mask_key\", \"{MASK_KEY}\")\n\
             modparam(\"topoh\", \"mask_callid\", 1)\nmodparam(\"topoh\", \"mask_mode\", \"{mode}\")\n"
        );
        Hiding {
            settings,
            ..Hiding::nothing()
        }
    }

    /// Module topos hides with this `storage`.
    pub(crate) fn topos(storage: &str) -> Hiding {
        let settings = format!(
            "loadmodule \"db_sqlite.so\"\nloadmodule \"topos.so\"\nmodparam(\"topos\", \"storage\", \"{storage}\")\n\
             modparam(\"topos\", \"db_url\", \"sqlite:///{{db}}\")\nmodparam(\"topos\", \"mask_callid\", 1)\n"
        );
        Hiding {
            settings,
            ..Hiding::nothing()
        }
    }

    /// This text, which is the built-in policy or much like it.
    pub(crate) fn policy(text: &str) -> Hiding {
        Hiding {
            policy: Some(text.to_owned()),
            ..Hiding::nothing()
        }
    }

    /// The same with these settings more.
    pub(crate) fn and(mut self, settings: &str) -> Hiding {
        self.settings.push_str(settings);
        self
    }

    /// The same, but this header stays.
    pub(crate) fn keeping(mut self, header: &str) -> Hiding {
        self.removed.retain(|name| *name != header);
        self
    }

    /// The same, by a proxy that keeps no transactions.
    pub(crate) fn stateless(mut self) -> Hiding {
        self.is_stateless = true;
        self
    }

    /// A scenario with these ends.
    pub(crate) fn page(&self, ends: &[End]) -> String {
        let (script, rows) = match &self.policy {
            Some(text) => (format!("{SURROUNDINGS}{text}"), registered(ends)),
            None if self.is_stateless => (self.stateless_proxy(ends), String::new()),
            None => (self.proxy(ends), String::new()),
        };
        let mut names = String::new();
        for end in ends {
            for proxy in &end.proxies {
                let _ = writeln!(names, "dns {proxy} A {}", end.place.address.ip());
            }
        }
        format!("# Leaks\n\n```kamailio\n{script}```\n\n```sip\n{names}{rows}wait 1s\n```\n")
    }

    /// A proxy that sends everything on; `all` rings everywhere but where the call comes from.
    fn proxy(&self, ends: &[End]) -> String {
        let mut all = String::new();
        for end in ends {
            let (name, target) = (&end.name, target(end));
            let _ = writeln!(
                all,
                "        if ($fU != \"{name}\") {{ if ($du != $null) append_branch(); $du = \"{target}\"; }}"
            );
        }
        let (remove, ways, settings) = (self.removal(), ways(ends), &self.settings);
        format!(
            r#"{MODULES}{settings}
request_route {{
    {remove}
    if (is_method("CANCEL")) {{
        if (t_check_trans()) t_relay();
        exit;
    }}
    if (has_totag()) {{
        if (loose_route()) {{
            t_relay();
        }} else if (is_method("ACK") && t_check_trans()) {{
            t_relay();
        }}
        exit;
    }}
    t_check_trans();
    record_route();
{ways}
    if ($rU == "all") {{
{all}    }}
    t_relay();
}}
reply_route {{
    {remove}
}}
"#
        )
    }

    /// A proxy that forwards: nothing but what stands in a reply tells it where that goes. `all` is the first end.
    fn stateless_proxy(&self, ends: &[End]) -> String {
        let (remove, ways, settings) = (self.removal(), ways(ends), &self.settings);
        let first = ends.first().map(target).unwrap_or_default();
        format!(
            r#"{MODULES}{settings}
request_route {{
    {remove}
    if (has_totag() && loose_route()) {{
        forward();
        exit;
    }}
    if (!is_method("CANCEL|ACK")) record_route();
{ways}
    if ($rU == "all") $du = "{first}";
    forward();
}}
reply_route {{
    {remove}
}}
"#
        )
    }

    /// Statements that take out what betrays.
    fn removal(&self) -> String {
        let removed = self.removed.iter();
        removed
            .map(|name| format!("remove_hf(\"{name}\"); "))
            .collect()
    }
}

/// Statements that send a request to the end that it names.
fn ways(ends: &[End]) -> String {
    let way = |end: &End| {
        let (name, target) = (&end.name, target(end));
        format!("    if ($rU == \"{name}\") $du = \"{target}\";\n")
    };
    ends.iter().map(way).collect()
}

/// The key that masks are made with here; none where the built-in policy has a random one.
pub(crate) const MASK_KEY: &str = "the key of this play";

const MODULES: &str = r#"loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "corex.so"
loadmodule "siputils.so"
loadmodule "textops.so"
listen=udp:127.0.0.1:5060
listen=tcp:127.0.0.1:5060
"#;

const SURROUNDINGS: &str = r#"#!define DOMAIN "example.test"
#!define DBURL "sqlite:///{db}"
#!define ROUTE_KEYS "0123456789abcdef0123456789abcdef"
listen=udp:127.0.0.1:5060
listen=tcp:127.0.0.1:5060
"#;

/// Carriers are trusted peers and phones have a password; all of them are registered, each by its name and as `all`.
fn registered(ends: &[End]) -> String {
    let mut rows = String::new();
    for (number, end) in ends.iter().enumerate() {
        let (ip, contact) = (end.place.address.ip(), target(end));
        let (name, hash) = (
            &end.name,
            ha1(Hash::Md5, end.name.as_bytes(), b"example.test", b"secret"),
        );
        let _ = match end.is_carrier {
            true => writeln!(rows, "db address grp=1 ip_addr={ip} mask=32 port=0"),
            false => writeln!(
                rows,
                "db subscriber username={name} domain=example.test ha1={}",
                hash.as_str()
            ),
        };
        for user in [end.name.as_str(), "all"] {
            let path = match end.proxies.first() {
                Some(proxy) => format!("<sip:{proxy}:{};lr>", end.place.address.port()),
                None => String::new(),
            };
            let _ = writeln!(
                rows,
                "db location ruid=r{number}{user} username={user} domain=example.test contact=\"{contact}\" \
                 path=\"{path}\" expires=4000000000"
            );
        }
    }
    rows
}

/// The Contact of an end.
fn target(end: &End) -> String {
    match end.place.proto {
        Proto::Tcp => format!("sip:{}@{};transport=tcp", end.user, end.place.address),
        _ => format!("sip:{}@{}", end.user, end.place.address),
    }
}
