//! Core parameters that are texts.

use bytes::Bytes;
use policy::CoreParams;

/// Name, doc line, where the value goes.
type Word = (&'static str, &'static str, fn(&mut CoreParams, Bytes));

pub(super) const TEXTS: &[Word] = &[
    (
        "log_facility",
        "Syslog facility; default LOG_DAEMON.",
        |c, text| c.log_facility = plain(&text),
    ),
    ("log_name", "Name in syslog lines.", |c, text| {
        c.log_name = plain(&text)
    }),
    (
        "log_prefix",
        "Stands before each log line of a message; may have variables in it.",
        |c, text| c.log_prefix = text,
    ),
    (
        "advertised_address",
        "What Via and Record-Route say instead of the address.",
        |c, text| c.advertised_address = text,
    ),
    (
        "user",
        "Who to become once the sockets are open.",
        |c, text| c.user = plain(&text),
    ),
    ("uid", "The same as user.", |c, text| c.user = plain(&text)),
    ("group", "Which group to become.", |c, text| {
        c.group = plain(&text)
    }),
    ("gid", "The same as group.", |c, text| {
        c.group = plain(&text)
    }),
    ("workdir", "The working directory.", |c, text| {
        c.workdir = plain(&text)
    }),
    ("wdir", "The same as workdir.", |c, text| {
        c.workdir = plain(&text)
    }),
    (
        "version_table",
        "The table with the versions of tables; default version.",
        |c, text| c.version_table = plain(&text),
    ),
    (
        "overload_emergency",
        "Users of Request-URIs that are emergency calls, which are never refused, with blanks between them; default \"112 911\".",
        |c, text| c.overload.emergency = several(&text),
    ),
    (
        "default_forward_uri",
        "Where a script forwards by default.",
        |c, text| c.default_forward_uri = text,
    ),
];

/// Texts that are a header line each: they go into messages as they stand.
pub(super) const LINES: &[Word] = &[
    (
        "server_header",
        "The whole Server line of replies of ours.",
        |c, line| c.server_header = line,
    ),
    (
        "user_agent_header",
        "The whole User-Agent line of requests of ours.",
        |c, line| c.user_agent_header = line,
    ),
];

/// A header line with its end; none for the empty text.
///
/// # Errors
/// A sentence, where the text is no header line.
pub(super) fn line(text: &[u8]) -> Result<Bytes, String> {
    let text = text.trim_ascii();
    if text.is_empty() {
        return Ok(Bytes::new());
    }
    let line = Bytes::from([text, b"\r\n"].concat());
    let in_a_message =
        sip::build::Request::new("OPTIONS", "sip:x").and_then(|request| request.lines(&line));
    match in_a_message {
        Ok(_) if !text.contains(&b'\n') => Ok(line),
        _ => Err("expected a header line such as `Server: name`".to_owned()),
    }
}

fn plain(text: &Bytes) -> String {
    String::from_utf8_lossy(text).into_owned()
}

/// The words of a text.
fn several(text: &Bytes) -> Vec<Bytes> {
    let words = text.split(u8::is_ascii_whitespace);
    let words = words.filter(|word| !word.is_empty());
    words.map(|word| text.slice_ref(word)).collect()
}
