/// Kernel backends: tiled matrix multiplication, the Vector API, machine code, and the choice among them.
module glia.kernels {
    requires transitive glia.tensor;
    requires static jdk.incubator.vector;

    exports glia.kernels;
}
