//! What a run stands on: a folder of its own, free ports, the configuration written for them.

use crate::arguments::Named;
use crate::workload::Workload;
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The folder and the ports of one run. The folder goes with it.
pub(crate) struct Ground {
    folder: TempDir,
    /// Where the server listens, over UDP and TCP.
    pub(crate) port: u16,
    /// Where the server listens over TLS, where the configuration says so.
    pub(crate) tls_port: u16,
    /// Where Redis listens, where it is needed.
    pub(crate) redis: u16,
    /// Where who is called listens; ten ports from here on are free.
    pub(crate) callee: u16,
}

impl Ground {
    /// A new folder and free ports.
    ///
    /// # Errors
    /// A sentence, where the system has none.
    pub(crate) fn new() -> Result<Ground, String> {
        let folder = tempfile::Builder::new().prefix("ringwall-bench-").tempdir();
        let folder = folder.map_err(|error| format!("no folder: {error}"))?;
        Ok(Ground {
            folder,
            port: free(1)?,
            tls_port: free(1)?,
            redis: free(1)?,
            callee: free(10)?,
        })
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes the workload's configuration and tells the command line of a server that reads it.
    ///
    /// # Errors
    /// A sentence, where a file is missing or cannot be written.
    pub(crate) fn command(
        &self,
        server: &Named,
        workload: &Workload,
    ) -> Result<Vec<String>, String> {
        let cfg = self.write("server.cfg", &read(&format!("cfg/{}", workload.cfg))?)?;
        let mut words = Vec::new();
        for word in server.command.split_whitespace() {
            match word {
                "{defs}" => {
                    let defines = workload.defines.iter();
                    words.extend(defines.flat_map(|name| ["-A".to_owned(), (*name).to_owned()]));
                }
                _ => words.push(self.fill(&word.replace("{cfg}", &cfg.to_string_lossy()))),
            }
        }
        Ok(words)
    }

    /// Writes a file, with `{port}`, `{tls}`, `{redis}`, `{callee}` and `{folder}` replaced.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<PathBuf, String> {
        let path = self.path().join(name);
        let written = std::fs::write(&path, self.fill(text));
        written.map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }

    fn fill(&self, text: &str) -> String {
        let mut text = text
            .replace("{port}", &self.port.to_string())
            .replace("{tls}", &self.tls_port.to_string())
            .replace("{redis}", &self.redis.to_string())
            .replace("{folder}", &self.path().to_string_lossy());
        for number in (1..10).rev() {
            let port = (self.callee + number).to_string();
            text = text.replace(&format!("{{callee+{number}}}"), &port);
        }
        text.replace("{callee}", &self.callee.to_string())
    }
}

/// A file of this benchmark.
pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> Result<String, String> {
    std::fs::read_to_string(path(name)).map_err(|error| format!("{name}: {error}"))
}

/// The first of `count` ports that nobody has, over UDP and TCP. They are taken from those that the system does not
/// hand out by itself, so that no client of another program sits on them later.
fn free(count: u16) -> Result<u16, String> {
    use std::sync::atomic::{AtomicU16, Ordering};
    static NEXT: AtomicU16 = AtomicU16::new(0);
    const FIRST: u16 = 20_000;
    const SPAN: u16 = 12_000;
    // Two benchmarks side by side begin at different places.
    let start = (std::process::id() % 1_000) as u16 * 12;
    for _ in 0..SPAN / count {
        let at = NEXT.fetch_add(count, Ordering::Relaxed);
        let port = FIRST + start.wrapping_add(at) % (SPAN - count);
        if (port..port + count).all(is_free) {
            return Ok(port);
        }
    }
    Err("no free port".to_owned())
}

fn is_free(port: u16) -> bool {
    UdpSocket::bind(("127.0.0.1", port)).is_ok() && TcpListener::bind(("127.0.0.1", port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_stand_where_their_names_stood() {
        let ground = Ground::new().unwrap();
        let path = ground
            .write("x", "{port} {callee} {callee+9} {tls}")
            .unwrap();
        let Ground {
            port,
            tls_port,
            callee,
            ..
        } = ground;
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!(text, format!("{port} {callee} {} {tls_port}", callee + 9));
    }

    #[test]
    fn ports_are_not_given_twice() {
        let (one, two) = (Ground::new().unwrap(), Ground::new().unwrap());
        assert_ne!(one.port, two.port);
        assert!(one.callee.abs_diff(two.callee) >= 10);
    }
}
