//! What a table is declared as: `name=>size=8;autoexpire=300;`.

use store::Name;

/// One `htable` parameter.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Definition {
    pub(super) name: String,
    /// Two to the power of this are the slots.
    pub(super) size: u32,
    /// Seconds after which an item is gone; 0 for never.
    pub(super) autoexpire_s: u64,
    /// What a key that is not set has for a value.
    pub(super) initval: Option<i64>,
    /// An update gives the item its full time again.
    pub(super) updateexpire: bool,
    pub(super) dbtable: Option<Name>,
    /// Written to the database when the server stops.
    pub(super) dbmode: bool,
    /// Never written to the database, whoever asks.
    pub(super) is_read_only: bool,
    /// Key and values, where the table in the database has columns of its own.
    pub(super) cols: Vec<Name>,
    /// What stands for a column without a value.
    pub(super) colnull: String,
    /// Octets that all items may take together.
    pub(super) max_bytes: usize,
    /// Shared with other servers, where Redis is named.
    pub(super) is_shared: bool,
    /// `dmqreplicate=1` asks for it.
    pub(super) must_be_shared: bool,
}

/// Slots at most, as a power of two: a slot is a table of its own, so more bring nothing.
const LARGEST: u32 = 14;
/// The size where none is given, or too small a one.
const USUAL: u32 = 3;
/// Columns that are read at most, with the key.
const COLUMNS: usize = 10;

impl Definition {
    fn new(name: &str) -> Definition {
        Definition {
            name: name.to_owned(),
            size: USUAL,
            autoexpire_s: 0,
            initval: None,
            updateexpire: true,
            dbtable: None,
            dbmode: false,
            is_read_only: false,
            cols: Vec::new(),
            colnull: "*".to_owned(),
            max_bytes: super::Limits::default().table_bytes,
            is_shared: true,
            must_be_shared: false,
        }
    }

    /// Reads a declaration.
    ///
    /// # Errors
    /// A sentence that names the key at fault.
    pub(super) fn parse(text: &str) -> Result<Definition, String> {
        let (name, attributes) = text
            .split_once("=>")
            .ok_or("expected NAME=>ATTRIBUTE=VALUE;…")?;
        let name = name.trim();
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_word) {
            return Err(format!("\"{name}\" cannot be the name of a table"));
        }
        let mut definition = Definition::new(name);
        let mut rest = attributes.trim();
        while !rest.is_empty() {
            let (key, value, next) = attribute(rest)?;
            definition.set(key, value)?;
            rest = next;
        }
        Ok(definition)
    }

    /// How many slots there are.
    pub(super) fn slots(&self) -> usize {
        1 << self.size
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "size" => self.size = slots(number(key, value)?),
            "autoexpire" => self.autoexpire_s = number(key, value)?,
            "initval" => self.initval = Some(integer(key, value)?),
            "updateexpire" => self.updateexpire = number(key, value)? != 0,
            "dbtable" if value.is_empty() => self.dbtable = None,
            "dbtable" => self.dbtable = Some(column(value)?),
            "dbmode" => self.dbmode = number(key, value)? != 0,
            "dbaccess" => self.is_read_only = number(key, value)? != 0,
            "cols" => self.cols = columns(value)?,
            "colnull" => self.colnull = value.to_owned(),
            "maxbytes" => {
                self.max_bytes = usize::try_from(number(key, value)?).unwrap_or(usize::MAX)
            }
            "shared" => self.is_shared = number(key, value)? != 0,
            "dmqreplicate" => self.must_be_shared = number(key, value)? != 0,
            _ => return Err(format!("unknown attribute \"{key}\"")),
        }
        Ok(())
    }
}

/// The first attribute of a text, and what follows it.
fn attribute(text: &str) -> Result<(&str, &str, &str), String> {
    let (key, rest) = text
        .split_once('=')
        .ok_or_else(|| format!("expected ATTRIBUTE=VALUE, found \"{text}\""))?;
    let rest = rest.trim_start();
    let quote = rest
        .chars()
        .next()
        .filter(|first| ['\'', '"'].contains(first));
    let (value, rest) = match quote {
        Some(quote) => rest[1..]
            .split_once(quote)
            .ok_or_else(|| format!("the quote after {key}= does not end"))?,
        None => {
            let end = rest.find([';', ',']).unwrap_or(rest.len());
            rest.split_at(end)
        }
    };
    let rest = rest.trim_start();
    match rest.strip_prefix([';', ',']) {
        Some(next) => Ok((key.trim(), value.trim(), next.trim_start())),
        None if rest.is_empty() => Ok((key.trim(), value.trim(), "")),
        None => Err(format!("expected a semicolon before \"{rest}\"")),
    }
}

fn slots(size: u64) -> u32 {
    match u32::try_from(size) {
        Ok(0 | 1) => USUAL,
        Ok(size) => size.min(LARGEST),
        Err(_) => LARGEST,
    }
}

fn number(key: &str, value: &str) -> Result<u64, String> {
    let expected = || format!("{key}: expected a number, found \"{value}\"");
    value.parse().map_err(|_| expected())
}

fn integer(key: &str, value: &str) -> Result<i64, String> {
    let expected = || format!("{key}: expected a number, found \"{value}\"");
    value.parse::<i32>().map(i64::from).map_err(|_| expected())
}

fn column(name: &str) -> Result<Name, String> {
    Name::parse(name).map_err(|error| error.to_string())
}

fn columns(list: &str) -> Result<Vec<Name>, String> {
    let names: Vec<Name> = list
        .split(',')
        .map(|name| column(name.trim()))
        .collect::<Result<_, _>>()?;
    match names.len() {
        0 | 1 => Err("cols: there must be at least two columns, key and value".to_owned()),
        2..=COLUMNS => Ok(names),
        _ => Err(format!("cols: more than {COLUMNS} columns")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declarations_of_documents_are_read() {
        let parse = |text| Definition::parse(text).expect(text);
        let ipban = parse("ipban=>size=8;autoexpire=300;");
        assert_eq!(
            (ipban.name.as_str(), ipban.slots(), ipban.autoexpire_s),
            ("ipban", 256, 300)
        );
        assert_eq!(ipban.initval, None);
        assert!(ipban.updateexpire);
        let full = parse(
            "c => size = 4 ; autoexpire=7200;initval=-1;updateexpire=0;dbtable=htable_c;dbmode=1;dmqreplicate=0",
        );
        assert_eq!(
            (full.slots(), full.initval, full.updateexpire, full.dbmode),
            (16, Some(-1), false, true)
        );
        assert_eq!(
            full.dbtable.map(|name| name.as_str().to_owned()),
            Some("htable_c".to_owned())
        );
        let cols = parse("w=>dbtable=w;cols='a, b,c';colnull=\"\";size=9");
        assert_eq!(
            (cols.cols.len(), cols.colnull.as_str(), cols.size),
            (3, "", 9)
        );
        assert_eq!(parse("a=>size=1;").slots(), 8);
        assert_eq!(parse("a=>size=99;").slots(), 16_384);
        assert_eq!(parse("a=>").slots(), 8);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, named) in [
            ("a->size=8;", "=>"),
            ("a", "=>"),
            ("=>size=8", "name"),
            ("a=>size=8;foo=1", "\"foo\""),
            ("a=>size=x", "size"),
            ("a=>size", "ATTRIBUTE=VALUE"),
            ("a=>cols='x", "quote"),
            ("a=>cols='x'", "two columns"),
            ("a=>cols='x,y' size=4", "semicolon"),
            ("a=>dbtable=x y", "x y"),
            ("a=>dbaccess=x", "dbaccess"),
            ("a=>shared=x", "shared"),
            ("a=>initval=99999999999", "initval"),
        ] {
            let why = Definition::parse(text).expect_err(text);
            assert!(why.contains(named), "{text}: {why}");
        }
    }
}
