//! The tree of addresses: who sends how much, by whole addresses and by the networks they share.
//!
//! A node stands for the first octets of addresses. Requests are counted at the deepest node that
//! is known of their source. A node that got a quarter of the density in one sampling unit
//! grows a child at each further request that ends there, and the child is as ready to grow as its parent: a
//! busy address is known whole within a few requests, and its neighbours are at once. A whole
//! address that gets the density within a unit is red, for this unit and the next.
//!
//! Nodes lie in hash tables by their prefix instead of hanging on each other: a source that is known
//! costs one lookup, however deep it lies. Counters know their unit, so that nobody has to visit
//! every node when a unit ends.

use super::prefix::Prefix;
use super::rules::{Rules, SHARDS};
use ahash::RandomState;
use parking_lot::Mutex;
use policy::memory::{give_back, keep_within};
use std::collections::HashMap;
use std::net::IpAddr;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Pass,
    /// Red since just now; with a number for the node.
    NewlyRed(u64),
    Red,
}

pub(super) struct Tree {
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
}

struct Shard {
    nodes: HashMap<Prefix, Node, RandomState>,
    /// The unit in which room was made last: once a unit is enough.
    cleared: u32,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    /// The unit of `current`.
    unit: u32,
    previous: u32,
    current: u32,
    is_red: bool,
}

/// A whole address as listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    pub(super) address: IpAddr,
    pub(super) previous: u32,
    pub(super) current: u32,
    pub(super) expires_s: u64,
    pub(super) heat: Heat,
}

/// How busy an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heat {
    Cold,
    /// At least half of the density.
    Warm,
    /// The density.
    Hot,
}

impl Tree {
    pub(super) fn new(hasher: RandomState) -> Tree {
        let shard = |_| {
            Mutex::new(Shard {
                nodes: HashMap::with_hasher(hasher.clone()),
                cleared: 0,
            })
        };
        Tree {
            shards: (0..SHARDS).map(shard).collect(),
            hasher,
        }
    }

    /// Counts a request from `address` in `unit`.
    pub(super) fn hit(&self, address: IpAddr, unit: u32, rules: &Rules) -> Verdict {
        let whole = Prefix::whole(address);
        if let Some(verdict) = self.hit_leaf(whole, unit, rules) {
            return verdict;
        }
        match self.deepest(whole, unit) {
            None => self.insert(whole.first(1), Node::new(unit, 1), unit, rules),
            Some(node) => {
                let child = whole.first(node.length() + 1);
                if let Some(hits) = self.grows(node, unit, rules) {
                    let hits = if child == whole { 0 } else { hits };
                    self.insert(child, Node::new(unit, hits), unit, rules);
                }
            }
        }
        Verdict::Pass
    }

    /// Forgets nodes that were idle for too long, and answers the numbers of those that are no
    /// longer red.
    pub(super) fn sweep(&self, unit: u32, rules: &Rules) -> Vec<u64> {
        let mut cooled = Vec::new();
        for shard in &self.shards {
            let mut shard = shard.lock();
            shard.nodes.retain(|prefix, node| {
                let stays = rules.left_s(node.unit, unit).is_some();
                if stays && node.is_red && node.heat(unit, rules) != Heat::Hot {
                    node.is_red = false;
                    cooled.push(self.number(*prefix));
                }
                stays
            });
            give_back(&mut shard.nodes);
        }
        cooled
    }

    /// Every whole address, the busiest first.
    pub(super) fn leaves(&self, unit: u32, rules: &Rules) -> Vec<Leaf> {
        let mut leaves = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock();
            leaves.extend(shard.nodes.iter().filter_map(|(prefix, node)| {
                let (previous, current) = node.counts(unit);
                Some(Leaf {
                    address: prefix.address()?,
                    previous,
                    current,
                    expires_s: rules.left_s(node.unit, unit).unwrap_or(0),
                    heat: node.heat(unit, rules),
                })
            }));
        }
        let sum = |leaf: &Leaf| u64::from(leaf.previous) + u64::from(leaf.current);
        leaves.sort_by(|a, b| (sum(b), a.address).cmp(&(sum(a), b.address)));
        leaves
    }

    /// Nodes that there are.
    #[cfg(test)]
    pub(super) fn nodes(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| shard.lock().nodes.len())
            .sum()
    }

    /// Counts at a whole address; none where it is not known.
    fn hit_leaf(&self, whole: Prefix, unit: u32, rules: &Rules) -> Option<Verdict> {
        let (verdict, is_first) = {
            let mut shard = self.shard(whole).lock();
            let node = shard.nodes.get_mut(&whole)?;
            let is_first = node.unit != unit;
            node.count(unit);
            let is_hot = node.heat(unit, rules) == Heat::Hot;
            let was_red = node.is_red;
            node.is_red |= is_hot;
            let verdict = match (is_hot, was_red) {
                (false, _) => Verdict::Pass,
                (true, true) => Verdict::Red,
                (true, false) => Verdict::NewlyRed(self.number(whole)),
            };
            (verdict, is_first)
        };
        if is_first {
            // The way to it stays as long as itself.
            (1..whole.length()).for_each(|length| {
                self.enter(whole.first(length), unit);
            });
        }
        Some(verdict)
    }

    /// The deepest node on the way to an address that is not known whole.
    fn deepest(&self, whole: Prefix, unit: u32) -> Option<Prefix> {
        let way = (1..whole.length()).map(|length| whole.first(length));
        way.take_while(|prefix| self.enter(*prefix, unit)).last()
    }

    /// Brings a node to this unit; false where it is not there.
    fn enter(&self, prefix: Prefix, unit: u32) -> bool {
        let mut shard = self.shard(prefix).lock();
        let node = shard.nodes.get_mut(&prefix);
        node.map(|node| node.turn(unit)).is_some()
    }

    /// Counts at an inner node; its hits where it grows a child now.
    fn grows(&self, prefix: Prefix, unit: u32, rules: &Rules) -> Option<u32> {
        let mut shard = self.shard(prefix).lock();
        let node = shard.nodes.get_mut(&prefix)?;
        node.count(unit);
        Some(node.current).filter(|hits| *hits >= rules.growth())
    }

    fn insert(&self, prefix: Prefix, node: Node, unit: u32, rules: &Rules) {
        let most = (rules.limits.nodes / SHARDS).max(1);
        let mut shard = self.shard(prefix).lock();
        if shard.nodes.len() >= most && shard.cleared != unit {
            shard.cleared = unit;
            shard.nodes.retain(|_, node| node.unit + 1 >= unit);
        }
        if shard.nodes.len() < most {
            keep_within(&mut shard.nodes, most);
            shard.nodes.entry(prefix).or_insert(node);
        }
    }

    fn shard(&self, prefix: Prefix) -> &Mutex<Shard> {
        // The tables take the bits at both ends of the hash.
        let index = (self.hasher.hash_one(prefix) >> 32) as usize % SHARDS;
        &self.shards[index]
    }

    fn number(&self, prefix: Prefix) -> u64 {
        self.hasher.hash_one(prefix)
    }
}

impl Node {
    fn new(unit: u32, current: u32) -> Node {
        Node {
            unit,
            previous: 0,
            current,
            is_red: false,
        }
    }

    fn turn(&mut self, unit: u32) {
        (self.previous, self.current) = self.counts(unit);
        self.unit = unit;
    }

    fn count(&mut self, unit: u32) {
        self.turn(unit);
        self.current = self.current.saturating_add(1);
    }

    /// Hits in the unit before and in this one.
    fn counts(&self, unit: u32) -> (u32, u32) {
        match unit.wrapping_sub(self.unit) {
            0 => (self.previous, self.current),
            1 => (self.current, 0),
            _ => (0, 0),
        }
    }

    fn heat(&self, unit: u32, rules: &Rules) -> Heat {
        let (previous, current) = self.counts(unit);
        match previous.max(current) {
            hits if hits >= rules.density => Heat::Hot,
            hits if hits >= rules.density / 2 => Heat::Warm,
            _ => Heat::Cold,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::Limits;
    use super::*;

    #[test]
    fn a_node_costs_what_the_limit_says() {
        // One octet more is the hash table's own.
        assert_eq!(size_of::<(Prefix, Node)>() + 1, 37);
        let full = Limits::default().nodes / 7 * 8 * 37;
        assert_eq!(full, 9_699_328, "9.25 MiB");
    }
    /// Sources that come and go leave no larger tables behind than those that stay.
    #[test]
    fn a_full_tree_stays_as_large_as_the_limit_says() {
        let tree = Tree::new(RandomState::with_seeds(1, 2, 3, 4));
        let rules = Rules {
            density: 4,
            unit_s: 2,
            latency_s: 10,
            limits: Limits::default(),
        };
        let room = |shard: &Mutex<Shard>| shard.lock().nodes.capacity();
        for unit in 1..20 {
            for source in 0..100_000_u32 {
                let source = unit * 100_000 + source;
                let address = IpAddr::from((0x0a00_0000 + source).to_be_bytes());
                (0..4).for_each(|_| _ = tree.hit(address, unit, &rules));
            }
            let most = tree.shards.iter().map(room).max();
            assert!(most <= Some(rules.limits.nodes / SHARDS), "{most:?}");
        }
        assert!(tree.nodes() > rules.limits.nodes / 2, "{}", tree.nodes());
    }
}
