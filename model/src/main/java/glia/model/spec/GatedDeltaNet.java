package glia.model.spec;

import glia.tensor.kernel.DecayForm;
import glia.tensor.ops.scan.HeadSharing;
import java.util.List;

/// Gated DeltaNet (https://arxiv.org/abs/2412.06464): a linear recurrence in place of attention. Queries, keys and
/// values go through a causal convolution and SiLU, queries and keys are normed to length 1; each value head keeps a
/// matrix that decays and is corrected towards the value at its key (`GatedDelta`); the heads are normed and gated.
///
/// @param numKeyHeads heads of queries and keys
/// @param numValueHeads heads of values, as many or a multiple
/// @param eps of the heads' norm
/// @param order which value heads share a key head
/// @param decay how the decay rates are stored
public record GatedDeltaNet(int numKeyHeads, int numValueHeads, int keySize, int valueSize, Convolution convolution,
        float eps, Inputs inputs, HeadSharing order, DecayForm decay) implements Mixer {
    /// How the projections of the input are joined.
    public enum Inputs {
        /// `[q | k | v]` of all heads, the gates z, β and the steps, each by itself.
        SEPARATE,
        /// For each key head `[q | k | its v | its z]`, and `[its β | its steps]`.
        BY_KEY_HEAD,
        /// `[q | k | v]` of all heads, the gates z, and for each key head `[its β | its steps]`.
        GATES_BY_KEY_HEAD
    }

    public GatedDeltaNet {
        if (numKeyHeads < 1 || numValueHeads < 1 || numValueHeads % numKeyHeads != 0 || keySize < 1 || valueSize < 1) {
            throw new IllegalArgumentException("a gated delta net with " + numKeyHeads + " key heads of " + keySize
                    + ", " + numValueHeads + " value heads of " + valueSize);
        }
        NumberRange.EPSILON.require("epsilon of the head norm", eps);
        // All sizes fit 32 bits.
        Math.multiplyExact(Math.multiplyExact(numValueHeads, valueSize), keySize);
        Math.addExact(Math.multiplyExact(2 * numKeyHeads, keySize), Math.multiplyExact(2 * numValueHeads, valueSize));
    }

    /// As the families define it: heads in groups, decays as logarithms.
    public GatedDeltaNet(int numKeyHeads, int numValueHeads, int keySize, int valueSize, Convolution convolution,
            float eps, Inputs inputs) {
        this(numKeyHeads, numValueHeads, keySize, valueSize, convolution, eps, inputs, HeadSharing.GROUPED,
                DecayForm.LOGARITHM);
    }

    /// The same stored in another way.
    public GatedDeltaNet with(Inputs otherInputs, HeadSharing otherOrder, DecayForm otherDecay) {
        return new GatedDeltaNet(numKeyHeads, numValueHeads, keySize, valueSize, convolution, eps, otherInputs,
                otherOrder, otherDecay);
    }

    /// The numbers of all keys of a token.
    public int keysSize() {
        return numKeyHeads * keySize;
    }

    /// The numbers of all values of a token.
    public int valuesSize() {
        return numValueHeads * valueSize;
    }

    /// What goes through the convolution.
    public int numChannels() {
        return 2 * keysSize() + valuesSize();
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        switch (inputs) {
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
        convolution.parameters(shapes, numChannels());
        shapes.add(Role.STEPS_OFFSET, numValueHeads);
        shapes.add(Role.DECAY, numValueHeads);
        shapes.add(Role.GATED_NORM, valueSize);
        shapes.add(Role.OUTPUT, hidden, valuesSize());
    }

    /// The convolution's last inputs, then the matrices.
    @Override
    public List<CacheKind> caches() {
        return List.of(convolution.cache(numChannels()),
                new CacheKind.Recurrence(numValueHeads * keySize * valueSize));
    }

    @Override
    public String describe() {
        return "gated DeltaNet, " + numValueHeads + " heads"
                + (numValueHeads == numKeyHeads ? "" : " over " + numKeyHeads + " of queries and keys") + ", state "
                + keySize + "×" + valueSize + ", convolution of " + convolution.size();
    }
}
