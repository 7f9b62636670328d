//! Extensions of the core: branches, sockets, extended flags, raw sending, the place in the script.

mod flags;
mod place;
mod send;
mod sockets;

use bytes::Bytes;
use policy::{
    Alias, Context, Declaration, Destination, Entry, Init, Level, Logger, Module, Problem, Proto,
    Q, Routes, Text,
};
use serde_json::json;

pub(crate) const ENTRY: Entry = Entry::of::<CoreX>();

struct CoreX {
    logger: Logger,
}

#[derive(Default)]
struct Params {
    aliases: Vec<Alias>,
}

impl Module for CoreX {
    const NAME: &'static str = "corex";
    type Params = Params;

    fn declare(d: &mut Declaration<CoreX>) {
        d.doc("Extensions of the core: branches, sockets, extended flags, raw sending, the place in the script.");
        d.try_param(
            "alias_subdomains",
            "A domain that is ours with everything below it, `[proto:]domain[:port]`; may be given many times.",
            |p: &mut Params, text: Bytes| {
                p.aliases.push(alias(&text).ok_or("expected [proto:]domain[:port]")?);
                Ok(())
            },
        );
        d.function(
            "append_branch([uri], [q])",
            "Adds a branch: the URI, or the Request-URI now, which leaves its next hop and flags to it; -1 where there are max_branches.",
            Routes::REQUEST | Routes::FAILURE | Routes::BRANCH_FAILURE | Routes::EVENT,
            append_branch,
        );
        flags::declare(d);
        sockets::declare(d);
        send::declare(d);
        place::declare(d);
        d.rpc(
            "corex.debug [level]",
            "The log level, or sets it.",
            |module, request| {
                let old = module.logger.level();
                if !request.has(0) {
                    return Ok(json!({ "debug": old }));
                }
                let new = i32::try_from(request.int(0)?)
                    .map_err(|_| policy::RpcError::invalid("no such level"))?;
                module.logger.set_level(new);
                Ok(json!({ "old": old, "new": new }))
            },
        );
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<CoreX, Problem> {
        params
            .aliases
            .into_iter()
            .for_each(|alias| init.add_alias(alias));
        Ok(CoreX {
            logger: init.logger.clone(),
        })
    }
}

fn alias(text: &[u8]) -> Option<Alias> {
    let mut rest = text.trim_ascii();
    let mut proto = None;
    if let Some(colon) = rest.iter().position(|byte| *byte == b':')
        && let Some(found) = Proto::parse(rest.get(..colon)?)
    {
        (proto, rest) = (Some(found), rest.get(colon + 1..)?);
    }
    let (host, port) = match rest.iter().rposition(|byte| *byte == b':') {
        Some(colon) => (
            rest.get(..colon)?,
            std::str::from_utf8(rest.get(colon + 1..)?)
                .ok()?
                .parse()
                .ok()?,
        ),
        None => (rest, 0),
    };
    (!host.is_empty()).then(|| Alias {
        proto,
        host: host.to_ascii_lowercase().into(),
        port,
        subdomains: true,
    })
}

fn append_branch(_: &CoreX, context: &mut Context, uri: &Option<Text>, q: &Option<Text>) -> bool {
    let uri = uri
        .as_ref()
        .map(|uri| uri.get(context))
        .filter(|uri| !uri.is_empty());
    let q = q.as_ref().map(|q| q.get(context)).filter(|q| !q.is_empty());
    let q = match q {
        None => Q::UNSET,
        Some(text) => match Q::parse(&text) {
            Some(q) => q,
            None => return false,
        },
    };
    // The Request-URI is a branch too.
    if context.branches.len() + 1 >= context.core().max_branches {
        context.log(Level::Err, "corex", || {
            "max nr of branches exceeded".to_owned()
        });
        return false;
    }
    let target = context.target.clone();
    let branch = match uri {
        Some(uri) => Destination { uri, q, ..target },
        None => {
            // The branch takes all of the target with it but its URI.
            context.target = Destination {
                uri: target.uri.clone(),
                ..Destination::default()
            };
            Destination { q, ..target }
        }
    };
    context.branches.push(branch);
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Bench, run};

    const MESSAGE: &str = "OPTIONS sip:b@x SIP/2.0\n\n";

    #[test]
    fn subdomains_are_parsed() {
        for (text, proto, host, port) in [
            ("sub.test", None, "sub.test", 0),
            ("udp:Sub2.test:5070", Some(Proto::Udp), "sub2.test", 5070),
            ("sub.test:5070", None, "sub.test", 5070),
        ] {
            let expected = Alias {
                proto,
                host: Bytes::from(host),
                port,
                subdomains: true,
            };
            assert_eq!(alias(text.as_bytes()), Some(expected), "{text}");
        }
        assert_eq!(alias(b"sub.test:x"), None);
        assert_eq!(alias(b""), None);
    }

    #[test]
    fn branches_are_added() {
        let ran = run(
            "loadmodule \"corex\"\nrequest_route { append_branch(); rc(); append_branch(\"sip:a@b\", \"0.5\"); rc(); append_branch(\"sip:a@b\", \"x\"); rc(); }",
            MESSAGE,
        );
        assert_eq!(ran.codes, [1, 1, -1]);
        let branches: Vec<(&[u8], i16)> = ran
            .context
            .branches
            .iter()
            .map(|branch| (&branch.uri[..], branch.q.0))
            .collect();
        assert_eq!(branches, [(&b"sip:b@x"[..], -1), (&b"sip:a@b"[..], 500)]);
    }

    #[test]
    fn branches_have_a_bound() {
        let calls = "append_branch(); ".repeat(12);
        let ran = run(
            &format!("loadmodule \"corex\"\nrequest_route {{ {calls} rc(); }}"),
            MESSAGE,
        );
        assert_eq!((ran.codes, ran.context.branches.len()), (vec![-1], 11));
    }

    #[test]
    fn the_level_is_a_command() {
        let bench = Bench::new("loadmodule \"corex\"\nrequest_route { rc(); }");
        assert_eq!(
            bench.rpc("corex.debug", json!([2])),
            Ok(json!({ "old": 3, "new": 2 }))
        );
        assert_eq!(
            bench.rpc("corex.debug", json!([])),
            Ok(json!({ "debug": 2 }))
        );
    }
}
