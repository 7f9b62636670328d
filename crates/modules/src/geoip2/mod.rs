//! Where an address is, from a database in MaxMind's format.

mod place;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod writer;

use maxminddb::Reader;
use parking_lot::RwLock;
use place::{Place, Places};
use policy::{
    Context, Declaration, Entry, Init, Level, Module, Problem, Routes, RpcError, RpcRequest,
    RpcResult, Surroundings, Text, Var, problem,
};
use script::{Value, VarSpec};
use serde_json::Value as Json;
use std::sync::Arc;

pub(crate) const ENTRY: Entry = Entry::of::<GeoIp2>().also(&["geoip"]);

/// Module `geoip2`.
struct GeoIp2 {
    database: RwLock<Arc<Database>>,
    path: String,
    surroundings: Surroundings,
}

type Database = Reader<Vec<u8>>;

/// The address is none, or the database has nothing about it.
const NOT_FOUND: i32 = -2;

impl Module for GeoIp2 {
    const NAME: &'static str = "geoip2";
    type Params = Option<String>;

    fn declare(d: &mut Declaration<GeoIp2>) {
        d.doc("Tells where an address is: country, city, time zone, position.");
        d.param(
            "path",
            "The database, a file in MaxMind's format (.mmdb).",
            |p, path| *p = Some(path),
        );
        d.function(
            "geoip2_match(ipaddr, pvc)",
            "1 where the database knows the address; $gip2(pvc=>key) tells what. Else -2.",
            Routes::ANY,
            GeoIp2::find,
        )
        .alias("geoip_match");
        for class in ["gip2(pvc=>key)", "gip(pvc=>key)"] {
            d.variable(
                class,
                "What geoip2_match() found: cc tz zip lat lon nmask city regc regn metro contc.",
                false,
                |_, spec, prepare| found(spec, prepare),
            );
        }
        for command in ["geoip2.reload", "geoip.reload"] {
            d.rpc(command, "Reads the database again.", GeoIp2::reload);
        }
        d.deviation("The older module geoip, its function geoip_match() and $gip(…) are the same; the database is one in the format of today.");
        d.deviation("After geoip2_match() failed the variables are $null; Kamailio 5.6.3 shows another address's values, and dies of a text that is no address.");
        d.deviation("geoip2_match() takes any name; Kamailio 5.6.3 answers -4 where no $gip2() of the script has the same one.");
        d.deviation("contc is the continent's code; in Kamailio 5.6.3 it is $null.");
    }

    fn init(path: Option<String>, init: &mut Init<'_>) -> Result<GeoIp2, Problem> {
        let path = path.ok_or_else(|| problem("geoip2 needs modparam path"))?;
        let surroundings = init.surroundings().clone();
        let database = read(&path, &surroundings).map_err(problem)?;
        Ok(GeoIp2 {
            database: RwLock::new(Arc::new(database)),
            path,
            surroundings,
        })
    }
}

fn read(path: &str, surroundings: &Surroundings) -> Result<Database, String> {
    let octets = surroundings.file(path)?;
    Reader::from_source(octets).map_err(|error| format!("{path}: {error}"))
}

impl GeoIp2 {
    fn find(&self, context: &mut Context, ipaddr: &Text, pvc: &Text) -> i32 {
        let (text, name) = (ipaddr.get(context), pvc.get(context));
        let place = self.place(context, &text);
        let is_known = place.is_some();
        context.extension_mut::<Places>().keep(name, place);
        if is_known { 1 } else { NOT_FOUND }
    }

    fn place(&self, context: &mut Context, text: &[u8]) -> Option<Place> {
        let ip = std::str::from_utf8(text).ok()?.parse().ok()?;
        let database = self.database.read().clone();
        match Place::find(&database, ip) {
            Ok(place) => place,
            Err(error) => {
                context.log(Level::Err, "geoip2", || format!("{ip}: {error}"));
                None
            }
        }
    }

    fn reload(&self, _: &RpcRequest) -> RpcResult {
        let database = read(&self.path, &self.surroundings).map_err(RpcError::internal)?;
        *self.database.write() = Arc::new(database);
        Ok(Json::Null)
    }
}

/// `$gip2(pvc=>key)`.
fn found(spec: &VarSpec, prepare: &mut policy::Prepare<'_>) -> Result<Var, Problem> {
    let inner = spec.inner.clone().unwrap_or_default();
    let arrow = inner.windows(2).position(|pair| pair == b"=>");
    let arrow = arrow.ok_or_else(|| prepare.problem("expected pvc=>key"))?;
    let name = inner.slice_ref(inner[..arrow].trim_ascii());
    let name = prepare.text(&name)?;
    let key = inner[arrow + 2..].trim_ascii();
    let read = place::field(key).ok_or_else(|| {
        prepare.problem("expected cc, tz, zip, lat, lon, nmask, city, regc, regn, metro or contc")
    })?;
    Ok(Var::read_only(move |context| {
        let name = name.get(context);
        let places = context.extension::<Places>();
        let place = places.and_then(|places| places.get(&name));
        place.map_or(Value::Null, read)
    }))
}
