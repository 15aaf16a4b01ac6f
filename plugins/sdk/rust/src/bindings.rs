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

/// The world `sequential-router-plugin`; but for its one export all is that of `router-plugin`.
pub mod sequential {
    wit_bindgen::generate!({
        world: "sequential-router-plugin",
        path: "../../../wit",
        pub_export_macro: true,
        default_bindings_module: "routerlab_sdk::bindings::sequential",
        runtime_path: "routerlab_sdk::export::rt",
        with: {
            "routerlab:plugin/types@0.1.1": crate::bindings::router::routerlab::plugin::types,
            "routerlab:plugin/log@0.1.1": crate::bindings::router::routerlab::plugin::log,
            "routerlab:plugin/kernels@0.1.1": crate::bindings::router::routerlab::plugin::kernels,
            "routerlab:plugin/data@0.1.1": crate::bindings::router::routerlab::plugin::data,
            "routerlab:plugin/routing@0.1.1": crate::bindings::router::routerlab::plugin::routing,
        },
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
            "routerlab:plugin/types@0.1.1": crate::bindings::router::routerlab::plugin::types,
            "routerlab:plugin/log@0.1.1": crate::bindings::router::routerlab::plugin::log,
        },
    });
}
