package glia.model.spec;

import glia.tensor.kernel.DecayForm;
import glia.tensor.ops.scan.GatedDelta.HeadSharing;
import java.util.List;

/// Gated DeltaNet (https://arxiv.org/abs/2412.06464), a linear recurrence in place of attention. Queries, keys and
/// values pass a causal convolution and SiLU; queries and keys are L2-normalized. Each value head has a state matrix,
/// updated by the gated delta rule (`GatedDelta`). The heads' output is normalized and gated.
///
/// @param numKeyHeads number of query and key heads
/// @param numValueHeads number of value heads, a multiple of that
/// @param eps epsilon of the output norm
/// @param order which value heads share a key head
/// @param decay how decay rates are stored
/// @param strongest the largest β: 1, or 2 if eigenvalues of the state's transition may be negative
///     (https://arxiv.org/abs/2411.12537)
/// @param gate the function of z
public record GatedDeltaNet(int numKeyHeads, int numValueHeads, int keySize, int valueSize, Convolution convolution,
        float eps, Inputs inputs, HeadSharing order, DecayForm decay, float strongest, OutputGate gate)
        implements Mixer {
    /// The function of the gates of the heads' output.
    public enum OutputGate { SILU, SIGMOID }

    /// How the input projections are fused.
    public enum Inputs {
        /// Six matrices: q, k and v, each with a convolution of its own, the gates z, β, and the steps.
        APART,
        /// Four matrices: `[q | k | v]` of all heads, the gates z, β, and the steps.
        SEPARATE,
        /// Two matrices, interleaved by key head: `[q | k | v | z]` and `[β | steps]`.
        BY_KEY_HEAD,
        /// Three matrices: `[q | k | v]` of all heads, the gates z, and `[β | steps]` interleaved by key head.
        GATES_BY_KEY_HEAD
    }

    public GatedDeltaNet {
        if (numKeyHeads < 1 || numValueHeads < 1 || numValueHeads % numKeyHeads != 0 || keySize < 1 || valueSize < 1) {
            throw new IllegalArgumentException("a gated delta net with " + numKeyHeads + " key heads of " + keySize
                    + ", " + numValueHeads + " value heads of " + valueSize);
        }
        NumberRange.EPSILON.require("epsilon of the head norm", eps);
        NumberRange.FACTOR.require("largest strength of updates", strongest);
        // All sizes fit 32 bits.
        Math.multiplyExact(Math.multiplyExact(numValueHeads, valueSize), keySize);
        Math.addExact(Math.multiplyExact(2 * numKeyHeads, keySize), Math.multiplyExact(2 * numValueHeads, valueSize));
    }

    /// The layout of the hub's checkpoints: grouped heads, logarithms of decays; β is below 1.
    public GatedDeltaNet(int numKeyHeads, int numValueHeads, int keySize, int valueSize, Convolution convolution,
            float eps, Inputs inputs) {
        this(numKeyHeads, numValueHeads, keySize, valueSize, convolution, eps, inputs, HeadSharing.GROUPED,
                DecayForm.LOGARITHM, 1, OutputGate.SILU);
    }

    /// A copy with another largest β.
    public GatedDeltaNet with(float otherStrongest) {
        return new GatedDeltaNet(numKeyHeads, numValueHeads, keySize, valueSize, convolution, eps, inputs, order, decay,
                otherStrongest, gate);
    }

    /// A copy with another gate.
    public GatedDeltaNet with(OutputGate other) {
        return new GatedDeltaNet(numKeyHeads, numValueHeads, keySize, valueSize, convolution, eps, inputs, order, decay,
                strongest, other);
    }

    /// A copy with another storage layout.
    public GatedDeltaNet with(Inputs otherInputs, HeadSharing otherOrder, DecayForm otherDecay) {
        return new GatedDeltaNet(numKeyHeads, numValueHeads, keySize, valueSize, convolution, eps, otherInputs,
                otherOrder, otherDecay, strongest, gate);
    }

    /// The width of all key heads together.
    public int keysSize() {
        return numKeyHeads * keySize;
    }

    /// The width of all value heads together.
    public int valuesSize() {
        return numValueHeads * valueSize;
    }

    /// The channels of the convolution: queries, keys and values.
    public int numChannels() {
        return 2 * keysSize() + valuesSize();
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        switch (inputs) {
            case APART -> {
                convolution.apart(shapes, hidden, keysSize(), valuesSize());
                shapes.add(Role.GATE, valuesSize(), hidden);
                shapes.add(Role.BETA, numValueHeads, hidden);
                shapes.add(Role.STEPS, numValueHeads, hidden);
            }
            case SEPARATE -> {
                shapes.add(Role.INPUT, numChannels(), hidden);
                shapes.add(Role.GATE, valuesSize(), hidden);
                shapes.add(Role.BETA, numValueHeads, hidden);
                shapes.add(Role.STEPS, numValueHeads, hidden);
            }
            case BY_KEY_HEAD -> {
                shapes.add(Role.INPUT, numChannels() + valuesSize(), hidden);
                shapes.add(Role.BETA_AND_STEPS, 2L * numValueHeads, hidden);
            }
            case GATES_BY_KEY_HEAD -> {
                shapes.add(Role.INPUT, numChannels(), hidden);
                shapes.add(Role.GATE, valuesSize(), hidden);
                shapes.add(Role.BETA_AND_STEPS, 2L * numValueHeads, hidden);
            }
        }
        if (inputs != Inputs.APART) {
            convolution.parameters(shapes, numChannels());
        }
        shapes.add(Role.STEPS_OFFSET, numValueHeads);
        shapes.add(Role.DECAY, numValueHeads);
        shapes.add(Role.GATED_NORM, valueSize);
        shapes.add(Role.OUTPUT, hidden, valuesSize());
    }

    /// The last inputs of the convolution, or of each of the three, then the state matrices.
    @Override
    public List<CacheKind> caches() {
        CacheKind state = new CacheKind.Recurrence(numValueHeads * keySize * valueSize);
        CacheKind keys = convolution.cache(keysSize());
        return inputs == Inputs.APART ? List.of(keys, keys, convolution.cache(valuesSize()), state)
                : List.of(convolution.cache(numChannels()), state);
    }

    @Override
    public String describe() {
        return "gated DeltaNet, " + numValueHeads + " heads"
                + (numValueHeads == numKeyHeads ? "" : " over " + numKeyHeads + " of queries and keys") + ", state "
                + keySize + "×" + valueSize + ", convolution of " + convolution.size();
    }
}
