/// Inspection and measurement: comparison with references, attention, experts, catalogue, benchmark, perplexity,
/// evaluation by tasks.
module glia.lab {
    requires transitive glia.engine;

    exports glia.lab;
    exports glia.lab.attention;
    exports glia.lab.catalogue;
    exports glia.lab.check;
    exports glia.lab.eval;
    exports glia.lab.lens;
}
