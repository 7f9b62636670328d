//! `log_prefix`: what stands before each log line that belongs to a message.

use crate::Text;

/// Variables that a message has from its arrival to its end: method or status, Call-ID and CSeq.
const OF_THE_MESSAGE: [&[u8]; 6] = [b"$mt", b"$rm", b"$rs", b"$ci", b"$cs", b"$hdr(CSeq)"];

/// The prefix, prepared.
pub struct LogPrefix {
    pub(crate) text: Text,
    /// It says later what it says when the message arrives.
    pub(crate) may_wait: bool,
}

impl From<Text> for LogPrefix {
    fn from(text: Text) -> LogPrefix {
        let stays = |name: &&bytes::Bytes| OF_THE_MESSAGE.contains(&name.as_ref());
        let variables = text.variables();
        let may_wait = variables.is_some_and(|variables| variables.iter().all(stays));
        LogPrefix { text, may_wait }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Var;
    use script::Value;

    fn may_wait(names: &[&'static str]) -> bool {
        let var = |name: &&'static str| {
            let var = Var::constant(Value::Null);
            Err(var.finish(bytes::Bytes::from_static(name.as_bytes()), Vec::new()))
        };
        LogPrefix::from(Text::mixed(names.iter().map(var).collect())).may_wait
    }

    #[test]
    fn what_a_script_changes_does_not_wait() {
        assert!(may_wait(&["$mt", "$hdr(CSeq)", "$ci"]));
        assert!(may_wait(&[]));
        for changes in ["$var(a)", "$ru", "$hdr(X)", "$(ci{s.len})", "$TV(un)"] {
            assert!(!may_wait(&["$mt", changes]), "{changes}");
        }
    }
}
