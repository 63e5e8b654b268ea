package glia.model.spec;

import glia.tensor.ops.scan.MatrixMemoryScan;
import java.util.List;

/// The mLSTM of xLSTM (https://arxiv.org/abs/2405.04517), in place of attention: `out(σ(gate(x)) ⊙ norm(y))` with y of
/// `MatrixMemoryScan`, whose input and forget gates are soft-capped. Each head is layer-normalized.
///
/// @param gateCap the cap of the gates before their exponential or sigmoid
/// @param eps epsilon of the head norm
/// @param divisorEps what the recurrence adds to its divisor
/// @param bias the biases of all projections and of the head norm, or none; the gates of the recurrence have theirs
public record MatrixMemory(int numHeads, int keySize, int valueSize, float gateCap, float eps, float divisorEps,
        Bias bias) implements Mixer {
    public MatrixMemory {
        if (numHeads < 1 || keySize < 1 || valueSize < 1) {
            throw new IllegalArgumentException("mLSTM with " + numHeads + " heads of " + keySize + " and values of "
                    + valueSize);
        }
        NumberRange.CAP.require("cap of the gates", gateCap);
        NumberRange.EPSILON.require("epsilon of the head norm", eps);
        NumberRange.EPSILON.require("epsilon of the divisor", divisorEps);
        MatrixMemoryScan.stateSize(numHeads, keySize, valueSize);
    }

    /// The width of all values together.
    public int valuesSize() {
        return numHeads * valueSize;
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        boolean biased = bias != Bias.NONE;
        shapes.linear(Role.QUERY, Role.QUERY_BIAS, biased, (long) numHeads * keySize, hidden);
        shapes.linear(Role.KEY, Role.KEY_BIAS, biased, (long) numHeads * keySize, hidden);
        shapes.linear(Role.VALUE, Role.VALUE_BIAS, biased, valuesSize(), hidden);
        shapes.linear(Role.GATE, Role.GATE_BIAS, biased, valuesSize(), hidden);
        shapes.linear(Role.INPUT_GATE, Role.INPUT_GATE_BIAS, true, numHeads, hidden);
        shapes.linear(Role.FORGET_GATE, Role.FORGET_GATE_BIAS, true, numHeads, hidden);
        shapes.add(Role.GATED_NORM, valuesSize());
        if (biased) {
            shapes.add(Role.GATED_NORM_BIAS, valuesSize());
        }
        shapes.linear(Role.OUTPUT, Role.OUTPUT_BIAS, biased, hidden, valuesSize());
    }

    @Override
    public List<CacheKind> caches() {
        return List.of(new CacheKind.Recurrence(MatrixMemoryScan.stateSize(numHeads, keySize, valueSize)));
    }

    @Override
    public String describe() {
        return "mLSTM, " + numHeads + " heads, memory " + keySize + "×" + valueSize;
    }
}
