package glia.jmh.compare;

import java.util.Locale;

/// The mixers that are compared, as [glia.model.fresh.YamlSpec] reads them. Those with heads have four.
enum Architecture {
    ELMAN("Elman RNN", "{kind: elman}"),
    GRU("GRU", "{kind: gru}"),
    LSTM("LSTM", "{kind: lstm}"),
    /// https://arxiv.org/abs/2312.00752
    MAMBA("Mamba", "{kind: mamba, state: 16}"),
    /// https://arxiv.org/abs/2405.21060. The inner size is 2 D.
    MAMBA_2("Mamba 2", "{kind: mamba2, state: 32, head-size: %2$d}"),
    /// https://arxiv.org/abs/2412.06464
    GATED_DELTA("gated DeltaNet", "{kind: gated-delta, heads: 4}"),
    /// https://arxiv.org/abs/2401.04658
    LIGHTNING("lightning attention", "{kind: lightning, heads: 4}"),
    SLIDING("sliding-window attention", "{kind: sliding-attention, heads: 4, window: %1$d}"),
    FULL("full attention", "{kind: attention, heads: 4}");

    /// The window of sliding-window attention, in tokens.
    static final int WINDOW = 64;

    private final String label;
    private final String mixer;

    Architecture(String label, String mixer) {
        this.label = label;
        this.mixer = mixer;
    }

    /// The name in charts and tables.
    String label() {
        return label;
    }

    /// The name in result files.
    String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// The mixer of a layer.
    ///
    /// @param hidden D, a multiple of 8
    String mixer(int hidden) {
        return String.format(Locale.ROOT, mixer, WINDOW, hidden / 2);
    }

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
}
