package glia.model.spec;

import glia.tensor.ops.scan.RecurrentScan.RecurrentCell;
import java.util.List;

/// A recurrent network: Elman, GRU or LSTM, with the weights of a one-layer `nn.RNN`, `nn.GRU` or `nn.LSTM` of PyTorch
/// (`RecurrentCell`). No checkpoint family uses it; it is for specs written by hand, as a baseline. With
/// `Residual.Normed(0, 1)` there is no residual connection, as in early RNN language models.
///
/// @param size H, the size of the hidden state
/// @param bias of the input and the recurrent gates
/// @param output the map from the hidden state to the stream
public record RecurrentNetwork(RecurrentCell cell, int size, Bias bias, Output output) implements Mixer {
    /// The map from the hidden state to the stream.
    public enum Output {
        /// None; H = D.
        STATE,
        /// A projection `[D, H]`.
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
        shapes.linear(Role.INPUT, Role.INPUT_BIAS, bias.ofInputs(), gates, hidden);
        shapes.linear(Role.RECURRENCE, Role.RECURRENCE_BIAS, bias.ofInputs(), gates, size);
        if (output == Output.PROJECTED) {
            shapes.linear(Role.OUTPUT, Role.OUTPUT_BIAS, bias.ofOutput(), hidden, size);
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
