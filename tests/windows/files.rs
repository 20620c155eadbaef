//! Files that are installed: who may open them, what keeps them from being replaced, and how they are called.
#![allow(unsafe_code, reason = "the standard library reads no access lists")]

use std::fs;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::fs::OpenOptionsExt;
use std::path::Path;
use std::ptr;

use serde_json::json;
use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Authorization::{
    ConvertSecurityDescriptorToStringSecurityDescriptorW, ConvertStringSecurityDescriptorToSecurityDescriptorW,
    SDDL_REVISION_1,
};
use windows_sys::Win32::Security::{
    DACL_SECURITY_INFORMATION, GetFileSecurityW, PROTECTED_DACL_SECURITY_INFORMATION, SetFileSecurityW,
};

use crate::enforce::{Scene, codes, run, what_if};

fn wide(path: &Path) -> Vec<u16> {
    path.as_os_str().encode_wide().chain([0]).collect()
}

/// The access list of a file, as text (SDDL).
fn access(path: &Path) -> String {
    let path = wide(path);
    let mut needed = 0;
    // SAFETY: the path ends in a zero, the buffers have the sizes that are told, and what is given is freed.
    unsafe {
        GetFileSecurityW(
            path.as_ptr(),
            DACL_SECURITY_INFORMATION,
            ptr::null_mut(),
            0,
            &mut needed,
        );
        let mut buffer = vec![0u64; (needed as usize).div_ceil(8)];
        let size = (buffer.len() * 8) as u32;
        let done = GetFileSecurityW(
            path.as_ptr(),
            DACL_SECURITY_INFORMATION,
            buffer.as_mut_ptr().cast(),
            size,
            &mut needed,
        );
        assert_ne!(done, 0, "{}", std::io::Error::last_os_error());
        let (mut text, mut length) = (ptr::null_mut(), 0);
        let done = ConvertSecurityDescriptorToStringSecurityDescriptorW(
            buffer.as_mut_ptr().cast(),
            SDDL_REVISION_1,
            DACL_SECURITY_INFORMATION,
            &mut text,
            &mut length,
        );
        assert_ne!(done, 0, "{}", std::io::Error::last_os_error());
        let units = std::slice::from_raw_parts(text, length as usize);
        let read = String::from_utf16(units).unwrap();
        LocalFree(text.cast());
        read.trim_end_matches('\0').to_owned()
    }
}

fn set_access(path: &Path, list: &str) {
    let (path, list): (_, Vec<u16>) = (wide(path), list.encode_utf16().chain([0]).collect());
    let mut made = ptr::null_mut();
    // SAFETY: both texts end in a zero, and what is given is freed.
    unsafe {
        let revision = SDDL_REVISION_1;
        let done =
            ConvertStringSecurityDescriptorToSecurityDescriptorW(list.as_ptr(), revision, &mut made, ptr::null_mut());
        assert_ne!(done, 0, "{}", std::io::Error::last_os_error());
        let what = DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION;
        let done = SetFileSecurityW(path.as_ptr(), what, made);
        assert_ne!(done, 0, "{}", std::io::Error::last_os_error());
        LocalFree(made);
    }
}

/// Whether an access list names everybody, the users or whoever has logged on.
fn is_open(list: &str) -> bool {
    ["WD", "BU", "AU"]
        .iter()
        .any(|group| list.contains(&format!(";;;{group})")))
}

#[test]
fn a_new_key_is_for_the_system_and_administrators_alone() {
    let scene = Scene::new().with_bad_pair();
    fs::remove_file(scene.path("place/www.key")).unwrap();
    let report = run(&scene.pair());
    assert_eq!(
        (&report["status"], &report["changed"]),
        (&json!("compliant"), &json!(true)),
        "{report:#}"
    );
    let list = access(&scene.path("place/www.key"));
    assert!(!is_open(&list) && list.contains('('), "{list}");
    // Wine keeps modes, and shows those of the owner and of everybody else.
    eprintln!("access list of a new key: {list}");
}

#[test]
fn a_key_that_others_could_read_is_closed_to_them_and_what_it_had_besides_is_kept() {
    let scene = Scene::new().with_bad_pair();
    let key = scene.path("place/www.key");
    set_access(&key, "D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;WD)");
    assert!(is_open(&access(&key)), "{}", access(&key));
    assert_eq!(run(&scene.pair())["changed"], true);
    assert!(!is_open(&access(&key)), "{}", access(&key));
}

#[test]
fn a_folder_that_everybody_may_write_takes_no_key() {
    let scene = Scene::new().with_bad_pair();
    let before = access(&scene.path("place"));
    set_access(
        &scene.path("place"),
        "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;WD)",
    );
    let files = scene.files();
    for report in [what_if(&scene.pair()), run(&scene.pair())] {
        assert_eq!(codes(&report, 0)[0], "install-refused", "{report:#}");
        let message = report["subjects"][0]["findings"][0]["message"].as_str().unwrap();
        assert!(message.contains("everyone can write"), "{message}");
    }
    assert_eq!(scene.files(), files);
    set_access(&scene.path("place"), &before);
}

#[test]
fn a_file_that_a_program_holds_open_is_not_replaced_and_nothing_else_is_either() {
    let scene = Scene::new().with_bad_pair();
    let before = scene.files();
    // As a server reads it: nobody may delete or replace it meanwhile.
    let held = fs::OpenOptions::new()
        .read(true)
        .share_mode(1)
        .open(scene.path("place/www.pem"))
        .unwrap();
    let report = run(&scene.pair());
    assert_eq!(codes(&report, 0)[0], "install-refused", "{report:#}");
    assert_eq!(
        (&report["status"], &report["changed"]),
        (&json!("noncompliant"), &json!(false))
    );
    assert_eq!(
        scene.files(),
        before,
        "the pair that stood stands, and nothing beside it"
    );
    drop(held);
    assert_eq!(run(&scene.pair())["status"], "compliant");
}

#[test]
fn a_name_in_other_letters_is_the_same_file() {
    let scene = Scene::new().with_bad_pair();
    let (certificate, key) = (scene.text("PLACE/WWW.PEM"), scene.text("place/Www.Key"));
    let report = run(&scene.request(json!({"certificate": certificate, "private_key": key})));
    assert_eq!(
        (&report["status"], &report["changed"]),
        (&json!("compliant"), &json!(true)),
        "{report:#}"
    );
    assert_eq!(scene.files().keys().collect::<Vec<_>>(), ["www.key", "www.pem"]);
    // Two subjects of the same place agree, however they spell it, or are refused.
    let mut request = scene.pair();
    let mut second = request["subjects"][0].clone();
    second["name"] = json!("second");
    second["names"] = json!(["other.contoso.com"]);
    second["install"]["certificate"] = json!(scene.text("place/WWW.pem"));
    request["subjects"].as_array_mut().unwrap().push(second);
    assert!(crate::enforce::run_logged(&request, true).0.is_err());
}

#[test]
fn devices_streams_and_names_that_windows_changes_are_refused() {
    for (name, words) in [
        ("NUL", "device"),
        ("com1.pem", "device"),
        ("www.pem:stream", "does not allow a file of that name"),
        ("www.pem.", "dots and spaces"),
        ("www.pem ", "dots and spaces"),
    ] {
        let scene = Scene::new().with_bad_pair();
        let path = format!(r"{}\place\{name}", scene.root.display());
        let before = scene.files();
        let report = run(&scene.request(json!({"certificate": path})));
        let findings = report["subjects"][0]["findings"].to_string();
        assert!(
            findings.contains("install-refused") && findings.contains(words),
            "{name}: {findings}"
        );
        assert_eq!(scene.files(), before);
    }
}

#[test]
fn a_long_path_and_one_beyond_ascii_take_a_pair() {
    let scene = Scene::new().with_bad_pair();
    let long = format!("{}/{}", "größe-日本".repeat(8), "a".repeat(100));
    fs::create_dir_all(scene.path(&long)).unwrap();
    let install = json!({"certificate": scene.text(&format!("{long}/www.pem")), "private_key": scene.text(&format!("{long}/www.key"))});
    let report = run(&scene.request(install));
    assert_eq!(
        (&report["status"], &report["changed"]),
        (&json!("compliant"), &json!(true)),
        "{report:#}"
    );
}

#[test]
fn of_a_read_only_file_nothing_is_changed() {
    let scene = Scene::new().with_bad_pair();
    let path = scene.path("place/www.pem");
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions.clone()).unwrap();
    let report = run(&scene.pair());
    assert_eq!(codes(&report, 0)[0], "install-refused", "{report:#}");
    #[expect(clippy::permissions_set_readonly_false, reason = "on Windows it is an attribute")]
    permissions.set_readonly(false);
    fs::set_permissions(&path, permissions).unwrap();
}
