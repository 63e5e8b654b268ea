package glia.model.spec;

import java.util.Optional;

/// The residual connection: how the output u of a sublayer is added to the stream x.
public sealed interface Residual {
    /// Adds the parameters.
    default void parameters(Shapes shapes, int hidden) { }

    /// `x + u`
    Residual PLAIN = new Add(1);

    /// `x + scale · u`
    record Add(float scale) implements Residual {
        public Add {
            NumberRange.FACTOR.require("residual factor", scale);
        }
    }

    /// `w · (x + u)` with a stored scalar w, which training leaves as it is.
    record Scaled() implements Residual {
        @Override
        public void parameters(Shapes shapes, int hidden) {
            shapes.add(Role.LAYER_SCALE, 1);
        }
    }

    /// The same in an encoder and a decoder that share all parameters but these scalars.
    ///
    /// @param encodes whether it belongs to the encoder
    record ScaledApart(boolean encodes) implements Residual {
        @Override
        public void parameters(Shapes shapes, int hidden) {
            shapes.add(Role.LAYER_SCALE, 1);
            shapes.add(Role.ENCODER_LAYER_SCALE, 1);
        }
    }

    /// `alpha · before(x) + beta · u`: the stream itself is normalized. With both 1 this is post-norm, where the norm
    /// after a sum is the `before` of the next sublayer. https://arxiv.org/abs/1706.03762,
    /// https://arxiv.org/abs/2501.08313
    record Normed(float alpha, float beta) implements Residual {
        public Normed {
            NumberRange.WEIGHT.require("alpha of the residual", alpha);
            NumberRange.WEIGHT.require("beta of the residual", beta);
        }
    }

    /// Manifold-constrained hyper-connections over m streams: the sublayer reads `Σ_i read_i · x_i`, and then
    /// `x_j ← write_j · u + Σ_i mix[j,i] · x_i` (see `HyperWeights`). The weights are projections of all streams
    /// together, after an RMS norm without weights. https://arxiv.org/abs/2512.24880
    ///
    /// @param iterations of Sinkhorn
    /// @param normEps epsilon of the norm
    record Hyper(int numStreams, int iterations, float eps, float normEps) implements Residual {
        public Hyper {
            NumberRange.SIZE.require("residual streams", numStreams);
            NumberRange.EPSILON.require("epsilon of hyper-connections", eps);
            NumberRange.EPSILON.require("epsilon of the norm of streams", normEps);
            if (iterations < 1 || iterations > 1000) {
                throw new IllegalArgumentException("found " + iterations + " iterations of Sinkhorn, expected 1 to "
                        + "1000");
            }
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            long weights = (2L + numStreams) * numStreams;
            shapes.add(Role.STREAM_WEIGHTS, weights, (long) numStreams * hidden);
            shapes.add(Role.STREAM_BASE, weights);
            shapes.add(Role.STREAM_SCALE, 3);
        }
    }

    /// A connection of a layer with a shortcut (`Streams.Shortcut`), over the stream x and a value s beside it: a mixer
    /// reads what the MLP reads and its output is added at the end of the layer (https://arxiv.org/abs/2404.05019).
    record Shortcut(Part part) implements Residual {
        /// What a sublayer reads and where its output u goes.
        public enum Part {
            /// Reads x: `x + u`.
            BESIDE,
            /// Reads x: `x + u`, and s becomes the sublayer's input after its norm.
            FORK,
            /// Reads s, which becomes u.
            APART,
            /// Reads x: `x + u + s`.
            JOIN
        }
    }

    /// Gated connections over m streams: with `n = norm(x)`, stream by stream, the sublayer reads
    /// `Σ_i σ(U · silu(D n / m))_i ⊙ n_i / m`, and then `x_j ← x_j + 2 σ((W n)_j / m) · u`. Norm weights are stored
    /// minus 1.
    ///
    /// @param rank the rows of D
    record Gated(int numStreams, int rank, float eps) implements Residual {
        public Gated {
            NumberRange.SIZE.require("residual streams", numStreams);
            NumberRange.SIZE.require("rank of the gates of streams", rank);
            NumberRange.EPSILON.require("epsilon of the norm of streams", eps);
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            Streams.gates(shapes, numStreams, rank, hidden);
            shapes.add(Role.STREAM_WEIGHTS, numStreams, (long) numStreams * hidden);
        }
    }

    /// The first sublayer of a layer with alternating updates (AltUp, https://arxiv.org/abs/2301.13310): each stream is
    /// predicted from all, `p_j = x_j + Σ_i (W r)_{j,i} · x_i` with `r = tanh(R · norm(x_active) / D)`. The sublayer
    /// reads `p_active`; the working copy becomes `(p_active + u) · scale`.
    ///
    /// @param active the stream that layers compute on
    /// @param eps epsilon of the norm of r
    record Predicted(int numStreams, int active, float scale, float eps) implements Residual {
        public Predicted {
            NumberRange.SIZE.require("residual streams", numStreams);
            NumberRange.FACTOR.require("residual factor", scale);
            NumberRange.EPSILON.require("epsilon of the router norm", eps);
            if (active < 0 || active >= numStreams) {
                throw new IllegalArgumentException("stream " + active + " of " + numStreams);
            }
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            shapes.add(Role.ROUTER_NORM, hidden);
            shapes.add(Role.ROUTER, numStreams, hidden);
            shapes.add(Role.PREDICTION, (long) numStreams * numStreams, numStreams);
            shapes.add(Role.CORRECTION, numStreams, numStreams);
        }
    }

    /// A further sublayer of such a layer: the working copy a becomes `a + u`.
    record Working(int numStreams) implements Residual { }

    /// The last sublayer of such a layer: the predictions are corrected, `x_j = p_j + (1 + (V r)_j) · (a - p_active)`
    /// with r of the working copy a. The sublayer reads `s ⊙ x_active`, and u is added to all streams but the first.
    ///
    /// @param predicted what the layer's first sublayer has
    /// @param first its place, which has R, its norm and V
    /// @param scaled whether there is an s
    record Corrected(Predicted predicted, Place first, boolean scaled) implements Residual {
        @Override
        public void parameters(Shapes shapes, int hidden) {
            if (scaled) {
                shapes.add(Role.LAYER_SCALE, hidden);
            }
        }
    }

    /// One of the two states [slow | fast] of `Streams.Hierarchical`, which stacks of layers update in turn:
    /// `x ← end(x + u)`. https://arxiv.org/abs/2506.21734
    ///
    /// @param isFast which state
    /// @param joins whether the sublayer begins a stack, which reads the sum of both states
    /// @param end the norm after the last sublayer of a stack, without weights
    /// @param isCut whether no gradient flows back from the result
    record Cycled(boolean isFast, boolean joins, Norm end, boolean isCut) implements Residual { }

    /// The running sum of a block of layers, and the sums of earlier blocks (`Streams.Blocks`): the sublayer reads
    /// mixes of all by learned queries (`glia.tensor.ops.stream.StateMix`), after a norm without weights, and u is
    /// added to the running sum.
    ///
    /// @param hidden D
    /// @param numBlocks the blocks so far
    /// @param numQueries 0 for the running sum as it is
    /// @param begins whether the running sum becomes a block, and u the running sum
    /// @param loop of layers that run several times
    /// @param eps epsilon of the norms of messages
    record Blocks(int hidden, int numBlocks, int numQueries, boolean begins, Optional<Loop> loop, float eps)
            implements Residual {
        /// Each pass but the first begins with the state before the loop, and gets messages: mixes of the blocks of the
        /// pass before and of its last running sum. A gate, `h (1 - tanh(F z)) + tanh(G z) ⊙ m` with
        /// `z = A [norm(h) | norm(m)]`, adds a message m to an input h.
        ///
        /// @param rank of the gates
        /// @param numInputs the inputs with a message each
        /// @param first the number of blocks before the loop
        /// @param numStates the states that messages are mixed from; 0 in the first pass
        /// @param restarts whether it is the first sublayer of a later pass
        public record Loop(int rank, int numInputs, int first, int numStates, boolean restarts) { }

        @Override
        public void parameters(Shapes shapes, int size) {
            if (numQueries == 1) {
                shapes.add(Role.MIX_QUERY, size);
            } else if (numQueries > 1) {
                shapes.add(Role.MIX_QUERY, numQueries, size);
            }
            for (int i = 0; i < loop.map(Loop::numInputs).orElse(0); i++) {
                int rank = loop.get().rank;
                shapes.addExpert(i, Role.MESSAGE_QUERY, 1, size);
                shapes.addExpert(i, Role.MESSAGE_LATENT, rank, 2L * size);
                shapes.addExpert(i, Role.MESSAGE_FORGET, size, rank);
                shapes.addExpert(i, Role.MESSAGE_GAIN, size, rank);
            }
        }
    }

    /// `norm(x + scale · u)` at the end of a layer whose mixers may have norms after them.
    /// https://arxiv.org/abs/2005.08100
    record Closed(float scale, Norm norm) implements Residual {
        public Closed {
            NumberRange.FACTOR.require("residual factor", scale);
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            shapes.norm(norm, Role.FINAL_WEIGHT, Role.FINAL_BIAS, hidden);
        }
    }

    /// `norm(x + u)`. https://arxiv.org/abs/1706.03762
    record PostNorm(Norm norm) implements Residual {
        @Override
        public void parameters(Shapes shapes, int hidden) {
            shapes.norm(norm, Role.AFTER_WEIGHT, Role.AFTER_BIAS, hidden);
        }
    }
}
