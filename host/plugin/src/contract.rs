//! What a component shows before anything of it is compiled: its imports and exports, and so its role and version.

use std::path::Path;

use wasmparser::{Encoding, Parser, Payload};

use crate::error::LoadError;

/// The version of the contract that this host speaks.
pub const CONTRACT_VERSION: &str = "0.1.1";

const PACKAGE: &str = "routerlab:plugin/";

/// What a component can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Exports `router`.
    Router,
    /// Exports `sequential-router`.
    SequentialRouter,
    /// Exports `evaluator`.
    Evaluator,
}

impl Role {
    const ALL: [Self; 3] = [Self::Router, Self::SequentialRouter, Self::Evaluator];

    /// The interface that a component of this role exports.
    #[must_use]
    pub fn interface(self) -> &'static str {
        match self {
            Self::Router => "router",
            Self::SequentialRouter => "sequential-router",
            Self::Evaluator => "evaluator",
        }
    }

    pub(crate) fn with_article(self) -> &'static str {
        match self {
            Self::Router => "a router",
            Self::SequentialRouter => "a sequential router",
            Self::Evaluator => "an evaluator",
        }
    }

    /// The interfaces of the contract that a component of this role may import.
    fn granted(self) -> &'static [&'static str] {
        match self {
            Self::Router | Self::SequentialRouter => &["log", "types", "kernels", "data", "routing"],
            Self::Evaluator => &["log", "types"],
        }
    }
}

/// Whether a component built for this version of the contract runs here: the same major and minor version, and a patch
/// that is not newer, because patches only add.
pub(crate) fn speaks(version: &str) -> bool {
    let parts = |version: &str| -> Option<[u64; 3]> {
        let parts: Vec<u64> = version.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
        parts.try_into().ok()
    };
    match (parts(version), parts(CONTRACT_VERSION)) {
        (Some(asked), Some(spoken)) => asked[..2] == spoken[..2] && asked[2] <= spoken[2],
        _ => false,
    }
}

/// Longest name of an import or export that is looked at.
const NAME_BYTES: usize = 256;

/// A name of the component's own, refused unless it can be shown as it is.
fn printable(name: &str) -> Result<String, String> {
    match name.len() <= NAME_BYTES && name.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
        true => Ok(name.to_owned()),
        false => {
            Err(format!("it has an import or export whose name is longer than {NAME_BYTES} bytes or not plain text"))
        }
    }
}

/// Names of the imports and exports of the outermost component, in order.
pub(crate) fn outer_names(bytes: &[u8]) -> Result<(Vec<String>, Vec<String>), String> {
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut depth = 0_usize;
    let damaged =
        |error: wasmparser::BinaryReaderError| format!("it is damaged at byte {}: {}", error.offset(), error.message());
    if bytes.is_empty() {
        return Err("the file is empty".into());
    }
    if !bytes.starts_with(b"\0asm") {
        return Err("it does not begin like WebAssembly".into());
    }
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(damaged)? {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                return Err("it is a core module; turn it into a component with `routerlab build`".into());
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    imports.push(printable(import.map_err(damaged)?.name.name)?);
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    exports.push(printable(export.map_err(damaged)?.name.name)?);
                }
            }
            _ => {}
        }
    }
    Ok((imports, exports))
}

pub(crate) fn role_of(path: &Path, exports: &[String]) -> Result<(Role, String), LoadError> {
    let mut roles = Vec::new();
    for export in exports {
        let Some((interface, version)) = export.strip_prefix(PACKAGE).and_then(|rest| rest.split_once('@')) else {
            continue;
        };
        if let Some(role) = Role::ALL.into_iter().find(|role| role.interface() == interface) {
            roles.push((role, version.to_owned()));
        }
    }
    let reason = match roles.len() {
        1 => return Ok(roles.remove(0)),
        0 if exports.is_empty() => {
            "exports nothing; it must export `routerlab:plugin/router` or another role".to_owned()
        }
        0 => format!("exports no role of routerlab:plugin, only: {}", exports.join(", ")),
        _ => "exports more than one role; build one component for each".to_owned(),
    };
    Err(LoadError::NoRole { path: path.to_owned(), reason })
}

pub(crate) fn check_imports(path: &Path, role: Role, imports: &[String]) -> Result<(), LoadError> {
    for import in imports {
        let ours = import.strip_prefix(PACKAGE).map(|rest| rest.split_once('@').unwrap_or((rest, "")));
        if ours.is_some_and(|(interface, version)| role.granted().contains(&interface) && speaks(version)) {
            continue;
        }
        let hint = if import.starts_with("wasi:") {
            "a plugin has no files, clock, network or randomness; build it for wasm32-unknown-unknown, or with WASI stubbed out"
        } else if ours.is_some() && role == Role::Evaluator {
            "an evaluator may import `log` only"
        } else {
            "a router may import `log`, `data` and `kernels`, an evaluator `log`"
        };
        return Err(LoadError::ImportRefused { path: path.to_owned(), import: import.clone(), hint });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_outside_the_grant_are_named() {
        let cases = [
            (Role::Router, "routerlab:plugin/kernels@0.1.0", None),
            (Role::Evaluator, "routerlab:plugin/log@0.1.0", None),
            (Role::Evaluator, "routerlab:plugin/kernels@0.1.0", Some("an evaluator may import `log` only")),
            (Role::Router, "wasi:clocks/monotonic-clock@0.2.0", Some("no files, clock")),
            (Role::Router, "env", Some("a router may import")),
            (Role::Router, "routerlab:plugin/kernels@0.1.9", Some("a router may import")),
            (Role::Router, "routerlab:plugin/kernels", Some("a router may import")),
        ];
        for (role, import, hint) in cases {
            let result = check_imports(Path::new("x.wasm"), role, &[import.to_owned()]);
            match hint {
                None => assert!(result.is_ok(), "{import}"),
                Some(hint) => {
                    let message = result.expect_err(import).to_string();
                    assert!(message.contains(hint) && message.contains(import), "{message}");
                }
            }
        }
    }

    #[test]
    fn older_patches_of_the_contract_are_spoken_and_nothing_else() {
        for version in ["0.1.0", CONTRACT_VERSION] {
            assert!(speaks(version), "{version:?}");
        }
        for version in ["0.1.2", "0.2.0", "1.1.0", "0.1", "0.1.0.0", "0.1.x", ""] {
            assert!(!speaks(version), "{version:?}");
        }
    }

    #[test]
    fn a_name_that_would_play_tricks_is_refused() {
        assert_eq!(printable("routerlab:plugin/log@0.1.0").as_deref(), Ok("routerlab:plugin/log@0.1.0"));
        for name in ["a\u{1b}[2J", "a\nb", "\u{202e}a", &"x".repeat(257)] {
            assert!(printable(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn what_is_no_component_is_told_apart() {
        let cases: [(&[u8], &str); 4] = [
            (b"", "the file is empty"),
            (b"hello", "it does not begin like WebAssembly"),
            (b"\0asm\x01\0\0\0", "it is a core module; turn it into a component with `routerlab build`"),
            (b"\0asm\x0d\0\x01\0\xff", "it is damaged at byte"),
        ];
        for (bytes, message) in cases {
            let error = outer_names(bytes).expect_err(message);
            assert!(error.starts_with(message), "{error}");
        }
    }
}
