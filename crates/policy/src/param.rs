//! Module parameters: `modparam("module", "name", value)`.

use crate::AvpName;
use bytes::Bytes;

/// A value as it stands in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParamValue {
    /// A number, or one of `yes no on off true false enabled disabled`.
    Int(i64),
    /// A string.
    Text(Bytes),
}

/// A Rust type that a parameter can have.
pub trait FromParam: Sized {
    /// The word for it in listings: `int`, `str`, `bool`, …
    const KIND: &'static str;

    /// Converts, or says in a sentence what the value should have been.
    fn from_param(value: &ParamValue) -> Result<Self, String>;
}

/// One declared parameter of a module whose parameters are a `P`.
pub struct ParamDecl<P> {
    /// Its name.
    pub name: &'static str,
    /// Its type, as [`FromParam::KIND`].
    pub kind: &'static str,
    /// What it does, with unit and default, in a sentence.
    pub doc: &'static str,
    /// Stores a value.
    pub set: Setter<P>,
}

/// Converts a value and stores it in the parameters of a module.
pub type Setter<P> = Box<dyn Fn(&mut P, &ParamValue) -> Result<(), String> + Send + Sync>;

impl<P: 'static> ParamDecl<P> {
    /// A parameter whose converted value `set` stores.
    pub fn new<V: FromParam>(
        name: &'static str,
        doc: &'static str,
        set: impl Fn(&mut P, V) -> Result<(), String> + Send + Sync + 'static,
    ) -> ParamDecl<P> {
        let set =
            Box::new(move |params: &mut P, value: &ParamValue| set(params, V::from_param(value)?));
        ParamDecl {
            name,
            kind: V::KIND,
            doc,
            set,
        }
    }
}

impl FromParam for i64 {
    const KIND: &'static str = "int";

    fn from_param(value: &ParamValue) -> Result<i64, String> {
        match value {
            ParamValue::Int(number) => Ok(*number),
            ParamValue::Text(text) => {
                let text = String::from_utf8_lossy(text);
                text.trim()
                    .parse()
                    .map_err(|_| format!("expected a number, found the string \"{text}\""))
            }
        }
    }
}

impl FromParam for bool {
    const KIND: &'static str = "bool";

    fn from_param(value: &ParamValue) -> Result<bool, String> {
        if let ParamValue::Text(text) = value {
            match text.to_ascii_lowercase().as_slice() {
                b"yes" | b"on" | b"true" | b"enabled" => return Ok(true),
                b"no" | b"off" | b"false" | b"disabled" => return Ok(false),
                _ => {}
            }
        }
        i64::from_param(value).map(|number| number != 0)
    }
}

impl FromParam for Bytes {
    const KIND: &'static str = "str";

    fn from_param(value: &ParamValue) -> Result<Bytes, String> {
        match value {
            ParamValue::Text(text) => Ok(text.clone()),
            ParamValue::Int(number) => Err(format!("expected a string, found the number {number}")),
        }
    }
}

impl FromParam for String {
    const KIND: &'static str = "str";

    fn from_param(value: &ParamValue) -> Result<String, String> {
        let text = Bytes::from_param(value)?;
        String::from_utf8(text.to_vec()).map_err(|_| "expected UTF-8 text".to_owned())
    }
}

/// The name of a function of a scripting engine (`event_callback`), which a native script never calls.
/// Where one is named the configuration loads with the warning W0509.
pub struct Callback {
    /// A function is named.
    pub is_set: bool,
}

impl FromParam for Callback {
    const KIND: &'static str = "function";

    fn from_param(value: &ParamValue) -> Result<Callback, String> {
        let is_set = !Bytes::from_param(value)?.is_empty();
        Ok(Callback { is_set })
    }
}

/// The name of a table or column.
impl FromParam for store::Name {
    const KIND: &'static str = "str";

    fn from_param(value: &ParamValue) -> Result<store::Name, String> {
        let text = String::from_param(value)?;
        store::Name::parse(&text).map_err(|error| error.to_string())
    }
}

/// A parameter that Kamailio takes as a string or as a number alike, kept as it was written.
impl FromParam for ParamValue {
    const KIND: &'static str = "any";

    fn from_param(value: &ParamValue) -> Result<ParamValue, String> {
        Ok(value.clone())
    }
}

/// A flag: a number from 0 to 31 (a name of `flags …` has been replaced by its number before).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flag(pub u8);

impl Flag {
    /// The flag's bit in a flag word.
    pub const fn mask(self) -> u32 {
        1 << (self.0 & 31)
    }
}

impl FromParam for Flag {
    const KIND: &'static str = "flag";

    fn from_param(value: &ParamValue) -> Result<Flag, String> {
        let number = i64::from_param(value)?;
        u8::try_from(number)
            .ok()
            .filter(|number| *number < 32)
            .map(Flag)
            .ok_or_else(|| format!("expected a flag from 0 to 31, found {number}"))
    }
}

/// A parameter that names an AVP: `$avp(x)`, `$avp(s:x)`, `$avp(i:1)`.
impl FromParam for AvpName {
    const KIND: &'static str = "avp";

    fn from_param(value: &ParamValue) -> Result<AvpName, String> {
        let text = String::from_param(value)?;
        let inner = text
            .trim()
            .strip_prefix("$avp(")
            .and_then(|rest| rest.strip_suffix(')'));
        let inner =
            inner.ok_or_else(|| format!("expected an AVP such as $avp(name), found \"{text}\""))?;
        AvpName::parse(inner).ok_or_else(|| format!("\"{inner}\" is no AVP name"))
    }
}

impl AvpName {
    /// Reads what stands between the brackets: `name`, `s:name` or `i:12`.
    pub fn parse(inner: &str) -> Option<AvpName> {
        let inner = inner.trim();
        if let Some(number) = inner.strip_prefix("i:") {
            return number.parse().ok().map(AvpName::Number);
        }
        let name = inner.strip_prefix("s:").unwrap_or(inner);
        (!name.is_empty()).then(|| AvpName::Text(Bytes::copy_from_slice(name.as_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> ParamValue {
        ParamValue::Text(Bytes::copy_from_slice(text.as_bytes()))
    }

    #[test]
    fn numbers_may_stand_in_quotes() {
        assert_eq!(i64::from_param(&text("5")), Ok(5));
        assert!(i64::from_param(&text("five")).is_err());
        assert_eq!(bool::from_param(&text("yes")), Ok(true));
        assert_eq!(bool::from_param(&ParamValue::Int(0)), Ok(false));
    }

    #[test]
    fn avp_names_have_two_spaces() {
        assert_eq!(
            AvpName::from_param(&text("$avp(s:x)")),
            Ok(AvpName::Text(Bytes::from_static(b"x")))
        );
        assert_eq!(
            AvpName::from_param(&text("$avp(i:7)")),
            Ok(AvpName::Number(7))
        );
        assert!(AvpName::from_param(&text("x")).is_err());
    }

    #[test]
    fn flags_end_at_31() {
        assert_eq!(Flag::from_param(&ParamValue::Int(31)), Ok(Flag(31)));
        assert!(Flag::from_param(&ParamValue::Int(32)).is_err());
    }
}
