package glia.model.spec;

/// The valid range of a number in a spec, by its purpose. Numbers outside are refused in config.json, in GGUF metadata
/// and in specs written by hand. The ranges are far wider than those of published models; none contains NaN or
/// infinity.
public enum NumberRange {
    /// The number of layers.
    LAYERS("a number of layers", 1, 10_000),
    /// The number of experts of a layer.
    EXPERTS("a number of experts", 0, 65_536),
    /// A size of at least 1: heads, channels, positions, vocabulary.
    SIZE("a size", 1, Integer.MAX_VALUE),
    /// A count that may be 0.
    COUNT("a count", 0, Integer.MAX_VALUE),
    /// The epsilon of a norm.
    EPSILON("an epsilon", 1e-30, 1),
    /// θ, the base of rotary frequencies.
    ROPE_THETA("a RoPE base", 2, 1e18),
    /// A factor or bound of RoPE scaling.
    ROPE_FACTOR("a RoPE factor", 1e-3, 1e6),
    /// A divisor of one RoPE frequency; 1e30 stops the rotation.
    ROPE_DIVISOR("a divisor of a RoPE frequency", 1e-3, 1e30),
    /// A fixed factor of activations, scores or logits.
    FACTOR("a factor", 1e-6, 1e6),
    /// A factor that may be 0.
    WEIGHT("a factor", 0, 1e6),
    /// A lower bound of the logarithms of decays.
    LOG_DECAY("a logarithm of a decay", -1e6, -1e-6),
    /// A cap of scores, logits or activations.
    CAP("a cap", 1e-3, 1e9),
    /// A part of a whole.
    FRACTION("a fraction", 1e-6, 1);

    private final String meaning;
    private final double least;
    private final double most;

    NumberRange(String meaning, double least, double most) {
        this.meaning = meaning;
        this.least = least;
        this.most = most;
    }

    /// Whether the number is in the range; NaN never is.
    public boolean holds(double x) {
        return x >= least && x <= most;
    }

    /// A description of the range, such as `a RoPE base from 2 to 1.0E18`.
    public String expected() {
        return meaning + " from " + text(least) + " to " + text(most);
    }

    /// Checks a number of a spec.
    ///
    /// @param name of the number, for the message
    /// @throws IllegalArgumentException if it is outside of the range
    public double require(String name, double x) {
        if (!holds(x)) {
            throw new IllegalArgumentException(name + ": found " + text(x) + ", expected " + expected());
        }
        return x;
    }

    /// The text of a number, without a fraction if it has none.
    public static String text(double x) {
        return x == Math.rint(x) && Math.abs(x) < 1e10 ? Long.toString((long) x) : Double.toString(x);
    }
}
