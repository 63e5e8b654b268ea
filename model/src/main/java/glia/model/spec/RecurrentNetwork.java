package glia.model.spec;

import glia.tensor.ops.scan.RecurrentCell;
import java.util.List;

/// A classic recurrent network over the tokens: Elman's, a GRU or an LSTM, with the weights of PyTorch's `nn.RNN`,
/// `nn.GRU` and `nn.LSTM` of one layer (`RecurrentCell`). No family of checkpoints has it; it is there for specs made
/// by hand, to be compared with the rest. As in the first language models of its kind it takes the place of the stream
/// where the residual is `Residual.Normed(0, 1)`.
///
/// @param size H, the numbers of the hidden state
/// @param bias of the input's and the recurrence's gates
/// @param output how the hidden state becomes a token's numbers
public record RecurrentNetwork(RecurrentCell cell, int size, Bias bias, Output output) implements Mixer {
    /// What follows the recurrence.
    public enum Output {
        /// Nothing: the hidden state is as wide as the stream.
        STATE,
        /// A matrix `[D, H]`.
        PROJECTED
    }

    public RecurrentNetwork {
        if (size < 1) {
            throw new IllegalArgumentException("a recurrent network of " + size + " numbers");
        }
        Math.multiplyExact(cell.numGates(), size);
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        if (output == Output.STATE && size != hidden) {
            throw new IllegalArgumentException("the state of a recurrent network has " + size
                    + " numbers and the stream " + hidden + "; project it");
        }
        long gates = (long) cell.numGates() * size;
        shapes.linear(Role.INPUT, Role.INPUT_BIAS, bias != Bias.NONE, gates, hidden);
        shapes.linear(Role.RECURRENCE, Role.RECURRENCE_BIAS, bias != Bias.NONE, gates, size);
        if (output == Output.PROJECTED) {
            shapes.linear(Role.OUTPUT, Role.OUTPUT_BIAS, bias == Bias.ALL, hidden, size);
        }
    }

    @Override
    public List<CacheKind> caches() {
        return List.of(new CacheKind.Recurrence(Math.multiplyExact(cell.numVectors(), size)));
    }

    @Override
    public String describe() {
        return switch (cell) {
            case ELMAN -> "Elman network";
            case GRU, LSTM -> cell.name();
        } + " of " + size;
    }
}
