//! What the export macros need and nobody else: the generated exports, filled from an author's trait.

#[cfg(target_arch = "wasm32")]
pub use wit_bindgen::rt;

/// The version of the author's package, known only where the macro is used.
pub trait Package {
    /// As in the package's manifest.
    const VERSION: &'static str;
}

#[cfg(target_arch = "wasm32")]
mod evaluator;
#[cfg(target_arch = "wasm32")]
mod router;
#[cfg(target_arch = "wasm32")]
mod sequential;
#[cfg(target_arch = "wasm32")]
pub use {evaluator::ExportedEvaluator, router::ExportedRouter, sequential::ExportedSequentialRouter};

/// Makes a type that implements [`crate::Router`] the router of this plugin. Once per package.
#[macro_export]
macro_rules! export_router {
    ($router:ty) => {
        $crate::export_plugin!($router, ExportedRouter, router);
    };
}

/// Makes a type that implements [`crate::SequentialRouter`] the router of this plugin. Once per package.
#[macro_export]
macro_rules! export_sequential_router {
    ($router:ty) => {
        $crate::export_plugin!($router, ExportedSequentialRouter, sequential);
    };
}

/// Makes a type that implements [`crate::Evaluator`] the evaluator of this plugin. Once per package.
#[macro_export]
macro_rules! export_evaluator {
    ($evaluator:ty) => {
        $crate::export_plugin!($evaluator, ExportedEvaluator, evaluator);
    };
}

/// What the three have in common: the type, the exports that are filled from its trait, and the world they are of.
#[doc(hidden)]
#[macro_export]
macro_rules! export_plugin {
    ($plugin:ty, $exported:ident, $world:ident) => {
        impl $crate::export::Package for $plugin {
            const VERSION: &'static str = ::core::env!("CARGO_PKG_VERSION");
        }

        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "the names under which the host finds the plugin")]
        const _: () = {
            type Exported = $crate::export::$exported<$plugin>;
            $crate::bindings::$world::export!(Exported);
        };
    };
}
