//! The parameters of `xlog`.

use super::Xlog;
use bytes::Bytes;
use policy::Declaration;

/// How lines look.
#[derive(Clone, Debug)]
pub(crate) struct Params {
    /// `buf_size`: octets of a line at most.
    pub(super) buf_size: usize,
    /// `prefix`: what stands before the text.
    pub(super) prefix: Bytes,
    /// `prefix_mode`: the prefix has variables in it.
    pub(super) prefix_is_format: bool,
    /// `log_facility`.
    pub(super) facility: Option<String>,
    /// `force_color`.
    pub(super) force_color: bool,
    /// `long_format`: the file name before the line number.
    pub(super) long_format: bool,
    /// `methods_filter`: bits of the methods that `xlogm` passes over.
    pub(super) methods_filter: i64,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            buf_size: 4096,
            prefix: Bytes::from_static(PREFIX),
            prefix_is_format: false,
            facility: None,
            force_color: false,
            long_format: false,
            methods_filter: -1,
        }
    }
}

/// What stands before the text where nothing else is asked for.
pub(super) const PREFIX: &[u8] = b"<script>: ";

pub(super) fn declare(d: &mut Declaration<Xlog>) {
    d.try_param(
        "buf_size",
        "Octets of a line at most; default 4096. Longer ones are cut.",
        |p: &mut Params, size: i64| {
            p.buf_size = usize::try_from(size)
                .ok()
                .filter(|size| *size > 0)
                .ok_or("a size above 0 is needed")?;
            Ok(())
        },
    );
    d.param(
        "prefix",
        "What stands before the text; default `<script>: `.",
        |p: &mut Params, prefix: Bytes| p.prefix = prefix,
    );
    d.param(
        "prefix_mode",
        "1: the prefix has variables in it; default 0.",
        |p: &mut Params, mode: bool| p.prefix_is_format = mode,
    );
    d.param(
        "log_facility",
        "The syslog facility of these lines; default that of the core.",
        |p: &mut Params, name: String| {
            p.facility = Some(name);
        },
    );
    d.param(
        "force_color",
        "1: colours of $C reach syslog too; default 0.",
        |p: &mut Params, on: bool| p.force_color = on,
    );
    d.param(
        "long_format",
        "1: xlogl and xdbgl write the file name before the line; default 0.",
        |p: &mut Params, on: bool| {
            p.long_format = on;
        },
    );
    d.param(
        "methods_filter",
        "Bits of the methods that xlogm passes over; default -1, all.",
        |p: &mut Params, bits: i64| {
            p.methods_filter = bits;
        },
    );
    d.param(
        "log_colors",
        "Accepted; means nothing here, because levels have no colours.",
        |_: &mut Params, _: String| {},
    );
}
