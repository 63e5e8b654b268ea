package glia.tensor.autograd;

import glia.tensor.ops.Ops.Dropped;

/// The probabilities with which dropout sets values to 0 in training. The probabilities of attention have no dropout:
/// the kernels never hold them in memory.
///
/// @param embeddings of the embeddings of tokens, where layers begin
/// @param sublayers of the output of each sublayer, before it is added to the residual stream
/// @param heads of the input of a classification head
/// @param adapters of the input of low-rank adapters, `lora_dropout` in PEFT
/// @param seed the random seed
public record DropoutRates(double embeddings, double sublayers, double heads, double adapters, long seed) {
    /// No dropout.
    public static final DropoutRates NONE = new DropoutRates(0, 0, 0, 0, 0);

    public DropoutRates {
        for (double rate : new double[] {embeddings, sublayers, heads, adapters}) {
            if (!(rate >= 0 && rate < 1)) {
                throw new IllegalArgumentException("a dropout rate of " + rate + ", expected 0 or more and below 1");
            }
        }
    }

    /// Without dropout of adapters.
    public DropoutRates(double embeddings, double sublayers, double heads, long seed) {
        this(embeddings, sublayers, heads, 0, seed);
    }

    /// The same rates with another one for the inputs of adapters.
    public DropoutRates withAdapters(double rate) {
        return new DropoutRates(embeddings, sublayers, heads, rate, seed);
    }

    /// One rate for all places but adapters.
    public static DropoutRates of(double rate, long seed) {
        return new DropoutRates(rate, rate, rate, seed);
    }

    double of(Dropped what) {
        return switch (what) {
            case EMBEDDINGS -> embeddings;
            case SUBLAYER -> sublayers;
            case HEAD -> heads;
            case ADAPTER -> adapters;
        };
    }
}
