//! Max-Forwards: counts down, adds where it is missing, compares (RFC 3261 section 16.6 step 3).

use bytes::Bytes;
use policy::{Context, Declaration, Entry, Init, Int, Level, Module, Problem, Routes};
use sip::{HeaderId, Span};
use smallvec::SmallVec;

pub(crate) const ENTRY: Entry = Entry::of::<MaxFwd>();

/// What one byte of a Max-Forwards can say (RFC 3261 section 20.22).
const HIGHEST: i64 = 256;

struct MaxFwd {
    /// What goes on is never above it.
    max_limit: u32,
}

struct Params {
    max_limit: i64,
}

impl Default for Params {
    fn default() -> Params {
        Params { max_limit: 70 }
    }
}

impl Module for MaxFwd {
    const NAME: &'static str = "maxfwd";
    type Params = Params;

    fn declare(d: &mut Declaration<MaxFwd>) {
        d.doc("Counts the Max-Forwards header down and stops requests that go in circles.");
        d.number(
            "max_limit",
            "Values above it are cut to it when counting down; 1 to 256, default 70.",
            1..=HIGHEST,
            |p, n| p.max_limit = n,
        );
        d.function(
            "maxfwd_process(max_value)",
            "Counts down: 1 done, 2 added with max_value, -1 it is 0, -2 it is no number.",
            Routes::ANY,
            MaxFwd::process,
        )
        .alias("mf_process_maxfwd_header")
        .alias("process_maxfwd");
        d.function(
            "is_maxfwd_lt(max_value)",
            "1 where the header is below max_value as it will be sent, -1 not, -2 no header, -3 no number.",
            Routes::ANY,
            MaxFwd::is_below,
        )
        .alias("maxfwd_at_least")
        .alias("mf_lowlimit");
        d.deviation(
            "A second maxfwd_process() on a request without the header adds none: Kamailio 5.6.3 sends two headers.",
        );
    }

    fn init(params: Params, _: &mut Init<'_>) -> Result<MaxFwd, Problem> {
        Ok(MaxFwd {
            max_limit: u32::try_from(params.max_limit).unwrap_or(70),
        })
    }
}

impl MaxFwd {
    fn process(&self, context: &mut Context, max_value: &Int) -> i32 {
        let max_value = max_value.get_or_0(context);
        if !(0..=HIGHEST).contains(&max_value) {
            context.log(Level::Err, "maxfwd", || {
                format!("invalid param value: {max_value}")
            });
            return -1;
        }
        match present(context) {
            Present::No => add(context, max_value),
            Present::Junk => -2,
            Present::Yes(_, 0) => -1,
            Present::Yes(span, value) => {
                let lower = (value - 1).min(self.max_limit);
                context.edits.amend(span, padded(lower, span.len()));
                1
            }
        }
    }

    fn is_below(&self, context: &mut Context, limit: &Int) -> i32 {
        let limit = limit.get_or_0(context);
        match present(context) {
            Present::No => -2,
            Present::Junk => -3,
            Present::Yes(_, value) if i64::from(value) < limit => 1,
            Present::Yes(..) => -1,
        }
    }
}

/// A number in decimal digits, with blanks before it up to the width.
fn padded(number: u32, width: usize) -> Bytes {
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(number).as_bytes();
    let blanks = width.saturating_sub(digits.len());
    let mut text = SmallVec::<[u8; 16]>::from_elem(b' ', blanks);
    text.extend_from_slice(digits);
    Bytes::copy_from_slice(&text)
}

enum Present {
    No,
    /// Where the value stands, and what it is after the changes made so far.
    Yes(Span, u32),
    Junk,
}

/// The header as it will be sent. One without a value counts as 0.
fn present(context: &mut Context) -> Present {
    let Some(header) = context.message.header(HeaderId::MaxForwards) else {
        return Present::No;
    };
    let span = header.value_span;
    let text = context
        .edits
        .texts_at(span)
        .last()
        .map_or(header.value, |text| text);
    match number(text) {
        Some(value) => Present::Yes(span, value),
        None => {
            context.log(Level::Err, "maxfwd", || {
                "unable to parse the max forwards number".to_owned()
            });
            Present::Junk
        }
    }
}

fn number(text: &[u8]) -> Option<u32> {
    let digits = text.trim_ascii();
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok().and_then(|digits| {
        if digits.is_empty() {
            Some(0)
        } else {
            digits.parse().ok()
        }
    })
}

fn add(context: &mut Context, value: i64) -> i32 {
    let first = Span::from(context.message.headers_start()..context.message.headers_start());
    if !context
        .edits
        .texts_at(first)
        .any(|line| line.starts_with(b"Max-Forwards: "))
    {
        context
            .edits
            .insert_header(&context.message, format!("Max-Forwards: {value}"));
    }
    2
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    fn request(header: &str) -> String {
        format!(
            "OPTIONS sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n{header}Content-Length: 0\r\n\r\n"
        )
    }

    /// Header, call, return code, header sent; as Kamailio 5.6.3 was seen to answer.
    const CASES: [(&str, &str, i32, &str); 12] = [
        (
            "Max-Forwards: 70\r\n",
            "maxfwd_process(10)",
            1,
            "Max-Forwards: 69\r\n",
        ),
        (
            "Max-Forwards: 10\r\n",
            "maxfwd_process(10)",
            1,
            "Max-Forwards:  9\r\n",
        ),
        (
            "Max-Forwards:    071  \r\n",
            "mf_process_maxfwd_header(\"10\")",
            1,
            "Max-Forwards:     70  \r\n",
        ),
        (
            "Max-Forwards: 300\r\n",
            "process_maxfwd(10)",
            1,
            "Max-Forwards:  70\r\n",
        ),
        (
            "Max-Forwards: 0\r\n",
            "maxfwd_process(10)",
            -1,
            "Max-Forwards: 0\r\n",
        ),
        (
            "Max-Forwards:\r\n",
            "maxfwd_process(10)",
            -1,
            "Max-Forwards:\r\n",
        ),
        (
            "Max-Forwards: 60abc\r\n",
            "maxfwd_process(10)",
            -2,
            "Max-Forwards: 60abc\r\n",
        ),
        (
            "Max-Forwards: 10\r\n",
            "maxfwd_process(300)",
            -1,
            "Max-Forwards: 10\r\n",
        ),
        ("", "is_maxfwd_lt(70)", -2, ""),
        (
            "Max-Forwards: x\r\n",
            "is_maxfwd_lt(70)",
            -3,
            "Max-Forwards: x\r\n",
        ),
        (
            "Max-Forwards: 70\r\n",
            "maxfwd_process(10); is_maxfwd_lt(70)",
            1,
            "Max-Forwards: 69\r\n",
        ),
        (
            "Max-Forwards: 70\r\n",
            "maxfwd_process(10); mf_lowlimit(69)",
            -1,
            "Max-Forwards: 69\r\n",
        ),
    ];

    #[test]
    fn counting_and_comparing() {
        for (header, call, code, sent) in CASES {
            let ran = run(
                &format!("loadmodule \"maxfwd\"\nrequest_route {{ {call}; rc(); }}"),
                &request(header),
            );
            assert_eq!(ran.codes, [code], "{call} on {header}");
            assert_eq!(ran.sent, request(sent), "{call} on {header}");
        }
    }

    #[test]
    fn a_missing_header_is_added_once_before_the_others() {
        let script = "loadmodule \"maxfwd\"\nrequest_route { maxfwd_process(10); rc(); maxfwd_process(10); rc(); }";
        let ran = run(script, &request(""));
        assert_eq!(ran.codes, [2, 2]);
        let start =
            "OPTIONS sip:b@x SIP/2.0\r\nMax-Forwards: 10\r\nVia: SIP/2.0/UDP h\r\nContent-Length";
        assert!(ran.sent.starts_with(start), "{}", ran.sent);
    }

    #[test]
    fn the_limit_is_a_parameter() {
        let script = "loadmodule \"maxfwd\"\nmodparam(\"maxfwd\", \"max_limit\", 32)\nrequest_route { maxfwd_process(10); }";
        assert!(
            run(script, &request("Max-Forwards: 70\r\n"))
                .sent
                .contains("Max-Forwards: 32\r\n")
        );
    }
}
