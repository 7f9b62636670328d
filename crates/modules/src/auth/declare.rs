//! Parameters and functions of module `auth`.

use super::used::MOST_ORDER;
use super::{Auth, settings};
use policy::{Declaration, Routes};

/// Everything a file can name.
pub(super) fn all(d: &mut Declaration<Auth>) {
    declare_nonces(d);
    declare_params(d);
    declare_challenges(d);
    declare_checks(d);
}

fn declare_nonces(d: &mut Declaration<Auth>) {
    d.param("secret", "Secret phrase of nonces; several servers with the same one accept each other's, unless nonces are counted. Default: drawn at start.", |p, text| p.secret = Some(text));
    d.number(
        "nonce_expire",
        "Seconds a nonce is good for, default 300.",
        0..,
        |p, n| p.nonce_expire_s = n,
    );
    d.number(
        "nonce_auth_max_drift",
        "Seconds a nonce may come from the future, default 3.",
        0..,
        |p, n| p.drift_s = n,
    );
    d.param("nonce_count", "Each nonce count of a nonce must be larger than the last, up to 255; needs qop. Default off.", |p, yes| p.nonce_count = yes);
    d.param(
        "checks_with_nonce_count",
        "Ours, not Kamailio's: auth_checks_* hold for credentials with a nonce count too. Default off.",
        |p, yes| p.checks_with_count = yes,
    );
    d.param(
        "require_qop",
        "Ours, not Kamailio's: credentials without qop verify nobody, for they could be used again, nor do those with one that nobody knows. Default off.",
        |p, yes| p.require_qop = yes,
    );
    d.param(
        "one_time_nonce",
        "A nonce is good for one request. Default off.",
        |p, yes| p.one_time_nonce = yes,
    );
    d.try_param("nc_array_size", "How many counted nonces are known, rounded down to a power of two; 24 bytes each while in use. Default 1048576.", |p, n| {
        p.counts_order = settings::order_of_size(n)?;
        Ok(())
    });
    d.number(
        "nc_array_order",
        "The same as a power of two, default 20.",
        0..=MOST_ORDER,
        |p, n| p.counts_order = n,
    );
    d.try_param("otn_in_flight_no", "How many one-time nonces are known, rounded down to a power of two; 24 bytes each while in use. Default 1048576.", |p, n| {
        p.one_time_order = settings::order_of_size(n)?;
        Ok(())
    });
    d.number(
        "otn_in_flight_order",
        "The same as a power of two, default 20.",
        0..=MOST_ORDER,
        |p, n| p.one_time_order = n,
    );
    d.param(
        "nid_pool_no",
        "Accepted; means nothing here because nonces are numbered without a lock.",
        |_, _: i64| {},
    );
    d.number("auth_checks_register", "What the nonce of a REGISTER is bound to: 1 Request-URI, 2 Call-ID, 4 From tag, 8 source address. Default 0.", 0..=15, |p, n| p.checks_register = n);
    d.number(
        "auth_checks_no_dlg",
        "The same for requests outside dialogs.",
        0..=15,
        |p, n| p.checks_no_dialog = n,
    );
    d.number(
        "auth_checks_in_dlg",
        "The same for requests within dialogs.",
        0..=15,
        |p, n| p.checks_in_dialog = n,
    );
}

fn declare_params(d: &mut Declaration<Auth>) {
    d.try_param("qop", "auth, auth-int or empty. Accepted; means nothing because the flags of each function say it, as in Kamailio 5.6.3.", |_, qop: String| {
        match qop.as_str() {
            "" | "auth" | "auth-int" => Ok(()),
            _ => Err(format!("expected auth, auth-int or nothing, found \"{qop}\"")),
        }
    });
    d.param(
        "force_stateless_reply",
        "Challenges go beside the transaction. Default off.",
        |p, yes| p.stateless = yes,
    );
    d.param(
        "realm_prefix",
        "What is cut off the front of every realm given to a function.",
        |p, text| p.realm_prefix = text,
    );
    d.param(
        "use_domain",
        "pv_auth_check() compares domains too. Default off.",
        |p, yes| p.use_domain = yes,
    );
    d.try_param("algorithm", "MD5, SHA-256, or several with commas: a challenge each, in that order. Default: MD5 without naming it.", |p, text: String| {
        p.algorithms = settings::algorithms(&text)?;
        Ok(())
    });
    d.param(
        "add_authinfo_hdr",
        "Verified requests get an Authentication-Info header in replies of ours. Default off.",
        |p, yes| p.add_authinfo = yes,
    );
}

fn declare_challenges(d: &mut Declaration<Auth>) {
    d.function("www_challenge(realm, flags)", "Sends 401 with a challenge: 1, -1 where it failed, -3 for an ACK. Flags: 1 qop auth, 2 qop auth-int, 4 no 500 on failure, 16 stale.", Routes::REQUEST, Auth::www_challenge).replies();
    d.function(
        "proxy_challenge(realm, flags)",
        "The same with 407.",
        Routes::REQUEST,
        Auth::proxy_challenge,
    )
    .replies();
    d.function(
        "auth_challenge(realm, flags)",
        "www_challenge() for a REGISTER, else proxy_challenge().",
        Routes::REQUEST,
        Auth::auth_challenge,
    )
    .replies();
    d.function(
        "auth_get_www_authenticate(realm, flags, pvdest)",
        "Puts the header line of a challenge into a variable: 1 done, -1 not.",
        Routes::ANY,
        Auth::write_challenge,
    );
}

fn declare_checks(d: &mut Declaration<Auth>) {
    d.function("pv_www_authenticate(realm, passwd, flags, [method])", "Checks the Authorization header against a password: 1 verified, -1 malformed or forged, -2 wrong password, -4 stale nonce, -5 none for the realm, -6 nonce used before. Flags: 1 passwd is HA1, 2, 4, 8 on failure a challenge without qop, with auth, with auth-int goes into $avp(digest_challenge); 16 means nothing, as in Kamailio 5.6.3.", Routes::REQUEST, Auth::pv_www_authenticate);
    d.function(
        "pv_proxy_authenticate(realm, passwd, flags)",
        "The same with the Proxy-Authorization header.",
        Routes::REQUEST,
        Auth::pv_proxy_authenticate,
    );
    d.function("pv_auth_check(realm, passwd, flags, checks)", "pv_www_authenticate() for a REGISTER, else pv_proxy_authenticate(); with checks 1 it is -8 where the user is not that of From (REGISTER: and To).", Routes::REQUEST, Auth::pv_auth_check);
    d.function(
        "consume_credentials()",
        "Takes out the header whose credentials were checked: 1 done, -1 there is none.",
        Routes::REQUEST,
        Auth::consume_credentials,
    );
    d.function(
        "has_credentials(realm)",
        "1 where an Authorization or Proxy-Authorization header is for the realm, else -1.",
        Routes::ANY,
        Auth::has_credentials,
    );
}
