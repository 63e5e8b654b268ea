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

    /// The standard normal distribution: `Φ(x)` and its density `φ(x)`, for GELU and its gradient.
    ///
    /// Φ is exact to about 1e-14: near each node of a fine grid it is a Taylor series, whose derivatives are φ times
    /// Hermite polynomials; at the nodes it is `1/2 + φ(x)(x + x³/3 + x⁵/(3·5) + …)`
    /// (https://doi.org/10.18637/jss.v011.i04).
    public static final class NormalDistribution {
        private static final double INVERSE_SQRT_2_PI = 0.3989422804014327;
        /// Beyond this, Φ is 0 or 1 to within 1e-15.
        private static final int LIMIT = 8;
        private static final int NODES_PER_UNIT = 64;
        private static final double[] CDF = new double[2 * LIMIT * NODES_PER_UNIT + 1];
        private static final double[] DENSITY = new double[CDF.length];

        static {
            for (int i = 0; i < CDF.length; i++) {
                double x = (double) i / NODES_PER_UNIT - LIMIT;
                DENSITY[i] = density(x);
                CDF[i] = 0.5 + DENSITY[i] * series(x);
            }
        }

        private NormalDistribution() { }

        private static double series(double x) {
            double sum = 0;
            double term = x;
            for (int k = 3; sum + term != sum; k += 2) {
                sum += term;
                term *= x * x / k;
            }
            return sum;
        }

        /// `φ(x) = exp(-x²/2) / √(2π)`
        public static double density(double x) {
            return Math.exp(-0.5 * x * x) * INVERSE_SQRT_2_PI;
        }

        /// `Φ(x) = ∫ φ from -∞ to x = (1 + erf(x/√2)) / 2`
        public static double cdf(double x) {
            if (!(Math.abs(x) < LIMIT)) {
                return Double.isNaN(x) ? x : x < 0 ? 0 : 1;
            }
            int node = (int) Math.rint((x + LIMIT) * NODES_PER_UNIT);
            double at = (double) node / NODES_PER_UNIT - LIMIT;
            double h = x - at;
            double sq = at * at;
            double slope = 1 + h * (-at / 2 + h * ((sq - 1) / 6 + h * (at * (3 - sq) / 24
                    + h * ((sq * sq - 6 * sq + 3) / 120 + h * at * (-sq * sq + 10 * sq - 15) / 720))));
            return CDF[node] + DENSITY[node] * h * slope;
        }

        /// `Φ⁻¹(p)`, by bisection.
        public static double quantile(double p) {
            double low = -LIMIT;
            double high = LIMIT;
            for (double x = 0; low < x && x < high; x = (low + high) / 2) {
                if (cdf(x) < p) {
                    low = x;
                } else {
                    high = x;
                }
            }
            return low;
        }
    }
}
