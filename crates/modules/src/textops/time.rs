//! `Date` headers.

use super::TextOps;
use policy::Context;
use sip::HeaderId;
use time::OffsetDateTime;
use time::macros::format_description;

pub(super) fn append_time(_: &TextOps, context: &mut Context) -> bool {
    let line = date_line(context.now.unix_s());
    context.append_to_reply(line.as_bytes());
    true
}

/// Behind the first Via, where Kamailio puts it.
pub(super) fn append_time_to_request(_: &TextOps, context: &mut Context) -> bool {
    let line = date_line(context.now.unix_s());
    match context
        .message
        .header(HeaderId::Via)
        .map(|header| header.span)
    {
        Some(span) => context.edits.insert_after(span, line),
        None => context.edits.insert_header(&context.message, line),
    }
    true
}

/// RFC 3261 section 20.17: RFC 1123 dates, always in GMT.
fn date_line(unix_s: u64) -> String {
    let format = format_description!(
        "Date: [weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT\r\n"
    );
    let seconds = i64::try_from(unix_s).unwrap_or_default();
    let date = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    date.format(&format).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    const DATE: &str = "Date: Sat, 21 Nov 2026 07:40:34 GMT\r\n";

    #[test]
    fn replies_and_requests_get_the_time() {
        let script =
            "loadmodule \"textops\"\nrequest_route { append_time(); append_time_to_request(); }";
        let ran = run(
            script,
            "OPTIONS sip:b@x SIP/2.0\nVia: SIP/2.0/UDP h\nVia: SIP/2.0/UDP i\n\n",
        );
        assert_eq!(ran.context.reply_lines, DATE.as_bytes());
        assert!(
            ran.sent
                .contains(&format!("UDP h\r\n{DATE}Via: SIP/2.0/UDP i")),
            "{}",
            ran.sent
        );
    }
}
