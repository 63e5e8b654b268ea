package glia.model.spec;

import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Span;

/// The part of a sublayer that mixes: numbers of a token, or tokens of a sequence.
public sealed interface Mixer {
    /// Softmax attention, multi-head, grouped-query or multi-query by the number of key-value heads.
    /// https://arxiv.org/abs/1706.03762, https://arxiv.org/abs/2305.13245
    ///
    /// @param scale what scores are multiplied with
    /// @param headNorm norm of each head of queries and keys, before rotation
    record Attention(int numHeads, int numKeyValueHeads, int headSize, float scale, Rope rope, Span span, Norm headNorm,
            Bias bias) implements Mixer {
        public Attention {
            if (numHeads < 1 || numKeyValueHeads < 1 || numHeads % numKeyValueHeads != 0 || headSize < 1
                    || (long) numHeads * headSize > Integer.MAX_VALUE) {
                throw new IllegalArgumentException("attention with " + numHeads + " heads, " + numKeyValueHeads
                        + " key-value heads of size " + headSize);
            }
            if (rope instanceof Rope.Rotary rotary && rotary.rotatedSize() > headSize) {
                throw new IllegalArgumentException("rotary embedding of " + rotary.rotatedSize()
                        + " numbers in heads of " + headSize);
            }
            if (!Float.isFinite(scale)) {
                throw new IllegalArgumentException("attention scores times " + scale);
            }
        }

        /// The same attention with another rotation.
        public Attention withRope(Rope other) {
            return new Attention(numHeads, numKeyValueHeads, headSize, scale, other, span, headNorm, bias);
        }

        public int querySize() {
            return numHeads * headSize;
        }

        public int keyValueSize() {
            return numKeyValueHeads * headSize;
        }
    }

    /// `down(f(gate(x)) · up(x))`. https://arxiv.org/abs/2002.05202
    record GatedMlp(int intermediateSize, Activation activation, Bias bias) implements Mixer { }

    /// `down(f(up(x)))`.
    record Mlp(int intermediateSize, Activation activation, Bias bias) implements Mixer { }
}
