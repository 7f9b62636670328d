//! Which client profile a connection of ours gets.

use net::tls::{ClientOptions, TlsClient, TlsError};
use policy::{TlsDomain, TlsWay};
use std::net::SocketAddr;

/// The client profiles in force.
#[derive(Default)]
pub(super) struct Outgoing {
    profiles: Vec<Profile>,
    /// For what no profile fits.
    rest: Option<TlsClient>,
    match_domain: bool,
}

/// A client profile.
pub(super) struct Profile {
    pub(super) domain: TlsDomain,
    pub(super) server_name: Option<String>,
    pub(super) server_id: Option<String>,
    pub(super) client: TlsClient,
}

/// How to open a connection.
pub(crate) struct Dial {
    /// The settings.
    pub(crate) client: TlsClient,
    /// The name to ask for, and to demand where the peer must prove who it is.
    pub(crate) name: String,
    /// What a connection must have been opened for to be used; none where any to the peer will do.
    pub(crate) key: Option<String>,
}

impl Outgoing {
    /// These profiles, and Kamailio's defaults for what none of them is for.
    pub(super) fn new(profiles: Vec<Profile>, match_domain: bool) -> Result<Outgoing, TlsError> {
        Ok(Outgoing {
            profiles,
            rest: Some(TlsClient::new(&ClientOptions::default())?),
            match_domain,
        })
    }

    /// One way for all.
    pub(super) fn plain(client: TlsClient, match_domain: bool) -> Outgoing {
        Outgoing {
            profiles: Vec::new(),
            rest: Some(client),
            match_domain,
        }
    }

    /// How to open a connection to `peer`.
    pub(super) fn dial(&self, way: Option<&TlsWay>, peer: SocketAddr) -> Option<Dial> {
        let none = TlsWay::default();
        let way = way.unwrap_or(&none);
        let wanted = way.server_name.as_deref().map(text);
        let profile = self.profile(way, wanted.as_deref(), peer);
        let own_name = profile.and_then(|profile| profile.server_name.clone());
        let host = way.host.as_deref().map(text);
        let name = wanted.or(own_name).or(host);
        let name = name.unwrap_or_else(|| peer.ip().to_string());
        let client = profile.map_or(self.rest.as_ref(), |profile| Some(&profile.client))?;
        let is_told_apart = client.verifies() || self.match_domain || way.server_id.is_some();
        Some(Dial {
            key: is_told_apart.then(|| {
                let id = way.server_id.as_deref().map(text).unwrap_or_default();
                format!("{name}/{id}")
            }),
            client: client.clone(),
            name,
        })
    }

    /// By `server_id`; else by address and name, by name; else the default.
    fn profile(&self, way: &TlsWay, name: Option<&str>, peer: SocketAddr) -> Option<&Profile> {
        let id = way.server_id.as_deref().map(text);
        let is = |own: &Option<String>, wanted: Option<&str>| {
            own.as_deref()
                .is_some_and(|own| wanted.is_some_and(|wanted| own.eq_ignore_ascii_case(wanted)))
        };
        let find = |fits: &dyn Fn(&Profile) -> bool| self.profiles.iter().find(|one| fits(one));
        let here = |one: &Profile| one.domain == TlsDomain::Address(peer);
        find(&|one| one.server_id.is_some() && one.server_id.as_deref() == id.as_deref())
            .or_else(|| find(&|one| here(one) && is(&one.server_name, name)))
            .or_else(|| find(&|one| here(one) && (name.is_none() || one.server_name.is_none())))
            .or_else(|| find(&|one| one.domain == TlsDomain::Any && is(&one.server_name, name)))
            .or_else(|| find(&|one| one.domain == TlsDomain::Default))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use net::tls::{Trust, Verify};

    fn profile(domain: TlsDomain, name: &str, id: &str, verifies: bool) -> Profile {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let verify = match verifies {
            true => Verify::Required(Trust::nobody()),
            false => Verify::default(),
        };
        let options = ClientOptions {
            verify,
            ..ClientOptions::default()
        };
        Profile {
            domain,
            server_name: some(name),
            server_id: some(id),
            client: TlsClient::new(&options).unwrap(),
        }
    }

    fn way(host: &str, name: &str, id: &str) -> TlsWay {
        let some = |text: &str| {
            Some(text.to_owned().into()).filter(|text: &bytes::Bytes| !text.is_empty())
        };
        TlsWay {
            host: some(host),
            server_name: some(name),
            server_id: some(id),
        }
    }

    #[test]
    fn id_goes_before_address_before_name_before_default() {
        let there: SocketAddr = "192.0.2.1:5061".parse().unwrap();
        let elsewhere: SocketAddr = "192.0.2.2:5061".parse().unwrap();
        let outgoing = Outgoing::new(
            vec![
                profile(TlsDomain::Default, "default.test", "", false),
                profile(TlsDomain::Any, "any.test", "", true),
                profile(TlsDomain::Address(there), "", "", false),
                profile(TlsDomain::Address(there), "b.test", "b", true),
            ],
            false,
        )
        .unwrap();
        for (way, peer, name, key) in [
            (way("h.test", "", ""), elsewhere, "default.test", None),
            (way("h.test", "", ""), there, "h.test", None),
            (way("", "", ""), there, "192.0.2.1", None),
            (
                way("h.test", "b.test", ""),
                there,
                "b.test",
                Some("b.test/"),
            ),
            (
                way("h.test", "any.test", ""),
                elsewhere,
                "any.test",
                Some("any.test/"),
            ),
            (
                way("h.test", "", "b"),
                elsewhere,
                "b.test",
                Some("b.test/b"),
            ),
        ] {
            let dial = outgoing.dial(Some(&way), peer).unwrap();
            assert_eq!(
                (dial.name.as_str(), dial.key.as_deref()),
                (name, key),
                "{way:?}"
            );
        }
    }

    #[test]
    fn domains_are_told_apart_where_that_is_asked_for() {
        let peer: SocketAddr = "192.0.2.1:5061".parse().unwrap();
        let outgoing = Outgoing::new(Vec::new(), true).unwrap();
        let dial = outgoing.dial(Some(&way("a.test", "", "")), peer).unwrap();
        assert_eq!(dial.key.as_deref(), Some("a.test/"));
    }
}
