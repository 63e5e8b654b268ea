package glia.model.spec;

/// A factor of the queries that grows with the position, so that the softmax stays sharp over many keys.
public sealed interface Temperature {
    /// 1
    record Constant() implements Temperature { }

    /// `1 + rate · ln(1 + ⌊(position + offset) / step⌋)`. https://arxiv.org/abs/2501.19399
    record Logarithmic(double rate, int step, int offset) implements Temperature {
        public Logarithmic {
            NumberRange.WEIGHT.require("rate of the temperature", rate);
            NumberRange.SIZE.require("step of the temperature", step);
            NumberRange.COUNT.require("offset of the temperature", offset);
        }

        /// The factor at a position.
        public float at(int position) {
            return (float) (1 + rate * Math.log(1 + Math.floorDiv((long) position + offset, (long) step)));
        }
    }
}
