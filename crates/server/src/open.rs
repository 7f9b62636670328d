//! The sockets of a configuration, opened.

use crate::clock::unix_ms;
use crate::load::Ground;
use crate::wire::{Post, Wanted, stream_config};
use net::stream::{Filter, Streams};
use net::udp::{Options, Socket, Sockets};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use policy::{BansLink, Config, Level, Logger, Proto, TcpParams};
use std::path::{Path, PathBuf};

/// Everything that is open.
pub(crate) struct Open {
    pub(crate) sockets: Sockets,
    pub(crate) streams: Option<Streams>,
}

/// Opens every socket. What is opened before a failure is closed again.
///
/// # Errors
/// A sentence about the first that does not open.
pub(crate) fn open(config: &Config, posts: &[Post], ground: &Ground) -> Result<Open, String> {
    let sockets =
        of(config, Proto::Udp).map(|socket| Socket::bind(socket.addr, &Options::default()));
    let sockets: Result<Vec<_>, _> = sockets.collect();
    let sockets = sockets
        .map(Sockets::new)
        .map_err(|error| error.to_string())?;
    if config.core.disable_tcp {
        return Ok(Open {
            sockets,
            streams: None,
        });
    }
    raise_file_limit(&config.core.tcp, &ground.logger);
    let sinks = posts.iter().map(Post::sink).collect();
    let installed = &config.installed;
    let settings = net::stream::Config {
        filter: Some(unbanned(ground.states.bans().clone())),
        ..stream_config(&config.core, installed.tls.as_ref(), &installed.globals)
    };
    let streams = Streams::start(settings, sinks).map_err(|error| error.to_string())?;
    for socket in of(config, Proto::Tcp) {
        streams
            .listen_tcp(socket.addr)
            .map_err(|error| error.to_string())?;
    }
    let wanted = Wanted {
        settings: config.installed.tls.as_ref(),
        addresses: of(config, Proto::Tls).map(|socket| socket.addr).collect(),
        folder: folder(config),
        tcp: &config.core.tcp,
    };
    ground.tls.begin(&streams, wanted, &ground.logger)?;
    Ok(Open {
        sockets,
        streams: Some(streams),
    })
}

/// Lets nobody in who is banned: his connection is closed as soon as it is taken, before a TLS handshake.
fn unbanned(bans: BansLink) -> Filter {
    Filter::new(move |peer| {
        let list = bans.get();
        !list.is_some_and(|list| list.hangs_up(peer, unix_ms()))
    })
}

fn of(config: &Config, proto: Proto) -> impl Iterator<Item = &policy::Socket> {
    let sockets = config.identity.sockets.iter();
    sockets.filter(move |socket| socket.proto == proto)
}

/// Takes as many files as the system allows without asking: each connection is one, and a shell's usual 1024 are
/// fewer than the connections that are allowed.
fn raise_file_limit(tcp: &TcpParams, logger: &Logger) {
    let files = Resource::RLIMIT_NOFILE;
    let Ok((soft, hard)) = getrlimit(files) else {
        return;
    };
    let most = match soft < hard && setrlimit(files, hard, hard).is_ok() {
        true => hard,
        false => soft,
    };
    let wanted = u64::try_from(tcp.max_connections).unwrap_or(u64::MAX);
    if most < wanted.saturating_add(FILES_BESIDE) {
        logger.log(Level::Warn, "core", || {
            format!(
                "the system allows {most} open files, fewer than tcp_max_connections={wanted} needs: raise it (LimitNOFILE=, ulimit -Hn)"
            )
        });
    }
}

/// Files open beside connections: sockets, databases, logs.
const FILES_BESIDE: u64 = 64;

/// Where file names of TLS settings begin: beside the configuration file.
fn folder(config: &Config) -> PathBuf {
    let file = Path::new(&config.installed.surroundings.config_file);
    file.parent().unwrap_or(Path::new("")).to_owned()
}
