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
    };

    /// Returns A.
    public abstract double rate(double w);

    /// Returns the derivative of A with respect to the stored value.
    public abstract double derivative(double w);
}
