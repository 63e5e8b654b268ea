package glia.engine.load;

import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.model.block.Input;
import glia.model.block.Pass.Outputs;
import glia.model.block.Pass;
import glia.model.spec.Embedding;
import glia.model.spec.ModelSpec;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// Reduces the time to first token: computes a few tokens, so that weights are packed and code is compiled.
final class EngineWarmUp {
    private static final int NUM_TOKENS = 16;
    private static final int NUM_STEPS = 4;

    private EngineWarmUp() { }

    /// Tokens, or silence of a length that gives as many rows.
    private static Input source(ModelSpec spec, int[] ids) {
        Optional<Embedding.Features> features = spec.features();
        if (features.isEmpty()) {
            return Input.of(ids);
        }
        int count = 1;
        while (features.get().numRows(count) < ids.length) {
            count++;
        }
        Tensor silence = Tensor.allocate(Arena.ofAuto(), DType.F32, count, features.get().size());
        silence.zero();
        return Input.of(features.get(), silence);
    }

    /// Computes decode steps, then a prompt.
    ///
    /// @param isAwaited whether a request waits, which then replaces the prompt
    static void run(Engine engine, BooleanSupplier isAwaited) {
        if (!engine.ops().kernels().packsWeights()) {
            return;
        }
        ModelSpec spec = engine.model().spec();
        int[] ids = new int[Math.min(NUM_TOKENS, spec.contextLength())];
        if (spec.looksAhead()) {
            boolean isOfSounds = spec.embedding().features().isPresent();
            Pass pass = isOfSounds ? new Pass().add(source(spec, ids), 0, ids.length, Outputs.LAST)
                    : new Pass().add(ids, 0, ids.length, 0, Outputs.LAST);
            engine.read(spec.encoder().isPresent() ? pass.from(ids, 0, ids.length) : pass, logits -> null);
            return;
        }
        try (Sequence sequence = engine.open()) {
            for (int step = 0; step < Math.min(NUM_STEPS, ids.length); step++) {
                if (spec.encoder().isPresent() && step == 0) {
                    engine.add(sequence, source(spec, ids), ids, 0, 1, Outputs.LAST);
                } else {
                    engine.add(sequence, ids, 0, 1, Outputs.LAST);
                }
                engine.run();
            }
            if (!isAwaited.getAsBoolean() && NUM_STEPS + ids.length <= spec.contextLength()) {
                engine.add(sequence, ids, 0, ids.length, Outputs.LAST);
                engine.run();
            }
        }
    }
}
