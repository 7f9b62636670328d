//! The checks, one bit each, in the order Kamailio makes them. The message is parsed already and
//! its typed values are cached, so the usual mask costs a few comparisons.

use super::credentials;
use bytes::Bytes;
use sip::{ContactValue, HeaderError, HeaderId, Message, Scheme, Uri, UriError};

/// Checks by bit, with Kamailio's numbers. 8 and 16 are reserved there and do nothing.
const RURI_SIP_VERSION: i64 = 1;
const RURI_SCHEME: i64 = 1 << 1;
const REQUIRED_HEADERS: i64 = 1 << 2;
const CSEQ_METHOD: i64 = 1 << 5;
const CSEQ_VALUE: i64 = 1 << 6;
const CONTENT_LENGTH: i64 = 1 << 7;
const EXPIRES_VALUE: i64 = 1 << 8;
const PROXY_REQUIRE: i64 = 1 << 9;
const PARSE_URIS: i64 = 1 << 10;
const DIGEST: i64 = 1 << 11;
const DUPLICATED_TAGS: i64 = 1 << 12;
const AUTHORIZATION: i64 = 1 << 13;
const FIRST_VIA: i64 = 1 << 14;

/// What check [`PARSE_URIS`] looks at.
const RURI: i64 = 1;
const FROM: i64 = 2;
const TO: i64 = 4;
const CONTACT: i64 = 8;

/// A failed check: the reply it earns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) code: u16,
    /// Empty where nothing is to be answered.
    pub(super) reason: &'static str,
    /// A line for the log.
    pub(super) log: Option<&'static str>,
    /// The tag for an Unsupported header.
    pub(super) unsupported: Option<Bytes>,
}

type Check = Result<(), Failure>;

/// What the parameters say about checks.
#[derive(Clone)]
pub(super) struct Settings {
    /// Option tags of `proxy_require`.
    supported: Vec<Bytes>,
}

impl Settings {
    pub(super) fn new(proxy_require: &Bytes) -> Settings {
        Settings {
            supported: sip::split_values(proxy_require)
                .map(|tag| proxy_require.slice_ref(tag))
                .collect(),
        }
    }
}

/// Makes the checks of the mask; the first that fails counts. `uri` is the Request-URI now.
pub(super) fn run(
    message: &Message,
    uri: &[u8],
    settings: &Settings,
    checks: i64,
    uris: i64,
) -> Check {
    let wants = |bit: i64| checks & bit != 0;
    if wants(RURI_SIP_VERSION) && !message.is_version_2() {
        return fail(505, "Version Not Supported", None);
    }
    // What the edge has checked already and the script has not replaced need not be read again.
    let is_read = message.checked().is_some() && uri == message.request_uri();
    if wants(RURI_SCHEME) && message.is_request() && !is_read {
        request_uri(uri)?;
    }
    if wants(REQUIRED_HEADERS) {
        required_headers(message)?;
    }
    if wants(CSEQ_METHOD) {
        cseq_method(message)?;
    }
    if wants(CSEQ_VALUE) {
        cseq_value(message)?;
    }
    if wants(CONTENT_LENGTH) {
        content_length(message)?;
    }
    if wants(EXPIRES_VALUE) {
        expires(message)?;
    }
    if wants(PROXY_REQUIRE) {
        proxy_require(message, settings)?;
    }
    if wants(PARSE_URIS) {
        parse_uris(message, uri, if is_read { uris & !RURI } else { uris })?;
    }
    if wants(DIGEST) {
        credentials::check(message, credentials::Others::Fail)?;
    }
    if wants(DUPLICATED_TAGS) {
        duplicated_tags(message)?;
    }
    if wants(AUTHORIZATION) {
        credentials::check(message, credentials::Others::Pass)?;
    }
    if wants(FIRST_VIA) {
        first_via(message)?;
    }
    Ok(())
}

fn request_uri(uri: &[u8]) -> Check {
    match Uri::parse(uri) {
        Ok(uri) if uri.scheme != Scheme::Other => Ok(()),
        _ => fail(
            400,
            "Bad Request URI",
            Some("check_ruri_scheme(): failed to parse request uri"),
        ),
    }
}

fn required_headers(message: &Message) -> Check {
    let required = [
        HeaderId::To,
        HeaderId::From,
        HeaderId::CSeq,
        HeaderId::CallId,
        HeaderId::Via,
    ];
    match required.iter().all(|id| message.has(*id)) {
        true => Ok(()),
        false => fail(400, "Missing Required Header in Request", None),
    }
}

fn cseq_method(message: &Message) -> Check {
    // What the edge has checked already need not be read again.
    if message.checked().is_some() {
        return Ok(());
    }
    let Some(header) = message.header(HeaderId::CSeq) else {
        return Ok(());
    };
    let method = header
        .value
        .rsplit(|byte| byte.is_ascii_whitespace())
        .next()
        .unwrap_or_default();
    match !message.is_request() || method == message.method_bytes() {
        true => Ok(()),
        false => fail(400, "CSeq method does not match request method", None),
    }
}

fn cseq_value(message: &Message) -> Check {
    match message.cseq() {
        Ok(_) | Err(HeaderError::Missing) => Ok(()),
        Err(_) => fail(400, "CSeq number is illegal", None),
    }
}

fn content_length(message: &Message) -> Check {
    match message.declared_content_length() {
        Ok(Some(length)) if length as usize != message.body().len() => {
            fail(400, "Content-Length mis-match", None)
        }
        Ok(_) => Ok(()),
        Err(_) => fail(400, "Content-Length mis-match", None),
    }
}

fn expires(message: &Message) -> Check {
    match message.expires() {
        Ok(_) => Ok(()),
        Err(_)
            if message
                .header(HeaderId::Expires)
                .is_some_and(|header| header.value.is_empty()) =>
        {
            fail(
                400,
                "Bad Expires Header",
                Some("check_expires_value(): parse_expires failed"),
            )
        }
        Err(_) => fail(400, "Expires value is illegal", None),
    }
}

fn proxy_require(message: &Message, settings: &Settings) -> Check {
    let mut tags = message
        .all(HeaderId::ProxyRequire)
        .flat_map(|header| sip::split_values(header.value));
    let unknown = tags.find(|tag| {
        !settings
            .supported
            .iter()
            .any(|known| known.eq_ignore_ascii_case(tag))
    });
    match unknown {
        None => Ok(()),
        Some(tag) => Err(Failure {
            code: 420,
            reason: "Bad Proxy Require Extension",
            log: None,
            unsupported: Some(message.slice_of(tag)),
        }),
    }
}

fn parse_uris(message: &Message, uri: &[u8], which: i64) -> Check {
    if which & RURI != 0 && message.is_request() && Uri::parse(uri).is_err() {
        return fail(
            400,
            "Bad Request URI",
            Some("check_parse_uris(): failed to parse request uri"),
        );
    }
    if which & FROM != 0 && !from_is_known(message) {
        return fail(
            400,
            "Invalid From Header",
            Some("check_parse_uris(): invalid From header or uri"),
        );
    }
    if which & TO != 0 && !to_is_known(message) {
        // The spelling is that of Kamailio 5.6.3; tools look for it.
        return fail(
            400,
            "Ivalid To Header",
            Some("check_parse_uris(): invalid To header or uri"),
        );
    }
    if which & CONTACT != 0 {
        contacts(message)
    } else {
        Ok(())
    }
}

fn from_is_known(message: &Message) -> bool {
    match message.checked() {
        Some(checked) => checked.from != Scheme::Other,
        None => message.from().is_ok_and(|from| is_known(from.parse_uri())),
    }
}

fn to_is_known(message: &Message) -> bool {
    match message.checked() {
        Some(checked) => checked.to != Scheme::Other,
        None => message.to().is_ok_and(|to| is_known(to.parse_uri())),
    }
}

fn contacts(message: &Message) -> Check {
    for contact in message.contacts() {
        match contact {
            Err(_) => {
                return fail(
                    400,
                    "Bad Contact Header",
                    Some("check_parse_uris(): failed to parse Contact headers"),
                );
            }
            Ok(ContactValue::Addr(address)) if !is_known(address.parse_uri()) => {
                return fail(
                    400,
                    "Bad Contact URI",
                    Some("check_parse_uris(): failed to parse Contact uri"),
                );
            }
            Ok(_) => {}
        }
    }
    Ok(())
}

fn is_known(uri: Result<Uri<'_>, UriError>) -> bool {
    uri.is_ok_and(|uri| uri.scheme != Scheme::Other)
}

fn duplicated_tags(message: &Message) -> Check {
    let many = |params: sip::Params<'_>| params.filter(|param| param.is(b"tag")).nth(1).is_some();
    if message.from().is_ok_and(|from| many(from.params)) {
        return fail(400, "Many From Tag Params", None);
    }
    if message.to().is_ok_and(|to| many(to.params)) {
        return fail(400, "Many To Tag Params", None);
    }
    Ok(())
}

fn first_via(message: &Message) -> Check {
    match message.top_via() {
        Ok(via) if !via.host.is_empty() => Ok(()),
        _ => fail(400, "Bad Via Header", None),
    }
}

pub(super) fn fail(code: u16, reason: &'static str, log: Option<&'static str>) -> Check {
    Err(Failure {
        code,
        reason,
        log,
        unsupported: None,
    })
}
