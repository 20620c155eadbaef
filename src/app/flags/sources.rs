//! The sources of a command line, and what the reading flags say of them.

use crate::cli::{ReadingFlags, SourceArg};
use crate::protocol::{Distrust, Fault, Password, Source};

/// Gives the sources of the command line what its reading flags say.
pub(super) struct Opener<'a> {
    pub(super) flags: &'a ReadingFlags,
    pub(super) password: Option<Password>,
}

impl<'a> Opener<'a> {
    /// Refuses flags that would say nothing about any of the sources.
    pub(super) fn new<'s>(
        flags: &'a ReadingFlags,
        mut sources: impl Iterator<Item = Named<'s>>,
    ) -> Result<Self, Fault> {
        let about_tls = [
            ("--starttls", flags.starttls.is_some()),
            ("--timeout", flags.timeout.is_some()),
            ("--server-name", flags.server_name.is_some()),
        ];
        let given = about_tls.iter().find(|(_, given)| *given);
        if let Some((flag, _)) = given
            && !sources.any(|(_, _, source)| matches!(source, Source::Tls(_)))
        {
            return Err(Fault::usage(format!(
                "{flag}: goes with a tls:// source, and none is given"
            )));
        }
        let file = flags.password_file.clone().map(Password::File);
        Ok(Opener {
            flags,
            password: file.or_else(|| flags.password_env.clone().map(Password::Env)),
        })
    }

    /// A source with the password, which is looked for where the source needs one.
    pub(super) fn secret(&self, source: &Source) -> Source {
        match &self.password {
            Some(password) => self.plain(source).with_password(password.clone()),
            None => self.plain(source),
        }
    }

    /// A source that needs none.
    fn plain(&self, source: &Source) -> Source {
        let mut source = source.clone();
        if let Source::Tls(tls) = &mut source {
            tls.starttls = self.flags.starttls;
            tls.timeout = self.flags.timeout;
            tls.server_name.clone_from(&self.flags.server_name);
        }
        source
    }

    pub(super) fn distrust(&self, distrust: &Distrust) -> Distrust {
        match distrust {
            Distrust::Source(source) => Distrust::Source(self.secret(source)),
            Distrust::Key(key) => Distrust::Key(*key),
        }
    }
}

/// A source of the command line: its flag, how it was typed, what it means.
type Named<'a> = (&'static str, &'a str, &'a Source);

pub(super) fn named<'a>(flag: &'static str, args: &'a [SourceArg]) -> impl Iterator<Item = Named<'a>> {
    args.iter().map(move |arg| (flag, arg.typed.as_str(), &arg.source))
}

/// Whether one says `-`; more than one may not.
pub(super) fn one_stdin<'a>(typed: impl Iterator<Item = (&'a str, &'a str)>) -> Result<bool, Fault> {
    let flags: Vec<_> = typed.filter(|(_, typed)| *typed == "-").map(|(flag, _)| flag).collect();
    if flags.len() > 1 {
        let message = format!(
            "- (standard input) can be given once, and is given for {}",
            flags.join(" and ")
        );
        return Err(Fault::usage(message));
    }
    Ok(!flags.is_empty())
}
