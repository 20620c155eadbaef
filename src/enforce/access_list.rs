//! Who may do what with a file of Windows: its owner and its access list.

use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::mem;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::Foundation::{
    ERROR_INSUFFICIENT_BUFFER, GENERIC_ALL, GENERIC_READ, GENERIC_WRITE, HANDLE, LocalFree,
};
use windows_sys::Win32::Security::Authorization::{
    ConvertSidToStringSidW, ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1,
};
use windows_sys::Win32::Security::{
    ACCESS_ALLOWED_ACE, ACE_HEADER, ACL, AddAce, CheckTokenMembership, CreateWellKnownSid, DACL_SECURITY_INFORMATION,
    EqualSid, GROUP_SECURITY_INFORMATION, GetAce, GetKernelObjectSecurity, GetSecurityDescriptorDacl,
    GetSecurityDescriptorLength, GetSecurityDescriptorOwner, GetTokenInformation, INHERIT_ONLY_ACE, InitializeAcl,
    InitializeSecurityDescriptor, IsWellKnownSid, OWNER_SECURITY_INFORMATION, PROTECTED_DACL_SECURITY_INFORMATION,
    PSID, SE_DACL_PROTECTED, SECURITY_DESCRIPTOR, SetKernelObjectSecurity, SetSecurityDescriptorControl,
    SetSecurityDescriptorDacl, TOKEN_QUERY, TOKEN_USER, TokenUser, WELL_KNOWN_SID_TYPE, WinAccountDomainGuestsSid,
    WinAccountDomainUsersSid, WinAnonymousSid, WinAuthenticatedUserSid, WinBuiltinAdministratorsSid,
    WinBuiltinGuestsSid, WinBuiltinUsersSid, WinInteractiveSid, WinLocalSystemSid, WinNetworkSid, WinWorldSid,
};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_ADD_FILE, FILE_DELETE_CHILD, FILE_READ_DATA, FILE_WRITE_DATA, WRITE_DAC, WRITE_OWNER,
};
use windows_sys::Win32::System::SystemServices::{
    ACCESS_ALLOWED_ACE_TYPE, ACCESS_ALLOWED_CALLBACK_ACE_TYPE, SECURITY_DESCRIPTOR_REVISION,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

/// Groups that anybody may be in.
const OTHERS: &[WELL_KNOWN_SID_TYPE] = &[
    WinWorldSid,
    WinAuthenticatedUserSid,
    WinBuiltinUsersSid,
    WinBuiltinGuestsSid,
    WinAnonymousSid,
    WinInteractiveSid,
    WinNetworkSid,
    WinAccountDomainUsersSid,
    WinAccountDomainGuestsSid,
];

const READING: u32 = FILE_READ_DATA | GENERIC_READ | GENERIC_ALL;
/// Of a folder: making files in it and deleting others' files, which have the bits of a file's writing.
const WRITING: u32 =
    FILE_WRITE_DATA | FILE_ADD_FILE | FILE_DELETE_CHILD | WRITE_DAC | WRITE_OWNER | GENERIC_WRITE | GENERIC_ALL;

/// Largest security identifier (SECURITY_MAX_SID_SIZE).
const LARGEST_SID: usize = 68;

/// A security descriptor in one piece: owner, group, access list.
#[derive(Debug)]
pub struct Descriptor(Vec<u64>);

impl Descriptor {
    /// Of an open file or folder.
    pub fn of(file: &File) -> io::Result<Self> {
        let what = OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
        sized(|buffer, size, needed| {
            // SAFETY: the file is open, and the buffer has room for `size` octets.
            unsafe { GetKernelObjectSecurity(raw(file), what, buffer, size, needed) }
        })
        .map(Descriptor)
    }

    /// One that lets in the system and the administrators, and this user where it is none of them.
    pub fn closed() -> io::Result<Self> {
        let mut text = "D:P(A;;FA;;;SY)(A;;FA;;;BA)".to_owned();
        if !is_administrator() {
            text.push_str(&format!("(A;;FA;;;{})", User::current()?.text()?));
        }
        let text: Vec<u16> = text.encode_utf16().chain([0]).collect();
        let (mut made, mut size) = (ptr::null_mut(), 0);
        // SAFETY: the text ends in a zero, and there is room for the answers.
        let done = unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(text.as_ptr(), SDDL_REVISION_1, &mut made, &mut size)
        };
        succeeded(done)?;
        // SAFETY: it is valid until it is freed.
        let length = unsafe { GetSecurityDescriptorLength(made) } as usize;
        let mut buffer = vec![0u64; length.div_ceil(size_of::<u64>())];
        // SAFETY: both are as long; what was made is freed once.
        unsafe {
            ptr::copy_nonoverlapping(made.cast::<u8>(), buffer.as_mut_ptr().cast::<u8>(), length);
            LocalFree(made);
        }
        Ok(Descriptor(buffer))
    }

    /// As the system wants it.
    pub fn as_ptr(&self) -> *mut c_void {
        self.0.as_ptr().cast_mut().cast()
    }

    /// Whether it belongs to the system, the administrators or this user.
    pub fn owner_is_trusted(&self) -> bool {
        let owner = self.owner();
        !owner.is_null()
            && (is_a(owner, WinLocalSystemSid)
                || is_a(owner, WinBuiltinAdministratorsSid)
                // SAFETY: both are valid.
                || User::current().is_ok_and(|user| unsafe { EqualSid(user.sid(), owner) } != 0))
    }

    /// Whether the other has another owner.
    pub fn owner_differs(&self, other: &Descriptor) -> bool {
        let (one, other) = (self.owner(), other.owner());
        // SAFETY: both are valid.
        one.is_null() || other.is_null() || unsafe { EqualSid(one, other) } == 0
    }

    /// Whether groups that anybody may be in may write.
    pub fn others_may_write(&self) -> bool {
        self.open_to_others(WRITING)
    }

    /// Whether groups that anybody may be in may read or write.
    pub fn others_may_read_or_write(&self) -> bool {
        self.open_to_others(READING | WRITING)
    }

    /// Without what it lets such groups do.
    pub fn without_others(&self) -> io::Result<AccessList> {
        let Some(list) = self.list() else {
            // Without a list everyone has full access.
            return AccessList::of(&Descriptor::closed()?);
        };
        let others = |entry: &Entry| entry.is_of_others();
        AccessList::copied(list, &|entry| !others(entry))
    }

    fn owner(&self) -> PSID {
        let (mut owner, mut defaulted) = (ptr::null_mut(), 0);
        // SAFETY: the descriptor is valid, and there is room for the answers.
        match unsafe { GetSecurityDescriptorOwner(self.as_ptr(), &mut owner, &mut defaulted) } {
            0 => ptr::null_mut(),
            _ => owner,
        }
    }

    /// Its access list; `None` where everyone has full access.
    fn list(&self) -> Option<*const ACL> {
        let (mut present, mut list, mut defaulted) = (0, ptr::null_mut(), 0);
        // SAFETY: the descriptor is valid, and there is room for the answers.
        let done = unsafe { GetSecurityDescriptorDacl(self.as_ptr(), &mut present, &mut list, &mut defaulted) };
        (done != 0 && present != 0 && !list.is_null()).then_some(list.cast_const())
    }

    fn open_to_others(&self, to_do: u32) -> bool {
        match self.list() {
            None => true,
            Some(list) => entries(list).any(|entry| entry.applies && entry.is_of_others() && entry.mask & to_do != 0),
        }
    }
}

/// An access list that inherits nothing from the folder.
pub struct AccessList(Vec<u64>);

impl AccessList {
    fn of(descriptor: &Descriptor) -> io::Result<Self> {
        match descriptor.list() {
            Some(list) => AccessList::copied(list, &|_| true),
            None => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    fn copied(list: *const ACL, keep: &dyn Fn(&Entry) -> bool) -> io::Result<Self> {
        // SAFETY: the list is valid.
        let (size, revision) = unsafe { ((*list).AclSize, u32::from((*list).AclRevision)) };
        let mut buffer = vec![0u64; usize::from(size).div_ceil(size_of::<u64>())];
        let new = buffer.as_mut_ptr().cast::<ACL>();
        // SAFETY: there is room for as many octets.
        succeeded(unsafe { InitializeAcl(new, u32::from(size), revision) })?;
        for entry in entries(list).filter(keep) {
            // SAFETY: the entry is valid and as long as it says; of a list of the same size all fit in.
            succeeded(unsafe { AddAce(new, revision, u32::MAX, entry.start.cast(), u32::from(entry.size)) })?;
        }
        Ok(AccessList(buffer))
    }

    /// Gives it to a file, in place of what that has and inherits.
    pub fn protect(&self, file: &File) -> io::Result<()> {
        // SAFETY: all zeros is a value of it.
        let mut descriptor: SECURITY_DESCRIPTOR = unsafe { mem::zeroed() };
        let about = ptr::from_mut(&mut descriptor).cast::<c_void>();
        // SAFETY: the descriptor and the list outlive the calls.
        unsafe {
            succeeded(InitializeSecurityDescriptor(about, SECURITY_DESCRIPTOR_REVISION))?;
            succeeded(SetSecurityDescriptorDacl(about, 1, self.0.as_ptr().cast(), 0))?;
            succeeded(SetSecurityDescriptorControl(
                about,
                SE_DACL_PROTECTED,
                SE_DACL_PROTECTED,
            ))?;
            let what = DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION;
            succeeded(SetKernelObjectSecurity(raw(file), what, about))
        }
    }
}

/// An entry of an access list.
struct Entry {
    start: *const ACE_HEADER,
    size: u16,
    /// Whether it grants access to this object itself.
    applies: bool,
    mask: u32,
    who: PSID,
}

impl Entry {
    fn is_of_others(&self) -> bool {
        !self.who.is_null() && OTHERS.iter().any(|others| is_a(self.who, *others))
    }
}

fn entries(list: *const ACL) -> impl Iterator<Item = Entry> {
    // SAFETY: the list is valid.
    let count = u32::from(unsafe { (*list).AceCount });
    (0..count).filter_map(move |index| {
        let mut start = ptr::null_mut();
        // SAFETY: the list is valid, and there is room for the answer.
        if unsafe { GetAce(list, index, &mut start) } == 0 {
            return None;
        }
        let start = start.cast_const().cast::<ACE_HEADER>();
        // SAFETY: an entry begins with its header.
        let header = unsafe { *start };
        let allows = matches!(
            u32::from(header.AceType),
            ACCESS_ALLOWED_ACE_TYPE | ACCESS_ALLOWED_CALLBACK_ACE_TYPE
        );
        let (mask, who) = if allows && usize::from(header.AceSize) >= size_of::<ACCESS_ALLOWED_ACE>() {
            let entry = start.cast::<ACCESS_ALLOWED_ACE>();
            // SAFETY: entries of these types have this form.
            unsafe { ((*entry).Mask, ptr::from_ref(&(*entry).SidStart).cast_mut().cast()) }
        } else {
            (0, ptr::null_mut())
        };
        Some(Entry {
            start,
            size: header.AceSize,
            applies: u32::from(header.AceFlags) & INHERIT_ONLY_ACE == 0,
            mask,
            who,
        })
    })
}

/// The user that this process runs as.
struct User(Vec<u64>);

impl User {
    fn current() -> io::Result<Self> {
        let mut token: HANDLE = ptr::null_mut();
        // SAFETY: the answer is the process's own token.
        succeeded(unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &mut token) })?;
        // SAFETY: it was opened just now.
        let token = unsafe { OwnedHandle::from_raw_handle(token) };
        sized(|buffer, size, needed| {
            // SAFETY: the token is open, and the buffer has room for `size` octets.
            unsafe { GetTokenInformation(token.as_raw_handle(), TokenUser, buffer, size, needed) }
        })
        .map(User)
    }

    fn sid(&self) -> PSID {
        // SAFETY: the buffer is aligned, and begins with this structure.
        unsafe { (*self.0.as_ptr().cast::<TOKEN_USER>()).User.Sid }
    }

    fn text(&self) -> io::Result<String> {
        let mut text = ptr::null_mut();
        // SAFETY: the identifier is valid, and there is room for the answer.
        succeeded(unsafe { ConvertSidToStringSidW(self.sid(), &mut text) })?;
        // SAFETY: it ends in a zero, and is freed once.
        unsafe {
            let length = (0..).take_while(|&at| *text.add(at) != 0).count();
            let read = String::from_utf16_lossy(std::slice::from_raw_parts(text, length));
            LocalFree(text.cast());
            Ok(read)
        }
    }
}

fn is_administrator() -> bool {
    let mut administrators = [0u64; LARGEST_SID.div_ceil(size_of::<u64>())];
    let (mut size, mut is_one) = (size_of_val(&administrators) as u32, 0);
    let sid = administrators.as_mut_ptr().cast();
    // SAFETY: there is room for the largest identifier, and for the answer.
    unsafe {
        CreateWellKnownSid(WinBuiltinAdministratorsSid, ptr::null_mut(), sid, &mut size) != 0
            && CheckTokenMembership(ptr::null_mut(), sid, &mut is_one) != 0
            && is_one != 0
    }
}

fn is_a(sid: PSID, kind: WELL_KNOWN_SID_TYPE) -> bool {
    // SAFETY: the identifier is valid.
    unsafe { IsWellKnownSid(sid, kind) != 0 }
}

/// Asks for the size of an answer, and then for the answer.
fn sized(ask: impl Fn(*mut c_void, u32, &mut u32) -> i32) -> io::Result<Vec<u64>> {
    let mut needed = 0;
    if ask(ptr::null_mut(), 0, &mut needed) == 0 {
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(ERROR_INSUFFICIENT_BUFFER as i32) {
            return Err(error);
        }
    }
    let mut buffer = vec![0u64; (needed as usize).div_ceil(size_of::<u64>()).max(1)];
    let size = size_of_val(buffer.as_slice()) as u32;
    succeeded(ask(buffer.as_mut_ptr().cast(), size, &mut needed))?;
    Ok(buffer)
}

fn succeeded(done: i32) -> io::Result<()> {
    match done {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

fn raw(file: &File) -> HANDLE {
    file.as_raw_handle()
}
