//! The sockets of a configuration, opened.

use crate::wire::{Post, Tls, stream_config};
use net::stream::Streams;
use net::tls::{ClientOptions, TlsClient};
use net::udp::{Options, Socket, Sockets};
use policy::{Config, Logger, Proto};
use std::path::{Path, PathBuf};

/// Everything that is open.
pub(crate) struct Open {
    pub(crate) sockets: Sockets,
    pub(crate) streams: Option<Streams>,
    /// For TLS connections of ours.
    pub(crate) tls: Option<TlsClient>,
}

/// Opens every socket. What is opened before a failure is closed again.
///
/// # Errors
/// A sentence about the first that does not open.
pub(crate) fn open(config: &Config, posts: &[Post], logger: &Logger) -> Result<Open, String> {
    let udp = config
        .identity
        .sockets
        .iter()
        .filter(|socket| socket.proto == Proto::Udp);
    let bound: Result<Vec<Socket>, _> = udp
        .map(|socket| Socket::bind(socket.addr, &Options::default()))
        .collect();
    let sockets = bound.map(Sockets::new).map_err(|error| error.to_string())?;
    if config.core.disable_tcp {
        return Ok(Open {
            sockets,
            streams: None,
            tls: None,
        });
    }
    let sinks = posts.iter().map(Post::sink).collect();
    let streams = Streams::start(stream_config(&config.core), sinks);
    let streams = streams.map_err(|error| error.to_string())?;
    let tls = listen(config, &streams, logger)?;
    Ok(Open {
        sockets,
        streams: Some(streams),
        tls,
    })
}

fn listen(
    config: &Config,
    streams: &Streams,
    logger: &Logger,
) -> Result<Option<TlsClient>, String> {
    let of = |proto: Proto| {
        let sockets = config.identity.sockets.iter();
        sockets.filter(move |socket| socket.proto == proto)
    };
    for socket in of(Proto::Tcp) {
        streams
            .listen_tcp(socket.addr)
            .map_err(|error| error.to_string())?;
    }
    let Some(settings) = &config.installed.tls else {
        return match of(Proto::Tls).next() {
            Some(socket) => Err(format!(
                "tls:{}: write `loadmodule \"tls.so\"`, which has the certificate",
                socket.addr
            )),
            // Connections of ours need no certificate.
            None => Ok(TlsClient::new(&ClientOptions::default()).ok()),
        };
    };
    let folder = folder(config);
    let tls = Tls::read(settings, &folder, logger)?;
    for socket in of(Proto::Tls) {
        let server = tls.server(socket.addr)?;
        streams
            .listen_tls(socket.addr, server)
            .map_err(|error| error.to_string())?;
    }
    tls.client().map(Some)
}

/// Where file names of TLS settings begin: beside the configuration file.
fn folder(config: &Config) -> PathBuf {
    let file = Path::new(&config.installed.surroundings.config_file);
    file.parent().unwrap_or(Path::new("")).to_owned()
}
