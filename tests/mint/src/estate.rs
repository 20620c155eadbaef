//! Whole estates on disk: the files of servers and CAs, and the requests that judge them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use time::macros::datetime;

use super::ca::Ca;
use super::cert::CertBuilder;
use super::container::{self, P12};
use super::key::Key;
use super::name::{Name, Text};
use super::{FUTURE, NOW_TEXT};

/// An estate that was written, with the request for it and what must come of it.
pub struct Estate {
    pub dir: PathBuf,
    /// What `check.json` holds: paths are relative to `dir`.
    pub request: Value,
    /// What must be said of each subject, in the request's order.
    pub expected: Vec<Expected>,
    /// The files, relative to `dir`, in the order they were written.
    pub written: Vec<PathBuf>,
}

/// What `check` must say of one subject.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Expected {
    pub name: &'static str,
    pub r#use: &'static str,
    pub status: &'static str,
    pub relation: &'static str,
    /// A finding that must be there, and is there on no other subject.
    pub code: Option<&'static str>,
}

impl Expected {
    const fn compliant(name: &'static str, r#use: &'static str) -> Expected {
        Expected {
            name,
            r#use,
            status: "compliant",
            relation: "same",
            code: None,
        }
    }
}

impl Estate {
    /// Contoso's Lync Server 2013, in the month of its CA's renewal. A root, and an issuing CA of AD CS that was
    /// re-keyed from V0.0 to V1.1, both signed by the root. Three Front End servers whose Default certificates, of
    /// before, set the rule. As subjects their web services, internal and external, one of them expired (fe03,
    /// external), and two Persistent Chat servers: pchat01 under the CA's new key, pchat02 under a look-alike of the
    /// CA.
    ///
    /// Beside `check.json` it writes `enforce.json`: the two that fail, each with its place and a candidate that mends
    /// it.
    pub fn lync(dir: &Path) -> io::Result<Estate> {
        let mut files = Files::new(dir)?;
        let pki = ContosoPki::default();
        let enroll = "ca/CertEnroll";
        let root_path = files.write(&format!("{enroll}/Contoso Root CA.crt"), pki.root.cert.der())?;
        let old_path = files.write(&format!("{enroll}/Contoso Issuing CA.crt"), pki.old.cert.der())?;
        let new_path = files.write(&format!("{enroll}/Contoso Issuing CA(1).crt"), pki.new.cert.der())?;

        let hosts = ["fe01.contoso.com", "fe02.contoso.com", "fe03.contoso.com"];
        let keys = ["fe01", "fe02", "fe03"].map(|label| Key::rsa(2048, label));
        let (mut members, mut subjects) = (vec![], vec![]);
        for (i, (host, key)) in hosts.into_iter().zip(&keys).enumerate() {
            let short = &host[..4];
            let names = ["pool01.contoso.com", host, "sip.contoso.com"];
            let default = pki
                .server(&pki.old, "pool01.contoso.com", &names, key)
                .eku(&["serverAuth", "clientAuth"])
                .build();
            let path = match i {
                0 => files.write(
                    &format!("{short}/Default.pem"),
                    container::pem_bundle(&[&default, &pki.old.cert]).as_bytes(),
                )?,
                1 => files.write(&format!("{short}/Default.cer"), default.der())?,
                // The CA certificates first, as Windows writes a chain: a set has no order.
                _ => files.write(
                    &format!("{short}/Default.p7b"),
                    &container::p7b(&[&pki.root.cert, &pki.old.cert, &default]),
                )?,
            };
            members.push(json!({"name": host, "use": "Default", "source": {"path": path}}));

            let names = [
                host,
                "pool01.contoso.com",
                "meet.contoso.com",
                "dialin.contoso.com",
                "lyncdiscoverinternal.contoso.com",
            ];
            let internal = pki.server(&pki.old, host, &names, key).build();
            let path = match i {
                0 => files.write(
                    &format!("{short}/WebServicesInternal.pem"),
                    container::crlf(&container::with_bag_attributes(&internal.pem(), host)).as_bytes(),
                )?,
                1 => files.write(
                    &format!("{short}/WebServicesInternal.p7b"),
                    container::p7b_pem(&[&internal, &pki.old.cert]).as_bytes(),
                )?,
                _ => files.write(&format!("{short}/WebServicesInternal.cer"), internal.der())?,
            };
            subjects
                .push(json!({"name": host, "use": "WebServicesInternal", "names": [host], "source": {"path": path}}));

            let external = pki.web_external(key);
            let path = match i {
                0 => files.write(&format!("{short}/WebServicesExternal.cer"), external.build().der())?,
                1 => files.write(
                    &format!("{short}/WebServicesExternal.pem"),
                    &container::utf16_le(&container::crlf(&external.build().pem())),
                )?,
                _ => {
                    let expired = external.validity(
                        datetime!(2024-10-01 0:00 UTC).unix_timestamp(),
                        datetime!(2026-10-01 0:00 UTC).unix_timestamp(),
                    );
                    files.write(&format!("{short}/WebServicesExternal.key"), key.pkcs8_pem().as_bytes())?;
                    files.write(
                        &format!("{short}/WebServicesExternal.pem"),
                        expired.build().pem().as_bytes(),
                    )?
                }
            };
            let names = ["webext.contoso.com"];
            subjects
                .push(json!({"name": host, "use": "WebServicesExternal", "names": names, "source": {"path": path}}));
        }

        let pchat01 = pki
            .server(
                &pki.new,
                "pchat01.contoso.com",
                &["pchat01.contoso.com"],
                &Key::rsa(2048, "pchat01"),
            )
            .validity(
                datetime!(2026-06-15 0:00 UTC).unix_timestamp(),
                datetime!(2028-06-15 0:00 UTC).unix_timestamp(),
            )
            .build();
        let p12 = P12::new("contoso-1")
            .named_cert(&pchat01, "Persistent Chat")
            .certs(&[&pki.new.cert, &pki.old.cert, &pki.root.cert])
            .named_key(&Key::rsa(2048, "pchat01"), "Persistent Chat");
        let path = files.write("pchat01/pchat01.pfx", &p12.build())?;
        let password = files.write("pchat01/pchat01.pass", b"contoso-1")?;
        subjects.push(json!({
            "name": "pchat01.contoso.com", "use": "Default", "names": ["pchat01.contoso.com"],
            "source": {"path": path, "password_file": password},
        }));

        let key = Key::rsa(2048, "pchat02");
        let pchat02 = pki
            .server(&pki.look_alike, "pchat02.contoso.com", &["pchat02.contoso.com"], &key)
            .build();
        let p12 = P12::legacy("contoso-2")
            .named_cert(&pchat02, "Persistent Chat")
            .cert(&pki.look_alike.cert)
            .key(&key);
        let pchat02_path = files.write("pchat02/pchat02.pfx", &p12.build())?;
        let pchat02_password = files.write("pchat02/pchat02.pass", b"contoso-2\n")?;
        subjects.push(json!({
            "name": "pchat02.contoso.com", "use": "Default", "names": ["pchat02.contoso.com"],
            "source": {"path": pchat02_path, "password_file": pchat02_password},
        }));

        let request = request("persistent-chat", members, subjects, &[root_path, old_path, new_path]);
        files.write_json("check.json", &request)?;
        Estate::lync_enforce(&mut files, &pki, &request, [&pchat02_path, &pchat02_password])?;

        let mut expected: Vec<Expected> = hosts
            .iter()
            .flat_map(|host| {
                ["WebServicesInternal", "WebServicesExternal"].map(|r#use| Expected::compliant(host, r#use))
            })
            .collect();
        expected[5] = Expected {
            status: "noncompliant",
            code: Some("expired"),
            ..expected[5]
        };
        let pchat01 = Expected {
            relation: "rollover",
            ..Expected::compliant("pchat01.contoso.com", "Default")
        };
        let pchat02 = Expected::compliant("pchat02.contoso.com", "Default");
        let pchat02 = Expected {
            status: "noncompliant",
            relation: "name-only",
            code: Some("issuer-key-differs"),
            ..pchat02
        };
        expected.extend([pchat01, pchat02]);
        Ok(Estate {
            dir: dir.to_owned(),
            request,
            expected,
            written: files.written,
        })
    }

    /// The candidates, and the request that installs them.
    fn lync_enforce(files: &mut Files, pki: &ContosoPki, check: &Value, pchat02: [&str; 2]) -> io::Result<()> {
        let key = Key::rsa(2048, "pchat02-new");
        let good = pki.server(&pki.new, "pchat02.contoso.com", &["pchat02.contoso.com"], &key);
        let good = good
            .validity(datetime!(2026-11-01 0:00 UTC).unix_timestamp(), FUTURE)
            .build();
        let p12 = P12::new("contoso-3")
            .cert(&good)
            .certs(&[&pki.new.cert, &pki.root.cert])
            .key(&key);
        let p12 = files.write("candidates/pchat02.pfx", &p12.build())?;
        let password = files.write("candidates/pchat02.pass", b"contoso-3")?;

        let key = Key::rsa(2048, "fe03");
        let good = pki
            .web_external(&key)
            .validity(datetime!(2026-09-15 0:00 UTC).unix_timestamp(), FUTURE)
            .build();
        let pem = container::pem_bundle(&[&good, &pki.old.cert]) + &key.pkcs8_pem();
        let pem = files.write("candidates/fe03-WebServicesExternal.pem", pem.as_bytes())?;

        let mut request = check.clone();
        request["subjects"] = json!([
            {
                "name": "fe03.contoso.com", "use": "WebServicesExternal", "names": ["webext.contoso.com"],
                "install": {
                    "certificate": "fe03/WebServicesExternal.pem", "private_key": "fe03/WebServicesExternal.key",
                },
            },
            {
                "name": "pchat02.contoso.com", "use": "Default", "names": ["pchat02.contoso.com"],
                "install": {"pkcs12_path": pchat02[0], "password_file": pchat02[1], "backup": true},
            },
        ]);
        request["candidates"] = json!([{"path": pem}, {"path": p12, "password_file": password}]);
        files.write_json("enforce.json", &request)
    }

    /// A single root of AD CS that issues to servers itself and was re-keyed: `NAME(0-1).crt` and `NAME(1-0).crt` are
    /// the cross-certificates between its two keys. One server under the old key sets the rule, another one is under
    /// the new key; only the cross-certificates join the two, as nothing else does for a root.
    pub fn rekeyed_root(dir: &Path) -> io::Result<Estate> {
        let mut files = Files::new(dir)?;
        let name = "CN=Contoso Root CA,DC=contoso,DC=com";
        let old = Ca::root_with(name, &Key::ec("P-256", "contoso-root-0"));
        let new = old.rekey(&Key::ec("P-256", "contoso-root-1"));
        let mut authorities = vec![];
        for (suffix, cert) in [
            ("", &old.cert),
            ("(1)", &new.cert),
            ("(0-1)", &old.cross_certify(&new)),
            ("(1-0)", &new.cross_certify(&old)),
        ] {
            authorities.push(files.write(&format!("CertEnroll/Contoso Root CA{suffix}.crt"), cert.der())?);
        }
        let member = files.write("fe01.cer", old.server("fe01.contoso.com").build().der())?;
        let subject = files.write("fe02.cer", new.server("fe02.contoso.com").build().der())?;
        let request = request(
            "rekeyed-root",
            vec![json!({"name": "fe01.contoso.com", "source": {"path": member}})],
            vec![json!({"name": "fe02.contoso.com", "names": ["fe02.contoso.com"], "source": {"path": subject}})],
            &authorities,
        );
        files.write_json("check.json", &request)?;
        let expected = Expected {
            relation: "rollover",
            ..Expected::compliant("fe02.contoso.com", "")
        };
        Ok(Estate {
            dir: dir.to_owned(),
            request,
            expected: vec![expected],
            written: files.written,
        })
    }
}

/// The CAs of Contoso, and one that is not.
pub struct ContosoPki {
    pub root: Ca,
    /// The issuing CA, V0.0.
    pub old: Ca,
    /// The issuing CA, V1.1: another key, signed by the same root.
    pub new: Ca,
    /// The issuing CA's name over another key, signed by itself.
    pub look_alike: Ca,
}

impl Default for ContosoPki {
    fn default() -> ContosoPki {
        let issuing = "CN=Contoso Issuing CA,DC=contoso,DC=com";
        let root = CertBuilder::authority("CN=Contoso Root CA,DC=contoso,DC=com", &Key::rsa(4096, "contoso-root"))
            .validity(
                datetime!(2016-05-01 0:00 UTC).unix_timestamp(),
                datetime!(2036-05-01 0:00 UTC).unix_timestamp(),
            )
            .build_ca();
        let old = CertBuilder::authority(issuing, &Key::rsa(2048, "contoso-issuing-0"))
            .issuer(&root)
            .template_v1("SubCA")
            .cdp(&["http://pki.contoso.com/CertEnroll/Contoso%20Root%20CA.crl"])
            .aia(&["http://pki.contoso.com/CertEnroll/Contoso%20Root%20CA.crt"])
            .validity(
                datetime!(2021-06-01 0:00 UTC).unix_timestamp(),
                datetime!(2031-06-01 0:00 UTC).unix_timestamp(),
            )
            .build_ca();
        let new = old
            .rekeying(&Key::rsa(2048, "contoso-issuing-1"))
            .validity(
                datetime!(2026-06-01 0:00 UTC).unix_timestamp(),
                datetime!(2036-05-01 0:00 UTC).unix_timestamp(),
            )
            .build_ca();
        ContosoPki {
            root,
            old,
            new,
            look_alike: Ca::root_with(issuing, &Key::rsa(2048, "look-alike")),
        }
    }
}

impl ContosoPki {
    /// A server's certificate as Lync asks AD CS for it: the Web Server template, the names, where to find the CA's
    /// list of revoked ones.
    pub fn server(&self, ca: &Ca, common_name: &str, names: &[&str], key: &Key) -> CertBuilder {
        let suffix = if ca.cert == self.new.cert { "(1)" } else { "" };
        let at =
            |extension: &str| format!("http://pki.contoso.com/CertEnroll/Contoso%20Issuing%20CA{suffix}.{extension}");
        let subject = Name::ordered(&[
            ("C", Text::Printable("US")),
            ("O", Text::Printable("Contoso")),
            ("OU", Text::Printable("Lync")),
            ("CN", Text::Printable(common_name)),
        ]);
        CertBuilder::server(common_name, key)
            .subject(subject)
            .issuer(ca)
            .dns(names)
            .template_v1("WebServer")
            .cdp(&[&at("crl")])
            .aia(&[&at("crt")])
            .validity(
                datetime!(2025-12-01 0:00 UTC).unix_timestamp(),
                datetime!(2027-12-01 0:00 UTC).unix_timestamp(),
            )
    }

    fn web_external(&self, key: &Key) -> CertBuilder {
        let names = [
            "webext.contoso.com",
            "meet.contoso.com",
            "dialin.contoso.com",
            "lyncdiscover.contoso.com",
        ];
        self.server(&self.old, "webext.contoso.com", &names, key)
    }
}

fn request(requirement: &str, reference: Vec<Value>, subjects: Vec<Value>, authorities: &[String]) -> Value {
    let authorities: Vec<_> = authorities.iter().map(|path| json!({"path": path})).collect();
    json!({
        "protocol": 1,
        "requirement": requirement,
        "host": "ops01.contoso.com",
        "collected_at": "2026-11-20T06:00:00Z",
        "reference": reference,
        "subjects": subjects,
        "authorities": authorities,
        "policy": {"profile": "lync-server-2013", "valid_at": NOW_TEXT, "warn_before_expiry": "30d"},
    })
}

/// Writes files below one folder, and remembers them.
struct Files {
    dir: PathBuf,
    written: Vec<PathBuf>,
}

impl Files {
    fn new(dir: &Path) -> io::Result<Files> {
        fs::create_dir_all(dir)?;
        Ok(Files {
            dir: dir.to_owned(),
            written: vec![],
        })
    }

    /// The path is given and returned relative to the folder.
    fn write(&mut self, path: &str, bytes: &[u8]) -> io::Result<String> {
        let whole = self.dir.join(path);
        fs::create_dir_all(whole.parent().expect("a file below the folder"))?;
        fs::write(whole, bytes)?;
        self.written.push(path.into());
        Ok(path.to_owned())
    }

    fn write_json(&mut self, path: &str, value: &Value) -> io::Result<()> {
        let text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
        self.write(path, (text + "\n").as_bytes()).map(drop)
    }
}
