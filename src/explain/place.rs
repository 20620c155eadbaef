//! What keeps a candidate from being installed.

use super::{Row, row};

pub(super) const ROWS: &[Row] = &[
    row("install-refused.place", "{path}: {>why}; nothing was changed").hint("{>why.hint}"),
    row("install-refused.cause", "{>cause}").hint("{>cause.hint}"),
    row(
        "install-refused.place-unreadable",
        "{>cause}; it was not replaced, because another program may use it",
    )
    .hint("give its password, or another place; {@replace-unreadable} replaces it and keeps a backup"),
    row("install-refused.no-store-here", "this build installs nothing into a Windows certificate store")
        .hint("use {@by-caller}: the PowerShell module imports what is chosen"),
    row(
        "install-refused.other-thumbprint",
        "the candidate was not imported: {place} names another thumbprint",
    )
    .hint("leave {@thumbprint} out of install"),
    row(
        "install-refused.not-proven-there",
        "the candidate was not installed: in {place} it would not be compliant: {>cause}",
    )
    .hint("give the CA certificates that prove it {@as-evidence}"),
    row(
        "install-refused.another-fits",
        "the candidate was not installed: in {place} another certificate would be chosen",
    ),
    row("install-refused.unread", "the current files could not be read, so nothing was installed"),
    row("install-refused.candidate-gone", "the candidate that was chosen is no longer there"),
    row(
        "install-refused.key-form",
        "{source}: the private key is in a form that cannot be written",
    ),
    row("install-failed.no-randomness", "the system provides no random numbers"),
    row("install-failed.undone", "{path}: {>why}; the previous files were kept")
        .hint("read the system's message on standard error, and run enforce again"),
    row(
        "install-failed.unfinished",
        "{path}: {>why}; the old and the new files are both still on disk, and the next run finishes or undoes the \
         installation",
    )
    .hint("read the system's message on standard error, and run enforce again"),
    row(
        "leftover-file.kept",
        "{path} still holds the previous content: it could neither be removed nor closed to other users",
    )
    .hint("remove it: it may hold a private key; the next run of enforce tries again"),
    row("place.it-belongs-to-another-user-run-as-its", "it belongs to another user").hint("run as its owner, as root or as an administrator"),
    row("place.it-belongs-to-a-group-that-this-user", "it belongs to a group that this user is not in and so cannot keep").hint("run as root, or as a member of that group"),
    row("place.it-belongs-to-a-user-who-may-have", "others than the folder's owner can write to its folder, so the user who owns it may have put it there and would get the private key").hint("take write access to the folder from them, or give the file to root"),
    row("place.everybody-may-write-its-folder-and-could-put", "everyone can write to its folder, and could put another private key there").hint("take write access to the folder from others"),
    row("place.files-are-installed-on-unix-and-windows-alone", "files are installed on Unix and Windows only"),
    row("place.this-journal-of-an-interrupted-run-was-not", "this journal of an interrupted run was not written by same-ca").hint("look at it, and remove it"),
    row("place.this-journal-of-an-interrupted-run-is-damaged", "this journal of an interrupted run is damaged").hint("see which pair of files fits, and remove it"),
    row("place.what-is-in-this-store-is-trusted-or", "Windows trusts or distrusts whatever is in this store, so nothing is installed into it"),
    row("place.no-other-system-than-windows-has-a-certificate", "only Windows has certificate stores"),
    row("place.the-file-system-is-full", "the file system is full"),
    row("place.the-quota-is-used-up", "the quota is used up"),
    row("place.the-file-system-is-read-only", "the file system is read-only"),
    row("place.permission-denied", "permission denied"),
    row("place.there-is-no-such-file-or-folder", "there is no such file or folder"),
    row("place.a-part-of-the-path-is-not-a", "a part of the path is not a folder"),
    row("place.something-of-that-name-is-in-the-way", "there is something else with that name"),
    row("place.its-name-is-too-long-for-the-files", "its name is too long for the files beside it"),
    row("place.somebody-else-is-changing-it-or-has-it", "somebody else is changing it or has it open, or it is mounted by itself"),
    row("place.it-is-mounted-by-itself-so-nothing-can", "it is mounted by itself, so nothing can take its place"),
    row("place.it-is-larger-than-the-file-system-allows", "it is larger than the file system allows"),
    row("place.input-or-output-error", "input or output error"),
    row("place.windows-has-no-file-of-such-a-name", "Windows does not allow a file of that name"),
    row("place.windows-drops-dots-and-spaces-at-the-end", "Windows drops dots and spaces at the end of a name").hint("leave them out"),
    row("place.it-is-the-name-of-a-device", "it is the name of a device"),
    row("place.it-is-marked-read-only-take-that-attribute", "it is marked read-only").hint("clear that attribute"),
    row("place.its-file-system-keeps-no-access-lists-so", "its file system has no access lists, so everyone could read a private key there"),
    row("place.this-build-installs-files-on-unix-and-windows", "this build installs files on Unix and Windows only").hint("use {@by-caller}, and install what it chooses"),
    row("place.it-is-not-the-path-of-a-file", "it is not the path of a file"),
    row("place.the-name-of-its-folder-is-not-unicode", "the name of its folder is not Unicode"),
    row("place.the-folder-cannot-be-locked-so-two-runs", "the folder cannot be locked, so two runs could interfere with each other"),
    row("place.another-run-of-same-ca-is-installing-there", "another run of same-ca is installing there"),
    row("place.it-is-a-symbolic-link-name-the-file", "it is a symbolic link").hint("name the file that it leads to"),
    row("place.it-is-no-ordinary-file", "it is no ordinary file"),
    row("place.an-interrupted-run-was-installing-another-set-of", "an interrupted run was installing another set of files there").hint("run enforce with its request, or see which pair of files fits and remove this journal"),
    row("place.the-files-have-been-changed-since-a-run", "the files have been changed since a run was interrupted").hint("see which pair fits, and remove this journal and the files of that run (.NAME.same-ca-new and .NAME.same-ca-old)"),
];
