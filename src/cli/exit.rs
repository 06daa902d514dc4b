//! What the programs' exit codes mean.

use crate::model::Outcome;

/// How a command ended, as a script sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// A defect of the program.
    Internal,
    /// A result that did not come out the same again.
    Different,
    /// A command line, file or request that cannot be acted on.
    Usage,
    /// No capacity anywhere.
    NoCapacity,
    /// Quota forbids it everywhere.
    NoQuota,
    /// Credentials or permission.
    NotAuthorized,
    /// A bound on waiting or attempts was reached.
    TimedOut,
    /// The budget would be passed.
    OverBudget,
    /// Something could not be released and is still billed.
    NotReleased,
    /// A scenario's expectation or threshold was not met.
    Unmet,
    /// Interrupted by the user.
    Interrupted,
    /// The user's own work ended with this code.
    Job(u8),
}

impl Exit {
    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Internal | Self::Different => 1,
            Self::Usage => 2,
            Self::NoCapacity => 3,
            Self::NoQuota => 4,
            Self::NotAuthorized => 5,
            Self::TimedOut => 6,
            Self::OverBudget => 7,
            Self::NotReleased => 8,
            Self::Unmet => 99,
            Self::Interrupted => 130,
            Self::Job(code) => code,
        }
    }

    /// What an ended pursuit amounts to. A request that nothing offered could meet is the user's to change.
    pub const fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Placed => Self::Done,
            Outcome::Infeasible | Outcome::Invalid => Self::Usage,
            Outcome::NoCapacity => Self::NoCapacity,
            Outcome::NoQuota => Self::NoQuota,
            Outcome::NotAuthorized => Self::NotAuthorized,
            Outcome::TimedOut | Outcome::TooManyAttempts => Self::TimedOut,
            Outcome::OverBudget => Self::OverBudget,
            Outcome::Cancelled => Self::Interrupted,
        }
    }
}

/// The table that `--help` ends with.
pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0 done · 1 internal error, or not verified · 2 usage, invalid file or impossible request · 3 no capacity anywhere
  4 blocked by quota everywhere · 5 credentials or permission · 6 max-wait or max-attempts reached
  7 budget reached · 8 cleanup incomplete · 99 expectation not met (sky-sim) · 130 interrupted
  launch, exec, logs: a job's own exit code, once it ran";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_of_failure_has_its_own_code() {
        let outcomes = [
            (Outcome::Placed, 0),
            (Outcome::Infeasible, 2),
            (Outcome::NoCapacity, 3),
            (Outcome::NoQuota, 4),
            (Outcome::NotAuthorized, 5),
            (Outcome::TimedOut, 6),
            (Outcome::OverBudget, 7),
            (Outcome::Cancelled, 130),
        ];
        for (outcome, code) in outcomes {
            assert_eq!(Exit::of(outcome).code(), code, "{}", outcome.name());
        }
    }
}
