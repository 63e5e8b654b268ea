package glia.jmh.compare;

/// The sizes of the models that are compared.
enum Size {
    SMALL("0.1 M", 100_000, 2),
    MEDIUM("0.3 M", 300_000, 3),
    LARGE("1 M", 1_000_000, 4);

    private final String label;
    private final long parameters;
    private final int layers;

    Size(String label, long parameters, int layers) {
        this.label = label;
        this.parameters = parameters;
        this.layers = layers;
    }

    String label() {
        return label;
    }

    /// The number of parameters that each architecture comes close to.
    long parameters() {
        return parameters;
    }

    /// Layers of a mixer and an MLP.
    int layers() {
        return layers;
    }
}
