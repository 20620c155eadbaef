//! The files that `same-ca fleet` writes: a flag for each format of `render`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches, value_parser};

use crate::render::{FLEET_FORMATS, FleetFormat};

use super::help::FILES;

/// The files that `same-ca fleet` writes in one run, by their flags.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FleetFiles(BTreeMap<&'static str, PathBuf>);

impl FleetFiles {
    /// The file of a format, where one is asked for.
    pub fn of(&self, format: &dyn FleetFormat) -> Option<&Path> {
        self.0.get(format.flag()).map(PathBuf::as_path)
    }
}

impl Args for FleetFiles {
    fn augment_args(command: Command) -> Command {
        let arg = |format: &&dyn FleetFormat| {
            Arg::new(format.flag())
                .long(format.flag())
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help_heading(FILES)
                .help(format.help())
        };
        command.args(FLEET_FORMATS.iter().map(arg))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for FleetFiles {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let file = |format: &&dyn FleetFormat| {
            let path = matches.get_one::<PathBuf>(format.flag())?;
            Some((format.flag(), path.clone()))
        };
        Ok(FleetFiles(FLEET_FORMATS.iter().filter_map(file).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.extend(FleetFiles::from_arg_matches(matches)?.0);
        Ok(())
    }
}
