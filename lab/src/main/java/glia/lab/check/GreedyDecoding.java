package glia.lab.check;

import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.tensor.Tensor;
import java.util.Arrays;
import java.util.function.IntPredicate;

/// Greedy decoding without a scheduler.
final class GreedyDecoding {
    private GreedyDecoding() { }

    /// Generates up to `count` tokens after a prompt, fewer if one of them is a stop token, which is included.
    static int[] continueFrom(Engine engine, int[] prompt, int count, IntPredicate ends) {
        int[] ids = Arrays.copyOf(prompt, prompt.length + count);
        int length = prompt.length;
        try (Sequence sequence = engine.open()) {
            while (length < ids.length) {
                int from = sequence.length();
                Tensor logits = engine.prefill(sequence, ids, from, length, () -> false);
                ids[length] = engine.ops().kernels().argmax(logits, 0);
                if (ends.test(ids[length++])) {
                    break;
                }
            }
        }
        return Arrays.copyOfRange(ids, prompt.length, length);
    }
}
