//! A counterexample made as small as it can be, in words, and as a file that `same-ca check` runs.

use std::path::{Path, PathBuf};
use std::{env, fs};

use super::minted::Mint;
use super::random::{can_be_minted, can_be_pinned};
use super::world::{Cert, Member, Policy, Subject, World};

/// The smallest world for which something still holds.
pub fn shrink(world: &World, holds: &dyn Fn(&World) -> bool) -> World {
    let mut smallest = world.clone();
    loop {
        let smaller = simpler(&smallest)
            .into_iter()
            .find(|world| is_sound(world) && holds(world));
        match smaller {
            Some(world) => smallest = world,
            None => return smallest,
        }
    }
}

fn is_sound(world: &World) -> bool {
    let pins = world.members.iter().all(|member| match member {
        Member::Pin(cert) => can_be_pinned(world, *cert),
        _ => true,
    });
    let used = world.used();
    let twice = used
        .iter()
        .any(|a| used.iter().any(|b| a < b && world.certs[a] == world.certs[b]));
    pins && !twice && can_be_minted(world)
}

/// Every world that is one step simpler.
fn simpler(world: &World) -> Vec<World> {
    let mut all = Vec::new();
    let mut with = |change: &dyn Fn(&mut World)| {
        let mut changed = world.clone();
        change(&mut changed);
        if changed != *world {
            all.push(changed);
        }
    };
    for at in 0..world.members.len() {
        with(&|world| {
            world.members.remove(at);
        });
        if let Member::Server { beside, .. } = &world.members[at] {
            for of in 0..beside.len() {
                with(&|world| {
                    if let Member::Server { beside, .. } = &mut world.members[at] {
                        beside.remove(of);
                    }
                });
            }
        }
        with(&|world| {
            if let Member::Server { tls, .. } = &mut world.members[at] {
                *tls = None;
            }
        });
    }
    for at in 0..world.authorities.len() {
        with(&|world| {
            world.authorities.remove(at);
        });
    }
    for at in 0..world.intermediates.len() {
        with(&|world| {
            world.intermediates.remove(at);
        });
    }
    for at in 0..world.distrust.len() {
        with(&|world| {
            world.distrust.remove(at);
        });
    }
    match &world.subject {
        Subject::One(brought) => {
            for at in 0..brought.chain.len() {
                with(&|world| {
                    if let Subject::One(brought) = &mut world.subject {
                        brought.chain.remove(at);
                    }
                });
            }
        }
        Subject::AnyOf(list) => {
            for at in 0..list.len() {
                with(&|world| {
                    if let Subject::AnyOf(list) = &mut world.subject {
                        list.remove(at);
                    }
                });
            }
        }
    }
    with(&|world| world.policy.match_ = Policy::DEFAULT.match_);
    with(&|world| world.policy.level = Policy::DEFAULT.level);
    with(&|world| world.policy.proof = Policy::DEFAULT.proof);
    with(&|world| world.policy.references = Policy::DEFAULT.references);
    for serial in world.used().iter() {
        let it = &world.certs[serial];
        let plain = match it.ca || it.version1 {
            true => Cert::ca(it.subject, it.key, it.issuer, it.signer.unwrap_or(it.key)),
            false => Cert::server(0, it.key, it.issuer, it.signer.unwrap_or(it.key)),
        };
        let whole = Cert {
            subject: it.subject,
            signer: it.signer,
            ..plain.clone()
        };
        with(&|world| world.certs[serial] = whole.clone());
        with(&|world| world.certs[serial].previous = None);
        with(&|world| world.certs[serial].supported = true);
        with(&|world| world.certs[serial].copy = 0);
        with(&|world| world.certs[serial].version1 = false);
        with(&|world| world.certs[serial].may_sign = plain.may_sign);
        with(&|world| world.certs[serial].subject_identifier = plain.subject_identifier);
        with(&|world| world.certs[serial].authority_identifier = plain.authority_identifier);
        with(&|world| (world.certs[serial].from, world.certs[serial].until) = (plain.from, plain.until));
    }
    all
}

/// Writes the request where it can be tried, and says where.
pub fn save(world: &World, name: &str) -> PathBuf {
    let folder =
        env::var_os("MODEL_CASES").map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("model"), Into::into);
    fs::create_dir_all(&folder).expect("a folder for counterexamples");
    let path = folder.join(format!("{name}.json"));
    let request = serde_json::to_string_pretty(&Mint::new(world).request()).expect("a request can be written");
    fs::write(&path, request).expect("a counterexample can be written");
    path
}
