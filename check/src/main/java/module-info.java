/// Comparison with reference libraries.
module glia.check {
    requires glia.lab;
    requires transitive glia.reason;

    exports glia.check;
    exports glia.check.processor;
    exports glia.check.reference;
    exports glia.check.training;
}
