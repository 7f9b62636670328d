//! Values as PostgreSQL stores them: out as text, in as its binary formats.

use std::error::Error;

use bytes::{BufMut, Bytes, BytesMut};
use store::Cell;
use store::schema::Kind;
use store_remote::Zone;
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::numeric;

type Failure = Box<dyn Error + Sync + Send>;

/// A value on its way to the server.
#[derive(Debug)]
pub(crate) struct Bound<'a> {
    pub(crate) cell: &'a Cell,
    pub(crate) zone: &'a Zone,
}

impl ToSql for Bound<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        match self.cell {
            Cell::Null => return Ok(IsNull::Yes),
            Cell::Real(number) if number.is_nan() => return Ok(IsNull::Yes),
            Cell::Int(number) => out.put_slice(whole(*number, kind).to_string().as_bytes()),
            Cell::Real(number) => out.put_slice(format!("{number:?}").as_bytes()),
            Cell::Text(bytes) | Cell::Blob(bytes) if *kind == Type::BYTEA => {
                out.put_slice(b"\\x");
                for byte in bytes {
                    out.put_slice(format!("{byte:02x}").as_bytes());
                }
            }
            Cell::Text(bytes) | Cell::Blob(bytes) => out.put_slice(bytes),
            Cell::Time(unix_s) => out.put_slice(time(*unix_s, kind, self.zone)?.as_bytes()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// A number without a sign is stored in one of as many bits with a sign.
fn whole(number: i64, kind: &Type) -> i64 {
    match (u16::try_from(number), u32::try_from(number)) {
        (Ok(number), _) if *kind == Type::INT2 => number.cast_signed().into(),
        (_, Ok(number)) if *kind == Type::INT4 => number.cast_signed().into(),
        _ => number,
    }
}

/// A number as it was before it was stored in a column of Kamailio's that has a sign.
pub(crate) fn without_sign(cell: Cell, kind: Option<Kind>) -> Cell {
    match (cell, kind) {
        (Cell::Int(number), Some(Kind::Unsigned)) => Cell::Int(number & 0xffff_ffff),
        (Cell::Int(number), Some(Kind::SmallUnsigned)) => Cell::Int(number & 0xffff),
        (cell, _) => cell,
    }
}

fn time(unix_s: i64, kind: &Type, zone: &Zone) -> Result<String, Failure> {
    let spelled = match *kind {
        Type::TIMESTAMPTZ => Zone::UTC.spell(unix_s).map(|text| text + "+00"),
        Type::TIMESTAMP | Type::DATE | Type::TIME => zone.spell(unix_s),
        _ => Some(unix_s.to_string()),
    };
    spelled.ok_or_else(|| format!("{unix_s} is no time between the years 0 and 9999").into())
}

/// A value as it came: what it means depends on the column's type and the time zone.
pub(crate) struct Received<'a> {
    kind: Type,
    bytes: Option<&'a [u8]>,
}

impl<'a> FromSql<'a> for Received<'a> {
    fn from_sql(kind: &Type, bytes: &'a [u8]) -> Result<Self, Failure> {
        Ok(Self {
            kind: kind.clone(),
            bytes: Some(bytes),
        })
    }

    fn from_sql_null(kind: &Type) -> Result<Self, Failure> {
        Ok(Self {
            kind: kind.clone(),
            bytes: None,
        })
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl Received<'_> {
    /// The value. One of a type that is not here is its bytes.
    pub(crate) fn cell(&self, zone: &Zone) -> Cell {
        let Some(bytes) = self.bytes else {
            return Cell::Null;
        };
        let known = match self.kind {
            Type::BOOL => bytes.first().map(|byte| Cell::Int((*byte).into())),
            Type::INT2 => fixed(bytes, i16::from_be_bytes).map(|it| Cell::Int(it.into())),
            Type::INT4 => fixed(bytes, i32::from_be_bytes).map(|it| Cell::Int(it.into())),
            Type::OID => fixed(bytes, u32::from_be_bytes).map(|it| Cell::Int(it.into())),
            Type::INT8 => fixed(bytes, i64::from_be_bytes).map(Cell::Int),
            Type::FLOAT4 => fixed(bytes, f32::from_be_bytes).and_then(shortest),
            Type::FLOAT8 => fixed(bytes, f64::from_be_bytes).map(Cell::Real),
            Type::NUMERIC => numeric::read(bytes),
            Type::TIMESTAMP => fixed(bytes, i64::from_be_bytes).and_then(|it| moment(it, zone)),
            Type::TIMESTAMPTZ => {
                fixed(bytes, i64::from_be_bytes).and_then(|it| moment(it, &Zone::UTC))
            }
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN | Type::JSON => {
                Some(Cell::text(bytes))
            }
            _ => None,
        };
        known.unwrap_or_else(|| Cell::Blob(Bytes::copy_from_slice(bytes)))
    }
}

fn fixed<const N: usize, T>(bytes: &[u8], read: fn([u8; N]) -> T) -> Option<T> {
    bytes.try_into().ok().map(read)
}

/// The number that the shortest decimal of 32 bits means: 0.9 and not 0.8999999761581421.
fn shortest(number: f32) -> Option<Cell> {
    number.to_string().parse().ok().map(Cell::Real)
}

/// Microseconds on the clock since the year 2000.
fn moment(microseconds: i64, zone: &Zone) -> Option<Cell> {
    const FROM_1970_S: i64 = 946_684_800;
    let shown = microseconds
        .div_euclid(1_000_000)
        .checked_add(FROM_1970_S)?;
    zone.unix_s(Zone::UTC.clock(shown)?).map(Cell::Time)
}
