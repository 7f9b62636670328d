//! `cipher_list`: OpenSSL's cipher strings (ciphers(1)), applied to what is offered.

use policy::TlsCipher::{
    self, EcdsaAes128, EcdsaAes256, EcdsaChaCha20, RsaAes128, RsaAes256, RsaChaCha20,
};

/// All that is offered, in the order of OpenSSL's `ALL`.
const OFFERED: [TlsCipher; 6] = [
    EcdsaAes256,
    RsaAes256,
    EcdsaChaCha20,
    RsaChaCha20,
    EcdsaAes128,
    RsaAes128,
];

/// What a cipher string comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chosen {
    /// The ciphers, the preferred first.
    pub(super) ciphers: Vec<TlsCipher>,
    /// What was asked for and is not offered.
    pub(super) missing: Vec<String>,
}

/// Reads a cipher string.
///
/// # Errors
/// A sentence, where nothing is left.
pub(super) fn choose(list: &str) -> Result<Chosen, String> {
    let (mut chosen, mut killed) = (Chosen::default(), Vec::new());
    let elements = list.split([':', ',', ';', ' ']).map(str::trim);
    for element in elements.filter(|element| !element.is_empty()) {
        apply(element, &mut chosen, &mut killed);
    }
    if chosen.ciphers.is_empty() {
        return Err(format!(
            "cipher_list \"{list}\" leaves no cipher that is offered; leave it out for all, {}",
            OFFERED.map(name).join(":")
        ));
    }
    Ok(chosen)
}

fn apply(element: &str, chosen: &mut Chosen, killed: &mut Vec<TlsCipher>) {
    let ciphers = &mut chosen.ciphers;
    if let Some(command) = element.strip_prefix('@') {
        match command {
            "STRENGTH" => ciphers.sort_by_key(|cipher| matches!(cipher, EcdsaAes128 | RsaAes128)),
            // OpenSSL's levels up to 2 ask for less than is offered here anyway.
            "SECLEVEL=0" | "SECLEVEL=1" | "SECLEVEL=2" => {}
            _ => chosen.missing.push(element.to_owned()),
        }
        return;
    }
    let (action, terms) = match element.split_at_checked(1) {
        Some((action @ ("!" | "-" | "+"), terms)) => (action, terms),
        _ => ("", element),
    };
    let found: Vec<_> = OFFERED
        .into_iter()
        .filter(|cipher| terms.split('+').all(|term| fits(term, *cipher)))
        .collect();
    match action {
        "!" | "-" => {
            ciphers.retain(|cipher| !found.contains(cipher));
            if action == "!" {
                killed.extend(found);
            }
        }
        "+" => ciphers.sort_by_key(|cipher| found.contains(cipher)),
        _ if found.is_empty() => chosen.missing.push(element.to_owned()),
        _ => {
            let new = found
                .into_iter()
                .filter(|cipher| !killed.contains(cipher))
                .collect::<Vec<_>>();
            let new = new.into_iter().filter(|cipher| !ciphers.contains(cipher));
            let new: Vec<_> = new.collect();
            ciphers.extend(new);
        }
    }
}

/// Whether a term of OpenSSL's means this cipher. Terms of what is not offered mean none.
fn fits(term: &str, cipher: TlsCipher) -> bool {
    let is_rsa = matches!(cipher, RsaAes256 | RsaChaCha20 | RsaAes128);
    let (is_128, is_chacha) = (
        matches!(cipher, EcdsaAes128 | RsaAes128),
        matches!(cipher, EcdsaChaCha20 | RsaChaCha20),
    );
    match term {
        "ALL" | "DEFAULT" | "HIGH" | "ECDHE" | "EECDH" | "kECDHE" | "kEECDH" | "ECDH"
        | "TLSv1.2" | "PROFILE=SYSTEM" => true,
        "aRSA" => is_rsa,
        "aECDSA" | "ECDSA" => !is_rsa,
        "AES" | "AESGCM" | "FIPS" => !is_chacha,
        "AES128" => is_128,
        "AES256" => !is_128 && !is_chacha,
        "CHACHA20" => is_chacha,
        "SUITEB128" => matches!(cipher, EcdsaAes128 | EcdsaAes256),
        "SUITEB128ONLY" => cipher == EcdsaAes128,
        "SUITEB192" => cipher == EcdsaAes256,
        _ => term == name(cipher),
    }
}

/// OpenSSL's name of a cipher.
fn name(cipher: TlsCipher) -> &'static str {
    match cipher {
        EcdsaAes256 => "ECDHE-ECDSA-AES256-GCM-SHA384",
        RsaAes256 => "ECDHE-RSA-AES256-GCM-SHA384",
        EcdsaChaCha20 => "ECDHE-ECDSA-CHACHA20-POLY1305",
        RsaChaCha20 => "ECDHE-RSA-CHACHA20-POLY1305",
        EcdsaAes128 => "ECDHE-ECDSA-AES128-GCM-SHA256",
        RsaAes128 => "ECDHE-RSA-AES128-GCM-SHA256",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openssls_strings_choose_among_what_is_offered() {
        for (list, ciphers, missing) in [
            ("HIGH", &OFFERED[..], &[][..]),
            ("HIGH:!aNULL:!MD5:!RC4", &OFFERED, &[]),
            ("ECDHE+AESGCM:!aRSA", &[EcdsaAes256, EcdsaAes128], &[]),
            (
                "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384",
                &[RsaAes128, RsaAes256],
                &[],
            ),
            (
                "ECDHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES256-SHA:RC4-SHA",
                &[RsaAes256],
                &["DHE-RSA-AES256-SHA", "RC4-SHA"],
            ),
            (
                "ALL:-CHACHA20:-AES128:AES128+aRSA",
                &[EcdsaAes256, RsaAes256, RsaAes128],
                &[],
            ),
            (
                "AES128:AES256+aRSA:!ECDSA:@STRENGTH",
                &[RsaAes256, RsaAes128],
                &[],
            ),
            ("aRSA:+AES256", &[RsaChaCha20, RsaAes128, RsaAes256], &[]),
            ("!CHACHA20:CHACHA20:AES128@", &[], &[]),
        ] {
            let Ok(chosen) = choose(list) else {
                assert!(ciphers.is_empty(), "{list}");
                continue;
            };
            assert_eq!(chosen.ciphers, ciphers, "{list}");
            assert_eq!(chosen.missing, missing, "{list}");
        }
        for list in ["RC4-MD5", "HIGH:!ECDHE", "kRSA:MEDIUM"] {
            assert!(choose(list).is_err(), "{list}");
        }
    }
}
