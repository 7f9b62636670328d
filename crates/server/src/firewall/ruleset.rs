//! The ruleset as text for nft.

use super::open_port::OpenPort;
use super::plan::Plan;
use policy::Source;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The text, with a place in `%…%` for everything that differs.
const TEMPLATE: &str = include_str!("ruleset.nft");

/// Sources that nobody has on the internet (RFC 6890), but for link-local IPv6, which neighbours need.
const PRIVATE: [&str; 12] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::1",
    "fc00::/7",
    "ff00::/8",
];

/// The ruleset of a plan.
pub(super) fn text(plan: &Plan) -> String {
    let v4 = plan.trusted.iter().filter(|source| is_v4(**source));
    let v6 = plan.trusted.iter().filter(|source| !is_v4(**source));
    let rtp = plan.rtp.map(|range| format!("{}-{}", range.from, range.to));
    let rule = |rest: &str| {
        let rule = |ports: &String| format!("\t\tudp dport {ports} {rest}\n");
        rtp.as_ref().map(rule).unwrap_or_default()
    };
    let values = [
        ("%interface%", plan.interface.clone()),
        ("%trusted%", elements(v4)),
        ("%trusted6%", elements(v6)),
        ("%sip_udp%", elements(&plan.udp)),
        ("%sip_tcp%", elements(&plan.tcp)),
        ("%rtp_early%", rule("notrack")),
        ("%rtp%", rule("accept")),
        ("%open%", open(plan)),
        ("%private%", private(plan)),
    ];
    let fill = |text: String, (place, value): &(&str, String)| text.replace(place, value);
    values.iter().fold(TEMPLATE.to_owned(), fill)
}

/// The line with the elements of a set; an empty set has none.
fn elements(all: impl IntoIterator<Item = impl ToString>) -> String {
    let all: BTreeSet<String> = all.into_iter().map(|element| element.to_string()).collect();
    match all.is_empty() {
        true => String::new(),
        false => {
            let all: Vec<String> = all.into_iter().collect();
            format!("\t\telements = {{ {} }}\n", all.join(", "))
        }
    }
}

fn open(plan: &Plan) -> String {
    let ports = |wanted: bool| {
        let ports = plan.open.iter().filter(move |port| port.is_udp == wanted);
        let ports: BTreeSet<u16> = ports.map(|OpenPort { port, .. }| *port).collect();
        ports
    };
    let mut rules = String::new();
    for (proto, ports) in [("tcp", ports(false)), ("udp", ports(true))] {
        for port in ports {
            // Writing into a text cannot fail.
            let _ = writeln!(rules, "\t\t{proto} dport {port} accept");
        }
    }
    rules
}

/// One rule for each network that is private, but for those that the interface itself is in.
fn private(plan: &Plan) -> String {
    let mut rules = String::new();
    for text in PRIVATE {
        let Ok(network) = Source::parse(text) else {
            continue;
        };
        let mut own = plan.own.iter().map(|own| Source::address(*own));
        let family = if is_v4(network) { "ip" } else { "ip6" };
        let _ = match own.any(|own| network.contains(own)) {
            true => writeln!(rules, "\t\t# {text}: %interface% is in it itself"),
            false => writeln!(
                rules,
                "\t\t{family} saddr {text} counter drop comment \"private source\""
            ),
        };
    }
    rules.replace("%interface%", &plan.interface)
}

fn is_v4(source: Source) -> bool {
    source.parts().0.is_ipv4()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan {
            interface: "eth0".to_owned(),
            own: vec!["198.51.100.1".parse().expect("an address")],
            udp: [5060].into(),
            tcp: [5060, 5061].into(),
            trusted: ["192.0.2.0/24", "2001:db8::1"]
                .map(|text| Source::parse(text).expect(text))
                .into(),
            rtp: "30000-40000".parse().ok(),
            open: vec![
                "22/tcp".parse().expect("a port"),
                "123/udp".parse().expect("a port"),
            ],
        }
    }

    #[test]
    fn everything_of_the_plan_is_in_the_text() {
        let text = text(&plan());
        for line in [
            "iifname != \"eth0\" accept",
            "elements = { 192.0.2.0/24 }",
            "elements = { 2001:db8::1 }",
            "elements = { 5060 }",
            "elements = { 5060, 5061 }",
            "udp dport 30000-40000 notrack",
            "udp dport 30000-40000 accept",
            "tcp dport 22 accept",
            "udp dport 123 accept",
            "ip saddr 10.0.0.0/8 counter drop comment \"private source\"",
            "ip6 saddr fc00::/7 counter drop comment \"private source\"",
        ] {
            assert!(text.lines().any(|own| own.trim() == line), "{line}");
        }
        assert!(!text.contains('%'), "{text}");
    }

    #[test]
    fn the_networks_of_the_interface_itself_stay() {
        let mut plan = plan();
        plan.own.push("10.1.2.3".parse().expect("an address"));
        plan.trusted.clear();
        let text = text(&plan);
        assert!(!text.contains("saddr 10.0.0.0/8"));
        assert!(text.contains("# 10.0.0.0/8: eth0 is in it itself"));
        assert!(text.contains("saddr 192.168.0.0/16"));
        assert!(!text.contains("elements = {  }"));
    }
}
