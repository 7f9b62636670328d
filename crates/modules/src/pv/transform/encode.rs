//! `{s.*}` that hash, encode and escape.

use super::super::Pv;
use super::base::{base58, gsm7, gsm7_back, hexa, hexa_back};
use super::escape::{self, Set};
use super::hash::{core_hash, digest_hex};
use super::{number, owned, simple, with_arguments};
use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, PAD, STANDARD};
use base64::engine::{DecodePaddingMode, general_purpose};
use bytes::Bytes;
use md5::Md5;
use policy::{Context, Declaration, Transform};
use script::Value;
use sha2::{Sha256, Sha384, Sha512};

pub(super) fn declare(d: &mut Declaration<Pv>) {
    d.transformation("s.md5", "MD5 in hexadecimal.", |_, _| {
        simple(|text| owned(digest_hex::<Md5>(text)))
    });
    d.transformation("s.sha256", "SHA-256 in hexadecimal.", |_, _| {
        simple(|text| owned(digest_hex::<Sha256>(text)))
    });
    d.transformation("s.sha384", "SHA-384 in hexadecimal.", |_, _| {
        simple(|text| owned(digest_hex::<Sha384>(text)))
    });
    d.transformation("s.sha512", "SHA-512 in hexadecimal.", |_, _| {
        simple(|text| owned(digest_hex::<Sha512>(text)))
    });
    d.transformation(
        "s.corehash,[size]",
        "Kamailio's short hash; size, a power of two, bounds it.",
        |args, prepare| {
            with_arguments(args, prepare, |text, args| {
                let hash = core_hash(text);
                let size = number(args.first())
                    .and_then(|size| u32::try_from(size).ok())
                    .filter(|size| *size > 0);
                owned(size.map_or(hash, |size| hash & (size - 1)).to_string())
            })
        },
    );
    d.transformation("s.encode.hexa", "In hexadecimal.", |_, _| {
        simple(|text| owned(hexa(text)))
    });
    d.transformation(
        "s.decode.hexa",
        "From hexadecimal; null where it is none.",
        |_, _| simple(|text| owned(hexa_back(text)?)),
    );
    d.transformation("s.encode.base58", "In base 58.", |_, _| {
        simple(|text| owned(base58(text)?))
    });
    d.transformation("s.encode.7bit", "As GSM 7-bit, in hexadecimal.", |_, _| {
        simple(|text| owned(gsm7(text)))
    });
    d.transformation("s.decode.7bit", "From GSM 7-bit in hexadecimal.", |_, _| {
        simple(|text| owned(gsm7_back(text)?))
    });
    d.transformation("s.encode.base64", "In base 64.", |_, _| {
        simple(|text| owned(STANDARD.encode(text)))
    });
    d.transformation("s.encode.base64t", "In base 64 without padding.", |_, _| {
        simple(|text| owned(PLAIN.encode(text)))
    });
    d.transformation("s.encode.base64url", "In base 64 for URLs.", |_, _| {
        simple(|text| owned(general_purpose::URL_SAFE.encode(text)))
    });
    d.transformation(
        "s.encode.base64urlt",
        "In base 64 for URLs, without padding.",
        |_, _| simple(|text| owned(general_purpose::URL_SAFE_NO_PAD.encode(text))),
    );
    d.transformation(
        "s.decode.base64",
        "From base 64; null where it is none.",
        |_, _| simple(|text| owned(PLAIN.decode(text).ok()?)),
    );
    d.transformation(
        "s.decode.base64t",
        "From base 64 without padding.",
        |_, _| simple(|text| owned(PLAIN.decode(text).ok()?)),
    );
    d.transformation("s.decode.base64url", "From base 64 for URLs.", |_, _| {
        simple(|text| owned(PLAIN_URL.decode(text).ok()?))
    });
    d.transformation(
        "s.decode.base64urlt",
        "From base 64 for URLs, without padding.",
        |_, _| simple(|text| owned(PLAIN_URL.decode(text).ok()?)),
    );
    d.transformation(
        "s.escape.common",
        "Escaped for a text in quotes: by the rules of the database of module sqlops, without it by a backslash before quotes, backslashes and NUL.",
        |_, _| Ok(Transform::new(escape_common)),
    );
    d.transformation(
        "s.unescape.common",
        "Without the backslashes of s.escape.common.",
        |_, _| simple(|text| owned(escape::common_back(text))),
    );
    d.transformation(
        "s.escape.user",
        "Escaped as the user part of a URI.",
        |_, _| simple(|text| owned(escape::percent(text, Set::User))),
    );
    d.transformation(
        "s.escape.param",
        "Escaped as a parameter of a URI.",
        |_, _| simple(|text| owned(escape::percent(text, Set::Param))),
    );
    d.transformation(
        "s.escape.csv",
        "In double quotes, as a field of a CSV file.",
        |_, _| simple(|text| owned(escape::csv(text))),
    );
    d.transformation(
        "s.unescape.user",
        "Without escapes; null where one is broken.",
        |_, _| simple(unescape),
    );
    d.transformation(
        "s.unescape.param",
        "Without escapes; null where one is broken.",
        |_, _| simple(unescape),
    );
    d.transformation(
        "s.urlencode.param",
        "Escaped as a parameter of a URL.",
        |_, _| simple(|text| owned(escape::percent(text, Set::Url))),
    );
    d.transformation(
        "s.urldecode.param",
        "Without the escapes of a URL, a plus is a blank.",
        |_, _| simple(|text| owned(escape::url_back(text))),
    );
}

const LENIENT: GeneralPurposeConfig = PAD
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true)
    .with_encode_padding(false);
const PLAIN: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);
const PLAIN_URL: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LENIENT);

fn unescape(text: &Bytes) -> Option<Value> {
    owned(escape::percent_back(text)?)
}

/// SQLite, for one, does not know the backslash: what is escaped by it is an injection there.
fn escape_common(context: &mut Context, value: Value) -> Value {
    if value.is_null() {
        return value;
    }
    let text = value.to_text();
    let escaped = match &context.config.installed.sql_rules {
        Some(rules) => inside_quotes(&rules.quote(&text)).or_else(|| {
            // What cannot stand between quotes there is left out.
            let clean = String::from_utf8_lossy(&text).replace('\0', "");
            inside_quotes(&rules.quote(clean.as_bytes()))
        }),
        None => None,
    };
    Value::Str(escaped.unwrap_or_else(|| escape::common(&text)).into())
}

/// A literal without its quotes, where it has plain ones.
fn inside_quotes(literal: &str) -> Option<Vec<u8>> {
    let inner = literal.strip_prefix('\'')?.strip_suffix('\'')?;
    Some(inner.as_bytes().to_vec())
}
