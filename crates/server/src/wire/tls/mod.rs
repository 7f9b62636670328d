//! TLS: what module `tls` was told, as settings of listeners and of connections of ours, and what is known of
//! the connections.

mod certificate;
mod connections;
mod load;
mod outgoing;
mod written;

use load::{Loaded, Source};
use net::stream::Streams;
use net::tls::{ClientOptions, TlsClient, TlsServer};
use outgoing::Outgoing;
use parking_lot::RwLock;
use policy::{Logger, TcpParams, TlsSettings};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

pub(crate) use outgoing::Dial;

/// The TLS side of the server; cheap to clone. Before [`Tls::begin`] it knows nothing.
#[derive(Clone, Default)]
pub(crate) struct Tls(Arc<Shared>);

#[derive(Default)]
struct Shared {
    streams: OnceLock<Streams>,
    /// Where the settings come from; none where module `tls` is not loaded.
    source: OnceLock<Source>,
    listeners: OnceLock<Vec<(SocketAddr, TlsServer)>>,
    outgoing: RwLock<Arc<Outgoing>>,
    bounds: OnceLock<TcpParams>,
}

/// What a configuration says about TLS.
pub(crate) struct Wanted<'a> {
    /// The settings of module `tls`, where it is loaded.
    pub(crate) settings: Option<&'a TlsSettings>,
    /// The addresses to listen on.
    pub(crate) addresses: Vec<SocketAddr>,
    /// The directory of the configuration file.
    pub(crate) folder: PathBuf,
    /// Bounds, and `tls_connection_match_domain`.
    pub(crate) tcp: &'a TcpParams,
}

impl Tls {
    /// Reads profiles and certificates and listens.
    ///
    /// # Errors
    /// A sentence about the first file that cannot be used, or the first socket that does not open.
    pub(crate) fn begin(
        &self,
        streams: &Streams,
        wanted: Wanted<'_>,
        logger: &Logger,
    ) -> Result<(), String> {
        let _ = self.0.streams.set(streams.clone());
        let _ = self.0.bounds.set(wanted.tcp.clone());
        let Some(settings) = wanted.settings else {
            if let Some(address) = wanted.addresses.first() {
                return Err(format!(
                    "tls:{address}: write `loadmodule \"tls.so\"`, which has the certificate"
                ));
            }
            // Connections of ours need no certificate.
            let plain = TlsClient::new(&ClientOptions::default()).map_err(|e| e.to_string())?;
            *self.0.outgoing.write() =
                Arc::new(Outgoing::plain(plain, wanted.tcp.tls_match_domain));
            return Ok(());
        };
        let source = Source {
            settings: settings.clone(),
            addresses: wanted.addresses,
            folder: wanted.folder,
            match_domain: wanted.tcp.tls_match_domain,
            logger: logger.clone(),
        };
        let loaded = source.load(settings.config.as_deref())?;
        for (address, server) in &loaded.servers {
            streams
                .listen_tls(*address, server.clone())
                .map_err(|error| error.to_string())?;
        }
        *self.0.outgoing.write() = Arc::new(loaded.outgoing);
        let _ = self.0.listeners.set(loaded.servers);
        let _ = self.0.source.set(source);
        Ok(())
    }

    fn bounds(&self) -> TcpParams {
        self.0.bounds.get().cloned().unwrap_or_default()
    }

    /// How to open a connection; none where there is no profile for it.
    pub(crate) fn dial(&self, way: Option<&policy::TlsWay>, peer: SocketAddr) -> Option<Dial> {
        let outgoing = Arc::clone(&self.0.outgoing.read());
        outgoing.dial(way, peer)
    }

    /// Reads everything again; all or nothing.
    fn reload(&self, config: Option<&str>) -> Result<(), String> {
        let source = self.0.source.get();
        let source = source.ok_or("module tls is not loaded")?;
        let Loaded { servers, outgoing } = source.load(config)?;
        let listeners = self.0.listeners.get().into_iter().flatten();
        for ((_, listener), (_, new)) in listeners.zip(&servers) {
            listener.replace(new);
        }
        *self.0.outgoing.write() = Arc::new(outgoing);
        Ok(())
    }
}
