//! The commands on settings made by hand.

use super::*;

fn module() -> CfgRpc {
    let globals = Arc::new(Globals::default());
    globals.declare("pstn", "gw_ip", Value::text("1.2.3.4"), "PSTN GW Address");
    globals.declare("pstn", "gw_port", Value::Int(5060), "");
    let mut first = Vec::new();
    globals.each(|group, name, _, value| {
        first.push(((group.to_owned(), name.to_owned()), value.clone()));
    });
    CfgRpc {
        globals,
        logger: Logger::silent(),
        first,
        prepared: Mutex::default(),
    }
}

fn asked(params: Json) -> RpcRequest {
    RpcRequest {
        params: params.as_array().cloned().unwrap_or_default(),
        now_s: 0,
    }
}

#[test]
fn answers_are_those_of_kamailio() {
    let module = module();
    let error = |code, message: &str| {
        Err(RpcError {
            code,
            message: message.to_owned(),
        })
    };
    assert_eq!(
        module.get(&asked(json!(["pstn", "gw_ip"]))),
        Ok(json!("1.2.3.4"))
    );
    assert_eq!(
        module.get(&asked(json!(["pstn"]))),
        Ok(json!({"gw_ip": "1.2.3.4", "gw_port": 5060}))
    );
    assert_eq!(module.get(&asked(json!(["nog"]))), Ok(json!({})));
    assert_eq!(
        module.get(&asked(json!(["pstn", "nope"]))),
        error(400, "Failed to get the variable")
    );
    assert_eq!(
        module.get(&asked(json!([]))),
        error(500, "Failed to get the parameters")
    );
    assert_eq!(
        module.list(&asked(json!(["pstn"]))),
        Ok(json!(["pstn: gw_ip", "pstn: gw_port"]))
    );
    assert_eq!(
        module.help(&asked(json!(["pstn", "gw"]))),
        error(400, "Failed to get the variable description")
    );
    assert_eq!(
        module.set(&asked(json!(["pstn", "nope", 7]))),
        error(400, "Failed to set the variable")
    );
}

#[test]
fn a_setting_keeps_its_type() {
    let module = module();
    assert!(module.set(&asked(json!(["pstn", "gw_ip", 5]))).is_ok());
    assert!(module.set(&asked(json!(["pstn", "gw_port", "7"]))).is_ok());
    assert!(module.set(&asked(json!(["pstn", "gw_port", "x"]))).is_err());
    assert_eq!(
        module.get(&asked(json!(["pstn"]))),
        Ok(json!({"gw_ip": "5", "gw_port": 7}))
    );
    assert!(module.reset(&asked(json!(["pstn"]))).is_ok());
    assert_eq!(
        module.get(&asked(json!(["pstn", "gw_port"]))),
        Ok(json!(5060))
    );
}

#[test]
fn prepared_changes_wait_for_commit() {
    let module = module();
    assert!(
        module
            .prepare(&asked(json!(["pstn", "gw_port", 8])))
            .is_ok()
    );
    assert_eq!(
        module.get(&asked(json!(["pstn", "gw_port"]))),
        Ok(json!(5060))
    );
    let waiting = json!({"group name": "pstn", "variable name": "gw_port", "old value": 5060, "new value": 8});
    assert_eq!(module.diff(&asked(json!([]))), Ok(waiting));
    assert!(module.rollback(&asked(json!([]))).is_ok());
    assert!(module.commit(&asked(json!([]))).is_ok());
    assert_eq!(
        module.get(&asked(json!(["pstn", "gw_port"]))),
        Ok(json!(5060))
    );
    assert!(
        module
            .prepare(&asked(json!(["pstn", "gw_port", 8])))
            .is_ok()
    );
    assert!(module.commit(&asked(json!([]))).is_ok());
    assert_eq!(module.get(&asked(json!(["pstn", "gw_port"]))), Ok(json!(8)));
}

#[test]
fn the_log_level_is_a_setting_of_the_core() {
    let module = module();
    assert!(module.set(&asked(json!(["core", "debug", 3]))).is_ok());
    assert_eq!(module.logger.level(), 3);
    assert_eq!(module.get(&asked(json!(["core", "debug"]))), Ok(json!(3)));
}
