//! Floods: which source sends more than a share.

mod prefix;
mod rpc;
mod rules;
#[cfg(test)]
mod tests;
mod tree;

use policy::{
    Context, Declaration, Entry, Init, Level, Logger, Module, Problem, Routes, Text, problem,
};
use rules::{Limits, Rules};
use std::net::IpAddr;
use std::sync::Arc;
use tree::{Tree, Verdict};

pub(crate) const ENTRY: Entry = Entry::of::<Pike>();

struct Pike {
    tree: Arc<Tree>,
    rules: Rules,
    level: Level,
    logger: Logger,
}

struct Params {
    sampling_time_unit: i64,
    reqs_density_per_unit: i64,
    remove_latency: i64,
    log_level: i64,
    max_nodes: i64,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            sampling_time_unit: 2,
            reqs_density_per_unit: 30,
            remove_latency: 120,
            log_level: Level::Warn as i64,
            max_nodes: i64::try_from(Limits::default().nodes).unwrap_or(i64::MAX),
        }
    }
}

impl Module for Pike {
    const NAME: &'static str = "pike";
    type Params = Params;

    fn declare(d: &mut Declaration<Pike>) {
        d.doc("Tells sources that flood: counts requests by address, and by the networks addresses share.");
        declare_params(d);
        let routes = Routes::REQUEST.or(Routes::REPLY).or(Routes::CORE_REPLY);
        d.function(
            "pike_check_req()",
            "Counts the source address: 1 where it may go on, -2 where it has just been found flooding, -1 while it is.",
            routes,
            Pike::check_source,
        );
        d.function(
            "pike_check_ip(address)",
            "The same for any address; -1 for text that is none.",
            routes,
            Pike::check_text,
        );
        rpc::declare(d);
        d.timer(
            |pike| pike.rules.unit_s.saturating_mul(1000),
            |pike, now_ms| pike.sweep(now_ms),
        );
        d.deviation("pike_check_ip() takes IPv6 addresses too, which Kamailio 5.6.3 refuses.");
        d.deviation("IPv4 and IPv6 addresses share no node; units begin at multiples of their length, not at the start.");
        d.deviation("pike.top WARM lists addresses with half the density that are not HOT; Kamailio 5.6.3 lists none.");
        d.deviation("The tree has a largest size, max_nodes; what finds no place in it passes.");
    }

    fn init(params: Params, init: &mut Init<'_>) -> Result<Pike, Problem> {
        let hasher = init.hasher();
        Ok(Pike {
            tree: init.state("tree", || Tree::new(hasher)),
            rules: params.rules()?,
            level: Level::from_number(i32::try_from(params.log_level).unwrap_or(0)),
            logger: init.logger.clone(),
        })
    }
}

fn declare_params(d: &mut Declaration<Pike>) {
    d.param(
        "sampling_time_unit",
        "Seconds in which requests are counted, default 2.",
        |p, seconds| p.sampling_time_unit = seconds,
    );
    d.param(
        "reqs_density_per_unit",
        "Requests of one address in a unit from which on it is blocked, default 30.",
        |p, requests| p.reqs_density_per_unit = requests,
    );
    d.param(
        "remove_latency",
        "Seconds that an address is remembered after its last request, default 120.",
        |p, seconds| p.remove_latency = seconds,
    );
    d.param(
        "pike_log_level",
        "The log level of blocking and unblocking, default 0 (L_WARN).",
        |p, level| p.log_level = level,
    );
    d.param(
        "max_nodes",
        "Nodes of the tree at most, 37 octets each, default 229376; not in Kamailio.",
        |p, nodes| p.max_nodes = nodes,
    );
}

impl Params {
    fn rules(&self) -> Result<Rules, Problem> {
        let positive = |name: &str, number: i64| {
            let number = u32::try_from(number).ok().filter(|number| *number > 0);
            number.ok_or_else(|| problem(format!("{name} must be greater than 0")))
        };
        let nodes = positive("max_nodes", self.max_nodes)?;
        Ok(Rules {
            density: positive("reqs_density_per_unit", self.reqs_density_per_unit)?,
            unit_s: positive("sampling_time_unit", self.sampling_time_unit)?,
            latency_s: positive("remove_latency", self.remove_latency)?,
            limits: Limits {
                nodes: usize::try_from(nodes).unwrap_or(usize::MAX),
            },
        })
    }
}

impl Pike {
    fn check_source(&self, context: &mut Context) -> i32 {
        self.check(context, context.flow.peer.ip())
    }

    fn check_text(&self, context: &mut Context, address: &Text) -> i32 {
        let text = address.get(context);
        match policy::address_of(&text) {
            Some(address) => self.check(context, address),
            None => {
                context.log(Level::Err, "pike", || {
                    let text = String::from_utf8_lossy(&text);
                    format!("failed to parse ip address: {text}")
                });
                -1
            }
        }
    }

    fn check(&self, context: &mut Context, address: IpAddr) -> i32 {
        let unit = self.rules.unit(context.now.unix_ms);
        match self.tree.hit(address, unit, &self.rules) {
            Verdict::Pass => 1,
            Verdict::Red => -1,
            Verdict::NewlyRed(node) => {
                let address = address.to_canonical();
                context.log(self.level, "pike", || {
                    format!("PIKE - BLOCKing ip {address}, node=0x{node:x}")
                });
                -2
            }
        }
    }

    fn sweep(&self, now_ms: u64) {
        for node in self.tree.sweep(self.rules.unit(now_ms), &self.rules) {
            self.logger.log(self.level, "pike", || {
                format!("PIKE - UNBLOCKing node 0x{node:x}")
            });
        }
    }
}
