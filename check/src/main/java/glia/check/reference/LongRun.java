package glia.check.reference;

import glia.engine.state.BlockPool;
import glia.engine.state.CachePolicy;
import glia.engine.state.Sequence;
import glia.engine.state.SequenceStates;
import glia.io.CheckpointException;
import glia.lab.WatchedOps;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Decoder;
import glia.model.block.Pass;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.PageChoice;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Weight;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A checkpoint over one sequence whose attention is observed layer by layer.
final class LongRun implements AutoCloseable {
    /// Sees the attention of a layer after it was computed.
    interface Observer {
        /// @param layer counted from 0
        /// @param y the output, which may be changed
        /// @param view keys and values of the sequence, with those of the pass
        void see(int layer, Tensor y, Tensor q, KeyValues view, AttentionShape shape);
    }

    private static final long MEMORY = 1L << 30;

    private final Model model;
    private final Compute compute;
    private final Decoder decoder;
    private final SequenceStates states;
    private final BlockPool pool = new BlockPool(MEMORY);
    private final Sequence sequence;
    private final int denseLayers;
    /// By layer, the rotation of queries and keys.
    private final RopeTable[] ropes;
    /// By how much positions for rotary embedding exceed those in the KV cache.
    private int shift;

    /// @param choice which pages single queries attend to; null for all
    /// @param denseLayers the first layers, whose attention is full
    LongRun(Path checkpoint, Kernels kernels, int context, PageChoice choice, int denseLayers)
            throws CheckpointException {
        model = ModelLoader.load(checkpoint);
        compute = new Compute(kernels, Precision.EXACT);
        decoder = model.decoder(context);
        ropes = CachePolicy.ropes(model.spec(), context);
        states = new SequenceStates(model.spec(), KeyValueType.F32, kernels.workers(), choice);
        sequence = states.open(pool);
        this.denseLayers = denseLayers;
    }

    /// Computes the next tokens.
    ///
    /// @return the logits of the last one
    double[] next(int[] ids, int from, int to, Observer observer) {
        compute.release(0);
        Pass pass = new Pass();
        states.add(sequence);
        pass.add(ids, from, to, sequence.length(), sequence.length() + shift, Pass.Outputs.LAST);
        states.prepare(pass);
        Tensor logits = decoder.forward(new Observed(compute, observer), pass, states);
        states.advance(pass.runs());
        states.clear();
        return numbers(logits);
    }

    /// Keeps some positions of each layer and head.
    ///
    /// @param kept by layer and key-value head
    /// @param turns whether keys are turned to their new positions; else the next token keeps its own
    void keep(int[][][] kept, boolean turns) {
        int count = kept[0][0].length;
        shift += turns ? 0 : sequence.length() - count;
        sequence.keep(count, kept, turns ? ropes : null);
    }

    /// The number of positions in the KV cache.
    int length() {
        return sequence.length();
    }

    /// The rotation of a layer's queries and keys.
    RopeTable rope(int layer) {
        return ropes[layer];
    }

    /// The values of a tensor.
    static double[] numbers(Tensor tensor) {
        float[] floats = tensor.toArray();
        double[] numbers = new double[floats.length];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = floats[i];
        }
        return numbers;
    }

    /// A list of numbers as an array.
    static double[] array(List<Double> numbers) {
        return numbers.stream().mapToDouble(Double::doubleValue).toArray();
    }

    @Override
    public void close() {
        sequence.close();
        pool.close();
        compute.close();
        model.close();
    }

    private final class Observed extends WatchedOps {
        private final Compute inner;
        private final Observer observer;
        private final List<KeyValues> view = new ArrayList<>();
        private int layer;

        Observed(Compute inner, Observer observer) {
            super(inner);
            this.inner = inner;
            this.observer = observer;
        }

        @Override
        public Tensor attention(Tensor q, Tensor k, Tensor v, KeyValueState state, Runs runs, AttentionShape shape,
                Weight learned) {
            KeyValueState seen = (keys, values, all) -> {
                KeyValues[] views = state.append(keys, values, all);
                if (layer < denseLayers) {
                    views[0].choose(null, 0);
                }
                view.clear();
                view.add(views[0]);
                return views;
            };
            Tensor y = inner.attention(q, k, v, seen, runs, shape, learned);
            observer.see(layer++, y, q, view.getFirst(), shape);
            return y;
        }
    }
}
