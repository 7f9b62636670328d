//! Calls on hold.

use super::TextOps;
use policy::Context;

pub(super) fn is_audio_on_hold(_: &TextOps, context: &mut Context) -> i32 {
    match hold(context.message.body()) {
        None => -1,
        Some(Hold::NullAddress) => 1,
        Some(Hold::Direction) => 2,
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Hold {
    /// RFC 2543 appendix B.5: the connection address is null.
    NullAddress,
    /// RFC 3264 section 8.4: sendonly or inactive.
    Direction,
}

/// What a stream says, or the session for it.
#[derive(Clone, Copy, Default)]
struct Stream {
    audio: bool,
    null: Option<bool>,
    paused: Option<bool>,
}

/// The first audio stream that is on hold, and how.
fn hold(sdp: &[u8]) -> Option<Hold> {
    let mut session = Stream::default();
    let mut stream: Option<Stream> = None;
    for line in sdp
        .split(|byte| matches!(byte, b'\r' | b'\n'))
        .map(|line| line.trim_ascii())
    {
        if let Some(media) = line.strip_prefix(b"m=") {
            if let Some(found) = stream.and_then(|stream| stream.hold(session)) {
                return Some(found);
            }
            stream = Some(Stream {
                audio: media.starts_with(b"audio"),
                ..Stream::default()
            });
        } else {
            stream.as_mut().unwrap_or(&mut session).note(line);
        }
    }
    stream.and_then(|stream| stream.hold(session))
}

impl Stream {
    fn note(&mut self, line: &[u8]) {
        if line.starts_with(b"c=") {
            self.null = Some(line.ends_with(b" 0.0.0.0") || line.ends_with(b" ::"));
        }
        match line {
            b"a=sendonly" | b"a=inactive" => self.paused = Some(true),
            b"a=sendrecv" | b"a=recvonly" => self.paused = Some(false),
            _ => {}
        }
    }

    fn hold(self, session: Stream) -> Option<Hold> {
        let null = self.null.or(session.null).unwrap_or(false);
        let paused = self.paused.or(session.paused).unwrap_or(false);
        match (self.audio, null, paused) {
            (false, ..) | (_, false, false) => None,
            (_, true, _) => Some(Hold::NullAddress),
            (_, _, true) => Some(Hold::Direction),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_holding_are_known() {
        for (sdp, expected) in [
            (
                "c=IN IP4 10.0.0.1\r\nm=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n",
                None,
            ),
            (
                "c=IN IP4 0.0.0.0\r\nm=audio 4000 RTP/AVP 0\r\n",
                Some(Hold::NullAddress),
            ),
            (
                "c=IN IP4 0.0.0.0\r\nm=audio 4000 RTP/AVP 0\r\nc=IN IP4 1.0.0.1\r\n",
                None,
            ),
            (
                "c=IN IP4 1.0.0.0\r\nm=audio 4000 RTP/AVP 0\r\na=inactive\r\n",
                Some(Hold::Direction),
            ),
            (
                "a=sendonly\nm=audio 4000 RTP/AVP 0\n",
                Some(Hold::Direction),
            ),
            ("a=sendonly\nm=audio 4000 RTP/AVP 0\na=sendrecv\n", None),
            (
                "m=video 4000 RTP/AVP 0\na=inactive\nm=audio 1 RTP/AVP 0\n",
                None,
            ),
            (
                "m=audio 1 RTP/AVP 0\nm=audio 4000 RTP/AVP 0\na=inactive\n",
                Some(Hold::Direction),
            ),
            ("", None),
        ] {
            assert_eq!(hold(sdp.as_bytes()), expected, "{sdp}");
        }
    }
}
