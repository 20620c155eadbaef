//! Mints test certificates: the estate of the demo, and single files to try things with. Every key is public and
//! worthless.

// The minter panics where it cannot mint, and this program prints what it wrote.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr
)]

use std::path::Path;
use std::process::ExitCode;

use mint::{Ca, Estate, Key, container};

const USAGE: &str = "usage:
  mint estate DIR             Contoso's Lync estate, with check.json and enforce.json
  mint rekeyed-root DIR       a root CA with its cross-certificates after a re-key, with check.json
  mint ca NAME FILE           a root CA's certificate, PEM; NAME as in CN=Contoso Root CA,DC=contoso,DC=com
  mint leaf NAME HOST FILE    a server's certificate under that CA, with the CA's and the server's key, PEM
  mint key ID                 a test key, worked out anew: rsa2048-65537-LABEL";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        ["estate", dir] => Estate::lync(Path::new(dir)).map(show),
        ["rekeyed-root", dir] => Estate::rekeyed_root(Path::new(dir)).map(show),
        ["ca", name, file] => write(file, &Ca::root(name).cert.pem()),
        ["leaf", name, host, file] => {
            let ca = Ca::root(name);
            let certs = container::pem_bundle(&[&ca.server(host).build(), &ca.cert]);
            write(file, &(certs + &Key::ec("P-256", host).pkcs8_pem()))
        }
        ["key", id] => {
            print!("{}", mint::key::fresh(id).pkcs8_pem());
            Ok(())
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mint: {error}");
            ExitCode::from(2)
        }
    }
}

fn show(estate: Estate) {
    estate
        .written
        .iter()
        .for_each(|path| println!("{}", estate.dir.join(path).display()));
}

fn write(file: &str, text: &str) -> std::io::Result<()> {
    std::fs::write(file, text)?;
    println!("{file}");
    Ok(())
}
