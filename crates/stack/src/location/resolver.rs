//! The questions of one next hop and what their answers come to: RFC 3263 section 4.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use smallvec::SmallVec;

use super::srv;
use super::{Destination, NaptrRecord, SrvRecord};
use crate::{Limits, Transport};

/// A place to send to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Transport.
    pub transport: Transport,
    /// Address and port.
    pub address: SocketAddr,
}

/// Places to send to, the best first.
pub type Targets = SmallVec<[Target; 2]>;

/// Which addresses we have sockets for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Families {
    /// IPv4.
    pub v4: bool,
    /// IPv6.
    pub v6: bool,
    /// Which is asked for first; the other only if it has none.
    pub prefer_v6: bool,
}

/// A question to DNS.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Query {
    /// The name, in lower case.
    pub name: Bytes,
    /// What is asked for.
    pub kind: QueryKind,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QueryKind {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// SRV records.
    Srv,
    /// NAPTR records; no search for a next hop asks for them.
    Naptr,
}

/// What DNS said to the last question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Addresses, to A or AAAA.
    Addresses(Vec<IpAddr>),
    /// Records, to SRV.
    Srv(Vec<SrvRecord>),
    /// Records, to NAPTR.
    Naptr(Vec<NaptrRecord>),
    /// No such name, no such record, or no answer.
    Nothing,
}

/// How it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send there. [`Resolver::next`] gives the next ones when all of these have failed.
    Done(Targets),
    /// Ask this and give the answer to [`Resolver::answer`].
    Ask(Query),
    /// There is no place, or no further one.
    Unreachable,
}

/// The search for one next hop.
#[derive(Clone, Debug)]
pub struct Resolver {
    destination: Destination,
    families: Families,
    /// None: of SRV records of one priority the heaviest is the first.
    random: Option<u64>,
    queries_left: usize,
    max_targets: usize,
    state: State,
    /// Hosts still to be looked up, with their ports.
    hosts: VecDeque<(Bytes, u16)>,
    /// All hosts are looked up before there are targets.
    gathers: bool,
    /// What was found meanwhile.
    found: Targets,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    /// SRV was asked.
    Srv,
    /// The first family of the host in front was asked.
    First,
    /// The second family of the host in front was asked.
    Second,
    /// Targets were given.
    Given,
}

impl Resolver {
    /// A search. `random` is any random number: it spreads load over SRV records of one priority.
    pub fn new(destination: Destination, families: Families, random: u64, limits: &Limits) -> Self {
        Resolver {
            destination,
            families,
            random: Some(random),
            queries_left: limits.max_queries,
            max_targets: limits.max_targets,
            state: State::Start,
            hosts: VecDeque::new(),
            gathers: false,
            found: Targets::new(),
        }
    }

    /// Always tries the heaviest SRV record of a priority first, as Kamailio does without `dns_srv_lb`; else each
    /// is the first as often as its weight says (RFC 2782).
    #[must_use]
    pub fn heaviest_first(mut self) -> Self {
        self.random = None;
        self
    }

    /// Gives the places of all hosts at once, up to the bounds, for who tries one after the other (RFC 3263
    /// section 4.3) and cannot ask in between.
    #[must_use]
    pub fn gathering(mut self) -> Self {
        self.gathers = true;
        self
    }

    /// The host that is searched for, where it is a name.
    pub fn host(&self) -> Option<&Bytes> {
        let host = &self.destination.host;
        self.destination.address.is_none().then_some(host)
    }

    /// Begins, or goes on to the next places when those given have failed.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Step {
        match self.state {
            State::Start => self.start(),
            _ => self.ask_front(),
        }
    }

    /// Takes the answer to the last question. An answer of another kind counts as nothing.
    pub fn answer(&mut self, answer: Answer) -> Step {
        match (self.state, answer) {
            (State::Srv, Answer::Srv(records)) => self.take_srv(records),
            (State::Srv, _) => self.ask_host(),
            (State::First | State::Second, Answer::Addresses(found)) => self.take_addresses(&found),
            (State::First | State::Second, _) => self.take_addresses(&[]),
            (State::Start | State::Given, _) => self.next(),
        }
    }

    /// RFC 3263 4.1 and 4.2: an address needs no question, a name with a port no SRV.
    fn start(&mut self) -> Step {
        if let Some(ip) = self.destination.address {
            self.state = State::Given;
            let targets = self.targets(&[ip], self.port());
            return if targets.is_empty() {
                Step::Unreachable
            } else {
                Step::Done(targets)
            };
        }
        match self.destination.srv_name() {
            Some(name) if self.destination.port.is_none() => {
                self.state = State::Srv;
                self.ask(name, QueryKind::Srv)
            }
            _ => self.ask_host(),
        }
    }

    fn take_srv(&mut self, mut records: Vec<SrvRecord>) -> Step {
        if records.is_empty() {
            return self.ask_host();
        }
        match self.random {
            Some(random) => srv::order(&mut records, random),
            None => srv::order_by_weight(&mut records),
        }
        // RFC 2782: a single dot says that there is decidedly no such service here.
        self.hosts = records
            .into_iter()
            .filter(|record| record.port != 0 && record.target.as_ref() != b".")
            .take(self.max_targets)
            .map(|record| (host_name(&record.target), record.port))
            .collect();
        self.ask_front()
    }

    /// RFC 3263 4.2: without SRV the host itself, at the default port.
    fn ask_host(&mut self) -> Step {
        self.hosts = VecDeque::from([(self.destination.host.clone(), self.port())]);
        self.ask_front()
    }

    fn ask_front(&mut self) -> Step {
        let Some((name, _)) = self.hosts.front() else {
            return self.gathered();
        };
        let name = name.clone();
        self.state = State::First;
        match self.families {
            Families {
                v4: true,
                v6: true,
                prefer_v6: true,
            } => self.ask(name, QueryKind::Aaaa),
            Families { v4: true, .. } => self.ask(name, QueryKind::A),
            Families { v6: true, .. } => self.ask(name, QueryKind::Aaaa),
            Families {
                v4: false,
                v6: false,
                ..
            } => Step::Unreachable,
        }
    }

    fn take_addresses(&mut self, found: &[IpAddr]) -> Step {
        let Some((name, port)) = self.hosts.front().cloned() else {
            return Step::Unreachable;
        };
        let targets = self.targets(found, port);
        if targets.is_empty() && self.state == State::First && self.families.v4 && self.families.v6
        {
            self.state = State::Second;
            let kind = if self.families.prefer_v6 {
                QueryKind::A
            } else {
                QueryKind::Aaaa
            };
            return self.ask(name, kind);
        }
        self.hosts.pop_front();
        if targets.is_empty() {
            return self.ask_front();
        }
        if self.gathers {
            let room = self.max_targets.saturating_sub(self.found.len());
            self.found.extend(targets.into_iter().take(room));
            return match self.found.len() < self.max_targets {
                true => self.ask_front(),
                false => self.gathered(),
            };
        }
        self.state = State::Given;
        Step::Done(targets)
    }

    /// The end of the search: what was gathered, once.
    fn gathered(&mut self) -> Step {
        self.hosts.clear();
        let found = std::mem::take(&mut self.found);
        if found.is_empty() {
            return Step::Unreachable;
        }
        self.state = State::Given;
        Step::Done(found)
    }

    fn ask(&mut self, name: Bytes, kind: QueryKind) -> Step {
        match self.queries_left.checked_sub(1) {
            Some(left) => {
                self.queries_left = left;
                Step::Ask(Query { name, kind })
            }
            None => self.gathered(),
        }
    }

    /// Without `0.0.0.0` and `::`, which lead to this host by a name that nobody looks for, and
    /// without broadcasts.
    fn targets(&self, found: &[IpAddr], port: u16) -> Targets {
        let transport = self.destination.transport_or_default();
        let usable = |ip: &IpAddr| match ip {
            _ if ip.is_unspecified() => false,
            IpAddr::V4(ip) => self.families.v4 && !ip.is_broadcast(),
            IpAddr::V6(_) => self.families.v6,
        };
        found
            .iter()
            .map(IpAddr::to_canonical)
            .filter(usable)
            .take(self.max_targets)
            .map(|ip| Target {
                transport,
                address: SocketAddr::new(ip, port),
            })
            .collect()
    }

    fn port(&self) -> u16 {
        let default = self.destination.transport_or_default().default_port();
        self.destination.port.unwrap_or(default)
    }
}

/// The name without the dot at its end, in lower case.
fn host_name(target: &[u8]) -> Bytes {
    target
        .strip_suffix(b".")
        .unwrap_or(target)
        .to_ascii_lowercase()
        .into()
}
