/// The choice of an architecture, computed: predictions of speed, memory and cost, from specs, hardware and published
/// figures.
@SuppressWarnings("requires-automatic")
module glia.plan {
    requires transitive glia.lab;
    requires hipparchus.core;
    requires tools.jackson.databind;
    requires tools.jackson.dataformat.csv;

    exports glia.plan.choose;
    exports glia.plan.data;
    exports glia.plan.machine;
    exports glia.plan.predict;
    exports glia.plan.published;
    exports glia.plan.scaling;
}
