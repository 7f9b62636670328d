//! How a database is connected, in the words of the modules that say so in a configuration.

use crate::command::extra::{Line, modparam};
use crate::load::{Ground, Source, load};
use policy::{DriverSettings, Extra};

/// What parameters of the module of a driver, `db_mysql:opt_ssl_mode:i:5`, say of connections.
///
/// # Errors
/// A sentence about the first that is none.
pub(super) fn settings(driver: &'static str, params: &[String]) -> Result<DriverSettings, String> {
    let module = format!("db_{driver}");
    let params: Vec<_> = params
        .iter()
        .map(|text| modparam(text))
        .collect::<Result<_, _>>()?;
    if let Some((other, ..)) = params.iter().find(|(name, ..)| *name != module) {
        return Err(format!(
            "--modparam: {other} says nothing of how this database is connected; {module} does"
        ));
    }
    let ground = Ground::new("--modparam");
    let source = Source {
        files: &Line(&format!(
            "loadmodule \"{module}.so\"\nrequest_route {{ exit; }}\n"
        )),
        path: "--modparam",
        options: script::Options::default(),
        extra: Extra {
            params,
            ..Extra::default()
        },
    };
    load(source, &ground)?;
    Ok(ground.databases.settings_of(driver))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(driver: &'static str, param: &str) -> Result<DriverSettings, String> {
        settings(driver, &[param.to_owned()])
    }

    #[test]
    fn connections_are_as_the_modules_say() {
        assert_eq!(settings("sqlite", &[]).map(|it| it.encrypted), Ok(None));
        let mysql = of("mysql", "db_mysql:opt_ssl_ca:s:/own.pem").expect("a parameter");
        assert_eq!(mysql.believed(), Some("/own.pem"));
        let postgres = of("postgres", "db_postgres:con_param:s:sslmode=require").expect("one");
        assert_eq!(postgres.believed(), Some(store::AUTHORITIES));
        for (driver, param, why) in [
            ("mysql", "db_mysql:opt_ssl_mode:i:9", "the modes are 0 to 5"),
            ("mysql", "db_postgres:timeout:i:2", "db_mysql does"),
            ("sqlite", "opt_ssl_mode=5", "module:name"),
        ] {
            let said = of(driver, param).expect_err(param);
            assert!(said.contains(why), "{said}");
        }
    }
}
