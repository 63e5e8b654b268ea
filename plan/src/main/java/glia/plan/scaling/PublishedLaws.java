package glia.plan.scaling;

/// Published laws of what parameters and tokens are worth: repeated data, bits of weights, experts. Each holds for the
/// data and sizes that it was fitted on; differences between its losses carry over better than the losses do.
public final class PublishedLaws {
    /// The refit of Chinchilla, https://arxiv.org/abs/2404.10102
    public static final ScalingLaw CHINCHILLA = new ScalingLaw(1.8172, 482.01, 2085.43, 0.3478, 0.3658, 0);
    private static final double REPETITIONS = 15.387756;
    private static final double ALPHA = 0.4965;
    private static final double A = 4299;
    private static final double B = 18060;
    private static final double E = 2.7648;
    private static final double WEIGHT_BITS = 2.6745;
    private static final double WEIGHT_SHIFT = 0.3037;
    private static final double QUANTIZED = 0.0598;
    private static final double QUANTIZED_TOKENS = 0.5068;
    private static final double QUANTIZED_SIZE = 0.3439;
    private static final double QUANTIZED_BITS = 0.5907;

    private PublishedLaws() { }

    /// The new tokens that are worth as much as `tokens` tokens of text of which `unique` differ:
    /// `U + U·R*·(1 - exp(-R / R*))`, with `R = D/U - 1` repetitions and R* = 15.4.
    ///
    /// Source: Scaling Data-Constrained Language Models, https://arxiv.org/abs/2305.16264
    ///
    /// @throws IllegalArgumentException if there are fewer tokens than unique ones, or none
    public static double newTokens(double tokens, double unique) {
        if (!(unique > 0 && unique <= tokens)) {
            throw new IllegalArgumentException("found " + unique + " unique tokens of " + tokens
                    + ", expected more than 0 and at most as many as the run is trained on");
        }
        return unique + unique * REPETITIONS * (1 - Math.exp(-(tokens / unique - 1) / REPETITIONS));
    }

    /// The parameters in 16 bits that are worth as much as N that are trained with weights of some bits:
    /// `N·(1 - exp(-(P + n) / γ))`, relative to that of 16 bits.
    ///
    /// Source: Scaling Laws for Precision, https://arxiv.org/abs/2411.04330
    public static double parametersIn(double parameters, double bits) {
        return parameters * kept(bits) / kept(16);
    }

    private static double kept(double bits) {
        return 1 - Math.exp(-(bits + WEIGHT_SHIFT) / WEIGHT_BITS);
    }

    /// The loss of a model trained with weights of some bits, then rounded to others:
    /// `A·N'^-α + B·D^-α + E + C·D^γD / N'^γN·exp(-P / γ)`. More tokens make rounding cost more.
    ///
    /// Source: Scaling Laws for Precision, https://arxiv.org/abs/2411.04330
    ///
    /// @param rounded bits after the training; 16 for no rounding
    public static double lossInBits(double parameters, double tokens, double bits, double rounded) {
        double effective = parameters * kept(bits);
        return A * Math.pow(effective, -ALPHA) + B * Math.pow(tokens, -ALPHA) + E + QUANTIZED
                * Math.pow(tokens, QUANTIZED_TOKENS) / Math.pow(effective, QUANTIZED_SIZE)
                * Math.exp(-rounded / QUANTIZED_BITS);
    }

    /// A router of experts with its coefficients: `log₁₀ L = a·log N + b·log Ê + c·log N·log Ê + d`, N the parameters
    /// of the dense model and Ê the experts, which saturate between `start` and `most`.
    ///
    /// Source: Unified Scaling Laws for Routed Language Models, https://arxiv.org/abs/2202.01169
    public enum Router {
        /// Balanced assignment.
        S_BASE(-0.082, -0.108, 0.009, 1.104, 1.847, 314.478),
        /// Trained by reinforcement learning.
        RL_R(-0.083, -0.126, 0.012, 1.111, 1.88, 469.982),
        /// Hashes of tokens.
        HASH(-0.087, -0.136, 0.012, 1.157, 4.175, 477.741);

        private final double a;
        private final double b;
        private final double c;
        private final double d;
        private final double start;
        private final double most;

        Router(double a, double b, double c, double d, double start, double most) {
            this.a = a;
            this.b = b;
            this.c = c;
            this.d = d;
            this.start = start;
            this.most = most;
        }

        /// The predicted loss after 130 billion tokens.
        ///
        /// @param parameters of the dense model: those that a token uses
        /// @param experts of a layer; 1 for a dense model
        public double loss(double parameters, double experts) {
            double n = Math.log10(parameters);
            double e = saturated(experts);
            return Math.pow(10, a * n + b * e + c * n * e + d);
        }

        private double saturated(double experts) {
            return -Math.log10(1 / (experts - 1 + 1 / (1 / start - 1 / most)) + 1 / most);
        }

        /// The parameters of a dense model with the same predicted loss.
        public double denseParameters(double parameters, double experts) {
            double target = Math.log10(loss(parameters, experts));
            double dense = saturated(1);
            return Math.pow(10, (target - d - b * dense) / (a + c * dense));
        }
    }
}
