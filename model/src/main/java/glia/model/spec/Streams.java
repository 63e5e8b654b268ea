package glia.model.spec;

/// Several residual streams in place of one: what sublayers pass on is `[N, m·D]`, or as wide as said. A sublayer reads
/// them and writes to them by its `Residual`. https://arxiv.org/abs/2409.19606
public sealed interface Streams {
    /// m, the number of streams.
    int count();

    /// Adds the parameters.
    void parameters(Shapes shapes, int hidden);

    /// m copies of the embedding; at the end their mean.
    record Mean(int count) implements Streams {
        public Mean {
            check(count);
        }

        @Override
        public void parameters(Shapes shapes, int hidden) { }
    }

    /// m copies of the embedding; at the end `Σ_j (σ(s · (F x)_j + b_j) + ε) · x_j`, where F reads all streams together
    /// after an RMS norm without weights. https://arxiv.org/abs/2512.24880
    ///
    /// @param normEps epsilon of the norm
    record Weighted(int count, float eps, float normEps) implements Streams {
        public Weighted {
            check(count);
            NumberRange.EPSILON.require("epsilon of hyper-connections", eps);
            NumberRange.EPSILON.require("epsilon of the norm of streams", normEps);
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            shapes.add(Role.STREAM_WEIGHTS, count, (long) count * hidden);
            shapes.add(Role.STREAM_BASE, count);
            shapes.add(Role.STREAM_SCALE, 1);
        }
    }

    /// The stream and a value beside it (`Residual.Shortcut`), which layers begin and end without.
    record Shortcut() implements Streams {
        @Override
        public int count() {
            return 2;
        }

        @Override
        public void parameters(Shapes shapes, int hidden) { }
    }

    /// The streams of alternating updates (`Residual.Predicted`): the first is the embedding, the others matrices of it
    /// with its root mean square; at the end the mean of the first and of matrices of the others with its root mean
    /// square. A last one, beside them, is the working copy of the stream that a layer updates.
    /// https://arxiv.org/abs/2301.13310
    record Projected(int count) implements Streams {
        public Projected {
            check(count);
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            for (int i = 0; i + 1 < count; i++) {
                shapes.addExpert(i, Role.STREAM_INPUT, hidden, hidden);
            }
            for (int i = 0; i + 1 < count; i++) {
                shapes.addExpert(i, Role.STREAM_OUTPUT, hidden, hidden);
            }
        }
    }

    /// A slow state, which begins as the embedding and is what remains at the end, and a fast one, which begins as a
    /// stored vector that gets no gradient (`Residual.Cycled`). https://arxiv.org/abs/2506.21734
    record Hierarchical() implements Streams {
        @Override
        public int count() {
            return 2;
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            shapes.add(Role.STREAM_BASE, hidden);
        }
    }

    /// The running sum of a block of layers, the sums of the blocks before it, and what a loop sends to its next pass
    /// (`Residual.Blocks`); at the end a mix of all blocks and the running sum by a learned query.
    ///
    /// @param numBlocks at the end
    /// @param numSent states that a pass sends
    record Blocks(int numBlocks, int numSent) implements Streams {
        @Override
        public int count() {
            return 1 + numBlocks + numSent;
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            shapes.add(Role.MIX_QUERY, hidden);
        }
    }

    /// m copies of the embedding; at the end what a sublayer of `Residual.Gated` reads.
    record Gated(int count, int rank, float eps) implements Streams {
        public Gated {
            check(count);
            NumberRange.SIZE.require("rank of the gates of streams", rank);
            NumberRange.EPSILON.require("epsilon of the norm of streams", eps);
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            gates(shapes, count, rank, hidden);
        }
    }

    /// The norm and the gates of what is read of streams.
    static void gates(Shapes shapes, int count, int rank, int hidden) {
        long all = (long) count * hidden;
        shapes.add(Role.STREAM_NORM, all);
        shapes.add(Role.STREAM_DOWN, rank, all);
        shapes.add(Role.STREAM_UP, all, rank);
    }

    private static void check(int count) {
        if (count < 1 || count > 64) {
            throw new IllegalArgumentException("found " + count + " residual streams, expected 1 to 64");
        }
    }
}
