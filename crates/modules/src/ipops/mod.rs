//! Operations on addresses, and questions to name servers.

mod address;
mod names;
mod results;
#[cfg(test)]
mod tests;

use address::Form;
use policy::{Context, Declaration, Entry, Init, Int, Level, Module, Problem, Routes, Text, Var};
use script::{Value, VarSpec};
use std::net::IpAddr;

pub(crate) const ENTRY: Entry = Entry::of::<IpOps>();

/// Module `ipops`.
struct IpOps;

impl Module for IpOps {
    const NAME: &'static str = "ipops";
    type Params = ();

    fn declare(d: &mut Declaration<IpOps>) {
        d.doc("Compares and classifies addresses, and asks name servers.");
        declare_checks(d);
        declare_kinds(d);
        declare_names(d);
        d.variable(
            "dns(id=>key)",
            "What dns_query() found: count, ipv4, ipv6, addr[n], type[n].",
            false,
            |_, spec, prepare| results::dns(spec, prepare),
        );
        d.variable(
            "srvquery(id=>key)",
            "What srv_query() found: count, port[n], priority[n], target[n], weight[n].",
            false,
            |_, spec, prepare| results::srv(spec, prepare),
        );
        d.variable(
            "naptrquery(id=>key)",
            "What naptr_query() found: count, order[n], pref[n], flags[n], services[n], regex[n], replace[n].",
            false,
            |_, spec, prepare| results::naptr(spec, prepare),
        );
        d.variable(
            "HN(key)",
            "The name of this machine: n its first label, f all of it, d its domain.",
            false,
            |_, spec, prepare| host_name(spec, prepare),
        );
        d.deviation("A subnet whose length is no number has no addresses; Kamailio 5.6.3 takes it for 0, which is every address.");
        d.deviation("dns_sys_match_ip() and dns_int_match_ip() are the same: every address of the name is compared. The script waits, the server does not.");
        d.deviation("Answers belong to the request, not to a process.");
        d.deviation("IPv4 addresses of a name stand before its IPv6 addresses; in Kamailio the C library orders them.");
    }

    fn init(_: (), _: &mut Init<'_>) -> Result<IpOps, Problem> {
        Ok(IpOps)
    }
}

fn declare_checks(d: &mut Declaration<IpOps>) {
    let any = Routes::ANY;
    let is = |text: &[u8], forms: &[Form]| {
        address::parse(text).is_some_and(|(_, form)| forms.contains(&form))
    };
    d.function(
        "is_ip(ip)",
        "1 where the text is an IPv4 or IPv6 address, with or without brackets, else -1.",
        any,
        move |_: &IpOps, context: &mut Context, ip: &Text| {
            is(&ip.get(context), &[Form::V4, Form::V6, Form::Reference])
        },
    );
    d.function(
        "is_pure_ip(ip)",
        "1 where it is one without brackets.",
        any,
        move |_: &IpOps, context: &mut Context, ip: &Text| {
            is(&ip.get(context), &[Form::V4, Form::V6])
        },
    );
    d.function(
        "is_ipv4(ip)",
        "1 where it is an IPv4 address.",
        any,
        move |_: &IpOps, context: &mut Context, ip: &Text| is(&ip.get(context), &[Form::V4]),
    );
    d.function(
        "is_ipv6(ip)",
        "1 where it is an IPv6 address without brackets.",
        any,
        move |_: &IpOps, context: &mut Context, ip: &Text| is(&ip.get(context), &[Form::V6]),
    );
    d.function(
        "is_ipv6_reference(ip)",
        "1 where it is an IPv6 address in brackets.",
        any,
        move |_: &IpOps, context: &mut Context, ip: &Text| is(&ip.get(context), &[Form::Reference]),
    );
    declare_comparisons(d);
}

fn declare_comparisons(d: &mut Declaration<IpOps>) {
    let any = Routes::ANY;
    d.function(
        "is_ip_rfc1918(ip)",
        "1 where it is an IPv4 address of a private network.",
        any,
        IpOps::is_private,
    );
    d.function(
        "is_in_subnet(ip, subnets)",
        "1 where the address is in one of the subnets, a list with commas.",
        any,
        IpOps::is_in_subnet,
    );
    d.function(
        "compare_ips(ip1, ip2)",
        "1 where both are the same address; brackets do not matter.",
        any,
        IpOps::compare,
    );
    d.function(
        "compare_pure_ips(ip1, ip2)",
        "1 where both are the same address without brackets.",
        any,
        IpOps::compare_pure,
    );
}

fn declare_kinds(d: &mut Declaration<IpOps>) {
    let any = Routes::ANY;
    d.function(
        "ip_type(ip)",
        "1 IPv4, 2 IPv6, 3 IPv6 in brackets, -1 no address.",
        any,
        IpOps::ip_type,
    );
    d.function(
        "detailed_ip_type(ip, result)",
        "Puts the kind (PUBLIC, PRIVATE, LOOPBACK, …) into a variable; -1 no address.",
        any,
        |_: &IpOps, context: &mut Context, ip: &Text, result: &Var| {
            detailed(context, ip, result, |_| true)
        },
    );
    d.function(
        "detailed_ipv4_type(ip, result)",
        "The same for IPv4 alone.",
        any,
        |_: &IpOps, context: &mut Context, ip: &Text, result: &Var| {
            detailed(context, ip, result, IpAddr::is_ipv4)
        },
    );
    d.function(
        "detailed_ipv6_type(ip, result)",
        "The same for IPv6 alone.",
        any,
        |_: &IpOps, context: &mut Context, ip: &Text, result: &Var| {
            detailed(context, ip, result, IpAddr::is_ipv6)
        },
    );
}

fn declare_names(d: &mut Declaration<IpOps>) {
    let any = Routes::ANY;
    d.function(
        "dns_sys_match_ip(hostname, ip)",
        "1 where the host has the address, -1 not, -3 no address, -4 the name has none.",
        any,
        IpOps::match_ip,
    )
    .alias("dns_int_match_ip")
    .waits();
    d.function(
        "dns_query(hostname, id)",
        "Asks for the addresses of a host, for $dns(id=>key); -4 it has none.",
        any,
        IpOps::dns_query,
    )
    .waits();
    d.function(
        "srv_query(name, id)",
        "Asks for the SRV records of a name, for $srvquery(id=>key); -2 the name is empty, -3 the id.",
        any,
        IpOps::srv_query,
    )
    .waits();
    d.function(
        "naptr_query(domain, id)",
        "Asks for the NAPTR records of a domain, for $naptrquery(id=>key); -2 the domain is empty, -3 the id.",
        any,
        IpOps::naptr_query,
    )
    .waits();
    d.function(
        "dns_set_local_ttl(ttl)",
        "Accepted; means nothing here because answers are kept as long as name servers say.",
        any,
        |_: &IpOps, _: &mut Context, _: &Int| true,
    );
}

impl IpOps {
    fn is_private(&self, context: &mut Context, ip: &Text) -> bool {
        address::parse_pure(&ip.get(context)).is_some_and(address::is_private)
    }

    fn is_in_subnet(&self, context: &mut Context, ip: &Text, subnets: &Text) -> bool {
        let (ip, subnets) = (ip.get(context), subnets.get(context));
        address::parse_pure(&ip).is_some_and(|ip| address::is_in(ip, &subnets))
    }

    fn compare(&self, context: &mut Context, ip1: &Text, ip2: &Text) -> bool {
        let (one, other) = (ip1.get(context), ip2.get(context));
        let (one, other) = (address::parse(&one), address::parse(&other));
        one.is_some() && one.map(|(ip, _)| ip) == other.map(|(ip, _)| ip)
    }

    fn compare_pure(&self, context: &mut Context, ip1: &Text, ip2: &Text) -> bool {
        let (one, other) = (ip1.get(context), ip2.get(context));
        let one = address::parse_pure(&one);
        one.is_some() && one == address::parse_pure(&other)
    }

    fn ip_type(&self, context: &mut Context, ip: &Text) -> i32 {
        let found = address::parse(&ip.get(context));
        found.map_or(-1, |(_, form)| form.number())
    }
}

fn detailed(context: &mut Context, ip: &Text, result: &Var, fits: fn(&IpAddr) -> bool) -> bool {
    let found = address::parse(&ip.get(context));
    let Some((ip, _)) = found.filter(|(ip, _)| fits(ip)) else {
        context.log(Level::Err, "ipops", || "bad ip parameter".to_owned());
        return false;
    };
    result.set(context, Value::text(address::kind(ip)))
}

/// `$HN(key)`.
fn host_name(spec: &VarSpec, prepare: &mut policy::Prepare<'_>) -> Result<Var, Problem> {
    let part: fn(&str) -> Option<&str> = match spec.inner.as_deref() {
        Some(b"n") => |name| name.split('.').next(),
        Some(b"f") => |name| Some(name),
        Some(b"d") => |name| name.split_once('.').map(|(_, domain)| domain),
        _ => return Err(prepare.problem("expected n, f or d")),
    };
    Ok(Var::read_only(move |context| {
        let name = &context.config.installed.surroundings.host_name;
        let part = part(name).filter(|part| !part.is_empty());
        part.map_or(Value::Null, |part| Value::Str(part.to_owned().into()))
    }))
}
