//! A certificate authority for one test.

use crate::scratch::Scratch;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    IsCa, KeyIdMethod, KeyPair, RevokedCertParams, date_time_ymd,
};
use std::path::{Path, PathBuf};
use std::process::Command;

/// An authority, whose certificate is in `NAME.pem`.
pub struct Authority {
    dir: PathBuf,
    file: PathBuf,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    /// Makes an authority of this common name.
    ///
    /// # Panics
    /// Where it cannot be made.
    #[must_use]
    pub fn create(scratch: &Scratch, name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("a certificate");
        Authority {
            dir: scratch.path().to_owned(),
            file: scratch.write(&format!("{name}.pem"), &issuer.pem()),
            issuer,
        }
    }

    /// The file with its certificate.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.file
    }

    /// A certificate for a host with its key, both in `NAME.pem`; `change` may say more of it.
    ///
    /// # Panics
    /// Where it cannot be made.
    pub fn issue(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> PathBuf {
        let key = KeyPair::generate().expect("a key");
        self.issue_for(name, &key, change)
    }

    /// The same with an RSA key, which `openssl` makes.
    ///
    /// # Panics
    /// Where it cannot be made.
    pub fn issue_rsa(&self, name: &str) -> PathBuf {
        let made = Command::new("openssl").args(["genrsa", "2048"]).output();
        let pem = String::from_utf8(made.expect("openssl runs").stdout).expect("PEM");
        let key = KeyPair::from_pem(&pem).expect("an RSA key");
        self.issue_for(name, &key, |_| {})
    }

    fn issue_for(
        &self,
        name: &str,
        key: &KeyPair,
        change: impl FnOnce(&mut CertificateParams),
    ) -> PathBuf {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        params.distinguished_name.push(DnType::CommonName, name);
        change(&mut params);
        let made = params.signed_by(key, &self.issuer).expect("a certificate");
        let path = self.dir.join(format!("{name}.pem"));
        std::fs::write(&path, made.pem() + &key.serialize_pem()).expect("a file");
        path
    }

    /// A list of the certificates with these serial numbers, revoked, in `crl.pem`.
    ///
    /// # Panics
    /// Where it cannot be made.
    #[must_use]
    pub fn revoke(&self, serials: &[u64]) -> PathBuf {
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: (*serial).into(),
            revocation_time: date_time_ymd(2024, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 1, 1),
            next_update: date_time_ymd(2100, 1, 1),
            crl_number: 1.into(),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = params.signed_by(&self.issuer).expect("a list");
        let path = self.dir.join("crl.pem");
        std::fs::write(&path, list.pem().expect("PEM")).expect("a file");
        path
    }
}
