package glia.tensor.kernel;

/// The activation functions of MLPs, each with its value and its derivative in F64.
public enum Activation {
    /// `x · σ(x)`, https://arxiv.org/abs/1702.03118
    SILU {
        @Override
        public double value(double x) {
            return x / (1 + Math.exp(-x));
        }

        @Override
        public double derivative(double x) {
            double sigmoid = 1 / (1 + Math.exp(-x));
            return sigmoid * (1 + x * (1 - sigmoid));
        }
    },
    /// `x · Φ(x)` with the error function, https://arxiv.org/abs/1606.08415
    GELU {
        @Override
        public double value(double x) {
            return x * NormalDistribution.cdf(x);
        }

        @Override
        public double derivative(double x) {
            return NormalDistribution.cdf(x) + x * NormalDistribution.density(x);
        }
    },
    /// `x/2 · (1 + tanh(√(2/π)(x + 0.044715 x³)))`
    GELU_TANH {
        @Override
        public double value(double x) {
            return 0.5 * x * (1 + tanh(x));
        }

        @Override
        public double derivative(double x) {
            double tanh = tanh(x);
            double inner = SQRT_2_OVER_PI * (1 + 3 * CUBIC * x * x);
            return 0.5 * (1 + tanh) + 0.5 * x * (1 - tanh * tanh) * inner;
        }

        private static double tanh(double x) {
            return Math.tanh(SQRT_2_OVER_PI * (x + CUBIC * x * x * x));
        }
    },
    /// `tanh x`
    TANH {
        @Override
        public double value(double x) {
            return Math.tanh(x);
        }

        @Override
        public double derivative(double x) {
            return 1 - Math.tanh(x) * Math.tanh(x);
        }
    },
    /// `max(0, x)`
    RELU {
        @Override
        public double value(double x) {
            return Math.max(0, x);
        }

        @Override
        public double derivative(double x) {
            return x > 0 ? 1 : 0;
        }
    },
    /// `max(0, x)²`, https://arxiv.org/abs/2109.08668
    RELU_SQUARED {
        @Override
        public double value(double x) {
            return Math.max(0, x) * Math.max(0, x);
        }

        @Override
        public double derivative(double x) {
            return 2 * Math.max(0, x);
        }
    };

    private static final double SQRT_2_OVER_PI = 0.7978845608028654;
    private static final double CUBIC = 0.044715;

    /// The function's value.
    public abstract double value(double x);

    /// The function's derivative.
    public abstract double derivative(double x);
}
