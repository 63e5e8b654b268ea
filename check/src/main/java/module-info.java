/// Comparison of training with reference libraries.
module glia.check {
    requires transitive glia.reason;

    exports glia.check;
    exports glia.check.reference;
    exports glia.check.training;
}
