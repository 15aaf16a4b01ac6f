//! The definitions that ship with the program.

/// Texts of `datasets/<id>.toml` by their ids.
macro_rules! shipped {
    ($($id:literal,)+) => {
        /// Every definition that ships with the program: its id and the text of its file, in the order of the ids.
        pub const SHIPPED: &[(&str, &str)] =
            &[$(($id, include_str!(concat!("../../../../datasets/", $id, ".toml"))),)+];
    };
}

shipped! {
    "aime",
    "arc-agi",
    "arcc",
    "arenahard",
    "bbh",
    "brainteaser",
    "dailydialog",
    "emorynlp",
    "finqa",
    "frontierscience",
    "gpqa",
    "hle",
    "humaneval",
    "kandk",
    "korbench",
    "livecodebench",
    "livemathbench",
    "math500",
    "mathbench",
    "mbpp",
    "medqa",
    "meld",
    "mmlupro",
    "sgibench-deepresearch",
    "sgibench-wetexperiment",
    "simpleqa",
    "studenteval",
    "swe-bench",
    "tau2",
    "truthfulqa",
    "winogrande",
}

/// The text of a shipped definition.
pub fn shipped(id: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(name, _)| *name == id).map(|(_, text)| *text)
}
