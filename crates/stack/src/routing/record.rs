//! The Record-Route values that we add: RFC 3261 16.6 step 4, forms of Kamailio's rr module.

use bytes::Bytes;
use smallvec::SmallVec;

use crate::Transport;

/// `enable_double_rr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Double {
    /// 0: one, of the side that the request came in by.
    Never,
    /// 1: two where the sides differ.
    WhenDifferent,
    /// 2: always two.
    Always,
}

/// One side of us, as others reach it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hop<'a> {
    /// Address or advertised name; an IPv6 address in brackets.
    pub host: &'a [u8],
    /// Port. 5060 is not written.
    pub port: u16,
    /// Transport. UDP is not written.
    pub transport: Transport,
    /// `sockname_mode`: the name of the socket, as `sn`.
    pub name: Option<&'a [u8]>,
}

/// Everything in a Record-Route of ours but the side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordRoute<'a> {
    /// `sips:` instead of `sip:`, for a `sips:` Request-URI.
    pub sips: bool,
    /// `add_username`.
    pub user: Option<&'a [u8]>,
    /// `enable_full_lr`: `lr=on` instead of `lr`.
    pub full_lr: bool,
    /// `append_fromtag`: the tag of the dialog's caller, which of a request in the other direction
    /// is the To tag.
    pub ftag: Option<&'a [u8]>,
    /// Further parameters, each with its semicolon: that of `record_route()`, then those of
    /// `add_rr_param()`.
    pub params: &'a [u8],
}

/// A value being written; one of the usual length needs no allocation.
type Text = SmallVec<[u8; 128]>;

/// The values to add, the topmost first.
pub type RecordRoutes = SmallVec<[Bytes; 2]>;

impl RecordRoute<'_> {
    /// `record_route()`: one value for `inbound`, or two with `outbound` on top.
    pub fn values(&self, inbound: &Hop<'_>, outbound: &Hop<'_>, double: Double) -> RecordRoutes {
        let two = match double {
            Double::Never => false,
            Double::WhenDifferent => inbound != outbound,
            Double::Always => true,
        };
        let sides = if two {
            &[outbound, inbound][..]
        } else {
            &[inbound][..]
        };
        sides.iter().map(|hop| self.value(hop, two)).collect()
    }

    /// `record_route_advertised_address()`: the given `host[:port]` for both sides, two values if
    /// the transport changes.
    pub fn advertised(
        &self,
        address: &[u8],
        inbound: Transport,
        outbound: Transport,
    ) -> RecordRoutes {
        let side = |transport: Transport| {
            let extra = [b";transport=", transport.param().as_bytes(), b";r2=on"].concat();
            self.preset(&[address, &extra].concat())
        };
        match inbound == outbound {
            true => smallvec::smallvec![self.preset(address)],
            false => smallvec::smallvec![side(outbound), side(inbound)],
        }
    }

    /// `record_route_preset()`: one given `host[:port][;params]`. For a pair it is called with
    /// each.
    pub fn preset(&self, address: &[u8]) -> Bytes {
        let mut value = self.begin();
        value.extend_from_slice(address);
        self.push_ftag(&mut value);
        self.push_lr(&mut value);
        self.finish(value)
    }

    fn value(&self, hop: &Hop<'_>, pair: bool) -> Bytes {
        let mut value = self.begin();
        value.extend_from_slice(hop.host);
        if hop.port != 5060 {
            value.push(b':');
            value.extend_from_slice(itoa::Buffer::new().format(hop.port).as_bytes());
        }
        if hop.transport != Transport::Udp {
            value.extend_from_slice(b";transport=");
            value.extend_from_slice(hop.transport.param().as_bytes());
        }
        if let Some(name) = hop.name {
            value.extend_from_slice(b";sn=");
            value.extend_from_slice(name);
        }
        if pair {
            value.extend_from_slice(b";r2=on");
        }
        self.push_lr(&mut value);
        self.push_ftag(&mut value);
        self.finish(value)
    }

    fn begin(&self) -> Text {
        let mut value = Text::new();
        value.extend_from_slice(if self.sips { b"<sips:" } else { b"<sip:" });
        if let Some(user) = self.user {
            value.extend_from_slice(user);
            value.push(b'@');
        }
        value
    }

    fn push_lr(&self, value: &mut Text) {
        value.extend_from_slice(if self.full_lr { b";lr=on" } else { b";lr" });
    }

    fn push_ftag(&self, value: &mut Text) {
        if let Some(tag) = self.ftag {
            value.extend_from_slice(b";ftag=");
            value.extend_from_slice(tag);
        }
    }

    fn finish(&self, mut value: Text) -> Bytes {
        value.extend_from_slice(self.params);
        value.push(b'>');
        Bytes::copy_from_slice(&value)
    }
}
