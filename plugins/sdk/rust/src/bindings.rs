//! Generated bindings, one module per world.

/// The world `router-plugin`.
pub mod router {
    wit_bindgen::generate!({
        world: "router-plugin",
        path: "../../../wit",
        pub_export_macro: true,
        default_bindings_module: "routerlab_sdk::bindings::router",
        runtime_path: "routerlab_sdk::export::rt",
    });
}

/// The world `evaluator-plugin`; what it shares with routers is generated once.
pub mod evaluator {
    wit_bindgen::generate!({
        world: "evaluator-plugin",
        path: "../../../wit",
        pub_export_macro: true,
        default_bindings_module: "routerlab_sdk::bindings::evaluator",
        runtime_path: "routerlab_sdk::export::rt",
        with: {
            "routerlab:plugin/types@0.1.0": crate::bindings::router::routerlab::plugin::types,
            "routerlab:plugin/log@0.1.0": crate::bindings::router::routerlab::plugin::log,
        },
    });
}
