//! Runs beside each other and after one another: locks, journals, leftovers.

use serde_json::Value;

use super::*;

#[test]
fn what_a_key_file_says_is_not_followed_and_a_foreign_journal_stops_the_run() {
    let scene = Scene::new().with_bad_pair();
    scene.write("place/.www.pem.same-ca-journal", b"{}");
    let before = scene.files();
    for report in [what_if(&scene.pair()), run(&scene.pair())] {
        assert_eq!(codes(&report, 0)[0], "install-refused");
        assert_eq!(report["changed"], false);
    }
    assert_eq!(scene.files(), before);
    if cfg!(windows) {
        return;
    }
    set_mode(&scene.path("place/.www.pem.same-ca-journal"), 0o666);
    let message = run(&scene.pair())["subjects"][0]["findings"][0]["message"].to_string();
    assert!(message.contains("was not written by same-ca"), "{message}");
}

#[test]
fn leftovers_without_a_journal_are_taken_away_and_said() {
    let scene = Scene::new().with_bad_pair();
    scene.write("place/.www.key.same-ca-new", b"torn");
    let before = scene.files();
    let foretold = what_if(&scene.pair());
    assert_eq!(scene.files(), before);
    let report = run(&scene.pair());
    assert_eq!(report, foretold);
    let actions: Vec<&str> = report["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["recover", "install"]);
    assert_eq!(scene.files().len(), 2);
}

#[cfg(unix)]
#[test]
fn two_runs_at_once_exclude_each_other() {
    let scene = Scene::new().with_bad_pair();
    let folder = std::fs::File::open(scene.path("place")).unwrap();
    folder.lock().unwrap();
    let request = scene.pair();
    let run = std::thread::spawn(move || run(&request));
    std::thread::sleep(std::time::Duration::from_millis(400));
    assert!(!run.is_finished(), "it waits for the other run");
    assert_eq!(scene.read("place/www.pem"), scene.bad().0.pem().as_bytes());
    drop(folder);
    assert_eq!(run.join().unwrap()["status"], "compliant");
}

#[test]
fn of_many_runs_at_once_one_installs_and_the_others_find_it_done() {
    let scene = Scene::new().with_bad_pair();
    let request = scene.pair();
    let runs: Vec<_> = (0..6).map(|_| request.clone()).collect();
    let runs: Vec<_> = runs
        .into_iter()
        .map(|request| std::thread::spawn(move || run(&request)))
        .collect();
    let reports: Vec<Value> = runs.into_iter().map(|run| run.join().unwrap()).collect();
    assert!(reports.iter().all(|report| report["status"] == "compliant"));
    assert_eq!(reports.iter().filter(|report| report["changed"] == true).count(), 1);
    assert_eq!(scene.files().len(), 2);
}
