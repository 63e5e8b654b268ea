/// Sequence states, sampling and generation.
module glia.engine {
    requires transitive glia.model;

}
