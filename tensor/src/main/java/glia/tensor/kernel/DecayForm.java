package glia.tensor.kernel;

/// How the negative decay rates A of a state-space model are stored.
public enum DecayForm {
    /// As `w` with `A = -e^w`, which keeps A negative during training.
    LOGARITHM {
        @Override
        public double rate(double w) {
            return -Math.exp(w);
        }

        @Override
        public double derivative(double w) {
            return -Math.exp(w);
        }

        @Override
        public double stored(double rate) {
            return Math.log(-rate);
        }
    },
    /// As A itself.
    RATE {
        @Override
        public double rate(double w) {
            return w;
        }

        @Override
        public double derivative(double w) {
            return 1;
        }

        @Override
        public double stored(double rate) {
            return rate;
        }
    },
    /// As -A.
    POSITIVE {
        @Override
        public double rate(double w) {
            return -w;
        }

        @Override
        public double derivative(double w) {
            return -1;
        }

        @Override
        public double stored(double rate) {
            return -rate;
        }
    };

    /// Returns A.
    public abstract double rate(double w);

    /// Returns the derivative of A with respect to the stored value.
    public abstract double derivative(double w);

    /// Returns what is stored for A.
    public abstract double stored(double rate);
}
