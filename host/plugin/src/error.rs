//! What can go wrong with a plugin. Four kinds of failing call, never mixed, and what keeps a component from loading.

use std::path::PathBuf;

use crate::limits::{Limit, LimitReached};

/// Why a component could not be loaded. Nothing of it has run yet.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read component `{path}`: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// The component is larger, or takes more to compile, than it may.
    #[error("component `{path}` was stopped at its {limit}")]
    Stopped {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit: LimitReached,
    },
    /// The file is no WebAssembly component.
    #[error("`{path}` is not a WebAssembly component: {reason}")]
    NotAComponent {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        reason: String,
    },
    /// The component exports none of the roles, or more than one.
    #[error("component `{path}` {reason}")]
    NoRole {
        /// The file.
        path: PathBuf,
        /// What it exports instead.
        reason: String,
    },
    /// The component plays another role than the one that is asked of it.
    #[error("component `{path}` is {found}, but {wanted} is needed here")]
    WrongRole {
        /// The file.
        path: PathBuf,
        /// The role it has.
        found: &'static str,
        /// The role that is needed.
        wanted: &'static str,
    },
    /// The component was built for a version of the contract that this host does not speak.
    #[error(
        "component `{path}` was built for routerlab:plugin {found}, this host speaks {spoken}; rebuild it with the SDK of that version"
    )]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// The version it was built for.
        found: String,
        /// The version of this host.
        spoken: &'static str,
    },
    /// The component imports something that is not granted.
    #[error("component `{path}` imports `{import}`, which is not granted: {hint}")]
    ImportRefused {
        /// The file.
        path: PathBuf,
        /// The import.
        import: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// The component's imports or exports are not those of its role.
    #[error("component `{path}` does not fit the contract: {reason}")]
    Unfit {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// The component cannot be compiled.
    #[error("component `{path}` cannot be compiled: {reason}")]
    Compile {
        /// The file.
        path: PathBuf,
        /// What the compiler said.
        reason: String,
    },
    /// The sandbox itself cannot be set up on this machine.
    #[error("the sandbox cannot be set up: {0}")]
    Engine(String),
}

impl LoadError {
    /// Whether the component lies outside the contract, rather than the host or the file being at fault.
    #[must_use]
    pub fn breaks_contract(&self) -> bool {
        matches!(
            self,
            Self::ImportRefused { .. }
                | Self::OtherVersion { .. }
                | Self::NoRole { .. }
                | Self::WrongRole { .. }
                | Self::Unfit { .. }
        )
    }
}

/// A plugin's own words for why it says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The configuration has an unknown key or an impossible value.
    #[error("invalid configuration: {0}")]
    InvalidConfig(String),
    /// The plugin does not do this.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// The input or the state cannot be read.
    #[error("malformed input: {0}")]
    Malformed(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// How an answer, or a question to the host, lies outside the contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Breach(pub String);

/// What can go wrong in one call into a plugin.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallError {
    /// The plugin answered, and the answer was no.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// The plugin answered, or asked the host, outside its contract.
    #[error("broke its contract: {0}")]
    Breach(Breach),
    /// The plugin was stopped at a limit it was given.
    #[error("stopped at its {0}")]
    Stopped(LimitReached),
    /// The plugin crashed.
    #[error("trapped: {0}")]
    Trapped(String),
}

impl CallError {
    /// The kind in results: `refused`, `broke-contract`, `stopped` or `trapped`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Breach(_) => "broke-contract",
            Self::Stopped(_) => "stopped",
            Self::Trapped(_) => "trapped",
        }
    }

    /// Why a completion is wrong, where the failure of the evaluator that ran it is the completion's own doing: a program
    /// that does not end, fills the memory or the stack, floods its output, or leaves the interpreter for good. A refusal,
    /// a broken contract and limits that a program cannot reach by itself stay failures of the evaluator.
    #[must_use]
    pub fn is_the_items_doing(&self) -> Option<String> {
        use Limit::{AnswerBytes, Memory, RunFuel, Stack, TableElements};
        match self {
            Self::Stopped(LimitReached { limit: RunFuel | Memory | TableElements | Stack | AnswerBytes, .. })
            | Self::Trapped(_) => Some(self.to_string()),
            Self::Stopped(_) | Self::Refused(_) | Self::Breach(_) => None,
        }
    }
}

/// Raised inside a host function to end the guest's call.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum HostFault {
    #[error("{0}")]
    Breach(Breach),
    #[error("{0}")]
    Limit(LimitReached),
}

impl From<HostFault> for CallError {
    fn from(fault: HostFault) -> Self {
        match fault {
            HostFault::Breach(breach) => Self::Breach(breach),
            HostFault::Limit(limit) => Self::Stopped(limit),
        }
    }
}

impl From<Breach> for CallError {
    fn from(breach: Breach) -> Self {
        Self::Breach(breach)
    }
}

impl HostFault {
    /// A breach in words.
    pub(crate) fn breach(words: impl Into<String>) -> Self {
        Self::Breach(Breach(words.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_can_bring_about_by_itself_is_its_own_doing() {
        let stopped = |limit| CallError::Stopped(LimitReached { limit, value: 5 });
        let told = |error: CallError| error.is_the_items_doing();
        assert_eq!(
            told(stopped(Limit::RunFuel)),
            Some("stopped at its fuel limit of 5 units (`limits.run_fuel`)".into())
        );
        for limit in [Limit::Memory, Limit::TableElements, Limit::Stack, Limit::AnswerBytes] {
            assert!(told(stopped(limit)).is_some_and(|why| why.starts_with("stopped at its ")), "{limit:?}");
        }
        assert_eq!(told(CallError::Trapped("unreachable".into())), Some("trapped: unreachable".into()));
        // The batch's own budget is none of an item's.
        for limit in [Limit::ScoreFuel, Limit::DescribeFuel, Limit::Instances, Limit::Handles, Limit::HostBytes] {
            assert_eq!(told(stopped(limit)), None, "{limit:?}");
        }
        assert_eq!(told(CallError::Refused(Refusal::InvalidConfig("no".into()))), None);
        assert_eq!(told(CallError::Breach(Breach("no".into()))), None);
    }
}
