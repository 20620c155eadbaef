//! Who may use what is written: modes, groups, access lists, owners.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::MetadataExt;

#[cfg(unix)]
use serde_json::Value;
use serde_json::json;

use super::files::enforced;
use super::*;
#[cfg(unix)]
use crate::support::not_run;

#[cfg(unix)]
#[test]
fn mode_and_group_are_kept_unless_others_could_read_a_key() {
    let scene = Scene::new().with_bad_pair();
    for (before, after) in [(0o640, 0o640), (0o400, 0o400), (0o644, 0o640), (0o666, 0o660)] {
        let (cert, key) = scene.bad();
        scene.write("place/www.pem", cert.pem().as_bytes());
        fs::remove_file(scene.path("place/www.key")).unwrap();
        scene.write("place/www.key", key.pkcs8_pem().as_bytes());
        set_mode(&scene.path("place/www.key"), before);
        if is_root(&scene) {
            std::os::unix::fs::chown(scene.path("place/www.key"), Some(4241), Some(4242)).unwrap();
        } else {
            not_run("files of another user and group (needs root)");
        }
        let owner = |name: &str| {
            let metadata = fs::metadata(scene.path(name)).unwrap();
            (metadata.uid(), metadata.gid())
        };
        let (pem, key) = (owner("place/www.pem"), owner("place/www.key"));
        assert_eq!(run(&scene.pair())["status"], "compliant");
        assert_eq!((owner("place/www.pem"), owner("place/www.key")), (pem, key));
        assert_eq!(mode(&scene.path("place/www.key")), after, "from {before:o}");
    }
}

#[cfg(unix)]
pub(super) fn is_root(scene: &Scene) -> bool {
    fs::metadata(&scene.root).unwrap().uid() == 0
}

#[cfg(target_os = "linux")]
#[test]
fn an_access_list_is_kept() {
    use rustix::fs::{XattrFlags, getxattr, setxattr};
    const NAME: &str = "system.posix_acl_access";
    let scene = Scene::new().with_bad_pair();
    let path = scene.path("place/www.key");
    // acl(5): the owner reads and writes, user 4242 reads, the group and others do nothing, the mask is read.
    let mut list = 2u32.to_le_bytes().to_vec();
    for (tag, rights, id) in [
        (1u16, 6u16, u32::MAX),
        (2, 4, 4242),
        (4, 0, u32::MAX),
        (16, 4, u32::MAX),
        (32, 0, u32::MAX),
    ] {
        list.extend([tag.to_le_bytes(), rights.to_le_bytes()].concat());
        list.extend(id.to_le_bytes());
    }
    if setxattr(&path, NAME, &list, XattrFlags::empty()).is_err() {
        return not_run("an access list that is kept (the file system has none)");
    }
    assert_eq!(run(&scene.pair())["changed"], true);
    let mut kept = vec![0; 256];
    let length = getxattr(&path, NAME, kept.as_mut_slice()).unwrap();
    assert_eq!(kept[..length], list);
    assert_eq!(mode(&path), 0o640);
}

#[cfg(unix)]
#[test]
fn a_key_is_not_given_to_whoever_put_a_file_there_first() {
    let scene = Scene::new().with_bad_pair();
    if !is_root(&scene) {
        return not_run("a file of another user in an open folder (needs root)");
    }
    for open in [0o1777, 0o775] {
        set_mode(&scene.path("place"), open);
        std::os::unix::fs::chown(scene.path("place/www.key"), Some(4241), None).unwrap();
        let before = scene.files();
        for report in [what_if(&scene.pair()), run(&scene.pair())] {
            let finding = &report["subjects"][0]["findings"][0];
            assert_eq!(finding["code"], "install-refused", "{report:#}");
            assert!(
                finding["message"].as_str().unwrap().contains("put it there"),
                "{finding}"
            );
        }
        assert_eq!(scene.files(), before);
    }
    // In its own folder it is the service's key, and stays so.
    std::os::unix::fs::chown(scene.path("place"), Some(4241), None).unwrap();
    assert_eq!(run(&scene.pair())["status"], "compliant");
    assert_eq!(fs::metadata(scene.path("place/www.key")).unwrap().uid(), 4241);
}

#[cfg(unix)]
/// The report to a user who is not root: this one, or nobody where this one is root. `None` where that cannot be had.
pub(super) fn run_as_user(scene: &Scene, arguments: &[&str], request: &Value) -> Option<Value> {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_same-ca"));
    if is_root(scene) {
        use std::os::unix::process::CommandExt;
        command.uid(NOBODY).gid(NOBODY);
    }
    let pipe = std::process::Stdio::piped;
    command.args(arguments).current_dir("/");
    let mut child = command.stdin(pipe()).stdout(pipe()).stderr(pipe()).spawn().ok()?;
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), request.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[cfg(unix)]
pub(super) const NOBODY: u32 = 65534;

#[cfg(unix)]
#[test]
fn who_may_not_write_is_refused_before_anything_is_touched() {
    let scene = Scene::new().with_bad_pair();
    if !is_root(&scene) {
        set_mode(&scene.path("place"), 0o555);
    }
    let Some(report) = run_as_user(&scene, &["enforce"], &scene.pair()) else {
        return not_run("enforce by a user who may not write (the program cannot be run by another user here)");
    };
    assert_eq!(codes(&report, 0)[0], "install-refused", "{report:#}");
    let message = report["subjects"][0]["findings"][0]["message"].as_str().unwrap();
    assert!(message.ends_with("permission denied; nothing was changed"), "{message}");
    assert_eq!(scene.files().len(), 2);
    assert_eq!(scene.read("place/www.pem"), scene.bad().0.pem().as_bytes());
    set_mode(&scene.path("place"), 0o755);
}

#[cfg(unix)]
#[test]
fn a_group_that_cannot_be_kept_is_refused_by_what_if_too() {
    use std::os::unix::fs::chown;
    let scene = Scene::new().with_bad_pair();
    if !is_root(&scene) {
        return not_run("a file of a group that its owner is not in (needs root)");
    }
    for name in ["new.pem", "place", "place/www.pem", "place/www.key"] {
        chown(scene.path(name), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    chown(scene.path("place/www.pem"), None, Some(4241)).unwrap();
    for arguments in [&["enforce", "--what-if"][..], &["enforce"]] {
        let Some(report) = run_as_user(&scene, arguments, &scene.pair()) else {
            return not_run(
                "a file of a group that its owner is not in (the program cannot be run by another user here)",
            );
        };
        let finding = &report["subjects"][0]["findings"][0];
        assert_eq!(finding["code"], "install-refused", "{report:#}");
        assert!(finding["message"].as_str().unwrap().contains("a group"), "{finding}");
    }
    // A folder that gives its group to new files keeps it without anybody's help.
    chown(scene.path("place"), None, Some(4241)).unwrap();
    chown(scene.path("place/www.key"), None, Some(4241)).unwrap();
    set_mode(&scene.path("place"), 0o2755);
    let report = run_as_user(&scene, &["enforce"], &scene.pair()).unwrap();
    assert_eq!(report["status"], "compliant", "{report:#}");
}

#[test]
fn backups_are_kept_on_request_and_closed_to_others() {
    let scene = Scene::new().with_bad_pair();
    set_mode(&scene.path("place/www.key"), 0o644);
    let (old, old_key) = (scene.read("place/www.pem"), scene.read("place/www.key"));
    let mut request = scene.pair();
    request["subjects"][0]["install"]["backup"] = json!(true);
    let report = enforced(&scene, &request);
    let backups: Vec<String> = serde_json::from_value(report["actions"][0]["backups"].clone()).unwrap();
    let [certificate, key] = backups.as_slice() else {
        panic!("{report:#}")
    };
    assert_eq!(
        (fs::read(certificate).unwrap(), fs::read(key).unwrap()),
        (old.clone(), old_key.clone())
    );
    assert_mode(key.as_ref(), 0o640, "mode");
    assert!(certificate.starts_with(&scene.text("place/www.pem.")) && certificate.ends_with(".bak"));
    // Put back by hand and replaced again: the same backup, once.
    fs::write(scene.path("place/www.pem"), &old).unwrap();
    fs::write(scene.path("place/www.key"), &old_key).unwrap();
    assert_eq!(run(&request)["actions"][0]["backups"], json!(backups));
    assert_eq!(scene.files().len(), 4);
}
