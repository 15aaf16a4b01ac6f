//! Generated bindings, one module per world. Nothing outside this crate sees a generated type.

/// The world `router-plugin`.
pub(crate) mod router {
    wasmtime::component::bindgen!({
        world: "router-plugin",
        path: "../../wit",
        imports: { default: trappable },
        with: {
            "routerlab:plugin/kernels.host-matrix": crate::kernels::HostMatrix,
            "routerlab:plugin/data.query-set": crate::data::QuerySet,
            "routerlab:plugin/data.training-set": crate::data::TrainingSet,
        },
    });
}

/// The world `sequential-router-plugin`; but for its one export all is that of `router-plugin`.
pub(crate) mod sequential {
    wasmtime::component::bindgen!({
        world: "sequential-router-plugin",
        path: "../../wit",
        imports: { default: trappable },
        with: {
            "routerlab:plugin/types": super::router::routerlab::plugin::types,
            "routerlab:plugin/log": super::router::routerlab::plugin::log,
            "routerlab:plugin/kernels": super::router::routerlab::plugin::kernels,
            "routerlab:plugin/data": super::router::routerlab::plugin::data,
            "routerlab:plugin/routing": super::router::routerlab::plugin::routing,
        },
    });
}

/// The world `evaluator-plugin`; what it shares with routers is generated once.
pub(crate) mod evaluator {
    wasmtime::component::bindgen!({
        world: "evaluator-plugin",
        path: "../../wit",
        imports: { default: trappable },
        with: {
            "routerlab:plugin/types": super::router::routerlab::plugin::types,
            "routerlab:plugin/log": super::router::routerlab::plugin::log,
        },
    });
}
