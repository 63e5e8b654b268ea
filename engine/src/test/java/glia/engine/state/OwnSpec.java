package glia.engine.state;

import glia.model.block.Decoder;
import glia.model.block.Pass;
import glia.model.block.Pass.Outputs;
import glia.model.block.States;
import glia.model.block.Weights;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Parameters;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.Workers;
import glia.kernels.KernelBackends;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

/// A model that a program describes by itself, with random weights and without a checkpoint, and its states.
final class OwnSpec implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final Workers workers = new Workers(2);
    private final BlockPool pool = new BlockPool(1 << 28);
    private final Map<Parameter, Weight> weights = new HashMap<>();
    private final Compute ops;
    private final Decoder decoder;
    private final SequenceStates states;
    private final Pass pass = new Pass();

    OwnSpec(ModelSpec spec, String kernels, long seed) {
        Random random = new Random(seed);
        Parameters.of(spec).forEach((parameter, shape) -> {
            Tensor t = Tensor.allocate(arena, DType.F32, shape);
            for (long i = 0; i < t.size(); i++) {
                t.set(i, (float) (random.nextGaussian() / Math.sqrt(shape[shape.length - 1])));
            }
            weights.put(parameter, new Weight.Stored(t));
        });
        ops = new Compute(KernelBackends.choose(kernels, workers).kernels(), Precision.EXACT);
        decoder = new Decoder(spec, new Weights(weights));
        states = new SequenceStates(spec, KeyValueType.F32, workers);
    }

    /// The numbers of a weight.
    float[] weight(Parameter parameter) {
        return ((Weight.Stored) weights.get(parameter)).tensor().toArray();
    }

    /// A cache of prefixes for sequences.
    PrefixCache newPrefixCache() {
        return states.newPrefixCache(pool, 1 << 28, () -> 0);
    }

    Sequence open() {
        return states.open(pool);
    }

    /// The logits of all tokens of a whole text, without states.
    float[] whole(int[] ids) {
        ops.release(0);
        pass.clear();
        pass.add(ids, 0, ids.length, 0, Outputs.ALL);
        float[] logits = decoder.forward(ops, pass, States.NONE).toArray();
        pass.clear();
        return logits;
    }

    /// The logits of `ids[from..to)` after the tokens of the sequence.
    float[] feed(Sequence sequence, int[] ids, int from, int to) {
        ops.release(0);
        pass.clear();
        states.clear();
        states.add(sequence);
        pass.add(ids, from, to, sequence.length(), Outputs.ALL);
        states.prepare(pass);
        float[] logits = decoder.forward(ops, pass, states).toArray();
        states.advance(pass.runs());
        return logits;
    }

    @Override
    public void close() {
        ops.close();
        workers.close();
        pool.close();
        arena.close();
    }
}
