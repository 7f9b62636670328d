//! What the processes of a server use, as the kernel counts it.

use std::collections::BTreeMap;
use std::fs;

/// A process and all that it started, directly or not.
pub(crate) struct Tree(Vec<u32>);

impl Tree {
    /// The tree below `root` as it is now.
    pub(crate) fn of(root: u32) -> Tree {
        let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (process, parent) in processes() {
            children.entry(parent).or_default().push(process);
        }
        let mut found = vec![root];
        let mut next = 0;
        while let Some(process) = found.get(next) {
            found.extend(children.get(process).into_iter().flatten());
            next += 1;
        }
        Tree(found)
    }

    /// CPU time of all threads that live, in nanoseconds, user and system together.
    pub(crate) fn cpu_ns(&self) -> u64 {
        self.0.iter().map(|process| cpu_ns(*process)).sum()
    }

    /// Memory that belongs to these processes, what they share counted once (PSS), in bytes.
    pub(crate) fn memory(&self) -> u64 {
        self.0.iter().map(|process| pss(*process)).sum()
    }

    /// The processes, the first one first.
    pub(crate) fn ids(&self) -> &[u32] {
        &self.0
    }
}

/// Every process with its parent.
fn processes() -> impl Iterator<Item = (u32, u32)> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let process = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
            Some((process, parent_in(&stat)?))
        })
}

/// The second field behind the name, which is in parentheses and may have any in it.
fn parent_in(stat: &str) -> Option<u32> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

/// `schedstat` counts nanoseconds where `stat` counts hundredths of a second, but each thread by itself.
fn cpu_ns(process: u32) -> u64 {
    let threads = fs::read_dir(format!("/proc/{process}/task"));
    let threads = threads.into_iter().flatten().flatten();
    let times = threads.filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    times.sum()
}

fn pss(process: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let number = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok());
    number.unwrap_or(0) * 1024_u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_name_may_have_parentheses() {
        assert_eq!(parent_in("7 (a) b) S 3 7 7 0"), Some(3));
        assert_eq!(parent_in("7"), None);
    }

    #[test]
    fn children_belong_to_the_tree() {
        let mut child = Command::new("sleep").arg("30").spawn().unwrap();
        let tree = Tree::of(std::process::id());
        let has = tree.ids().contains(&child.id());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(has);
        assert!(tree.memory() > 100_000);
        assert!(tree.cpu_ns() > 0);
    }
}
