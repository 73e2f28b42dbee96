//! Why a file is not what an export wrote.

use thiserror::Error as ThisError;

use crate::error::quoted;
use crate::model::Seq;
use crate::session::Digest;

/// About a file that is imported, beside what is wrong with the values in it.
#[derive(Debug, Clone, PartialEq, ThisError)]
pub enum TransferError {
    /// Another kind of file.
    #[error("format = {} is not {expected:?}", quoted(.found))]
    FormatUnknown {
        /// What the file calls itself.
        found: String,
        /// What was asked for.
        expected: &'static str,
    },
    /// A version of the format that this program does not know.
    #[error("version = {found} of the format is not known here, only {known}")]
    VersionUnknown {
        /// What the file says.
        found: u64,
        /// What is known.
        known: u64,
    },
    /// The content is not what it was when its digest was made.
    #[error("the digest is {told}, the content has {found}")]
    DigestMismatch {
        /// The digest in the file.
        told: Digest,
        /// The digest of the content.
        found: Digest,
    },
    /// A line is not what was written, or does not follow the line before it.
    #[error("the line's sum is {told:016x}, its bytes have {found:016x}: it is not what was written here")]
    SumMismatch {
        /// The sum that the line carries.
        told: u64,
        /// The sum of its bytes.
        found: u64,
    },
    /// A line that does not end as lines of a log do.
    #[error("the line does not end with its sum")]
    SumMissing,
    /// Something that must be there does not come.
    #[error("the file ends before {missing}")]
    CutShort {
        /// What is missing.
        missing: &'static str,
    },
    /// One value is larger than any that an export writes.
    #[error("a value has more than {max} bytes")]
    ValueTooLarge {
        /// The most allowed.
        max: usize,
    },
    /// An event that is not the next one.
    #[error("event {found} does not follow: the next one is {expected}")]
    OutOfOrder {
        /// The seq that would follow.
        expected: Seq,
        /// The seq that came.
        found: Seq,
    },
    /// The file tells a number of things that are not there.
    #[error("{field} = {told}, but the file has {found}")]
    CountMismatch {
        /// What is counted.
        field: &'static str,
        /// The number in the file.
        told: u64,
        /// How many there are.
        found: u64,
    },
}
