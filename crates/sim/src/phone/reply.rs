//! Replies.

use super::request::contact;
use super::{Dialog, Draft};
use crate::Heard;
use crate::scenario::{Agent, Form};
use crate::text::Names;

/// Writes a reply to `request`.
///
/// # Errors
/// A name in braces that nobody knows.
pub(crate) fn reply(
    agent: &Agent,
    dialog: &mut Dialog,
    request: &Heard,
    (status, phrase): (u16, &str),
    (form, names): (&Form, &Names),
) -> Result<Vec<u8>, String> {
    let phrase = if phrase.is_empty() {
        usual(status)
    } else {
        phrase
    };
    let mut draft = Draft::new(format!("SIP/2.0 {status} {phrase}"));
    for via in request.lines("Via") {
        draft.add("Via", via);
    }
    let forms_dialog = matches!(status, 101..=299);
    for route in request.lines("Record-Route").filter(|_| forms_dialog) {
        draft.add("Record-Route", route);
    }
    draft.add("From", request.value("From").unwrap_or_default());
    let to = request.value("To").unwrap_or_default();
    match status > 100 && request.param("To", "tag").is_none() {
        true => draft.add("To", dialog.local.clone()),
        false => draft.add("To", to),
    }
    draft.add("Call-ID", request.value("Call-ID").unwrap_or_default());
    draft.add("CSeq", request.value("CSeq").unwrap_or_default());
    let method = request.method();
    if forms_dialog && matches!(method, "INVITE" | "SUBSCRIBE" | "REFER" | "UPDATE") {
        draft.add("Contact", contact(agent));
    }
    draft.reform(form, names)?;
    dialog.replied(status, method);
    Ok(draft.render())
}

/// The reason phrase of RFC 3261 section 21.
fn usual(status: u16) -> &'static str {
    PHRASES
        .iter()
        .find(|(known, _)| *known == status)
        .map_or("Whatever", |(_, phrase)| phrase)
}

const PHRASES: [(u16, &str); 33] = [
    (100, "Trying"),
    (180, "Ringing"),
    (181, "Call Is Being Forwarded"),
    (182, "Queued"),
    (183, "Session Progress"),
    (200, "OK"),
    (202, "Accepted"),
    (300, "Multiple Choices"),
    (301, "Moved Permanently"),
    (302, "Moved Temporarily"),
    (305, "Use Proxy"),
    (400, "Bad Request"),
    (401, "Unauthorized"),
    (403, "Forbidden"),
    (404, "Not Found"),
    (405, "Method Not Allowed"),
    (407, "Proxy Authentication Required"),
    (408, "Request Timeout"),
    (410, "Gone"),
    (415, "Unsupported Media Type"),
    (420, "Bad Extension"),
    (480, "Temporarily Unavailable"),
    (481, "Call/Transaction Does Not Exist"),
    (482, "Loop Detected"),
    (483, "Too Many Hops"),
    (486, "Busy Here"),
    (487, "Request Terminated"),
    (488, "Not Acceptable Here"),
    (491, "Request Pending"),
    (500, "Server Internal Error"),
    (503, "Service Unavailable"),
    (600, "Busy Everywhere"),
    (603, "Decline"),
];
