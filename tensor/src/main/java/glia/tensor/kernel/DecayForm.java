package glia.tensor.kernel;

/// How the decay rates A of a state-space recurrence, which are negative, are stored.
public enum DecayForm {
    /// As `w` with `A = -e^w`, which keeps A negative while it learns.
    LOGARITHM {
        @Override
        public double rate(double w) {
            return -Math.exp(w);
        }

        @Override
        public double slope(double w) {
            return -Math.exp(w);
        }
    },
    /// As A itself.
    RATE {
        @Override
        public double rate(double w) {
            return w;
        }

        @Override
        public double slope(double w) {
            return 1;
        }
    };

    /// A.
    public abstract double rate(double w);

    /// The derivative of A by what is stored.
    public abstract double slope(double w);
}
